"""Says what a style guide holds. Every key is optional but an example's question and answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from bot.config.base import Id, Identifiers, Section

_Text = Annotated[str, Field(min_length=1)]


class Length(Section):
    """Most characters and sentences of an answer; None: not said."""

    characters: Annotated[int, Field(ge=80, le=8000)] | None = None
    sentences: Annotated[int, Field(ge=1)] | None = None


class Preferred(Section):
    """Say this word in place of those."""

    say: _Text
    instead_of: tuple[_Text, ...] = Field(alias="for")


class Wordlist(Section):
    """Words to use, and words and signs that answers never have."""

    use: tuple[Preferred, ...] = ()
    avoid: tuple[_Text, ...] = ()


class Refusal(Section):
    """What isn't answered, and what is said instead.

    A writer that reads judges by `about`; a question that holds one of the phrases of `when` is refused
    whoever writes.
    """

    about: _Text
    say: _Text
    when: tuple[_Text, ...] = ()


class Rules(Section):
    """`guide.yaml`: how answers sound. What a further guide leaves out, the base guide says.

    `citations`: behind each sentence that a source covers, or behind the last in a row that it does.
    """

    name: str = ""
    language: str = ""
    voice: tuple[_Text, ...] = ()
    length: Length = Length()
    form: tuple[_Text, ...] = ()
    words: Wordlist = Wordlist()
    citations: Literal["sentence", "paragraph"] = "paragraph"
    opening: str = ""
    closing: str = ""
    refuse: tuple[Refusal, ...] = ()
    not_found: str = ""
    hand_over: str = ""

    def over(self, base: "Rules") -> "Rules":
        """Return these rules, and where they say nothing those of `base`."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        for part in ("length", "words"):
            if part in said:
                mine, theirs = said[part], getattr(base, part)
                own = {name: getattr(mine, name) for name in mine.model_fields_set}
                said[part] = theirs.model_copy(update=own)
        return base.model_copy(update=said)


class Cites(Section):
    """A page that an example's `[n]` stands for: its path in its source, and the words that it rests on."""

    page: _Text
    quote: str = ""


class Example(Section):
    """One question with the answer that a good colleague would give.

    `audience`: it goes along only with questions of those who have all of these words.
    """

    question: _Text
    answer: _Text
    context: str = ""
    citations: tuple[Cites, ...] = ()
    bad_answer: str = ""
    why_bad: str = ""
    tags: tuple[Id, ...] = ()
    channels: tuple[Id, ...] = ()
    audience: Identifiers = frozenset()
    language: str = ""
    saved_by: str = ""
    saved_on: date | None = None

    @field_validator("question", "answer", "context", "bad_answer", "why_bad")
    @classmethod
    def _trimmed(cls, text: str) -> str:
        return text.strip()

    @model_validator(mode="after")
    def _reasoned(self) -> "Example":
        if self.why_bad and not self.bad_answer:
            raise ValueError("why_bad is given, but no bad_answer")
        return self


@dataclass(frozen=True, slots=True)
class Sample:
    """An example with its name (the file's, without its ending) and its file."""

    id: str
    example: Example
    file: Path


@dataclass(frozen=True, slots=True)
class StyleGuide:
    """Rules (of `file`) and examples, those of the base guide included where there is one."""

    rules: Rules = field(default_factory=Rules)
    samples: tuple[Sample, ...] = ()
    file: Path = Path("guide.yaml")

    def over(self, base: "StyleGuide") -> "StyleGuide":
        """Add the base's rules and examples; an example of one's own goes before the base's of the same name."""
        own = {sample.id for sample in self.samples}
        kept = tuple(sample for sample in base.samples if sample.id not in own)
        return StyleGuide(self.rules.over(base.rules), self.samples + kept, self.file)


def instructions(rules: Rules) -> tuple[str, ...]:
    """Return the rules as sentences for a writer that reads, without lengths in characters, opening and closing."""
    said = [*rules.voice, *rules.form]
    if rules.length.sentences:
        said.append(f"At most {rules.length.sentences} sentences.")
    said += [f"Say {_quoted([word.say])}, not {_quoted(word.instead_of)}." for word in rules.words.use]
    if rules.words.avoid:
        said.append(f"Never write {_quoted(rules.words.avoid)}.")
    said += [f"Asked about {one.about}, say only: {one.say}" for one in rules.refuse]
    if rules.not_found:
        said.append(f"If the documents don't answer, say only: {rules.not_found}")
    if rules.hand_over:
        said.append(f"Where a person must help, say: {rules.hand_over}")
    return tuple(said)


def phrases(rules: Rules) -> tuple[str, ...]:
    """Return the guide's own sentences, which need no source."""
    own = (rules.opening, rules.closing, rules.not_found, rules.hand_over, *(one.say for one in rules.refuse))
    return tuple(filter(None, own))


def _quoted(words: Sequence[str]) -> str:
    return " or ".join(f"“{word}”" for word in words)
