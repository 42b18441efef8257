"""Runs `docent eval --ablation`: the four ways of asking, and their report."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from adapters.cli.evaluation.eval_runner import Ask, bench
from adapters.cli.output import show, show_json, table
from bot.answering.answerer import Answerer
from bot.answering.citation_check import citation
from bot.bootstrap import App
from bot.config.loader import Settings
from bot.evaluation.ablation import ARMS, GUIDED, PAGES, UNCHECKED, Ablation
from bot.evaluation.ablation_report import page
from bot.evaluation.question_set import Case
from bot.model import Answer, Outcome, Passage, Question, Usage
from bot.ports import BackendError, Brief, Cited, Finished, Style, Waiting, Writer, Wrote
from bot.runtime.process.private_files import write_whole
from bot.runtime.usage_meter import metered
from bot.style.rules import checkable

_DECLINES = re.compile(
    r"NOT IN THE PASSAGES|\b(?:don't|do not|doesn't|does not|can't|cannot|couldn't) (?:know|have|say|answer|find|tell)|not sure",
    re.IGNORECASE,
)


async def ablation(
    settings: Settings,
    cases: Sequence[Case],
    audience: frozenset[str],
    *,
    report: Path | None,
    as_json: bool,
) -> int:
    """Ask, mark and print the comparison; with `report` also write it as HTML. Return the exit code."""
    async with bench(settings) as on:
        asks = _asks(on.app, with_model=settings.writer_choice.kind != "extractive")
        said, _ = await on.run(cases, asks, audience, shown=not as_json)
        found = Ablation(
            model=on.app.writer.usage().model,
            said=tuple(said),
            rules=tuple(checkable(on.rules, most=on.marker.most)),
            repeats=on.repeats,
            judge=on.judge.usage() if on.judge else None,
        )
    if report is not None:
        write_whole(report, page(found, "Is fine-tuning needed?").encode())
    if as_json:
        show_json(found.to_json())
        return 0
    for rows in (found.table(), found.gain_table(), found.rule_table()):
        show(table(rows))
        show()
    for line in found.conclusion():
        show(line)
    if report is not None:
        show(f"The report with its plots and all answers: {report}")
    return 0


def _asks(app: App, *, with_model: bool) -> Mapping[str, Ask]:
    """Return the ways of asking, by name.

    Verified answers are left out: what is compared is the model, the pages and the examples.
    """
    overheard = Overheard(app.writer)
    limits = app.answerer.limits
    plainly = Answerer(retriever=app.retriever, writer=app.writer, limits=limits)
    guided = Answerer(retriever=app.retriever, writer=overheard, guide=app.guides, limits=limits)
    if not with_model:
        return {PAGES: plainly.answer, GUIDED: guided.answer}
    quoting = Answerer(retriever=app.retriever, writer=app.answerer.quoting)

    async def alone(question: Question) -> Answer:
        return await _alone(app, question, Style())

    async def with_examples(question: Question) -> Answer:
        return await _alone(app, question, await app.guides.style(question, question.text))

    async def with_both(question: Question) -> Answer:
        return overheard.keep(question, await guided.answer(question))

    four = dict(zip(ARMS, (alone, with_examples, plainly.answer, with_both), strict=True))
    return {**four, UNCHECKED: overheard.unchecked, PAGES: quoting.answer}


class Overheard:
    """Wraps a writer and keeps its words, so that they can be marked beside the answer that was shown."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._passages: Mapping[str, Passage] = {}
        self._text = ""
        self._cited: list[str] = []
        self._kept: dict[Question, list[Answer]] = {}

    async def standalone(self, question: Question) -> str:
        return await self._writer.standalone(question)

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished | Waiting]:
        self._passages = {passage.chunk_id: passage for passage in brief.passages}
        self._text, self._cited = "", []
        async for event in self._writer.write(brief):
            if isinstance(event, Wrote):
                self._text += event.text
            elif isinstance(event, Cited):
                self._cited += event.chunk_ids
            yield event

    def keep(self, question: Question, shown: Answer) -> Answer:
        """Keep the written answer to a question, and return the one that was `shown`."""
        if shown.outcome is Outcome.UNAVAILABLE:
            written = shown
        else:
            text, self._text = self._text.strip(), ""
            chunks = [
                self._passages[chunk] for chunk in dict.fromkeys(self._cited) if chunk in self._passages
            ]
            cited = tuple(citation(passage, number) for number, passage in enumerate(chunks, 1))
            declined = not text or _DECLINES.search(text) is not None
            outcome = Outcome.NOT_FOUND if declined else Outcome.ANSWERED
            written = replace(shown, outcome=outcome, text=text, citations=cited)
        self._kept.setdefault(question, []).append(written)
        return shown

    async def unchecked(self, question: Question) -> Answer:
        """Return the written answer that was kept for the question; no model is asked."""
        return self._kept[question].pop(0)

    def usage(self) -> Usage:
        return self._writer.usage()

    async def close(self) -> None:
        await self._writer.close()


async def _alone(app: App, question: Question, style: Style) -> Answer:
    """Return the writer's answer without pages. It is unchecked: there is nothing to check it against."""
    text, usage = "", []
    spent: list[Usage] = []
    with metered(spent):
        try:
            async for event in app.writer.write(Brief(question.text, (), style)):
                if isinstance(event, Wrote):
                    text += event.text
                elif isinstance(event, Finished):
                    usage.append(event.usage)
        except BackendError as error:
            return Answer("", Outcome.UNAVAILABLE, str(error))
    phrases = [phrase for phrase in style.phrases if phrase in text]
    declined = not text.strip() or bool(phrases) or _DECLINES.search(text) is not None
    outcome = Outcome.NOT_FOUND if declined else Outcome.ANSWERED
    return Answer("", outcome, text.strip(), usage=(*usage, *spent))
