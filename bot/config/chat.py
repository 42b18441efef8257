"""Settings of Slack and Discord: tokens, places, people with rights, and the manner of answering."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bot.config.base import Id, Identifiers, Seconds, Secret, Section
from bot.limits import ANSWER, ANSWER_CHARACTERS, RETRIEVAL

# ":question:" as well as "question".
Emoji = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(lambda name: name.strip(": "))]


class PlaceSettings(Section):
    """A channel. `audience` None is the default audience.

    `unasked` answers questions without a mention where the evidence is strong. `followups` answers further messages
    in threads that the bot is in; None, the default: in its own threads. `enabled` False is silence. `answers:
    private` shows an answer to its asker alone, who may share it. `allow_bots` are ids of other bots, workflows or
    webhooks that may ask.
    """

    enabled: bool = True
    audience: Identifiers | None = None
    unasked: bool = False
    followups: bool | None = None
    answers: Literal["public", "private"] = "public"
    allow_bots: Identifiers = frozenset()
    guide: str | None = None
    language: str | None = None
    sources: Identifiers | None = None


class Prompt(Section):
    """A question that is suggested."""

    title: Annotated[str, Field(max_length=100)]
    message: Annotated[str, Field(max_length=2000)]


class WorkspaceSettings(Section):
    """One workspace of a Slack organization. What it leaves out is taken from `slack` and `default_audience`.

    `admins` and `admin_groups` are admins in this workspace alone.
    """

    help_channel: Id | None = None
    admins: Identifiers = frozenset()
    admin_groups: Identifiers = frozenset()
    default_audience: Identifiers | None = None
    guide: str | None = None
    language: str | None = None


def _by_workspace(value: object) -> object:
    """Accept a list of workspaces, none of which has settings of its own, in place of a mapping."""
    listed = [value] if isinstance(value, str) else value
    return {one: {} for one in listed} if isinstance(listed, list | set | frozenset | tuple) else value


class SlackSettings(Section):
    """Slack. SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_API_URL are the environment's.

    `admins` and `admin_groups` are user and user-group ids; `workspace_admins` lets Slack's own admins in.
    `workspace_admins` None: unless the app is installed for an organization of several workspaces, of which
    `workspaces` holds those that are served (none: all), with settings of theirs. `org_deploy_enabled` allows that,
    in the manifest.
    `listed_only` answers in the channels of `channels` alone, and in direct messages. `ask_with` is the name of an emoji
    that asks what a message says.
    """

    bot_token: Secret | None = None
    app_token: Secret | None = None
    signing_secret: Secret | None = None
    api_url: str | None = None
    mode: Literal["socket", "http"] = "socket"
    connections: Annotated[int, Field(ge=1, le=10)] = 2
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    name: str = "Docent"
    channels: dict[Id, PlaceSettings] = {}
    listed_only: bool = False
    ask_with: Emoji | None = None
    allow_bots: Identifiers = frozenset()
    help_channel: Id | None = None
    admins: Identifiers = frozenset()
    admin_groups: Identifiers = frozenset()
    workspace_admins: bool | None = None
    workspaces: Annotated[dict[Id, WorkspaceSettings], BeforeValidator(_by_workspace)] = {}
    org_deploy_enabled: bool = False
    prompts: Annotated[tuple[Prompt, ...], Field(max_length=4)] = ()
    streaming: bool = True
    stop_within: Seconds = 25.0

    def workspace(self, workspace: str) -> WorkspaceSettings:
        """Return the settings of a workspace; the defaults where it has none."""
        return self.workspaces.get(workspace, WorkspaceSettings())

    @property
    def bots(self) -> frozenset[str]:
        """The ids of other bots that may ask somewhere."""
        return self.allow_bots.union(*(place.allow_bots for place in self.channels.values()))

    @property
    def has_help(self) -> bool:
        """Whether there is a help channel anywhere."""
        return bool(self.help_channel or any(one.help_channel for one in self.workspaces.values()))

    def help_channel_of(self, workspace: str) -> str | None:
        """Return the channel where people of the workspace ask a human."""
        return self.workspace(workspace).help_channel or self.help_channel


class ForumSettings(Section):
    """A forum channel whose new posts get a first answer, where the evidence is strong."""

    tag: str = "answered by docs"
    audience: Identifiers | None = None
    guide: str | None = None
    language: str | None = None
    sources: Identifiers | None = None


class GuildSettings(Section):
    """One Discord server. `roles` gives audiences to roles; `admin_roles` may use /docent.

    `manage_server`: so may who has Manage Server; None: only while the bot is in no other server.
    """

    channels: dict[Id, PlaceSettings] = {}
    forums: dict[Id, ForumSettings] = {}
    listed_only: bool = False
    help_channel: Id | None = None
    admin_roles: Identifiers = frozenset()
    manage_server: bool | None = None
    roles: dict[Id, Identifiers] = {}
    default_audience: Identifiers | None = None
    answer_in: Literal["thread", "reply"] = "thread"
    guide: str | None = None
    language: str | None = None


class DiscordSettings(Section):
    """Discord. DISCORD_TOKEN, DISCORD_API_URL, DISCORD_GATEWAY_URL are the environment's.

    `message_content` asks for the privileged intent, so that follow-ups in the bot's threads need no
    mention. `ask_with` is an emoji that asks what a message says: itself, or its name. `guilds` holds settings by server id. `listed_only` False: a server that isn't listed has the
    defaults; None: only while none is listed.
    """

    token: Secret | None = None
    api_url: str | None = None
    gateway_url: str | None = None
    message_content: bool = False
    user_install: bool = False
    ask_with: Emoji | None = None
    allow_bots: Identifiers = frozenset()
    shards: Annotated[int, Field(ge=1)] | None = None
    guilds: dict[Id, GuildSettings] = {}
    listed_only: bool | None = None
    admins: Identifiers = frozenset()
    prompts: Annotated[tuple[Prompt, ...], Field(max_length=4)] = ()
    stop_within: Seconds = 25.0

    @property
    def bots(self) -> frozenset[str]:
        """The ids of other bots that may ask somewhere."""
        places = (place for guild in self.guilds.values() for place in guild.channels.values())
        return self.allow_bots.union(*(place.allow_bots for place in places))

    def serves(self, guild: str) -> bool:
        """Tell whether the server with this id gets answers."""
        only = bool(self.guilds) if self.listed_only is None else self.listed_only
        return not only or guild in self.guilds


class LimitSettings(Section):
    """Bounds of one question and of one person.

    Characters of a question (longer ones are cut with a word) and of an answer of quotes; turns and tokens
    of history; tokens of the passages that a writer gets; deadlines of the parts and of the whole. `questions_at_once`
    are searched for and quoted at a time, the others wait their turn; without it one more than there are cores.
    """

    question_characters: Annotated[int, Field(ge=50, le=8000)] = ANSWER.question_characters
    answer_characters: Annotated[int, Field(ge=100)] = ANSWER_CHARACTERS
    questions_per_minute: Annotated[int, Field(ge=1)] = 10
    questions_at_once: Annotated[int, Field(ge=1)] | None = None
    history_turns: Annotated[int, Field(ge=0)] = 20
    history_tokens: Annotated[int, Field(ge=0)] = 2000
    passage_tokens: Annotated[int, Field(ge=200)] = RETRIEVAL.passage_tokens
    embed_deadline: Seconds = RETRIEVAL.embed
    search_deadline: Seconds = ANSWER.search
    rerank_deadline: Seconds = RETRIEVAL.rerank
    rewrite_deadline: Seconds = ANSWER.standalone
    answer_deadline: Seconds = ANSWER.answer
    stale_after: Seconds = 365 * 86400.0


class AttachmentSettings(Section):
    """Files that come with a question in chat. They are read for its answer alone, and never indexed.

    Bytes of a text and of any other file; pages of a PDF; the processor's time for one, and how many `files` of one
    question. `pictures` shows pictures to the model that writes, which has to be one that can look at them.
    """

    enabled: bool = True
    text_bytes: Annotated[int, Field(ge=1_000, le=10_000_000)] = 200_000
    file_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 10_000_000
    pages: Annotated[int, Field(ge=1)] = 50
    seconds: Seconds = 10.0
    files: Annotated[int, Field(ge=1, le=10)] = 3
    pictures: bool = False


class JournalSettings(Section):
    """What is remembered. `questions: false` leaves the text of questions (and of answers) out.

    `url` is DATABASE_URL; without it the journal is `journal.db` under `data`.
    """

    url: Secret | None = None
    keep_days: Annotated[int, Field(ge=1)] = 180
    questions: bool = True
    deadline: Seconds = 5.0


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
