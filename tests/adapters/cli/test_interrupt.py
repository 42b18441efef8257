"""`docent reindex --cancel`: ending syncs from the command line."""

import asyncio
import re
from pathlib import Path

import pytest

from adapters.cli.running.interrupt import cancel_runs
from bot.bootstrap import open_app
from bot.config.loader import load
from bot.ports import SyncRequest
from indexer.sync.pipeline import BATCH_PAGES
from tests.indexer.test_cancel import indexing
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.pages import put
from tests.support.waiting import until

TWO = """
sources:
  - {name: handbook, type: folder, path: ./docs, audience: [everyone]}
  - {name: wiki, type: folder, path: ./wiki, audience: [everyone]}
"""

# So many that a sync of them still runs when a command has started, however busy the machine is.
SLOW = {f"slow-{number}.html": "<p>" + "<b>word</b> word\n" * 300_000 for number in range(12)}


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, TWO)


def waiting(docent: CommandLine) -> str:
    return "\n".join(line for line in docent("status").stdout.splitlines() if line.endswith(": waiting"))


def test_nothing_to_cancel(docent: CommandLine) -> None:
    """Where no sync waits or runs, one sentence says so."""
    done = docent("reindex", "--cancel")
    assert (done.returncode, done.stdout) == (0, "Nothing to cancel: no sync waits or runs.\n")
    done = docent("reindex", "wiki", "--cancel")
    assert (done.returncode, done.stdout) == (0, "Nothing to cancel: no sync of wiki waits or runs.\n")


def test_an_unknown_source(docent: CommandLine) -> None:
    """A name that is neither a source's nor a run's is told."""
    done = docent("reindex", "wicki", "--cancel")
    assert done.returncode == 2
    assert "There is no source wicki; did you mean wiki?" in done.stderr


def test_waiting_ones(docent: CommandLine) -> None:
    """All syncs that wait are cancelled, and it is said that none of them had begun."""
    docent("reindex", "handbook", "--no-wait")
    docent("reindex", "wiki", "--no-wait")
    done = docent("reindex", "--cancel")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("Cancelled the sync of handbook that was asked for ")
    assert first.endswith(" ago. It had not begun; the index is as it was.")
    assert second.startswith("Cancelled the sync of wiki ")
    assert waiting(docent) == ""


def test_of_one_source(docent: CommandLine) -> None:
    """With a source's name only its syncs are cancelled."""
    docent("reindex", "handbook", "--no-wait")
    docent("reindex", "wiki", "--no-wait")
    assert docent("reindex", "wiki", "--cancel").stdout.startswith("Cancelled the sync of wiki ")
    assert "handbook: waiting" in waiting(docent)
    assert "wiki" not in waiting(docent)


def test_one_source_of_all(docent: CommandLine) -> None:
    """A sync of all sources isn't cancelled by the name of one, and how to cancel it is told."""
    docent("reindex", "--no-wait")
    done = docent("reindex", "wiki", "--cancel")
    assert done.stdout == (
        "No sync of wiki alone waits or runs; one of all sources does: docent reindex --cancel\n"
    )
    assert "all sources: waiting" in waiting(docent)


def test_no_other_wish(docent: CommandLine) -> None:
    """Cancelling goes with no wish for another sync."""
    done = docent("reindex", "--cancel", "--full")
    assert done.returncode == 2
    assert "--cancel goes with neither --full nor --confirm-deletes" in done.stderr


