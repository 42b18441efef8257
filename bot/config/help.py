"""Settings of where "Ask a human" goes besides the help channel."""

from typing import Annotated

from pydantic import Field

from bot.config.base import Secret, Section

_Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
_Labels = Annotated[tuple[str, ...], Field(max_length=20)]


class GitHubTickets(Section):
    """An issue in a repository. The token needs to write issues there, and nothing else."""

    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    token: Secret
    labels: _Labels = ()
    api_url: _Url = "https://api.github.com"


class GitLabTickets(Section):
    """An issue in a project (its path or number). The token needs the scope `api` in this project alone."""

    project: Annotated[str, Field(pattern=r"^[\w./-]+$")]
    token: Secret
    labels: _Labels = ()
    url: _Url = "https://gitlab.com"


class JiraTickets(Section):
    """An issue in a project of Jira's cloud, by its key, as the person whose token it is."""

    url: _Url
    project: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    email: str
    token: Secret
    issue_type: str = "Task"
    labels: _Labels = ()


class WebhookTickets(Section):
    """A POST of JSON, signed with the secret."""

    url: _Url
    secret: Secret


class HelpSettings(Section):
    """Each that is set gets the question. `on_call` is whom to ask now, in words: nobody is notified by them."""

    github: GitHubTickets | None = None
    gitlab: GitLabTickets | None = None
    jira: JiraTickets | None = None
    webhook: WebhookTickets | None = None
    on_call: Annotated[str, Field(max_length=100)] = ""

    @property
    def has_tickets(self) -> bool:
        """Whether a question goes anywhere besides a help channel."""
        return any((self.github, self.gitlab, self.jira, self.webhook))
