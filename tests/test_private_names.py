"""Private names of libraries that we use: each is listed here, is still what we take it for, and has an upper pin."""

import ast
import inspect
import io
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import discord
import httpcore
import httpx
import openpyxl
import pptx
import pytest
import weaviate
from aiohttp import web
from discord.gateway import DiscordWebSocket
from lxml import etree
from packaging.requirements import Requirement
from weaviate.classes.query import Filter
from weaviate.collections.classes.filters import _Filters
from weaviate.connect.v4 import ConnectionAsync

ROOT = Path(__file__).parents[1]
OURS = ("bot", "adapters", "indexer")


@dataclass(frozen=True)
class Private:
    """A private name of the distribution `of`, the files that use it, and what gives its value from the library itself."""

    of: str
    name: str
    used_in: tuple[str, ...]
    still_there: Callable[[], bool]


def _sheet_path() -> bool:
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    book = openpyxl.load_workbook(file, read_only=True)
    try:
        return book.worksheets[0]._worksheet_path == "xl/worksheets/sheet1.xml"
    finally:
        book.close()


def _parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


LISTED = (
    Private(
        "aiohttp",
        "_response",
        ("adapters/discord/connection/gateway_patches.py", "adapters/slack/connection/socket_mode.py"),
        lambda: "self._response = response" in inspect.getsource(aiohttp.ClientWebSocketResponse.__init__),
    ),
    Private(
        "discord.py",
        "_connection",
        ("adapters/discord/client.py", "adapters/discord/connection/gateway_patches.py"),
        lambda: (
            callable(discord.Client(intents=discord.Intents.none())._connection.parsers["MESSAGE_CREATE"])
            and "ws._connection = client._connection" in inspect.getsource(DiscordWebSocket.from_client)
        ),
    ),
    Private(
        "httpx",
        "_pool",
        ("indexer/sources/http/ssrf_guard.py",),
        lambda: isinstance(httpx.AsyncHTTPTransport()._pool, httpcore.AsyncConnectionPool),
    ),
    Private(
        "lxml",
        "_Element",
        ("indexer/converters/office/package.py", "indexer/sources/web/main_text.py"),
        lambda: isinstance(etree.fromstring("<a/>"), etree._Element),
    ),
    Private("openpyxl", "_worksheet_path", ("indexer/converters/office/excel.py",), _sheet_path),
    Private(
        "python-pptx",
        "_sldIdLst",
        ("indexer/converters/office/slides.py",),
        lambda: len(pptx.Presentation().slides._sldIdLst) == 0,
    ),
    Private(
        "weaviate-client",
        "_Filters",
        ("bot/backends/weaviate/server/sdk_types.py",),
        lambda: isinstance(Filter.by_property("a").equal("b") & Filter.by_property("c").equal("d"), _Filters),
    ),
    Private(
        "weaviate-client",
        "_connection",
        (
            "bot/backends/weaviate/server/access.py",
            "bot/backends/weaviate/server/failover.py",
            "bot/backends/weaviate/server/token_refresh.py",
        ),
        lambda: (
            isinstance(connection := weaviate.use_async_with_local()._connection, ConnectionAsync)
            and connection.url == "http://localhost:8080"
        ),
    ),
    Private(
        "weaviate-client",
        "_make_mounts",
        ("bot/backends/weaviate/server/access.py",),
        lambda: (
            _parameters(ConnectionAsync._make_mounts) == ["self", "colour"]
            and "_make_mounts(" in inspect.getsource(ConnectionAsync._make_client)
        ),
    ),
    Private(
        "weaviate-client",
        "_create_background_token_refresh",
        ("bot/backends/weaviate/server/token_refresh.py",),
        lambda: _parameters(ConnectionAsync._create_background_token_refresh) == ["self", "_auth"],
    ),
    Private(
        "weaviate-client",
        "_client",
        ("bot/backends/weaviate/server/token_refresh.py",),
        lambda: "_client" in vars(weaviate.use_async_with_local()._connection),
    ),
)

