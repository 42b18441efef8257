"""Stores the index in Weaviate. Importing this imports the vendor's client: do so only where it is chosen.

No other package knows the vendor's types; what a store must do is said by `bot.ports`.
"""

from pathlib import Path

from pydantic import SecretStr

from bot.backends.weaviate.catalog import FRESH_SECONDS, Catalog
from bot.backends.weaviate.schema import Layout
from bot.backends.weaviate.server.access import Access
from bot.backends.weaviate.server.address import Address, Endpoint, parse
from bot.backends.weaviate.server.bundled_server import EmbeddedServer
from bot.backends.weaviate.server.connection import Connection
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.store import WeaviateStore
from bot.backends.weaviate.store_options import GRACE_SECONDS, SETTLED_SECONDS, StoreOptions
from bot.backends.weaviate.tenants import TenantCatalog
from bot.config.models import WeaviateSettings
from bot.ports import Rejected

__all__ = ["WeaviateStore", "open_store"]


def _access(settings: WeaviateSettings) -> Access:
    def told(secret: SecretStr | None) -> str | None:
        return secret.get_secret_value() if secret else None

    return Access(
        api_key=told(settings.api_key),
        client_secret=told(settings.client_secret),
        scope=settings.scope,
        token=told(settings.token),
        refresh_token=told(settings.refresh_token),
        token_seconds=round(settings.token_life),
        headers={name: value.get_secret_value() for name, value in settings.headers.items()},
        ca=settings.ca,
    )


def open_store(
    settings: WeaviateSettings,
    data: Path,
    *,
    fresh: float = FRESH_SECONDS,
    grace: float = GRACE_SECONDS,
    settled: float = SETTLED_SECONDS,
) -> WeaviateStore:
    """Open the store, which connects at the first call. Raises Rejected.

    `data` is where an embedded server keeps its files. Readers notice a swap within `fresh` seconds, so `grace`
    must be longer: see StoreOptions.
    """
    server = None
    if settings.url is not None:
        addresses = parse(settings.url, settings.grpc_url)
    elif settings.embedded is not None:
        own = settings.embedded
        server = EmbeddedServer(
            own.path or data / "weaviate",
            port=own.port,
            grpc_port=own.grpc_port,
            binary=own.binary,
            version=own.version,
        )
        rest, grpc = (Endpoint("127.0.0.1", port, secure=False) for port in (own.port, own.grpc_port))
        addresses = [Address(rest, grpc)]
    else:
        raise Rejected(PART, "no Weaviate is set up.", remedy="Set WEAVIATE_URL, or `weaviate: embedded`.")
    replicated = settings.replication > 1
    connection = Connection(
        addresses,
        access=_access(settings),
        write_seconds=settings.write_deadline,
        server=server,
        replicated=replicated,
    )
    layout = Layout(
        settings.replication,
        settings.quantization,
        settings.shards,
        settings.ef,
        settings.ef_construction,
        settings.max_connections,
    )
    catalog = (
        TenantCatalog(settings.collection, settings.tenant, layout, fresh=fresh)
        if settings.tenant
        else Catalog(settings.collection, layout, fresh=fresh)
    )
    options = StoreOptions(
        consistency=settings.consistency,
        search_seconds=settings.search_deadline,
        write_seconds=settings.write_deadline,
        grace=grace,
        settled=settled,
        writes_at_once=settings.writes_at_once,
        backups=settings.backups,
        replicated=replicated,
    )
    return WeaviateStore(connection, catalog, options)
