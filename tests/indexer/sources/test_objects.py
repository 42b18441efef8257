"""An object store as a source: in memory, in a folder, and an S3 over a socket."""

import itertools
import os
import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import fsspec
import pytest
from aiohttp import web
from fsspec.implementations.memory import MemoryFileSystem

from indexer.sources.base import ListingFailed, PageFailed, PageGone, Source
from tests.indexer.sources.test_synced import synced
from tests.support.fakes import FakeStore
from tests.support.pages import put
from tests.support.source_server import Server, Trouble, listed, opened, serving


@pytest.fixture
def memory() -> str:
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    return "memory://docs"


async def test_listing(memory: str, tmp_path: Path) -> None:
    """Every file of a known format below the prefix is listed; globs choose among them."""
    fsspec.filesystem("memory").pipe(
        {"/docs/a.md": b"x", "/docs/b/c.pdf": b"x", "/docs/d.png": b"", "/e.md": b""}
    )
    async with opened(tmp_path, type="objects", bucket=memory) as (source, _):
        found = await listed(source)
    assert set(found) == {"a.md", "b/c.pdf"}
    assert found["a.md"].updated_at is not None
    async with opened(tmp_path, type="objects", bucket=memory, exclude=["b/"]) as (source, _):
        assert set(await listed(source)) == {"a.md"}


async def test_fetch(memory: str, tmp_path: Path) -> None:
    """A file is its bytes; what has vanished is gone; what is too large is refused."""
    system = fsspec.filesystem("memory")
    system.pipe({"/docs/a.md": b"one", "/docs/b.md": b"two", "/docs/c.md": b"x" * 100})
    async with opened(tmp_path, type="objects", bucket=memory, max_bytes=50) as (source, _):
        found = await listed(source)
        assert (await source.fetch(found["a.md"])).data == b"one"
        system.rm("/docs/b.md")
        with pytest.raises(PageGone):
            await source.fetch(found["b.md"])
        with pytest.raises(PageFailed, match="max_bytes"):
            await source.fetch(found["c.md"])


async def test_revision_follows_the_file(tmp_path: Path) -> None:
    """Without an ETag the revision is size and time of change."""
    put(tmp_path / "docs", {"a.md": "one"})
    async with opened(tmp_path, type="objects", bucket=f"file://{tmp_path}/docs") as (source, _):
        before = (await listed(source))["a.md"]
        same = (await listed(source))["a.md"]
        os.utime(tmp_path / "docs" / "a.md", (1_700_000_000, 1_700_000_000))
        after = (await listed(source))["a.md"]
    assert before.revision == same.revision != after.revision


async def test_empty(memory: str, tmp_path: Path) -> None:
    """A store without files, or that isn't there, or of a kind that nobody knows, fails the listing."""
    for bucket in (memory, f"file://{tmp_path}/nowhere", "nosuch://docs"):
        async with opened(tmp_path, type="objects", bucket=bucket) as (source, _):
            with pytest.raises(ListingFailed):
                await listed(source)


@dataclass
class Bucket:
    """ListObjectsV2, HEAD and GET as S3 answers them, a thousand keys a page."""

    objects: dict[str, bytes] = field(default_factory=dict)
    page: int = 1000

    async def answer(self, request: web.Request) -> web.Response:
        key = request.path.removeprefix("/docs").lstrip("/")
        if not key:
            return self._list(request)
        if key not in self.objects:
            body = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
            return web.Response(
                status=404, text="" if request.method == "HEAD" else body, content_type="application/xml"
            )
        headers = {"ETag": f'"{hash(self.objects[key])}"', "Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"}
        return web.Response(body=self.objects[key], headers=headers)

    def _list(self, request: web.Request) -> web.Response:
        assert request.query.get("list-type") == "2", request.path_qs
        prefix = request.query.get("prefix", "")
        keys = [key for key in sorted(self.objects) if key.startswith(prefix)]
        start = int(request.query.get("continuation-token", "0"))
        rest = keys[start + self.page :]
        token = f"<NextContinuationToken>{start + self.page}</NextContinuationToken>" if rest else ""
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size>"
            f"<ETag>&quot;{hash(self.objects[key])}&quot;</ETag>"
            "<LastModified>2026-01-05T10:00:00.000Z</LastModified></Contents>"
            for key in keys[start : start + self.page]
        )
        text = (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>docs</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>{'true' if rest else 'false'}"
            f"</IsTruncated>{token}{contents}</ListBucketResult>"
        )
        return web.Response(text=text, content_type="application/xml")


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
async def server(bucket: Bucket) -> AsyncIterator[Server]:
    async with serving(bucket.answer) as running:
        yield running


