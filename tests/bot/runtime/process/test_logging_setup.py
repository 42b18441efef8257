"""Logging: where it goes, how much of it, and that secrets stay out."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from bot.config.loader import Settings, load
from bot.runtime.process.logging_setup import Redactor, keep_out, set_up
from bot.runtime.work_context import working_on


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Other tests keep their loggers."""
    root = logging.getLogger()
    before = (
        root.level,
        root.handlers[:],
        [(n, logging.getLogger(n).level) for n in ("bot", "adapters", "indexer")],
    )
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2]:
        logging.getLogger(name).setLevel(level)


def settings(tmp_path: Path, text: str = "") -> Settings:
    path = tmp_path / "docent.yaml"
    path.write_text(text)
    return load(path)


def logged(chosen: Settings, **options: bool) -> list[str]:
    """The lines of a few messages."""
    out = io.StringIO()
    with redirect_stderr(out):
        set_up(chosen, **options)
        logging.getLogger("bot.answering.answerer").debug("details")
        logging.getLogger("bot.answering.answerer").info("a question")
        logging.getLogger("httpx").info("GET https://api.cohere.com/v2/chat")
        logging.getLogger("httpx").warning("trouble with key c-s3cret and xoxb-1234567890-abc")
    return out.getvalue().splitlines()


def test_secrets_of_the_settings_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also where a library logs them, and in tracebacks."""
    monkeypatch.setenv("COHERE_API_KEY", "c-s3cret")
    lines = logged(settings(tmp_path))
    assert lines[-1].endswith("httpx: trouble with key [hidden] and [hidden]")
    out = io.StringIO()
    with redirect_stderr(out):
        set_up(settings(tmp_path))
        try:
            raise ValueError("the key is c-s3cret")  # noqa: TRY301
        except ValueError:
            logging.getLogger("bot").exception("failed")
    assert "Traceback" in out.getvalue()
    assert "s3cret" not in out.getvalue()


def test_libraries_are_quiet(tmp_path: Path):
    """Their addresses and bodies come with --debug alone; ours come by the level."""
    assert [line.partition(" bot.")[2] for line in logged(settings(tmp_path)) if " bot." in line] == [
        "answering.answerer: a question"
    ]
    assert not any("GET" in line for line in logged(settings(tmp_path)))
    assert any("GET" in line for line in logged(settings(tmp_path), debug=True))
    assert not any("a question" in line for line in logged(settings(tmp_path), quiet=True))
    assert any("details" in line for line in logged(settings(tmp_path, "log: {level: debug}")))


def test_people_read_sentences(tmp_path: Path):
    """Whoever watches a command is spared time and place of a warning."""
    assert logged(settings(tmp_path), quiet=True) == ["WARNING: trouble with key c-s3cret and [hidden]"]


def test_lines_may_be_json(tmp_path: Path):
    """One object a line, for machines."""
    line = json.loads(logged(settings(tmp_path, "log: {format: json}"))[0])
    assert (line["level"], line["logger"], line["message"]) == (
        "info",
        "bot.answering.answerer",
        "a question",
    )
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://user:pass@host/db", "postgresql://[hidden]@host/db"),
        ("Authorization: Bearer abcdefghijk", "Authorization: Bearer [hidden]"),
        ("xapp-1-A012-345-abcdef", "[hidden]"),
        ("nothing secret: 12:30", "nothing secret: 12:30"),
    ],
)
def test_what_looks_like_a_secret_stays_out(text: str, hidden: str):
    """Also secrets that the settings don't know."""
    assert Redactor(())(text) == hidden


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_that_come_later_are_kept_out_too(tmp_path: Path, form: str) -> None:
    """Settings that were read again hold others; those of before stay out."""
    config = tmp_path / "docent.yaml"
    config.write_text(f"log: {{format: {form}}}\n")
    out = io.StringIO()
    with redirect_stderr(out):
        set_up(load(config, {"DISCORD_TOKEN": "first-secret"}))
        keep_out(load(config, {"DISCORD_TOKEN": "second-secret"}))
        logging.getLogger("bot").warning("said: first-secret, second-secret")
    assert "said: [hidden], [hidden]" in out.getvalue()


def test_a_line_says_what_it_is_of(tmp_path: Path):
    """While a question is worked on each line carries its answer's id, as text and as JSON."""
    with working_on("answer", "4f1c2a9b0d3e"):
        text = logged(settings(tmp_path))
        parsed = [json.loads(line) for line in logged(settings(tmp_path, "log: {format: json}"))]
    assert text[0].endswith("INFO    bot.answering.answerer: [answer 4f1c2a9b0d3e] a question")
    assert [line["answer"] for line in parsed] == ["4f1c2a9b0d3e", "4f1c2a9b0d3e"]


def test_a_line_of_nothing_in_particular_has_no_id(tmp_path: Path):
    """Outside of questions and syncs a line is as it was."""
    assert logged(settings(tmp_path))[0].endswith("INFO    bot.answering.answerer: a question")
    parsed = json.loads(logged(settings(tmp_path, "log: {format: json}"))[0])
    assert parsed.keys() == {"time", "level", "logger", "message"}
