"""What a question's words are sought as, and what they are worth."""

from importlib.resources import files

import numpy as np
import pytest

from bot.model import Passage
from bot.ports import Hit, Vocabulary
from bot.retrieval.answerability import judge
from bot.retrieval.query_terms import glossed, keywords, read, weigh, weigh_by
from bot.retrieval.scoring import fuse, terms_of
from bot.retrieval.similarity_calibration import fitted
from bot.retrieval.spell_correction import mend, slips
from bot.text.analyzer import tokens
from bot.text.stopwords import STOP_WORDS

ENGLISH = ("en",)


def terms(question: str, languages=ENGLISH) -> set[str]:
    return set(read(question, languages).terms)


def mended(question: str, **holding: int):
    vocabulary = Vocabulary(1_000, holding)
    wording = read(question, ENGLISH)
    return mend(wording, slips(wording, vocabulary), vocabulary)


def test_stop_words_are_not_sought():
    """Only telling words are, unless there are no others."""
    assert terms("What is the fish for?") == {"fish"}
    assert terms("How many fish may I have?") == {"fish"}
    assert terms("what is it") == {"what", "is", "it"}


def test_identifiers_are_sought_whole_and_in_parts():
    """A flag or an identifier is found by itself and by what it is made of."""
    assert {"--dry-run", "run"} <= terms("--dry-run")
    assert {"maxconnect", "max", "connect"} <= terms("max_connections")


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Wie lange ist die Kündigungsfrist?", {"resign", "notic", "deadlin"}),
        ("Wann bekomme ich meinen Laptop?", {"laptop"}),
        ("¿Quién aprueba los gastos?", {"expens", "approv"}),
        ("Où trouver les horaires du bureau ?", {"offic", "schedul"}),
        ("Arbeitszeitregelung der Abteilung", {"work", "time", "rule", "depart"}),
        ("Mein Rechner wurde gestohlen", {"comput", "stolen"}),
        ("Hoeveel weken vakantiegeld krijg ik?", {"week", "holiday", "money"}),
        ("Qual è il budget per l'ufficio a casa?", {"budget", "offic", "home"}),
        ("Qual é o orçamento anual para cursos?", {"budget", "annual", "cours"}),
    ],
)
def test_foreign_words_are_sought_as_english_ones(question, wanted):
    """Compounds and irregular forms, too, bring the words that English pages use."""
    assert len(wanted & terms(question)) >= len(wanted) - 1


def test_a_foreign_question_is_embedded_as_its_gloss():
    """An English model gets English words beside the question, a multilingual one has both; names stay."""
    wording = read("Wie beantrage ich damals Urlaub in Workday?", ENGLISH)
    asked, text = glossed(wording, Vocabulary(100, {"workday": 3, "vacat": 5})).texts
    assert asked == "Wie beantrage ich damals Urlaub in Workday?"
    assert "vacation" in text
    assert "Workday" in text
    assert "damals" not in text


def test_a_gloss_has_the_meanings_that_pages_have():
    """Of a word's meanings those that stand in most chunks are embedded, two at most."""
    wording = read("¿Cuándo es la parada?", ENGLISH)
    assert glossed(wording, Vocabulary(100, {"outag": 9, "stop": 2})).texts[-1] == "outage stop"


def test_words_of_one_stem_keep_their_meanings_apart():
    """In German "schon" (already) is no form of "schön" (beautiful)."""
    found = terms("Ist mein Urlaub schon genehmigt?")
    assert {"vacat", "alreadi"} <= found
    assert "beauti" not in found


def test_pages_in_the_questions_language_need_no_gloss():
    """With German pages a German question is sought and embedded as it is."""
    wording = read("Wie beantrage ich Urlaub?", ("de", "en"))
    assert wording.texts == ("Wie beantrage ich Urlaub?",)
    assert "vacat" not in wording.terms


def test_one_foreign_looking_word_makes_no_foreign_question():
    """A Polish preposition in an English shorthand is no Polish."""
    assert read("inv w cc ok?", ENGLISH).texts == ("invoice w credit card ok?",)


