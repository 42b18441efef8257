"""Keeps an OIDC session's token fresh, on the event loop that uses the session.

The vendor's client does it from a thread with an event loop of its own, while calls run on ours: both change the
session's pool of connections, the thread ends with an error now and then, and the token with it. It also begins
after the token's whole life, and is never stopped.
"""

import asyncio
import logging
from typing import Final, Protocol

from bot.backends.weaviate.server.sdk_types import AsyncOAuth2Client, WeaviateAsyncClient, session_errors

# Of a token whose life nobody told, in seconds.
LIFE: Final = 60.0
# A token is refreshed when so much of its life has passed, and so many seconds after a refusal.
SHARE: Final = 0.6
AGAIN_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class Session(Protocol):
    """What authlib's `AsyncOAuth2Client` has, which brings no types."""

    token: dict[str, object]
    metadata: dict[str, str]

    async def refresh_token(self, url: str, refresh_token: str) -> object: ...

    async def fetch_token(self, url: str) -> object: ...


def without_thread(client: WeaviateAsyncClient) -> None:
    """Keep the client from starting a thread of its own; to be called before it connects."""
    client._connection._create_background_token_refresh = _no_thread  # type: ignore[method-assign]  # noqa: SLF001


def refreshing(client: WeaviateAsyncClient) -> asyncio.Task[None] | None:
    """Keep the token of a client that has connected fresh, in a task to be cancelled; None where no new one can be had."""
    session = client._connection._client  # noqa: SLF001
    if isinstance(session, AsyncOAuth2Client) and _renewable(session):
        return asyncio.get_running_loop().create_task(_keep_fresh(session))
    return None


def _no_thread(_auth: object = None) -> None:
    """Stand in for what starts the client's thread."""


def _renewable(session: Session) -> bool:
    return "refresh_token" in session.token or session.metadata.get("grant_type") == "client_credentials"


async def _keep_fresh(session: Session) -> None:
    refused = False
    while True:
        await asyncio.sleep(AGAIN_SECONDS if refused else _life(session) * SHARE)
        try:
            await _renew(session)
            refused = False
        except session_errors as error:
            if not refused:
                _log.warning(
                    "Weaviate's OIDC provider gave no new token (%s); asking on", type(error).__name__
                )
            refused = True


async def _renew(session: Session) -> None:
    url, refresh = session.metadata["token_endpoint"], session.token.get("refresh_token")
    if isinstance(refresh, str):
        await session.refresh_token(url, refresh_token=refresh)
    else:
        await session.fetch_token(url)


def _life(session: Session) -> float:
    told = session.token.get("expires_in")
    return max(float(told), 1.0) if isinstance(told, int | float) else LIFE