def s3(server: Server) -> dict[str, object]:
    client = {
        "config_kwargs": {"retries": {"max_attempts": 1}, "request_checksum_calculation": "when_required"}
    }
    options = {"endpoint_url": server.url, "key": "AK", "secret": "s3-secret", **client}
    return {"type": "objects", "bucket": "s3://docs/hand book", "options": options}


@pytest.mark.slow
async def test_s3(bucket: Bucket, server: Server, tmp_path: Path) -> None:
    """A bucket of 10,000 objects is listed page by page, with ETags, and without reading one."""
    bucket.objects = {f"hand book/{n // 100}/{n}.md": b"%d" % n for n in range(10_000)} | {"other/x.md": b""}
    async with opened(tmp_path, **s3(server)) as (source, _):
        found = await listed(source)
        assert len(found) == 10_000
        assert len(server.asked) == 10
        entry = found["3/321.md"]
        assert (entry.revision, entry.updated_at and entry.updated_at.day) == (str(hash(b"321")), 5)
        assert (await source.fetch(entry)).data == b"321"
        del bucket.objects["hand book/3/321.md"]
        with pytest.raises(PageGone):
            await source.fetch(entry)


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (500, "InternalError"), (401, "Unauthorized")]
)
async def test_no_listing(bucket: Bucket, server: Server, tmp_path: Path, status: int, code: str) -> None:
    """A listing that breaks off on its second page fails as a whole, and says nothing of the keys."""
    bucket.objects = {f"hand book/{n}.md": b"" for n in range(20)}
    bucket.page = 10
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"

    async def answer(request: web.Request) -> web.Response:
        if "continuation-token" in request.query:
            return web.Response(status=status, text=body, content_type="application/xml")
        return await bucket.answer(request)

    server.handler = answer
    async with opened(tmp_path, **s3(server)) as (source, _):
        with pytest.raises(ListingFailed, match="can't be read") as caught:
            await listed(source)
    assert "s3-secret" not in str(caught.value)


async def test_a_web_page_instead(bucket: Bucket, server: Server, tmp_path: Path) -> None:
    """A proxy's web page instead of a listing isn't taken for an empty bucket."""
    bucket.objects = {"hand book/a.md": b""}
    server.trouble.extend([Trouble(200, body="<html>Log in</html>")] * 2)
    async with opened(tmp_path, **s3(server)) as (source, _):
        with pytest.raises(ListingFailed, match="login in between"):
            await listed(source)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "<html>Log in</html>",
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>docs</Name></ListBucketResult>',
        "<ListBucketResult><IsTruncated></IsTruncated></ListBucketResult>",
        "",
    ],
)
async def test_a_web_page_half_way(bucket: Bucket, server: Server, tmp_path: Path, body: str) -> None:
    """What is no listing isn't taken for the end of one: none of the pages after it is deleted."""
    bucket.objects = {f"hand book/{n}.md": b"# Page %d" % n for n in range(9)}
    bucket.page = 8
    store = FakeStore()
    async with opened(tmp_path, **s3(server)) as (source, _):
        assert (await synced(source, store)).added == 9

        async def answer(request: web.Request) -> web.Response:
            if "continuation-token" in request.query:
                return web.Response(text=body, content_type="application/xml")
            return await bucket.answer(request)

        server.handler = answer
        report = await synced(source, store)
        assert (report.deleted, len(store.documents)) == (0, 9)
        assert "can't be read" in report.error


_SPOILT: tuple[object, ...] = (None, 7, -1e300, 1e300, "x", [], {}, True)


class OddStore(MemoryFileSystem):
    """Tells of one object what `spoil` makes of it; of a store that is whole otherwise."""

    protocol = "odd"
    cachable = False
    spoil: Callable[[dict[str, Any]], Any] = staticmethod(lambda told: told)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("odd://")))

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - fsspec's
        found = super().find(path, maxdepth, withdirs, **kwargs)
        first, *rest = sorted(found.items(), key=lambda each: not each[0].endswith("3.md"))
        return dict([*rest, (first[0], type(self).spoil(dict(first[1])))])


