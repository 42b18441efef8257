"""`docent doctor`: each part of the configuration, what is wrong with it, and what to do."""

import json
import socket
import sys
from pathlib import Path

import pytest

from bot.diagnostics.checks import check_data, tried
from bot.diagnostics.findings import Check, ok
from bot.ports import Unauthorized
from bot.runtime.process.running import Announcement
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


@pytest.mark.slow
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


@pytest.mark.slow
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
        "it lists no page; 4 files that no pattern of include takes (4 .md).",
    )
    assert "is not there" in found["style"]["finding"]
    assert "model.onnx is not there" in found["the embedder"]["finding"]


@pytest.mark.slow
def test_a_damaged_index_is_named_with_its_remedy(docent: CommandLine):
    """With the command that makes it anew."""
    (docent.folder / ".docent").mkdir()
    (docent.folder / ".docent" / "index.db").write_bytes(b"this is no database " * 1000)
    found = findings(docent, code=1)
    assert "docent index --rebuild" in found["index"]["remedy"]
    assert found["journal"]["verdict"] == "ok"


@pytest.mark.slow
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


@pytest.mark.slow
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


def every(docent: CommandLine, *words: str) -> list[tuple[str, str, str]]:
    """All findings: verdict, part, words."""
    found = json.loads(docent("doctor", "--json", *words).stdout)
    return [(each["verdict"], each["part"], f"{each['finding']} {each['remedy']}") for each in found]


@pytest.mark.slow
def test_two_slips_in_one_source_are_two_findings(docent: CommandLine):
    docent.config.write_text(CONFIG.replace("include:", "exlude: [a], inclde:"))
    wrong = [said for verdict, part, said in every(docent) if (verdict, part) == ("error", "source handbook")]
    assert [each.partition(": ")[2].partition(";")[0] for each in wrong] == [
        "sources[0].exlude: unknown key",
        "sources[0].inclde: unknown key",
    ]


@pytest.mark.slow
def test_a_slip_in_a_folder_names_its_neighbour_and_the_line(docent: CommandLine):
    docent.config.write_text("\n" + CONFIG.replace("./docs", "./dcos"))
    (said,) = [
        said for verdict, part, said in every(docent) if part == "source handbook" and verdict == "error"
    ]
    assert f"there is {docent.folder / 'docs'}" in said
    assert "Check `path` in docent.yaml, line 2" in said


@pytest.mark.slow
def test_what_no_pattern_takes_is_counted(docent: CommandLine):
    docent.write({"a.pdf": "", "b.pdf": "", "c.docx": ""})
    (said,) = [said for verdict, part, said in every(docent) if part == "source handbook" and verdict == "ok"]
    assert "3 files that no pattern of include takes (2 .pdf, 1 .docx)" in said
    docent("index")
    assert "  handbook: left out: 3 files that no pattern of include takes" in docent("status").stdout


@pytest.mark.slow
def test_folders_that_are_for_others_are_told(docent: CommandLine):
    docent.config.write_text(
        CONFIG.replace("[everyone]}", "[everyone], audience_of: {'pay/**': [managers]}}")
    )
    (said,) = [said for verdict, part, said in every(docent) if part == "source handbook" and verdict == "ok"]
    assert "for everyone; pay/** → managers" in said
    assert "everyone; pay/** → managers" in docent("sources").stdout


@pytest.mark.slow
def test_an_audience_that_nobody_has(docent: CommandLine):
    docent.config.write_text(CONFIG.replace("[everyone]", "[menagers]"))
    told = [said for verdict, part, said in every(docent) if part == "audiences" and verdict == "warning"]
    assert len(told) == 1
    assert told[0].startswith("nobody has 'menagers' (audience of handbook, line 1)")
    roles = 'discord: {guilds: {"1": {roles: {"2": [everyone, menagers]}}}}\n'
    docent.config.write_text(CONFIG.replace("[everyone]", "[menagers]") + roles)
    assert not [said for _, part, said in every(docent) if part == "audiences" and "menagers" in said]


@pytest.mark.slow
def test_pages_that_nobody_sees(docent: CommandLine):
    """Each time, by index, status and doctor, until the word is mended."""
    docent.config.write_text(CONFIG + "audiences: {managrs: {description: They lead}}\n")
    word = "1 page is for 'managers', which nobody has; did you mean managrs?: handbook:pay/bands.md"
    for _ in range(2):
        assert f"note: {word}" in docent("index").stdout
    assert f"(!) {word}" in docent("status").stdout
    assert [said for _, part, said in every(docent) if part == "audiences" and said.startswith(word)]
    docent.config.write_text(CONFIG + "audiences: {managers: {}}\n")
    assert "which nobody" not in docent("index").stdout + docent("status").stdout


@pytest.mark.slow
def test_audiences_without_anybody_in_chat(docent: CommandLine, monkeypatch: pytest.MonkeyPatch):
    docent.config.write_text(CONFIG + "audiences: {managers: {}, leads: {slack_users: [U1]}}\n")
    assert not [said for _, part, said in every(docent) if part == "audiences"]
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-1-2-3")
    told = [said for _, part, said in every(docent) if part == "audiences"]
    assert len(told) == 1
    assert told[0].startswith("nobody in chat has 'managers'")


