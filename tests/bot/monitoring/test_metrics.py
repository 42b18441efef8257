"""What is counted, beside what a whole process shows (test_service.py)."""

import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Answer, Outcome, SyncReport, Trace
from bot.monitoring.metrics import Metrics
from bot.monitoring.readings import Reading, Readings
from bot.monitoring.service import monitored
from bot.ports import Unavailable
from bot.runtime.work_context import degraded, working_on
from tests.support.command_line import CONFIG, CommandLine, indexed
from tests.support.waiting import until


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return indexed(tmp_path, CONFIG)


@pytest.fixture
async def app(docent: CommandLine) -> AsyncIterator[App]:
    async with open_app(load(docent.config)) as app:
        yield app


def exposed(metrics: Metrics, reading: Reading | None = None) -> str:
    return metrics.exposed("", reading or Reading(), {})[0].decode()


@pytest.mark.slow
async def test_two_processes_worth_of_metrics_fit_into_one(app: App) -> None:
    """No registry is shared: what one counts the other doesn't."""
    one, other = Metrics(app, ["slack"], "slack"), Metrics(app, ["slack"], "slack")
    one.feedback_given("slack", "down")
    assert 'docent_feedback_total{platform="slack",verdict="down"} 1.0' in exposed(one)
    assert 'docent_feedback_total{platform="slack",verdict="down"} 0.0' in exposed(other)


@pytest.mark.slow
async def test_the_age_of_a_sync_outlives_the_process(docent: CommandLine) -> None:
    """A process that has synced nothing itself tells when the last good sync was."""
    for _ in range(2):
        async with open_app(load(docent.config)) as app:
            reading = (await Readings(app).now()).sources["handbook"]
            assert reading.succeeded is not None
            assert reading.pages == 4
            assert reading.failed_pages == 0
            assert reading.may_be_old == 3 * 3600


class _Down:
    """A store that can't be reached any more."""

    async def stats(self) -> None:
        raise Unavailable("Weaviate", "it can't be reached.")


@pytest.mark.slow
async def test_what_can_not_be_read_stays_as_it_was(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that is down for a moment makes no pages disappear."""
    monkeypatch.setattr("bot.monitoring.readings._HOLDS", 0.0)
    readings = Readings(app)
    before = (await readings.now()).sources["handbook"]
    down: Any = _Down()
    object.__setattr__(app, "store", down)
    assert (await readings.now()).sources["handbook"] == before


@pytest.mark.slow
async def test_only_answers_are_timed(app: App) -> None:
    """A question that was over the limit took no time and is no answer."""
    metrics = Metrics(app, ["slack"], "slack")
    metrics.question_ended("slack", "limited", 0.0, Answer("a", Outcome.UNAVAILABLE, ""), None)
    trace = Trace(seconds={"first_text": 0.3})
    metrics.question_ended("slack", "answered", 2.5, Answer("a", Outcome.ANSWERED, "", trace=trace), None)
    text = exposed(metrics)
    assert 'docent_questions_total{outcome="limited",platform="slack"} 1.0' in text
    assert 'docent_question_seconds_count{platform="slack"} 1.0' in text
    assert 'docent_question_seconds_bucket{le="3.0",platform="slack"} 1.0' in text
    assert 'docent_first_text_seconds_sum{platform="slack"} 0.3' in text


@pytest.mark.slow
async def test_a_part_that_was_down_is_counted_once_a_question(app: App) -> None:
    """However often it was tried."""
    metrics = Metrics(app, ["slack"], "slack")
    with working_on("answer", "a") as work:
        degraded("the embedder")
        degraded("the embedder")
    metrics.question_ended("slack", "answered", 1.0, Answer("a", Outcome.ANSWERED, ""), work)
    assert 'docent_degraded_total{part="embedder"} 1.0' in exposed(metrics)


@pytest.mark.slow
async def test_syncs_are_counted_by_how_they_ended(app: App) -> None:
    """An error, a word to cancel, or neither."""
    metrics = Metrics(app, ["indexer"], "indexer")
    reports = [
        SyncReport("handbook", seconds=2.0),
        SyncReport("handbook", error="no"),
        SyncReport("handbook", cancelled=True),
    ]
    metrics.sync_ended(reports, None)
    text = exposed(metrics)
    for outcome in ("done", "failed", "cancelled"):
        assert f'docent_sync_runs_total{{outcome="{outcome}",source="handbook"}} 1.0' in text


@pytest.mark.slow
async def test_a_process_that_answers_nobody_counts_no_questions(app: App) -> None:
    """The indexer has no platform, and a chat process no syncs of its own."""
    assert "docent_questions_total{" not in exposed(Metrics(app, ["indexer"], "indexer"))
    assert "docent_sync_runs_total{" not in exposed(Metrics(app, ["discord"], "discord"))


@pytest.mark.slow
async def test_a_taken_port_is_told_and_costs_nothing_else(
    docent: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    """The setting is named; what runs within goes on."""
    caplog.set_level(logging.INFO)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        docent.config.write_text(f"{CONFIG}monitoring: {{port: {port}}}\n")

        async def is_told() -> bool:
            return "isn't served" in caplog.text

        async with open_app(load(docent.config)) as app, monitored(app, ["Slack"], alone=False):
            await until(is_told)
    assert f"monitoring.port (docent.yaml, line 2): port {port}: another program listens there" in caplog.text


def _without(
    docent: CommandLine, package: str, environ: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """A process in which a package isn't installed."""
    script = (
        "import asyncio, logging, os, sys; from pathlib import Path\n"
        f"sys.modules[{package!r}] = None; logging.basicConfig(level='INFO'); os.environ.update({environ!r})\n"
        "from bot.bootstrap import open_app; from bot.config.loader import load\n"
        "from bot.monitoring.service import monitored\n"
        "async def main():\n"
        f"    settings = load(Path({str(docent.config)!r}))\n"
        "    async with open_app(settings) as app, monitored(app, ['Slack'], alone=False):\n"
        "        print('goes on')\n"
        "asyncio.run(main())\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_without_prometheus_nothing_is_served(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """One line says what to install; the rest goes on."""
    docent.config.write_text(f"{CONFIG}monitoring: {{port: {free_port()}}}\n")
    done = _without(docent, "prometheus_client", {})
    assert done.stdout == "goes on\n", done.stderr
    assert done.stderr.count("pip install 'docent-bot[monitoring]'") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_without_opentelemetry_nothing_is_sent(docent: CommandLine) -> None:
    """One line says what to install; the rest goes on."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    done = _without(docent, "opentelemetry.sdk", environ)
    assert done.stdout == "goes on\n", done.stderr
    assert done.stderr.count("pip install 'docent-bot[otel]'") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
async def test_a_busy_loop_is_seen(app: App) -> None:
    """What kept everything waiting for a moment is in the lag."""
    metrics = Metrics(app, ["slack"], "slack")
    metrics.lagged(0.7)
    metrics.lagged(-0.001)  # a clock that is read a little early
    text = exposed(metrics)
    assert 'docent_event_loop_lag_seconds_bucket{le="0.5"} 1.0' in text
    assert 'docent_event_loop_lag_seconds_bucket{le="1.0"} 2.0' in text
