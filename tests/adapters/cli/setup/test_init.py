"""`docent init`: from a folder of docs to files that work."""

import stat
import subprocess
from pathlib import Path

import pytest

from adapters.cli.command import CommandError
from adapters.cli.setup.files import Wanted, config_text, env_text, shown_path, source_name
from adapters.cli.setup.questions import Given, wanted
from adapters.cli.setup.survey import survey
from adapters.cli.setup.writing import write
from bot.config.environment.tokens import token_faults
from bot.config.loader import Settings, load
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.pages import put

PAGES = {
    **HANDBOOK,
    "managers/pay.md": "# Pay\n\nThe pay of L4 is 4711.\n",
    "team/HR/sick.md": "# Sick\n\nCall before 9.\n",
    "move.md": "---\ndraft: true\n---\n# We move\n",
    "odd.md": "---\naudience: {x: [\n---\n# Odd\n",
}


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path)
    made.config.unlink()
    made.write(PAGES)
    (tmp_path / "docs/logo.png").write_bytes(b"\x89PNG")
    return made


def settings(docent: CommandLine) -> Settings:
    return load(docent.config, {})


@pytest.mark.slow
def test_it_fits_the_folder_and_works(docent: CommandLine):
    """What it wrote is indexed and asked at once; what sounds confidential is closed."""
    done = docent("init")
    assert done.returncode == 0, done.stderr
    assert "8 pages in " in done.stdout
    assert "not read: 1 file (1 .png)" in done.stdout
    assert "left out: 1 draft" in done.stdout
    (source,) = settings(docent).sources
    assert (source.name, source.type) == ("handbook", "folder")
    assert dict(source.audience_of) == {"managers/**": {"managers"}, "team/HR/**": {"hr"}}
    assert settings(docent).audiences.keys() == {"managers", "hr"}
    assert "6 added" in docent("index").stdout
    assert "27 days" in docent("ask", "How much annual leave do I get?").stdout
    assert "4711" not in docent("ask", "What is the pay of L4?").stdout
    assert "4711" in docent("ask", "What is the pay of L4?", "--audience", "everyone,managers").stdout
    assert "ERROR" not in docent("doctor").stdout


def test_nothing_is_overwritten(docent: CommandLine):
    env = docent.folder / ".env"
    env.write_text("DISCORD_TOKEN=mine\n")
    assert ".env is there already and was left as it is" in docent("init", "--slack").stdout
    assert env.read_text() == "DISCORD_TOKEN=mine\n"
    before = docent.config.read_text()
    done = docent("init", "--name", "other")
    assert done.returncode == 1
    assert "is there already and stays as it is" in done.stderr
    assert docent.config.read_text() == before


def test_the_file_of_tokens_is_for_its_owner_alone(docent: CommandLine):
    docent("init", "--slack")
    env = docent.folder / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "\nSLACK_BOT_TOKEN=\nSLACK_APP_TOKEN=\n" in env.read_text()
    assert "# DISCORD_TOKEN=" in env.read_text()
    assert token_faults(settings(docent)) == []


def test_flags_say_what_questions_would(docent: CommandLine):
    done = docent(
        "init", "docs", "--name", "wiki", "--url", "https://w.example/{stem}", "--only", "managers/**=everyone",
        "--only", "pay/**=leads", "--yes",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (source,) = settings(docent).sources
    assert (source.name, source.url) == ("wiki", "https://w.example/{stem}")
    assert dict(source.audience_of) == {"pay/**": {"leads"}, "team/HR/**": {"hr"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "There is no folder nowhere"),
        (("empty",), "empty holds no page"),
        (("docs", "--only", "managers"), "--only takes a pattern and an audience"),
        (("docs", "--name", "My Docs!"), "That makes no docent.yaml that works: "),
    ],
)
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(
    docent: CommandLine, words: tuple[str, ...], said: str
):
    (docent.folder / "empty").mkdir()
    done = docent("init", *words)
    assert done.returncode != 0
    assert said in done.stderr
    assert not docent.config.exists()


