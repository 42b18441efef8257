"""`docent eval --ablation`: the four ways of asking, and their report."""

import re
from collections.abc import Sequence
from pathlib import Path

from bot.ablation import ARMS, Ablation, Ask, Said, ablate, checkable, mark, spent
from bot.answer import Answerer
from bot.bootstrap import App, open_app
from bot.chart import page
from bot.commands.opening import check_index
from bot.commands.output import show, show_json, table
from bot.commands.progress import Counter
from bot.config import Settings
from bot.evaluate import Case
from bot.files import write_whole
from bot.meter import metered
from bot.metrics import plain
from bot.model import Answer, Outcome, Question, Usage
from bot.ports import BackendError, Brief, Finished, Span, Style, Wrote
from bot.prices import cost
from bot.style.pages import everyone

_DECLINES = re.compile(
    r"\b(?:don't|do not|doesn't|does not|can't|cannot|couldn't) (?:know|have|say|answer|find|tell)|not sure",
    re.IGNORECASE,
)
ALONE = "Without a language model the writer quotes pages: the model alone, and what examples bring, can't be measured."


async def ablation(
    settings: Settings,
    cases: Sequence[Case],
    audience: frozenset[str],
    *,
    report: Path | None,
    as_json: bool,
) -> int:
    """Ask, mark, show; with `report` also as HTML."""
    async with open_app(settings) as app:
        await check_index(app.store)
        await app.ready()
        await app.guides.refresh(now=True)
        writes = settings.writer_choice.kind != "extractive"
        asks = _asks(app, with_model=writes)
        known = plain(await _all_pages(app))
        rules, most = app.guides.base.rules, settings.limits.answer_characters

        def marking(case: Case, arm: str, answer: Answer, seconds: float) -> Said:
            dollars = spent(answer.usage, lambda one: cost(one, settings.cohere.prices))
            return mark(case, arm, answer, seconds, rules=rules, most=most, known=known, dollars=dollars)

        repeats = settings.eval.repeats
        with Counter("answers", len(cases) * len(asks) * repeats, shown=not as_json) as counter:
            said = await ablate(cases, asks, audience, marking=marking, on_said=counter.step, repeats=repeats)
    found = Ablation(
        model=app.writer.usage().model,
        said=tuple(said),
        rules=tuple(checkable(rules, most=most)),
        unmeasured=() if writes else (ALONE,),
    )
    if report is not None:
        write_whole(report, page(found, "Is fine-tuning needed?").encode())
    if as_json:
        show_json(found.to_json())
        return 0
    show(table(found.table()))
    show()
    rows = [[what, name, str(gained or "–"), how] for what, name, gained, how in found.comparisons()]
    show(table([["part", "figure", "difference", "verdict"], *rows]))
    show()
    for line in found.conclusion():
        show(line)
    return 0


def _asks(app: App, *, with_model: bool) -> dict[str, Ask]:
    """Without verified answers: the question is what the model, pages and examples do."""
    plainly = Answerer(retriever=app.retriever, writer=app.writer)
    guided = Answerer(retriever=app.retriever, writer=app.writer, guide=app.guides)

    async def alone(question: Question) -> Answer:
        return await _alone(app, question, Style())

    async def with_examples(question: Question) -> Answer:
        return await _alone(app, question, await app.guides.style(question, question.text))

    found: dict[str, Ask] = dict(
        zip(ARMS, (alone, with_examples, plainly.answer, guided.answer), strict=True)
    )
    return found if with_model else {arm: ask for arm, ask in found.items() if arm in ARMS[2:]}


async def _alone(app: App, question: Question, style: Style) -> Answer:
    """What the writer says of itself, unchecked: there are no pages to check it against."""
    text, usage = "", []
    spent_here: list[Usage] = []
    with metered(spent_here):
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
    return Answer("", outcome, text.strip(), usage=(*usage, *spent_here))


async def _all_pages(app: App) -> str:
    texts: list[str] = []
    for source in app.settings.sources:
        spans = [Span(page, 0, 100_000) for page in await app.store.revisions(source.name)]
        found = await app.store.passages(spans, everyone(app.settings))
        texts += [f"{p.title}\n{p.heading}\n{p.text}\n{p.updated_at:%Y-%m-%d}" for p in found if p.updated_at]
        texts += [f"{p.title}\n{p.heading}\n{p.text}" for p in found if not p.updated_at]
    return "\n".join(texts)