def test_shorthand_is_written_out():
    """Both the short and the long form are sought; the long one is embedded."""
    wording = read("PTO for new ppl", ENGLISH)
    assert wording.texts == ("paid time off annual leave vacation for new people",)
    assert {"pto", "paid", "ppl", "peopl"} <= set(wording.terms)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("May I take three weeks off in August?", {"leav", "vacat", "pto"}),
        ("Who gets Christmas off?", {"leav", "holiday"}),
        ("my boss bought a car", {"manag", "buy", "purchas", "vehicl"}),
        ("Where do the kids stay?", {"child", "children"}),
    ],
)
def test_an_offices_words_are_sought_beside_everyday_ones(question, wanted):
    """Pages say "leave" and "manager" where people say "weeks off" and "boss"."""
    assert wanted <= terms(question)


@pytest.mark.parametrize(
    "question", ["Turn the alarm off", "Log off after six days", "When is the week over?"]
)
def test_off_alone_is_no_leave(question):
    """Only time that is off is."""
    assert not {"leav", "vacat", "pto"} & terms(question)


def test_every_everyday_word_has_others():
    """Each line is a word and what else it may be called: nothing twice, no stop word, nothing of the same stem."""
    lines = (
        files("bot.retrieval.dictionaries").joinpath("everyday.txt").read_text(encoding="utf-8").splitlines()
    )
    assert lines == sorted(set(lines))
    for word, *others in map(str.split, lines):
        found = [term for other in others for term in tokens(other)]
        assert others, word
        assert not STOP_WORDS["en"].intersection(others), word
        assert not set(found) & set(tokens(word)), word
        assert set(found) <= terms(f"What is said of the {word} here?"), word


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("I lost my hat", {"lost", "lose", "hat"}),
        ("a stolen badge", {"stolen", "steal", "stole", "badg"}),
        ("when do we get paid?", {"get", "paid", "pay", "salari"}),
        ("days for paid leave", {"day", "paid", "leav", "left"}),
        ("when do I get paid back", {"get", "paid", "back"}),
    ],
)
def test_other_forms_of_a_word_are_sought_beside_it(question, wanted):
    """A stemmer knows only endings."""
    assert terms(question) == wanted


def test_a_slip_is_mended_beside_the_word_as_written():
    """The spelling that most chunks hold is added, and the mean of both texts is embedded."""
    wording = mended("buisness trips", busi=40, trip=12)
    assert wording.texts == ("buisness trips", "business trips")
    assert {"buis", "busi"} & set(wording.terms)
    assert keywords(wording, Vocabulary(1_000, {"busi": 40, "trip": 12})) == "trips buisness business"


@pytest.mark.parametrize("word", ["lease", "wife", "SSO", "x86", "Kyiv"])
def test_right_words_that_no_page_has_are_left_alone(word):
    """Short words, known words and other letters are not guessed at."""
    known = {"leav": 50, "wifi": 9, "sso": 0, "so": 99, "kiev": 3, "pleas": 20}
    assert mended(word, **known).texts == (word,)


def test_a_slip_is_left_alone_where_words_can_not_be_counted():
    """A store that can't count can't tell which words its pages have."""
    assert slips(read("buisness", ENGLISH), Vocabulary()) == []


def test_common_words_are_not_searched_for():
    """Beyond a number of chunks to score the keyword leg gets the rarest words alone, three at least."""
    wording = read("team meeting policy for orchid greenhouse visits", ENGLISH)
    counts = {"team": 90_000, "meet": 50_000, "polici": 9_000, "orchid": 5, "greenhous": 3, "visit": 900}
    assert keywords(wording, Vocabulary(100_000, counts)) == "greenhouse orchid visits"


def test_rare_words_weigh_more():
    """By the index's counts, or by those of a sample, the same order."""
    sought = read("vacation policy", ENGLISH).sought
    counted = weigh(sought, Vocabulary(1_000, {"vacat": 3, "polici": 400}))
    sampled = weigh_by(sought, [{"polici": 1.0}, {"polici": 1.0, "vacat": 1.0}, {}])
    assert counted is not None
    for weighed in (counted, sampled):
        assert weighed[0].weight > weighed[1].weight >= 0


def test_a_foreign_word_without_a_meaning_is_not_missed():
    """A word that pages can't have doesn't count against them."""
    sought = read("Bitte den Xylophonurlaub erklären, den ich habe", ENGLISH).sought
    weighed = weigh(sought, Vocabulary(100, {"vacat": 5}))
    assert weighed is not None
    assert all("vacat" in w.sought.terms for w in weighed)


