"""Checks for audiences that nobody has: nobody finds what is kept for them."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final

from bot.config.loader import Settings
from bot.config.reading.error_messages import nearest
from bot.config.sources import AudienceSettings
from bot.diagnostics.findings import Check, warning
from bot.ports import Store

_PART: Final = "audiences"
_AT_ONCE: Final = 200
_MOST: Final = 5000  # pages that are looked at
_NAMED: Final = 5
_GIVE: Final = "Correct it, or say who has it: `audiences: {NAME: {slack_users: […], slack_groups: […], discord_roles: […]}}`."


def reachable(settings: Settings) -> frozenset[str]:
    """Return the audiences that somebody may have: everybody's, those of `audiences`, those of Discord's roles."""
    return _given(settings) | settings.audiences.keys()


def _given(settings: Settings) -> frozenset[str]:
    """Return those that come with being in chat at all, on a server of Discord's, or in a role there."""
    guilds = settings.discord.guilds.values()
    return settings.default_audience.union(
        *(words for guild in guilds for words in (guild.default_audience or (), *guild.roles.values()))
    )


def check_audiences(settings: Settings) -> Iterator[Check]:
    """Give what docent.yaml keeps for nobody."""
    known = reachable(settings)
    for source in settings.sources:
        folders = [
            (f"audience_of {glob}", "audience_of", words) for glob, words in source.audience_of.items()
        ]
        for setting, key, words in [("audience", "audience", source.audience), *folders]:
            where = f"{setting} of {source.name}{source.at_line(key)}"
            for word in sorted(words - known):
                hint = nearest(word, known)
                yield warning(
                    _PART,
                    f"nobody has {word!r} ({where}){hint}",
                    _GIVE.replace("NAME", word),
                )
    if settings.slack.bot_token is None and settings.discord.token is None:
        return
    for name, audience in settings.audiences.items():
        if not _has_members(name, audience, settings):
            yield warning(
                _PART,
                f"nobody in chat has {name!r}: it lists no users, groups or roles.",
                "Name them under `audiences:` in docent.yaml.",
            )


def _has_members(name: str, audience: AudienceSettings, settings: Settings) -> bool:
    named = (audience.slack_users, audience.slack_groups, audience.discord_users, audience.discord_roles)
    return any(named) or name in _given(settings)


def are_given(settings: Settings) -> bool:
    """Tell whether anybody has said yet who belongs to which audience."""
    guilds = settings.discord.guilds.values()
    return bool(settings.audiences or any(guild.roles for guild in guilds))


async def check_pages(
    settings: Settings, store: Store, held: Mapping[str, Mapping[str, str]]
) -> AsyncIterator[Check]:
    """Give pages that say themselves that they are for nobody. Of large indexes a part is looked at.

    `held` are the revisions of each source's pages.
    """
    known = reachable(settings)
    lost: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    ids = [doc_id for source in settings.sources for doc_id in sorted(held[source.name])][:_MOST]
    for start in range(0, len(ids), _AT_ONCE):
        for page in await store.stored(ids[start : start + _AT_ONCE]):
            if page.audience.isdisjoint(known):
                word = ", ".join(sorted(page.audience)) or "nobody"
                lost[word] += 1
                examples.setdefault(word, []).append(page.doc_id)
    configured = settings.source_audiences
    for word, number in sorted(lost.items()):
        if word in configured:  # told of docent.yaml already
            continue
        named = ", ".join(examples[word][:_NAMED]) + ("…" if number > _NAMED else "")
        pages = "1 page is" if number == 1 else f"{number:,} pages are"
        yield warning(
            _PART,
            f"{pages} for {word!r}, which nobody has{nearest(word, known)}: {named}",
            _GIVE.replace("NAME", word),
        )
