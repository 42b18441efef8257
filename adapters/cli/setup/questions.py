"""Asks the questions of `docent init`: a handful, each with a default that fits the folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.cli.command import MISUSED, CommandError
from adapters.cli.setup.files import Wanted, shown_path, source_name
from adapters.cli.setup.survey import Survey, survey, usual_folder

# A question and its default → what was typed, or the default.
Ask = Callable[[str, str], str]

_PLATFORMS: Final = ("slack", "discord")
_ADDRESS: Final = ("https://", "http://", "ssh://", "git@")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command's options said already; None is not said."""

    docs: str | None = None
    name: str | None = None
    url: str | None = None
    chats: tuple[str, ...] | None = None
    audience_of: dict[str, str] = field(default_factory=dict)


async def wanted(base: Path, given: Given, ask: Ask) -> tuple[Wanted, Survey | None]:
    """Return what to write, and the survey of the folder. `base` is docent.yaml's folder. Raises CommandError."""
    usual = usual_folder(base)
    docs = given.docs or ask(
        "Where are your docs? A folder, or a git address", shown_path(usual or base, base)
    )
    if docs.startswith(_ADDRESS):
        found, path, repo = None, "", docs
    else:
        folder = _folder(base, docs)
        found = await survey(folder)
        if not found.pages:
            raise CommandError(
                f"{docs} holds no page that Docent reads. Name another: docent init FOLDER", MISUSED
            )
        path, repo = shown_path(found.git.root if found.git else folder, base), ""
    name = given.name or ask("What shall this source be called?", source_name(docs if repo else folder.name))
    url = given.url
    if url is None:
        url = ask(
            "Where do people read the pages, e.g. https://wiki.example.com/{stem}? Empty: only here", ""
        )
    narrowed = _narrowed(found.restricted if found else {}, given.audience_of, ask)
    chats = given.chats
    if chats is None:
        chats = _chats(ask("Which chat is it for: slack, discord, both or none?", "slack"))
    return Wanted(name, path, url.strip(), narrowed, chats, repo), found


def _folder(base: Path, docs: str) -> Path:
    folder = (base / Path(docs).expanduser()).resolve()
    if not folder.is_dir():
        raise CommandError(f"There is no folder {docs}. Name one: docent init FOLDER", MISUSED)
    return folder


def _narrowed(restricted: dict[str, str], given: dict[str, str], ask: Ask) -> dict[str, str]:
    """Return the audience of each folder that seems restricted, confirmed by the admin, and of those given."""
    said = dict(given)
    for glob, word in restricted.items():
        if glob not in given:
            said[glob] = ask(f"{glob} sounds as if it isn't for everyone. Who may see it?", word).strip()
    return {glob: word for glob, word in said.items() if word not in ("", "everyone")}


def _chats(said: str) -> tuple[str, ...]:
    low = said.lower()
    if "both" in low:
        return _PLATFORMS
    return tuple(platform for platform in _PLATFORMS if platform in low)
