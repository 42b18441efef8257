"""What a page says of itself: front matter, title, language, audience."""

import pickle
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.text.language_guess import page_language
from indexer.reading.page_builder import Page
from indexer.sources.base import Entry
from tests.support.pages import document, page, read, refused


def test_front_matter() -> None:
    """Title, owners, date, audience and keywords are read and are no text of the page."""
    built = page(
        "---\ntitle: 'Time: off'\nowners: [Ada, {name: Bob}]\nupdated: 2024-05-06\n"
        "audience: [hr, board]\nkeywords: holiday, vacation\n---\nText.\n"
    )
    made = built.document
    assert made.title == "Time: off"
    assert made.titled
    assert made.owners == ("Ada", "Bob")
    assert made.updated_at == datetime(2024, 5, 6, tzinfo=UTC)
    assert made.audience == {"hr", "board"}
    assert made.keywords == ("holiday", "vacation")
    assert made.text == "Text.\n"
    assert built.problem == ""


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("updated: 2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09+02:00"),
        ("last_updated: '2024-05-06'", "2024-05-06T00:00:00+00:00"),
        ("date: 2024-05-06 07:08:09", "2024-05-06T07:08:09+00:00"),
        ("updated: last week", None),
    ],
)
def test_date(line: str, moment: str | None) -> None:
    """A date in any usual form is read; what is no date is left out."""
    made = document(f"---\n{line}\n---\nText.")
    assert made.updated_at == (datetime.fromisoformat(moment) if moment else None)


@pytest.mark.parametrize(
    "head",
    [
        "title: [unclosed",
        "title: a: b: c",
        "\tx: y",
        "x: y\n- just\n- a list",
        "x:\n  " + "- " * 50_000,  # the parser would end the process
        "x:\n  " + "? " * 50_000,
    ],
    ids=lambda head: head[:20],
)
def test_broken_front_matter(head: str) -> None:
    """A page whose front matter is broken is indexed all the same, with a word about it."""
    built = page(f"---\n{head}\n---\n# Real title\n\nText.")
    assert built.document.title == "Real title"
    assert "front matter" in built.problem
    assert [piece.chunk.text for piece in built.pieces] == ["Text."]


@pytest.mark.parametrize("head", ["title: [unclosed\naudience: hr", "audience: {a: 1}", "Audience: 5\nx: ["])
def test_broken_audience(head: str) -> None:
    """A page that says who may see it, but not readably so, is shown to nobody."""
    assert "audience" in refused(f"---\n{head}\n---\nSecret.")


def test_ruler_is_no_front_matter() -> None:
    """A ruler at the top of a page is no front matter."""
    built = page("---\n\n# Mission\n\nWe care.\n\n---\n\nMore.")
    assert built.document.title == "Mission"
    assert not built.problem


def test_prose_between_rulers() -> None:
    """Prose between two rulers is not taken for front matter."""
    text = "---\n\nNote: this is prose.\n\n---\n\nMore."
    assert [piece.chunk.text for piece in page(text).pieces] == ["Note: this is prose.\n\nMore."]


def test_empty_front_matter() -> None:
    """Empty front matter says nothing."""
    assert document("---\n---\n# T\n\nText.").title == "T"


@pytest.mark.parametrize(
    ("content", "path", "title", "titled"),
    [
        ("# First *title*\n\nx", "a.md", "First title", True),
        ("## Only heading\n\nx", "a.md", "Only heading", True),
        ("Intro.\n\n## One\n\nx\n\n## Two\n\ny", "how-to_travel.md", "How to travel", False),
        ("text", "time-off/index.md", "Time off", False),
        ("text", "README.md", "README", False),
        ("text", "deep/er/README.md", "Er", False),
        ("text", "no-ending", "No ending", False),
    ],
)
def test_title(content: str, path: str, title: str, titled: bool) -> None:  # noqa: FBT001 - a parameter
    """A title comes from the first heading, else from the file's name, and the page knows which."""
    made = document(content, path)
    assert (made.title, made.titled) == (title, titled)


@pytest.mark.parametrize("content", ["", "   \n\n", "\ufeff", "---\ntitle: Empty\n---\n", "\x00\x00"])
def test_empty_page(content: str) -> None:
    """A page without content is named as empty."""
    built = read(content)
    assert refused(content) == "it is empty"
    assert built.empty  # type: ignore[union-attr]


