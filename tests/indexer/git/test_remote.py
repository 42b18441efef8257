"""A git repository that wants a password: who gets to know it."""

import base64
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from indexer.git.remote import Remote
from indexer.sources.base import ListingFailed
from tests.indexer.sources.test_git import Repository, listed, source
from tests.support.source_server import serving

_TOKEN = "glpat-s3cr3t&more"  # noqa: S105 - of a server of our own
_IN_ADDRESS = "glpat-s3cr3t%26more"
_WANTED = "Basic " + base64.b64encode(f"docs:{_TOKEN}".encode()).decode()


@dataclass
class GitServer:
    """A repository by HTTP, for those with the password. `seen` is what ran meanwhile, with its environment."""

    folder: Path
    address: str = ""
    leads_to: str = ""
    shown: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.shown.append(request.headers.get("Authorization", ""))
        self.seen.append(_running())
        if self.leads_to:
            raise web.HTTPFound(f"{self.leads_to}{request.path_qs}")
        if self.shown[-1] != _WANTED:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="docs"'})
        path = self.folder / request.path.removeprefix("/docs.git/")
        return web.Response(body=path.read_bytes()) if path.is_file() else web.Response(status=404)


def _running() -> str:
    """Command lines and environments of all processes but this one."""
    told = subprocess.run(["ps", "axeww", "-o", "pid,args"], capture_output=True, text=True, check=True)
    return told.stdout


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitServer]:
    """A bare repository, as git serves it without a program on its side."""
    repository = Repository(tmp_path / "repo")
    repository.commit({"docs/a.md": "one"})
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository.path), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "update-server-info"], check=True)
    made = GitServer(bare)
    async with serving(made.handle) as running:
        made.address = running.url
        yield made


def _with_token(address: str) -> str:
    return address.replace("http://", f"http://docs:{_IN_ADDRESS}@") + "/docs.git"


def _written(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


async def test_a_token_is_told_to_git_alone(server: GitServer, tmp_path: Path) -> None:
    """A repository's password works, and is in no command line, no environment and no file."""
    one = source(_with_token(server.address), tmp_path / "data")
    for _ in range(2):  # a clone, then what is new
        assert list(await listed(one)) == ["a.md"]
    await one.close()
    assert _WANTED in server.shown
    assert any("git-remote-http" in processes for processes in server.seen)
    for secret in (_TOKEN, _IN_ADDRESS):
        assert all(secret not in processes for processes in server.seen)
        assert secret not in _written(tmp_path / "data")


async def test_a_clone_of_before_forgets_its_token(server: GitServer, tmp_path: Path) -> None:
    """A clone that was made with the password in its configuration goes on without it."""
    one = source(_with_token(server.address), tmp_path / "data")
    await listed(one)
    (clone,) = (tmp_path / "data" / "git").glob("*/")
    subprocess.run(
        ["git", "-C", str(clone), "config", "remote.origin.url", _with_token(server.address)], check=True
    )
    clone.rename(one._named_before)
    assert _IN_ADDRESS in _written(tmp_path / "data")
    await listed(one)
    await one.close()
    assert _IN_ADDRESS not in _written(tmp_path / "data")


async def test_a_token_does_not_follow_a_redirect(server: GitServer, tmp_path: Path) -> None:
    """Where the server sends git to another one, that gets no password."""
    other = GitServer(server.folder)
    async with serving(other.handle) as running:
        server.leads_to = running.url
        one = source(_with_token(server.address), tmp_path / "data")
        with pytest.raises(ListingFailed) as failed:
            await listed(one)
        await one.close()
    assert other.shown
    assert set(other.shown) == {""}
    assert _TOKEN not in str(failed.value)


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("https://u:p@git.example.com/docs.git", Remote("https://git.example.com/docs.git", "u", "p")),
        ("https://t0ken@git.example.com:8443/d", Remote("https://git.example.com:8443/d", "t0ken", "")),
        ("https://u:p@ss@git.example.com/d", Remote("https://git.example.com/d", "u", "p@ss")),
        ("https://u:%2541%0Aprotocol=x@h/d", Remote("https://h/d", "u", "%41protocol=x")),
        ("https://git.example.com/docs.git", Remote("https://git.example.com/docs.git")),
        ("git@git.example.com:docs.git", Remote("git@git.example.com:docs.git")),
        ("ssh://git@git.example.com/docs.git", Remote("ssh://git@git.example.com/docs.git")),
        ("/srv/docs.bundle", Remote("/srv/docs.bundle")),
    ],
)
def test_an_address_is_taken_apart(address: str, remote: Remote) -> None:
    """User and password of a web address are taken out of it; other addresses stay as they are."""
    assert Remote.of(address) == remote
    assert "p@ss" not in repr(Remote.of(address))
