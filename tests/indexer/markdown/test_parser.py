"""Tests of reading Markdown into sections."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.markdown import parser

_LINE = st.sampled_from((
    "word", "word  ", "", "    code", "# Head", "## Head ##", "- item", "1. item", "   more", "> said", ">> said",
    "---", "----  ", "===", "= =", "***", "* * *", "_  _  _", "- - -", "> ---", "  ---", "- ---", "- ***",
    "```", "~~~~", "> ```", "- ~~~", "| a | b |", "|---|---|", "#", "#5", "a > b", "**b**", "-", "--", "==x",
))  # fmt: skip


@given(st.lists(_LINE, max_size=12))
def test_a_rule_that_is_left_out_could_not_have_applied(lines: list[str]) -> None:
    """A page is parsed to the same with all rules as with those whose signs it has."""
    text = "\n".join(lines)
    every = parser._parser(frozenset()).parse(text)
    needed = parser._parser(parser._rules_without_sign(text)).parse(text)
    assert [str(token) for token in needed] == [str(token) for token in every]
