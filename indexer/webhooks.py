"""Serves `POST /hooks/<source>`: a push to the docs asks for a sync of what it changed."""

import asyncio
import hashlib
import hmac
import json
import logging
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.config.sources import SourceSettings
from bot.ports import BackendError, SyncRequest
from bot.runtime.http_server import Bounded, Bounds
from bot.runtime.http_server import serve as listen

log = logging.getLogger(__name__)

_BOUNDS = Bounds(most=5_000_000, connections=40)
_MOST_PATHS = 500  # more than so many: the whole source is compared instead


def hooks(app: App) -> Starlette:
    """Make the web application: the webhooks, and `/health`. Each source needs a secret of its own (`webhook:`)."""

    async def hook(request: Request) -> Response:
        try:
            return await _asked(app, request)
        except _RefusedCall as refused:
            return PlainTextResponse(refused.text, status_code=refused.status)

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    routes = [Route("/hooks/{source}", hook, methods=["POST"]), Route("/health", health)]
    return Starlette(routes=routes, middleware=[Middleware(Bounded, bounds=_BOUNDS)])


class _RefusedCall(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


async def _asked(app: App, request: Request) -> Response:
    source = app.settings.source(request.path_params["source"])
    body = await _checked(request, source)
    assert source is not None  # noqa: S101 - seen by _checked()
    try:
        wanted = paths(body, source)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _RefusedCall(400, "The body is no push that Docent understands.") from error
    if request.headers.get("x-github-event") == "ping" or wanted is None:
        return PlainTextResponse("Nothing of this source has changed.")
    try:
        wish = SyncRequest(source.name, paths=wanted, asked_by="webhook", anew=True)
        run, _ = await app.runs.request(wish)
    except BackendError as error:
        log.warning("a webhook for %s was lost: %s", source.name, error)
        raise _RefusedCall(503, "The journal is down; send it again.") from error
    return JSONResponse({"run": run.id, "paths": len(wanted)}, status_code=202)


async def _checked(request: Request, source: SourceSettings | None) -> bytes:
    """Read the body of a call that is allowed. Raises _RefusedCall otherwise."""
    if source is None or source.webhook is None:
        raise _RefusedCall(404, "There is no such hook: set webhook: under the source in docent.yaml.")
    body = await request.body()
    if not authentic(source.webhook.get_secret_value(), body, dict(request.headers)):
        log.warning("a webhook for %s was refused: wrong secret or signature", source.name)
        raise _RefusedCall(401, "Wrong secret or signature.")
    return body


async def serve(app: App, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises BackendError if the port can't be opened."""
    settings = app.settings.indexer
    await listen(hooks(app), host=settings.host, port=settings.port or 0, stop=stop, bounds=_BOUNDS)


def authentic(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Tell whether a call knows the secret: by GitHub's signature, GitLab's token, or `Authorization: Bearer`."""
    if not secret.strip():
        return False
    signature = headers.get("x-hub-signature-256")
    if signature is not None:
        made = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.encode(), made.encode())
    given = headers.get("x-gitlab-token") or headers.get("x-docent-secret")
    if given is None:
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
    return hmac.compare_digest(given.encode(), secret.encode())


def paths(body: bytes, source: SourceSettings) -> tuple[str, ...] | None:
    """Find the changed pages; () to compare the whole source, None where nothing of this source changed."""
    data = _json(body)
    if not isinstance(data, dict):
        return ()
    if isinstance(data.get("paths"), list):
        return _narrowed([str(path) for path in data["paths"]], "")
    return _of_push(data, source) if isinstance(data.get("commits"), list) else ()


def _json(body: bytes) -> Any:  # noqa: ANN401 - somebody else's
    """Parse a body as JSON, also within a form, as GitHub sends it by default; None for anything else."""
    for text in (body, parse_qs(body.decode("utf-8", "replace")).get("payload", [""])[0]):
        try:
            return json.loads(text)
        except ValueError:
            continue
    return None


def _of_push(push: dict[str, Any], source: SourceSettings) -> tuple[str, ...] | None:
    """Read a push of GitHub's or GitLab's form. Paths are the repository's, which only a git source can place."""
    if source.type != "git":
        return ()
    commits = [commit for commit in push["commits"] if isinstance(commit, dict)]
    branch = source.options.get("branch")
    if branch and push.get("ref") not in (None, f"refs/heads/{branch}"):
        return None
    changed = [
        str(path)
        for commit in commits
        for kind in ("added", "modified", "removed")
        for path in commit.get(kind) or ()
    ]
    # GitLab leaves out commits past the 20th, GitHub marks a new history as forced.
    partial = push.get("forced") or (push.get("total_commits_count") or 0) > len(commits)
    if partial or not changed:
        return ()
    return _narrowed(changed, str(source.options.get("path") or "")) or None


def _narrowed(changed: list[str], below: str) -> tuple[str, ...]:
    folder = below.removeprefix("./").strip("/")
    prefix = f"{folder}/" if folder else ""
    mine = dict.fromkeys(path.removeprefix(prefix) for path in changed if path.startswith(prefix))
    return tuple(mine) if len(mine) <= _MOST_PATHS else ()
