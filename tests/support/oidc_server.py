"""A small OIDC provider: signs tokens for one client, as Weaviate checks them."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT, SECRET, USER = "docent", "the-client-secret", "docent-service"


@dataclass
class Provider:
    """`grants` are those that were asked for; a refresh token is good once.

    A token lives `life` seconds; the next `refusals` grants are answered by a 503 page.
    """

    port: int = 0
    life: int = 60
    refusals: int = 0
    grants: list[str] = field(default_factory=list)
    refreshable: set[str] = field(default_factory=set)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2048))

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": USER, "iat": now, "exp": now + self.life}
        signed = ".".join(
            _encoded(json.dumps(each).encode()) for each in ({"alg": "RS256", "kid": "1"}, claims)
        )
        return f"{signed}.{_encoded(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def refresh_token(self) -> str:
        token = f"refresh-{len(self.refreshable)}-{len(self.grants)}"
        self.refreshable.add(token)
        return token

    def answer(self, method: str, path: str, body: str) -> tuple[int, dict[str, Any]]:
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint": f"{self.issuer}/token",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
            }
        if path == "/keys":
            numbers = self._key.public_key().public_numbers()
            key = {"n": _encoded(numbers.n.to_bytes(256, "big")), "e": _encoded(numbers.e.to_bytes(3, "big"))}
            return 200, {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", **key}]}
        if path == "/token" and method == "POST":
            return self._grant({name: values[0] for name, values in parse_qs(body).items()})
        return 404, {}

    def _grant(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        grant = asked.get("grant_type", "")
        self.grants.append(grant)
        if self.refusals:
            self.refusals -= 1
            return 503, {}
        good = grant == "client_credentials" or asked.get("refresh_token") in self.refreshable
        if not good:
            return 400, {"error": "invalid_grant"}
        self.refreshable.discard(asked.get("refresh_token", ""))
        told: dict[str, Any] = {"access_token": self.token(), "token_type": "Bearer", "expires_in": self.life}
        if grant == "refresh_token":
            told["refresh_token"] = self.refresh_token()
        return 200, told


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[Provider]:
    provider = Provider()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0
        )
        body = (await reader.readexactly(length)).decode()
        method, path, _ = head.split(" ", 2)
        status, told = provider.answer(method, path, body)
        text = json.dumps(told).encode()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\nconnection: close\r\n" % status)
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(text), text))
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    provider.port = int(server.sockets[0].getsockname()[1])
    yield provider
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0)
