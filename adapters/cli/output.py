"""Prints results to stdout and everything else to stderr, without control characters."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from adapters.wording import duration, page_counts
from bot.model import Answer, Citation, SyncReport, WordsKept
from indexer.source_health import left_out, misfits

_KEPT = "\n\t"


def clean(text: str) -> str:
    """Return the text without control characters: a page must not be able to steer the terminal."""
    return "".join(each for each in text if each.isprintable() or each in _KEPT)


def show(text: str = "") -> None:
    """Print a line of the result to stdout."""
    sys.stdout.write(f"{clean(text)}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a line beside the result to stderr."""
    sys.stderr.write(f"{clean(text)}\n")


def show_json(data: object) -> None:
    """Print one JSON document to stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def is_terminal() -> bool:
    """Return whether both streams are a terminal."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def table(rows: Iterable[Iterable[str]]) -> str:
    """Return the rows with columns as wide as needed.

    The first row is the head, the first column is aligned left.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        first, *rest = (
            cell.ljust(width) if not number else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def count(number: int, word: str, words: str = "") -> str:
    """Return a number with its noun: `1 page`, `2 pages`."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def ago(moment: datetime | None) -> str:
    """Return how long ago it was: `3 min ago`, or `never`."""
    if moment is None:
        return "never"
    return f"{duration(max(0.0, (datetime.now(UTC) - moment).total_seconds()))} ago"


def place(citation: Citation) -> str:
    """Return a citation's page and heading: `Time off > Annual leave`."""
    return f"{citation.title} > {citation.heading}" if citation.heading else citation.title


def endnotes(answer: Answer) -> list[str]:
    """Return the lines under an answer: sources or the nearest pages, and what was degraded."""
    lines = [""] if answer.citations or answer.nearest else []
    lines += [_source(f"[{citation.number}]", citation) for citation in answer.citations]
    if answer.nearest and answer.citations:
        lines.append(f"See also: {', '.join(page.title for page in answer.nearest)}")
    elif answer.nearest:
        lines += ["The nearest pages:", *(_source("-", citation) for citation in answer.nearest)]
    return lines + [f"({line})" for line in answer.degraded]


def _source(mark: str, citation: Citation) -> str:
    link = citation.url or citation.doc_id
    date = f"  (updated {citation.updated_at:%Y-%m-%d})" if citation.updated_at else ""
    return f"{mark} {place(citation)}  {link}{date}"


def answer_json(answer: Answer, *, why: bool) -> dict[str, object]:
    """Return the JSON of `docent ask --json`."""
    data: dict[str, object] = {
        "id": answer.id,
        "outcome": str(answer.outcome),
        "text": answer.text,
        "citations": [_citation_json(citation) for citation in answer.citations],
        "nearest": [_citation_json(citation) for citation in answer.nearest],
        "degraded": list(answer.degraded),
    }
    if why:
        data["trace"] = _trace_json(answer)
    return data


def _citation_json(citation: Citation) -> dict[str, object]:
    return {
        "number": citation.number,
        "title": citation.title,
        "url": citation.url,
        "doc_id": citation.doc_id,
        "heading": citation.heading,
        "quote": citation.quote,
        "updated_at": citation.updated_at.isoformat() if citation.updated_at else None,
    }


def _trace_json(answer: Answer) -> dict[str, object]:
    trace = answer.trace
    return {
        "queries": list(trace.queries),
        "decision": trace.decision,
        "evidence": dict(trace.evidence),
        "candidates": [
            {
                "doc_id": found.passage.doc_id,
                "chunk_id": found.passage.chunk_id,
                "title": found.passage.title,
                "heading": found.passage.heading,
                "url": found.passage.url,
                "keyword": found.keyword,
                "vector": found.vector,
                "fused": found.fused,
                "reranked": found.reranked,
                "dropped": found.dropped,
            }
            for found in trace.candidates
        ],
        "dropped_sentences": list(trace.dropped_sentences),
        "examples": list(trace.examples),
        "seconds": dict(trace.seconds),
    }


def why_lines(answer: Answer) -> list[str]:
    """Return lines on how an answer came about, for a terminal."""
    trace = answer.trace
    lines = ["", f"Why: {answer.outcome}, {trace.decision or 'no decision recorded'}"]
    lines += [f"Query: {query}" for query in trace.queries]
    if trace.evidence:
        lines.append("Evidence: " + ", ".join(f"{k} {v:.3f}" for k, v in sorted(trace.evidence.items())))
    if trace.examples:
        lines.append("Style examples: " + ", ".join(trace.examples))
    if trace.candidates:
        head = [["candidate", "keyword", "vector", "fused", "reranked", "dropped"]]
        rows = [
            [
                f"{found.passage.doc_id} {found.passage.heading}"[:70].rstrip(),
                *(_score(score) for score in (found.keyword, found.vector, found.fused, found.reranked)),
                found.dropped or "-",
            ]
            for found in trace.candidates
        ]
        lines.append(table(head + rows))
    lines += [f"Left out, no source says it: {sentence}" for sentence in trace.dropped_sentences]
    if trace.seconds:
        lines.append("Time: " + ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in trace.seconds.items()))
    return lines


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"


def _words_kept(words: Sequence[WordsKept]) -> str:
    """Return the share of words kept by format: `pdf 97.9 % (1,204 of 1,230), md 100 %`."""
    return ", ".join(
        f"{each.format or 'other'} {100 * each.kept / each.held:.4g} %"
        + (f" ({each.kept:,} of {each.held:,})" if each.kept < each.held else "")
        for each in words
    )


def report_lines(report: SyncReport) -> list[str]:
    """Return the lines of one source's sync report, for a terminal."""
    if report.error:
        done = {"added": report.added, "changed": report.changed, "deleted": report.deleted}
        kept = ", ".join(f"{number:,} {word}" for word, number in done.items() if number)
        lines = [f"{report.source}: not synced: {report.error}"]
        return [*lines, f"  kept: {kept}. Run it again to go on from there."] if kept else lines
    counts = page_counts(report)
    said = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number or word != "renamed")
    stopped = " (stopped)" if report.cancelled else ""
    lines = [f"{report.source}{stopped}: {said} in {report.seconds:.1f} s"]
    if report.embedded:
        lines.append(f"  {count(report.embedded, 'text')} embedded")
    lines += [f"  failed: {failure.name}: {failure.reason}" for failure in report.failed]
    lines += [f"  note: {warning.name}: {warning.reason}" for warning in report.warnings]
    lines += [f"  note: {line}" for line in misfits(report.unfit, report.left_out)]
    lines += [f"  note: {report.machines}"] if report.machines else []
    if report.words:
        lines.append(f"  words kept: {_words_kept(report.words)}")
    lines += [f"  left out: {each}" for each in left_out(report)]
    if not any(counts.values()) and not report.cancelled and not report.left_out:
        lines.append(
            "  note: no page is there that docent.yaml asks for; check its path, include and exclude"
        )
    if report.held_back:
        lines.append(
            f"  held back: {count(report.held_back, 'page')} gone at once is more than usual; to delete them:"
            f" docent reindex {report.source} --confirm-deletes"
        )
        lines += [f"    {path}" for path in report.held]
        if more := report.held_back - len(report.held):
            lines.append(f"    and {more:,} more")
    return lines
