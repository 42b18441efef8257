"""The admin's words in chat."""

from datetime import UTC, datetime

import pytest

from adapters.chat.admin import admin_commands, sync_progress
from adapters.chat.admin.admin_commands import Command, Mistake
from bot.curation.open_gaps import GapReview, OpenGap
from bot.model import Answer, Citation, Failure, Outcome, Progress, Question, SyncReport
from bot.ports import Asked, Feedback, Gap, Judged, Place, Recorded, SyncRequest, SyncRun

SOURCES = ("handbook", "wiki")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("status", Command("status")),
        ("reindex", Command("reindex")),
        ("reindex wiki --full", Command("reindex", "wiki", frozenset({"--full"}))),
        ("reindex —full wiki", Command("reindex", "wiki", frozenset({"--full"}))),
        ("reindex wiki --confirm-deletes", Command("reindex", "wiki", frozenset({"--confirm-deletes"}))),
        ("reindex wiki --cancel", Command("reindex", "wiki", frozenset({"--cancel"}))),
        ("questions 30 --bad", Command("questions", "30", frozenset({"--bad"}))),
        ("gaps 1a2b3c4d --dismiss", Command("gaps", "1a2b3c4d", frozenset({"--dismiss"}))),
        ("gaps --dismiss 1a2b3c4d", Command("gaps", "1a2b3c4d", frozenset({"--dismiss"}))),
        ("review --all", Command("review", "", frozenset({"--all"}))),
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
        ("status --full", "there are none for this command"),
        ("questions ever", "Of how many days?"),
        ("questions 0", "Of how many days?"),
        ("questions 99999999999999", "Of how many days?"),
        ("questions ²", "Of how many days?"),
        ("gaps --dismiss", "Which one?"),
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
        sync_progress.describe(run(progress=progress)) == "Reindexing `wiki`: 50/200 pages, 10/s, 15 s left"
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
    near = Citation(1, "h:a", "Children", "", "", "", owners=("People team",))
    some = OpenGap(Gap("Is there a crèche?", 4, NOW, "1a2b3c4d"), (near,))
    other = OpenGap(Gap("May I bring my dog?", 1, NOW, "5e6f7a8b"), asked=False)
    said = admin_commands.gaps(GapReview((some, other), (Gap("When?", 1, NOW),)))
    assert said.splitlines()[1:] == [
        "4× Is there a crèche? (last 2026-03-01) `1a2b3c4d`",
        "   nearest: Children, of People team",
        "1× May I bring my dog? (last 2026-03-01) `5e6f7a8b` (couldn't be asked again)",
        "1 has an answer by now.",
    ]
    assert admin_commands.gaps(GapReview(())).startswith("No gaps")


def test_questions_are_listed_without_who_asked():
    """questions has the time, how it ended, what people thought of it, and the id for why; not the asker."""
    asked = Asked(
        "id1", "k", "slack", Place("C1"), "U0ALICE", Question("How many days? <!channel>", frozenset())
    )
    judged = Judged(
        Recorded(asked, NOW, Answer("id1", Outcome.NOT_FOUND, "No."), "", 0.1),
        (Feedback("id1", "U0BOB", "down", "outdated"),),
    )
    said = admin_commands.questions([judged], 7)
    assert said == "• How many days? <!channel> (2026-03-01 00:00, NOT_FOUND, 👎, outdated) `id1`"
    assert "30 days" in admin_commands.questions([], 30)
