"""Makes the ablation's report: one HTML file that needs nothing else, with its plots as SVG."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from statistics import fmean

from bot.evaluation.ablation import Ablation
from bot.evaluation.confidence_intervals import FEWEST, Figure
from bot.evaluation.scored_answer import MEANING, ScoredAnswer, dollars, seconds

_WIDTH, _ROW, _LEFT = 640, 26, 130
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a33 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { border-bottom: 1px solid #d5dde2; padding: .3rem .7rem; text-align: left }
svg { max-width: 100%; height: auto } .note { color: #54646e } pre { white-space: pre-wrap; margin: 0; font: inherit }
"""
# What is drawn of an arm's answers.
_AMOUNTS: Mapping[str, Callable[[Sequence[ScoredAnswer]], float | None]] = {
    "seconds an answer, p50": lambda said: seconds(said, 0.5),
    "seconds an answer, p95": lambda said: seconds(said, 0.95),
    "tokens in, an answer": lambda said: fmean(one.input_tokens for one in said),
    "tokens out, an answer": lambda said: fmean(one.output_tokens for one in said),
    "dollars, all answers": dollars,
}


def page(ablation: Ablation, title: str) -> str:
    """Return the whole file."""
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f"<h1>{escape(title)}</h1>",
            _note(ablation),
            *(f"<p>{escape(line)}</p>" for line in ablation.conclusion()),
            _table(ablation.table()),
            *(_plot(ablation, name) for name in ablation.names()),
            "<h2>Latency, tokens, cost</h2>",
            *(_lengths(ablation, *one) for one in _AMOUNTS.items()),
            "<h2>What each part brings</h2>",
            _table(ablation.gain_table()),
            "<h2>Style, rule by rule</h2>",
            "<p class=note>The share of answers that keep it.</p>",
            _table(ablation.rule_table()),
            "<h2>Answers</h2>",
            *_answers(ablation),
            "</html>\n",
        ]
    )


def _note(ablation: Ablation) -> str:
    asked = len({one.id for one in ablation.said})
    times = "once" if ablation.repeats == 1 else f"{ablation.repeats} times"
    judge = (
        f"{ablation.judge.model} judged the other rules" if ablation.judge else "no model judged the others"
    )
    text = (
        f"Written by {ablation.model}; {asked} questions, each asked {times} in each way. Figures are means over the "
        "questions with their 95 % intervals (Wilson), differences are paired with bootstrapped intervals; one that "
        f"holds 0, or rests on fewer than {FEWEST} questions that differ, is a tie. Rules checked by code: "
        f"{', '.join(ablation.rules) or 'none'}; {judge}."
    )
    return f"<p class=note>{escape(text)}</p>"


def _table(rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[1:])
    return f"<table><tr>{head}</tr>{body}</table>"


def _plot(ablation: Ablation, name: str) -> str:
    """Draw a bar from 0 to 1 for each arm, with its interval."""
    bars = [(arm, ablation.figures(arm)[name]) for arm in ablation.arms()]
    drawn = "".join(_bar(number, arm, found) for number, (arm, found) in enumerate(bars))
    return _svg(name, MEANING[name], drawn, len(bars))


def _lengths(ablation: Ablation, what: str, amount: Callable[[Sequence[ScoredAnswer]], float | None]) -> str:
    """Draw a bar for each arm, the longest as wide as there is room."""
    amounts = [(arm, amount(ablation.of(arm))) for arm in ablation.arms()]
    most = max((value for _, value in amounts if value is not None), default=0.0)
    if not most:
        return ""
    scale = (_WIDTH - _LEFT - 140) / most
    drawn = ""
    for number, (arm, value) in enumerate(amounts):
        top = number * _ROW + 4
        drawn += f'<text x="0" y="{top + 14}" font-size="13">{escape(arm)}</text>'
        drawn += (
            f'<rect x="{_LEFT}" y="{top}" width="{(value or 0) * scale:.1f}" height="18" fill="#c8a97f"/>'
        )
        drawn += f'<text x="{_WIDTH - 130}" y="{top + 14}" font-size="13">{value or 0:.3g}</text>'
    return _svg(what, "", drawn, len(amounts))


def _svg(name: str, meaning: str, drawn: str, rows: int) -> str:
    height = _ROW * rows + 8
    return (
        f"<h3>{escape(name)} <small class=note>{escape(meaning)}</small></h3>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(f"{name} {meaning}".strip())}">{drawn}</svg>'
    )


def _bar(number: int, arm: str, found: Figure | None) -> str:
    top = number * _ROW + 4
    text = f'<text x="0" y="{top + 14}" font-size="13">{escape(arm)}</text>'
    if found is None:
        return (
            text + f'<text x="{_LEFT}" y="{top + 14}" font-size="13" fill="#54646e">can’t be measured</text>'
        )
    scale = _WIDTH - _LEFT - 140
    x1, x2 = (_LEFT + value * scale for value in (found.low, found.high))
    return (
        f'{text}<rect x="{_LEFT}" y="{top}" width="{found.mean * scale:.1f}" height="18" fill="#7fb3c8"/>'
        f'<path d="M{x1:.1f} {top + 9}H{x2:.1f}M{x1:.1f} {top + 4}v10M{x2:.1f} {top + 4}v10" stroke="#1b2a33"/>'
        f'<text x="{_LEFT + scale + 10}" y="{top + 14}" font-size="13">{escape(str(found))}</text>'
    )


def _answers(ablation: Ablation) -> Iterator[str]:
    for one in ablation.said:
        wrong = [f"{name} wrong" for name in ("facts", "cited", "declined") if getattr(one, name) == 0]
        wrong += ["invented"] if one.invented else []
        told = "failed" if one.failed else ", ".join([*wrong, *one.broken]) or "all right"
        yield (
            f"<details><summary>{escape(one.id)} · {escape(one.arm)} · {escape(told)}</summary>"
            f"<p class=note>{escape(one.question)}</p><pre>{escape(one.failed or one.text or '(declined)')}</pre></details>"
        )
