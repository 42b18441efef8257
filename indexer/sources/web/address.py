"""Gives each page's address one spelling, and recognises addresses that go on without end.

Ours, around w3lib: courlan keeps a session that stands in the path, so that each visit finds new pages, and refuses
hosts without a dot, as an intranet's are.
"""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|piwik|hsa)_\w+|(?:fbc|gc|dc|twc|yc|ysc|ttc)lid|msclkid|gbraid|wbraid|igshid"
    r"|mc_[ce]id|_ga|_gl|_hsenc|_hsmi|hsCtaTracking",
    re.IGNORECASE,
)
_SESSION = re.compile(r"jsessionid|phpsessid|aspsessionid\w*|cfid|cftoken|zenid|oscsid|sessid", re.IGNORECASE)
# These are names of other things as well: what stands in them decides.
_MAYBE_SESSION = re.compile(r"s?sid|session|session_?id|sess", re.IGNORECASE)
_RANDOM = re.compile(r"(?=\w*\d)(?=\w*[a-z])[\w-]{6,}|[\w-]{16,}", re.IGNORECASE)
_SESSION_IN_PATH = re.compile(r"/\([SAFX]\([a-z0-9]+\)\)(?=/)", re.IGNORECASE)
_PARAMETERS = re.compile(r";[^/]*")
_MONTHS = "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?|oct(ober)?|nov(ember)?|dec(ember)?"
_COUNTED = re.compile(rf"\b(?:[a-z]*\d[a-z\d]*|{_MONTHS})\b", re.IGNORECASE)
_SAME_PARTS = 3


def cleaned(url: str) -> str:
    """Normalise an address (RFC 3986), without fragment, default port, tracking and session; "" for no web address."""
    try:
        parts = urlsplit(url.strip())
        port, scheme = parts.port, parts.scheme.lower()
        if scheme not in _PORTS or not parts.hostname:
            return ""
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
        host = host if port in {None, _PORTS[scheme]} else f"{host}:{port}"
        path = _PARAMETERS.sub(_without_session, _SESSION_IN_PATH.sub("", parts.path))
        query = "&".join(pair for pair in parts.query.split("&") if not _is_passing(pair))
        return canonicalize_url(urlunsplit((scheme, host, path or "/", query, "")))
    except ValueError:
        return ""


def _without_session(found: re.Match[str]) -> str:
    kept = [pair for pair in found[0].split(";")[1:] if not _is_passing(pair)]
    return "".join(f";{pair}" for pair in kept)


def _is_passing(pair: str) -> bool:
    """Tell whether a parameter is about the visit, not about the page."""
    name, _, value = pair.partition("=")
    name = unquote(name)
    if _TRACKING.fullmatch(name) or _SESSION.fullmatch(name):
        return True
    return bool(_MAYBE_SESSION.fullmatch(name) and _RANDOM.fullmatch(value))


def alike(url: str) -> str:
    """Replace numbers and months by `#`: addresses that differ in these alone, as a calendar's, become the same."""
    parts = urlsplit(url)
    return _COUNTED.sub("#", parts.path) + (f"?{_COUNTED.sub('#', parts.query)}" if parts.query else "")


def circles(url: str) -> bool:
    """Tell whether a path repeats itself: the same part, or the same two or three, three times in a row."""
    names = [name for name in urlsplit(url).path.split("/") if name]
    for size in (1, 2, 3):
        for start in range(len(names) - size * _SAME_PARTS + 1):
            first = names[start : start + size]
            if names[start : start + size * _SAME_PARTS] == first * _SAME_PARTS:
                return True
    return False
