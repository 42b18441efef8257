"""Tests of the tree of a page's blocks."""

import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.markdown.block_tree import Kind, Node, block_tree

# Without what markdown-it has otherwise than CommonMark: `    > a` below `> b` is a line of that paragraph, and no
# number of empty lines behind an item that is empty ends its list.
_LINE = st.sampled_from((
    "word", "word  ", "", "    code", "# Head", "## Head ##", "- item", "1. item", "   more", "> said", ">> said",
    "---", "----  ", "===", "= =", "***", "* * *", "_  _  _", "- - -", "> ---", "  ---", "- ---", "- ***",
    "```", "~~~~", "> ```", "- ~~~", "| a | b |", "|---|---|", "#", "#5", "a > b", "**b**", "--", "==x",
    "[x]: y", "[x](y)", "<div>", "<a", "`a", "b` c", "``` a`b", "a\\", "\\# a", "&amp;", "*a", "b* c", "é 日本",
    "007) x", "2. two", "+ plus", "> - in", "- > in", "> # Head", "```py x", "  ```", "- ```", "  - deeper",
))  # fmt: skip
_KINDS: dict[str, Kind] = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "fence": "fence",
    "code_block": "code",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "list_item_open": "item",
    "blockquote_open": "quote",
}


def _reference(tokens: Iterator[Token]) -> Iterator[Node]:
    """The same tree, as markdown-it has it."""
    for token in tokens:
        if token.nesting < 0:
            return
        if token.type == "hr":
            continue
        kind = _KINDS[token.type]
        if kind in ("paragraph", "heading"):
            yield Node(kind, next(tokens).content, level=int(token.tag[1:] or 0))
            next(tokens)
        elif kind in ("fence", "code"):
            yield Node(kind, token.content, token.info)
        else:
            yield Node(kind, info=token.info, inside=list(_reference(tokens)))


def _plain(tree: Sequence[Node]) -> list[object]:
    """Without what CommonMark says is nothing: space at both ends of a line of text, and behind the last of code."""
    return [
        (
            node.kind,
            node.text.rstrip()
            if node.kind in ("fence", "code")
            else re.sub(r" *\n *", "\n", node.text.strip()),
            node.info.strip(),
            node.level,
            _plain(node.inside),
        )
        for node in tree
    ]


@given(st.lists(_LINE, max_size=12))
def test_blocks_are_those_of_markdown_it(lines: list[str]) -> None:
    """A page has the blocks, and each of them the text, that another parser finds."""
    other = MarkdownIt("commonmark", {"maxNesting": 100}).disable(["html_block", "reference"])
    text = "\n".join(lines)
    assert _plain(block_tree(text)) == _plain(list(_reference(iter(other.parse(text)))))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("> a\n    > b", [Node("quote", inside=[Node("paragraph", "a\n> b")])]),
        (
            "  2) a\n    # b",
            [Node("list", inside=[Node("item", info="2", inside=[Node("paragraph", "a\n# b")])])],
        ),
        (
            "-\n\n\n- a",
            [Node("list", inside=[Node("item", inside=[]), Node("item", inside=[Node("paragraph", "a")])])],
        ),
        ("> a\n>     ```\n> b\n>     ```", [Node("quote", inside=[Node("paragraph", "a\n```\nb\n```")])]),
        ("a\n     ```\n     > b\n     ```", [Node("paragraph", "a\n```\n> b\n```")]),
        ("~~~ `a` b\n~~~", [Node("fence", info=" `a` b")]),
        ("#\n***\n", [Node("heading", level=1)]),
        (
            "<p>\n# a\n[b]:\n",
            [Node("paragraph", "<p>"), Node("heading", "a", level=1), Node("paragraph", "[b]:")],
        ),
        ("\ud800 a", [Node("paragraph", "\ud800 a")]),
        ("", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_blocks(text: str, tree: list[Node]) -> None:
    """What CommonMark says of lines that another parser may take otherwise, or that aren't its own."""
    assert block_tree(text) == tree


def _depth(tree: Sequence[Node]) -> int:
    deepest, left = 0, [(node, 1) for node in tree]
    while left:
        node, depth = left.pop()
        deepest = max(deepest, depth)
        left += [(inner, depth + 1) for inner in node.inside]
    return deepest


@pytest.mark.parametrize("marker", [">", "> ", "- ", "1. ", "> - ", "* - + "])
def test_what_is_far_to_the_right_opens_no_block(marker: str) -> None:
    """However many blocks a hostile line opens, few of them are open: each later line is held against all."""
    far = marker * 50_000 + "a"
    assert _depth(block_tree(far)) < 150
    rows = "".join("  " * row + "- a\n" for row in range(1_000))
    assert _depth(block_tree(f"{rows}\n{far}")) < 150


def test_long_rule() -> None:
    """A long line of dashes is a rule, or makes a heading of what is above it, as a short one does."""
    assert block_tree("- " * 75) == block_tree("-" * 150) == []
    assert block_tree("> " + "* " * 75) == [Node("quote", inside=[])]
    assert block_tree(f"a\n{'-' * 150}\nb") == [Node("heading", "a", level=2), Node("paragraph", "b")]
