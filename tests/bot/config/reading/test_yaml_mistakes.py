"""What is wrong with a file that is no YAML is said in words of who wrote it."""

import contextlib

import pytest

from bot.config.reading.error_messages import ConfigError
from bot.config.reading.yaml_with_lines import located


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a:\n  - name: a\n   type: b\n",
            "f:3: is not YAML: the line stands 1 blank further left than what line 2 says",
        ),
        ("a:\n  - name: a\n     type: b\n", "f:3: is not YAML: the line stands 1 blank further right than"),
        (
            "a:\n  - name: a\n - name: b\n",
            "f:3: is not YAML: the line stands 1 blank further left than what line 2",
        ),
        (
            "a:\n    - name: a\n  # why\n  - name: b\n",
            "f:4: is not YAML: the line stands 2 blanks further left than",
        ),
        ("  a: 1\nb: 2\n", "f:2: is not YAML: the line stands 2 blanks further left than what line 1 says"),
        ("a:\n\t- b\n", "f:2: is not YAML: the line is indented by a tab"),
        ("a: b: c\n", "f:1: is not YAML: the line has a second colon, at column 5"),
        ("a:\n  - b: c\n    d: e: f\n", "f:3: is not YAML: the line has a second colon"),
        ("a: 1\nb\nc: 2\n", "f:2: is not YAML: the line has no colon behind its key"),
        ("a: 'b\nc: d\n", "f:1: is not YAML: the line has a quote that is opened and never closed"),
        ("x: 1\na: [b\nc: d\n", "f:2: is not YAML: the line has a [ that isn't closed"),
        ("x: 1\na: [\n", "f:2: is not YAML: the line has a bracket that isn't closed"),
        ("a: {b: c\n", "f:1: is not YAML: the line has a { that isn't closed"),
        ("a: @b\n", "f:1: is not YAML: the line has a text that begins with @: put the text in quotes"),
        ("a: `b`\n", "begins with `"),
        (
            "include: [**/*.md]\n",
            "f:1: is not YAML: the line has a text that begins with *: put the text in quotes",
        ),
        ("include: *.md\n", "begins with *"),
        ("a: *b\n", "begins with *"),
        ("a: !b c\n", "begins with !"),
        ("a: 1\n---\nb: 2\n", "f:2: is not YAML: the line begins a second document"),
        ("a: \x00\n", "is not YAML: unacceptable character"),
    ],
)
def test_told_in_plain_words(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        located("f", text, {})
    assert said in str(caught.value)
    assert "<block" not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n", "\n#"])
@pytest.mark.parametrize(
    "text",
    [
        "[",
        "{",
        "a: [",
        "a: {",
        "- - [",
        '"',
        "a:\n -\n  -\n -b",
        "? [",
        "&",
        "*",
        "%",
        "!!x y",
        "---\n---\n:",
    ],
)
def test_whatever_it_is_a_word_comes(text: str, ending: str) -> None:
    """No text makes the explanation itself fail."""
    with contextlib.suppress(ConfigError):
        located("f", text + ending, {})
