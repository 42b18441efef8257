"""Thinking never gets out, in whatever signs and pieces it comes."""

import pytest

from bot.backends.shared.writing.thinking import ThinkingFilter, may_think


def read(text: str, size: int, *, unopened: bool = False) -> str:
    thinking = ThinkingFilter(unopened=unopened)
    out = "".join(thinking.feed(text[at : at + size]) for at in range(0, len(text), size))
    return out + thinking.finish()


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>Hm < 3 > 2, [1]</think>Yes.", "Yes."),
        ("<think>\n\n</think>\n\nYes.", "\n\nYes."),
        ("No.<think>Or yes?</think> No.", "No. No."),
        ("<think>a<think>b</think>Yes.", "Yes."),
        ("<thinking>a</think>b</thinking>Yes.", "Yes."),
        ("[THINK]a[/THINK]Yes [1].", "Yes [1]."),
        ("◁think▷a◁/think▷Yes.", "Yes."),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>", "Yes."),
        ("<think>never ends", ""),
        ("a < b, [TH and <thin are text", "a < b, [TH and <thin are text"),
    ],
)  # fmt: skip
def test_what_stands_in_signs_is_left_out(text, shown, size):
    """And nothing else."""
    assert read(text, size) == shown


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_thinking_that_nothing_opens_is_left_out_where_it_may_come(size):
    """Text is kept back until it is known; all of it is text where no sign comes."""
    assert read("Hm, 24?</think>Yes.", size, unopened=True) == "Yes."
    assert read("Yes.", size, unopened=True) == "Yes."
    assert read("<think>Hm</think>Yes.", size, unopened=True) == "Yes."


def test_a_sign_that_only_ends_is_noticed():
    """Then what was given out before was no answer."""
    thinking = ThinkingFilter()
    assert thinking.feed("Hm, 24?</think>Yes.") == "Yes."
    assert thinking.orphaned


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        ("qwen3:8b", True),
        ("deepseek-r1:7b", True),
        ("gpt-oss-20b", True),
        ("Magistral-Small", True),
        ("qwen2.5-coder", False),
        ("llama3.2", False),
        ("gpt-4o-mini", False),
    ],
)
def test_models_that_may_think_are_known_by_name(model, thinks):
    """A guess that costs only the streaming of the first answer."""
    assert may_think(model) is thinks
