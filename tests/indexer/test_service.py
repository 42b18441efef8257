"""The indexer as a service: who leads, what it does, what it leaves to the next."""

import asyncio
import hashlib
import hmac
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Progress
from bot.ports import SyncRequest, SyncRun
from indexer.leadership import LEASE
from indexer.service import Indexer, run
from indexer.webhooks import hooks, paths
from tests.support.opened_sources import sources_of
from tests.support.waiting import until

_YAML = """
sources:
  - {name: docs, type: folder, path: ./docs, audience: [everyone], every: 1h, webhook: "${HOOK}"}
  - {name: wiki, type: folder, path: ./wiki, audience: [everyone], every: 1h}
indexer: {lease: 2s, poll: 50ms}
"""


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setenv("HOOK", "s3cret")
    for name in ("docs", "wiki"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# {name}\n\nThe {name} page says hello.\n")
    (tmp_path / "docent.yaml").write_text(_YAML)
    async with open_app(load(tmp_path / "docent.yaml")) as app:
        yield app


@asynccontextmanager
async def indexing(app: App, **how) -> AsyncIterator[Indexer]:
    """An indexer that runs."""
    indexer = Indexer(app, sources_of(app), **how)
    stop = asyncio.Event()
    running = asyncio.create_task(indexer.run(stop))
    try:
        yield indexer
    finally:
        stop.set()
        await running


async def ended(app: App, run: SyncRun) -> SyncRun:
    async def look() -> SyncRun | None:
        now = await app.runs.run(run.id)
        return now if now and now.state in ("done", "failed", "cancelled") else None

    found = await until(look)
    assert isinstance(found, SyncRun)
    return found


async def synced(app: App, count: int) -> bool:
    return len(await app.runs.last_good()) >= count


@pytest.mark.slow
async def test_every_source_is_synced_at_the_start(app: App):
    """An indexer that begins to lead syncs each source once."""
    async with indexing(app):
        await until(lambda: synced(app, 2))
    stats = await app.store.stats()
    assert {name: one.documents for name, one in stats.sources.items()} == {"docs": 1, "wiki": 1}


@pytest.mark.slow
async def test_what_is_asked_for_is_done(app: App):
    """A request in the journal is carried out and its report stands there."""
    async with indexing(app):
        await until(lambda: synced(app, 2))
        (app.settings.folder / "docs" / "b.md").write_text("# B\n\nNew.\n")
        run, _ = await app.runs.request(SyncRequest("docs"))
        done = await ended(app, run)
    assert done.state == "done"
    assert [(r.source, r.added, r.unchanged) for r in done.reports] == [("docs", 1, 1)]


@pytest.mark.slow
async def test_once_syncs_and_returns(app: App):
    """--once does every source and ends."""
    runs = await Indexer(app, sources_of(app)).once()
    assert [run.state for run in runs] == ["done", "done"]


@pytest.mark.slow
async def test_an_unknown_source_fails_with_its_name(app: App):
    """A request for a source that isn't there ends as failed, with a word."""
    async with indexing(app):
        run, _ = await app.runs.request(SyncRequest("nowhere"))
        done = await ended(app, run)
    assert (done.state, done.error) == ("failed", "There is no source nowhere.")


@pytest.mark.slow
async def test_only_one_indexer_leads(app: App):
    """A second indexer does nothing while the first leads, and takes over when it ends."""
    assert await app.leases.acquire(LEASE, "another", seconds=60)
    async with indexing(app):
        run, _ = await app.runs.request(SyncRequest("docs"))
        await asyncio.sleep(0.2)
        now = await app.runs.run(run.id)
        assert now
        assert now.state == "waiting"
        await app.leases.release(LEASE, "another")
        assert (await ended(app, run)).state == "done"


@pytest.mark.slow
async def test_a_killed_indexer_holds_nobody_up(app: App):
    """The next indexer of the same machine leads at once, and goes on with what the killed one was at."""
    named = "from bot.runtime.process import process_identity; print(process_identity.name('indexer'))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", named, stdout=asyncio.subprocess.PIPE
    )
    killed = (await process.communicate())[0].decode().strip()
    assert await app.leases.acquire(LEASE, killed, seconds=3600)
    run, _ = await app.runs.request(SyncRequest("docs"))
    assert await app.runs.take(killed)
    async with indexing(app):
        assert (await ended(app, run)).state == "done"


