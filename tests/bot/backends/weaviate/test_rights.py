"""The rights that docs/weaviate.md names suffice, and each that is missing is told by its name before the first index."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.backends.weaviate.server.sdk_types import init, weaviate
from bot.ports import Store, Unauthorized
from tests.support.store_contract import OTHER, ask, begin, ids, page
from tests.support.weaviate_server import Node, binary
from tests.support.weaviate_stores import Stores

ALL = {
    "collections": {
        "create_collection": True,
        "read_config": True,
        "update_config": True,
        "delete_collection": True,
    },
    "data": {"create": True, "read": True, "update": True, "delete": True},
    "alias": {"create": True, "read": True, "update": True, "delete": True},
    "tenants": {"read": True},
}

# Nobody's collections are changed or deleted, and data is one's own tenant's.
OF_A_TENANT = {
    "collections": {"create_collection": True, "read_config": True},
    "data": ALL["data"],
    "alias": ALL["alias"],
    "tenants": {"create": True, "read": True, "delete": True},
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A server with roles, an admin and a user of Docent's."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start one with roles")
    node = Node(
        tmp_path_factory.mktemp("rights"),
        environment={
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": "admins-key,docents-key",
            "AUTHENTICATION_APIKEY_USERS": "admin,docent",
            "AUTHORIZATION_RBAC_ENABLED": "true",
            "AUTHORIZATION_RBAC_ROOT_USERS": "admin",
        },
    ).start()
    yield node
    node.kill()


@contextmanager
def rights(node: Node, *without: str, tenant: str = "", collection: str = "Docent") -> Iterator[None]:
    """The user has those of docs/weaviate.md, but for these; those on aliases are on this tenant's alone."""

    def kept(kind: str) -> dict[str, bool]:
        every = OF_A_TENANT if tenant else ALL
        return {name: True for name in every[kind] if f"{kind}.{name}" not in without}

    alias = f"{collection}_of_{tenant}*" if tenant else "Docent*"

    given: list[Any] = [
        weaviate.classes.rbac.Permissions.collections(collection="Docent*", **kept("collections")),
        weaviate.classes.rbac.Permissions.data(collection="Docent*", tenant=tenant or "*", **kept("data")),
        weaviate.classes.rbac.Permissions.alias(alias=alias, collection="Docent*", **kept("alias")),
        weaviate.classes.rbac.Permissions.tenants(
            collection="Docent*", tenant=tenant or "*", **kept("tenants")
        ),
    ]
    with weaviate.connect_to_local(
        "127.0.0.1",
        port=node.ports[0],
        grpc_port=node.ports[1],
        auth_credentials=init.Auth.api_key("admins-key"),
        skip_init_checks=True,
    ) as admin:
        admin.roles.create(role_name="docent", permissions=[each for each in given if each])
        admin.users.db.assign_roles(user_id="docent", role_names="docent")
        try:
            yield
        finally:
            admin.users.db.revoke_roles(user_id="docent", role_names="docent")
            admin.roles.delete("docent")


async def made_anew(store: Store) -> None:
    """An index with one page, and another one in its place."""
    await begin(store)
    await store.replace([page("wiki:a.md", "office hours")])
    assert await store.revisions("wiki") == {"wiki:a.md": "1"}
    beside = await store.rebuild(OTHER)
    await beside.replace([page("wiki:a.md", "office hours")])
    await beside.settle()
    await store.swap(OTHER)


async def test_these_rights_suffice(node: Node, tmp_path: Path) -> None:
    """With README's rights an index is made, asked, built anew beside itself and swapped."""
    with rights(node):
        stores = Stores(node.settings(api_key="docents-key"), tmp_path)
        store = await stores.open()
        await store.check()
        await made_anew(store)
        assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
        await store.delete(["wiki:a.md"])
        await store.check()
        assert await store.advice() == []
        await stores.close()


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        ("collections.create_collection", "create_collections"),
        ("collections.read_config", "read_collections"),
        ("collections.update_config", "update_collections"),
        ("collections.delete_collection", "delete_collections"),
        ("data.create", "create_data"),
        ("data.read", "read_data"),
        ("data.update", "update_data"),
        ("data.delete", "delete_data"),
        ("alias.create", "create_aliases"),
        ("alias.read", "read_aliases"),
        ("alias.update", "update_aliases"),
        ("alias.delete", "delete_aliases"),
        ("tenants.read", "read_tenants"),
    ],
)
async def test_a_missing_right_is_named(node: Node, tmp_path: Path, missing: str, name: str) -> None:
    """Before the first index each right is tried, and the one that is missing is told."""
    with rights(node, missing):
        stores = Stores(node.settings(api_key="docents-key"), tmp_path)
        store = await stores.open()
        with pytest.raises(Unauthorized, match=rf"lacks a right: {name}\b"):
            await store.check()
        await stores.close(drop=False)


async def test_these_rights_suffice_a_tenant(node: Node, tmp_path: Path) -> None:
    """So does less for a tenant, and another tenant's aliases and tenants stay out of its reach."""
    with rights(node, tenant="sales"):
        stores = Stores(node.settings(api_key="docents-key", tenant="sales"), tmp_path)
        store = await stores.open()
        await store.check()
        await made_anew(store)
        await store.outdate()
        assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
        await store.check()
        other = await stores.open(at=node.settings(api_key="docents-key", tenant="legal"))
        with pytest.raises(Unauthorized, match="lacks a right"):
            await other.check()
        await stores.close(drop=False)


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        ("collections.create_collection", "create_collections"),
        ("collections.read_config", "read_collections"),
        ("data.create", "create_data"),
        ("data.read", "read_data"),
        ("data.update", "update_data"),
        ("data.delete", "delete_data"),
        ("alias.create", "create_aliases"),
        ("alias.read", "read_aliases"),
        ("alias.update", "update_aliases"),
        ("alias.delete", "delete_aliases"),
        ("tenants.create", "create_tenants"),
        ("tenants.read", "read_tenants"),
        ("tenants.delete", "delete_tenants"),
    ],
)
async def test_a_tenants_missing_right_is_named(node: Node, tmp_path: Path, missing: str, name: str) -> None:
    """So it is with a tenant's."""
    collection = f"Docent{uuid4().hex[:8]}"  # what a trial leaves behind is nobody's yet
    with rights(node, missing, tenant="hr", collection=collection):
        stores = Stores(node.settings(collection, api_key="docents-key", tenant="hr"), tmp_path)
        store = await stores.open()
        with pytest.raises(Unauthorized, match=rf"lacks a right: {name}\b"):
            await store.check()
        await stores.close(drop=False)
