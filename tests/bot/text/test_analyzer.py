"""The analysis that pages and questions share."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.analyzer import LONGEST_TERM, query_terms, tokens
from bot.text.language_guess import guess_language
from bot.text.questions.question_text import is_vague
from bot.text.stopwords import STOP_WORDS


def meet(page: str, question: str, language: str = "en") -> bool:
    """Whether the question has a term of the page."""
    return not set(tokens(page, language)).isdisjoint(query_terms(question, [language]))


@pytest.mark.parametrize(
    ("page", "question"),
    [
        ("We reimburse travel expenses", "reimbursed expense"),
        ("set max_connections to 50", "max_connections"),
        ("set max_connections to 50", "maxConnections"),
        ("set max_connections to 50", "how many connections"),
        ("the maxConnections field", "max_connections"),
        ("call parseHTTPResponse()", "http parsing"),
        ("run it with --dry-run first", "--dry-run"),
        ("run it with --dry-run first", "dry run"),
        ("on-call rota", "oncall"),
        ("oncall rota", "on-call"),
        ("edit postgresql.conf", "postgresql"),
        ("edit postgresql.conf", "postgresql.conf"),
        ("the café at the corner", "cafe"),
        ("Straße nach Zürich", "strasse zurich"),
        ("a budget of $12,500 a year", "12500"),
        ("upgrade to 3.11.2", "3.11.2"),
        ("written in C++ and C#", "C++"),
        ("the company\u2019s values", "company values"),
        ("ＦＵＬＬ width", "full"),
        ("GitHub", "github"),
        ("user@example.com", "example.com"),
        ("see https://docs.example.com/vpn/setup?x=1", "vpn setup"),
        ("数据库连接池的配置方法", "连接池"),
        ("東京オフィスへの行き方", "オフィス"),
        ("연차 휴가 신청 방법", "휴가"),
        ("นโยบายการลาพักร้อน", "ลาพักร้อน"),
        ("हिन्दी में लिखना", "लिखना"),
        ("наши новые правила отпуска", "отпуск"),
    ],
)
def test_found(page: str, question: str) -> None:
    """A page is found by the words that people use for what it says."""
    language = guess_language(page)
    assert meet(page, question, language)


@pytest.mark.parametrize(
    ("page", "question"),
    [
        ("upgrade to 311 seats", "3.11"),
        ("the policy", "police officers"),
        ("连接", "接连"),
        ("dry weather", "--verbose"),
    ],
)
def test_not_found(page: str, question: str) -> None:
    """What only looks alike doesn't meet."""
    assert not meet(page, question)


def test_whole_before_parts() -> None:
    """An identifier gives its whole, then its parts; a flag itself as well."""
    assert tokens("max_connections") == ["maxconnect", "max", "connect"]
    assert tokens("--dry-run") == ["--dry-run", "dryrun", "dri", "run"]
    assert tokens("2024-06-25") == ["2024-06-25", "2024", "06", "25"]


def test_unspaced_scripts_are_cut_into_pairs() -> None:
    """Chinese becomes overlapping pairs, beside the words of other scripts."""
    assert tokens("用Python写") == ["用", "python", "写"]
    assert tokens("数据库") == ["数据", "据库"]


def test_stems_of_the_pages_language() -> None:
    """Each language has its own stems; one without a stemmer keeps its words."""
    assert tokens("Urlaubstage", "de") == tokens("Urlaubstag", "de")
    assert tokens("canciones", "es") == tokens("canción", "es")
    assert tokens("pracownicy", "xx") == ["pracownicy"]
    assert tokens("running", "en-GB") == ["run"]


def test_question_of_several_languages() -> None:
    """A question has the stems of all languages that pages are in, so that a German page is found by its own."""
    terms = query_terms("Häuser in Berlin", ["en", "de"])
    assert set(tokens("Häuser", "de")) <= set(terms)
    assert set(tokens("Häuser", "en")) <= set(terms)


def test_stop_words_go() -> None:
    """A question's stop words are left out, unless it has nothing else."""
    assert query_terms("what is the parking policy?") == ["park", "polici"]
    assert query_terms("Wie viele Urlaubstage habe ich?", ["en", "de"])[0] == tokens("Urlaubstage", "de")[0]
    assert query_terms("who are we?") == ["who", "are", "we"]
    assert query_terms("?!") == []


def test_stop_words_of_the_questions_language_alone() -> None:
    """A word that is a stop word elsewhere stays: `die` is German, and English too."""
    assert "die" in query_terms("what happens when I die?", ["en", "de"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How many days of vacation do I get?", "en"),
        ("Wie viele Urlaubstage bekomme ich?", "de"),
        ("Combien de jours de congé est-ce que j'ai ?", "fr"),
        ("¿Cuántos días de vacaciones tengo?", "es"),
        ("Quanti giorni di ferie ho a disposizione?", "it"),
        ("Quantos dias de férias eu tenho?", "pt"),
        ("Hoeveel vakantiedagen heb ik?", "nl"),
        ("Hur många semesterdagar har jag?", "sv"),
        ("Сколько дней отпуска у меня есть?", "ru"),
        ("我有多少天假期？", "zh"),
        ("休暇は何日ありますか", "ja"),
        ("휴가는 며칠인가요", "ko"),
        ("ฉันมีวันหยุดกี่วัน", "th"),
        ("Скільки днів відпустки я маю і що для цього треба?", "uk"),
        ("How do I log in to https://app.acme.io/di/la/per?", "en"),
        ("GET /v1/users, POST /v1/users", "en"),
        ("vacation", "en"),
        ("", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    """The language of a question or a page is told by its script and its small words."""
    assert guess_language(text, ["en"]) == language


def test_language_without_a_sign() -> None:
    """Without any sign it is the default, else the likeliest."""
    assert guess_language("Docker", ["de", "en"]) == "de"
    assert guess_language("Docker", ["de"], default="fr") == "fr"


def test_stop_words_are_written_as_questions_are() -> None:
    """Each list is lower case, and no word of it is empty."""
    for words in STOP_WORDS.values():
        assert all(word == word.lower() and word for word in words)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Whatever the text, terms are short, not empty, lower case and safe to put between quotes."""
    for term in tokens(text):
        assert 0 < len(term) <= LONGEST_TERM
        assert not set(term) & set(' "\t\n*:^()\0')
    assert len(query_terms(text, ["en", "de"])) == len(set(query_terms(text, ["en", "de"])))


@given(st.text(alphabet="abAB-_.'’ 09é数", max_size=60))
def test_page_and_question_agree(text: str) -> None:
    """A page that holds the question's very words has all of its terms."""
    assert set(query_terms(text, ["en"])) <= set(tokens(text, "en")) | set(
        tokens(text, guess_language(text, ["en"]))
    )


def test_long_texts_are_fast() -> None:
    """Odd long texts take time in proportion, not more."""
    for text in (
        "a" * 100_000,
        "a-" * 50_000,
        "--" * 50_000,
        "1," * 50_000,
        "数" * 50_000,
        "_" * 100_000,
    ):
        began = time.process_time()
        tokens(text)
        assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("text", "vague"), [("Where does IT sit?", False), ("Where is it?", True), ("WHERE IS IT?", True)]
)
def test_a_name_in_capitals_is_a_subject(text: str, vague: bool) -> None:  # noqa: FBT001
    """IT in capitals is what a question is about; it is not, nor IT where all is in capitals."""
    assert is_vague(text) is vague
