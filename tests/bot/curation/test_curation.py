"""What is saved in chat: examples that become files, and verified answers that are served while they hold."""

import asyncio
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.answering.answerer import Answerer
from bot.bootstrap import open_app
from bot.config.loader import load
from bot.config.models import StyleSettings
from bot.curation.curation import Curation, Unteachable
from bot.curation.verified_answers import VerifiedAnswers
from bot.journal.database import Database
from bot.journal.records.lessons import SqlLessons
from bot.model import Answer, Citation, Outcome, Question
from bot.ports import Asked, Lesson, Place, Recorded, Rights, Scope
from bot.style.embedding_similarity import EmbeddingSimilarity
from bot.style.hot_reload import StyleGuides
from tests.bot.style.test_guide import RULES, folder
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.fakes import FakeRetrieval, FakeRetriever, FakeWriter

ASKED = "How much notice do I give before annual leave?"
LEAVE = Citation(
    1, "handbook:leave.md", "Annual leave", "Notice", "https://x/leave", "Give four weeks' notice."
)
SICK = Citation(2, "handbook:sick.md", "Sick leave", "", "https://x/sick", "Call before nine.")
EVERYONE = frozenset({"everyone"})


class Shelf:
    """Pages with their revisions and audiences."""

    def __init__(self) -> None:
        self.pages = {"handbook:leave.md": ("r1", EVERYONE), "handbook:sick.md": ("r1", EVERYONE)}

    async def revisions(self, source: str) -> dict[str, str]:
        return {page: revision for page, (revision, _) in self.pages.items()}

    async def passages(self, spans, audience):
        from tests.support.fakes import make_passage  # noqa: PLC0415

        ids = [span.doc_id for span in spans if span.doc_id in self.pages]
        return [
            make_passage("x", page=doc_id.partition(":")[2])
            for doc_id in ids
            if self.pages[doc_id][1] & audience
        ]


class School:
    """All parts, with a clock of its own."""

    def __init__(self, path: Path, **style: object) -> None:
        self.now = datetime(2026, 5, 3, tzinfo=UTC)
        self.folder = folder(path / "style", {}, RULES)
        self.shelf = Shelf()
        self.lessons = SqlLessons(Database(folder=path))
        settings = StyleSettings.model_validate({"path": self.folder, "verified_days": 30, **style})
        self.guides = StyleGuides(settings, EmbeddingSimilarity(None, path), 900)
        likeness = EmbeddingSimilarity(None, path, name="verified")
        self.verified = VerifiedAnswers(self.lessons, self.shelf, likeness, days=30, now=lambda: self.now)
        self.learning = Curation(
            self.lessons,
            self.verified,
            self.guides,
            settings,
            characters=900,
            audience=EVERYONE,
            now=lambda: self.now,
        )

    async def save(self, kind, answer="You give four weeks' notice. [1]", **fields) -> Lesson:
        how = {"question": ASKED, "by": "Dana", "source": recorded(), **fields}
        how["scope"] = Scope("slack:T1", how.pop("audience", EVERYONE))
        return await self.learning.save(kind, answer=answer, **how)

    async def find(self, text: str = ASKED, audience: frozenset[str] = EVERYONE) -> Answer | None:
        return await self.verified.find(Question(text, audience), text)

    async def state(self, lesson: Lesson) -> str:
        found = await self.lessons.lesson(lesson.id)
        assert found is not None
        return f"{found.state}: {found.reason}"


def recorded(**fields: object) -> Recorded:
    answer = Answer("q1", Outcome.ANSWERED, "Four weeks [1], and call [2].", (LEAVE, SICK))
    answer = replace(answer, **fields)
    asked = Asked("q1", "k", "slack", Place("p"), "U1", Question(ASKED, EVERYONE))
    return Recorded(asked, datetime(2026, 5, 1, tzinfo=UTC), answer, "", 1.0)


@pytest.fixture
async def school(tmp_path: Path):
    made = School(tmp_path)
    yield made
    await made.lessons._database.close()


# --- verified answers -----------------------------------------------------------------------------


async def test_a_verified_answer_is_given_when_the_same_is_asked(school: School):
    """In other order and case too, with who verified it, when, and its sources; not when something else is asked."""
    await school.save("verified")
    found = await school.find("Before annual leave, how much notice do I give")
    assert found is not None
    assert found.text.endswith("*Verified by Dana on 3 May 2026.*")
    assert [citation.doc_id for citation in found.citations] == ["handbook:leave.md"]
    assert await school.find("How much notice do I give before I leave the company?") is None
    assert await school.find("How much notice do I not give before annual leave?") is None
    assert await school.find("How much notice do I give before annual leave of 10 days?") is None


