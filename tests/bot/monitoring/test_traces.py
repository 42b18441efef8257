"""Traces, at a collector that understands them as a real one does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bootstrap import open_app
from bot.config.loader import load
from bot.model import Answer, Outcome, Question, SyncReport
from bot.monitoring.service import monitored
from bot.monitoring.traces import Traces
from bot.runtime.http_server import serve
from bot.runtime.work_context import span, working_on
from tests.support.command_line import CONFIG, CommandLine, indexed

_QUESTION = "How many days of annual leave does everybody get?"


class Collector:
    """What has arrived."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []

    async def take(self, request: Request) -> Response:
        self.requests.append(ExportTraceServiceRequest.FromString(await request.body()))
        self.headers.append(dict(request.headers))
        return Response(b"", media_type="application/x-protobuf")

    @property
    def spans(self) -> dict[str, Span]:
        """By name, of all that arrived."""
        return {
            each.name: each
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for each in scope.spans
        }

    def about(self, name: str) -> dict[str, object]:
        """A span's attributes, of one value each."""
        return {one["key"]: _plain(one["value"]) for one in MessageToDict(self.spans[name])["attributes"]}


def _plain(value: dict[str, object]) -> object:
    (kind, found), *_ = value.items()
    if kind == "arrayValue":
        assert isinstance(found, dict)
        return [_plain(each) for each in found.get("values", ())]
    return int(str(found)) if kind == "intValue" else found


@asynccontextmanager
async def _collecting(port: int) -> AsyncIterator[Collector]:
    collector, stop, begun = Collector(), asyncio.Event(), asyncio.Event()
    web = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    serving = asyncio.create_task(serve(web, host="127.0.0.1", port=port, stop=stop, begun=begun.set))
    try:
        await begun.wait()
        yield collector
    finally:
        stop.set()
        await serving


@pytest.fixture
async def collector(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Collector]:
    port = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k3y")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    async with _collecting(port) as collector:
        yield collector


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return indexed(tmp_path, CONFIG)


@pytest.mark.slow
async def test_a_question_is_a_trace_of_its_stages(collector: Collector, docent: CommandLine) -> None:
    """A real answer's stages lie within its question, each where it belongs."""
    async with open_app(load(docent.config)) as app, monitored(app, ["Slack"], alone=True):
        with working_on("answer", "4f1c2a9b0d3e") as work:
            asked = Question(_QUESTION, frozenset({"everyone"}))
            answer = await app.answerer.answer(asked, id="4f1c2a9b0d3e")
        app.observers.question_ended("slack", "answered", 0.5, answer, work)
    spans = collector.spans
    assert {"question", "waiting", "retrieve", "embed", "search", "style", "write"} <= spans.keys()
    assert spans["retrieve"].parent_span_id == spans["question"].span_id
    assert spans["embed"].parent_span_id == spans["retrieve"].span_id
    assert len({each.trace_id for each in spans.values()}) == 1
    about = collector.about("question")
    assert about["docent.answer.id"] == "4f1c2a9b0d3e"
    assert (about["docent.platform"], about["docent.outcome"]) == ("slack", "answered")
    assert about["docent.citations"] == 1


@pytest.mark.slow
async def test_no_text_is_in_it(collector: Collector, docent: CommandLine) -> None:
    """Neither the question's words nor the answer's leave the process."""
    async with open_app(load(docent.config)) as app, monitored(app, ["Slack"], alone=True):
        with working_on("answer", "4f1c2a9b0d3e") as work:
            answer = await app.answerer.answer(Question(_QUESTION, frozenset({"everyone"})))
        app.observers.question_ended("slack", "answered", 0.5, answer, work)
    (sent,) = [request.SerializeToString().lower() for request in collector.requests]
    assert answer.text
    for word in (b"annual", b"leave", b"27 days", b"handbook"):
        assert word not in sent


async def test_the_sdk_reads_its_own_settings(collector: Collector) -> None:
    """Endpoint, headers and resource are those of OTEL_*; the service is `docent` unless they name it."""
    traces = Traces()
    with working_on("answer", "a1") as work:
        pass
    traces.question_ended("discord", "limited", 0.0, Answer("a1", Outcome.UNAVAILABLE, ""), work)
    await traces.close()
    assert collector.headers[0]["x-key"] == "k3y"
    (resource,) = [one.resource for one in collector.requests[0].resource_spans]
    told = {one.key: one.value.string_value for one in resource.attributes}
    assert (told["service.name"], told["deployment.environment"]) == ("docent", "test")


async def test_a_sync_is_a_trace_of_its_sources(collector: Collector) -> None:
    """Each source is a stage, with what was done to how many pages; what failed is marked."""
    traces = Traces()
    with working_on("sync", "s1") as work, span("handbook"):
        pass
    reports = [SyncReport("handbook", added=3, error="it can't be listed", stages={"read": 0.5})]
    traces.sync_ended(reports, work)
    await traces.close()
    about = collector.about("handbook")
    assert (about["docent.added"], about["docent.error"], about["docent.read.seconds"]) == (3, True, 0.5)
    assert collector.spans["sync"].status.code == 2
    assert collector.spans["handbook"].parent_span_id == collector.spans["sync"].span_id
    assert b"listed" not in collector.requests[0].SerializeToString()


async def test_a_failed_stage_is_marked(collector: Collector) -> None:
    """It is an error of that stage, whatever became of the question."""
    traces = Traces()
    with working_on("answer", "a1") as work, pytest.raises(ValueError, match="x"), span("rerank"):
        raise ValueError("x")
    traces.question_ended("slack", "answered", 0.1, Answer("a1", Outcome.ANSWERED, ""), work)
    await traces.close()
    assert collector.spans["rerank"].status.code == 2
    assert collector.spans["question"].status.code == 0
