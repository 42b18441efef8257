"""Which language a page is in: a light guess, good enough to choose a stemmer by."""

import re
from collections import Counter

_STOP_WORDS = {
    "en": "the of and to in is that for you with are this be on or have from your we can will not as it at by an",
    "de": "der die das und ist nicht mit für den von zu im ein eine sich auf auch wird werden sind dem des oder bei als wenn",
    "fr": "le la les des et est une du dans pour que qui sur pas vous avec au par sont ce ou nous plus être votre aux",
    "es": "el la los las que de y en por para con una un es del se no su al como más o lo esta son si",
    "pt": "o a os as que de e em para com uma um não do da no na por se mais dos das ao são como você",
    "it": "il lo la gli che di e per con una un è del della non si sono nel dei alla da le più come anche questo",
    "nl": "de het een en van is dat niet met voor op zijn te aan als bij ook of worden door om naar je wordt kan",
    "sv": "och att det som en på är av för med den till inte har ett om jag vi du kan ska eller från",
    "da": "og at det som en på er af for med den til ikke har et om vi du kan skal eller fra jeg der",
    "pl": "w na i z nie się do jest to że za od po przez dla jak oraz lub przy są może być ten które",
    "ru": "и в не на с что по для это как от из к или при его но если мы вы может также быть все",
    "uk": "і в не на з що та для це як від до або при його але якщо ми ви може також бути всі є",
}
_BY_WORD: dict[str, list[str]] = {}
for _language, _words in _STOP_WORDS.items():
    for _word in _words.split():
        _BY_WORD.setdefault(_word, []).append(_language)

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0590-\ud7af]")
_LETTER = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
# Scripts in which a letter is about a word are outnumbered by a few Latin product names.
_SCRIPT_SHARE = 0.15
_LOOKED_AT = 2500
_LEAST_STOP_WORDS = 3


def guess(text: str, default: str = "en") -> str:
    """ISO 639-1. The default where the text is too short or too mixed to tell."""
    sample = _CODE.sub(" ", text[: 2 * _LOOKED_AT])[:_LOOKED_AT]
    if _OTHER_SCRIPT.search(sample):
        letters = len(_LETTER.findall(sample)) or 1
        for language, script in _SCRIPTS:
            if len(script.findall(sample)) > _SCRIPT_SHARE * letters:
                return language
    votes: Counter[str] = Counter()
    words = Counter(sample.lower().split())
    for word in filter(_BY_WORD.__contains__, words):
        for language in _BY_WORD[word]:
            votes[language] += words[word]
    best = votes.most_common(1)
    # A tie, or hardly a word of any language, tells nothing.
    if not best or best[0][1] < _LEAST_STOP_WORDS or votes[default] == best[0][1]:
        return default
    return best[0][0]