async def test_whether_there_are_any_is_known_once_they_were_read(school: School):
    """Until then there may be some."""
    assert school.verified.any
    assert await school.find() is None
    assert not school.verified.any
    await school.save("verified")
    assert await school.find() is not None
    assert school.verified.any


async def test_it_comes_before_any_search(school: School):
    """The answerer gives it stands."""
    await school.save("verified")
    nothing = Answerer(retriever=FakeRetriever(FakeRetrieval()), writer=FakeWriter(()), known=school.verified)
    answer = await nothing.answer(Question(ASKED, EVERYONE), id="a1")
    assert (answer.id, answer.outcome, bool(answer.verified)) == ("a1", Outcome.ANSWERED, True)
    assert answer.citations == (LEAVE,)


async def test_it_is_withdrawn_when_its_page_changes(school: School):
    """Not given once more: it waits for review, with the reason; accepted again, it counts again."""
    lesson = await school.save("verified")
    school.shelf.pages["handbook:sick.md"] = ("r2", EVERYONE)
    assert await school.find() is not None, "only the pages that it cites count"
    school.shelf.pages["handbook:leave.md"] = ("r2", EVERYONE)
    assert await school.find() is None
    assert await school.state(lesson) == "review: Annual leave has changed"
    (waiting,) = await school.learning.open()
    await school.learning.accept(waiting, by="Erik")
    found = await school.find()
    assert found is not None
    assert "Verified by Erik" in found.text


async def test_a_page_that_was_only_read_again_changes_nothing(school: School):
    """A revision also tells of dates, addresses and missing vectors: an answer rests on the words."""
    school.shelf.pages["handbook:leave.md"] = ("c1.meta.yesterday", EVERYONE)
    await school.save("verified")
    school.shelf.pages["handbook:leave.md"] = ("~c1.meta.today", EVERYONE)
    assert await school.find() is not None


async def test_only_answers_of_the_synced_sources_are_looked_at(school: School):
    """Each source's pages are listed once, however many answers cite them."""
    await school.save("verified")
    school.shelf.pages.clear()
    assert await school.verified.check({"elsewhere"}) == []
    assert len(await school.verified.check({"handbook"})) == 1


@pytest.mark.slow
def test_a_sync_withdraws_what_cites_a_changed_page(tmp_path: Path):
    """Right then, before anybody asks; a page that is only touched, or another one, changes nothing."""
    docent = CommandLine(tmp_path)
    docent.write(HANDBOOK)
    docent("index")

    async def told(*, save: bool = False) -> str:
        async with open_app(load(docent.config)) as app:
            if save:
                cites = replace(recorded().answer, text="27 days. [1]")
                source = replace(recorded(), answer=cites)
                await app.learning.save(
                    "verified",
                    question=ASKED,
                    answer="27 days. [1]",
                    by="Dana",
                    scope=Scope("slack:T1", EVERYONE),
                    source=source,
                )
            (lesson,) = await app.lessons.lessons(kind="verified")
            return f"{lesson.state}: {lesson.reason}"

    assert asyncio.run(told(save=True)) == "accepted: "
    os.utime(tmp_path / "docs" / "leave.md", (1, 1))
    docent.write({"dogs.md": "# Dogs\n\nNo dogs any more.\n"})
    docent("index")
    assert asyncio.run(told()) == "accepted: "
    docent.write({"leave.md": HANDBOOK["leave.md"].replace("27", "28")})
    docent("index")
    assert asyncio.run(told()) == "review: Annual leave has changed"


async def test_it_is_withdrawn_when_its_page_disappears(school: School):
    """And can't be accepted again, since it would cite nothing."""
    lesson = await school.save("verified")
    del school.shelf.pages["handbook:leave.md"]
    (waiting,) = await school.learning.open()
    assert await school.state(lesson) == "review: Annual leave is gone"
    with pytest.raises(Unteachable, match="which is gone"):
        await school.learning.accept(waiting, by="Erik")


async def test_it_expires(school: School):
    """After so many days it waits for review."""
    lesson = await school.save("verified")
    school.now += timedelta(days=31)
    assert await school.find() is None
    assert await school.state(lesson) == "review: it has expired"


async def test_it_is_only_for_those_who_may_see_its_pages(school: School):
    """A page that became private takes the answer along, for others only; without pages the place decides."""
    await school.save("verified")
    school.shelf.pages["handbook:leave.md"] = ("r1", frozenset({"managers"}))
    assert await school.find() is None
    assert await school.find(audience=frozenset({"managers"})) is not None
    before = await school.save(
        "verified", question="Who has the key?", audience=frozenset({"staff"}), source=None
    )
    await school.lessons.change(replace(before, state="accepted", reason=""), was="review")  # as it was once
    assert await school.find("Who has the key?") is None
    assert await school.find("Who has the key?", frozenset({"staff", "everyone"})) is not None


