"""Runs `docent eval`: one run, its comparison with an earlier one, and the bars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapters.cli.command import CommandError
from adapters.cli.evaluation.eval_runner import bench
from adapters.cli.output import show, show_json, table
from bot.config.loader import Settings
from bot.evaluation.confidence_intervals import Figure
from bot.evaluation.marked_answers import report, write_answers
from bot.evaluation.question_set import Case
from bot.evaluation.run_comparison import Bar, Comparison, Moved, bars, compare
from bot.evaluation.scored_answer import BadRun, ScoredAnswer, figures, read, to_json

_SHOWN = 20


async def evaluated(
    settings: Settings,
    cases: Sequence[Case],
    audience: frozenset[str],
    *,
    answers: Path | None,
    against: Path | None,
    as_json: bool,
) -> int:
    """Ask, mark, compare and print. Return 1 if a bar is missed, else 0."""
    before = _run(against) if against is not None else None
    async with bench(settings) as on:
        asks = {"docent": on.app.answerer.answer}
        said, marked = await on.run(cases, asks, audience, shown=not as_json)
        model, judge = on.app.writer.usage().model, on.judge
    compared = compare(before[1], said) if before is not None else None
    held = bars(said, {str(name): least for name, least in settings.eval.bars.items()})
    whole = report([one for one in marked if not one.failed])
    if answers is not None:
        write_answers(answers, marked)
    if as_json:
        run = {"model": model, "judge": judge.model if judge else None, "repeats": on.repeats}
        show_json({**run, **whole.to_json(), **_json(said, compared, held)})
    else:
        show(whole.summary())
        show()
        show(table(whole.table()))
        show()
        show(table([["figure", "mean (95 %)"], *([name, str(one)] for name, one in _known(said))]))
        for line in _lines(compared, before[0] if before else {}, held):
            show(line)
        if judge is not None:
            show(f"\njudged is by {judge.model}.")
    return 1 if any(bar.missed for bar in held) else 0


def _run(path: Path) -> tuple[Mapping[str, Any], list[ScoredAnswer]]:
    try:
        return read(path)
    except BadRun as error:
        raise CommandError(str(error), code=2) from error


def _known(said: Sequence[ScoredAnswer]) -> list[tuple[str, Figure]]:
    return [(name, one) for name, one in figures(said).items() if one is not None]


def _json(said: Sequence[ScoredAnswer], compared: Comparison | None, held: Sequence[Bar]) -> dict[str, Any]:
    return {
        "figures": {name: asdict(one) for name, one in _known(said)},
        "bars": [{"name": b.name, "wanted": b.wanted, "got": b.got, "missed": b.missed} for b in held],
        **({"against": compared.to_json()} if compared else {}),
        "questions": to_json(said),
    }


def _lines(compared: Comparison | None, before: Mapping[str, Any], held: Sequence[Bar]) -> Iterable[str]:
    if compared is not None:
        yield f"\nAgainst the run by {before.get('model', 'an unknown model')}:"
        yield table(compared.table())
        yield from _moved("Better", compared.better)
        yield from _moved("Worse", compared.worse)
        yield from _moved("Better in one way, worse in another", compared.mixed)
        if compared.alone:
            yield f"In one run only, and not compared: {len(compared.alone)} questions."
    if held:
        yield "\nBars:"
        yield from (f"  {bar}" for bar in held)


def _moved(what: str, moved: Sequence[Moved]) -> Iterable[str]:
    yield f"{what}: {len(moved)}"
    yield from (f"  {one}" for one in moved[:_SHOWN])
    if len(moved) > _SHOWN:
        yield f"  and {len(moved) - _SHOWN} more: see --json"