@pytest.mark.parametrize("content", ["<!-- todo -->", "{{generator:list}}", "![](a.png)", "***\n"])
def test_page_without_text(content: str) -> None:
    """A page of tags, drawings or rulers alone is named as such."""
    assert "no text" in refused(content)


def test_stub_page() -> None:
    """A page of headings alone can be found by them."""
    (piece,) = page("# Travel\n\n## Trains\n").pieces
    assert piece.chunk.text == "Travel\nTrains"


@pytest.mark.parametrize(
    ("configured", "said", "seen"),
    [
        (["everyone"], None, {"everyone"}),
        (["everyone"], "[hr]", {"hr"}),
        (["everyone"], "[]", set()),
        (["staff"], "[hr]", set()),
        (["staff", "hr"], "[hr, board]", {"hr"}),
        (["staff"], "[everyone]", {"staff"}),
        (["staff"], "everyone", {"staff"}),
        (["staff"], "[]", set()),
    ],
)
def test_audience(configured: list[str], said: str | None, seen: set[str]) -> None:
    """A page may narrow who sees it, and can't open itself to more people than its source does."""
    head = "" if said is None else f"---\naudience: {said}\n---\n"
    assert document(f"{head}Text.", audience=configured).audience == seen


def test_audience_that_nobody_has() -> None:
    """A page that names none of its source's audiences is seen by nobody, and the report says so."""
    assert "audience_of" in page("---\naudience: hr\n---\nText.", audience=["staff"]).problem
    assert page("---\naudience: []\n---\nText.", audience=["staff"]).problem == ""


def test_audience_by_path() -> None:
    """A folder's own audience goes before the source's, and the last pattern that fits wins."""
    rules = {"hr/**": ["hr"], "hr/public/**": ["everyone"], "*.md": ["staff"]}
    fields = {"audience": ["staff"], "audience_of": rules}
    assert document("x", "hr/pay/bands.md", **fields).audience == {"hr"}
    assert document("x", "hr/public/a.md", **fields).audience == {"everyone"}
    assert document("x", "other/a.md", **fields).audience == {"staff"}


def test_audience_of_the_source() -> None:
    """What the source's own permissions say goes before the configuration."""
    entry = Entry("a.md", "1", audience=frozenset({"board"}))
    assert document("x", entry=entry).audience == {"board"}


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a/b c.md", "https://x.example/a/b%20c"),
        ("a/index.md", "https://x.example/a"),
        ("README.md", "https://x.example/"),
        ("größe.md", "https://x.example/gr%C3%B6%C3%9Fe"),
        ("a/v1.2.md", "https://x.example/a/v1.2"),
    ],
)
def test_url(path: str, url: str) -> None:
    """A page's address is made by its source's template."""
    assert document("x", path, url="https://x.example/{stem}#{anchor}").url == url


@pytest.mark.parametrize(
    ("head", "path", "anchors", "url"),
    [
        ("slug: travel-approval", "people/01-travel.md", None, "people/travel-approval"),
        ("slug: /travel", "people/01-travel.md", None, "travel"),
        ("permalink: /travel/", "people/01-travel.md", None, "travel"),
        ("permalink: /travel.html", "people/travel.md", None, "travel.html"),
        ("url: /travel/", "people/travel.md", None, "travel"),
        ("url: https://x.example/travel", "people/travel.md", None, "travel"),
        ("url: https://evil.example/travel", "people/travel.md", None, "people/travel"),
        ("slug: ../../../etc", "people/travel.md", None, "etc"),
        ("permalink: /:categories/:title/", "people/travel.md", None, "people/travel"),
        ("slug: a b?c#d", "people/travel.md", None, "people/travel"),
        ("id: leave", "people/travel.md", None, "people/travel"),
        ("id: leave", "people/01-travel.md", "docusaurus", "people/leave"),
        ("title: x", "01-people/02-travel.md", "docusaurus", "people/travel"),
        ("slug: leave", "01-people/02-travel.md", "docusaurus", "people/leave"),
        ("title: x", "blog/2026-01-12-x.md", "docusaurus", "blog/2026-01-12-x"),
        ("title: x", "01-people/02-travel.md", None, "01-people/02-travel"),
    ],
)
def test_address_that_the_page_says(head: str, path: str, anchors: str | None, url: str) -> None:
    """A page's own address on its site is where citations lead, and never to another site."""
    made = document(f"---\n{head}\n---\nText.", path, url="https://x.example/{stem}", anchors=anchors)
    assert made.url == f"https://x.example/{url}"


