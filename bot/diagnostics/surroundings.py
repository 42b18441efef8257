"""Checks what lies around: the style guide's files, the ports to listen at, `.env`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Final

from bot.config.loader import Settings
from bot.diagnostics.findings import Check, error, ok, warning
from bot.ports import Unavailable
from bot.runtime.process.installed import DISTRIBUTION, how_to_add, others_with_our_packages
from bot.runtime.process.private_files import OTHERS
from bot.style.load import load

_STYLE: Final = "style"
_SHOWN: Final = 5


def check_style(settings: Settings) -> Iterator[Check]:
    """Check each folder of the guide, and name mistakes with their lines."""
    path = settings.style.path
    folders = [*([path] if path else []), *(guide.path for guide in settings.style.guides.values())]
    if not folders:
        yield ok(_STYLE, "no style guide: answers are plain")
    for folder in folders:
        if not folder.exists():
            yield error(_STYLE, f"{folder} is not there.", "Check style: in docent.yaml.")
            continue
        loaded = load(folder)
        for problem in loaded.problems[:_SHOWN]:
            yield error(_STYLE, str(problem), "Mend it; what runs keeps the last good guide until then.")
        if not loaded.problems:
            yield ok(_STYLE, f"{folder}")


def check_ports(settings: Settings, running: Sequence[str]) -> Iterator[Check]:
    """Check the ports that `docent run` listens at. `running` are the services that run on this data folder already."""
    wanted = []
    if settings.indexer.port:
        where = settings.where("indexer", "port")
        wanted.append((where, settings.indexer.host, settings.indexer.port, "the indexer"))
    if settings.slack.mode == "http" and settings.slack.port:
        where = settings.where("slack", "port")
        wanted.append((where, settings.slack.host, settings.slack.port, "Slack"))
    if (port := settings.monitoring.port_of("run")) is not None:
        where = settings.where("monitoring", "port")
        wanted.append((where, settings.monitoring.host, port, running[0] if running else ""))
    for setting, host, port, service in wanted:
        if service in running:
            yield ok("ports", f"{setting}: {service} listens at {host}:{port}")
            continue
        from bot.runtime.http_server import listen_at  # noqa: PLC0415 - a web server only where one is wanted

        try:
            listen_at(host, port).close()
        except Unavailable as failed:
            yield error("ports", f"{setting}: {failed.part}: {failed.reason}", failed.remedy)
        else:
            yield ok("ports", f"{setting}: {host}:{port} is free")


def check_monitoring(settings: Settings) -> Iterator[Check]:
    """Check whether what serves and sends it is installed."""
    ports = settings.monitoring.ports.model_dump().values()
    wanted = (
        (settings.monitoring.port or any(ports), "prometheus_client", "monitoring"),
        (settings.traced, "opentelemetry.sdk", "otel"),
    )
    for is_wanted, package, extra in wanted:
        if is_wanted and not _is_installed(package):
            finding = (
                "nothing is served" if extra == "monitoring" else "OTEL_* is set, but no traces are sent"
            )
            yield error("monitoring", f"{finding}.", f"{how_to_add(extra)}.")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def check_packages() -> Iterator[Check]:
    """Check for other packages of Docent's names in this environment: one would run the other's code."""
    for package, others in sorted(others_with_our_packages().items()):
        yield error(
            "installation",
            f"{' and '.join(others)} has a package {package} in this environment, too: only one of them can be found.",
            f"Give Docent an environment of its own: pipx install '{DISTRIBUTION}[…]'",
        )


def check_env_file(settings: Settings) -> Iterator[Check]:
    """Check who else can read the tokens."""
    path = settings.env_file.path
    if not settings.env_file.values:
        return
    with suppress(OSError):
        if path.stat().st_mode & OTHERS:
            yield warning(".env", f"others can read {path}.", f"Close it to them: chmod 600 {path}")
        else:
            yield ok(".env", f"{path}: {len(settings.env_file.values)} names")