async def test_without_a_page_it_waits(school: School):
    """It can't be accepted until it has one; the marker that was typed is the page's, or the whole answer is."""
    lesson = await school.save("verified", "Five weeks [1], in writing.", source=None)
    assert lesson.state == "review"
    assert await school.find() is None
    with pytest.raises(Unteachable, match="names no page"):
        await school.learning.accept(lesson, by="Dana")
    edited = await school.learning.edit(
        lesson, question=ASKED, answer="Five weeks [1], in writing.", page=SICK
    )
    assert (edited.answer, edited.citations, edited.reason) == (
        "Five weeks [1], in writing.",
        (replace(SICK, number=1),),
        "",
    )
    await school.learning.accept(edited, by="Dana")
    found = await school.find()
    assert found is not None
    assert "Five weeks [1], in writing." in found.text


async def test_a_page_is_what_the_whole_answer_rests_on(school: School):
    """Of an answer that cites pages already, those count; of an example no page is wanted."""
    lesson = await school.save("verified", "Five weeks.", source=None, page=LEAVE)
    assert (lesson.state, lesson.answer, lesson.citations) == ("accepted", "Five weeks. [1]", (LEAVE,))
    anew = await school.save("verified", "Four weeks.")
    assert (anew.answer, anew.citations) == ("Four weeks. [1]", (LEAVE,))
    cited = await school.save("verified", "Four weeks. [1]", page=SICK)
    assert [one.doc_id for one in cited.citations] == [LEAVE.doc_id]
    assert (await school.save("example", "Five weeks.", source=None)).state == "proposed"


@pytest.mark.parametrize(
    ("complaint", "withdrawn"), [("wrong", True), ("outdated", True), ("incomplete", False)]
)
async def test_a_complaint_withdraws_it(school: School, complaint: str, withdrawn: bool):  # noqa: FBT001
    """👎 with wrong or outdated; other complaints are for the docs' people."""
    lesson = await school.save("verified")
    found = await school.learning.complained(recorded(verified=lesson.id), complaint)
    assert bool(found) is withdrawn
    assert (await school.find() is None) is withdrawn


async def test_a_newer_one_takes_its_place(school: School):
    """Two verified answers to one question would be one too many."""
    old = await school.save("verified")
    new = await school.save("verified", "Five weeks. [1]")
    found = await school.find()
    assert found is not None
    assert found.verified == new.id
    assert (await school.state(old)).startswith("review: replaced")


# --- examples -------------------------------------------------------------------------------------


async def test_an_accepted_example_is_a_file_and_is_used(school: School):
    """Nothing is written before it is accepted; then it is in the guide, and goes into the next answer."""
    lesson = await school.save("example", "Four weeks [2], so call.")
    assert list((school.folder / "examples").iterdir()) == []
    accepted = await school.learning.accept(lesson, by="Erik")
    written = yaml.safe_load((school.folder / "examples" / accepted.file).read_text())
    assert written["answer"] == "Four weeks [1], so call."
    assert written["citations"] == [{"page": "sick.md", "quote": "Call before nine."}]
    assert (written["saved_by"], str(written["saved_on"])) == ("Dana", "2026-05-03")
    style = await school.guides.style(Question(ASKED, EVERYONE), ASKED)
    assert [example.answer for example in style.examples] == ["Four weeks [1], so call."]


async def test_an_example_that_breaks_the_rules_is_not_taken(school: School):
    """The admin hears which rule; an edit mends it."""
    lesson = await school.save("example", "So it is. " * 60)
    with pytest.raises(Unteachable, match="length"):
        await school.learning.accept(lesson, by="Erik")
    edited = await school.learning.edit(lesson, question=ASKED, answer="Four weeks.")
    assert (await school.learning.accept(edited, by="Erik")).state == "accepted"


async def test_an_example_of_a_private_page_is_not_taken(school: School):
    """It would go along with everybody's questions: the admin hears what to do instead."""
    lesson = await school.save("example")
    school.shelf.pages["handbook:leave.md"] = ("r1", frozenset({"managers"}))
    with pytest.raises(Unteachable, match="verified answer instead"):
        await school.learning.accept(lesson, by="Erik")
    assert list((school.folder / "examples").iterdir()) == []


async def test_an_example_that_cites_nothing_goes_along_where_it_was_told(school: School):
    """It is in prompts only for those who have all that its place was for."""
    leads = frozenset({"everyone", "leads"})
    lesson = await school.save("example", "Dana earns 80,000.", audience=leads, source=None)
    kept = await school.learning.accept(lesson, by="Erik")
    assert "audience:\n- everyone\n- leads\n" in (school.folder / "examples" / kept.file).read_text()
    assert (await school.guides.style(Question(ASKED, EVERYONE), ASKED)).examples == ()
    (example,) = (await school.guides.style(Question(ASKED, leads), ASKED)).examples
    assert example.answer == "Dana earns 80,000."


