"""`docent` with COHERE_API_KEY set and nothing else changed, as a user runs it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.cohere_docent import FACT, PAGES, QUESTION
from tests.support.cohere_server import KEY, CohereServer, Status
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.slow

Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


@pytest.fixture
async def server() -> AsyncIterator[CohereServer]:
    async with CohereServer() as running:
        yield running


@pytest.fixture
def docent(server: CohereServer, tmp_path: Path) -> Run:
    command_line = CommandLine(tmp_path)
    command_line.write(PAGES)

    async def run(*words: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        access = {"COHERE_API_KEY": key, "COHERE_BASE_URL": server.url}
        return await asyncio.to_thread(command_line.process, *words, env=access)

    return run


async def test_a_key_is_all_it_takes(docent, server):
    """Index and ask: embedded, reranked and written by Cohere, cited, and counted by `status` with its cost."""
    indexed = await docent("index")
    asked = await docent("ask", QUESTION, "--json")
    status = await docent("status", "--json")

    assert indexed.returncode == 0, indexed.stderr
    answer = json.loads(asked.stdout)
    assert answer["outcome"] == "ANSWERED"
    assert FACT in answer["text"]
    assert answer["citations"][0]["doc_id"].endswith("time-off.md")
    assert answer["degraded"] == []
    assert {seen.path for seen in server.seen} == {"/v2/embed", "/v2/rerank", "/v2/chat"}
    used = {each["model"]: each for each in json.loads(status.stdout)["usage"]}
    assert used["command-a-03-2025"]["output_tokens"] == 30
    assert used["command-a-03-2025"]["dollars"] == pytest.approx((120 * 2.5 + 30 * 10) / 1e6)
    assert used["rerank-v4.0-fast"]["calls"] == 1


async def test_doctor_asks_each_model(docent):
    """With all well, each model is named and answers."""
    await docent("index")

    found = {check["part"]: check for check in json.loads((await docent("doctor", "--json")).stdout)}

    for part, model in (
        ("embedder", "embed-v4.0"),
        ("reranker", "rerank-v4.0-fast"),
        ("writer", "command-a"),
    ):
        assert found[part]["verdict"] == "ok"
        assert model in found[part]["finding"]
    assert "1024 dimensions" in found["embedder"]["finding"]


@pytest.mark.parametrize(
    ("key", "fault", "words"),
    [
        ("wrong-key", None, "COHERE_API_KEY"),
        (KEY, Status(404), "model"),
    ],
)
async def test_doctor_says_what_to_do(docent, server, key, fault, words):
    """A wrong key or an unknown model is named, exit code 1, no secret."""
    if fault is not None:
        server.always = dict.fromkeys(("embed", "rerank", "chat"), fault)

    done = await docent("doctor", "--json", key=key)

    found = {check["part"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    for part in ("embedder", "reranker", "writer"):
        assert found[part]["verdict"] == "error"
        assert words in found[part]["finding"] + found[part]["remedy"]
    assert key not in done.stdout + done.stderr


@pytest.mark.parametrize("part", ["embed", "rerank", "chat"])
async def test_a_wrong_key_is_told(docent, server, part):
    """Whoever asks from the command line reads which variable to look at, whichever part it fails."""
    await docent("index")
    server.always = {part: Status(401, "invalid api token")}

    done = await docent("ask", QUESTION)

    assert done.returncode == 0
    assert "Cohere doesn't accept the key" in done.stdout
    assert done.stderr.count("Check COHERE_API_KEY.") == 1
    assert KEY not in done.stdout + done.stderr


async def test_an_outage_is_told_in_the_answer(docent, server):
    """With Cohere down `ask` still answers, from quotes, and says so; neither key nor question is logged."""
    await docent("index")
    server.always = dict.fromkeys(("embed", "rerank", "chat"), Status(500, "secret-detail"))

    done = await docent("ask", QUESTION, "--json")

    answer = json.loads(done.stdout)
    assert answer["outcome"] == "ANSWERED"
    assert FACT in answer["text"]
    (line,) = answer["degraded"]
    assert line.count("Cohere has a problem (500)") == 1
    for told in ("keywords", "reranked", "quoted"):
        assert told in line
    assert "Traceback" not in done.stderr
    for hidden in (KEY, QUESTION, "secret-detail"):
        assert hidden not in done.stderr
