"""Writes the first files, and says what was found and what to do next."""

import os
from collections import Counter
from pathlib import Path

from adapters.cli.command import CommandError
from adapters.cli.output import count
from adapters.cli.setup.files import Wanted, config_text, env_text
from adapters.cli.setup.survey import Survey
from bot.config.environment.env_file import ENV_FILE
from bot.config.loader import ConfigError, load
from bot.runtime.process.private_files import PRIVATE, PUBLIC
from indexer.git.command import GitFailed, git
from indexer.source_health import files_by_ending


async def write(config: Path, wanted: Wanted, found: Survey | None) -> list[str]:
    """Write both files where they don't exist, and return what to say. Raises CommandError, OSError."""
    _make_config(config, config_text(wanted, found))
    env = config.parent / ENV_FILE
    lines = [*_seen(config, wanted, found), ""]
    if env.exists():
        lines.append(f"{env} is there already and was left as it is.")
    else:
        _make(env, env_text(wanted.chats), PRIVATE)
        lines.append(f"Wrote {env}, which only you can read: a place for tokens.")
    lines += await _ignored(config.parent)
    return [*lines, "", *_next(wanted)]


def _make_config(path: Path, text: str) -> None:
    """Write docent.yaml, and remove it again if it doesn't load."""
    _make(path, text, PUBLIC)
    try:
        load(path)
    except ConfigError as error:
        path.unlink()
        raise CommandError(f"That makes no docent.yaml that works: {error}") from None


def _make(path: Path, text: str, mode: int) -> None:
    """Create a file. Raises FileExistsError if it exists, and other OSErrors."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _seen(config: Path, wanted: Wanted, found: Survey | None) -> list[str]:
    lines = [f"Wrote {config}."]
    if found is None:
        return [*lines, f"  It reads {wanted.repo}; this machine must be able to clone it."]
    lines.append(f"  {count(found.pages.total(), 'page')} in {found.folder}: {_kinds(found.pages)}")
    if found.others:
        lines.append(f"  not read: {files_by_ending(found.others)}")
    if found.drafts:
        lines.append(f"  left out: {count(found.drafts, 'draft')}")
    lines += [f"  {glob} is for {word} alone" for glob, word in wanted.audience_of.items()]
    if words := sorted(found.audiences.keys() - {"everyone"}):
        lines.append(
            f"  pages themselves name: {', '.join(words)} (who that is: `audiences:` in docent.yaml)"
        )
    if found.git is not None:
        lines.append(f"  from git ({found.git.root}), with its dates and authors")
        if found.git.loose:
            lines.append(f"  (!) {count(found.git.loose, 'change')} not committed: read once they are")
    return lines


def _kinds(pages: Counter[str]) -> str:
    return ", ".join(f"{number:,} .{kind}" for kind, number in pages.most_common())


async def _ignored(folder: Path) -> list[str]:
    """Return a warning if the folder is in a git checkout that doesn't ignore the secrets."""
    try:
        await git("-C", str(folder), "rev-parse", "--show-toplevel")
    except (GitFailed, OSError):
        return []
    missing = []
    for name in (ENV_FILE, ".docent/"):
        try:
            await git("-C", str(folder), "check-ignore", "-q", name)
        except (GitFailed, OSError):
            missing.append(name)
    return [f"(!) Add to .gitignore: {' and '.join(missing)}. They aren't for git."] if missing else []


def _next(wanted: Wanted) -> list[str]:
    lines = [
        "Next:",
        "  docent index                     # read the docs",
        '  docent ask "…"                   # ask them',
    ]
    if wanted.chats:
        lines.append("  fill in .env                     # README: In Slack, In Discord")
    lines.append("  docent doctor                    # what could be wrong")
    lines.append("  docent run                       # answer in chat, keep in step")
    return lines
