"""The example handbook is the demo's and the reader's first impression: it has to hold together."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.bootstrap import open_app
from bot.config.loader import load
from bot.model import Question
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
HANDBOOK = EXAMPLES / "handbook"
PAGES = sorted(HANDBOOK.rglob("*.md"))
GUIDE = EXAMPLES / "style"
STYLE_EXAMPLES = sorted((GUIDE / "examples").glob("*.yaml"))
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (EXAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]+)")


def front_matter(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        return {}
    values = yaml.safe_load(text.split("---\n", 2)[1])
    assert isinstance(values, dict)
    return values


def plain(text: str) -> str:
    """As answers are compared: no Markdown, no thousands separators, one space, small letters."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*_`]", "", text)
    text = re.sub(r"(?<=\d)[,. ](?=\d{3}\b)", "", text)
    return re.sub(r"\s+", " ", text).lower()


def says(page: Path, words: str) -> bool:
    return (
        re.search(rf"(?<!\w){re.escape(plain(words))}(?!\w)", plain(page.read_text(encoding="utf-8")))
        is not None
    )


def test_the_handbook_is_large_enough_to_be_worth_asking() -> None:
    """The example handbook has more than 36 pages in more than 10 folders."""
    assert len(PAGES) > 36
    assert len({page.parent for page in PAGES}) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HANDBOOK)))
def test_links_lead_to_pages(page: Path) -> None:
    """Each link from one page to another leads to a page that exists."""
    missing = [
        link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HANDBOOK)))
def test_front_matter_says_who_and_when(page: Path) -> None:
    """Each page with front matter names its title, its owner and the day of its last change."""
    values = front_matter(page)
    assert not values or values.keys() >= {"title", "owner", "updated"}


def test_some_pages_are_not_for_everyone() -> None:
    """Managers and Finance have pages of their own."""
    audiences = {str(front_matter(page).get("audience", "everyone")) for page in PAGES}
    assert audiences >= {"everyone", "managers", "['finance']"}


def test_question_ids_are_unique() -> None:
    """No two questions share an id."""
    assert len({question["id"] for question in QUESTIONS}) == len(QUESTIONS) >= 30


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_the_gold_pages_say_what_a_right_answer_must_contain(question: dict[str, Any]) -> None:
    """Every group of words that an answer must contain stands on one of the question's gold pages."""
    gold = [HANDBOOK / path for path in question["gold"]]
    assert bool(gold) is question["answerable"]
    for alternatives in question["must_contain"]:
        assert any(says(page, words) for page in gold for words in alternatives), alternatives
    for path in question.get("also_ok", []):
        assert (HANDBOOK / path).is_file()


@pytest.mark.parametrize("path", STYLE_EXAMPLES, ids=lambda path: path.stem)
def test_style_examples_say_what_the_handbook_says(path: Path) -> None:
    """Each style example's quotes stand on the pages it cites, one for every marker in its answer."""
    example = yaml.safe_load(path.read_text(encoding="utf-8"))
    for citation in example["citations"]:
        assert plain(citation["quote"]) in plain((HANDBOOK / citation["page"]).read_text(encoding="utf-8"))
    markers = {int(number) for number in re.findall(r"\[(\d+)\]", example["answer"])}
    assert markers == set(range(1, len(example["citations"]) + 1))


@pytest.mark.parametrize("path", STYLE_EXAMPLES, ids=lambda path: path.stem)
def test_style_examples_keep_their_own_rules(path: Path) -> None:
    """Each style example's answer is within the guide's length and has none of the words to avoid."""
    guide = yaml.safe_load((GUIDE / "guide.yaml").read_text(encoding="utf-8"))
    answer = yaml.safe_load(path.read_text(encoding="utf-8"))["answer"]
    assert len(answer) <= guide["length"]["characters"]
    assert [word for word in guide["words"]["avoid"] if word in answer.lower()] == []


@pytest.mark.slow
async def test_what_to_do_is_told_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who lost a laptop wants the steps, and not what else there is to say of laptops."""
    monkeypatch.setenv("DOCENT_DATA", str(tmp_path))
    asked = ("what happens if I lose my laptop", "what if I lose my phone", "lost my laptop, what now")
    async with open_app(load(EXAMPLES / "docent.yaml")) as app:
        source = open_source(app.settings.sources[0], Surroundings(app.settings.data))
        await sync_all([source], app.store, app.embedder)
        answers = [await app.answerer.answer(Question(each, frozenset({"everyone"}))) for each in asked]
    assert ["Call the security line" in answer.text for answer in answers] == [True] * 3
    assert {citation.doc_id for answer in answers for citation in answer.citations} == {
        "handbook:security/lost-laptop.md"
    }
