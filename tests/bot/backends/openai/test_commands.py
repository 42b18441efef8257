"""`docent` with a model of one's own, as a user runs it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.anthropic_server import KEY as ANTHROPIC_KEY
from tests.support.anthropic_server import MODEL as CLAUDE
from tests.support.anthropic_server import AnthropicServer, Reply
from tests.support.cohere_docent import FACT, PAGES, QUESTION
from tests.support.cohere_server import Cut, Hang, Status
from tests.support.command_line import CONFIG, CommandLine
from tests.support.openai_server import KEY, MODEL, OpenAIServer, words

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]

Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(kind="llama.cpp", window=8000) as running:
        running.reply = lambda _: words("Everyone has 25 vacation days a year [1].")
        yield running


@pytest.fixture
def docent(tmp_path: Path) -> Run:
    command_line = CommandLine(tmp_path)
    command_line.write(PAGES)

    async def run(*command: str, config: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command_line.config.write_text(CONFIG + config)
        return await asyncio.to_thread(command_line.process, *command, env=environment)

    return run


def _writer(server: OpenAIServer, **more: object) -> str:
    return f"writer: {json.dumps({'openai': {'model': MODEL, 'base_url': server.url, **more}})}\n"


async def test_four_lines_are_all_it_takes(docent, server):
    """Index by its embedder, rerank by its address, ask: written, checked, cited, counted by `status` with its price."""
    config = _writer(server) + (
        f"embedder: {{openai: {{model: {MODEL}, dimensions: 32, base_url: '{server.url}'}}}}\n"
        f"reranker: {{url: '{server.root}', model: {MODEL}, api_key: '${{OPENAI_API_KEY}}'}}\n"
        f"prices: {{{MODEL}: {{input: 1, output: 2}}}}\n"
    )
    await docent("index", config=config, OPENAI_API_KEY=KEY)
    asked = await docent("ask", QUESTION, "--json", config=config, OPENAI_API_KEY=KEY)
    status = await docent("status", config=config, OPENAI_API_KEY=KEY)

    answer = json.loads(asked.stdout)
    assert FACT in answer["text"], asked.stderr
    assert answer["text"].endswith("[1]")
    assert [citation["title"] for citation in answer["citations"]] == ["Time off"]
    assert server.calls("embeddings")
    assert server.calls("rerank")
    assert MODEL in status.stdout
    assert "$0.00" in status.stdout
    assert KEY not in asked.stdout + asked.stderr + status.stdout


async def test_doctor_asks_each_model_one_question(docent, server):
    """And says how fast it is, whether it streams and cites, and how large its window is."""
    done = await docent("doctor", "--json", config=_writer(server), OPENAI_API_KEY=KEY)
    (found,) = [each for each in json.loads(done.stdout) if each["part"] == "writer"]
    assert found["verdict"] == "ok", found
    for told in (f"{MODEL}: answers in ", "first words after", "window 8,000 tokens", "streamed, cited"):
        assert told in found["finding"]


@pytest.mark.parametrize(
    ("more", "key", "told"),
    [
        ({}, "wrong", "doesn't accept the key (401). → Check OPENAI_API_KEY."),
        ({"model": "typo"}, KEY, "knows no such model or address (404). → Check the model."),
        ({"base_url": "http://127.0.0.1:9/v1"}, KEY, "127.0.0.1:9 can't be reached. → Check base_url in docent.yaml"),
        ({"base_url": "{root}"}, KEY, "knows no such model or address (404). → Check the model. Check base_url in docent.yaml: most end in /v1."),
        ({"first_token": "200ms"}, "hang", "stopped answering"),
    ],
)  # fmt: skip
async def test_doctor_is_clear_about_what_is_wrong(docent, server, more, key, told):
    """A key that is refused, a missing model, a wrong address, one without its version, silence."""
    more = {name: str(value).replace("{root}", server.root) for name, value in more.items()}
    if key == "hang":
        key = KEY
        server.always["chat/completions"] = Hang()
    done = await docent("doctor", "--json", config=_writer(server, **more), OPENAI_API_KEY=key)
    (found,) = [each for each in json.loads(done.stdout) if each["part"] == "writer"]
    assert found["verdict"] == "error"
    assert told in f"{found['finding']} → {found['remedy']}"


async def test_doctor_notices_a_model_that_answers_under_another_name(docent):
    """llama.cpp serves what it has under any."""
    async with OpenAIServer(any_model=True) as server:
        server.reply = lambda _: words("It opens at 8 in the morning [1].")
        done = await docent("doctor", config=_writer(server, model="qwen9"), OPENAI_API_KEY=KEY)
    assert f"lists no qwen9, it has {MODEL}" in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [("It opens at 8 in the morning.", "It cites nothing"), ("[1]", "answer was empty")],
)
async def test_doctor_notices_a_model_that_cant_do_it(docent, server, text, told):
    """An answer without citations would be dropped."""
    server.reply = lambda _: words(text)
    done = await docent("doctor", config=_writer(server), OPENAI_API_KEY=KEY)
    assert told in done.stdout


@pytest.mark.parametrize(
    "fault", [Status(500), Status(401), Cut(1), Status(429, "slow", {"retry-after": "60"})]
)
async def test_when_the_writer_is_down_the_pages_are_quoted(docent, server, fault):
    """With a line that says why."""
    await docent("index", config=_writer(server))
    server.always["chat/completions"] = fault
    done = await docent("ask", QUESTION, config=_writer(server), OPENAI_API_KEY=KEY)
    assert FACT in done.stdout
    assert "quoted word for word" in done.stdout


async def test_what_a_model_makes_up_is_left_out_and_told(docent, server):
    """A number that the page doesn't have; a sentence without a marker that the page does have is cited."""
    server.reply = lambda _: words(
        "Everyone has 30 vacation days a year [1]. Ask Ann before you book a flight. A flight costs 99 euros."
    )
    await docent("index", config=_writer(server))
    done = await docent("ask", QUESTION, "--why", config=_writer(server), OPENAI_API_KEY=KEY)
    assert "30 vacation days" not in done.stdout.split("Why:")[0]
    assert "Ask Ann before you book a flight. [1]" in done.stdout
    assert "Left out, no source says it: Everyone has 30 vacation days a year." in done.stdout
    assert "Left out, no source says it: A flight costs 99 euros." in done.stdout


