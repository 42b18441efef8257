"""Knows which extras are installed, and what adds one to this kind of installation."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

# PyPI's `docent` is somebody else's; the command is `docent`.
DISTRIBUTION: Final = "docent-bot"

# What every environment that it is installed into gets from it. Few others use these names, but nobody owns them.
_PACKAGES: Final = ("adapters", "bot", "indexer")

# A module that a part imports → the extra that brings it.
_EXTRAS: Final[Mapping[str, str]] = {
    "aiohttp": "slack",
    "anthropic": "anthropic",
    "apscheduler": "indexer",
    "asyncpg": "postgres",
    "cohere": "cohere",
    "cryptography": "gdrive",
    "dask": "dask",
    "discord": "discord",
    "distributed": "dask",
    "docutils": "convert",
    "fastembed": "local",
    "fsspec": "objects",
    "google": "gdrive",
    "grpc": "weaviate",
    "httpx2": "openai",
    "mammoth": "convert",
    "markitdown": "convert",
    "onnxruntime": "local",
    "openai": "openai",
    "openpyxl": "convert",
    "opentelemetry": "otel",
    "pptx": "convert",
    "prometheus_client": "monitoring",
    "protego": "web",
    "pypdfium2": "convert",
    "s3fs": "objects",
    "slack_bolt": "slack",
    "slack_sdk": "slack",
    "starlette": "indexer",
    "trafilatura": "web",
    "uvicorn": "indexer",
    "w3lib": "web",
    "weaviate": "weaviate",
}


def version() -> str:
    """Return Docent's own version; "unknown" where it runs from files that were never installed."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - `docent ask` starts without it
    from importlib.metadata import version as of  # noqa: PLC0415

    try:
        return of(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def others_with_our_packages() -> dict[str, list[str]]:
    """Return other installed distributions that have a package of the same name as one of ours, by that name."""
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - `docent doctor` alone asks

    owners = packages_distributions()
    found = {
        name: sorted(
            {each for each in owners.get(name, []) if each.lower().replace("_", "-") != DISTRIBUTION}
        )
        for name in _PACKAGES
    }
    return {name: others for name, others in found.items() if others}


def extra_of(error: ModuleNotFoundError) -> str | None:
    """Return the extra that brings the missing module; None for a module that no extra brings, which is a bug."""
    return _EXTRAS.get((error.name or "").partition(".")[0])


def how_to_add(extra: str) -> str:
    """Return the sentence that says how to add the extra to this installation, and keep those that it has."""
    home = Path(sys.prefix)
    for receipt, words in (
        ("pipx_metadata.json", "pipx install --force"),
        ("uv-receipt.toml", "uv tool install"),
    ):
        if (home / receipt).is_file():
            names = sorted({*_chosen(home / receipt), extra})
            return f"Install it: {words} '{DISTRIBUTION}[{','.join(names)}]'"
    return f"Install it: pip install '{DISTRIBUTION}[{extra}]'"


@contextmanager
def needing_extras(part: str, extra: str | None = None) -> Iterator[None]:
    """Raise Rejected, with what to install, if an import within fails for want of `extra` or of the module's own."""
    try:
        yield
    except ModuleNotFoundError as error:
        needed = extra_of(error)
        if needed is None:
            raise
        remedy = f"{how_to_add(extra or needed)}."
        from bot.ports import Rejected  # noqa: PLC0415 - processes that read pages start without the ports

        raise Rejected(part, "its package is not installed.", remedy=remedy) from None


def _chosen(receipt: Path) -> list[str]:
    """Return the extras that Docent was installed with, as pipx or uv has written them down."""
    import tomllib  # noqa: PLC0415 - needed once, if ever

    try:
        told = receipt.read_text(encoding="utf-8")
        if receipt.suffix == ".json":
            main = json.loads(told)["main_package"]["package_or_url"] or ""
            return _between(str(main))
        wanted: list[dict[str, Any]] = tomllib.loads(told)["tool"]["requirements"]
        return [
            str(name) for each in wanted if each["name"] == DISTRIBUTION for name in each.get("extras", ())
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _between(requirement: str) -> list[str]:
    inner = requirement.partition("[")[2].partition("]")[0]
    return [name.strip() for name in inner.split(",") if name.strip()]
