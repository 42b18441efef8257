"""Words as people write them: for each kind thirty questions over a dozen pages, by keywords alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Answer, Outcome, Question
from bot.text.questions import small_talk
from indexer.sync.sync_all import sync_all
from tests.support.opened_sources import sources_of
from tests.support.pages import put

_TABLES = Path(__file__).parent / "words"
_ENOUGH = 27
_ASKED = 30


@asynccontextmanager
async def over(folder: Path, pages: Sequence[str]) -> AsyncIterator[App]:
    """A Docent over these pages, each a line: `title | text`."""
    files = {}
    for number, page in enumerate(pages):
        title, _, text = page.partition(" | ")
        files[f"{number:02}.md"] = f"# {title}\n\n{text}\n"
    put(folder / "docs", files)
    source = "{name: docs, type: folder, path: ./docs, audience: [everyone]}"
    (folder / "docent.yaml").write_text(f"embedder: none\nsources: [{source}]\n", encoding="utf-8")
    async with open_app(load(folder / "docent.yaml")) as app:
        (report,) = await sync_all(sources_of(app), app.store, None)
        assert (report.added, report.error) == (len(files), "")
        yield app


async def ask(app: App, text: str) -> Answer:
    return await app.answerer.answer(Question(text=text, audience=frozenset({"everyone"})))


def table(kind: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Pages, and questions with what the answer must hold: `pages`, an empty line, `question => words`."""
    pages, _, asked = (_TABLES / f"{kind}.txt").read_text(encoding="utf-8").strip().partition("\n\n")
    rows = [
        (question, words) for line in asked.splitlines() for question, _, words in [line.partition(" => ")]
    ]
    return pages.splitlines(), rows


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["acronyms", "compounds", "numbers", "versions", "long", "chinese", "japanese", "korean"]
)
async def test_found_by_the_words_that_people_write(tmp_path: Path, kind: str) -> None:
    """Of thirty questions at least 27 are answered with the sentence that they ask for."""
    pages, rows = table(kind)
    assert (len(pages), len(rows)) == (12, _ASKED)
    wrong = []
    async with over(tmp_path, pages) as app:
        for question, words in rows:
            answer = await ask(app, question.replace("\\n", "\n"))
            if words not in answer.text:
                wrong.append(f"{question} => {answer.text[:120]}")
    assert len(wrong) <= _ASKED - _ENOUGH, "\n".join(wrong)


TALK = [
    ("thanks!", small_talk.THANKS),
    ("Thank you so much", small_talk.THANKS),
    ("ok great, thanks a lot!", small_talk.THANKS),
    ("thx", small_talk.THANKS),
    ("cheers 🎉", small_talk.THANKS),
    ("Danke schön!", small_talk.THANKS),
    ("merci beaucoup", small_talk.THANKS),
    ("muchas gracias", small_talk.THANKS),
    ("ありがとうございます", small_talk.THANKS),
    ("谢谢", small_talk.THANKS),
    ("hello", small_talk.HELLO),
    ("Hi there!", small_talk.HELLO),
    ("good morning everyone", small_talk.HELLO),
    ("Hey Docent", small_talk.HELLO),
    ("Guten Tag", small_talk.HELLO),
    ("how are you?", small_talk.HELLO),
    ("안녕하세요", small_talk.HELLO),
    ("bye", small_talk.BYE),
    ("see you later!", small_talk.BYE),
    ("who are you?", small_talk.WHO),
    ("Hi, who are you?", small_talk.WHO),
    ("are you a bot?", small_talk.WHO),
    ("Are you human or a bot?", small_talk.WHO),
    ("what's your name", small_talk.WHO),
    ("what can you do?", small_talk.HELP),
    ("Hi! What can I ask you?", small_talk.HELP),
    ("help", small_talk.HELP),
    ("can you help me?", small_talk.HELP),
    ("test", small_talk.HERE),
    ("testing 1 2 3", small_talk.HERE),
]

QUESTIONS = [
    "How high is the referral bonus?",
    "Thanks! And how high is the referral bonus?",
    "hello, how high is the referral bonus?",
    "Who are you supposed to tell about an illness?",
    "What can you do about a noisy neighbour?",
    "help desk",
    "test environment",
    "How do I test a bot?",
    "thank you notes",
    "the morning round",
    "Who is Bosun?",
    "yes or no questions",
    "good practice",
    "bot token",
    "How does it work in the evening?",
]


async def test_small_talk_quotes_no_page(tmp_path: Path) -> None:
    """Thanks, greetings and questions about the bot get a friendly line: no page, no gap of the docs."""
    pages, _ = table("talk")
    assert len(TALK) == _ASKED
    async with over(tmp_path, pages) as app:
        for said, line in TALK:
            answer = await ask(app, said)
            assert (said, answer.text) == (said, line)
            assert (answer.outcome, answer.citations, answer.gap) == (Outcome.NOT_FOUND, (), False)


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_no_small_talk(text: str) -> None:
    """What asks the docs for something is looked up, whatever it begins with."""
    assert small_talk.reply(text) is None
