"""Writes the text of a first docent.yaml and `.env`.

What fits the folder is set; other options are comments.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from adapters.cli.setup.survey import Survey

_NAMES: Final = (
    ("slack", "Slack: In Slack, in the README, shows where each is", ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")),
    ("discord", "Discord: the developer portal, Bot, Reset Token", ("DISCORD_TOKEN",)),
    (
        "",
        "Models, if you want one: Models, in the README",
        ("COHERE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"),
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An admin's choices. `path` is as in docent.yaml; `audience_of` restricts folders, by their globs.

    `url` is where pages are read, "" if nowhere; `chats` are the platforms whose token names go into `.env`.
    """

    name: str
    path: str
    url: str = ""
    audience_of: dict[str, str] = field(default_factory=dict)
    chats: tuple[str, ...] = ()
    repo: str = ""  # a git address, instead of a folder


def source_name(path: str) -> str:
    """Return a name for a source, made of its folder's or address's name."""
    last = path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    plain = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40]
    return "handbook" if plain in ("", "docs", "doc", "content", "pages") else plain


def config_text(wanted: Wanted, found: Survey | None) -> str:
    """Return the text of docent.yaml."""
    lines = ["# Docent's settings. All there are, with their defaults: examples/docent.full.yaml."]
    lines += [
        "# A change counts within two seconds while Docent runs; `docent doctor` says what could be wrong."
    ]
    lines += ["", "sources:", f"  - name: {_scalar(wanted.name)}", *_where(wanted, found)]
    lines += [
        "    audience: [everyone]          # who may see its pages; front matter may narrow a page further"
    ]
    if wanted.audience_of:
        lines.append("    audience_of:                  # the last pattern that fits wins")
        lines += [f"      {_scalar(glob)}: [{_scalar(word)}]" for glob, word in wanted.audience_of.items()]
    if wanted.url:
        lines.append(f"    url: {_scalar(wanted.url)}")
    else:
        lines.append(
            "    # url: https://handbook.example.com/{stem}    # where citations lead; {path} with the ending"
        )
    lines += ["    every: 15m                    # while `docent run` or `docent indexer` runs", ""]
    return "\n".join([*lines, *_audiences(wanted, found), *_chats(wanted)]) + "\n"


def _where(wanted: Wanted, found: Survey | None) -> list[str]:
    if wanted.repo:
        return ["    type: git", f"    repo: {_scalar(wanted.repo)}"]
    place = found.git if found else None
    if place is None:
        return ["    type: folder", f"    path: {_scalar(wanted.path)}"]
    lines = [
        "    type: git                     # what is committed, with its dates and authors; `folder` reads files"
    ]
    lines.append(f"    repo: {_scalar(wanted.path)}")
    if place.remote:
        lines.append(f"    # repo: {place.remote}    # instead, on a machine that has no checkout")
    if place.branch:
        lines.append(f"    branch: {_scalar(place.branch)}")
    if place.below:
        lines.append(f"    path: {_scalar(place.below)}")
    return lines


def _audiences(wanted: Wanted, found: Survey | None) -> list[str]:
    """Return the lines that declare each audience in use but `everyone`: without them nobody belongs to it."""
    words = {*wanted.audience_of.values(), *(found.audiences if found else ())} - {"everyone"}
    if not words:
        return []
    lines = ["# Who has which word, in chat: ids of users and groups. Nobody has one that lists nobody."]
    lines.append("audiences:")
    for word in sorted(words):
        lines.append(f"  {_scalar(word)}:")
        lines.append("    # slack_groups: [S0000000000]")
        lines.append('    # discord_roles: ["000000000000000000"]')
        lines.append(f"    description: {_scalar(f'Those who may see what is for {word}')}")
    return [*lines, ""]


def _chats(wanted: Wanted) -> list[str]:
    lines = []
    if "slack" in wanted.chats:
        lines += [
            "# slack:",
            "#   admins: [U0000000000]       # who may use /docent beside Slack's own admins",
        ]
    if "discord" in wanted.chats:
        lines += [
            "# discord:",
            "#   guilds:                     # once a server is listed, others get nothing",
        ]
        lines += ['#     "000000000000000000": {admin_roles: ["000000000000000000"]}']
    return lines


def env_text(chats: tuple[str, ...]) -> str:
    """Return the text of `.env`, with the names to fill in."""
    lines = [
        "# Docent's secrets: for nobody else's eyes, and not for git. What the environment sets goes before this."
    ]
    for platform, what, names in _NAMES:
        off = "" if platform in chats else "# "
        lines += ["", f"# {what}", *(f"{off}{name}=" for name in names)]
    return "\n".join(lines) + "\n"


def shown_path(path: Path, base: Path) -> str:
    """Return a path as docent.yaml has it: relative to `base` if it is below or beside that."""
    path, base = path.absolute(), base.absolute()
    if path == base:
        return "."
    if path.is_relative_to(base):
        return f"./{path.relative_to(base).as_posix()}"
    if path == base.parent:
        return ".."
    if path.is_relative_to(base.parent):
        return f"../{path.relative_to(base.parent).as_posix()}"
    return str(path)


def _scalar(text: str) -> str:
    """Return the text as a YAML scalar on one line."""
    return yaml.safe_dump(text, width=1 << 30, allow_unicode=True, default_flow_style=True).splitlines()[0]
