"""Decides what `docent run` runs, what not, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.cli.command import MISUSED, CommandError
from bot.config.environment.tokens import TokenFault, token_faults
from bot.config.loader import Settings

SLACK, DISCORD, INDEXER = "Slack", "Discord", "the indexer"


@dataclass(frozen=True, slots=True)
class Plan:
    """The services to run. `left_out` says why others aren't, by name; `faults` are mistakes in the environment."""

    services: tuple[str, ...]
    left_out: dict[str, str]
    faults: tuple[TokenFault, ...]

    def lines(self, settings: Settings) -> list[str]:
        """Return the plan as lines to print at the start."""
        said = [self._about(name, settings) for name in self.services]
        lines = [f"runs: {', '.join(said)}"] if said else []
        without = [f"{name} ({why})" for name, why in self.left_out.items()]
        return [*lines, f"doesn't run: {', '.join(without)}"] if without else lines

    def _about(self, name: str, settings: Settings) -> str:
        if name != INDEXER:
            return name
        names = ", ".join(source.name for source in settings.sources)
        port = settings.indexer.port
        return f"the indexer ({names}{f'; webhooks at {settings.indexer.host}:{port}' if port else ''})"


def plan(settings: Settings) -> Plan:
    faults = tuple(token_faults(settings))
    services: list[str] = []
    left_out: dict[str, str] = {}
    for name, platform, token, variable in (
        (SLACK, "slack", settings.slack.bot_token, "SLACK_BOT_TOKEN"),
        (DISCORD, "discord", settings.discord.token, "DISCORD_TOKEN"),
    ):
        wrong = faults_of(platform, faults)
        if token is not None and not wrong:
            services.append(name)
        else:
            left_out[name] = f"{wrong[0].name}: see above" if wrong else f"{variable} isn't set"
    if settings.sources:
        services.append(INDEXER)
    else:
        left_out[INDEXER] = "docent.yaml lists no sources"
    return Plan(tuple(services), left_out, faults)


def faults_of(platform: str, faults: Sequence[TokenFault]) -> list[TokenFault]:
    """Return the mistakes in the environment that keep a platform from running."""
    return [fault for fault in faults if fault.platform == platform]


def refuse_faults(platform: str, settings: Settings) -> None:
    """Raise CommandError for mistakes in the environment that keep a platform from running."""
    if wrong := faults_of(platform, token_faults(settings)):
        raise CommandError("\n".join(map(str, wrong)), MISUSED)
