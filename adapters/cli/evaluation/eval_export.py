"""Runs `docent eval --from-journal`, which exports past questions as a question set."""

import json
import sys
from pathlib import Path

from adapters.cli.command import CommandError
from adapters.cli.output import count, note
from bot.config.loader import Settings
from bot.evaluation.journal_export import exported
from bot.opened_records import open_records

_MOST = 10_000


async def export(settings: Settings, path: Path | None) -> int:
    """Write the set to `path`, which must not exist (people fill such files in), or to stdout.

    Return the exit code.
    """
    _check_new(path)
    records = open_records(settings)
    try:
        past = exported(await records.lookback.judged(limit=_MOST))
    finally:
        await records.close()
    if past.untold:
        told = count(past.untold, "question with 👍 or 👎 is", "questions with 👍 or 👎 are")
        note(f"{told} in the journal without a text and stay out.")
    if not settings.journal.questions:
        note("docent.yaml leaves the texts of questions out of the journal (journal: {questions: false}).")
    if not past.cases:
        raise CommandError("There is no question with 👍 or 👎 to write.")
    _write(path, "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in past.cases))
    note(f"{count(len(past.cases), 'question')}: {past.up} 👍, {past.down} 👎.")
    note(
        "The pages that 👍 answers cited are their gold. Fill in gold and must_contain of the others, or set answerable "
        "to false: until then only style and what is invented is marked. What was said stands in `was`."
    )
    return 0


def _check_new(path: Path | None) -> None:
    if path is not None and path.exists():
        raise CommandError(f"{path} is there already: name a new file.", code=2)


def _write(path: Path | None, text: str) -> None:
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