def test_address_below_a_folder_of_the_site() -> None:
    """A template may name the folder of the site that the address begins with, and an ending that it has, too."""
    made = document("---\nslug: /docs/travel\n---\nText.", "a.md", url="https://x.example/docs/{stem}")
    assert made.url == "https://x.example/docs/travel"
    made = document("---\npermalink: /travel.html\n---\nText.", "a.md", url="https://x.example/{stem}.html")
    assert made.url == "https://x.example/travel.html"
    made = document("---\nslug: travel\n---\nText.", "a.md", url="https://x.example/blob/main/{path}")
    assert made.url == "https://x.example/blob/main/a.md"


@pytest.mark.parametrize(
    ("template", "path", "head", "url"),
    [
        ("{stem}/", "README.md", "title: x", ""),
        ("{stem}/", "a/index.md", "title: x", "a/"),
        ("{stem}", "intro.md", "slug: /", ""),
        ("{stem}/", "intro.md", "slug: /", ""),
        ("{stem}.html", "index.md", "title: x", "index.html"),
        ("{stem}.html", "a/README.md", "title: x", "a/index.html"),
        ("{stem}.html", "intro.md", "slug: /", "index.html"),
    ],
)
def test_address_of_a_folder(template: str, path: str, head: str, url: str) -> None:
    """A folder's own page, and the site's first one, are where the site has them."""
    made = document(f"---\n{head}\n---\nText.", path, url=f"https://x.example/{template}")
    assert made.url == f"https://x.example/{url}"


def test_address_of_a_bundle() -> None:
    """What Hugo's slug names is the folder, where the page is the folder's."""
    made = document(
        "---\nslug: new\n---\nText.", "posts/a/index.md", url="https://x.example/{stem}/", anchors="hugo"
    )
    assert made.url == "https://x.example/posts/new/"


@pytest.mark.parametrize(
    ("anchors", "names"),
    [
        ("github", ["cache--queue-restart", "größe", "10-ports", "größe-1"]),
        ("docusaurus", ["cache--queue-restart", "größe", "10-ports", "größe-1"]),
        ("gitlab", ["cache-queue-restart", "größe", "10-ports", "größe-1"]),
        ("mkdocs", ["cache-queue-restart", "groe", "10-ports", "groe_1"]),
        ("pymdownx", ["cache--queue-restart", "größe", "10-ports", "größe_1"]),
        ("vitepress", ["cache-queue-restart", "große", "_10-ports", "große-1"]),
        ("sphinx", ["cache-queue-restart", "groe", "ports", "id1"]),
        ("asciidoctor", ["_cache_queue_restart", "_größe", "_10_ports", "_größe_2"]),
        ("confluence", ["Cache-&-queue:-restart", "Größe", "10-ports", "Größe.1"]),
        ("confluence-server", ["Cache&queue:restart", "Größe", "10ports", "Größe.1"]),
    ],
)
def test_anchors_of_each_software(anchors: str, names: list[str]) -> None:
    """Headings are called what the page's software calls them."""
    headings = ("Cache & queue: restart", "Größe", "10 ports", "Größe")
    built = page("# Page\n\n" + "".join(f"## {each}\n\nText.\n\n" for each in headings), anchors=anchors)
    assert [piece.chunk.anchor for piece in built.pieces] == names


@pytest.mark.parametrize(
    ("template", "anchor"),
    [
        ("https://github.com/a/b/blob/main/{path}", "a--b"),
        ("https://git.example/a/b/-/blob/main/{path}", "a-b"),
        ("https://x.example/{stem}", "a-b"),
    ],
)
def test_anchors_by_the_address(template: str, anchor: str) -> None:
    """Where citations lead to a repository's page, its anchors are meant, whatever else shows the pages."""
    built = read("# P\n\n## A & b\n\nText.", entry=Entry("page.md", "1", anchors="mkdocs"), url=template)
    assert isinstance(built, Page)
    assert built.pieces[0].chunk.anchor == anchor


