"""Lists every name of the environment that Docent reads, and where in docent.yaml its value belongs."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, SecretStr

from bot.config.environment.env_file import EnvFile
from bot.config.models import long_form
from bot.config.reading.error_messages import ConfigError, KeyPath, Problem, dotted
from bot.config.reading.yaml_with_lines import Located

# Where in docent.yaml a value of the environment belongs.
PLACES: Final[Mapping[str, KeyPath]] = {
    "docent_data": ("data",),
    "database_url": ("journal", "url"),
    "cohere_api_key": ("cohere", "api_key"),
    "cohere_base_url": ("cohere", "base_url"),
    "openai_api_key": ("openai", "api_key"),
    "openai_base_url": ("openai", "base_url"),
    "azure_openai_api_key": ("openai", "azure_api_key"),
    "azure_openai_endpoint": ("openai", "azure_endpoint"),
    "openai_api_version": ("openai", "api_version"),
    "anthropic_api_key": ("anthropic", "api_key"),
    "anthropic_base_url": ("anthropic", "base_url"),
    "weaviate_url": ("weaviate", "url"),
    "weaviate_grpc_url": ("weaviate", "grpc_url"),
    "weaviate_api_key": ("weaviate", "api_key"),
    "weaviate_client_secret": ("weaviate", "client_secret"),
    "weaviate_token": ("weaviate", "token"),
    "weaviate_refresh_token": ("weaviate", "refresh_token"),
    "slack_bot_token": ("slack", "bot_token"),
    "slack_app_token": ("slack", "app_token"),
    "slack_signing_secret": ("slack", "signing_secret"),
    "slack_api_url": ("slack", "api_url"),
    "discord_token": ("discord", "token"),
    "discord_api_url": ("discord", "api_url"),
    "discord_gateway_url": ("discord", "gateway_url"),
}

# Keys of single parts: from the environment by whatever name.
KEYS: Final[tuple[KeyPath, ...]] = (
    ("writer", "openai", "api_key"),
    ("embedder", "openai", "api_key"),
    ("reranker", "api_key"),
    ("reranker", "url", "api_key"),
    ("eval", "judge", "openai", "api_key"),
    ("help", "github", "token"),
    ("help", "gitlab", "token"),
    ("help", "jira", "token"),
    ("help", "webhook", "secret"),
)


class Environment(BaseModel):
    """Every name of the environment that Docent reads, apart from those that docent.yaml takes as `${NAME}`.

    An empty value counts as none, and case doesn't matter.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    docent_config: Path | None = None
    docent_data: Path | None = None
    database_url: SecretStr | None = None
    cohere_api_key: SecretStr | None = None
    cohere_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    azure_openai_api_key: SecretStr | None = None
    azure_openai_endpoint: str | None = None
    openai_api_version: str | None = None
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    weaviate_url: str | None = None
    weaviate_grpc_url: str | None = None
    weaviate_api_key: SecretStr | None = None
    weaviate_client_secret: SecretStr | None = None
    weaviate_token: SecretStr | None = None
    weaviate_refresh_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str | None = None
    discord_token: SecretStr | None = None
    discord_api_url: str | None = None
    discord_gateway_url: str | None = None
    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_traces_endpoint: str | None = None
    otel_traces_exporter: str | None = None
    otel_sdk_disabled: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Environment":
        """Read all these names."""
        return cls.model_validate({name.lower(): value for name, value in environ.items() if value})


def is_secret(name: str) -> bool:
    """Tell whether the name's value is a secret, which may stand in the environment alone."""
    return "SecretStr" in str(Environment.model_fields[name].annotation)


def with_environment(
    located: Located, given: Mapping[str, str], file: EnvFile
) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """Put the environment's values into docent.yaml's data, and return it with the name that each of them came from.

    Raises ConfigError for secrets that are written out.
    """
    environment = Environment.read(file.below(given))
    data = located.data
    problems: list[Problem] = []
    for name, place in PLACES.items():
        if is_secret(name) and isinstance(located.literal(place), str):
            message = f"is a secret: leave it out here and set {name.upper()} in the environment"
            problems.append(Problem(located.file, located.lines.get(place), dotted(place), message))
    for place in KEYS:
        if isinstance(located.literal(place), str):
            message = "is a secret: write ${NAME} here, and set NAME in the environment"
            problems.append(Problem(located.file, located.lines.get(place), dotted(place), message))
    if "path" in data:
        problems.append(Problem(located.file, located.lines.get(("path",)), "path", "unknown key"))
    if problems:
        raise ConfigError(problems)
    places: dict[KeyPath, str] = {}
    for name, place in PLACES.items():
        value = getattr(environment, name)
        if value is None:
            continue
        if isinstance(value, Path):
            # A path in `.env` starts where one in docent.yaml does, one in the environment where we are.
            value = (file.path.parent if name.upper() not in given else Path.cwd()) / value.expanduser()
        data = _put(data, place, value)
        places[place] = name.upper()
    data.setdefault("data", ".docent")
    return data, places


def _put(data: Mapping[str, Any], place: KeyPath, value: object) -> dict[str, Any]:
    """Return a copy of `data` with the value at its place; a section's short form is left to its own model."""
    if len(place) == 1:
        return {**data, place[0]: value}
    below = data.get(place[0])
    if below is None:
        below = {}
    elif place[0] == "weaviate":
        with suppress(ValueError):
            below = long_form(below)
    return {**data, place[0]: _put(below, place[1:], value)} if isinstance(below, Mapping) else dict(data)