def hit(text: str, cosine: float | None, *, page: str = "a", heading: str = "") -> Hit:
    passage = Passage(f"{page}#{text[:9]}", f"s:{page}", "s", 0, "", heading, "", text)
    return Hit(passage, keyword=None, vector=cosine)


def fused(question: str, *hits: Hit):
    found = [terms_of(each, ENGLISH) for each in hits]
    return fuse(hits, found, weigh_by(read(question, ENGLISH).sought, [each.distinct for each in found]))


def test_words_decide_between_equally_similar_chunks():
    """The chunk with the question's rarest word comes first."""
    best, *_ = fused("bicycle policy", hit("policy on cars", 0.5), hit("policy on bicycles", 0.5, page="b"))
    assert best.passage.doc_id == "s:b"
    assert 0 < best.words < 1
    assert best.covered == pytest.approx(1.0)


def test_another_word_for_it_counts_less_than_the_word():
    """A page in the question's own words is before one that has an office's word for it, and that before others."""
    hits = (
        hit("staff eat here", 0.5, page="c"),
        hit("you may purchase food", 0.5, page="b"),
        hit("you may buy food", 0.5),
    )
    assert [each.passage.doc_id for each in fused("may I buy some?", *hits)] == ["s:a", "s:b", "s:c"]


def test_similarity_decides_where_no_word_fits():
    """Without a common word the order is that of the vectors."""
    found = fused("bicycle", hit("on cars", 0.2), hit("on two wheels", 0.6, page="b"))
    assert [each.similarity for each in found] == [0.6, 0.2]
    assert found[0].covered == 0


def test_headings_count():
    """A chunk below a heading with the question's words beats one that only mentions them."""
    plain = hit("bicycle. Some more text that goes on", 0.5)
    below = hit("Some more text that goes on", 0.5, page="b", heading="Bicycle")
    assert fused("bicycle", plain, below)[0].passage.doc_id == "s:b"


def test_another_models_cosines_are_put_on_the_same_scale():
    """A model that gives .5 to unrelated texts and .75 to related ones means the same by them."""
    similar = np.full((4, 4), 0.5, np.float32) + np.eye(4, dtype=np.float32) * 0.25
    scale = fitted(similar)
    assert scale.of(0.5) == pytest.approx(0.0265)
    assert scale.of(0.75) == pytest.approx(0.5406)


def test_a_model_that_tells_nothing_apart_is_taken_as_it_is():
    """There is no scale to be had from it."""
    assert fitted(np.full((4, 4), 0.5, np.float32)).of(0.3) == 0.3


def test_a_fused_score_is_no_evidence():
    """The best of bad chunks is still bad: by similarity, and by words where there are no vectors."""
    assert not judge(fused("bicycle thieves of Rome", hit("the cars of Berlin", 0.2)), {}).enough
    assert judge(fused("bicycle thieves of Rome", hit("the cars of Berlin", 0.5)), {}).enough
    assert not judge(fused("bicycle thieves of Rome", hit("cars are driven", None)), {}).enough
    assert judge(fused("bicycle thieves of Rome", hit("bicycle thieves of Rome", None)), {}).enough


OTHERS = ("we have a garden", "cars are driven", "lunch is at noon", "trains are late", "the moon is new")


def test_words_alone_must_be_more_than_a_few_of_many():
    """Without vectors one word of four is no evidence, three of four are."""
    question = "sabbatical after seven years"
    others = [hit(text, None) for text in OTHERS]
    assert not judge(
        fused(question, hit("fiscal years: years end in January", None), *others), {}, words=3
    ).enough
    assert judge(fused(question, hit("sabbatical: after seven summers", None), *others), {}, words=3).enough


def test_many_words_found_make_less_similarity_enough():
    """A long question whose words are on the page is answered at a similarity that alone is too little."""
    question = "coffee spilled keyboard laptop Berlin repair shop invoice warranty"
    others = [hit(text, 0.1) for text in OTHERS]
    page = "coffee spilled on a keyboard: a repair shop in Berlin, its invoice"
    assert judge(fused(question, hit(page, 0.4), *others), {}, words=9).enough
    assert not judge(fused(question, hit("we like coffee", 0.4), *others), {}, words=9).enough


def test_nothing_found_is_not_enough():
    """No chunk is no evidence."""
    verdict = judge([], {})
    assert (verdict.enough, verdict.reason) == (False, "nothing was found")
