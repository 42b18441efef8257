"""`docent doctor`: each part of the configuration, what is wrong with it, and what to do."""

import json
from pathlib import Path

import pytest

from bot.diagnostics.checks import check_data, tried
from bot.diagnostics.findings import Check, ok
from bot.ports import Unauthorized
from tests.support.command_line import CONFIG, HANDBOOK, CommandLine


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    docent = CommandLine(tmp_path)
    docent.write(HANDBOOK)
    return docent


def findings(docent: CommandLine, *words: str, code: int) -> dict[str, dict[str, str]]:
    """Part → its last finding."""
    done = docent("doctor", "--json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return {found["part"]: found for found in json.loads(done.stdout)}


def test_a_sound_configuration_has_no_errors(docent: CommandLine):
    """Everything is named; it says what another embedder would bring, and what none costs."""
    docent("index")
    found = findings(docent, code=0)
    assert {part for part, each in found.items() if each["verdict"] == "ok"} == {
        "configuration", "source handbook", "style", "data", "journal", "index", "embedder", "reranker", "writer",
    }  # fmt: skip
    assert "4 pages" in found["source handbook"]["finding"]
    assert "embedder: local" in found["embedder"]["finding"]
    docent.config.write_text(CONFIG + "embedder: none\n")
    found = findings(docent, code=0)
    assert found["embedder"]["verdict"] == "warning"
    assert "embedder: local" in found["embedder"]["remedy"]


def test_doctor_before_the_first_index_says_how_to_make_it(docent: CommandLine):
    """A missing index is a warning with the command."""
    done = docent("doctor")
    assert done.returncode == 0
    assert "→ Make it with: docent index" in done.stdout


def test_each_wrong_part_is_named_beside_the_right_ones(docent: CommandLine):
    """One wrong part doesn't hide the others."""
    docent.config.write_text(
        CONFIG.replace("]}]", "]}, {name: gone, type: folder, path: ./gone, audience: everyone},"
                       " {name: odd, type: foldr, audience: everyone},"
                       " {name: none, type: folder, path: ./docs, include: ['*.xyz'], audience: everyone}]")
        + "style: ./style\nembedder: {local: {path: ./model, dimensions: 3}}\n"
    )  # fmt: skip
    found = findings(docent, code=1)
    assert found["source handbook"]["verdict"] == "ok"
    assert "can't be read" in found["source gone"]["finding"]
    assert "did you mean folder?" in found["source odd"]["finding"]
    assert (found["source none"]["verdict"], found["source none"]["finding"]) == (
        "warning",
        "it lists no page.",
    )
    assert "is not there" in found["style"]["finding"]
    assert "model.onnx is not there" in found["the embedder"]["finding"]


def test_a_damaged_index_is_named_with_its_remedy(docent: CommandLine):
    """With the command that makes it anew."""
    (docent.folder / ".docent").mkdir()
    (docent.folder / ".docent" / "index.db").write_bytes(b"this is no database " * 1000)
    found = findings(docent, code=1)
    assert "docent index --rebuild" in found["index"]["remedy"]
    assert found["journal"]["verdict"] == "ok"


def test_tokens_are_asked_for_by_name(docent: CommandLine):
    """--slack and --discord without tokens say which to set."""
    found = findings(docent, "--slack", "--discord", code=1)
    assert "SLACK_BOT_TOKEN" in found["slack"]["remedy"]
    assert "DISCORD_TOKEN" in found["discord"]["remedy"]


async def test_a_part_that_fails_is_an_error_with_its_remedy():
    """What a backend says of itself is what the doctor says."""

    async def refused() -> Check:
        raise Unauthorized("the embedder", "the key is wrong.", remedy="Check COHERE_API_KEY.")

    assert await tried("embedder", refused) == Check(
        "embedder", "error", "the key is wrong.", "Check COHERE_API_KEY."
    )


async def test_a_part_that_hangs_is_an_error():
    """The doctor waits only so long."""
    import asyncio  # noqa: PLC0415

    async def hangs() -> Check:
        await asyncio.Event().wait()
        return ok("x", "never")

    found = await tried("writer", hangs, seconds=0.05)
    assert (found.verdict, found.part) == ("error", "writer")


def test_a_data_folder_that_is_a_file_is_an_error(tmp_path: Path):
    """State needs a folder."""
    (tmp_path / "state").write_text("")
    assert check_data(tmp_path / "state").verdict == "error"
    assert check_data(tmp_path / "new" / "folder").verdict == "ok"


def test_an_index_of_another_model_is_told(docent: CommandLine):
    """What the index was made with, what is configured now, and what will happen."""
    shared = Path(__file__).resolve().parents[4] / "shared/models/all-MiniLM-L6-v2-int8"
    if not shared.exists():
        pytest.skip("needs ../shared/models, an embedding model on disk")
    docent("index")
    local = f"{{path: {shared}, file: model_int8.onnx, dimensions: 384, pooling: mean}}"
    docent.config.write_text(CONFIG + f"embedder: {{local: {local}}}\n")
    done = docent("doctor")
    assert done.returncode == 0
    assert "it was made with static:" in done.stdout
    assert "docent.yaml says local:model_int8.onnx@" in done.stdout
    assert "ok       embedder: local:model_int8.onnx@" in done.stdout
