"""What a page links or redirects to doesn't reach into one's own network."""

from pathlib import Path

import pytest
from aiohttp import web

from indexer.sources.base import PageFailed
from indexer.sources.http.ssrf_guard import is_private
from tests.support.source_server import listed, opened, serving

# One of each block that the IANA registries or `ipaddress` name, and of each way to write an IPv4 address in IPv6.
PRIVATE = """
0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1
192.168.0.1 192.175.48.1 198.18.0.1 198.19.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
168.63.129.16 :: ::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::a00:1 64:ff9b::7f00:1
64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:a00:1::1 2001:1::1 2001:1::2 2001:1::3 2001:2::1 2001:3::1
2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:db8::1 2002:a00:1::1 2002:7f00:1::1 2620:4f:8000::1 3fff::1 5f00::1
fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2606:4700::5efe:10.0.0.1
""".split()  # noqa: SIM905 - a list of sixty words reads worse


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    """An address of a block with a purpose of its own is private, however it is written."""
    assert is_private(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
     "64:ff9b::808:808", "2002:808:808::1"],
)  # fmt: skip
def test_public(address: str) -> None:
    """Addresses of the internet are not."""
    assert not is_private(address)


@pytest.mark.slow
async def test_allow_private_opens_one_site(tmp_path: Path) -> None:
    """A site of one's own network may be read; what it redirects to beside itself may not."""
    hidden = "<h1>Secret</h1><p>The password of the database is swordfish.</p>"

    async def inside(_: web.Request) -> web.Response:
        return web.Response(text=hidden, content_type="text/html")

    async with serving(inside) as other:

        async def answer(request: web.Request) -> web.Response:
            if request.path == "/away":
                return web.Response(status=302, headers={"Location": f"{other.url}/"})
            text = '<h1>Start</h1><p>Text of the start page.</p><a href="/away">Away</a>'
            return web.Response(text=text, content_type="text/html")

        async def sitemap(request: web.Request) -> web.Response:
            if request.path != "/sitemap.xml":
                return await answer(request)
            pages = "".join(
                f"<url><loc>{site.url}{path}</loc><lastmod>2026-01-01</lastmod></url>"
                for path in ("/", "/away")
            )
            return web.Response(
                text=f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>'
            )

        async with serving(sitemap) as site:
            given = {
                "type": "web",
                "site": f"{site.url}/",
                "sitemap": f"{site.url}/sitemap.xml",
                "allow_private": True,
            }
            async with opened(tmp_path, **given) as (source, _):
                entries = await listed(source)
                assert (await source.fetch(entries["index"])).data
                with pytest.raises(PageFailed, match="private"):
                    await source.fetch(entries["away"])
        assert other.asked == []
