"""Accepted examples in the style guide's folder, each with a commit where docent.yaml says so.

All that is done here blocks: it writes files and runs git.
"""

from collections.abc import Collection
from pathlib import Path

from bot.config.models import StyleSettings
from bot.ports import Lesson
from bot.style import example_files
from bot.style.example_files import NotKept
from bot.style.guide import Example
from bot.style.load import EXAMPLES
from bot.text.sanitize import as_name


class ExampleFolder:
    """Writes, removes and unsigns examples in `settings.path`. Raises NotKept where a file or a commit fails."""

    def __init__(self, settings: StyleSettings) -> None:
        self._settings = settings

    def write(self, example: Example, by: str) -> Path:
        """Write a new file, and commit it in the name of `by`. No file is left where the commit fails."""
        if self._settings.path is None:
            raise NotKept("docent.yaml names no style guide: set style: to its folder.")
        path = example_files.write(self._settings.path, example)
        try:
            self._commit(path, f"style: An example, {path.stem}.\n\nAccepted by {as_name(by)}.", by=by)
        except NotKept:
            example_files.remove(path)
            raise
        return path

    def remove(self, lesson: Lesson) -> None:
        """Remove the file that the lesson was accepted as."""
        if self._settings.path is None:
            return
        path = self._settings.path / EXAMPLES / lesson.file
        example_files.remove(path)
        why = lesson.reason or "a complaint"
        self._commit(path, f"style: Without {path.stem}.\n\nWithdrawn for review: {why}.")

    def unsign(self, names: Collection[str]) -> list[Path]:
        """Take these names out of the examples. Returns the files that it changed."""
        if self._settings.path is None or not names:
            return []
        changed = example_files.unsign(self._settings.path, set(names))
        for path in changed:
            self._commit(path, f"style: {path.stem} without a name.")
        return changed

    def _commit(self, path: Path, message: str, *, by: str = "Docent") -> None:
        if self._settings.git is not None:
            example_files.commit(path, self._settings.git, by=by, message=message)
