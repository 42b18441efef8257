"""Parses the admin commands of chat and formats their answers as Markdown, the same on every platform."""

import difflib
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.chat import messages
from adapters.chat.admin.sync_progress import ALL, FAILURES_SHOWN, describe
from adapters.chat.markdown_text import bare, shorten
from adapters.wording import duration
from bot.answering.explanation import explain
from bot.config.loader import Settings
from bot.curation.open_gaps import GapReview
from bot.model import SyncReport
from bot.ports import (
    BackendError,
    Failing,
    Judged,
    QuestionFilter,
    Recorded,
    Rights,
    Runs,
    Store,
    SyncRequest,
)
from bot.style.hot_reload import GuideState
from indexer.reading.words_kept import lossy_pages
from indexer.source_health import held_back, lossy, troubles

HIDDEN = "(a page that you may not see)"
# What each command may be followed by.
FLAGS = {
    "reindex": ("--full", "--confirm-deletes", "--cancel"),
    "status": (),
    "sources": (),
    "questions": ("--bad",),
    "gaps": ("--dismiss",),
    "why": (),
    "review": ("--all",),
}
COMMANDS = tuple(FLAGS)
_MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed `/docent name [target] [--flag]`.

    `target` is a source, an answer's id or link, a gap's id, or a number of days.
    """

    name: str
    target: str = ""
    flags: frozenset[str] = frozenset()

    def request(self, by: str) -> SyncRequest:
        """Return the sync request that a `reindex` asks for, made by `by`."""
        return SyncRequest(
            source=self.target or None,
            full="--full" in self.flags,
            confirm_deletes="--confirm-deletes" in self.flags,
            asked_by=by,
        )

    def questions(self, rights: Rights) -> QuestionFilter:
        """Return the filter that a `questions` command asks for, limited to what `rights` cover."""
        days = int(self.target) if self.target else 7
        return QuestionFilter(days=days, bad="--bad" in self.flags, rights=rights)


@dataclass(frozen=True, slots=True)
class SourceCycle:
    """A source as admins see it.

    `oldest` is the age in seconds at which its last good sync counts as overdue.
    """

    name: str
    type: str
    audience: frozenset[str]
    oldest: float | None = None


def cycles(settings: Settings) -> tuple[SourceCycle, ...]:
    """Return the configured sources."""
    return tuple(
        SourceCycle(source.name, source.type, source.audience, settings.may_be_old(source))
        for source in settings.sources
    )


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a command can't be parsed, and what would be right, in one sentence."""

    text: str


def parse(text: str, sources: tuple[str, ...]) -> Command | Mistake:
    """Parse what somebody typed after `/docent`."""
    try:
        parts = shlex.split(text)
    except ValueError:
        parts = text.split()
    if not parts or parts[0] in ("help", "--help", "-h"):
        return Mistake(messages.ADMIN_HELP)
    name, *rest = parts
    if name not in COMMANDS:
        return Mistake(f"I don't know `{bare(name)}`.{_nearest(name, COMMANDS)}\n{messages.ADMIN_HELP}")
    flags = {part.replace("—", "--") for part in rest if part.startswith(("--", "—"))}
    targets = [part for part in rest if not part.startswith(("--", "—"))]
    unknown = flags - set(FLAGS[name])
    if unknown:
        there = " and ".join(f"`{flag}`" for flag in FLAGS[name]) or "none for this command"
        return Mistake(f"I don't know `{bare(min(unknown))}`; there are {there}.")
    target = targets[0] if targets else ""
    wrong = _wrong_target(name, target, flags, sources)
    return Mistake(wrong) if wrong else Command(name, target, frozenset(flags))


def _wrong_target(name: str, target: str, flags: Collection[str], sources: tuple[str, ...]) -> str:
    """Return what is wrong with a command's target; "" if nothing is."""
    if name == "why" and not target:
        return "Which answer? Give me a link to it or its id: `why ANSWER`."
    if name == "gaps" and "--dismiss" in flags and not target:
        return "Which one? Give me its id: `gaps ID --dismiss`."
    if name == "questions" and target and not (target.isdecimal() and 0 < int(target[:9]) <= _MOST_DAYS):
        return "Of how many days? For example: `questions 30`."
    if name == "reindex" and target and target not in sources:
        known = ", ".join(f"`{source}`" for source in sources) or "none"
        return f"There is no source `{bare(target)}`.{_nearest(target, sources)} Sources: {known}."
    return ""


def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean `{close[0]}`?" if close else ""


def guide_lines(guides: Sequence[GuideState]) -> str:
    """Return a line for each style guide, and its problems where its latest edit is broken."""
    lines = []
    for guide in guides:
        lines.append(f"Style guide {guide.name}: {guide.examples} examples")
        lines += [f"⚠️ {bare(guide.folder.name)}: {shorten(p, 300)}" for p in guide.problems[:FAILURES_SHOWN]]
    return "\n".join(lines)


