"""The ablation's report: one HTML file that needs nothing else, with its plots as SVG."""

from collections.abc import Iterator
from html import escape

from bot.ablation import FIGURES, MEANING, Ablation, Figure

_WIDTH, _ROW, _LEFT = 640, 26, 130
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a33 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { border-bottom: 1px solid #d5dde2; padding: .3rem .7rem; text-align: left }
svg { max-width: 100%; height: auto } .note { color: #54646e } pre { white-space: pre-wrap; margin: 0; font: inherit }
"""


def page(ablation: Ablation, title: str) -> str:
    """The whole file."""
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f"<h1>{escape(title)}</h1>",
            _note(ablation),
            *(f"<p>{escape(line)}</p>" for line in ablation.conclusion()),
            _table(ablation.table()),
            *(_plot(ablation, name) for name in FIGURES),
            "<h2>What each part brings</h2>",
            _table(
                [["part", "figure", "difference", "verdict"]]
                + [
                    [what, name, str(gained or "–"), how]
                    for what, name, gained, how in ablation.comparisons()
                ]
            ),
            "<h2>Answers</h2>",
            *_answers(ablation),
            "</html>\n",
        ]
    )


def _note(ablation: Ablation) -> str:
    count = len(ablation.of(ablation.arms()[0]))
    rules = ", ".join(ablation.rules) or "none"
    text = f"Written by {ablation.model}; {count} questions. Intervals are 95 % bootstrap intervals over the questions."
    return f"<p class=note>{escape(text)} Rules checked by code: {escape(rules)}.</p>"


def _table(rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[1:])
    return f"<table><tr>{head}</tr>{body}</table>"


def _plot(ablation: Ablation, name: str) -> str:
    """A bar for each arm from 0 to 1, with its interval."""
    bars = [(arm, ablation.figures(arm)[name]) for arm in ablation.arms()]
    drawn = "".join(_bar(number, arm, found) for number, (arm, found) in enumerate(bars))
    height = _ROW * len(bars) + 8
    label = f"{name}: {MEANING[name]}"
    return (
        f"<h3>{escape(name)} <small class=note>{escape(MEANING[name])}</small></h3>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(label)}">'
        f"{drawn}</svg>"
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
        wrong = [name for name in ("facts", "cited", "declined", "style") if getattr(one, name) == 0]
        told = ", ".join([*wrong, *(["invented"] if one.invented else []), *one.broken]) or "all right"
        yield (
            f"<details><summary>{escape(one.id)} · {escape(one.arm)} · {escape(told)}</summary>"
            f"<pre>{escape(one.text or '(declined)')}</pre></details>"
        )
