"""Finds what is wrong with chat platforms' tokens by their shape and names, without asking anybody.

A token is never part of what is said.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from bot.config.environment.names import Environment
from bot.config.loader import Settings

Platform = Literal["slack", "discord", ""]

# In this order: the first that fits says what it is. Names as the platforms' own pages have them.
_KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("a Slack bot token (xoxb-)", re.compile(r"xoxb-|xoxe\.xoxb-")),
    ("a Slack app-level token (xapp-)", re.compile(r"xapp-")),
    ("a Slack user token (xoxp-)", re.compile(r"xoxp-|xoxe\.xoxp-")),
    ("a Slack refresh token (xoxe-)", re.compile(r"xoxe-")),
    ("a token of a browser's session at Slack", re.compile(r"xox[cdsar]-")),
    ("the address of a webhook", re.compile(r"https?://")),
    ("a Discord bot token", re.compile(r"[\w-]{17,}\.[\w-]{6,}\.[\w-]{25,}\Z")),
    ("an application's id", re.compile(r"\d{15,22}\Z")),
    ("an application's public key", re.compile(r"[0-9a-f]{64}\Z")),
)
_BOT, _APP, _DISCORD = _KINDS[0][0], _KINDS[1][0], _KINDS[6][0]
_WANTED: Final[Mapping[str, tuple[Platform, str, str]]] = {
    "SLACK_BOT_TOKEN": ("slack", _BOT, "OAuth & Permissions, Bot User OAuth Token: it begins with xoxb-"),
    "SLACK_APP_TOKEN": ("slack", _APP, "Basic Information, App-Level Tokens: it begins with xapp-"),
    "SLACK_SIGNING_SECRET": ("slack", "", "Basic Information, App Credentials, Signing Secret"),
    "DISCORD_TOKEN": ("discord", _DISCORD, "the developer portal, Bot, Reset Token"),
}
# Beginnings of the names that Docent reads: what else begins so may be a slip.
_FAMILIES: Final = ("SLACK", "DISCORD", "DOCENT", "COHERE", "OPENAI", "AZURE", "ANTHROPIC", "WEAVIATE")
_NEAR: Final = 0.8
_EDGES: Final = re.escape("\"'`“”‘’„«»<>")
_SPOILT: Final = (
    (re.compile(f"^[{_EDGES}]|[{_EDGES}]$"), "stands in quotes or brackets."),
    (re.compile(r"^(?:bot|bearer)\s", re.IGNORECASE), "begins with {!r}: that isn't part of it."),
    (re.compile(r"…|\.\.\.|^(?:[a-z]+-)?[Xx*]{4,}$"), "holds an example's value."),
    (re.compile(r"\s"), "holds a blank or a line's end."),
)


@dataclass(frozen=True, slots=True)
class TokenFault:
    """What is wrong with a name of the environment. `platform` is whose it is; `remedy` says what to do."""

    platform: Platform
    name: str
    finding: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.finding} {self.remedy}"


def token_faults(settings: Settings) -> list[TokenFault]:
    """Return all faults that show without asking anybody, each cause once."""
    slips = list(_slips(settings))
    explained = {right for _, rights in slips for right in rights}
    pairs = [each for each in _pairs(settings) if each.name not in explained]
    return [*_shapes(settings), *pairs, *(fault for fault, _ in slips)]


def _values(settings: Settings) -> dict[str, str]:
    found = settings.env_file.below(settings.given)
    return {name: value for name, value in found.items() if value}


def _shapes(settings: Settings) -> Iterator[TokenFault]:
    values = _values(settings)
    bot, app = (_kind(values.get(name, "")) for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"))
    swapped = (bot, app) == (_APP, _BOT)
    if swapped:
        yield TokenFault(
            "slack", "SLACK_BOT_TOKEN", "and SLACK_APP_TOKEN are swapped.", "Each holds the other's token."
        )
    for name, (platform, wanted, where) in _WANTED.items():
        value = values.get(name, "")
        if value and not (swapped and name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")):
            finding = _wrong(name, value, wanted)
            if finding:
                yield TokenFault(
                    platform, name, f"{_where(settings, name)}{finding}", f"Take it from {where}."
                )


def _wrong(name: str, value: str, wanted: str) -> str:
    """Return what is wrong with the value; "" if nothing is to be seen."""
    bare = value.strip()
    for shape, said in _SPOILT:
        if found := shape.search(bare):
            return said.format(found[0].strip())
    kind = _kind(bare)
    if kind and kind != wanted:
        return f"holds {kind}{_belongs(kind, name)}."
    if name.startswith("SLACK_") and wanted and not kind:
        return f"holds no {wanted.removeprefix('a ')}."
    return ""


def _belongs(kind: str, name: str) -> str:
    """Return where such a value would be right."""
    right = next((other for other, (_, wanted, _) in _WANTED.items() if wanted == kind and other != name), "")
    return f", which belongs into {right}" if right else ""


def _kind(value: str) -> str:
    return next((kind for kind, shape in _KINDS if shape.match(value.strip())), "")


def _pairs(settings: Settings) -> Iterator[TokenFault]:
    """Give a fault for each missing name of those that go together."""
    slack = settings.slack
    second = "SLACK_SIGNING_SECRET" if slack.mode == "http" else "SLACK_APP_TOKEN"
    has_second = (slack.signing_secret if slack.mode == "http" else slack.app_token) is not None
    if slack.bot_token is None and (slack.app_token or slack.signing_secret) is not None:
        has = "SLACK_APP_TOKEN" if slack.app_token else "SLACK_SIGNING_SECRET"
        yield _missing("SLACK_BOT_TOKEN", has)
    elif slack.bot_token is not None and not has_second:
        yield _missing(second, "SLACK_BOT_TOKEN")


def _missing(name: str, has: str) -> TokenFault:
    return TokenFault("slack", name, f"isn't set, though {has} is.", f"Take it from {_WANTED[name][2]}.")


def _slips(settings: Settings) -> Iterator[tuple[TokenFault, list[str]]]:
    """Give a fault for each name that nobody reads, with the unset names that it looks like."""
    values = _values(settings)
    known = {name.upper() for name in Environment.model_fields}
    unset = sorted(known - {name.upper() for name in values})
    for name in sorted(values):
        upper = name.upper()
        if upper in known or name in settings.names_taken or not upper.startswith(_FAMILIES):
            continue
        if rights := difflib.get_close_matches(upper, unset, n=2, cutoff=_NEAR):
            said = f"{_where(settings, name)}is a name that Docent doesn't read; did you mean {' or '.join(rights)}?"
            yield TokenFault(_platform(rights[0]), name, said, "Rename it."), rights


def _platform(name: str) -> Platform:
    return "slack" if name.startswith("SLACK") else "discord" if name.startswith("DISCORD") else ""


def _where(settings: Settings, name: str) -> str:
    line = settings.env_file.lines.get(name)
    return f"(.env, line {line}) " if line and name not in settings.given else ""
