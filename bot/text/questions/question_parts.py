"""Tells what a question wants to know: its parts, and the kind of answer that each asks for. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

_PARTS = re.compile(
    r"(?<=[.?!;])\s+"
    r"|,?\s+(?:and|but|or|und|oder|et|ou|y|e)\s+(?=(?:by |for |from |in |to |with |ab |bis |a |à )?"
    r"(?:what|how|which|who|whom|where|when|why|do|does|did|is|are|am|can|could|should|must|will|may|"
    r"wie|was|wer|wem|wo|wann|welche\w*|warum|muss|darf|kann|"
    r"comment|combien|qui|quand|quel\w*|où|faut|"
    r"cómo|cuánt\w+|quién|cuándo|dónde|qué|cuál\w*|con)\b)"
    r"|(?:,|\s[-–—])\s+(?=(?:what|how|which|who|where|when|why|do|does|is|are|can|should|must|"
    r"wie|was|wer|wo|wann|welche\w*|comment|combien|cómo|cuánt\w+|quién)\b)",
    re.IGNORECASE,
)
_SHORTEST_PART = 3  # words
# What a follow-up begins with (see bot.text.questions.question_text.merged): what follows it is what it is about.
_FOLLOW_UP = re.compile(
    r"\W*(?:and|or|but|what about|how about|what if|und|oder|aber|was ist mit|y|o|pero|et|ou|mais)\b",
    re.IGNORECASE,
)


class AnswerKind(Enum):
    """What an answer must hold to be one."""

    NUMBER = auto()
    MONEY = auto()
    TIME = auto()
    PERSON = auto()
    CONTACT = auto()
    PLACE = auto()
    STEPS = auto()
    PERMISSION = auto()
    REASON = auto()
    COMPARISON = auto()
    DATE = auto()


_ASKED = {
    AnswerKind.DATE: r"\b(?:when|wann|quand|cuándo)\b|\b(?:what|which) (?:date|day|weekday)\b",
    AnswerKind.TIME: r"\bhow (?:long|soon|fast|quick\w*|often|old|late|early)\b|\bwhen\b|\bdeadline|\b(?:by|until|since|from) when"
    r"|\bhow (?:many|much) (?:\w+ )?(?:days?|weeks?|months?|years?|hours?|minutes?|time|heads.?up|notice)\b"
    r"|\b(?:wann|wie (?:lange|oft|schnell|früh)|quand|combien de (?:temps|semaines|jours|mois)|cuándo|cu[aá]nto tiempo|"
    r"cada cuánto|con cuánta)\b|\bwie viel\w* (?:\w+ )?(?:tage|wochen|monate|jahre|stunden|minuten|\w*zeit)\b|\bwhat (?:time|day|date)\b|\bnotice period\b",
    AnswerKind.MONEY: r"\b(?:budget|budgt|cost|costs|price|pay|paid|spend|money|reimburse\w*|stipend|allowance|bonus|salary|fee|rate|"
    r"expense|expenses|worth|charge|per mile|\w*betrag|kosten|kostet|budget|gehalt|prix|coûte|precio|cuesta)\b"
    r"|\bhow much\b(?! (?:time|notice|heads))",
    AnswerKind.NUMBER: r"\bhow (?:many|much|big|large|far|high|small|tall)\b|\b(?:max|maximum|min|minimum|limit|number|percent\w*|size|"
    r"quota|threshold|share)\b|\bwie ?viel|\bcombien|\bcu[aá]nt[oa]s?\b|\bwhat(?:'s| is) the (?:rate|rule|length)\b",
    AnswerKind.PERSON: r"\bwho(?:m|se)?\b|\bcontact\b|\bask\b|\bwer\b|\bwem\b|\bwen\b|\bqui\b|\bqui[eé]n\b|\bwhich team\b|\bpermission\b|"
    r"\bapprov\w+\b|\bsign(?:s)? off\b",
    AnswerKind.CONTACT: r"\bwho(?:m)? (?:do|should|can|could|must|shall|to) (?:(?:i|we|you|one) )?(?:ask|contact|write|tell|"
    r"talk|turn|report|call|reach|inform|e-?mail|message|go)\b|\b(?:an wen|bei wem|à qui|a quién)\b",
    AnswerKind.PLACE: r"\bwhere\b|\blink\b|\burl\b|\bwhich (?:page|channel|site|address|form|tool)\b|\bwo\b|\boù\b|\bd[oó]nde\b|\baddress\b|"
    r"\bphone\b|\bnumber\b|\be-?mail\b",
    AnswerKind.STEPS: r"\bhow (?:do|does|can|could|should|would|to|am|is|are)\b|\bsteps?\b|\bway to\b|\bprocess\b|\bwhat do (?:i|we) "
    r"(?:do|have to|need)\b|\bwhat (?:must|should) (?:i|we)\b|\bset ?up\b|\bwie (?:kann|mache|bekomme|stelle|beantrage)\b|"
    r"\bcomment\b|\bc[oó]mo\b|\bwhat (?:happens|now|to do)\b|\bwhat if\b",
    AnswerKind.PERMISSION: r"(?:^|[.,;?!]\s+|\b(?:and|or|but)\s+)(?:am|are|is|can|could|may|must|do|does|should|will)\s+"
    r"(?:i|we|you|my|our|it|they|there|a|an|the|somebody|people|he|she)\b|\ballowed\b|\bpossible\b|\bok(?:ay)?\b"
    r"|\bdarf\b|\bmuss\b|\bkann ich\b|\bfaut[- ]il\b|\bpuedo\b|\bpeut-on\b|\bhave to\b|\bneed to\b",
    AnswerKind.COMPARISON: r"\b(?:vs|versus|compared? (?:to|with)|differences? between|differ\w* from|unterschied)\b",
    AnswerKind.REASON: r"\bwhy\b|\by do\b|\breason\b|\bwarum\b|\bpourquoi\b|\bpor qu[eé]\b|\bwhat(?:'s| is) the point\b",
}
_MONTHS = r"january|february|march|april|may|june|july|august|september|october|november|december"
_ADDRESS = r"[\w.+-]+@[\w-]+\.\w+|(?<!\w)[@#][a-z][\w-]+"
_HOLDS = {
    AnswerKind.DATE: rf"\b(?:{_MONTHS})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|\d{{1,2}}[:.]\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:(?:end|start|beginning|middle) of|(?:last|first|same|next) (?:working )?day|midnight|noon|tomorrow)\b",
    AnswerKind.NUMBER: r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|half|twice|once|unlimited)\b",
    AnswerKind.MONEY: r"[$€£¥]\s?\d|\d\s?[$€£¥]|\b\d[\d.,]*\s?k?\s?(?:usd|eur|gbp|dollars?|euros?|pounds?)\b|\bfair market\b|\d\s?%|\bfree\b",
    AnswerKind.TIME: r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty|sixty|ninety|half an?|an?)[\s+-]*"
    r"(?:(?:calendar|business|working|full|consecutive)[\s-]+)?(?:second|minute|min|hour|hr|day|week|month|quarter|year|yr)s?\b"
    rf"|\b(?:{_MONTHS})\b\s*\d|\b\d{{1,2}} (?:{_MONTHS})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|\d{{1,2}}[:.]\d\d\b|\b(?:daily|weekly|monthly|quarterly|annually|yearly|immediately|mondays?|"
    r"tuesdays?|wednesdays?|thursdays?|fridays?|last day|first day|tage?n?|wochen?|monate?n?|jahre?n?|stunden?|días?|semanas?|jours?)\b",
    AnswerKind.PERSON: rf"{_ADDRESS}|\b(?:team|manager|lead|director|hr|finance|legal|ops|owner|head of|vp|"
    r"boss|support)\b",
    AnswerKind.CONTACT: _ADDRESS,
    AnswerKind.PLACE: r"https?://\S+|\bwww\.|[\w.+-]+@[\w-]+\.\w+|(?<!\w)#[a-z][\w-]+|\+?\d[\d ()-]{7,}\d|`[^`]+`",
    AnswerKind.STEPS: r"^\s*(?:go to|call|report|tell|inform|open|click|select|create|run|add|ask|submit|fill|use|post|send|log|set|request|contact|make sure|"
    r"choose|enter|navigate|follow|install|write|file|start|visit|reach out|email|message|please|you (?:can|should|must|need)|"
    r"to \w+,?)\b|`[^`]+`|^```",
    AnswerKind.PERMISSION: r"\b(?:must|may|can|cannot|can't|should|shouldn't|not|never|no|yes|only|allowed|permitted|prohibited|required|"
    r"requires?|forbidden|approval|approved?|eligible|possible|supported|need)\b",
    AnswerKind.COMPARISON: r"\|",
    AnswerKind.REASON: r"\b(?:because|since|so that|in order|therefore|due to|reason|in case|so (?:you|we|that))\b",
}
_ASKED_FOR = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKED.items()}
_PAYING = re.compile(r"\b(?:pay|paid)\b", re.IGNORECASE)
_HELD = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _HOLDS.items()}


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One thing that the question asks. `text` is enough to search by."""

    text: str
    kinds: frozenset[AnswerKind]


