"""Imports the vendor's client, in one place: it warns on import, and its log holds documents' text."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Hide the module from imports within."""
    there = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment] # Python's own sign for it
    try:
        yield
    finally:
        del sys.modules[name]
        if there is not None:
            sys.modules[name] = there


# authlib, which the client brings, announces its move from httpx, past all filters. Where httpx2 is there too (other
# SDKs bring it) authlib takes that, and the client doesn't know its own connections with OIDC any more.
with warnings.catch_warnings(record=True), _hidden("httpx2"):
    import grpc  # type: ignore[import-untyped]
    import httpx
    import weaviate
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
    from weaviate import exceptions
    from weaviate.classes import aggregate, config, data, init, query
    from weaviate.classes.backup import BackupStorage
    from weaviate.client import WeaviateAsyncClient
    from weaviate.collections import CollectionAsync
    from weaviate.collections.classes.batch import BatchObjectReturn
    from weaviate.collections.classes.config import CollectionConfig
    from weaviate.collections.classes.filters import _Filters as Condition
    from weaviate.collections.classes.internal import Object
    from weaviate.collections.classes.types import WeaviateField
    from weaviate.embedded import EmbeddedOptions, EmbeddedV4

# What asking for a token may end with.
session_errors = (AuthlibBaseError, httpx.HTTPError, ValueError)

# It logs every object that it could not store, with all its properties.
logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)

__all__ = [
    "AsyncOAuth2Client",
    "BackupStorage",
    "BatchObjectReturn",
    "CollectionAsync",
    "CollectionConfig",
    "Condition",
    "EmbeddedOptions",
    "EmbeddedV4",
    "Object",
    "WeaviateAsyncClient",
    "WeaviateField",
    "aggregate",
    "config",
    "data",
    "exceptions",
    "grpc",
    "init",
    "query",
    "session_errors",
    "weaviate",
]
