"""The style guide: read from files, chosen from, and kept in step with them."""

import os
from pathlib import Path

import numpy as np
import pytest

from bot.answering.answerer import Answerer
from bot.config.models import StyleSettings
from bot.model import Outcome, Question
from bot.style import example_selection
from bot.style.embedding_similarity import EmbeddingSimilarity
from bot.style.guide import Example, Sample
from bot.style.hot_reload import StyleGuides
from bot.style.load import load
from tests.support.fakes import (
    FakeClock,
    FakeEmbedder,
    FakeRetrieval,
    FakeRetriever,
    FakeWriter,
)

LEAVE = {"question": "How much leave do I get?", "answer": "27 days. [1]"}
RULES = "voice: [Answer first.]\nlength: {characters: 300}\nnot_found: The docs don't say.\n"


def folder(path: Path, files: dict[str, str], rules: str = RULES) -> Path:
    """A guide's files."""
    (path / "examples").mkdir(parents=True, exist_ok=True)
    (path / "guide.yaml").write_text(rules)
    for name, text in files.items():
        (path / "examples" / name).write_text(text)
    return path


def text_of(question: str, answer: str = "So it is.", **more: object) -> str:
    lines = [f"question: {question}", f"answer: {answer}", *(f"{k}: {v}" for k, v in more.items())]
    return "\n".join(lines) + "\n"


FILES = {
    "leave.yaml": text_of("How many days of annual leave do I get?"),
    "carry.yaml": text_of("How many days of annual leave may I carry over into the next calendar year?"),
    "rollback.yaml": text_of("How do I roll back a release?", channels="[C-ENG]"),
    "urlaub.yaml": text_of("Wann verfällt mein Urlaub?", language="de"),
    "dogs.md": "---\nquestion: May I bring my dog?\n---\nOn Fridays.\n\nOnly in Bristol.\n",
}


def guides(path: Path, clock=None, embedder=None, **settings: object) -> StyleGuides:
    chosen = StyleSettings.model_validate({"path": path, **settings})
    likeness = EmbeddingSimilarity(embedder, path.parent / "kept")
    return StyleGuides(chosen, likeness, 900, **({"clock": clock} if clock else {}))


def ask(text: str, **fields: object) -> Question:
    return Question(text, frozenset({"everyone"}), **fields)


async def chosen(guide: StyleGuides, text: str, **fields: object) -> list[str]:
    return [example.id for example in (await guide.style(ask(text, **fields), text)).examples][::-1]


# --- what stands in the files ---------------------------------------------------------------------