@pytest.mark.slow
def test_in_git_what_is_committed_is_read(docent: CommandLine):
    def git(*words: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", *author, *words], cwd=docent.folder, check=True, capture_output=True)

    git("init", "-q", "-b", "trunk")
    git("add", "docs")
    git("commit", "-qm", "docs")
    git("remote", "add", "origin", "https://me:secret@git.example.com/h.git")
    docent.write({"new.md": "# New\n"})
    done = docent("init")
    assert "(!) 1 change not committed" in done.stdout
    assert "(!) Add to .gitignore: .env and .docent/." in done.stdout
    (source,) = settings(docent).sources
    assert source.type == "git"
    assert source.options == {"repo": ".", "branch": "trunk", "path": "docs"}
    assert "https://git.example.com/h.git" in docent.config.read_text()
    assert "secret" not in docent.config.read_text()
    assert "6 added" in docent("index").stdout
    docent.config.unlink()
    (docent.folder / ".gitignore").write_text(".env\n.docent/\n")
    assert "(!) Add to .gitignore" not in docent("init").stdout


async def test_an_address_of_git(tmp_path: Path):
    chosen, found = await wanted(
        tmp_path, Given("https://git.example.com/a/People.git"), lambda _, usual: usual
    )
    assert found is None
    text = config_text(chosen, found)
    (tmp_path / "docent.yaml").write_text(text)
    (source,) = load(tmp_path / "docent.yaml", {}).sources
    assert (source.name, source.options) == ("people", {"repo": "https://git.example.com/a/People.git"})


async def test_questions_are_few_and_answers_count(docent: CommandLine):
    asked: list[str] = []
    answers = {"Where are": "docs", "called": "wiki", "read the pages": "https://w.example/{path}", "managers/**": "everyone",
               "team/HR/**": "people", "Which chat": "Both"}  # fmt: skip

    def ask(question: str, _usual: str) -> str:
        asked.append(question)
        return next(answer for word, answer in answers.items() if word in question)

    chosen, found = await wanted(docent.folder, Given(), ask)
    assert len(asked) == 6
    assert chosen == Wanted(
        "wiki", "./docs", "https://w.example/{path}", {"team/HR/**": "people"}, ("slack", "discord")
    )
    await write(docent.config, chosen, found)
    assert settings(docent).sources[0].url == "https://w.example/{path}"


async def test_odd_names_are_written_as_they_are(tmp_path: Path):
    """Whatever a folder is called, YAML gives it back."""
    odd = ["a: b", "#c", "- d", "@e", "'f\"", "ü & é", "*", "{g}", "yes", "1e3"]
    put(tmp_path / "docs", {f"{name}/managers/x.md": "# X\n\nText.\n" for name in odd if "/" not in name})
    found = await survey(tmp_path / "docs")
    chosen, found = await wanted(tmp_path, Given("docs", "n"), lambda _, usual: usual)
    (tmp_path / "docent.yaml").write_text(config_text(chosen, found))
    (source,) = load(tmp_path / "docent.yaml", {}).sources
    assert dict(source.audience_of) == {f"{name}/managers/**": {"managers"} for name in odd}


async def test_broken_files_and_many_do_not_stop_it(tmp_path: Path):
    put(
        tmp_path,
        {"a.md": "---\n[\n---\n", "b.md": "\x00\x01", "c.md": "---\naudience: [x, 'y z']\n---\n# C\n"},
    )
    (tmp_path / "loop").symlink_to(tmp_path)
    found = await survey(tmp_path)
    assert found.pages["md"] == 3
    assert set(found.audiences) == {"x", "y z"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("docs", "handbook"),
        ("Our Wiki", "our-wiki"),
        ("https://x.example/a/b.git", "b"),
        ("---", "handbook"),
        ("Ü", "handbook"),
    ],
)
def test_names_of_sources(path: str, name: str):
    assert source_name(path) == name


def test_paths_as_they_stand_in_the_file(tmp_path: Path):
    base = tmp_path / "a"
    assert shown_path(base, base) == "."
    assert shown_path(base / "docs", base) == "./docs"
    assert shown_path(tmp_path / "b" / "c", base) == "../b/c"
    assert shown_path(tmp_path / "etc.", base) == "../etc."
    assert shown_path(tmp_path, base) == ".."
    assert shown_path(Path("/srv/docs"), base) == "/srv/docs"


def test_names_that_env_has(tmp_path: Path):
    text = env_text(("slack", "discord"))
    assert "\nDISCORD_TOKEN=\n" in text
    assert "# COHERE_API_KEY=" in text


async def test_a_folder_without_docs_asks_for_one(tmp_path: Path):
    with pytest.raises(CommandError, match="holds no page"):
        await wanted(tmp_path, Given(), lambda _, usual: usual)
