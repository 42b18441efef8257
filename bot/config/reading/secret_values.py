"""Finds the secrets among the values of the settings: no log shows them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import SecretStr

from bot.config.base import Section
from bot.config.sources import SourceSettings

_SECRET_NAME: Final = re.compile(r"(.*_)?(token|key|secret|password|passphrase|credentials)")


def secret_values(value: object) -> list[str]:
    """Return all secrets in a section, and below it."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()] if value.get_secret_value() else []
    if isinstance(value, Section):
        options = _secret_options(value.options) if isinstance(value, SourceSettings) else []
        return [*options, *(each for part in value.__dict__.values() for each in secret_values(part))]
    if isinstance(value, Mapping):
        return [each for part in value.values() for each in secret_values(part)]
    if isinstance(value, list | tuple):
        return [each for part in value for each in secret_values(part)]
    return []


def _secret_options(options: Mapping[str, Any]) -> list[str]:
    """Return the secrets among a source's options by their names: only its type knows them, and that isn't loaded here."""
    found: list[str] = []
    for name, value in options.items():
        if isinstance(value, Mapping):
            found += _secret_options(value)
        elif isinstance(value, str) and value and _SECRET_NAME.fullmatch(str(name).lower()):
            found.append(value)
    return found
