"""Loads a model into this process: from a folder on disk, or by name, downloaded once."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from bot.ports import Rejected, Unavailable
from bot.runtime.process.installed import how_to_add
from bot.runtime.process.private_files import private_folder

T = TypeVar("T")
log = logging.getLogger(__name__)

_ANSWERS_WITHIN = 5.0  # seconds


class LocalModel(Protocol):
    """What docent.yaml says of a model: `file` is the ONNX file in `path`, `threads` 0 leaves it to the machine."""

    @property
    def model(self) -> str: ...
    @property
    def path(self) -> Path | None: ...
    @property
    def file(self) -> str: ...
    @property
    def threads(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for failures: of which `part`, what its file should be, and how a folder is given."""

    part: str
    kind: str
    folder: str


class LoadedOnce(Generic[T]):
    """Loads a model in a thread at its first use; whoever comes meanwhile waits for the same."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._loading = asyncio.Lock()
        self._loaded: T | None = None

    async def get(self) -> T:
        """Return the model. Raises what loading raises, and loads again the next time."""
        if self._loaded is None:
            async with self._loading:
                if self._loaded is None:
                    self._loaded = await asyncio.to_thread(self._load)
        return self._loaded

    def forget(self) -> None:
        """Forget the model; its memory goes with whoever still has it."""
        self._loaded = None


def from_folder(make: Callable[[], T], settings: LocalModel, wording: Wording) -> T:
    """Return what `make` makes of a folder on disk. Raises Rejected for files that are no model."""
    try:
        return make()
    except Rejected:
        raise
    except ImportError:
        raise not_installed(wording.part) from None
    except Exception as error:
        # ONNX Runtime and tokenizers have no error types in common.
        log.debug("the model can't be loaded", exc_info=True)
        where = (settings.path or Path()) / settings.file
        remedy = f"Check that it is {wording.kind} with its tokenizer."
        raise Rejected(wording.part, f"{where} can't be loaded.", remedy=remedy) from error


def downloaded(
    make: Callable[..., T],
    settings: LocalModel,
    cache: Path,
    wording: Wording,
    *,
    before_download: Callable[[], None] = lambda: None,
) -> T:
    """Return a model by name, made by fastembed's class. `before_download` may raise.

    Raises Unavailable if it can't be downloaded.
    """
    _quiet()
    try:
        private_folder(cache)
        return _named(make, settings.model, str(cache), before_download)
    except Rejected:
        raise
    except _NoWay as error:
        raise Unavailable(
            wording.part,
            f"{settings.model} isn't on this machine yet, and {error.host} can't be reached to download it.",
            remedy=f"Let it be reached, or copy {cache} from a machine where Docent has downloaded it.",
        ) from error
    except Exception as error:
        # The download has no error types in common with ONNX Runtime and tokenizers.
        log.debug("the model can't be loaded", exc_info=True)
        remedy = f"Check the connection, or give a folder: {wording.folder}."
        raise Unavailable(wording.part, f"{settings.model} can't be downloaded.", remedy=remedy) from error


class _NoWay(Exception):
    """No server with models can be reached."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def _find_way() -> None:
    """Raise _NoWay at once if no server is reached: fastembed would try for most of a minute, and log each try."""
    import httpx
    from huggingface_hub.constants import ENDPOINT

    try:
        httpx.head(ENDPOINT, timeout=_ANSWERS_WITHIN)
    except httpx.TransportError as error:
        raise _NoWay(httpx.URL(ENDPOINT).host) from error


def _quiet() -> None:
    """Silence fastembed's logger about a download: we say it in one sentence."""
    with suppress(ImportError):
        from loguru import logger

        logger.disable("fastembed")


def _named(make: Callable[..., T], name: str, cache: str, before_download: Callable[[], None]) -> T:
    """Make the model, without asking the network where it lies on this disk."""
    try:
        return make(name, cache_dir=cache, local_files_only=True)
    except Exception:  # noqa: BLE001 - whatever it is, the model isn't whole on this disk
        before_download()
        _find_way()
        log.warning("downloading the model %s into %s, once", name, cache)
        return make(name, cache_dir=cache)


def not_installed(part: str) -> Rejected:
    """Return the error for a missing extra."""
    return Rejected(
        part,
        "fastembed and onnxruntime are not installed.",
        remedy=f"{how_to_add('local')}.",
    )
