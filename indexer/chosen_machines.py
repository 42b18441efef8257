"""Opens the machines that docent.yaml has pages read on. Dask is imported only where it is chosen."""

import logging

from bot.config.loader import Settings
from bot.config.models import LocalEmbedderSettings, Nothing
from indexer.reading.machines import Machines, ThisMachine

log = logging.getLogger(__name__)

NOT_INSTALLED = "indexer.dask in docent.yaml needs Dask, which isn't installed: pip install 'docent[dask]'"


class _Missing(ThisMachine):
    """Stands for a cluster that is chosen while Dask isn't installed."""

    trouble = f"{NOT_INSTALLED}. This machine did it alone"


def chosen_machines(settings: Settings) -> Machines:
    """Open the machines for one run."""
    wanted = settings.indexer.dask
    if wanted is None:
        return ThisMachine()
    try:
        from indexer.dask.machines import DaskMachines  # noqa: PLC0415 - where it is chosen
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        log.warning("%s", NOT_INSTALLED)
        return _Missing()
    choice = settings.embedder_choice
    # What needs no key.
    here: dict[str, LocalEmbedderSettings | Nothing] = {"local": choice.local, "static": choice.static}
    return DaskMachines(wanted, here.get(choice.kind))
