"""`docent eval --ablation`: the four ways of asking, and their report."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.cli.evaluation.eval_runner import Ask, bench
from adapters.cli.output import show, show_json, table
from bot.answering.answerer import Answerer
from bot.bootstrap import App
from bot.config.loader import Settings
from bot.evaluation.ablation import ARMS, GUIDED, PAGES, Ablation
from bot.evaluation.ablation_report import page
from bot.evaluation.question_set import Case
from bot.model import Answer, Outcome, Question, Usage
from bot.ports import BackendError, Brief, Finished, Style, Wrote
from bot.runtime.private_files import write_whole
from bot.runtime.usage_meter import metered
from bot.style.rules import checkable

_DECLINES = re.compile(
    r"\b(?:don't|do not|doesn't|does not|can't|cannot|couldn't) (?:know|have|say|answer|find|tell)|not sure",
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
    """Ask, mark, show; with `report` also as HTML."""
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
    """Without verified answers: the question is what the model, pages and examples do."""
    plainly = Answerer(retriever=app.retriever, writer=app.writer)
    guided = Answerer(retriever=app.retriever, writer=app.writer, guide=app.guides)
    if not with_model:
        return {PAGES: plainly.answer, GUIDED: guided.answer}

    async def alone(question: Question) -> Answer:
        return await _alone(app, question, Style())

    async def with_examples(question: Question) -> Answer:
        return await _alone(app, question, await app.guides.style(question, question.text))

    return dict(zip(ARMS, (alone, with_examples, plainly.answer, guided.answer), strict=True))


async def _alone(app: App, question: Question, style: Style) -> Answer:
    """What the writer says of itself, unchecked: there are no pages to check it against."""
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
