"""The source that docs/plugins.md shows, run as it stands there, and what it may rely on."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from bot.config.reading.error_messages import ConfigError
from bot.config.sources import SourceSettings
from indexer import plugin
from indexer.sources import open_source, source_types
from indexer.sources.base import Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.support.fakes import FakeStore

GUIDE = Path(__file__).parents[3] / "docs" / "plugins.md"
AT_ONCE = 2


def shown() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return str(code)


class Wiki(ThreadingHTTPServer):
    """A wiki of these pages; `broken` paths answer with that status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pages = {f"page-{n}": f"<h1>Page {n}</h1><p>Text {n}.</p>" for n in range(5)}
        self.broken: dict[str, int] = {}


class _Answer(BaseHTTPRequestHandler):
    server: Wiki

    def do_GET(self) -> None:
        path, _, start = self.path.partition("?from=")
        status, body = 200, ""
        if self.headers["Authorization"] != "Bearer secret":
            status = 401
        elif path in self.server.broken:
            status = self.server.broken[path]
        elif path == "/pages":
            first = int(start or 0)
            names = sorted(self.server.pages)
            listing = {
                "pages": [
                    {
                        "path": name,
                        "version": str(len(self.server.pages[name])),
                        "edited": "2026-01-02T03:04:05+00:00",
                        "author": "Ada",
                        "groups": ["hr"] if name == "page-0" else [],
                        "link": f"https://wiki.example/{name}",
                    }
                    for name in names[first : first + AT_ONCE]
                ],
                "next": f"/pages?from={first + AT_ONCE}" if first + AT_ONCE < len(names) else None,
            }
            body = json.dumps(listing)
        else:
            body = self.server.pages[path.removeprefix("/pages/")]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    server = Wiki()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def example() -> Iterator[type[Source]]:
    module = ModuleType("our_docent_wiki")
    sys.modules[module.__name__] = module
    exec(compile(shown(), str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - this very text is what is tested
    yield module.WikiSource
    del sys.modules[module.__name__]


def opened(kind: type[Source], wiki: Wiki, **fields: str) -> Source:
    given = {"address": f"http://127.0.0.1:{wiki.server_address[1]}", "token": "secret", **fields}
    configured = SourceSettings.model_validate(
        {"name": "wiki", "type": "wiki", "audience": ["staff"], **given}
    )
    return kind(configured, Surroundings(Path()))


def test_length() -> None:
    """A whole source is no longer than 60 lines."""
    assert len(shown().splitlines()) <= 60


@pytest.mark.slow
async def test_sync(example: type[Source], wiki: Wiki) -> None:
    """Its pages are listed over several answers, converted, and kept in step."""
    source = opened(example, wiki)
    store = FakeStore()
    (report,) = await sync_all([source], store, None)
    assert (report.added, report.error, report.failed) == (5, "", ())
    made = store.documents["wiki:page-1"].document
    assert (made.title, made.owners, made.url) == ("Page 1", ("Ada",), "https://wiki.example/page-1")
    assert store.documents["wiki:page-0"].document.audience == {"hr"}
    wiki.pages["page-1"] += "<p>More.</p>"
    del wiki.pages["page-2"]
    (report,) = await sync_all([source], store, None)
    assert (report.changed, report.deleted, report.unchanged) == (1, 1, 3)
    await source.close()


@pytest.mark.slow
async def test_failures(example: type[Source], wiki: Wiki) -> None:
    """A page that fails is named, one that vanished isn't, and half a listing deletes nothing."""
    source = opened(example, wiki)
    store = FakeStore()
    wiki.broken = {"/pages/page-1": 500, "/pages/page-2": 404}
    (report,) = await sync_all([source], store, None)
    assert [(failure.name, failure.reason) for failure in report.failed] == [
        ("page-1", "the wiki answers 500")
    ]
    assert report.added == 3
    wiki.broken = {"/pages": 503}
    (report,) = await sync_all([source], store, None, SyncOptions(confirm_deletes=True))
    assert report.error
    assert len(store.documents) == 3
    await source.close()
    locked_out = opened(example, wiki, token="wrong")  # noqa: S106 - made up
    (report,) = await sync_all([locked_out], store, None)
    assert "can't be listed" in report.error
    await locked_out.close()


def test_entry_point(
    example: type[Source], wiki: Wiki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An installed package's source is found by its name, and its options are checked."""
    folder = tmp_path / "our_docent_wiki-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: our-docent-wiki\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[docent.sources]\nwiki = our_docent_wiki:WikiSource\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "wiki" in source_types()
    given = {"name": "wiki", "type": "wiki", "audience": ["staff"], "address": "http://x"}
    with pytest.raises(ConfigError, match="token"):
        open_source(SourceSettings.model_validate(given), Surroundings(Path()))
    found = open_source(SourceSettings.model_validate({**given, "token": "x"}), Surroundings(Path()))
    assert isinstance(found, example)


def test_what_a_plugin_may_rely_on_is_what_the_page_lists() -> None:
    """Each name of the declared surface stands in its table, and nothing else does; the example imports from nowhere else."""
    (_, table) = GUIDE.read_text().split("| | |\n|---|---|\n")
    listed = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert listed | {"VERSION"} == set(plugin.__all__)
    assert all(hasattr(plugin, name) for name in plugin.__all__)
    assert set(re.findall(r"from (bot|adapters|indexer)\.(\w+)", shown())) == {("indexer", "plugin")}
    assert f"`VERSION` is {plugin.VERSION}" in GUIDE.read_text()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "from indexer.plugin import Source\nclass WikiSource(Source):\n    plugin_api = 2\n",
            "version 2 of the plugin API",
        ),
        ("import nowhere_to_be_found", "can't be loaded: ModuleNotFoundError"),
        ("raise RuntimeError('at import')", "can't be loaded: RuntimeError: at import"),
        ("WikiSource = print", "is no indexer.plugin.Source"),
        ("", "can't be loaded: AttributeError"),
    ],
)
def test_a_plugin_that_does_not_fit_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, said: str
) -> None:
    """With its name and the reason, as any other mistake in docent.yaml; the other sources go on."""
    folder = tmp_path / "broken_wiki-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-wiki\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[docent.sources]\nbroken = broken_wiki:WikiSource\n")
    (tmp_path / "broken_wiki.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("broken_wiki", None)
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        open_source(
            SourceSettings.model_validate({"name": "wiki", "type": "broken", "audience": ["staff"]}),
            Surroundings(Path()),
        )
    assert "broken_wiki:WikiSource" in str(raised.value)