async def test_a_lost_lease_stops_a_sync_before_its_next_write(app: App):
    """An indexer whose lease another holds writes nothing more, and leaves the run to that one."""
    indexer = Indexer(app, sources_of(app))
    assert await indexer._leadership.renew()
    run, _ = await app.runs.request(SyncRequest("docs"))
    taken = await app.runs.take("me")
    assert taken
    assert taken.id == run.id
    indexer._leadership._until = 0.0
    await indexer._carry_out(taken)
    assert (await app.store.stats()).documents == 0
    now = await app.runs.run(run.id)
    assert now
    assert now.state == "waiting"


@pytest.mark.slow
async def test_a_run_whose_process_died_is_taken_up_again(app: App):
    """A run left half-way by a process that was killed is done by the next indexer."""
    run, _ = await app.runs.request(SyncRequest("docs"))
    await app.runs.take("a process that died")
    await app.runs.report_progress(run.id, Progress("docs", "indexing", 0, 1, 0.1))
    app.runs._lost_after = 0.2
    async with indexing(app):
        assert (await ended(app, run)).state == "done"


@pytest.mark.slow
async def test_cancel_ends_a_waiting_run(app: App):
    """A run that is cancelled before it began never begins."""
    run, _ = await app.runs.request(SyncRequest("docs"))
    await app.runs.cancel(run.id)
    async with indexing(app):
        await until(lambda: synced(app, 2))
    now = await app.runs.run(run.id)
    assert now
    assert now.state == "cancelled"


# --- webhooks -------------------------------------------------------------------------------------


def _push(**more) -> dict[str, object]:
    commits = [{"added": ["docs/new.md"], "modified": ["docs/a.md", "src/x.py"], "removed": []}]
    return {"ref": "refs/heads/main", "commits": commits, **more}


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=hooks(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://hooks") as client:
        yield client


async def test_a_signed_push_asks_for_its_paths(app: App, client: httpx.AsyncClient):
    """A push with GitHub's signature asks for a sync of the changed paths."""
    object.__setattr__(app.settings.sources[0], "type", "git")
    body = json.dumps(_push()).encode()
    made = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    answer = await client.post("/hooks/docs", content=body, headers={"X-Hub-Signature-256": f"sha256={made}"})
    assert answer.status_code == 202
    (run,) = await app.runs.latest()
    assert run.request.paths == ("new.md", "a.md")


async def test_a_push_as_a_form(app: App, client: httpx.AsyncClient):
    """A push in a form, which is what GitHub sends unless told otherwise, asks for its paths too."""
    object.__setattr__(app.settings.sources[0], "type", "git")
    body = urlencode({"payload": json.dumps(_push())}).encode()
    made = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    headers = {
        "X-Hub-Signature-256": f"sha256={made}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert (await client.post("/hooks/docs", content=body, headers=headers)).status_code == 202
    (run,) = await app.runs.latest()
    assert run.request.paths == ("new.md", "a.md")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Gitlab-Token": "wrong"},
        {"X-Hub-Signature-256": "sha256=00"},
        {"Authorization": "Bearer wrong"},
    ],
)
async def test_a_wrong_secret_is_refused(app: App, client: httpx.AsyncClient, headers: dict[str, str]):
    """A hook without the secret does nothing."""
    assert (await client.post("/hooks/docs", json=_push(), headers=headers)).status_code == 401
    assert await app.runs.latest() == []


@pytest.mark.parametrize("headers", [{"X-Gitlab-Token": "s3cret"}, {"Authorization": "Bearer s3cret"}])
async def test_gitlab_and_plain_secrets_are_taken(client: httpx.AsyncClient, headers: dict[str, str]):
    """GitLab's token and a bearer secret open the hook."""
    assert (await client.post("/hooks/docs", json=_push(), headers=headers)).status_code == 202