@pytest.mark.slow
async def test_one_that_runs(docent: CommandLine, tmp_path: Path) -> None:
    """A sync that runs ends, and how much of it is stored and kept is told."""
    put(tmp_path / "docs", {"first.md": "# First\n\nText.\n"})
    source = "{name: docs, type: folder, path: ./docs, audience: [everyone]}"

    async def stored() -> bool:
        return (await app.store.stats()).documents > 1

    async with indexing(tmp_path, source) as app:
        await until(app.runs.last_good, 60)
        # Vectors are made by full calls: the first batch is stored once there is more than one.
        more = {f"{n}.md": f"# {n}\n\nText of {n}.\n" for n in range(2 * BATCH_PAGES)}
        put(tmp_path / "docs", {**more, **SLOW})
        run, _ = await app.runs.request(SyncRequest("docs"))
        await until(stored, 60)
        done = await asyncio.to_thread(docent.process, "reindex", run.id, "--cancel")
    assert done.returncode == 0
    first, second, *_ = done.stdout.splitlines()
    assert first.startswith("Cancelled the sync of docs that was asked for ")
    assert first.endswith(" ago. What it has stored is kept, and the next sync goes on from there.")
    told = re.match(r"docs \(stopped\): (\d+) added, ", second)
    assert told is not None
    assert BATCH_PAGES <= int(told[1]) <= 2 * BATCH_PAGES
    async with open_app(load(docent.config)) as app:
        assert (await app.store.stats()).documents == int(told[1]) + 1


@pytest.mark.slow
async def test_one_of_a_command(docent: CommandLine) -> None:
    """A sync that `docent index` does by itself is cancelled as well, and that command says so."""
    docent.write(SLOW)
    async with open_app(load(docent.config)) as app:
        indexing = asyncio.create_task(asyncio.to_thread(docent.process, "index", "handbook"))
        await until(app.runs.going_on, 60)
        done = await asyncio.to_thread(docent.process, "reindex", "--cancel")
        indexed = await indexing
    assert done.stdout.startswith("Cancelled the sync of handbook that was asked for ")
    assert indexed.returncode == 1
    assert indexed.stdout.splitlines()[-1] == "It was cancelled. What was done so far is kept."


async def test_nobody_answers(docent: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """A sync whose process is gone can't be ended now, which is told instead of waited for."""
    settings = load(docent.config)
    async with open_app(settings) as app:
        await app.runs.request(SyncRequest("wiki"))
        await app.runs.take("gone")
        assert await cancel_runs(settings, None, wait=True, patience=0.5) == 1
    assert (
        "Nobody has answered: if whoever ran it has died, the next indexer ends it."
        in capsys.readouterr().out
    )


async def test_an_end_meanwhile(docent: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """A sync that ended by itself before it heard of it is not called cancelled."""
    settings = load(docent.config)
    async with open_app(settings) as app:
        run, _ = await app.runs.request(SyncRequest("wiki"))
        await app.runs.take("worker")
        cancelling = asyncio.create_task(cancel_runs(settings, None, wait=True))

        async def wanted() -> bool:
            now = await app.runs.run(run.id)
            return bool(now and now.cancel_wanted)

        await until(wanted)
        await app.runs.end(run.id, "done", [])
        assert await cancelling == 0
    assert capsys.readouterr().out.endswith("it had ended already.\n")


@pytest.mark.slow
def test_ctrl_c_says_how(docent: CommandLine) -> None:
    """Who stops watching is told how to cancel what goes on."""
    docent.write(HANDBOOK)
    code, _, err = docent.interrupt(
        "reindex", "handbook", when=lambda: "handbook: waiting" in waiting(docent)
    )
    assert code == 130
    assert err.strip() == (
        "No longer watching. The indexer goes on; see: docent status."
        " To cancel it: docent reindex handbook --cancel"
    )


@pytest.mark.slow
def test_reindex_without_an_indexer_is_done_here(docent: CommandLine):
    """It says so, doesn't wait for ever, and takes back what it asked of the indexer."""
    docent.write(HANDBOOK)
    (docent.folder / "wiki").mkdir()
    (docent.folder / "wiki" / "a.md").write_text("# A")
    done = docent("reindex", "handbook")
    assert done.returncode == 0, done.stdout
    assert "No indexer runs: it is done here." in done.stderr
    assert "added" in done.stdout
    assert docent("reindex", "--cancel").stdout.startswith("Nothing to cancel")
