"""Who and what is in a small Discord: two servers, their channels, people and messages, as Discord's JSON."""

import itertools
import re
import time
from datetime import UTC, datetime
from typing import Any

BOT, ALICE, BOB, MOD, MALLORY = (f"100000000000000000{number}" for number in range(1, 6))
_NAMES = {BOT: "docsbot", ALICE: "alice", BOB: "bob", MOD: "mod", MALLORY: "mallory"}

# Of two shards each server has its own: what counts is bit 22.
GUILD, SECOND = "2000000000000000000", "2000000000004194304"
GENERAL, HELP, FORUM, ELSEWHERE = (f"500000000000000000{number}" for number in range(1, 5))
# A server of strangers, which has the bot only where a test says so, with a channel and a forum.
STRANGE, THEIRS, THEIR_FORUM = "2000000000008388608", "5000000000000000005", "5000000000000000006"
BOTS_ROLE, LEADS, TAG = "4000000000000000001", "4000000000000000002", "6000000000000000001"
TEXT, DM, VOICE, PUBLIC, PRIVATE, STAGE, POSTS = 0, 1, 2, 11, 12, 13, 15  # kinds of channels
# Where people talk, with a text chat beside it; a server that has nothing of the bot's.
LOUNGE, PODIUM, ABROAD = "5000000000000000007", "5000000000000000008", "2000000000012582912"

EPHEMERAL, LOADING = 1 << 6, 1 << 7
MANAGE_GUILD, MANAGE_THREADS = 1 << 5, 1 << 34
_EVERYBODY = (1 << 6) | (1 << 10) | (1 << 11) | (1 << 14) | (1 << 16) | (1 << 35) | (1 << 38)
_HISTORY = 1 << 16
_FIRST_MOMENT = 1420070400000  # Discord's, in milliseconds


class Message(dict[str, Any]):
    """What everybody sees, or (`user`) one person alone."""

    @property
    def text(self) -> str:
        return str(self.get("content") or "")

    @property
    def sources(self) -> str:
        return "\n".join(embed.get("description") or "" for embed in self.get("embeds") or ())

    @property
    def buttons(self) -> dict[str, str]:
        """Their labels, and the ids that their presses carry."""
        rows = self.get("components") or ()
        return {one["label"]: one["custom_id"] for row in rows for one in row["components"]}

    @property
    def whole(self) -> str:
        return f"{self.text}\n{self.sources}"


