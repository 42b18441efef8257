"""Logs to stderr, with every secret of the settings left out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

from bot.config.loader import Settings
from bot.runtime.work_context import worked_on

_HIDDEN: Final = "[hidden]"
_SHORTEST: Final = 4
# Tokens of the vendors, bearer headers, and passwords in addresses, whoever logs them.
_PATTERNS: Final = (
    re.compile(r"\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}"),
    re.compile(r"(?i)(?<=\bbearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),
)


class Redactor:
    """Replaces secrets in text."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        words = [re.escape(secret) for secret in secrets if len(secret) >= _SHORTEST]
        self._secrets = re.compile("|".join(words)) if words else None

    def __call__(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(_HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(_HIDDEN, text)
        return text


_LINE: Final = "%(asctime)s %(levelname)-7s %(name)s:%(work)s %(message)s"
_SENTENCE: Final = "%(levelname)s: %(message)s"


class _Redacting(logging.Formatter):
    def __init__(self, secrets: tuple[str, ...], form: str | None = None) -> None:
        super().__init__(form)
        self._secrets = secrets
        self._redact = Redactor(secrets)

    def keep_out(self, secrets: tuple[str, ...]) -> None:
        self._secrets = tuple(sorted({*self._secrets, *secrets}, key=len, reverse=True))
        self._redact = Redactor(self._secrets)


class _Text(_Redacting):
    """Formats a line for people. The work that it belongs to stands before the message: `[answer 4f1c2a9b0d3e]`."""

    def format(self, record: logging.LogRecord) -> str:
        work = worked_on()
        record.work = f" [{work[0]} {work[1]}]" if work else ""
        return self._redact(super().format(record))


class _Json(_Redacting):
    """Formats one JSON object a line: time, level, logger, message, traceback, the id of the `answer` or `sync`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (work := worked_on()) is not None:
            line[work[0]] = work[1]
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(line, ensure_ascii=False))


def keep_out(settings: Settings) -> None:
    """Keep the secrets of these settings out of the log, too, from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Redacting):
            handler.formatter.keep_out(settings.secrets())


def set_up(settings: Settings, *, debug: bool = False, quiet: bool = False) -> None:
    """Send all loggers to stderr. `quiet`, for commands that people type: only warnings and errors, as sentences.

    Libraries log at WARNING and above unless `debug` is set: their INFO holds addresses and bodies.
    """
    secrets = settings.secrets()
    handler = logging.StreamHandler(sys.stderr)
    text = _Text(secrets, _SENTENCE if quiet and not debug else _LINE)
    handler.setFormatter(_Json(secrets) if settings.log.format == "json" else text)
    level = logging.DEBUG if debug else logging.WARNING if quiet else settings.log.level.upper()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    for ours in ("bot", "adapters", "indexer"):
        logging.getLogger(ours).setLevel(level)