async def status(
    store: Store, runs: Runs, sources: Sequence[SourceCycle], now: datetime, rights: Rights
) -> str:
    """Return the state of the index and of each source: how much, how fresh, what failed last.

    Failed pages are named where the admin may see them.
    """
    try:
        stats = await store.stats()
        lines = [f"Index: {stats.documents} pages, {stats.chunks} chunks"]
        lacking = {one.name: len(lossy_pages(await store.revisions(one.name))) for one in sources}
    except BackendError as error:
        return f"⚠️ The index can't be read: {error}"
    good, failing = await runs.last_good(), await runs.failing()
    lines += [describe(run) for run in await runs.going_on()]
    for source in sources:
        pages = stats.sources[source.name].documents if source.name in stats.sources else 0
        lines.append(f"• **{source.name}**: {pages} pages{_synced(good.get(source.name), now)}")
        report = await runs.last_report(source.name)
        found = troubles(report, good.get(source.name), now, source.oldest, _confirm(source.name))
        if lacking[source.name]:
            found.append(f"{lossy(lacking[source.name])}: `docent status` names them")
        lines += [f"   ⚠️ {shorten(trouble, 300)}" for trouble in found]
        mine = [each for each in failing if each.source == source.name]
        named = [each for each in mine if each.failure.for_all and ALL in rights.audience][:FAILURES_SHOWN]
        lines += [f"   {_failing(each)}" for each in named]
        if unnamed := len(mine) - len(named):
            lines.append(
                f"   {'and ' if named else ''}{unnamed} {'more ' if named else ''}fail: `docent status` names them"
            )
    return "\n".join(lines)


def waiting_deletions(report: SyncReport, named: Sequence[str]) -> str:
    """Return a notice of a source's deletions that wait for an admin's confirmation.

    `named` are those of the paths that everybody may see.
    """
    shown = named[:FAILURES_SHOWN]
    lines = [f"⚠️ **{report.source}**: {held_back(report.held_back, _confirm(report.source))}."]
    lines += [f"• `{bare(path)}`" for path in shown]
    if shown and (more := report.held_back - len(shown)):
        lines.append(f"• and {more} more")
    return "\n".join(lines)


def _confirm(source: str) -> str:
    return f"`/docent reindex {source} --confirm-deletes`"


def _failing(each: Failing) -> str:
    since = f"since {each.since:%Y-%m-%d}"
    return f"`{bare(each.failure.name)}` fails {since}: {shorten(each.failure.reason, 200)}"


def _synced(good: datetime | None, now: datetime) -> str:
    return "" if good is None else f", synced {duration(max((now - good).total_seconds(), 0))} ago"


def sources(found: Sequence[SourceCycle]) -> str:
    """Return a line for each source: its name, type and audience."""
    if not found:
        return "No sources are configured: see `docent.yaml`."
    return "\n".join(f"• **{one.name}** ({one.type}), for {', '.join(sorted(one.audience))}" for one in found)


def questions(found: Sequence[Judged], days: int) -> str:
    """Return what was asked, the latest first, with the ids that `why` takes, but not who asked."""
    if not found:
        return f"No such question in the last {days} days."
    lines = []
    for one in found:
        asked, answer = one.recorded.asked, one.recorded.answer
        thumbs = "".join("👎" if each.verdict == "down" else "👍" for each in one.feedback)
        said = ", ".join(sorted({each.complaint for each in one.feedback if each.complaint}))
        head = (
            f"{one.recorded.asked_at:%Y-%m-%d %H:%M}",
            str(answer.outcome) if answer else "not ended",
            thumbs,
            said,
        )
        text = shorten(asked.question.text, 200) or "(not kept)"
        lines.append(f"• {text} ({', '.join(filter(None, head))}) `{asked.id}`")
    return "\n".join(lines)


def gaps(found: GapReview) -> str:
    """Return the unanswered questions, most asked first, each with its nearest page and that page's owners."""
    solved = len(found.solved)
    said = [f"{solved} {'has' if solved == 1 else 'have'} an answer by now."] if solved else []
    if not found.open:
        return said[0] if said else "No gaps: every question so far was answered from the docs."
    lines = ["Questions that the docs don't answer:"]
    for one in found.open:
        gap = one.gap
        lines.append(
            f"{gap.times}× {shorten(gap.question, 200)} (last {gap.last_asked:%Y-%m-%d}) `{gap.id}`"
            + ("" if one.asked else " (couldn't be asked again)")
        )
        for page in one.nearest[:1]:
            owners = f", of {shorten(', '.join(page.owners), 80)}" if page.owners else ""
            lines.append(f"   nearest: {shorten(page.title, 80)}{owners}")
    return "\n".join([*lines, *said])


def why(recorded: Recorded, visible: Collection[str]) -> str:
    """Return how an answer came about: queries, evidence, and candidates with their scores.

    Only pages in `visible` appear by title.
    """
    answer = recorded.answer
    if answer is None:
        return "That question is still being answered."
    trace = answer.trace
    lines = [
        explain(answer, visible=visible, shown=lambda title: shorten(title, 80)),
        "",
        f"**{answer.outcome}**: {trace.decision or 'no decision recorded'}",
    ]
    lines += [f"Query: {shorten(query, 200)}" for query in trace.queries]
    if trace.evidence:
        lines.append(
            "Evidence: " + ", ".join(f"{name} {value:.2f}" for name, value in trace.evidence.items())
        )
    lines += [f"Degraded: {reason}" for reason in answer.degraded]
    if trace.examples:
        lines.append("Style examples: " + ", ".join(trace.examples))
    if trace.candidates:
        lines.append("Passages, the best first:")
        for number, found in enumerate(trace.candidates[:10], 1):
            page = found.passage
            parts = (page.title, *page.heading.split(" > ")) if page.doc_id in visible else (HIDDEN,)
            title = shorten(" › ".join(filter(None, parts)), 60).replace("`", "'")
            scores = f"{_score(found.fused)}: keyword {_score(found.keyword)}, vector {_score(found.vector)}"
            lines.append(f"{number}. {title} · {scores}" + (f" · {found.dropped}" if found.dropped else ""))
        lines.append("")
    if trace.dropped_sentences:
        lines.append(f"{len(trace.dropped_sentences)} sentences without a source were left out.")
    if trace.seconds:
        lines.append("Seconds: " + ", ".join(f"{name} {value:.2f}" for name, value in trace.seconds.items()))
    return "\n".join(lines)


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"