async def test_an_answer_of_which_nothing_is_left_is_not_found(docent, server):
    """The two nearest pages stand in its place."""
    server.reply = lambda _: words("Everyone has 30 vacation days [1].")
    await docent("index", config=_writer(server))
    done = await docent("ask", QUESTION, "--json", config=_writer(server), OPENAI_API_KEY=KEY)
    assert json.loads(done.stdout)["outcome"] == "NOT_FOUND"


async def test_anthropic_answers_with_its_own_citations(docent):
    """The same question, another vendor; and its doctor."""
    async with AnthropicServer() as server:
        server.reply = lambda body: Reply([("Everyone has 25 vacation days a year.", 0)])
        config = f"writer: {{anthropic: {CLAUDE}}}\n"
        access = {"ANTHROPIC_API_KEY": ANTHROPIC_KEY, "ANTHROPIC_BASE_URL": server.url}
        await docent("index", config=config, **access)
        done = await docent("ask", QUESTION, "--json", config=config, **access)
        assert json.loads(done.stdout)["text"] == "Everyone has 25 vacation days a year. [1]"
        refused = await docent("doctor", config=config, **{**access, "ANTHROPIC_API_KEY": "wrong"})
        assert "Anthropic doesn't accept the key (401)" in refused.stdout
        assert refused.returncode == 1
        keyless = await docent("ask", QUESTION, config=config, ANTHROPIC_API_KEY="")
        assert (
            keyless.stderr.strip() == "anthropic: it needs a key. Set ANTHROPIC_API_KEY in the environment."
        )


async def test_a_judge_of_any_vendor_marks_style(docent, server, tmp_path):
    """What code can't check."""
    server.reply = lambda body: (
        words('{"broken": [1]}') if "rules of style" in body["messages"][0]["content"]
        else words("Everyone has 25 vacation days a year [1].")
    )  # fmt: skip
    (tmp_path / "style").mkdir()
    (tmp_path / "style" / "guide.yaml").write_text("voice: [Sound friendly., Be kind to beginners.]\n")
    (tmp_path / "q.jsonl").write_text(
        json.dumps(
            {
                "id": "1",
                "question": QUESTION,
                "gold": ["time-off.md"],
                "must_contain": [["25"]],
                "answerable": True,
            }
        )
    )
    config = (
        _writer(server)
        + f"style: ./style\neval: {{judge: {{openai: {{model: {MODEL}, base_url: '{server.url}'}}}}}}\n"
    )
    await docent("index", config=config, OPENAI_API_KEY=KEY)
    done = await docent("eval", "q.jsonl", "--json", config=config, OPENAI_API_KEY=KEY)
    (marked,) = json.loads(done.stdout)["questions"]
    assert marked["judged"] == 0.5, done.stderr


@pytest.mark.parametrize(("package", "extra"), [("openai", "openai"), ("anthropic", "anthropic")])
def test_a_missing_package_is_one_sentence(package, extra):
    """With the command that installs it."""
    code = (
        f"import sys, asyncio; sys.modules['{package}'] = None\n"
        f"from bot.backends.{package} import connect\n"
        "try: asyncio.run(connect(None))\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (
        done.stdout
        == f"{package}: its package is not installed. Install it: pip install 'docent-bot[{extra}]'.\n"
    )


def test_starting_docent_imports_no_vendors_sdk():
    """They take seconds: only who has chosen one pays."""
    code = "import sys, adapters.cli.app, bot.bootstrap; print([m for m in ('openai', 'anthropic', 'cohere') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
