"""Finds the proxy that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case."""

from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

_PLAIN = {"ws": "http", "wss": "https"}


def proxy_for(url: str) -> str | None:
    """Return the address of the proxy that leads to `url`; None for the direct way."""
    parts = urlsplit(url)
    known = getproxies_environment()
    found = known.get(_PLAIN.get(parts.scheme, parts.scheme)) or known.get("all")
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    if not found or proxy_bypass_environment(host, known) or proxy_bypass_environment(f"{host}{port}", known):
        return None
    return found if "://" in found else f"http://{found}"