async def test_an_example_that_cites_nothing_and_was_told_to_nobody_is_not_taken(school: School):
    """Where nobody could see anything it isn't known whom it may be told."""
    lesson = await school.save("example", "Dana earns 80,000.", audience=frozenset(), source=None)
    with pytest.raises(Unteachable, match="It cites no page"):
        await school.learning.accept(lesson, by="Erik")


@pytest.mark.parametrize(
    ("tenants", "audience", "readable"),
    [
        (None, {"everyone"}, True),
        ({"slack:T1"}, {"everyone", "hr"}, True),
        ({"slack:T2"}, {"everyone"}, False),
        (None, {"hr"}, False),
        (None, set(), False),
    ],
)
async def test_a_lesson_is_for_admins_of_its_place(
    school: School, tenants: set[str] | None, audience: set[str], *, readable: bool
):
    """An admin reads what was saved in their places, of pages and places that they may see."""
    lesson = await school.save("verified")
    rights = Rights(None if tenants is None else frozenset(tenants), frozenset(audience))
    assert await school.learning.readable(lesson, rights) is readable


async def test_what_was_withdrawn_because_its_page_went_can_be_read(school: School):
    """A page that is gone hides from nobody what cited it."""
    lesson = await school.save("verified")
    school.shelf.pages.clear()
    assert await school.learning.readable(lesson, Rights(None, EVERYONE))


async def test_nobody_decides_twice(school: School):
    """A second word comes too late."""
    lesson = await school.save("example")
    await school.learning.reject(lesson)
    with pytest.raises(Unteachable):
        await school.learning.accept(lesson, by="Erik")
    assert list((school.folder / "examples").iterdir()) == []


async def test_a_complaint_takes_an_example_out(school: School):
    """Its file goes; it waits for review and can come back."""
    accepted = await school.learning.accept(await school.save("example"), by="Erik")
    (gone,) = await school.learning.complained(recorded(), "wrong")
    assert not (school.folder / "examples" / accepted.file).exists()
    (waiting,) = await school.learning.open()
    assert waiting.id == gone.id
    assert (await school.learning.accept(waiting, by="Erik")).state == "accepted"


async def test_accepted_examples_are_committed_to_the_branch(tmp_path: Path):
    """On top of it, whatever is checked out, and nothing else along with it."""
    school = School(tmp_path, git={"branch": "guide"})
    git = ("git", "-C", str(tmp_path))
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    who = ("-c", "user.name=x", "-c", "user.email=x@x")
    subprocess.run([*git, "add", "style/guide.yaml"], check=True)
    subprocess.run([*git, *who, "commit", "-q", "-m", "start"], check=True)
    (tmp_path / "other.txt").write_text("not yours")
    accepted = await school.learning.accept(await school.save("example"), by="Erik")
    await school.lessons._database.close()

    def out(*words: str) -> str:
        return subprocess.run([*git, *words], check=True, capture_output=True, text=True).stdout.strip()

    assert (
        out("diff-tree", "--no-commit-id", "--name-only", "-r", "guide") == f"style/examples/{accepted.file}"
    )
    assert out("log", "-1", "--format=%an", "guide") == "Erik"
    assert out("log", "--format=%s", "main") == "start"


@pytest.mark.slow
def test_the_command_line_reviews(tmp_path: Path):
    """`docent style review` lists what waits, and accepts it into the guide."""
    docent = CommandLine(tmp_path)
    docent.config.write_text(docent.config.read_text() + "style: ./style\n")
    docent.write(HANDBOOK)
    docent("index")
    assert "Nothing waits" in docent("style", "review").stdout

    async def saved() -> str:
        (tmp_path / "elsewhere").mkdir()
        school = School(tmp_path / "elsewhere")
        database = Database(folder=tmp_path / ".docent")
        school.learning._lessons = SqlLessons(database)
        lesson = await school.save("example")
        await database.close()
        return lesson.id

    lesson = asyncio.run(saved())
    folder(tmp_path / "style", {}, RULES)
    assert f"{lesson}  example, saved by Dana" in docent("style", "review").stdout
    assert docent("style", "review", "--accept", "nonsense").returncode == 2
    done = docent("style", "review", "--accept", lesson, "--by", "Erik")
    assert (done.returncode, "accepted, how-much-notice" in done.stdout) == (0, True), done.stderr
    assert len(list((tmp_path / "style" / "examples").iterdir())) == 1
    assert docent("style", "review", "--reject", lesson).returncode == 1
