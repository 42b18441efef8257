"""Keeps the guides in step with their files, and gives the style of each answer."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.config.models import GuideSettings, StyleSettings
from bot.config.reading.error_messages import Problem
from bot.model import Question
from bot.ports import DETAILED, Style, StyleExample
from bot.style import example_selection
from bot.style.embedding_similarity import EmbeddingSimilarity
from bot.style.guide import Rules, Sample, StyleGuide, instructions, phrases
from bot.style.load import fingerprint, load
from bot.text.language_guess import guess_language

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """One folder: its last good guide, and what is wrong with the files now."""

    folder: Path
    seen: str = ""
    guide: StyleGuide | None = None
    problems: tuple[Problem, ...] = ()

    def look(self) -> None:
        """Load it if a file has changed. A broken edit leaves the guide as it was."""
        now = fingerprint(self.folder)
        if now == self.seen:
            return
        loaded = load(self.folder)
        first, self.seen = self.guide is None, now
        if loaded.problems:
            for problem in loaded.problems:
                log.warning("style guide: %s", problem)
        if not loaded.problems or self.guide is None:
            self.guide = loaded.guide
        if not loaded.problems and not first:
            log.info("style guide: %s loaded anew", self.folder)
        self.problems = loaded.problems


@dataclass(frozen=True, slots=True)
class GuideState:
    """For status: the guide's folder, how much is in use, what is wrong with the files; `seen` changes when these do."""

    name: str
    folder: Path
    examples: int
    problems: tuple[str, ...]
    seen: str = ""


@dataclass(slots=True)
class StyleGuides:
    """Implements bot.answering.answerer.GuideProvider, with a base guide and further ones that say what is different."""

    settings: StyleSettings
    likeness: EmbeddingSimilarity
    characters: int
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(init=False)
    _looked: float | None = field(init=False, default=None)
    _looking: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        further = {name: guide.path for name, guide in self.settings.guides.items()}
        base = {"": self.settings.path} if self.settings.path else {}
        self._kept = {name: _Kept(folder) for name, folder in {**base, **further}.items()}

    async def style(self, question: Question, standalone: str) -> Style:
        await self.refresh()
        guide = self.guide_for(question)
        chosen = await self._examples(guide, question, standalone)
        return style_of(guide.rules, chosen, question, self.characters)

    async def refresh(self, *, now: bool = False) -> None:
        """Look at the files, at most every `reload` seconds unless it must be `now`."""
        async with self._looking:
            due = self._looked is None or self.clock() - self._looked >= self.settings.reload
            if not due and not now:
                return
            self._looked = self.clock()
            for kept in self._kept.values():
                await asyncio.to_thread(kept.look)

    async def state(self) -> list[GuideState]:
        """Return the guides' states as the files are now."""
        await self.refresh(now=True)
        return [
            GuideState(
                name or "base",
                kept.folder,
                len(kept.guide.samples) if kept.guide else 0,
                tuple(str(problem) for problem in kept.problems),
                kept.seen,
            )
            for name, kept in self._kept.items()
        ]

    @property
    def base(self) -> StyleGuide:
        """The base guide, as it was loaded last."""
        return self._guide("")

    def guide_for(self, question: Question) -> StyleGuide:
        """Return the guide that the question names, else the first whose audience and platform fit, else the base."""
        base = self._guide("")
        name = question.guide or _fitting(self.settings.guides, question)
        return self._guide(name).over(base) if name and name in self._kept else base

    def _guide(self, name: str) -> StyleGuide:
        kept = self._kept.get(name)
        return kept.guide if kept and kept.guide else StyleGuide()

    async def _examples(self, guide: StyleGuide, question: Question, standalone: str) -> list[Sample]:
        places = question.places | ({question.guide} if question.guide else frozenset())
        language = question.language or guess_language(standalone)
        samples = example_selection.fitting(
            guide.samples, places=places, audience=question.audience, language=language
        )
        if not samples or not self.settings.examples:
            return []
        near, like = await self._compared(standalone, samples)
        return example_selection.pick(
            samples, near, like, most=self.settings.examples, tokens=self.settings.tokens
        )

    async def _compared(
        self, question: str, samples: list[Sample]
    ) -> tuple[list[float], NDArray[np.float64]]:
        found = await self.likeness.vectors(question, [example_selection.asked(sample) for sample in samples])
        if found is None:
            return await asyncio.to_thread(example_selection.by_words, question, samples)
        asked, rows = found
        return [float(value) for value in rows @ asked], (rows @ rows.T).astype(np.float64)


def _fitting(guides: Mapping[str, GuideSettings], question: Question) -> str:
    for name, guide in guides.items():
        if not guide.audience and not guide.platforms:
            continue  # only for those who name it
        fits_people = not guide.audience or guide.audience & question.audience
        if fits_people and (not guide.platforms or question.platform in guide.platforms):
            return name
    return ""


def style_of(rules: Rules, chosen: list[Sample], question: Question, characters: int) -> Style:
    """Return the guide as a writer gets it; the nearest example comes last, beside the question."""
    most, longer = rules.length.characters or characters, DETAILED if question.detailed else 1
    asked = question.text.casefold()
    refusal = next(
        (one.say for one in rules.refuse if any(word.casefold() in asked for word in one.when)), ""
    )
    return Style(
        rules=instructions(rules),
        examples=tuple(
            StyleExample(one.id, one.example.question, one.example.answer) for one in reversed(chosen)
        ),
        opening=rules.opening,
        closing=rules.closing,
        max_characters=most * longer,
        max_sentences=rules.length.sentences and rules.length.sentences * longer,
        language=question.language or "",
        not_found=rules.not_found,
        hand_over=rules.hand_over,
        refusal=refusal,
        cite_each=rules.citations == "sentence",
        phrases=tuple(one for one in phrases(rules) if one not in (rules.opening, rules.closing)),
    )
