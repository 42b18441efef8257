"""Makes a brief fit a model's window: whole passages go before half a sentence does. Pure."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from bot.backends.shared.writing.chat_writer import PART, Event
from bot.backends.shared.writing.messages import Message
from bot.ports import Brief, Rejected
from bot.text.markdown_units import split
from bot.text.token_count import count_tokens

_OF_MESSAGE: Final = 8  # tokens around each
# The count is an estimate, and models differ: languages other than English take more.
_CAUTION: Final = 1.15
_OF_IT: Final = 0.9  # of what fits, when the server has said how much that is
_LEAST: Final = 40  # tokens of a passage that is cut

Render = Callable[[Brief], Sequence[Message]]


class ContextExceeded(Exception):
    """The server says that a request is too long: `sent` tokens for a window of `window`; 0 where it doesn't say."""

    def __init__(self, window: int = 0, sent: int = 0) -> None:
        super().__init__("too long for the model's window")
        self.window = window
        self.sent = sent


Write = Callable[[Brief, int], AsyncGenerator[Event, None]]


async def within(
    brief: Brief,
    window: int | None,
    max_tokens: int,
    *,
    render: Render,
    write: Write,
    learn: Callable[[int], None] = lambda _: None,
) -> AsyncGenerator[Event, None]:
    """Write what fits; where the server says that it doesn't, once more with less.

    `write` gives the events for messages and the tokens left for the answer. `learn` hears the window that the
    server says it has. Raises Rejected for what is too long even so.
    """
    limit, answer = room(window, max_tokens)
    brief = fitted(brief, limit, render)
    try:
        async with aclosing(write(brief, answer)) as events:
            async for event in events:
                yield event
    except ContextExceeded as error:
        exceeded = error
    else:
        return
    if exceeded.window:
        learn(exceeded.window)
        _, answer = room(exceeded.window, max_tokens)
    try:
        async with aclosing(write(_cut_to(brief, exceeded, answer, render), answer)) as events:
            async for event in events:
                yield event
    except ContextExceeded:
        remedy = "Set the writer's `context` to its window, or limits.passage_tokens lower."
        raise Rejected(PART, "the question is too long for the model's window.", remedy=remedy) from None


def _cut_to(brief: Brief, exceeded: ContextExceeded, answer: int, render: Render) -> Brief:
    """Cut the brief by the server's count of tokens, not by ours."""
    guessed = tokens(render(brief))
    if not exceeded.window or not exceeded.sent:
        return fitted(brief, guessed // 2, render)
    return fitted(brief, int(guessed * (exceeded.window - answer) / exceeded.sent * _OF_IT), render)


def room(window: int | None, max_tokens: int) -> tuple[int | None, int]:
    """Share a window out: (tokens for what is sent, tokens for the answer).

    Of a small one an answer gets at most a third.
    """
    if window is None:
        return None, max_tokens
    answer = min(max_tokens, window // 3)
    return window - answer, answer


def fitted(brief: Brief, limit: int | None, render: Render) -> Brief:
    """Return the brief with fewer examples, turns and passages, the least missed first. `limit` None: as it is."""
    if limit is None:
        return brief
    while (over := tokens(render(brief)) - limit) > 0:
        smaller = _smaller(brief, over)
        if smaller == brief:
            return brief
        brief = smaller
    return brief


def tokens(messages: Sequence[Message]) -> int:
    """Estimate, on the safe side, how many tokens messages take."""
    return int(sum(count_tokens(one["content"]) * _CAUTION + _OF_MESSAGE for one in messages))


def _smaller(brief: Brief, over: int) -> Brief:
    """Take one step: drop a passage beyond the best three, an example, a turn, a passage; at last cut the only one."""
    if len(brief.passages) > 3:  # noqa: PLR2004 - the best ones go last
        return replace(brief, passages=brief.passages[:-1])
    if len(brief.style.examples) > 1:
        return replace(brief, style=replace(brief.style, examples=brief.style.examples[:-1]))
    if brief.history:
        return replace(brief, history=brief.history[1:])
    return _least(brief, over)


def _least(brief: Brief, over: int) -> Brief:
    if len(brief.passages) > 1:
        return replace(brief, passages=brief.passages[:-1])
    if brief.style.examples:
        return replace(brief, style=replace(brief.style, examples=()))
    if not brief.passages:
        return brief
    (passage,) = brief.passages
    left = count_tokens(passage.text) - over
    return replace(brief, passages=(replace(passage, text=_cut(passage.text, max(left, _LEAST))),))


def _cut(text: str, limit: int) -> str:
    """Return the sentences at its beginning that take `limit` tokens at most; the first one in any case."""
    end = 0
    for unit in split(text):
        if end and count_tokens(text[: unit.end]) > limit:
            break
        end = unit.end
    return text[:end] or text
