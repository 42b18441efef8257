"""Explains why a server refuses a call, in a sentence that tells an admin what to do."""

import json
import re
from collections.abc import Iterator, Mapping

from bot.text.sanitize import without_credentials

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429
_GONE = (404, 410)
_SERVER_FAILS = 500
_LONGEST = 200

# By what servers call their reasons (Google's `reason`, Notion's `code`, words of Confluence's messages).
_REASONS = (
    (
        r"exportSizeLimitExceeded|too large to be exported",
        "it is larger than Google exports (10 MB): split it, or keep a copy as a Word, Excel or PowerPoint file",
    ),
    (
        r"(?:user|daily|sharing|download)?\w*(?:rateLimit|quota|limit)\w*Exceeded|RESOURCE_EXHAUSTED|quota",
        "its quota is used up: the next sync asks again; raise the quota there, or sync less often (every)",
    ),
    (
        r"insufficient\w*scope|SCOPE_INSUFFICIENT|insufficientPermissions|insufficient authentication scopes|\bscopes?\b",
        "the credentials lack a scope: give them the one for reading, and make a new token",
    ),
    (
        r"restricted_resource|capabilit",
        "the integration lacks a capability: allow it to read content in its settings",
    ),
    (
        r"accessNotConfigured|SERVICE_DISABLED|has not been used in project",
        "the API isn't switched on in the credentials' project: enable it there",
    ),
    (
        r"cannotDownload\w*|cannotExportFile|copyRequiresWriterPermission|fileNotDownloadable",
        "its owner doesn't let it be downloaded: ask for that, or leave it out (exclude)",
    ),
    (
        r"domainPolicy|administrator|policy",
        "a rule of its organization forbids it: ask whoever administers it",
    ),
    (
        (
            r"insufficientFilePermissions|appNotAuthorizedToFile|fileNotShared|object_not_found|not shared|not permitted"
            r"|no permission|does(?: not|n't) have (?:permission|access)|insufficient permissions?|PERMISSION_DENIED"
        ),
        "it isn't shared with these credentials: share it with them, or leave it out (exclude)",
    ),
)
_KNOWN = tuple((re.compile(pattern, re.IGNORECASE), said) for pattern, said in _REASONS)


def explained(status: int, host: str, headers: Mapping[str, str], body: bytes) -> str:
    """Explain a refusal by its status, headers and body.

    The server's own words are cut short, and hold no credentials.
    """
    if status == _UNAUTHORIZED:
        return f"{host} doesn't accept the credentials (401): renew them"
    if status == _TOO_MANY:
        return f"{host} asks for more patience than there is (429): sync less often (every), or wait"
    words = list(_words(body))
    if status == _FORBIDDEN:
        return f"{host} refuses it (403): {_reason(words, headers)}"
    said = f", {_short(words[-1])!r}" if words else ""
    if status in _GONE:
        return f"{host} answered {status}{said}: it isn't there, or isn't shared with these credentials"
    if status >= _SERVER_FAILS:
        return f"{host} answered {status}{said}: its own log says why; until then this stays as it was"
    return f"{host} answered {status}{said}: open the address in a browser, or leave it out"


def _reason(words: list[str], headers: Mapping[str, str]) -> str:
    for pattern, said in _KNOWN:
        if any(pattern.search(each) for each in words):
            return said
    if words:
        return f"it says {_short(words[-1])!r}"
    if "html" in headers.get("content-type", ""):
        return "with a page for people: a firewall or a login, which must let Docent through"
    return "these credentials don't allow it; give them the right to read it, or leave it out"


def _words(body: bytes) -> Iterator[str]:
    """Collect the names and messages of an error in JSON, the message last; nothing of any other body."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return
    error = told.get("error", told) if isinstance(told, dict) else None
    if not isinstance(error, dict):
        if isinstance(error, str):
            yield error
        return
    for key in ("errors", "details"):
        inner = error.get(key)
        for each in inner if isinstance(inner, list) else ():
            if isinstance(each, dict):
                yield from (each[name] for name in ("reason", "title") if isinstance(each.get(name), str))
    for key in ("status", "code", "reason", "message", "title"):
        if isinstance(error.get(key), str) and error[key].strip():
            yield error[key]


def _short(text: str) -> str:
    plain = " ".join(without_credentials(text).split())
    return plain[:_LONGEST] + "…" * (len(plain) > _LONGEST)
