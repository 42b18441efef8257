"""What is asked and answered in the pictures, and what each platform is sent for it."""

import re
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.model import Answer, Candidate, Citation, Failure, Outcome, Passage, Progress, SyncReport, Trace
from tests.support.discord_chat import Chat as DiscordChat
from tests.support.discord_chat import open_discord, running
from tests.support.discord_world import HELP, MOD
from tests.support.scripted import Core, Shelf
from tests.support.slack_chat import Chat as SlackChat
from tests.support.slack_chat import open_slack
from tests.support.waiting import until

# Scene → the payload that was sent for it, and what was asked.
Payloads = dict[str, dict[str, Any]]


def _page(number: int, title: str, heading: str, quote: str, days: int) -> Citation:
    name = title.lower().replace(" ", "-")
    return Citation(
        number,
        f"handbook:{name}.md",
        title,
        heading,
        f"https://docs.example.com/{name}#{heading.lower().replace(' ', '-')}",
        quote,
        datetime.now(UTC) - timedelta(days=days),
        ("Dana Whitfield",),
    )


_HOTELS = _page(1, "Travel expenses", "Hotels", "A night in London may cost up to 180 pounds.", 40)
_TRAINS = _page(2, "Booking travel", "Trains", "Book trains in the portal.", 12)
_PAGER = _page(1, "On call", "Escalation", "After 15 minutes the second on call is paged.", 20)
_OLD_PAGER = _page(2, "Incident handbook", "Paging", "After 30 minutes the lead is called.", 500)
_RELEASE = _page(1, "Releasing", "Rolling back", "Run moor rollback.", 3)
_LEAVE = _page(1, "Annual leave", "Notice", "Give four weeks' notice.", 60)


def _answered(text: str, *pages: Citation, **more: Any) -> Answer:
    trace = Trace(
        queries=("carry over unused leave",),
        candidates=tuple(
            Candidate(
                Passage("c", one.doc_id, "handbook", 0, one.title, one.heading, one.url, one.quote),
                *scores,
            )
            for one, *scores in ((pages[0], 7.31, 0.62, 0.91), (_TRAINS, 2.2, 0.31, 0.34))
        ),
        evidence={"keyword": 7.31, "vector": 0.62},
        decision="the best passage holds what was asked for",
        seconds={"search": 0.04, "write": 0.31},
    )
    return Answer("", Outcome.ANSWERED, text, pages, strong=True, trace=trace, **more)


# Scene → the question and its answer.
ASKED: dict[str, tuple[str, Answer | Exception]] = {
    "table": (
        "What may a hotel cost?",
        _answered(
            "A night in London may cost up to £180 [1].\n\n"
            "| City | A night | Breakfast |\n|---|---|---|\n| London | £180 | included |\n"
            "| Bristol | £140 | included |\n| elsewhere | £120 | up to £12 |\n\n"
            "Trains are booked in the portal [2].",
            _HOTELS,
            _TRAINS,
        ),
    ),
    "steps": (
        "How do I hand over the pager?",
        _answered(
            "Hand it over in the on-call calendar, at the latest an hour before your shift ends [1].\n\n"
            "1. Open the **on-call calendar** and choose *Hand over*.\n2. Name who takes it.\n"
            "3. Wait until they accept; until then it is yours.",
            _PAGER,
        ),
    ),
    "code": (
        "How do I roll back a release?",
        _answered(
            "Run `moor rollback` with the release before it [1].\n\n"
            "```bash\nmoor releases --last 3\nmoor rollback --to PREVIOUS\n```\n\n"
            "It takes two minutes, and the channel #releases hears of it.",
            _RELEASE,
        ),
    ),
    "conflict": (
        "Nobody answers the pager: when is the next one called?",
        _answered(
            "The pages differ, and the newer one says 15 minutes:\n\n"
            "- **On call**: after 15 minutes the second on call is paged [1].\n"
            "- **Incident handbook**: after 30 minutes the lead is called [2].",
            _PAGER,
            _OLD_PAGER,
        ),
    ),
    "private": (
        "How much notice do I give for leave?",
        _answered("You give four weeks' notice [1].", _LEAVE, nearest=(_TRAINS,)),
    ),
    "not found": (
        "What is the CEO's shoe size?",
        Answer("", Outcome.NOT_FOUND, "I couldn't find an answer to that in the docs.", nearest=(_LEAVE,)),
    ),
    "error": ("Who may approve a purchase?", RuntimeError("of the test")),
}
SCENES = (*ASKED, "reindex running", "reindex ended", "gaps", "why")

_REPORT = SyncReport(
    "handbook",
    added=12,
    changed=31,
    unchanged=797,
    failed=(Failure("pay/bands.pdf", "it is encrypted", for_all=True), Failure("old/scan.pdf", "it has no text", for_all=True)),
    held_back=43,
    held=("old/2019.md", "old/2020.md"),
    seconds=42.0,
)  # fmt: skip


