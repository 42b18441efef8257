"""Reads the questions of `docent eval`, and what right answers to them are.

The format is that of the Sourcegraph handbook's question set: one JSON object a line, `id, question, gold,
must_contain, answerable, kind, lang, also_ok?`, and of our own `after?` (what the asker said before) and
`must_not_contain?` (what would be beside the point).
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError


class BadQuestions(Exception):
    """The file of questions can't be used: which line, and why."""


class Case(BaseModel):
    """A question and what a right answer is. Paths are relative to the source's root.

    Without `must_contain` or `gold`, facts or citations of an answerable question aren't marked. `audience` goes
    before the run's. `after` is what the asker said before, `must_not_contain` what has no place in the answer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    gold: tuple[str, ...] = ()
    also_ok: tuple[str, ...] = ()
    must_contain: tuple[tuple[str, ...], ...] = ()
    answerable: bool = True
    kind: str = "single"
    lang: str = "en"
    audience: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()

    @property
    def right(self) -> frozenset[str]:
        """The pages that an answer may quote."""
        return frozenset((*self.gold, *self.also_ok))


def read_questions(path: Path) -> list[Case]:
    """Read a file of questions. Raises BadQuestions."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not at the separators inside of texts
    except (OSError, UnicodeDecodeError) as error:
        raise BadQuestions(f"{path} can't be read: {error}") from error
    cases = [_case(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not cases:
        raise BadQuestions(f"{path} holds no question.")
    return cases


def _case(path: Path, number: int, line: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadQuestions(f"{path}, line {number}: {where or 'JSON'}: {first['msg']}") from error
