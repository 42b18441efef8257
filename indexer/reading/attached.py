"""Reads a file that came with a question as text, in a process of its own. It is never indexed."""

from dataclasses import dataclass

from indexer.confinement.limits import limit_time
from indexer.confinement.messages import ReaderDied
from indexer.confinement.process import ConfinedProcess
from indexer.converters.formats import HEAVY, ending
from indexer.converters.registry import decode, to_markdown
from indexer.converters.result import Unreadable
from indexer.heads.front_matter import BrokenAudience

_HANGS_AFTER = 60.0  # seconds
_CONVERTED = (*HEAVY, "ipynb")


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """Bounds for one file: seconds of processor time, pages of a PDF, characters of its text."""

    seconds: float = 10.0
    pages: int = 50
    characters: int = 200_000


class Illegible(Exception):
    """A file can't be read. `str(error)` continues a sentence that begins with its name."""


async def text_of(name: str, data: bytes, bounds: ReadBounds) -> str:
    """Convert a file to text, in the format that its name's ending tells, in a process of its own. Raises Illegible."""
    process = ConfinedProcess(hangs_after=_HANGS_AFTER)
    try:
        return await process.within(bounds.seconds, _text_of, name, data, bounds)
    except ReaderDied as error:
        raise Illegible(str(error)) from error
    finally:
        await process.close()


def _text_of(name: str, data: bytes, bounds: ReadBounds) -> str:
    limit_time(bounds.seconds)
    try:
        return _converted(name, data, bounds)[: bounds.characters]
    except Unreadable as error:
        raise Illegible(str(error)) from None
    except Exception as error:  # noqa: BLE001 - libraries raise all kinds
        # Whatever a library makes of a broken file: its words may quote the file.
        raise Illegible(f"it is broken ({type(error).__name__})") from None


def _converted(name: str, data: bytes, bounds: ReadBounds) -> str:
    kind = ending(name)
    if kind == "pdf":
        from indexer.converters.pdf import convert  # noqa: PLC0415 - it takes a large library

        return convert(data, pages=bounds.pages).text
    if kind in _CONVERTED:
        try:
            return to_markdown(name, data)[1]
        except BrokenAudience:
            return decode(data)
    return decode(data)