class World:
    """`said` is what the bot wrote for everybody, `whispered` for one person; by message."""

    def __init__(self) -> None:
        self.said: dict[str, Message] = {}
        self.whispered: dict[str, Message] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.members: dict[str, dict[str, set[str]]] = {
            GUILD: {BOT: {BOTS_ROLE}, ALICE: set(), BOB: set(), MOD: {LEADS}},
            SECOND: {BOT: set(), ALICE: set()},
        }
        self.role_names = {LEADS: "leads"}
        self.unread: set[str] = set()  # people who may not read what was said before
        self.closed: set[str] = set()  # people who take no direct messages from bots
        self.managers = {(GUILD, MOD)}  # who has Manage Server where
        self.channels: dict[str, dict[str, Any]] = {}
        for channel, guild, kind in (
            (GENERAL, GUILD, TEXT),
            (HELP, GUILD, TEXT),
            (FORUM, GUILD, POSTS),
            (ELSEWHERE, SECOND, TEXT),
            (LOUNGE, GUILD, VOICE),
            (PODIUM, GUILD, STAGE),
        ):
            self._of_server(channel, kind, guild)
        self.channels[FORUM]["available_tags"] = [
            {"id": TAG, "name": "answered by docs", "moderated": False, "emoji_id": None, "emoji_name": None}
        ]
        self._numbers = itertools.count(1)

    def add_strangers(self) -> None:
        """The bot is in a server that isn't ours as well: Mallory manages it, Alice and the moderator are in it."""
        self.members[STRANGE] = {BOT: set(), MALLORY: set(), ALICE: set(), MOD: set()}
        self.managers.add((STRANGE, MALLORY))
        self._of_server(THEIRS, TEXT, STRANGE)
        self._of_server(THEIR_FORUM, POSTS, STRANGE)
        self.channels[THEIR_FORUM]["available_tags"] = []

    def snowflake(self) -> str:
        return str(((int(time.time() * 1000) - _FIRST_MOMENT) << 22) | (next(self._numbers) & 0xFFF))

    def user(self, number: str) -> dict[str, Any]:
        name = _NAMES.get(number, "somebody")
        return {"id": number, "username": name, "discriminator": "0", "avatar": None, "bot": number == BOT}

    def member(self, guild: str, user: str) -> dict[str, Any]:
        roles = self.members[guild][user]
        granted = MANAGE_GUILD | _EVERYBODY if (guild, user) in self.managers else _EVERYBODY
        granted &= ~_HISTORY if user in self.unread else ~0
        return {
            "user": self.user(user), "roles": sorted(roles), "joined_at": _now(), "flags": 0,
            "deaf": False, "mute": False, "permissions": str(granted),
        }  # fmt: skip

    def guild(self, number: str) -> dict[str, Any]:
        roles = [
            {
                "id": role, "name": name, "permissions": str(granted), "position": position, "color": 0,
                "hoist": False, "managed": role == BOTS_ROLE, "mentionable": False,
                **({"tags": {"bot_id": BOT}} if role == BOTS_ROLE else {}),
            }
            for position, (role, name, granted) in enumerate(
                ((number, "@everyone", _EVERYBODY), (BOTS_ROLE, "docsbot", MANAGE_THREADS), (LEADS, self.role_names[LEADS], 0))
            )
        ]  # fmt: skip
        mine = [one for one in self.channels.values() if one.get("guild_id") == number]
        return {
            "id": number, "name": f"server {number[-2:]}", "owner_id": MOD, "roles": roles, "emojis": [],
            "member_count": len(self.members[number]), "members": [self.member(number, BOT)],
            "channels": [one for one in mine if "parent_id" not in one],
            "threads": [one for one in mine if "parent_id" in one],
        }  # fmt: skip

    # --- channels and threads ---------------------------------------------------------------------

    def _of_server(self, number: str, kind: int, guild: str) -> None:
        self._channel(
            number, kind, guild_id=guild, name=f"c{number[-1]}", position=0, permission_overwrites=[],
            **({"bitrate": 64000, "user_limit": 0, "rtc_region": None} if kind in (VOICE, STAGE) else {}),
        )  # fmt: skip

    def _channel(self, number: str, kind: int, **more: Any) -> dict[str, Any]:
        self.channels[number] = {"id": number, "type": kind, **more}
        return self.channels[number]

    def dm(self, user: str) -> dict[str, Any]:
        for one in self.channels.values():
            if one["type"] == DM and one["recipients"][0]["id"] == user:
                return one
        return self._channel(self.snowflake(), DM, recipients=[self.user(user)])

    def thread(
        self, parent: str, owner: str, name: str, *, number: str = "", kind: int = PUBLIC, people: tuple[str, ...] = ()
    ) -> dict[str, Any]:  # fmt: skip
        meta = {
            "archived": False,
            "locked": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": _now(),
        }
        return self._channel(
            number or self.snowflake(), kind, guild_id=self.channels[parent]["guild_id"], parent_id=parent,
            owner_id=owner, name=name, thread_metadata=meta, message_count=0, member_count=1, applied_tags=[],
            people=list(people) or [owner],
        )  # fmt: skip

    # --- messages ---------------------------------------------------------------------------------

    def write(self, channel: str, by: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A message, as Discord keeps it."""
        text = body.get("content") or ""
        mentioned = [one for one in dict.fromkeys(re.findall(r"<@!?(\d+)>", text)) if one in _NAMES]
        made = {
            "id": self.snowflake(), "channel_id": channel, "author": self.user(by), "content": text,
            "timestamp": _now(), "edited_timestamp": None, "tts": False, "mention_everyone": False,
            "mentions": [self.user(one) for one in mentioned],
            "mention_roles": re.findall(r"<@&(\d+)>", text), "attachments": [], "pinned": False, "type": 0,
            "embeds": body.get("embeds") or [], "components": body.get("components") or [],
            "flags": body.get("flags") or 0, "nonce": body.get("nonce"),
        }  # fmt: skip
        about = (body.get("message_reference") or {}).get("message_id")
        if about is not None:
            made["message_reference"] = {"message_id": str(about), "channel_id": channel}
            made["referenced_message"] = self.messages.get(str(about))
            made["type"] = 19
        made.update(more)
        return made

    def in_channel(self, channel: str) -> list[dict[str, Any]]:
        return [one for one in self.messages.values() if one["channel_id"] == channel]


def _now() -> str:
    return datetime.now(UTC).isoformat()
