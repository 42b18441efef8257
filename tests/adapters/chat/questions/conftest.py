"""What tests of one question's way share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from tests.support.one_question import OneQuestion


@pytest.fixture
async def one_question(data: Path) -> AsyncIterator[OneQuestion]:
    database = Database(folder=data, url=None)
    yield OneQuestion(SqlJournal(database))
    await database.close()
