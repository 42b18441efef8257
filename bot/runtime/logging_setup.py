"""Logging to stderr, with every secret of the settings kept out."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

from bot.config.loader import Settings

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


_LINE: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_SENTENCE: Final = "%(levelname)s: %(message)s"


class _Text(logging.Formatter):
    def __init__(self, redact: Redactor, form: str) -> None:
        super().__init__(form)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class _Json(logging.Formatter):
    """One object a line: time, level, logger, message, traceback."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(line, ensure_ascii=False))


def set_up(settings: Settings, *, debug: bool = False, quiet: bool = False) -> None:
    """Send all loggers to stderr. `quiet` (commands for people): warnings and errors alone, as sentences.

    Libraries log at WARNING and above unless `debug`: their INFO holds addresses and bodies.
    """
    redact = Redactor(settings.secrets())
    handler = logging.StreamHandler(sys.stderr)
    text = _Text(redact, _SENTENCE if quiet and not debug else _LINE)
    handler.setFormatter(_Json(redact) if settings.log.format == "json" else text)
    level = logging.DEBUG if debug else logging.WARNING if quiet else settings.log.level.upper()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    for ours in ("bot", "adapters", "indexer"):
        logging.getLogger(ours).setLevel(level)
