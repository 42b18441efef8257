"""Nothing beside the point: what is quoted, and what isn't, by kind."""

from datetime import UTC, datetime

import pytest

from bot.answering.answerer import NO_SUBJECT, Answerer
from bot.backends.extractive.writer import ExtractiveWriter
from bot.model import Answer, Outcome, Passage, Question, Turn
from tests.support.fakes import FakeRetrieval, FakeRetriever, make_passage

DEVICES = make_passage(
    "| Model | Battery | Weight |\n|---|---|---|\n| X100 | 8 hours | 300 g |\n| X1000 | 20 hours | 900 g |\n"
    "| X100 Pro | 12 hours | 350 g |\n",
    page="devices.md",
    title="Devices",
)
SDKS = make_passage(
    "- C: download `libpay.h` from the portal.\n- C++: use `vcpkg install pay`.\n"
    "- C#: add the package `Pay.Net`.\n",
    page="sdk.md",
    title="SDKs",
)
RELEASES = (
    make_passage("Fixes the login page.", page="releases.md", title="Releases", heading="v2.3.1"),
    make_passage("Adds dark mode.", page="releases.md", title="Releases", heading="v2.3.10", ordinal=1),
)
REFUNDS = make_passage(
    "Hotel and train tickets are refunded within 30 days.\n\nGift cards and minibars are not refunded.\n",
    page="refunds.md",
    title="Refunds",
)
TRAVEL = make_passage(
    "| What | Limit |\n|---|---|\n| Hotel, a night | £160 |\n| Hotel in London | £210 |\n"
    "| Own car, a mile | £0.45 |\n",
    page="travel.md",
    title="Travel",
)
SEVERITIES = make_passage(
    "Gates are always SEV1 or SEV2.\n\n| Severity | Means |\n|---|---|\n| SEV1 | nobody can pay |\n"
    "| SEV2 | one marina is down |\n| SEV4 | cosmetic |\n",
    page="severities.md",
    title="Severities",
)
PROBATION = make_passage(
    "You have £500 to set up your desk.\n\nYour probation period is 6 months.", title="Your first week"
)


GLOSSARY = make_passage(
    "**Conductor:** Who drives the release train that day.\n\n**Berth:** A place for one boat.\n",
    page="glossary.md",
    title="Glossary",
)
TRAIN = make_passage(
    "The conductor is the second of the rotation. Releases leave on Tuesday.",
    page="train.md",
    title="Release train",
    heading="Conductor",
)
PLANS = make_passage(
    "| Plan | For |\n|---|---|\n| Anchor | one boat |\n| Fleet | many boats |\n", title="Plans"
)
PAY = make_passage(
    "Your payslip is in Galley.\n\nWrite to `payroll@example.org`. Small differences are paid later.",
    page="pay.md",
    title="Payslips",
    heading="Something is wrong",
)
PAY_DAY = make_passage(
    "Salaries arrive on the 25th, or the working day before.\n\nIn December we pay on the 18th.\n\n"
    "The slip is in Galley two days earlier. A change of the bank takes a day. Ask on any day. The day of the party is free. "
    "Every day has its end. No day is like the other. A free day is a good day.",
    page="pay.md",
    title="Pay day",
)
DOGS = make_passage(
    "Dogs are welcome on Mondays, at most 4 at once.\n\nAssistance dogs are always allowed, in every office.\n\n"
    "The office manager books the place.",
    page="dogs.md",
    title="Dogs in the office",
)


async def ask(question: str, *passages: Passage, history: tuple[Turn, ...] = ()) -> Answer:
    retriever = FakeRetriever(FakeRetrieval(passages=passages))
    core = Answerer(retriever=retriever, writer=ExtractiveWriter())
    return await core.answer(Question(question, frozenset({"everyone"}), history=history))


