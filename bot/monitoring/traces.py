"""Sends traces to OpenTelemetry: a span for each question and each sync, below it one for each of its stages.

Where they go, how often and as whose, the SDK reads from its own `OTEL_*` in the environment. Attributes are ids,
names of ours and counts.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from bot.model import Answer, SyncReport
from bot.ports import Rating
from bot.runtime.process.installed import version
from bot.runtime.work_context import Work

_BAD: Final = frozenset({"unavailable", "undeliverable", "lost"})
_NANO: Final = 1_000_000_000
_END_WITHIN: Final = 3.0  # seconds
_TOLD_AGAIN: Final = 600.0  # seconds
_EXPORTER: Final = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")

Attributes = Mapping[str, AttributeValue]


class _Sparing(logging.Filter):
    """Lets one line in ten minutes through about a collector that is down, not one for each try."""

    def __init__(self) -> None:
        super().__init__()
        self._again = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created < self._again:
            return False
        self._again = record.created + _TOLD_AGAIN
        return True


class Traces:
    """Makes traces of what came to an end, as an Observer, and sends them when there is time."""

    def __init__(self) -> None:
        own = Resource({"service.name": "docent", "service.version": version()})
        self._provider = TracerProvider(
            resource=Resource.create().merge(own).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("docent")
        self._sparing = _Sparing()
        _EXPORTER.addFilter(self._sparing)

    async def close(self) -> None:
        """Send what is left. A collector that is down is not waited for: the SDK would try again for long."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(sent.set)

        # Not one of asyncio's threads: these are waited for at the end.
        Thread(target=send, name="the last traces", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_WITHIN):
                await sent.wait()
        _EXPORTER.removeFilter(self._sparing)

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        if work is None:
            return
        about: dict[str, AttributeValue] = {
            "docent.answer.id": work.id,
            "docent.platform": platform,
            "docent.outcome": outcome,
            "docent.degraded": sorted(work.degraded),
            "docent.candidates": len(answer.trace.candidates),
            "docent.citations": len(answer.citations),
            "docent.models": [used.model for used in answer.usage],
            "docent.tokens.input": sum(used.input_tokens for used in answer.usage),
            "docent.tokens.output": sum(used.output_tokens for used in answer.usage),
            **{f"docent.{name}.seconds": taken for name, taken in work.sums.items()},
        }
        _send(self._tracer, "question", work, seconds, about, failed=outcome in _BAD)

    def feedback_given(self, platform: str, verdict: Rating) -> None:
        """Do nothing: feedback takes no time, so that it is counted and not traced."""

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None) -> None:
        if work is None:
            return
        seconds = max((each.began + each.seconds for each in work.spans), default=work.began) - work.began
        failed = any(report.error for report in reports)
        below = {report.source: _of_source(report) for report in reports}
        _send(self._tracer, "sync", work, seconds, {"docent.sync.id": work.id}, failed=failed, below=below)


def _of_source(report: SyncReport) -> Attributes:
    return {
        "docent.source": report.source,
        "docent.added": report.added,
        "docent.changed": report.changed,
        "docent.renamed": report.renamed,
        "docent.deleted": report.deleted,
        "docent.unchanged": report.unchanged,
        "docent.failed": len(report.failed),
        "docent.embedded": report.embedded,
        "docent.error": bool(report.error),
        "docent.cancelled": report.cancelled,
        **{f"docent.{name}.seconds": taken for name, taken in report.stages.items()},
    }


def _send(
    tracer: Tracer,
    name: str,
    work: Work,
    seconds: float,
    about: Attributes,
    *,
    failed: bool,
    below: Mapping[str, Attributes] | None = None,
) -> None:
    """Send a whole trace. `below` has what is told of some of its stages."""
    root = tracer.start_span(name, context=Context(), start_time=_nano(work.began), attributes=about)
    contexts: list[Context] = []
    made = []
    for each in work.spans:
        context = set_span_in_context(root) if each.parent is None else contexts[each.parent]
        child = tracer.start_span(
            each.name,
            context=context,
            start_time=_nano(each.began),
            attributes=(below or {}).get(each.name),
        )
        if each.failed:
            child.set_status(Status(StatusCode.ERROR))
        contexts.append(set_span_in_context(child))
        made.append(child)
    for child, each in zip(made, work.spans, strict=True):
        child.end(_nano(each.began + each.seconds))
    if failed:
        root.set_status(Status(StatusCode.ERROR))
    root.end(_nano(work.began + seconds))


def _nano(seconds: float) -> int:
    return int(seconds * _NANO)
