"""Logs syncs: what is new since the last one of the source; the rest at `debug`."""

import logging

from bot.model import SyncReport
from indexer.source_health import confirm_command, held_back

log = logging.getLogger(__name__)


class SyncLog:
    """Logs the syncs of one process. A source's first report is always new."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[object, ...]] = {}

    def tell(self, report: SyncReport) -> None:
        """Log a report."""
        is_new = self._is_new(report)
        level = logging.INFO if is_new else logging.DEBUG
        if report.error:
            level = logging.WARNING if is_new else logging.DEBUG
            log.log(level, "%s was not synced: %s", report.source, report.error)
            return
        log.log(
            level,
            "%s: %d added, %d changed, %d renamed, %d deleted, %d unchanged, %d failed, %d embedded in %.1f s",
            *(report.source, report.added, report.changed, report.renamed, report.deleted, report.unchanged),
            *(len(report.failed), report.embedded, report.seconds),
        )
        if report.held_back and is_new:
            confirm = confirm_command(report.source)
            log.warning("%s: %s", report.source, held_back(report.held_back, confirm))

    def _is_new(self, report: SyncReport) -> bool:
        """Tell whether the sync changed anything, or failed in another way than the last one."""
        changes = (report.added, report.changed, report.renamed, report.deleted, report.embedded)
        names = tuple(sorted(each.name for each in report.failed))
        state = (report.error, report.held_back, report.left_out, names)
        before, self._last[report.source] = self._last.get(report.source), state
        return any(changes) or before != state
