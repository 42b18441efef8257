"""Gives a server what it asks of a client: a key or OIDC, headers of a proxy, a certificate's authority."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient, grpc, init
from bot.ports import Rejected


@dataclass(frozen=True, slots=True)
class Access:
    """One of `api_key`, `client_secret` (OIDC's client credentials) and `token`, with what refreshes it.

    `token_seconds` is how long the token lives. `ca` is a PEM file, and counts beside the usual authorities for
    REST and instead of them for gRPC.
    """

    api_key: str | None = None
    client_secret: str | None = None
    scope: str | None = None
    token: str | None = None
    refresh_token: str | None = None
    token_seconds: int = 60
    headers: Mapping[str, str] = field(default_factory=dict)
    ca: Path | None = None

    def credentials(self) -> Any:  # noqa: ANN401 - the vendor's types are private
        if self.api_key:
            return init.Auth.api_key(self.api_key)
        if self.client_secret:
            return init.Auth.client_credentials(self.client_secret, scope=self.scope)
        if self.token:
            return init.Auth.bearer_token(
                self.token, expires_in=self.token_seconds, refresh_token=self.refresh_token
            )
        return None

    def channel_credentials(self) -> Any:  # noqa: ANN401 - grpc has no types
        """Return gRPC's credentials; None for the usual authorities. Raises Rejected."""
        return grpc.ssl_channel_credentials(root_certificates=self._authority()) if self.ca else None

    def trust(self, client: WeaviateAsyncClient) -> None:
        """Make REST and OIDC calls trust the authority: the client has no setting for it. Raises Rejected."""
        if self.ca is None:
            return
        self._authority()
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(cafile=self.ca)
        except ssl.SSLError as error:
            raise self._no_authority() from error

        def mounts(_: object) -> dict[str, httpx.AsyncHTTPTransport]:
            return {"https://": httpx.AsyncHTTPTransport(verify=context)}

        client._connection._make_mounts = mounts  # type: ignore[method-assign, assignment]  # noqa: SLF001

    def _authority(self) -> bytes:
        try:
            return self.ca.read_bytes() if self.ca else b""
        except OSError as error:
            raise self._no_authority() from error

    def _no_authority(self) -> Rejected:
        return Rejected(PART, f"weaviate.ca, {self.ca}, is no PEM file of certificates.")