def parts(question: str) -> tuple[QuestionPart, ...]:
    """Return the question's parts; one that is too short to stand alone stays with the one before."""
    pieces: list[str] = []
    for piece in _PARTS.split(question):
        if not piece or not piece.strip():
            continue
        if pieces and (
            min(len(piece.split()), len(pieces[-1].split())) < _SHORTEST_PART or _is_follow_up(pieces)
        ):
            pieces[-1] += f" {piece}"
        else:
            pieces.append(piece)
    return tuple(QuestionPart(piece, kinds(piece)) for piece in pieces)


def _is_follow_up(pieces: Sequence[str]) -> bool:
    return len(pieces) == 1 and _FOLLOW_UP.match(pieces[0]) is not None and not kinds(pieces[0])


def asking_parts(question: str) -> tuple[QuestionPart, ...]:
    """Return the parts that ask for something; all of them if none is seen to. Never empty."""
    found = parts(question)
    return tuple(part for part in found if part.kinds) or found or (QuestionPart(question, frozenset()),)


def kinds(question: str) -> frozenset[AnswerKind]:
    found = frozenset(kind for kind, pattern in _ASKED_FOR.items() if pattern.search(question))
    # Who asks when it is paid wants a day, not an amount.
    if AnswerKind.TIME in found and not _ASKED_FOR[AnswerKind.MONEY].search(_PAYING.sub("", question)):
        return found - {AnswerKind.MONEY}
    return found


@lru_cache(maxsize=8_192)
def holds(kind: AnswerKind, text: str) -> bool:
    """Tell whether the text holds what an answer of this kind needs."""
    return _HELD[kind].search(text) is not None
