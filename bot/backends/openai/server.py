"""Asks a server about itself and its model: the window, and which models it has."""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from bot.backends.openai.client import OpenAIClient
from bot.backends.openai.options import PRODUCTION

_SECONDS: Final = 2.0  # a question isn't held up longer
_AGAIN: Final = 60.0  # a server that tells nothing may tell more once it has loaded the model
_OLLAMA: Final = 4096  # what Ollama gives a model, unless it is told otherwise; more is cut off silently
# By llama.cpp, vLLM, OpenRouter, Groq, Mistral, LM Studio: the window as it is now before the model's greatest.
_NAMES: Final = (
    "n_ctx",
    "loaded_context_length",
    "max_model_len",
    "context_length",
    "context_window",
    "max_context_length",
    "max_input_tokens",
)
_LEAST: Final = 256


class ServerFacts:
    """Asks once, and remembers. `context` is what was set; nothing is asked then."""

    def __init__(self, client: OpenAIClient, model: str, context: int | None) -> None:
        self._client = client
        self._model = model
        self._window = context
        self._fixed = context is not None
        self._asked_at: float | None = None

    async def window(self) -> int | None:
        """Return the window in tokens; None if nobody says, and then it is taken for large."""
        if self._window is not None or self._recently():
            return self._window
        self._asked_at = time.monotonic()
        self._window = await self._told()
        return self._window

    def learn(self, window: int) -> None:
        """Take the window from an error, which goes before all else."""
        if not self._fixed or self._window is None or window < self._window:
            self._window = window

    async def models(self) -> list[str] | None:
        """Return the models that it says it has; None if it doesn't say."""
        listed = await self._client.get("/models", seconds=_SECONDS)
        entries = _entries(listed)
        names = [
            str(name) for each in entries for name in (each.get("id"), *(_list(each.get("aliases")))) if name
        ]
        return names or None

    def _recently(self) -> bool:
        return self._asked_at is not None and time.monotonic() - self._asked_at < _AGAIN

    async def _told(self) -> int | None:
        access = self._client.access
        if access.azure or access.base_url.rstrip("/") == PRODUCTION:
            return None  # it doesn't say, and is large
        if access.native:
            running = await self._client.get(f"{root(access.base_url)}/api/ps", seconds=_SECONDS)
            found = _window(each for each in _list(_field(running, "models")) if _is(each, self._model))
            return found or _OLLAMA
        entries = _entries(await self._client.get("/models", seconds=_SECONDS))
        own = [each for each in entries if _is(each, self._model)]
        if found := _window(own or (entries if len(entries) == 1 else ())):
            return found
        props = await self._client.get(f"{root(access.base_url)}/props", seconds=_SECONDS)
        return _window([_field(props, "default_generation_settings"), props])


def root(base_url: str) -> str:
    """Return a server's address without the API's path."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/").removesuffix("/v1"), "", ""))


def _entries(listed: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    found = _field(listed, "data") or (listed if isinstance(listed, list) else _field(listed, "models"))
    return [each for each in _list(found) if isinstance(each, Mapping)]


def _is(entry: Any, model: str) -> bool:  # noqa: ANN401 - JSON
    names = [_field(entry, name) for name in ("id", "model", "name")] + _list(_field(entry, "aliases"))
    return model in names or f"{model}:latest" in names


def _window(entries: Any) -> int | None:  # noqa: ANN401 - JSON
    """Return the smallest window that the first of the entries which has any says."""
    for entry in entries:
        for found in (entry, _field(entry, "meta"), _field(entry, "top_provider")):
            values = [_field(found, name) for name in _NAMES]
            for value in values:
                if isinstance(value, int) and value >= _LEAST:
                    return value
    return None


def _field(value: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else []