@pytest.mark.parametrize("name", ["wiki", "nowhere"])
async def test_a_source_without_a_secret_has_no_hook(client: httpx.AsyncClient, name: str):
    """Only a source with a secret of its own has a hook."""
    assert (await client.post(f"/hooks/{name}", json={})).status_code == 404


async def test_what_a_hook_can_not_tell_is_a_whole_sync(app: App, client: httpx.AsyncClient):
    """A body without paths compares the whole source."""
    answer = await client.post("/hooks/docs", content=b"not json", headers={"X-Docent-Secret": "s3cret"})
    assert answer.status_code == 202
    assert (await app.runs.latest())[0].request.paths == ()


def test_a_push_elsewhere_asks_for_nothing(app: App):
    """A push to another branch or outside of the source's folder is no change of it."""
    git = app.settings.sources[0].model_copy(update={"type": "git"})
    assert paths(json.dumps(_push()).encode(), app.settings.sources[0]) == ()
    git.__pydantic_extra__ = {"branch": "main", "path": "docs"}
    assert paths(json.dumps(_push(ref="refs/heads/other")).encode(), git) is None
    assert paths(json.dumps(_push()).encode(), git) == ("new.md", "a.md")
    assert (
        paths(json.dumps({"ref": "refs/heads/main", "commits": [{"modified": ["x"]}]}).encode(), git) is None
    )
    assert paths(json.dumps(_push(forced=True)).encode(), git) == ()


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[None]:
    """The service, as it runs."""
    stop = asyncio.Event()
    running = asyncio.create_task(run(app, stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def rewritten(app: App, text: str) -> None:
    """docent.yaml is changed and taken over."""
    app.settings.path.write_text(text)
    await app.live.look()
    assert await app.live.look()
    assert app.live.problem == ""


@pytest.mark.slow
async def test_sources_come_and_go_while_it_runs(app: App, tmp_path: Path):
    async with serving(app):
        await until(lambda: synced(app, 2))
        (tmp_path / "more").mkdir()
        (tmp_path / "more/b.md").write_text("# More\n\nThere is more.\n")
        await rewritten(app, _YAML.replace("name: wiki", "name: more").replace("./wiki", "./more"))

        async def there() -> bool:
            return set((await app.store.stats()).sources) == {"docs", "more"}

        await until(there)


@pytest.mark.slow
async def test_a_source_that_cannot_be_opened_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOOK", "s3cret")
    for name in ("docs", "wiki"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# {name}\n\nHello.\n")
    (tmp_path / "docent.yaml").write_text(_YAML)
    async with open_app(load(tmp_path / "docent.yaml")) as app:
        await Indexer(app, sources_of(app)).once()
    (tmp_path / "docent.yaml").write_text(_YAML.replace("path: ./wiki", "path: ./wiki, includ: [a]"))
    async with open_app(load(tmp_path / "docent.yaml")) as app, serving(app):
        asked, _ = await app.runs.request(SyncRequest("docs"))
        assert (await ended(app, asked)).state == "done"
        asked, _ = await app.runs.request(SyncRequest("wiki"))
        failed = await ended(app, asked)
        assert failed.error is not None
        assert "did you mean include" in failed.error
        assert set((await app.store.stats()).sources) == {"docs", "wiki"}  # its pages stay


@pytest.mark.slow
async def test_a_taken_port_costs_webhooks_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("HOOK", "s3cret")
    for name in ("docs", "wiki"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# {name}\n\nHello.\n")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (tmp_path / "docent.yaml").write_text(_YAML.replace("poll: 50ms", f"poll: 50ms, port: {port}"))
        async with open_app(load(tmp_path / "docent.yaml")) as app, serving(app):
            await until(lambda: synced(app, 2))
    assert f"webhooks aren't heard: indexer.port (docent.yaml, line 5): port {port}: another" in caplog.text
