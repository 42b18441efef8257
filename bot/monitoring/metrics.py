"""Counts, in Prometheus' form. Each process has a registry of its own.

Labels are names of ours and of docent.yaml: platforms, outcomes, stages, parts, sources, models. So there are not
many.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.answering.draft import summed
from bot.bootstrap import App
from bot.model import Answer, SyncReport, Usage
from bot.monitoring.readiness import READY
from bot.monitoring.readings import Reading
from bot.ports import Rating
from bot.runtime.prices import cost
from bot.runtime.process.installed import version
from bot.runtime.work_context import Work

_OUTCOMES: Final = (
    "answered",
    "not_found",
    "unavailable",
    "undeliverable",
    "silent",
    "stopped",
    "limited",
    "turned_away",
    "lost",
)
_TIMED: Final = frozenset({"answered", "not_found", "unavailable"})
_PLATFORMS: Final = frozenset({"slack", "discord"})
_PARTS: Final = ("writer", "embedder", "reranker", "search", "verified_answers")
# Seconds.
_ANSWER: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600)
_STAGE: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SYNC: Final = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600)
_LAG: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counts questions, feedback and syncs as an Observer, and reads the rest off the parts when it is asked."""

    def __init__(self, app: App, parts: Sequence[str], process: str) -> None:
        self._registry = registry = _Registry()
        self._questions = Counter(
            "docent_questions",
            "Questions that came to an end, by how.",
            ["platform", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "docent_question_seconds",
            "From a question's acceptance to its whole answer.",
            ["platform"],
            buckets=_ANSWER,
            registry=registry,
        )
        self._first_text = Histogram(
            "docent_first_text_seconds",
            "From the start of answering to the first text that is shown.",
            ["platform"],
            buckets=_ANSWER,
            registry=registry,
        )
        self._stages = Histogram(
            "docent_stage_seconds",
            "What the stages of answering take.",
            ["stage"],
            buckets=_STAGE,
            registry=registry,
        )
        self._degraded = Counter(
            "docent_degraded", "Questions that had to do without a part.", ["part"], registry=registry
        )
        self._feedback = Counter(
            "docent_feedback", "Thumbs under answers.", ["platform", "verdict"], registry=registry
        )
        self._sync_runs = Counter(
            "docent_sync_runs",
            "Syncs of a source, by how they ended.",
            ["source", "outcome"],
            registry=registry,
        )
        self._sync_seconds = Histogram(
            "docent_sync_seconds",
            "What a sync of a source takes.",
            ["source"],
            buckets=_SYNC,
            registry=registry,
        )
        self._lag = Histogram(
            "docent_event_loop_lag_seconds",
            "How much later than it should something that waits goes on.",
            buckets=_LAG,
            registry=registry,
        )
        info = Gauge("docent_info", "Always 1.", ["version", "process"], registry=registry)
        info.labels(version(), process).set(1)
        ProcessCollector(registry=registry)
        self._parts = _Parts(app)
        registry.register(self._parts)
        self._begin(app, parts)

    def _begin(self, app: App, parts: Sequence[str]) -> None:
        """Start counters at 0, so that the first event of a kind is seen as one more."""
        for platform in sorted(_PLATFORMS & {*parts}):
            for outcome in _OUTCOMES:
                self._questions.labels(platform, outcome)
            for verdict in ("up", "down"):
                self._feedback.labels(platform, verdict)
            self._seconds.labels(platform)
        if _PLATFORMS & {*parts}:
            for part in _PARTS:
                self._degraded.labels(part)
        if "indexer" in parts:
            for source in app.settings.sources:
                for outcome in ("done", "failed", "cancelled"):
                    self._sync_runs.labels(source.name, outcome)

    def exposed(self, accept: str, reading: Reading, ready: Mapping[str, str]) -> tuple[bytes, str]:
        """Return everything in the form that is accepted, and that form's media type."""
        self._parts.reading, self._parts.ready = reading, ready
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def lagged(self, seconds: float) -> None:
        """Note that the event loop came `seconds` too late."""
        self._lag.observe(max(0.0, seconds))

    # --- what is heard ----------------------------------------------------------------------------

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        self._questions.labels(platform, outcome).inc()
        if outcome in _TIMED:
            self._seconds.labels(platform).observe(seconds)
            if (first := answer.trace.seconds.get("first_text")) is not None:
                self._first_text.labels(platform).observe(first)
        if work is None:
            return
        for part in sorted(work.degraded):
            self._degraded.labels(part).inc()
        for stage in work.spans:
            self._stages.labels(stage.name).observe(stage.seconds)
        for name, taken in work.sums.items():
            self._stages.labels(name).observe(taken)

    def feedback_given(self, platform: str, verdict: Rating) -> None:
        self._feedback.labels(platform, verdict).inc()

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None) -> None:  # noqa: ARG002 - an Observer's
        for report in reports:
            outcome = "failed" if report.error else "cancelled" if report.cancelled else "done"
            self._sync_runs.labels(report.source, outcome).inc()
            self._sync_seconds.labels(report.source).observe(report.seconds)