def test_yaml_and_markdown_are_read(tmp_path: Path):
    """An example is a YAML file, or Markdown with the question in front and the answer below."""
    loaded = load(folder(tmp_path, FILES))
    assert loaded.problems == ()
    answers = {sample.id: sample.example.answer for sample in loaded.guide.samples}
    assert answers["dogs"] == "On Fridays.\n\nOnly in Bristol."
    assert answers["leave"] == "So it is."
    assert loaded.guide.rules.voice == ("Answer first.",)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", "question: Why?\n", "a.yaml:1: answer: is missing"),
        ("a.yaml", "question: Why?\nanswer: So.\nchanels: [x]\n", "a.yaml:3: chanels: unknown key; did you mean channels?"),
        ("a.yaml", "question: Why?\nanswer: [\n", "a.yaml:2: is not YAML"),
        ("a.md", "Just text.\n", "a.md:1: expected front matter"),
        ("a.md", "---\nquestion: Why?\ntags: {x: 1}\n---\nSo.\n", "a.md:3: tags"),
        ("a.yaml", "question: Why?\nanswer: So.\nwhy_bad: x\n", "why_bad is given, but no bad_answer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_and_line(tmp_path: Path, name: str, text: str, told: str):
    """Each problem names its file, line and what was expected; the other files are kept."""
    loaded = load(folder(tmp_path, {**FILES, name: text}))
    assert len(loaded.problems) == 1
    assert told in str(loaded.problems[0])
    assert len(loaded.guide.samples) == len(FILES)


def test_names_in_braces_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A guide takes nothing from the environment: what it says may end up in answers."""
    monkeypatch.setenv("SECRET_WORD", "hunter2")
    loaded = load(folder(tmp_path, {"a.yaml": text_of("Why?", "Set ${SECRET_WORD}.")}))
    assert loaded.guide.samples[0].example.answer == "Set ${SECRET_WORD}."


# --- which examples -------------------------------------------------------------------------------


async def test_the_nearest_examples_are_chosen(tmp_path: Path):
    """What is asked about decides."""
    guide = guides(folder(tmp_path / "style", FILES), examples=2)
    assert (await chosen(guide, "How do I roll back a release of Slipway?"))[0] == "rollback"
    assert (await chosen(guide, "How many days of annual leave are there?"))[0] == "leave"


async def test_the_same_question_gets_the_same_examples(tmp_path: Path):
    """Nothing but the question and the guide decides: not the order of files, not the process."""
    path = folder(tmp_path / "style", FILES)
    first = await chosen(guides(path), "What about leave and dogs?")
    for name in reversed(list(FILES)):
        (path / "examples" / name).write_text(FILES[name])
    assert await chosen(guides(path), "What about leave and dogs?") == first


def test_examples_differ_from_one_another():
    """Of two that say the same only one is taken while something else is left."""
    samples = [Sample(n, Example(question=n, answer="x"), Path(n)) for n in ("a", "b", "c")]
    like = np.array([[1.0, 0.99, 0.1], [0.99, 1.0, 0.1], [0.1, 0.1, 1.0]])
    found = example_selection.pick(samples, [0.9, 0.89, 0.6], like, most=2, tokens=100)
    assert [sample.id for sample in found] == ["a", "c"]


def test_examples_keep_to_the_budget():
    """An example that is too large is passed over for one that fits; together they fit."""
    samples = [
        Sample("long", Example(question="q", answer="word " * 90), Path("l")),
        Sample("short", Example(question="q", answer="word " * 20), Path("s")),
        Sample("other", Example(question="q", answer="word " * 20), Path("o")),
    ]
    like = np.eye(3)
    found = example_selection.pick(samples, [0.9, 0.8, 0.7], like, most=3, tokens=50)
    assert [sample.id for sample in found] == ["short", "other"]
    assert sum(example_selection.size(sample) for sample in found) <= 50


async def test_examples_fit_the_place_and_the_language(tmp_path: Path):
    """An example of another channel is left out; one in the question's language goes first."""
    guide = guides(folder(tmp_path / "style", FILES))
    question = "How do I roll back a release?"
    assert "rollback" in await chosen(guide, question, places=frozenset({"C-ENG"}))
    assert "rollback" not in await chosen(guide, question, places=frozenset({"C-HR"}))
    assert await chosen(guide, "Wann verfällt mein Urlaub, wenn ich krank bin?") == ["urlaub"]


async def test_with_an_embedder_meaning_decides_and_vectors_are_kept(tmp_path: Path):
    """The examples are embedded once, also for the next process; the same are chosen."""
    path = folder(tmp_path / "style", FILES)
    first, second = FakeEmbedder(), FakeEmbedder()
    found = await chosen(guides(path, embedder=first), "How many days of leave?")
    assert await chosen(guides(path, embedder=second), "How many days of leave?") == found
    assert second.usage().texts < first.usage().texts


# --- several guides -------------------------------------------------------------------------------


async def test_a_guide_says_what_is_different_and_inherits_the_rest(tmp_path: Path):
    """By name, by audience or by platform; what it doesn't say, the base says."""
    base = folder(tmp_path / "style", FILES, RULES + "words: {use: [{say: leave, for: [vacation]}]}\n")
    formal = folder(
        tmp_path / "formal", {"leave.yaml": text_of("Leave?", "Formally so.")}, "closing: Regards.\n"
    )
    further = {
        "formal": {"path": formal, "audience": "managers"},
        "terse": {"path": formal, "platforms": "slack"},
    }
    guide = guides(base, guides=further)
    plain = await guide.style(ask("How much leave?"), "How much leave?")
    named = await guide.style(ask("How much leave?", guide="formal"), "How much leave?")
    slack = await guide.style(ask("How much leave?", platform="slack"), "How much leave?")
    managers = Question("How much leave?", frozenset({"managers"}))
    assert (plain.closing, named.closing, slack.closing) == ("", "Regards.", "Regards.")
    assert (await guide.style(managers, managers.text)).closing == "Regards."
    assert named.not_found == "The docs don't say."
    assert named.max_characters == 300
    assert "Formally so." in [example.answer for example in named.examples]
    assert len(named.examples) > 1


# --- hot reload -----------------------------------------------------------------------------------


async def test_an_edit_is_seen(tmp_path: Path):
    """A changed file counts from the next look on."""
    clock = FakeClock()
    path = folder(tmp_path / "style", FILES)
    guide = guides(path, clock)
    await guide.style(ask("Why?"), "Why?")
    (path / "guide.yaml").write_text("length: {characters: 200}\n")
    clock.move(guide.settings.reload)
    assert (await guide.style(ask("Why?"), "Why?")).max_characters == 200


async def test_a_broken_edit_keeps_the_last_good_guide(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It stays in use, log and state tell what is wrong, and a mended file ends that."""
    clock = FakeClock()
    path = folder(tmp_path / "style", FILES)
    guide = guides(path, clock)
    before = await guide.style(ask("Why?"), "Why?")
    (path / "guide.yaml").write_text("length: {characters: many}\n")
    clock.move(5)
    assert await guide.style(ask("Why?"), "Why?") == before
    assert "guide.yaml:1: length.characters" in caplog.text
    (state,) = await guide.state()
    assert "expected a whole number" in state.problems[0]
    (path / "guide.yaml").write_text(RULES)
    os.utime(path / "guide.yaml", (1, 1))
    (state,) = await guide.state()
    assert state.problems == ()


async def test_a_guide_that_is_not_there_stops_nothing(tmp_path: Path):
    """Answers are plain, and the state says so."""
    guide = guides(tmp_path / "nowhere")
    assert (await guide.style(ask("Why?"), "Why?")).max_characters == 900
    assert "no such folder" in (await guide.state())[0].problems[0]


# --- in answers -----------------------------------------------------------------------------------


async def test_the_guide_says_what_is_not_in_the_docs(tmp_path: Path):
    """NOT_FOUND and refusals are in the guide's words."""
    rules = RULES + "refuse: [{about: pay of others, say: That is theirs to tell., when: [earns]}]\n"
    guide = guides(folder(tmp_path / "style", FILES, rules))
    answerer = Answerer(retriever=FakeRetriever(FakeRetrieval()), writer=FakeWriter(()), guide=guide)
    answer = await answerer.answer(ask("Which shoe size has she?"))
    assert (answer.outcome, answer.text) == (Outcome.NOT_FOUND, "The docs don't say.")
    answer = await answerer.answer(ask("What do you think Dana earns?"))
    assert (answer.outcome, answer.text) == (Outcome.NOT_FOUND, "That is theirs to tell.")


@pytest.mark.parametrize(
    ("asker", "wanted"),
    [
        ({"everyone"}, ["open"]),
        ({"everyone", "managers"}, ["open", "managers"]),
        ({"everyone", "board"}, ["open"]),
        ({"everyone", "managers", "board"}, ["open", "managers", "both"]),
        (set(), ["open"]),
    ],
)
def test_examples_are_for_their_audience(asker: set[str], wanted: list[str]) -> None:
    """One that was made of what some may see goes along with nobody's question who lacks one of its words."""
    samples = [
        Sample(name, Example(question="How?", answer="So.", audience=sorted(words)), Path(name))
        for name, words in (("open", set()), ("managers", {"managers"}), ("both", {"managers", "board"}))
    ]
    found = example_selection.fitting(samples, places=frozenset(), audience=frozenset(asker), language="en")
    assert [sample.id for sample in found] == wanted