def _prepare(core: Core, shelf: Shelf) -> None:
    for question, answer in ASKED.values():
        core.answers[question] = answer
    pages = (_HOTELS, _TRAINS, _PAGER, _OLD_PAGER, _RELEASE, _LEAVE)
    shelf.visible = {one.doc_id: frozenset({"everyone"}) for one in pages}


async def _indexed(runs: Any, shown: Callable[[str], Awaitable[Any]]) -> tuple[Any, Any]:
    """The run's message while it goes on, and when it has ended."""
    await shown("waiting")
    run = await runs.take("indexer")
    await runs.report_progress(run.id, Progress("handbook", "indexing", 312, 840, 26.0))
    going = dict(await shown("312/840 pages"))
    await runs.end(run.id, "done", [_REPORT])
    return going, dict(await shown("12 added"))


async def in_slack(folder: Path, setenv: Callable[[str, str], None]) -> Payloads:
    """What Slack is sent."""
    async with open_slack(folder, setenv, _port(), _SLACK) as chat:
        _prepare(chat.core, chat.shelf)
        made: Payloads = {}
        for scene, (question, _) in ASKED.items():
            if scene == "private":
                await chat.slack.command("/ask", question)
                made[scene] = {"payload": await chat.whisper("four weeks")}
            else:
                made[scene] = {"payload": await chat.answer(await chat.slack.mention(question))}
        answer = chat.core.ids[0]
        await chat.slack.command("/docent", "reindex handbook", user="U0CAROL")
        going, ended = await _indexed(chat.app.runs, lambda words: _said(chat, words))
        made["reindex running"], made["reindex ended"] = {"payload": going}, {"payload": ended}
        await chat.slack.command("/docent", "gaps", user="U0CAROL")
        made["gaps"] = {"payload": await chat.whisper("shoe size")}
        await chat.slack.command("/docent", f"why {answer}", user="U0CAROL")
        made["why"] = {"payload": await chat.whisper("carry over unused leave")}
    return _settled(made, ("text", "blocks", "markdown_text"))


async def _said(chat: SlackChat, words: str) -> Any:
    async def look() -> list[Any]:
        return [one for one in chat.slack.said.values() if words in one.whole]

    return (await until(look))[-1]


async def in_discord(folder: Path, setenv: Callable[[str, str], None]) -> Payloads:
    """What Discord is sent."""
    async with open_discord(folder, setenv, _port(), _DISCORD) as chat:
        _prepare(chat.core, chat.shelf)
        async with running(chat):
            return _settled(await _talk(chat), ("content", "embeds", "components"))


async def _talk(chat: DiscordChat) -> Payloads:
    made: Payloads = {}
    for scene, (question, _) in ASKED.items():
        if scene == "private":
            one = await chat.discord.command("ask", {"question": question})
            made[scene] = {"payload": await chat.said_to(one, "four weeks")}
        elif scene == "error":
            place = await chat.discord.mention(question)
            made[scene] = {"payload": await _written(chat, place)}
        else:
            made[scene] = {"payload": await chat.answer(await chat.discord.mention(question))}
    answer = chat.core.ids[0]
    one = await chat.discord.command("docent reindex", {"source": "handbook"}, user=MOD)
    going, ended = await _indexed(chat.app.runs, lambda words: chat.said_to(one, words))
    made["reindex running"], made["reindex ended"] = {"payload": going}, {"payload": ended}
    one = await chat.discord.command("docent gaps", user=MOD)
    made["gaps"] = {"payload": await chat.said_to(one, "shoe size")}
    one = await chat.discord.command("docent why", {"answer": answer}, user=MOD)
    made["why"] = {"payload": await chat.said_to(one, "carry over unused leave")}
    return made


async def _written(chat: DiscordChat, place: str) -> Any:
    async def look() -> list[Any]:
        return [one for one in chat.discord.answers(place) if "went wrong" in one.text]

    return (await until(look))[-1]


_LIMITS = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 100}
"""
_SLACK = f"{_LIMITS}slack: {{stop_within: 3s, help_channel: C0HELP}}\n"
_DISCORD = _LIMITS + (
    f'discord: {{stop_within: 3s, guilds: {{"2000000000000000000": {{help_channel: "{HELP}", manage_server: true}}}}}}\n'
)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settled(made: Payloads, kept: tuple[str, ...]) -> Payloads:
    """What doesn't change from one day or run to the next."""
    done: Payloads = {}
    for scene in SCENES:
        payload = {key: made[scene]["payload"][key] for key in kept if made[scene]["payload"].get(key)}
        asked = ASKED[scene][0] if scene in ASKED else f"/docent {scene.split()[0]}"
        done[scene] = {"asked": asked, "payload": _same(payload)}
    return done


def _same(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _same(one) for key, one in value.items() if key not in ("id", "nonce")}
    if isinstance(value, list):
        return [_same(one) for one in value]
    if isinstance(value, str):
        return re.sub(
            r"\b[0-9a-f]{12,32}\b", "a1b2c3d4e5f6", re.sub(r"\b20\d\d-\d\d-\d\d\b", "2026-11-29", value)
        )
    return value
