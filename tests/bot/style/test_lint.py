"""What `docent style check` finds in a guide."""

from pathlib import Path

import pytest

from bot.style.lint import check
from bot.style.load import load
from tests.bot.style.test_guide import RULES, folder, text_of
from tests.support.command_line import HANDBOOK, CommandLine

PRIVATE = "pay.md"
PAGES = {
    "pay.md": "Pay bands\nL4 is 50,000 pounds.",
    "leave.md": "Annual leave\nEverybody gets 27 days. Run `moor leave --book`. Ask Dana Whitfield.",
}
EVERYONE = frozenset({"everyone"})
CITES = "[{page: leave.md, quote: Everybody gets 27 days.}]"


class Docs:
    async def text(self, page: str) -> str | None:
        return PAGES.get(page)

    async def open_to(self, page: str, audience: frozenset[str]) -> bool:
        return page != PRIVATE or "managers" in audience

    async def about(self, question: str) -> str:
        return PAGES["leave.md"]


async def findings(path: Path, files: dict[str, str], rules: str = RULES, **how: int) -> list[str]:
    loaded = load(folder(path, files, rules))
    assert loaded.problems == ()
    found = await check(loaded.guide, Docs(), **{"tokens": 500, "most": 900, "audience": EVERYONE, **how})
    return [f"{one.level} {one.file.name}: {one.message}" for one in found]


async def test_a_good_guide_has_no_findings(tmp_path: Path):
    """Facts that stand on the cited page are right."""
    good = text_of("How much leave?", "27 days; ask Dana Whitfield. [1]", citations=CITES)
    assert await findings(tmp_path, {"a.yaml": good}) == []


@pytest.mark.parametrize(
    ("rules", "files", "told"),
    [
        (RULES, {"a.yaml": text_of("How much?"), "b.yaml": text_of("how much")}, "asks the same as a.yaml"),
        (RULES, {"a.yaml": text_of("Why?", "So " * 120)}, "breaks the rule length"),
        ("words: {avoid: [kindly]}", {"a.yaml": text_of("Why?", "Kindly wait.")}, "has “kindly”"),
        ("words: {use: [{say: leave, for: [vacation]}]}", {"a.yaml": text_of("Why?", "Take a vacation.")}, "not “leave”"),
        ("length: {sentences: 1}", {"a.yaml": text_of("Why?", "One thing. Another thing.")}, "2 sentences, at most 1"),
        (RULES, {"a.yaml": text_of("Why?", "You get 30 days. [1]", citations=CITES)}, "'30' is not in the docs any more"),
        (RULES, {"a.yaml": text_of("Why?", "Run `moor off --all`.")}, "'moor off' is not in the docs any more"),
        (RULES, {"a.yaml": text_of("Why?", "Then ask Bob Stone. [1]", citations=CITES)}, "'Bob Stone' is not in the docs"),
        (RULES, {"a.yaml": text_of("Why?", "So. [1]", citations="[{page: gone.md}]")}, "gone.md, which isn't in the index"),
        (RULES, {"a.yaml": text_of("Why?", "So. [1]", citations="[{page: leave.md, quote: 28 days}]")}, "no longer says"),
        (RULES, {"a.yaml": text_of("Why?", "So. [2]", citations=CITES)}, "cites [2], but has 1 citations"),
        (RULES, {"a.yaml": text_of("Why?", "Use ghp_0123456789abcdefghijABCDEFGHIJ012345.")}, "looks like a secret"),
        (RULES, {"a.yaml": text_of("Why?", "Because.", context="password = hunter22")}, "looks like a secret"),
        ("opening: Use xoxb-123456789012-abcdefghijkl\n", {"a.yaml": text_of("Why?", "Use xoxb-123456789012-abcdefghijkl so.")}, "error guide.yaml: holds what looks like a secret"),
        (RULES, {"a.yaml": text_of("Is bob@example.com on leave?")}, "personal data: a mail address"),
        (RULES, {"a.yaml": text_of("Is +44 20 7946 0123 his number?")}, "personal data: a phone number"),
        (RULES, {"a.yaml": text_of("Is DE44 5001 0517 5407 3249 31 his account?")}, "personal data: a bank account"),
        (RULES, {"a.yaml": text_of("Why?", "Ask bob@example.com. [1]", citations=CITES)}, "personal data: a mail address"),
        (RULES, {"a.yaml": text_of("Why?", "x " * 150)}, "is 152 of the budget's 200 tokens"),
        (RULES, {"a.yaml": text_of("Why?", "x " * 250)}, "is 252 tokens: it never fits the budget of 200"),
        ("voice: [" + "Be very good. " * 80 + "]\n", {"a.yaml": text_of("Why?")}, "warning guide.yaml: the rules alone are"),
        ("opening: Ahoy!\n", {"a.yaml": text_of("Why?", "So it is.")}, "breaks the rule opening"),
        ("closing: Yours.\n", {"a.yaml": text_of("Why?", "So it is.")}, "breaks the rule closing"),
        ("citations: sentence\n", {"a.yaml": text_of("Why?", "27 days. And 5 more. [1]", citations=CITES)}, "no citation behind “27 days.”"),
        (RULES, {"a.yaml": text_of("Why?", "So.", citations=CITES)}, "warning a.yaml: citation 1 isn't used"),
        (RULES, {"a.yaml": text_of("How many days of leave do new people get?"), "b.yaml": text_of("How many days of leave do new people get then?")}, "warning b.yaml: asks nearly the same as a.yaml"),
        (RULES, {"a.yaml": text_of("Why?", "50,000 pounds. [1]", citations="[{page: pay.md}]")}, "error a.yaml: cites pay.md, which not everybody may see"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_found(tmp_path: Path, rules: str, files: dict[str, str], told: str):
    """Each kind of finding, with its file."""
    how = {"tokens": 200} if "budget" in told or "rules alone" in told else {}
    found = await findings(tmp_path, files, rules, **how)
    assert any(told in one for one in found), found


async def test_an_example_may_cite_what_all_who_get_its_guide_may_see(tmp_path: Path):
    """A guide for managers shows managers' pages to managers."""
    files = {"a.yaml": text_of("Why?", "50,000 pounds. [1]", citations="[{page: pay.md}]")}
    assert await findings(tmp_path, files, audience=frozenset({"managers"})) == []


@pytest.mark.slow
def test_the_command_fails_on_errors_alone(tmp_path: Path):
    """Exit code 0 for a good guide, 1 once a page no longer says what an example says."""
    docent = CommandLine(tmp_path)
    docent.config.write_text(docent.config.read_text() + "style: ./style\n")
    docent.write(HANDBOOK)
    cites = "[{page: leave.md, quote: Everybody gets 27 days of paid annual leave a year.}]"
    folder(tmp_path / "style", {"leave.yaml": text_of("How much leave?", "27 days. [1]", citations=cites)})
    assert docent("index").returncode == 0
    good = docent("style", "check")
    assert (good.returncode, good.stdout) == (0, "1 example: 0 errors, 0 warnings\n")
    docent.write({"leave.md": HANDBOOK["leave.md"].replace("27", "28")})
    docent("index")
    stale = docent("style", "check")
    assert stale.returncode == 1
    assert "leave.yaml: error: '27' is not in the docs any more" in stale.stdout