# Our own objects' private names, used by the module that makes these objects; `_replace` is documented, of namedtuple.
FRIENDS = {
    ("bot/backends/weaviate/store.py", "_owner"),
    ("bot/config/loader.py", "_env_file"),
    ("bot/config/loader.py", "_given"),
    ("bot/config/loader.py", "_marks"),
    ("bot/config/loader.py", "_names"),
    ("bot/config/loader.py", "_origin"),
    ("indexer/git/remote.py", "_replace"),
}


@pytest.mark.parametrize("private", LISTED, ids=lambda one: f"{one.of} {one.name}")
def test_a_private_name_is_still_what_we_take_it_for(private: Private) -> None:
    """A version of the library in which it is gone or means something else fails here, not at a customer's."""
    assert private.still_there()


async def test_aiohttps_private_response_closes_the_socket_at_once() -> None:
    """It is the response whose `close` cuts the line without waiting for the other side."""

    async def served(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/", served)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            assert isinstance(socket._response, aiohttp.ClientResponse)
            socket._response.close()
            assert socket._response.connection is None
    finally:
        await runner.cleanup()


def test_each_listed_library_has_an_upper_pin() -> None:
    """A private name may change in any version, so that none is installed before somebody has looked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for each in project["optional-dependencies"].values() for one in each),
    ]
    pinned = {
        requirement.name
        for requirement in map(Requirement, wanted)
        if any(each.operator in ("<", "<=", "==", "~=") for each in requirement.specifier)
    }
    assert {each.of for each in LISTED} - pinned == set()


@pytest.mark.slow
def test_no_other_private_name_of_a_library_is_used() -> None:
    """Who needs another one lists it, with what would notice its change."""
    listed = {(path, each.name) for each in LISTED for path in each.used_in}
    assert set(_used()) == listed | FRIENDS


def test_what_stands_in_a_source_is_seen() -> None:
    """Attributes, imports, names in strings and what a library's subclass takes from its base are found."""
    found = _in_file(
        ast.parse(
            "import a._b\n"
            "from c._d import e\n"
            "from f import _g\n"
            "x._h.i()\n"
            "setattr(x, '_j', 1)\n"
            "class K(L):\n"
            "    def _m(self): self._n = self._o + self._m() + super()._p\n"
        ),
        {"K": ({"L"}, {"_m", "_n"})},
    )
    assert set(found) == {"_b", "_d", "_g", "_h", "_j", "_o", "_p"}


def _used() -> Iterator[tuple[str, str]]:
    trees = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for top in OURS
        for path in (ROOT / top).rglob("*.py")
    }
    classes: dict[str, tuple[set[str], set[str]]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases, own = classes.setdefault(node.name, (set(), set()))
                bases |= {name for base in node.bases for name in _names(base)}
                own |= set(_defined(node))
    for path, tree in trees.items():
        yield from ((path, name) for name in _in_file(tree, classes))


def _in_file(tree: ast.Module, classes: dict[str, tuple[set[str], set[str]]]) -> Iterator[str]:
    """The private names that a module uses of what isn't its own `self`, or that no class of ours gives that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (part for name in node.names for part in name.name.split(".") if _is_private(part))
        elif isinstance(node, ast.ImportFrom):
            parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
            yield from filter(_is_private, parts)
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and not _is_self(node.value):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("getattr", "setattr", "hasattr", "delattr") and len(node.args) > 1:
                name = node.args[1]
                if isinstance(name, ast.Constant) and _is_private(str(name.value)):
                    yield str(name.value)
        elif isinstance(node, ast.ClassDef):
            given = _given(node.name, classes)
            yield from (
                inner.attr
                for inner in ast.walk(node)
                if isinstance(inner, ast.Attribute)
                and _is_self(inner.value)
                and _is_private(inner.attr)
                and inner.attr not in given
            )


def _given(name: str, classes: dict[str, tuple[set[str], set[str]]]) -> set[str]:
    bases, own = classes.get(name, (set(), set()))
    return own.union(*(_given(base, classes) for base in bases - {name}))


def _defined(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner.name
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and _is_self(inner.value):
            yield inner.attr
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _names(base: ast.expr) -> Iterator[str]:
    yield from (inner.id for inner in ast.walk(base) if isinstance(inner, ast.Name))


def _is_self(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