@pytest.mark.parametrize(
    ("question", "passages", "said", "unsaid"),
    [
        ("How long does the battery of the X100 last?", (DEVICES,), ["8 hours"], ["20 hours", "12 hours"]),
        ("battery of the X1000?", (DEVICES,), ["20 hours"], ["8 hours", "12 hours"]),
        ("battery X100 Pro", (DEVICES,), ["12 hours"], ["20 hours"]),
        ("Which SDK is there for C#?", (SDKS,), ["Pay.Net"], ["vcpkg", "libpay"]),
        ("SDK for C++?", (SDKS,), ["vcpkg"], ["Pay.Net", "libpay"]),
        ("How do I get the SDK for C?", (SDKS,), ["libpay"], ["Pay.Net", "vcpkg"]),
        ("What changed in v2.3.1?", RELEASES, ["login page"], ["dark mode"]),
        ("what is new in 2.3.10", RELEASES, ["dark mode"], ["login page"]),
        ("Which things are not refunded?", (REFUNDS,), ["Gift cards"], ["Hotel"]),
        ("What may a hotel in London cost?", (TRAVEL,), ["£210"], ["mile"]),
        ("SEV1 vs SEV2", (SEVERITIES,), ["nobody can pay", "one marina is down"], ["cosmetic"]),
        ("How long is probation?", (PROBATION,), ["6 months"], ["£500"]),
        ("whats a conductor", (TRAIN, GLOSSARY), ["Who drives"], ["second", "boat"]),
        ("What does berth mean?", (GLOSSARY,), ["one boat"], ["drives"]),
        ("define anchor", (PLANS,), ["one boat"], ["many"]),
        ("when is pay day in december", (PAY_DAY,), ["18th"], ["Galley"]),
    ],
)
async def test_near_things_are_told_apart(
    question: str, passages: tuple[Passage, ...], said: list[str], unsaid: list[str]
):
    """The row, item or section that was asked for, and not its neighbour."""
    answer = await ask(question, *passages)
    assert [word for word in said if word not in answer.text] == []
    assert [word for word in unsaid if word in answer.text] == []


async def test_one_page_is_quoted():
    """A page that shares a word with the question is no second answer."""
    chairs = make_passage("Chairs are ordered by the office manager.", page="chairs.md", title="Chairs")
    laptops = make_passage(
        "Laptops are ordered in Fathom, type Hardware.", page="laptops.md", title="Laptops"
    )
    answer = await ask("How are laptops ordered?", laptops, chairs)
    assert [citation.title for citation in answer.citations] == ["Laptops"]


async def test_the_answer_comes_first():
    """The sentence that answers opens the answer, also where it is the last of its page."""
    page = make_passage(
        "Fees are explained below.\n\nFees depend on the plan, and plans on the berths.\n\n"
        "The fee for a change of berth is 40 euros.",
        title="Fees",
    )
    answer = await ask("What is the fee for a change of berth?", page)
    assert answer.text.startswith("The fee for a change of berth is 40 euros.")


@pytest.mark.parametrize(
    ("question", "page", "first"),
    [
        (
            "who do I ask about my payslip being wrong",
            PAY,
            "**Something is wrong:** Write to `payroll@example.org`",
        ),
        (
            "whom should I tell about a wrong payslip?",
            PAY,
            "**Something is wrong:** Write to `payroll@example.org`",
        ),
        ("bring my dog to the office?", DOGS, "Dogs are welcome on Mondays"),
        ("are assistance dogs allowed?", DOGS, "Assistance dogs are always allowed"),
    ],
)
async def test_what_opens_the_answer(question: str, page: Passage, first: str):
    """Whom to write to, where that is asked; what a page begins with, where only its subject is named."""
    answer = await ask(question, page)
    assert answer.text.startswith(first)


async def test_when_wants_a_day():
    """Neither a length of time nor an amount."""
    pages = (
        make_passage(
            "You are paid in full for the first 12 weeks of sickness.", page="sick.md", title="Sick pay"
        ),
        make_passage(
            "Salaries arrive on the 25th of each month.\n\nMore than £100 is paid at once.",
            page="pay.md",
            title="Pay day",
        ),
    )
    answer = await ask("when do we get paid", *pages)
    assert answer.text.startswith("Salaries arrive on the 25th of each month.")


@pytest.mark.parametrize(
    "heading",
    ["Can a customer pay by credit card?", "**Q: Can a customer pay by credit card? (plans of 2024)**"],
)
async def test_an_faq_answers_its_own_question(heading: str):
    """What stands below a question that is the asked one is before what shares words with it."""
    faq = make_passage("No, only bank transfers.", page="faq.md", title="Deals", heading=heading)
    other = make_passage(
        "What is too large to pay by credit card goes to accounts.", page="payables.md", title="Payables"
    )
    answer = await ask("can our customer pay by credit card", other, faq)
    assert "only bank transfers" in answer.text
    assert "accounts" not in answer.text


