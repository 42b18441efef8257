"""The log has a line for what is new, not for each cycle."""

import logging
from dataclasses import replace

import pytest

from bot.model import Failure, SyncReport
from indexer.sync.sync_log import SyncLog

QUIET = SyncReport("docs", unchanged=7)


def levels(caplog: pytest.LogCaptureFixture, *reports: SyncReport) -> list[str]:
    caplog.set_level(logging.DEBUG, logger="indexer.sync.sync_log")
    caplog.clear()
    told = SyncLog()
    for report in reports:
        told.tell(report)
    return [record.levelname for record in caplog.records]


def test_nothing_new_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    assert levels(caplog, QUIET, QUIET, replace(QUIET, seconds=3.0)) == ["INFO", "DEBUG", "DEBUG"]
    assert levels(caplog, QUIET, replace(QUIET, source="wiki"), QUIET) == ["INFO", "INFO", "DEBUG"]


@pytest.mark.parametrize("what", ["added", "changed", "renamed", "deleted", "embedded"])
def test_each_change_is_told(caplog: pytest.LogCaptureFixture, what: str) -> None:
    changed = replace(QUIET, **{what: 1})
    assert levels(caplog, QUIET, changed, changed, QUIET) == ["INFO", "INFO", "INFO", "DEBUG"]


def test_what_fails_is_told_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    failing = replace(QUIET, failed=(Failure("a.pdf", "encrypted"),))
    other = replace(QUIET, failed=(Failure("b.pdf", "encrypted"),))
    assert levels(caplog, QUIET, failing, failing, other, QUIET) == ["INFO", "INFO", "DEBUG", "INFO", "INFO"]
    down, held = replace(QUIET, error="refused"), replace(QUIET, held_back=9)
    assert levels(caplog, down, down, QUIET, down) == ["WARNING", "DEBUG", "INFO", "WARNING"]
    assert levels(caplog, QUIET, held, held) == ["INFO", "INFO", "WARNING", "DEBUG"]
    assert levels(caplog, down, replace(down, error="timed out")) == ["WARNING", "WARNING"]
