"""`docent run` as a process on a Slack of our own, watched as Prometheus, a probe and a person would."""

import asyncio
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.slack_server import SlackServer
from tests.support.waiting import until

_ROOT = Path(__file__).resolve().parents[3]
# The writer's port is one that nobody listens on: answers are quoted instead.
_YAML = """
sources:
  - {name: handbook, type: folder, path: ./docs, include: ['**/*.md'], audience: [everyone]}
  - {name: wiki, type: folder, path: ./not-there, audience: [everyone]}
writer: {openai: {model: qwen3, base_url: 'http://127.0.0.1:NOBODY/v1'}}
breaker: {failures: 1, pause: 10m}
prices: {qwen3: {input: 1.0, output: 2.0}}
slack: {stop_within: 3s}
log: {format: json}
monitoring: {port: PORT}
"""
_ANSWERED = "How many days of annual leave does everybody get?"
_NOT_FOUND = "Which colour has the submarine of Captain Nemo?"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Watched:
    """What was served, and what the process said."""

    answers: dict[str, httpx.Response] = field(default_factory=dict)
    samples: Samples = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    ended: int | None = None

    def of(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]


def _samples(text: str) -> tuple[Samples, dict[str, str]]:
    families = list(text_string_to_metric_families(text))
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return found, {sample.name: family.type for family in families for sample in family.samples}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A process that was asked two questions and got a thumb up, while one source can't be listed."""
    with pytest.MonkeyPatch.context() as patched:
        yield asyncio.run(_watch(tmp_path_factory.mktemp("watched"), patched))


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _watch(folder: Path, patched: pytest.MonkeyPatch) -> Watched:
    port, made = _free(), Watched()
    docent = CommandLine(folder, _YAML.replace("PORT", str(port)).replace("NOBODY", str(_free())))
    docent.write(HANDBOOK)
    patched.setenv("OPENAI_API_KEY", "sk-nobody")
    async with SlackServer.running(_free()) as slack, httpx.AsyncClient() as client:
        patched.setenv("SLACK_API_URL", f"{slack.url}/api/")
        patched.setenv("SLACK_BOT_TOKEN", "xoxb-own")
        patched.setenv("SLACK_APP_TOKEN", "xapp-own")

        async def get(path: str, **headers: str) -> httpx.Response:
            return await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)

        async def is_ready() -> bool:
            try:
                answer = await get("/ready")
            except httpx.ConnectError:
                return False
            return answer.status_code == 200

        process = docent.start("run")
        try:
            await until(is_ready)
            await until(
                lambda: _said(get, 'docent_sync_runs_total{outcome="done",source="handbook"} 0.0', no=True)
            )
            for question in (_ANSWERED, _NOT_FOUND):
                thread = await slack.mention(question)
                (shown,) = await until(lambda thread=thread: _answers(slack, thread))
                if question is _ANSWERED:
                    (actions,) = [one for one in shown["blocks"] if one["type"] == "actions"]
                    await slack.press(shown, "docent_good", value=actions["elements"][0]["value"])
            for done in (
                'docent_source_last_success_timestamp_seconds{source="handbook"}',
                'docent_source_pages{source="handbook"} 4.0',
                'docent_questions_total{outcome="answered",platform="slack"} 1.0',
                'docent_questions_total{outcome="not_found",platform="slack"} 1.0',
                'docent_feedback_total{platform="slack",verdict="up"} 1.0',
            ):
                await until(lambda done=done: _said(get, done))
            for path in ("/health", "/ready", "/metrics", "/nothing"):
                made.answers[path] = await get(path)
            made.answers["openmetrics"] = await get(
                "/metrics", accept="application/openmetrics-text; version=1.0.0"
            )
            process.terminate()
            _, said = await asyncio.to_thread(process.communicate, timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                await asyncio.to_thread(process.communicate)
    made.ended = process.returncode
    made.samples, made.kinds = _samples(made.answers["/metrics"].text)
    made.log = [json.loads(line) for line in said.splitlines()]
    return made


async def _said(get: Any, words: str, *, no: bool = False) -> bool:
    text = (await get("/metrics")).text
    return words not in text if no else words in text


async def _answers(slack: SlackServer, thread: str) -> list[Any]:
    return [one for one in slack.answers(thread) if one.get("blocks")]


@pytest.mark.slow
def test_it_is_alive_and_ready(watched: Watched) -> None:
    """`/health` and `/ready` answer 200, the latter with each part."""
    assert watched.answers["/health"].text == "ok"
    assert watched.answers["/ready"].json() == {
        "ready": True,
        "parts": {"store": "ready", "journal": "ready", "slack": "ready", "indexer": "ready"},
    }


@pytest.mark.slow
def test_nothing_else_is_there(watched: Watched) -> None:
    """Another path is 404."""
    assert watched.answers["/nothing"].status_code == 404


@pytest.mark.slow
def test_questions_are_counted_by_how_they_ended(watched: Watched) -> None:
    """Each question is one, on its platform, with its outcome; the others stay at 0."""
    assert watched.of("docent_questions_total", platform="slack", outcome="answered") == 1
    assert watched.of("docent_questions_total", platform="slack", outcome="not_found") == 1
    assert watched.of("docent_questions_total", platform="slack", outcome="unavailable") == 0
    assert watched.of("docent_question_seconds_count", platform="slack") == 2


def test_stages_are_measured(watched: Watched) -> None:
    """What an answer takes is told by its stages."""
    stages = {
        dict(labels)["stage"] for name, labels in watched.samples if name == "docent_stage_seconds_count"
    }
    assert {
        "admit",
        "recall",
        "waiting",
        "retrieve",
        "embed",
        "search",
        "style",
        "write",
        "check",
        "deliver",
    } <= stages


def test_feedback_is_counted(watched: Watched) -> None:
    """A thumb is counted by what it says."""
    assert watched.of("docent_feedback_total", platform="slack", verdict="up") == 1
    assert watched.of("docent_feedback_total", platform="slack", verdict="down") == 0


def test_a_part_that_is_down_is_seen(watched: Watched) -> None:
    """An answer without the model is counted as such, and its breaker is open."""
    assert watched.of("docent_degraded_total", part="writer") == 1
    assert watched.of("docent_breaker_open", backend="writer") == 1
    assert watched.of("docent_breaker_open", backend="search") == 0


def test_sources_are_told(watched: Watched) -> None:
    """A source that was synced has a time and pages; one that can't be listed has failures and no time."""
    assert watched.of("docent_source_pages", source="handbook") == 4
    assert watched.of("docent_source_last_success_timestamp_seconds", source="handbook") > 1.7e9
    assert watched.of("docent_sync_runs_total", source="wiki", outcome="failed") >= 1
    assert (
        "docent_source_last_success_timestamp_seconds",
        frozenset({("source", "wiki")}),
    ) not in watched.samples


def test_models_are_told(watched: Watched) -> None:
    """What was embedded is counted, and the writer's tokens and dollars are there from the start."""
    embedded = [
        value for (name, _), value in watched.samples.items() if name == "docent_embedded_texts_total"
    ]
    assert embedded[0] > 0
    assert watched.of("docent_tokens_total", model="qwen3", kind="input") == 0
    assert watched.of("docent_model_cost_dollars_total", model="qwen3") == 0


def test_no_text_is_in_it(watched: Watched) -> None:
    """Nothing of a question or a page, of who asked or where, is in what is served or logged."""
    served = "\n".join(answer.text for answer in watched.answers.values()).lower()
    logged = json.dumps(watched.log).lower()
    for word in ("annual", "leave", "submarine", "nemo", "u0alice", "c0general", "dogs"):
        assert word not in served
        assert word not in logged


def test_openmetrics_is_understood(watched: Watched) -> None:
    """Prometheus gets the form that it asks for."""
    answer = watched.answers["openmetrics"]
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_the_log_says_of_which_answer_it_is(watched: Watched) -> None:
    """What is said while a question is worked on carries its answer's id, whichever part says it."""
    failed = [line for line in watched.log if line["logger"] == "bot.answering.writing"]
    assert failed
    for line in failed:
        assert line["answer"] in line["message"]
    synced = [line for line in watched.log if line["logger"] == "indexer.sync.sync_log"]
    assert all(line["sync"] for line in synced)


def test_it_ends_in_order(watched: Watched) -> None:
    """What is served doesn't keep the process from ending, and nothing was logged as an error."""
    assert watched.ended == 0
    assert [line for line in watched.log if line["level"] == "error" or "traceback" in line] == []


# --- what is made for Prometheus and Grafana ------------------------------------------------------

_NAME = re.compile(r"\b(?:docent|process)_[a-z0-9_]+")


def _expressions() -> dict[str, str]:
    """Every expression of the alerts and of the dashboard, by where it stands."""
    rules = yaml.safe_load((_ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))
    board = json.loads((_ROOT / "deploy/grafana/docent.json").read_text(encoding="utf-8"))
    found = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


@pytest.mark.parametrize("where", sorted(_expressions()))
def test_what_is_asked_for_is_there(watched: Watched, where: str) -> None:
    """Each metric that an alert or a panel names is in what a process serves, with the labels that it is asked by."""
    expression = _expressions()[where]
    names = [name for name in _NAME.findall(expression) if name != "docent_"]
    assert names or expression.startswith("up{")
    for name in names:
        assert name in watched.kinds, name
        assert not (name.endswith("_total") and watched.kinds[name] != "counter")
    known = {label for name, labels in watched.samples if name in names for label, _ in labels}
    by = {
        label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")
    }
    assert by - {"instance"} <= known


def test_every_alert_says_what_to_do() -> None:
    """Each has a severity, a sentence and a remedy."""
    rules = yaml.safe_load((_ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["remedy"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_alerts_go_off() -> None:
    """Prometheus' own tool understands the rules, and they go off at the figures of alerts_test.yaml."""
    done = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yaml"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_have_ids_of_their_own() -> None:
    """Grafana tells panels by them."""
    board = json.loads((_ROOT / "deploy/grafana/docent.json").read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