@pytest.mark.slow
async def test_odd_entries(memory: str, tmp_path: Path) -> None:
    """Whatever a store tells of one object, the others are indexed, and none is deleted."""
    assert memory
    fsspec.register_implementation("odd", OddStore, clobber=True)
    fsspec.filesystem("memory").pipe({f"/docs/{n}.md": b"# Page %d" % n for n in range(6)})
    store = FakeStore()
    async with opened(tmp_path, type="objects", bucket="odd://docs") as (source, _):
        assert (await synced(source, store)).added == 6
        names = ("size", "type", "created", "ETag", "LastModified", "mtime")
        for name, value in itertools.product(names, _SPOILT):
            OddStore.spoil = staticmethod(lambda told, name=name, value=value: {**told, name: value})
            await unharmed(source, store, f"{name} = {value!r}")
        for value in (None, 7, "x", []):
            OddStore.spoil = staticmethod(lambda _told, value=value: value)
            await unharmed(source, store, f"entry = {value!r}")
        OddStore.spoil = staticmethod(lambda told: told)
        assert (await synced(source, store)).failed == ()


async def unharmed(source: Source, store: FakeStore, what: str) -> None:
    report = await synced(source, store)
    assert (report.error, report.deleted, len(store.documents)) == ("", 0, 6), what
    assert all(each.name == "3.md" and "bug" not in each.reason for each in report.failed), what


@pytest.mark.slow
async def test_odd_answers(
    bucket: Bucket, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """S3's answers cut, without an element, or with another text in one: no page is deleted, and no bug shows."""
    bucket.objects = {f"hand book/{n}.md": b"# Page %d" % n for n in range(7)}
    bucket.page = 3
    chance = random.Random("odder objects")  # noqa: S311 - the same each time
    store, spoiled, number = FakeStore(), -1, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal number
        reply = await bucket.answer(request)
        if reply.content_type != "application/xml" or reply.status != 200:
            return reply
        number += 1
        text = reply.text or ""
        return web.Response(
            text=odd_xml(text, chance) if number == spoiled else text, content_type="application/xml"
        )

    server.handler = answer
    async with opened(tmp_path, **s3(server)) as (source, _):
        assert (await synced(source, store)).added == 7
        for _ in range(60):
            number, spoiled = 0, chance.randrange(1, 4)
            report = await synced(source, store)
            assert (report.deleted, len(store.documents)) == (0, 7), report
            assert "bug" not in report.error, report
        spoiled = -1
        last = await synced(source, store)
        assert (last.error, last.failed, last.unchanged) == ("", (), 7)
    ours = [each for each in caplog.records if each.name.startswith(("indexer", "bot"))]
    assert not [each for each in ours if each.exc_info]


def odd_xml(text: str, chance: random.Random) -> str:
    """An entry's key stays: an object of another name would be another object."""
    if chance.random() < 0.3:
        return text[: chance.randrange(len(text))]
    places = [each for each in re.finditer(r"<(\w+)>([^<]*)</\1>", text) if each[1] != "Key"]
    place = chance.choice(places)
    name = place[1]
    others = ["", f"<{name}></{name}>", f"<{name}>x</{name}>", f"<{name}>7</{name}>"]
    # Another token is another place to go on from: nothing tells that it is not the right one.
    other = chance.choice(others[:2] if name == "NextContinuationToken" else others)
    return text[: place.start()] + other + text[place.end() :]


async def test_slow_down(bucket: Bucket, server: Server, tmp_path: Path) -> None:
    """A store that asks for patience once is asked again by its client."""
    bucket.objects = {"hand book/a.md": b""}
    body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    server.trouble.append(Trouble(503, {"Content-Type": "application/xml"}, body=body))
    async with opened(tmp_path, **s3(server)) as (source, _):
        assert set(await listed(source)) == {"a.md"}


async def test_a_call_for_each_object(bucket: Bucket, server: Server, tmp_path: Path) -> None:
    """An object costs its own call and no question about its size: the listing told that."""
    bucket.objects = {"hand book/a.md": b"one", "hand book/b.md": b"x" * 100}
    async with opened(tmp_path, **s3(server), max_bytes=50) as (source, _):
        found = await listed(source)
        server.asked.clear()
        with pytest.raises(PageFailed, match="max_bytes"):
            await source.fetch(found["b.md"])
        assert server.asked == []
        assert (await source.fetch(found["a.md"])).data == b"one"
        assert [each for each in server.asked if each.startswith("GET")] == ["GET /docs/hand%20book/a.md"]