class _Registry(CollectorRegistry):
    """A registry without the times at which counters were made: they double the list, and nobody asks."""

    def collect(self) -> Iterable[Metric]:
        for metric in super().collect():
            metric.samples = [each for each in metric.samples if not each.name.endswith("_created")]
            yield metric


class _Parts(Collector):
    """Collects what the parts know of themselves at the time it is asked for."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.reading = Reading()
        self.ready: Mapping[str, str] = {}

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from self._state()
        yield from self._sources()
        yield from self._models()

    def _state(self) -> Iterator[Metric]:
        app = self._app
        yield _gauge(
            "docent_ready",
            "Whether a part of this process can do its work.",
            "part",
            {part: float(said == READY) for part, said in self.ready.items()},
        )
        yield _gauge(
            "docent_breaker_open",
            "Whether a part failed so often that it is left alone for a while.",
            "backend",
            {each.part.removeprefix("the "): float(each.is_open) for each in app.breakers},
        )
        yield _gauge(
            "docent_questions_running",
            "Questions that are being answered.",
            "platform",
            {platform: float(count) for platform, count in app.observers.running.items()},
        )
        yield GaugeMetricFamily(
            "docent_questions_waiting", "Questions that wait for their turn.", value=app.answerer.waiting
        )
        yield GaugeMetricFamily(
            "docent_settings_broken",
            "Whether docent.yaml was changed and can't be taken over.",
            value=float(bool(app.live.problem)),
        )

    def _sources(self) -> Iterator[Metric]:
        sources = self.reading.sources
        for name, told, values in (
            ("pages", "Pages in the index.", {name: one.pages for name, one in sources.items()}),
            (
                "failed_pages",
                "Pages that can't be read.",
                {name: one.failed_pages for name, one in sources.items()},
            ),
            (
                "last_success_timestamp_seconds",
                "When the last good sync ended.",
                {name: one.succeeded for name, one in sources.items()},
            ),
            (
                "may_be_old_seconds",
                "How old the last good sync may be: indexer.stale_after_cycles of its cycles.",
                {name: one.may_be_old for name, one in sources.items()},
            ),
        ):
            known = {source: float(value) for source, value in values.items() if value is not None}
            yield _gauge(f"docent_source_{name}", told, "source", known)

    def _models(self) -> Iterator[Metric]:
        app = self._app
        used = summed([each.usage() for each in (app.writer, app.embedder, app.reranker) if each is not None])
        tokens = CounterMetricFamily(
            "docent_tokens", "Tokens that models were billed for.", labels=["model", "kind"]
        )
        for one in used:
            tokens.add_metric([one.model, "input"], one.input_tokens)
            tokens.add_metric([one.model, "output"], one.output_tokens)
        yield tokens
        yield _counter("docent_model_calls", "Calls of models.", {one.model: one.calls for one in used})
        yield _counter(
            "docent_model_cost_dollars", "US dollars, of models whose price is known.", self._dollars(used)
        )
        yield _gauge(
            "docent_model_cost_30_days_dollars",
            "The same of the last 30 days and all processes, from the journal.",
            "model",
            {**dict.fromkeys(self._dollars(used), 0.0), **self.reading.dollars},
        )
        embedded = [app.embedder.usage()] if app.embedder is not None else []
        yield _counter(
            "docent_embedded_texts", "Texts that were embedded.", {one.model: one.texts for one in embedded}
        )

    def _dollars(self, used: Iterable[Usage]) -> dict[str, float]:
        prices = self._app.settings.own_prices
        return {one.model: price for one in used if (price := cost(one, prices)) is not None}


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _counter(name: str, told: str, values: Mapping[str, float]) -> CounterMetricFamily:
    """Return a counter by model."""
    family = CounterMetricFamily(name, told, labels=["model"])
    for model, number in values.items():
        family.add_metric([model], number)
    return family
