"""Finds what is wrong with a guide that can be read, for `docent style check`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from bot.style import example_selection
from bot.style.guide import Example, Sample, StyleGuide, instructions, phrases
from bot.style.rules import broken
from bot.text.matching import plain, stands_in
from bot.text.token_count import count_tokens

LEAKED: Final = "holds what looks like a secret: take it out, and change it"
# Cosine of two questions' words from which on one example is enough.
ALIKE: Final = 0.9

_SECRET: Final = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[a-z]-[\w-]{10,}|\bsk-[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?i:\b(?:password|passwd|secret|api[_-]?key|token)\b\s*[:=]\s*['\"]?[^\s'\"]{6,})"
)
_PERSONAL: Final = re.compile(
    r"(?P<address>[\w.+-]+@[\w-]+\.[\w.]{2,})|(?P<phone>\+\d[\d ()/-]{7,}\d)|(?P<account>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b)"
)
_NUMBER: Final = re.compile(r"(?<![\w.])\+?\d[\d,.:]*(?: \d{2,4}\b)*(?:\s?%)?")
_CODE: Final = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_NAME: Final = re.compile(r"(?<=[a-zäöüéñ,;:] )(?!I\b)[A-ZÄÖÜ][\w'’-]*\w(?: [A-ZÄÖÜ][\w'’-]+)*|[@#][\w-]+")
_MARKER: Final = re.compile(r"\[\d{1,3}\]|^\s*\d+\.\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """A thing that is wrong. Errors make the check fail."""

    level: Literal["error", "warning"]
    file: Path
    message: str


class Pages(Protocol):
    """Reads the docs as they are now."""

    async def text(self, page: str) -> str | None:
        """Return the whole page by its path; None if there is none."""
        ...

    async def open_to(self, page: str, audience: frozenset[str]) -> bool:
        """Tell whether this audience may see the page."""
        ...

    async def about(self, question: str) -> str:
        """Return what retrieval finds for a question."""
        ...


async def check(
    guide: StyleGuide, pages: Pages | None, *, tokens: int, most: int, audience: frozenset[str]
) -> list[Finding]:
    """Check the guide. `tokens` is the budget of a prompt's examples, `most` the length where the guide says none.

    `audience` gets the guide's examples. Without `pages` facts aren't looked up.
    """
    found = [*_doubles(guide.samples)]
    for sample in guide.samples:
        found += [
            *_of_rules(sample, guide, most),
            *_private(sample),
            *_size(sample, tokens),
            *_markers(sample),
        ]
        if pages is not None:
            found += [*await _facts(sample, guide, pages), *await _leaks(sample, pages, audience)]
    found += _own_rules(guide, tokens)
    return sorted(found, key=lambda one: (str(one.file), one.level, one.message))


def _own_rules(guide: StyleGuide, tokens: int) -> Iterator[Finding]:
    file, told = guide.file, (*instructions(guide.rules), *phrases(guide.rules))
    if any(_SECRET.search(line) for line in told):
        yield Finding("error", file, LEAKED)
    if (size := sum(count_tokens(line) for line in instructions(guide.rules))) > tokens:
        yield Finding("warning", file, f"the rules alone are {size} tokens")


def _doubles(samples: Sequence[Sample]) -> Iterator[Finding]:
    for number, sample in enumerate(samples):
        rest = samples[number + 1 :]
        near, _ = example_selection.by_words(example_selection.asked(sample), rest) if rest else ([], None)
        for other, likeness in zip(rest, near, strict=True):
            if _wording(other.example.question) == _wording(sample.example.question):
                same = other.example.context == sample.example.context
                level: Literal["error", "warning"] = "error" if same else "warning"
                yield Finding(level, other.file, f"asks the same as {sample.file.name}")
            elif likeness > ALIKE:
                yield Finding("warning", other.file, f"asks nearly the same as {sample.file.name}")


def _of_rules(sample: Sample, guide: StyleGuide, most: int) -> Iterator[Finding]:
    for one in broken(sample.example.answer, guide.rules, most=most):
        yield Finding("error", sample.file, f"the answer breaks the rule {one.rule}: {one.how}")


def _wording(question: str) -> str:
    """Return the same text for questions that differ only in case, space and punctuation."""
    return " ".join(re.findall(r"\w+", plain(question)))


def _private(sample: Sample) -> Iterator[Finding]:
    example = sample.example
    for text in (example.question, example.answer, example.context, example.bad_answer):
        if _SECRET.search(text):
            yield Finding("error", sample.file, LEAKED)
    for match in _PERSONAL.finditer(f"{example.question}\n{example.context}\n{example.bad_answer}"):
        yield Finding("error", sample.file, f"holds personal data: {_kind(match)}")


def _kind(match: re.Match[str]) -> str:
    return {"address": "a mail address", "phone": "a phone number", "account": "a bank account"}[
        match.lastgroup or "address"
    ]


def _size(sample: Sample, tokens: int) -> Iterator[Finding]:
    size = example_selection.size(sample)
    if size > tokens:
        yield Finding("error", sample.file, f"is {size} tokens: it never fits the budget of {tokens}")
    elif size > tokens / 2:
        yield Finding("warning", sample.file, f"is {size} of the budget's {tokens} tokens")


def _markers(sample: Sample) -> Iterator[Finding]:
    used = {int(n) for n in re.findall(r"\[(\d{1,3})\](?!\()", sample.example.answer)}
    given = set(range(1, len(sample.example.citations) + 1))
    for number in sorted(used - given):
        yield Finding("error", sample.file, f"cites [{number}], but has {len(given)} citations")
    for number in sorted(given - used):
        yield Finding("warning", sample.file, f"citation {number} isn't used in the answer")


async def _facts(sample: Sample, guide: StyleGuide, pages: Pages) -> list[Finding]:
    found: list[Finding] = []
    texts: list[str] = []
    for cited in sample.example.citations:
        text = await pages.text(cited.page)
        if text is None:
            found.append(Finding("error", sample.file, f"cites {cited.page}, which isn't in the index"))
            continue
        texts.append(text)
        if cited.quote and plain(cited.quote) not in plain(text):
            found.append(Finding("error", sample.file, f"{cited.page} no longer says: {cited.quote!r}"))
    said = _own(sample.example.answer, guide)
    language = sample.example.language or guide.rules.language or "en"
    stated = facts(said, language)
    if not texts and not found and stated:
        texts.append(await pages.about(sample.example.question))
    if not texts:
        return found
    known = plain("\n".join(texts))
    question = plain(sample.example.question)
    gone = [fact for fact in stated if not stands_in(known, fact) and not stands_in(question, fact)]
    found += [Finding("error", sample.file, f"{fact!r} is not in the docs any more") for fact in gone]
    for match in _PERSONAL.finditer(sample.example.answer):
        if plain(match[0]) not in known:
            found.append(Finding("error", sample.file, f"holds personal data: {_kind(match)}"))
    return found


async def _leaks(sample: Sample, pages: Pages, audience: frozenset[str]) -> list[Finding]:
    """Find what an example tells: it goes along with the question of anybody whom the guide is for."""
    cited = dict.fromkeys(one.page for one in sample.example.citations)
    hidden = [page for page in cited if await pages.text(page) and not await pages.open_to(page, audience)]
    told = "which not everybody may see who gets this guide"
    return [Finding("error", sample.file, f"cites {page}, {told}") for page in hidden]


def _own(answer: str, guide: StyleGuide) -> str:
    """Return the answer without what the guide itself says."""
    for phrase in phrases(guide.rules):
        answer = answer.replace(phrase, " ")
    return answer


def facts(text: str, language: str = "en") -> list[str]:
    """Return numbers, commands and, except in German with its capital nouns, names; each once."""
    text = _MARKER.sub(" ", text)
    commands = [
        line.strip() for match in _CODE.finditer(text) for line in (match[1] or match[2]).splitlines()
    ]
    prose = _CODE.sub(" ", text)
    numbers = [match[0].rstrip(".,:") for match in _NUMBER.finditer(prose)]
    names = [match[0] for match in _NAME.finditer(prose)] if language != "de" else []
    return list(dict.fromkeys([*_command_words(commands), *numbers, *names]))


def _command_words(commands: Iterable[str]) -> Iterator[str]:
    """Give programs, subcommands and flags; quoted arguments are the example's own."""
    for command in commands:
        bare = re.sub(r"\"[^\"]*\"|'[^']*'|<[^>]*>|\b[A-Z_]{2,}\b", " ", command).split()
        words = [word for word in bare if re.fullmatch(r"--?[a-z][\w-]*|/?[a-z][\w./-]*", word)]
        if words:
            yield " ".join(words[:2]) if len(words) > 1 and not words[1].startswith("-") else words[0]
        yield from (word for word in words if word.startswith("-"))


def example_problems(example: Example, guide: StyleGuide, *, tokens: int, most: int) -> list[str]:
    """Return what speaks against taking a new example into the guide, before it has a file."""
    sample = Sample("new", example, Path("new"))
    found = [*_of_rules(sample, guide, most), *_private(sample), *_size(sample, tokens), *_markers(sample)]
    same = [s.id for s in guide.samples if _wording(s.example.question) == _wording(example.question)]
    return [one.message for one in found if one.level == "error"] + [
        f"asks the same as {id_}" for id_ in same
    ]