OLD, NEW = datetime(2023, 2, 20, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Contractors may use the gym in Bristol.", "Contractors may not use the gym in Bristol."),
        ("The release train leaves on Thursday at noon.", "The release train leaves on Tuesday at noon."),
        ("A customer gets an answer within four hours.", "A customer gets an answer within two hours."),
        (
            "Send invoices to billing@example.org each month.",
            "Send invoices to money@example.org each month.",
        ),
        ("The agent needs version 2.4.1 of the driver.", "The agent needs version 2.3.9 of the driver."),
    ],
)
@pytest.mark.parametrize("first", [True, False])
async def test_pages_that_disagree_are_both_told(new: str, old: str, *, first: bool):
    """Whichever is found first: the newer page opens, the older one is a line with its date."""
    pages = [
        make_passage(new, page="new.md", title="Rules", updated_at=NEW),
        make_passage(old, page="old.md", title="Rules of 2023", updated_at=OLD),
    ]
    asked = new.replace("2.4.1 of the driver.", "of the driver?").replace(".", "?")
    answer = await ask(asked, *(pages if first else reversed(pages)))
    assert answer.text.index(new) < answer.text.index(old)
    assert "2023-02-20" in answer.text


async def test_a_title_that_denies_drops_no_quote():
    """A page that is called When nobody answers states nothing by its name."""
    first = make_passage(
        "Pages are acknowledged within 10 minutes.", page="a.md", title="On call", updated_at=NEW
    )
    older = make_passage(
        "Pages are acknowledged within 15 minutes.", page="b.md", title="When nobody answers", updated_at=OLD
    )
    answer = await ask("Within how many minutes are pages acknowledged?", first, older)
    assert answer.text.index("10 minutes") < answer.text.index("15 minutes")


async def test_a_page_that_replaces_another_wins_whatever_its_date():
    """What a page says of itself counts before the date of its file."""
    valid = make_passage(
        "This page replaces the Travel policy.\n\nA hotel in London costs at most 210 pounds.",
        page="new.md",
        title="Travel",
        updated_at=OLD,
    )
    replaced = make_passage(
        "A hotel in London costs at most 150 pounds.", page="old.md", title="Travel policy", updated_at=NEW
    )
    answer = await ask("What may a hotel in London cost in pounds at most?", replaced, valid)
    assert "210" in answer.text
    assert answer.text.index("210") < answer.text.index("150")


async def test_pages_that_agree_are_not_put_beside_each_other():
    """Another number of something else is no contradiction."""
    pay = make_passage("Salaries arrive on the 25th of each month.", page="pay.md", title="Pay day")
    claims = make_passage(
        "Claims that are approved by the 15th are paid with that month's salary.", page="claims.md"
    )
    answer = await ask("When do salaries arrive?", pay, claims)
    assert "15th" not in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "can you answer this?",
        "please look into this",
        "can you help with this?",
        "Any idea, anyone?",
    ],
)
async def test_what_asks_nothing_is_asked_back(question: str):
    """No page is quoted for filler words, and no gap is noted; in a thread the question stands above."""
    answer = await ask(question, PROBATION)
    assert (answer.outcome, answer.text, answer.gap) == (Outcome.NOT_FOUND, NO_SUBJECT, False)
    above = (Turn("user", "How long is my probation period?"),)
    assert "6 months" in (await ask(question, PROBATION, history=above)).text


async def test_no_bracket_or_emphasis_is_left_open():
    """A sentence out of a parenthesis, or of a bold paragraph, is closed."""
    page = make_passage(
        "Three complaints, and the dog stays at home. (It happened once. Biscuit the dog is back.)"
    )
    answer = await ask("Did it happen that a dog had to stay at home after complaints?", page)
    assert answer.text.count("(") == answer.text.count(")")


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("Can I bring my dog to the office?", ["Bristol", "Hamburg", "Valencia"]),
        ("Can I bring my dog to the Hamburg office?", ["Hamburg"]),
    ],
)
async def test_paragraphs_for_each_case_are_quoted_together_or_by_name(question: str, quoted: list[str]):
    """One case alone would be taken for all of them; the case that the question names stands alone."""
    dogs = make_passage(
        "Bristol: dogs are welcome on Mondays.\n\nHamburg: no dogs, the landlord says. The office has none.\n\n"
        "Valencia: on the terrace only.\n\nThe dog of the year is chosen in May.",
        page="dogs.md",
        title="Dogs in the office",
    )
    answer = await ask(question, dogs, TRAVEL)
    assert [name for name in ("Bristol", "Hamburg", "Valencia") if name in answer.text] == quoted


async def test_what_is_asked_for_is_what_a_sentence_is_about():
    """A sentence that begins with it says more of it than one in which it comes along."""
    hotfixes = make_passage(
        "During the freezes a hotfix also needs a yes from the incident lead.\n\n"
        "A hotfix mends what a rollback does not.",
        page="hotfix.md",
        title="Hotfixes",
    )
    assert (await ask("what's a hotfix", hotfixes, TRAVEL)).text.startswith("A hotfix mends")