@pytest.mark.slow
def test_a_broken_style_guide_is_an_error_with_its_line(docent: CommandLine):
    (docent.folder / "style").mkdir()
    (docent.folder / "style" / "rules.yaml").write_text("# rules\nrules: [\n")
    docent.config.write_text(CONFIG + "style: ./style\n")
    (told,) = [(verdict, said) for verdict, part, said in every(docent) if part == "style"]
    assert told[0] == "error"
    assert "rules.yaml:2: is not YAML" in told[1]


@pytest.mark.slow
def test_a_port_that_another_program_holds(docent: CommandLine):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        docent.config.write_text(CONFIG + f"indexer: {{port: {port}}}\n")
        (told,) = [(verdict, said) for verdict, part, said in every(docent) if part == "ports"]
        assert told[0] == "error"
        assert f"indexer.port (docent.yaml, line 2): port {port}: another program listens there" in told[1]
        mine = Announcement(docent.folder / ".docent", ["the indexer"])
        mine.tell(version="", problem="", restart_for=())
        (told,) = [(verdict, said) for verdict, part, said in every(docent) if part == "ports"]
        assert told[0] == "ok"
        mine.withdraw()
    (told,) = [(verdict, said) for verdict, part, said in every(docent) if part == "ports"]
    assert told == ("ok", f"indexer.port (docent.yaml, line 2): 127.0.0.1:{port} is free ")


def test_one_finding_for_a_data_folder_that_is_none(docent: CommandLine):
    (docent.folder / ".docent").write_text("")
    wrong = [part for verdict, part, _ in every(docent) if verdict == "error"]
    assert wrong == ["data"]


@pytest.mark.slow
def test_tokens_of_a_wrong_shape_ask_nobody(docent: CommandLine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-1-2-3")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-1-2-3")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/")
    (told,) = [said for _, part, said in every(docent, "--slack") if part == "slack"]
    assert told.startswith("SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped.")
    done = docent("slack")
    assert (done.returncode, "are swapped" in done.stderr) == (2, True)


@pytest.mark.slow
def test_a_port_of_monitoring_that_is_taken(docent: CommandLine):
    """Before `docent run` finds it; what isn't installed is told with how to install it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        docent.config.write_text(f"{CONFIG}monitoring: {{port: {other.getsockname()[1]}}}\n")
        (told,) = [said for verdict, part, said in every(docent) if (verdict, part) == ("error", "ports")]
    assert told.startswith("monitoring.port (docent.yaml, line 2): port ")


@pytest.mark.slow
def test_monitoring_that_is_not_installed(docent: CommandLine, monkeypatch: pytest.MonkeyPatch):
    """It is told with how to install it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    docent.config.write_text(f"{CONFIG}monitoring: {{port: 9464}}\n")
    assert [said for _, part, said in every(docent) if part == "monitoring"] == [
        "nothing is served. Install it: pip install 'docent-bot[monitoring]'."
    ]


@pytest.mark.slow
def test_a_file_of_tokens_that_others_can_read(docent: CommandLine):
    env = docent.folder / ".env"
    env.write_text("DISCORD_TOKN=abc\n")
    env.chmod(0o644)
    assert ("warning", ".env") in [(verdict, part) for verdict, part, _ in every(docent)]
    env.chmod(0o600)
    found = every(docent)
    assert ("ok", ".env") in [(verdict, part) for verdict, part, _ in found]
    assert [said for _, part, said in found if part == "discord"] == [
        "DISCORD_TOKN (.env, line 1) is a name that Docent doesn't read; did you mean DISCORD_TOKEN? Rename it."
    ]


@pytest.mark.slow
def test_what_runs_by_an_older_file_is_told(docent: CommandLine):
    mine = Announcement(docent.folder / ".docent", ["Slack"])
    mine.tell(version="old", problem="", restart_for=())
    assert "docent.yaml is newer than what process" in docent("status").stdout
    assert [said for _, part, said in every(docent) if part == "running" and "is newer" in said]
    assert "docent.yaml is newer" in docent("reindex", "--no-wait").stderr
    mine.withdraw()
    assert "is newer" not in docent("status").stdout


@pytest.mark.slow
def test_whoever_reads_along_may_go_away(docent: CommandLine):
    done = docent.process("doctor", shell="| head -1")  # noqa: S604
    assert done.stdout.startswith("ok       configuration")
    assert "Traceback" not in done.stderr


def test_run_says_what_it_runs_and_what_not(docent: CommandLine, monkeypatch: pytest.MonkeyPatch):
    docent.config.write_text("sources: []\n")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1-2-3")
    done = docent("run")
    assert done.returncode == 2
    assert "SLACK_BOT_TOKEN isn't set, though SLACK_APP_TOKEN is." in done.stderr
    assert "doesn't run: Slack (SLACK_BOT_TOKEN: see above), Discord (DISCORD_TOKEN isn't set)" in done.stderr


@pytest.mark.slow
def test_a_word_that_no_setting_names_is_told_where_nothing_is_found(docent: CommandLine):
    """`ask --audience` takes any word while none are listed."""
    docent("index")
    done = docent("ask", "What is the pay range of L4?", "--audience", "everyone,menagers")
    assert "No setting names the audience 'menagers'" in done.stderr
    assert "No setting names" not in docent("ask", "What is the pay range of L5?").stderr
