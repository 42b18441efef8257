"""A site, a wiki and a repository with twenty faults each: all else is indexed, and an admin is told what to do."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.indexer.sources.test_git import Repository
from tests.indexer.sources.test_web import Site
from tests.support.command_line import CommandLine
from tests.support.confluence_server import TOKEN, Confluence, Page
from tests.support.source_server import answered, serving

_FAULTS = 20
_GOOD = 12
# A word of each sentence that says what to do, or what is the case.
_ADVICE = ("exclude", "leave it out", "log says why", "mend", "max_bytes", "source of its own", "script", "list that", "isn't", "can't",
           "raise", "lacks", "shared", "nothing", "understand", "is no", "credentials", "not read", "is empty", "holds no")  # fmt: skip


class FaultySite(Site):
    """Twenty links that lead to no page."""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/docs/fault")
        if name == request.path:
            return await super().answer(request)
        number = int(name)
        statuses = (400, 401, 403, 405, 406, 409, 415, 418, 422, 451, 501, 505)
        if number < len(statuses):
            return web.Response(status=statuses[number])
        if number < 15:
            return web.Response(status=302, headers={"Location": request.path})
        if number == 15:
            return web.Response(body=b"%PDF" + bytes(300_000), content_type="application/pdf")
        if number < 18:
            script = f'<title>{number}</title><div id="root"></div><script src="{number}.js"></script>'
            return web.Response(text=script, content_type="text/html")
        return web.Response(body=b"", content_type="text/html", headers={"ETag": f'"{number}"'})


class FaultyWiki(Confluence):
    """Twenty pages whose entry or whose body isn't right."""

    async def answer(self, request: web.Request) -> web.Response:
        reply = await super().answer(request)
        if reply.content_type != "application/json":
            return reply
        told = json.loads(reply.text or "")
        if "body" in told and int(told["id"]) >= 110:
            return answered({"message": "could not render"}, 400 + int(told["id"]) % 2 * 100)
        for each in told.get("results", []):
            self._spoil(each)
        return answered(told, reply.status)

    def _spoil(self, told: dict[str, Any]) -> None:
        if 100 <= int(told["id"]) < 110:
            told["ancestors"] = None if int(told["id"]) % 2 else [7]


def faulty_repository(folder: Path) -> None:
    made = Repository(folder)
    made.commit({f"good{n}.md": f"# Good {n}\n\nThe lamp of pier {n} is green.\n" for n in range(_GOOD)})
    commit = made.git("rev-parse", "HEAD")
    for number in range(8):
        made.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module{number}")
    made.git("commit", "--quiet", "-m", "modules")
    broken = {f"broken{n}.pdf": b"%PDF-1.7 broken" for n in range(4)}
    broken |= {f"broken{n}.docx": b"PK no archive" for n in range(4)}
    broken |= {f"broken{n}.xlsx": b"PK no archive" for n in range(2)} | {
        f"large{n}.md": b"# Large\n" + b"x" * 300_000 for n in range(2)
    }
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    made.git("add", *broken)
    made.git("commit", "--quiet", "-m", "broken")


@pytest.fixture
def docent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("WIKI_TOKEN", TOKEN)
    faulty_repository(tmp_path / "repo")
    return CommandLine(tmp_path)


@pytest.mark.slow
async def test_all_else_is_indexed(docent: CommandLine) -> None:
    """`docent index` ends with every good page in the index, and with a sentence for each fault."""
    site, wiki = FaultySite(), FaultyWiki(cloud=False)
    good = [f"good{n}" for n in range(_GOOD)]
    site.put("/docs/", "Start", links=(*good, *(f"fault{n}" for n in range(_FAULTS))))
    for name in good:
        site.put(f"/docs/{name}", name, f"The bell of {name} is rung at six.")
    wiki.pages = {
        str(n): Page(f"Good {n}", f"<p>The gate {n} opens at nine.</p>") for n in range(1, _GOOD + 1)
    }
    wiki.pages |= {str(n): Page(f"Faulty {n}") for n in range(100, 100 + _FAULTS)}
    async with serving(site.answer) as pages, serving(wiki.answer) as confluence:
        docent.config.write_text(
            "indexer: {max_bytes: 200000}\n"
            "sources:\n"
            f"  - {{name: site, type: web, site: '{pages.url}/docs/', allow_private: true, audience: [everyone]}}\n"
            f"  - {{name: wiki, type: confluence, site: '{confluence.url}/wiki', cloud: false, spaces: [ENG],"
            ' token: "${WIKI_TOKEN}", audience: [everyone]}\n'
            "  - {name: repo, type: git, repo: ./repo, audience: [everyone]}\n"
        )
        done = await asyncio.to_thread(docent.process, "index", "--json")
        assert "bug" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        reports = {each["source"]: each for each in json.loads(done.stdout)["sources"]}
        assert {name: (each["added"], each["error"]) for name, each in reports.items()} == {
            "site": (_GOOD + 1, ""),
            "wiki": (_GOOD, ""),
            "repo": (_GOOD, ""),
        }
        for name, report in reports.items():
            told = {each["name"]: each["reason"] for each in [*report["failed"], *report["warnings"]]}
            assert (name, len(told)) == (name, _FAULTS)
            assert not [each for each in told.values() if not any(word in each for word in _ADVICE)]
        status = await asyncio.to_thread(docent.process, "status", "--json")
        failing = {each["name"]: len(each["failing"]) for each in json.loads(status.stdout)["sources"]}
        assert failing == {"site": _FAULTS, "wiki": _FAULTS, "repo": 12}
