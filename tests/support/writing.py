"""A brief, and what a writer made of it."""

from bot.backends.shared.writing.chat_writer import ChatWriter, Event
from bot.ports import Brief, Cited, Style, Wrote
from tests.support.fakes import make_passage

DAYS = make_passage("Everyone has 25 vacation days. Ask Ann first.", heading="Vacation")
DOGS = make_passage("Dogs are welcome on Fridays.", page="dogs.md", title="Dogs")
BRIEF = Brief("How many vacation days do I have?", (DAYS, DOGS), Style())


async def written(writer: ChatWriter, brief: Brief = BRIEF) -> list[Event]:
    return [event async for event in writer.write(brief)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Wrote))


def quotes_of(events: list[Event]) -> list[tuple[str, tuple[str, ...]]]:
    """What was cited, and the chunks that it rests on."""
    text = text_of(events)
    return [(text[e.start : e.end], e.chunk_ids) for e in events if isinstance(e, Cited)]
