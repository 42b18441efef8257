"""Settings of a Dask cluster that reads pages and embeds texts for the indexer."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.config.base import FilePath, Section

_ADDRESS: Final = re.compile(r"(tcp|tls)://([^\s/:@]+|\[[0-9a-fA-F:]+\]):(\d{1,5})/?")

_LAST_PORT: Final = 65535


def _address(value: str) -> str:
    match = _ADDRESS.fullmatch(value)
    if match is None or not 0 < int(match[3]) <= _LAST_PORT:
        raise ValueError(
            f"expected the scheduler's address such as tcp://scheduler:8786 or tls://scheduler:8786, got {value[:60]!r}"
        )
    return value.rstrip("/")


class DaskSettings(Section):
    """`dask: tcp://scheduler:8786`, or with these. A tls:// address takes all three files, in PEM.

    `bytes_at_once` is how much of pages may be on its way to the workers.
    """

    address: Annotated[str, AfterValidator(_address)]
    tls_ca_file: FilePath | None = None
    tls_cert: FilePath | None = None
    tls_key: FilePath | None = None
    bytes_at_once: Annotated[int, Field(ge=1_000_000)] = 64_000_000

    @model_validator(mode="after")
    def _whole(self) -> "DaskSettings":
        files = {name: getattr(self, name) for name in ("tls_ca_file", "tls_cert", "tls_key")}
        given = [name for name, path in files.items() if path is not None]
        if self.encrypted and len(given) < len(files):
            missing = ", ".join(name for name in files if name not in given)
            raise ValueError(f"a tls:// address needs {missing} as well")
        if given and not self.encrypted:
            raise ValueError(f"{given[0]} is for an address that begins with tls://")
        return self

    @property
    def encrypted(self) -> bool:
        return self.address.startswith("tls://")


def _address_alone(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


Dask = Annotated[DaskSettings, BeforeValidator(_address_alone)]
