"""`docent backup` and `docent restore`: the index and the journal go into a folder and come back."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.journal.test_journal import server
from tests.support.command_line import CommandLine
from tests.support.store_contract import OTHER, ask, begin, ids, page
from tests.support.weaviate_server import Node, binary
from tests.support.weaviate_stores import Stores

pytestmark = pytest.mark.slow

__all__ = ["server"]


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    docent = CommandLine(tmp_path)
    docent.write({"dogs.md": "# Office dogs\n\nDogs may come to the office on Fridays.\n"})
    assert docent("index").returncode == 0
    assert docent("ask", "When may dogs come to the office?").returncode == 0
    return docent


def test_there_and_back(docent: CommandLine, tmp_path: Path) -> None:
    """What was indexed and asked before the loss is there again after the restore."""
    made = docent("backup", "backups/monday")
    assert (made.returncode, made.stderr) == (0, "")
    assert sorted(each.name for each in (tmp_path / "backups/monday").iterdir()) == [
        "docent-backup.json",
        "index.db",
        "journal.db",
    ]
    shutil.rmtree(tmp_path / ".docent")
    back = docent("restore", "backups/monday")
    assert (back.returncode, back.stderr) == (0, "")
    assert "Fridays" in docent("ask", "When may dogs come to the office?").stdout
    outcomes = json.loads(docent("status", "--json").stdout)["questions"]["outcomes"]
    assert outcomes["ANSWERED"] == 2


def test_nothing_is_lost_by_mistake(docent: CommandLine, tmp_path: Path) -> None:
    """An index that is there is replaced only if that is said."""
    docent("backup", "backups/monday")
    docent.write({"dogs.md": "# Office dogs\n\nDogs may come on Mondays.\n"})
    docent("index")
    refused = docent("restore", "backups/monday")
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert "Mondays" in docent("ask", "When may dogs come to the office?").stdout
    assert docent("restore", "--replace", "backups/monday").returncode == 0
    assert "Fridays" in docent("ask", "When may dogs come to the office?").stdout


def test_a_folder_holds_one_backup(docent: CommandLine) -> None:
    """A second backup into the same folder is refused; a folder without one can't be restored."""
    docent("backup", "backups/monday")
    again = docent("backup", "backups/monday")
    assert (again.returncode, again.stderr) == (
        1,
        "backups/monday holds a backup already: name another folder.\n",
    )
    none = docent("restore", "docs")
    assert (none.returncode, none.stderr) == (1, "docs holds no backup of `docent backup`.\n")


def test_journal_in_postgresql(tmp_path: Path, server: str) -> None:
    """Its rows come back with the index, in place of what was asked since."""
    docent = CommandLine(tmp_path)
    docent.write({"dogs.md": "# Office dogs\n\nDogs may come to the office on Fridays.\n"})
    where = {"DATABASE_URL": server}

    def run(*words: str) -> str:
        done = docent.process(*words, env=where)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answered() -> int:
        return int(json.loads(run("status", "--json"))["questions"]["outcomes"].get("ANSWERED", 0))

    run("index")
    run("ask", "When may dogs come to the office?")
    before = answered()
    assert "rows of PostgreSQL at 127.0.0.1" in run("backup", "backups/monday")
    run("ask", "When may dogs come to the office?")
    assert answered() == before + 1
    refused = docent.process("restore", "backups/monday", env=where)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    run("restore", "--replace", "backups/monday")
    assert answered() == before


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start one with a place for backups")
    backups = {"ENABLE_MODULES": "backup-filesystem", "BACKUP_FILESYSTEM_PATH": str(tmp_path / "kept")}
    node = Node(tmp_path / "server", environment=backups).start()
    yield node
    node.kill()


async def test_weaviate(node: Node, tmp_path: Path) -> None:
    """An index in Weaviate comes back whole, with its alias, also after another one has been swapped in."""
    stores = Stores(node.settings("T1"), tmp_path)
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "office hours"), page("wiki:b.md", "office dogs")])
    await store.settle()
    told = await store.back_up(tmp_path)
    beside = await store.rebuild(OTHER)
    await beside.replace([page("wiki:a.md", "other hours")])
    await store.swap(OTHER)
    assert [hit.passage.text for hit in await store.search(ask("office hours"))] == ["other hours"]

    other = await stores.open()
    await other.restore(tmp_path, told, replace=False)
    assert ids(await other.search(ask("office hours"))) == ["wiki:a.md", "wiki:b.md"]
    assert await other.revisions("wiki") == {"wiki:a.md": "1", "wiki:b.md": "1"}
    known = await other.vocabulary(["dog"], frozenset({"everyone"}))
    assert known.holding in ({"dog": 1}, {})
    await stores.close()


async def test_weaviate_on_the_command_line(node: Node, tmp_path: Path) -> None:
    """The commands do it for whoever runs the server, and a server without a place for backups is told."""
    docent = CommandLine(tmp_path)
    docent.write({"dogs.md": "# Office dogs\n\nDogs may come to the office on Fridays.\n"})
    where = {"WEAVIATE_URL": node.url, "WEAVIATE_GRPC_URL": node.grpc_url}

    async def run(*words: str) -> str:
        done = await asyncio.to_thread(docent.process, *words, env=where)
        assert done.returncode == 0, done.stderr
        return done.stdout

    await run("index")
    assert "backup docent-docent_1-" in await run("backup", "backups/monday")
    stores = Stores(node.settings("Docent"), tmp_path)
    await stores.close()
    await run("restore", "--replace", "backups/monday")
    assert "Fridays" in await run("ask", "When may dogs come to the office?")


async def test_weaviate_without_a_place_for_backups(tmp_path: Path) -> None:
    """It is told how to start the server."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH")
    node = Node(tmp_path / "bare")
    await asyncio.to_thread(node.start)
    try:
        stores = Stores(node.settings("T1"), tmp_path)
        store = await begin(await stores.open())
        with pytest.raises(Exception, match=r"no place for backups.*backup-filesystem"):
            await store.back_up(tmp_path)
        await stores.close()
    finally:
        node.kill()