def test_url_of_the_path() -> None:
    """A template may use the whole path."""
    made = document("x", "a/index.md", url="https://git.example/blob/main/{path}?plain={name}")
    assert made.url == "https://git.example/blob/main/a/index.md?plain=a"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The holiday is for all of you and it can be booked with the tool."),
        ("de", "Der Urlaub ist für alle und wird mit dem Werkzeug gebucht, wenn er nicht zu lang ist."),
        ("fr", "Les vacances sont pour tous et vous pouvez les réserver avec le nouvel outil dans le menu."),
        ("es", "Las vacaciones son para todos y se pueden reservar con la herramienta en el menú del día."),
        ("pt", "As férias são para todos e não se podem reservar com a ferramenta em uma semana, você pode."),
        ("it", "Le vacanze sono per tutti e non si possono prenotare con lo strumento della settimana."),
        ("nl", "De vakantie is voor iedereen en het wordt niet met een formulier geboekt, maar je kan het."),
        ("ru", "Отпуск для всех, и его не нужно просить, если это на одну неделю или как обычно."),
        ("uk", "Відпустка є для всіх, і її не треба просити, якщо це на один тиждень."),
        ("tr", "İzin herkes için ve bir hafta için sormak gerekli değil, çünkü bu herkesin hakkı."),
        ("cs", "Dovolená je pro všechny a není ji třeba hlásit, pokud je to na jeden týden."),
        ("fi", "Loma on kaikille ja sitä ei tarvitse pyytää, kun se on viikko tai niin."),
        ("en", "See https://docs.acme.io/io/di/la and https://acme.io/di/per/la/ for `di la per con`."),
        ("ja", "休暇はすべての社員のためのものです。Slackで申請してください。"),
        ("zh", "假期适用于所有员工。请在 Slack 中申请。"),
        ("ko", "휴가는 모든 직원을 위한 것입니다."),
        ("th", "วันหยุดสำหรับพนักงานทุกคน"),
        ("en", "kubectl get pods"),
        ("en", ""),
    ],
)
def test_language(language: str, text: str) -> None:
    """A page's language is guessed from its words or its script."""
    assert page_language(text) == language


def test_language_of_the_source() -> None:
    """A page too short to tell is in its source's language."""
    assert document("Kurz.", language="de").language == "de"


def test_revision() -> None:
    """A page's revision changes with its content, its audience and its address, and with nothing else."""
    before = document("Text.").revision
    assert document("Text.").revision == before
    assert document("Text!").revision != before
    assert document("Text.", audience=["hr"]).revision != before
    assert document("Text.", url="https://x.example/{path}").revision != before
    assert document("Text.", jitter="5m").revision == before


def test_line_ends() -> None:
    """Windows line ends and a byte order mark change nothing."""
    built = page(b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\n\r\nOne\r\ntwo.\r\n")
    assert built.document.title == "T"
    assert [piece.chunk.text for piece in built.pieces] == ["One two."]


def test_reading_markdown_needs_neither_numpy_nor_asyncio() -> None:
    """Each process that reads starts with what it reads with: numpy or asyncio would be a fourth of that."""
    code = (
        "import sys; import indexer.confinement.child, indexer.reading.confined_builder\n"
        "print([name for name in ('asyncio', 'bot.ports', 'numpy', 'pydantic', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode() == "[]\n"


class PanicException(BaseException):
    """What a library in Rust raises for a bug of its own; the real one can't be imported."""


@pytest.mark.parametrize(("raised", "said"), [(PanicException, "PanicException"), (KeyError, "KeyError")])
def test_a_page_that_sets_off_a_bug(raised: type[BaseException], said: str) -> None:
    """A page that a library fails at, or panics at, is no page; that is all."""

    class Odd(bytes):
        def decode(self, *_: object, **__: object) -> str:
            raise raised

    assert refused(Odd(b"# Odd")) == f"a bug in Docent ({said})"


def test_an_end_is_no_bug() -> None:
    """Who ends the process while a page is read ends it."""

    class Odd(bytes):
        def decode(self, *_: object, **__: object) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(Odd(b"# Odd"))


def test_a_page_is_the_same_after_a_pickle() -> None:
    """What a reader's process hands on is what it made, also of a page without chunks."""
    built = page("# T\n\nSome text.\n\n## U\n\nMore.\n")
    for one in (built, Page(built.document, (), "a problem")):
        assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - ours
