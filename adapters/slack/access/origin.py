"""Reads from Slack's JSON which workspace something comes from, and whether a person is a member or an outsider."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SOMEONE: Final = "someone"
_OUTSIDER: Final = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
_ORGANIZATION: Final = "E"  # ids of workspaces begin with T


def workspace_of(body: Mapping[str, Any]) -> str:
    """Return the workspace of an event, command, button or form; in an organization the one where it happened.

    An app that is installed for a whole organization gets `team: null` with buttons, shortcuts and forms, and
    sometimes the organization's id in the place of a workspace's. Where no workspace is named, the organization
    stands for it; "" if neither is.
    """
    user, enterprise, view = body.get("user"), body.get("enterprise"), body.get("view")
    authorized: Mapping[str, Any] = next(iter(body.get("authorizations") or ()), {})
    named = (
        _id(body.get("team")),
        body.get("team_id"),
        body.get("context_team_id"),
        authorized.get("team_id"),
        view.get("team_id") if isinstance(view, Mapping) else "",
        user.get("team_id") if isinstance(user, Mapping) else "",
        _id(enterprise),
        body.get("enterprise_id"),
    )
    known = [str(one) for one in named if one]
    return next((one for one in known if not one.startswith(_ORGANIZATION)), next(iter(known), ""))


def _id(named: object) -> object:
    return named.get("id") if isinstance(named, Mapping) else named


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user. `insider` is False for guests and people of other companies: they see only what names them.

    `workspaces` are those that an insider belongs to.
    """

    id: str
    name: str
    insider: bool
    workspace_admin: bool
    workspaces: frozenset[str] = frozenset()
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """The bot's own workspace and, in an organization of several, the organization.

    `org_wide`: the app is installed for all of it.
    """

    team: str
    enterprise: str = ""
    org_wide: bool = False

    def person(self, user: str, data: dict[str, Any]) -> Person:
        """Return the user whom Slack's JSON describes.

        Slack's own `is_stranger` isn't set for everybody from another company, so it doesn't suffice.
        """
        workspaces = self._ours(data)
        insider = bool(workspaces) and not any(data.get(flag) for flag in _OUTSIDER)
        name = (data.get("profile") or {}).get("real_name") or data.get("real_name") or data.get("name")
        admin = bool(data.get("is_admin") or data.get("is_owner")) and insider
        told, bot = str(name or SOMEONE), bool(data.get("is_bot"))
        return Person(user, told, insider, admin, workspaces if insider else frozenset(), bot)

    def _ours(self, data: dict[str, Any]) -> frozenset[str]:
        """Return the user's workspaces that are known to be in our organization; none for a stranger.

        A user whose organization Slack doesn't name counts only if they are in our own workspace.
        """
        team, member = str(data.get("team_id") or ""), data.get("enterprise_user") or {}
        if self.enterprise and member.get("enterprise_id") == self.enterprise:
            return frozenset(map(str, member.get("teams") or ())) | {team} - {"", self.enterprise}
        return frozenset({team}) if team and team == self.team else frozenset()


def stranger(user: str) -> Person:
    """Return a person of whom nothing is known."""
    return Person(user, SOMEONE, insider=False, workspace_admin=False)
