"""Which workspace something comes from."""

from collections.abc import Mapping
from typing import Any


def workspace_of(body: Mapping[str, Any]) -> str:
    """The workspace of an event, command, button or form: in an organization of several the one that it happened in.

    An app that is installed for a whole organization gets `team: null` with buttons, shortcuts and forms. Where no
    workspace is named, the organization stands for it; "" if neither is.
    """
    user, enterprise = body.get("user"), body.get("enterprise")
    authorized: Mapping[str, Any] = next(iter(body.get("authorizations") or ()), {})
    named = (
        _id(body.get("team")),
        body.get("team_id"),
        body.get("context_team_id"),
        authorized.get("team_id"),
        user.get("team_id") if isinstance(user, Mapping) else "",
        _id(enterprise),
        body.get("enterprise_id"),
    )
    return next((str(one) for one in named if one), "")


def _id(named: object) -> object:
    return named.get("id") if isinstance(named, Mapping) else named
