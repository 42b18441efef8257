"""The admin's words in chat."""

from datetime import UTC, datetime

import pytest

from adapters.chat import admin_commands, sync_progress
from adapters.chat.admin_commands import Command, Mistake
from bot.model import Failure, Progress, SyncReport
from bot.ports import Gap, SyncRequest, SyncRun

SOURCES = ("handbook", "wiki")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("status", Command("status")),
        ("reindex", Command("reindex")),
        ("reindex wiki --full", Command("reindex", "wiki", full=True)),
        ("reindex —full wiki", Command("reindex", "wiki", full=True)),
        ("reindex wiki --confirm-deletes", Command("reindex", "wiki", confirm_deletes=True)),
        ("why https://chat.test/p1", Command("why", "https://chat.test/p1")),
    ],
)
def test_commands_are_understood(typed: str, meant: Command):
    """parse reads a command as it was typed, also with a phone's long dash."""
    assert admin_commands.parse(typed, SOURCES) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("reindx", "Did you mean `reindex`?"),
        ("reindex handbok", "Did you mean `handbook`?"),
        ("reindex wiki --force", "I don't know `--force`"),
        ("why", "Which answer?"),
        ("", "reindex [source]"),
        ("re`index <!channel>", "I don't know `re'index`"),
    ],
)
def test_mistakes_teach(typed: str, said: str):
    """parse answers a wrong word with the right one."""
    mistake = admin_commands.parse(typed, SOURCES)
    assert isinstance(mistake, Mistake)
    assert said in mistake.text


def run(**changes: object) -> SyncRun:
    return SyncRun(
        id="r1", request=SyncRequest(source="wiki"), requested_at=NOW, **{"state": "running", **changes}
    )  # type: ignore[arg-type]


def test_progress_has_rate_and_time_left():
    """describe says how far a run is, how fast, and how long it still takes."""
    progress = Progress("wiki", "indexing", done=50, total=200, seconds=5)
    assert (
        sync_progress.describe(run(progress=progress))
        == "Reindexing `wiki`: wiki: 50/200 pages, 10/s, 15 s left"
    )


def test_the_report_names_what_failed():
    """describe ends with the numbers and each failed page by name and reason."""
    report = SyncReport(
        "wiki",
        added=2,
        deleted=1,
        unchanged=7,
        failed=(Failure("a.pdf", "encrypted", for_all=True),),
        seconds=3.14,
    )
    assert sync_progress.describe(run(state="done", reports=(report,))) == (
        "**wiki**: 2 added, 1 deleted, 7 unchanged, 1 failed in 3.1 s\n• `a.pdf`: encrypted"
    )


def test_a_channel_does_not_read_names_of_pages_that_few_may_see():
    """describe, which a whole channel reads, counts failed pages that not everyone may know of."""
    secret = Failure("board/merger.pdf", "encrypted")
    report = SyncReport(
        "wiki", failed=(secret, Failure("a.pdf", "encrypted", for_all=True), secret), seconds=3
    )
    assert sync_progress.describe(run(state="done", reports=(report,))) == (
        "**wiki**: 3 failed in 3.0 s\n• `a.pdf`: encrypted\n• and 2 more: see `/docent status`"
    )
    report = SyncReport("wiki", failed=(secret,), seconds=3)
    assert sync_progress.describe(run(state="done", reports=(report,))) == (
        "**wiki**: 1 failed in 3.0 s\n• which: see `/docent status`"
    )


def test_held_back_deletions_are_asked_about():
    """A report with deletions held back asks whether to do them."""
    ended = run(state="done", reports=(SyncReport("wiki", held_back=30, seconds=1),))
    assert sync_progress.held_back(ended) == 30
    assert "delete them?" in sync_progress.describe(ended)


def test_gaps_come_with_their_counts():
    """gaps lists questions with how often they were asked."""
    assert admin_commands.gaps([Gap("Is there a crèche?", 4, NOW)]).endswith(
        "4× Is there a crèche? (last 2026-03-01)"
    )
    assert admin_commands.gaps([]).startswith("No gaps")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.42, "0.4 s"), (42, "42 s"), (200, "3 min"), (3900, "1 h 5 min")]
)
def test_durations_are_short(seconds: float, said: str):
    """duration says a time as a person would."""
    assert sync_progress.duration(seconds) == said
