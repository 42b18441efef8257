"""The command line as people use it: real processes, a small handbook, keywords alone."""

import json
import os
import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest

from adapters.cli.app import hoisted
from adapters.cli.output import report_lines
from bot.model import SyncReport
from tests.support.command_line import CONFIG, HANDBOOK, CommandLine
from tests.support.waiting import patience


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An indexed handbook, shared by tests that only ask."""
    docent = CommandLine(tmp_path_factory.mktemp("handbook"))
    docent.write(HANDBOOK)
    done = docent("index")
    assert done.returncode == 0, done.stderr
    return docent


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    """A handbook of the test's own, not yet indexed."""
    docent = CommandLine(tmp_path)
    docent.write(HANDBOOK)
    return docent


def many_pages() -> dict[str, str]:
    """Enough that indexing them takes a while."""
    return {f"more/p{n}.md": f"# Page {n}\n\n" + f"Word{n} is here. " * 400 for n in range(800)}


def has_begun(docent: CommandLine) -> bool:
    """Whether some pages are in the index: a commit in its log (sqlite.org/fileformat.html) beyond an empty one's."""
    wal = docent.folder / ".docent" / "index.db-wal"
    log = wal.read_bytes() if wal.exists() else b""
    frame = 24 + int.from_bytes(log[8:12])
    frames = (log[at : at + frame] for at in range(32, len(log), frame) if at > 200_000)
    return any(any(each[4:8]) and len(each) == frame for each in frames)


# --- index ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_index_reports_what_it_did(docent: CommandLine):
    """Added, changed, deleted, unchanged and failed pages, each failed one with its reason; exit 0."""
    docent.write({"blank.md": "", "scan.md": "\x00\x01\x02 binary"})
    first = docent("index", "--json")
    assert first.returncode == 0, first.stderr
    (report,) = json.loads(first.stdout)["sources"]
    assert (report["source"], report["added"], report["changed"], report["deleted"]) == ("handbook", 4, 0, 0)
    assert {failure["name"] for failure in report["failed"]} == {"scan.md"}
    assert all(failure["reason"] for failure in report["failed"])
    docent.write({"dogs.md": "# Dogs in the office\n\nNo dogs any more.\n"})
    (docent.folder / "docs" / "deploy.md").unlink()
    second = docent("index", "handbook")
    assert second.returncode == 0
    assert "handbook: 0 added, 1 changed, 1 deleted, 2 unchanged, 1 failed in" in second.stdout
    assert "left out: 1 page without text" in second.stdout
    assert second.stderr == ""


def test_index_fails_where_a_source_cant_be_listed(docent: CommandLine):
    """The source is named with the reason, the exit code is 1, and the other sources are synced."""
    docent.config.write_text(
        "sources:\n- {name: gone, type: folder, path: ./gone, audience: [everyone]}\n"
        "- {name: handbook, type: folder, path: ./docs, audience: [everyone]}\n"
    )
    done = docent("index")
    assert done.returncode == 1
    assert "gone: not synced: gone can't be listed: the folder" in done.stdout
    assert done.stderr == ""  # it is told once
    assert "handbook: 4 added" in done.stdout


def test_globs_that_fit_no_file_are_told(docent: CommandLine):
    """Nothing to index is no error, but hardly what was meant."""
    docent.config.write_text(CONFIG.replace("*.md", "*.nothing"))
    done = docent("index")
    assert done.returncode == 0
    assert "check its path, include and exclude" in done.stdout


@pytest.mark.slow
def test_many_deletes_are_held_back(docent: CommandLine):
    """Half of the pages gone at once stay until somebody says that it is meant."""
    docent("index")
    for name in ("deploy.md", "dogs.md"):
        (docent.folder / "docs" / name).unlink()
    held = docent("index")
    assert "held back: 2 pages" in held.stdout
    assert "docent reindex handbook --confirm-deletes\n    deploy.md\n    dogs.md\n" in held.stdout
    doctor = docent("doctor").stdout
    assert (
        "warning  deletions: handbook: 2 pages are gone at once; they stay until somebody confirms it"
        in doctor
    )
    assert "(deploy.md; dogs.md)" in doctor
    docent.write({"deploy.md": "# Deploying\n\nPress the button.\n"})
    assert "held back: 1 page" in docent("index").stdout, "what is left of it waits, too"
    (docent.folder / "docs" / "deploy.md").unlink()
    assert "2 deleted" in docent("reindex", "handbook", "--confirm-deletes").stdout


@pytest.mark.slow
def test_index_stops_at_ctrl_c_and_goes_on_later(docent: CommandLine):
    """Exit 130 in one word; what was indexed is kept, the journal knows, and the next time does the rest."""
    docent.write(many_pages())
    code, _, err = docent.interrupt("index", when=lambda: has_begun(docent))
    assert code == 130, err
    assert err.strip() == "Stopped. What was indexed so far is kept; run it again to go on."
    with sqlite3.connect(f"file:{docent.folder}/.docent/journal.db?mode=ro", uri=True) as journal:
        assert journal.execute("select state from runs").fetchall() == [("cancelled",)]
    journal.close()
    done = json.loads(docent("index", "--json").stdout)["sources"][0]
    assert 0 < done["added"] < 804
    assert done["added"] + done["unchanged"] == 804


@pytest.mark.slow
def test_index_goes_on_at_once_after_a_kill(docent: CommandLine):
    """A process that is gone is in nobody's way, and what it had indexed is kept."""
    docent.write(many_pages())
    process = docent.start("index")
    while not has_begun(docent) and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = docent("index", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)["sources"]
    assert 0 < report["unchanged"] < 804
    assert report["added"] + report["unchanged"] == 804


@pytest.mark.slow
def test_a_full_disk_is_told_and_loses_nothing(docent: CommandLine):
    """Writing stops with a sentence and exit 1; what was there is still found."""
    docent("index")
    docent.write({f"more/p{n}.md": f"# Page {n}\n\n" + f"Word{n} stands here. " * 500 for n in range(300)})
    full = docent.process("index", limit=600_000)
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "Check the disk" in full.stdout + full.stderr
    assert "27 days" in docent("ask", "How many days of annual leave?").stdout


# --- ask ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ask_answers_with_citations(handbook: CommandLine):
    """The answer, then each source with its title and place."""
    done = handbook.process("ask", "How many days of annual leave do I get?")
    assert done.returncode == 0
    assert "27 days" in done.stdout
    assert "[1] Annual leave" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_ask_as_json_has_its_shape(handbook: CommandLine):
    """Exactly the documented keys; with --why the trace as well."""
    done = handbook("ask", "How many days of annual leave do I get?", "--json", "--why")
    answer = json.loads(done.stdout)
    trace = answer.pop("trace")
    assert set(answer) == {"id", "outcome", "text", "citations", "nearest", "degraded"}
    assert answer["outcome"] == "ANSWERED"
    assert set(answer["citations"][0]) == {
        "number", "title", "url", "doc_id", "heading", "quote", "updated_at",
    }  # fmt: skip
    assert answer["citations"][0]["doc_id"] == "handbook:leave.md"
    assert trace["queries"]
    assert {"doc_id", "keyword", "vector", "fused", "dropped"} <= set(trace["candidates"][0])
    plain = json.loads(handbook("ask", "How many days of annual leave do I get?", "--json").stdout)
    assert "trace" not in plain


def test_ask_needs_no_quotes(handbook: CommandLine):
    """Several words are one question."""
    assert "27 days" in handbook("ask", "How", "many", "days", "of", "annual", "leave?").stdout


def test_ask_sees_only_its_audience(handbook: CommandLine):
    """What managers may see is found by managers alone."""
    question = "What is the pay range of L4?"
    assert "50,000" not in handbook("ask", question).stdout
    assert "50,000" in handbook("ask", question, "--audience", "everyone,managers").stdout


def test_ask_says_plainly_that_the_docs_dont(handbook: CommandLine):
    """No answer is no error."""
    done = handbook("ask", "Zebrafish metamorphosis?", "--json")
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "NOT_FOUND")


@pytest.mark.parametrize(
    "question",
    ["", "   ", "leave", "leave " * 1700, "🎉🎉🎉", "\x1b[31mleave\x07\x02", "Wie viele Urlaubstage habe ich?", "休暇は何日ですか"],
    ids=["empty", "blank", "one word", "10,000 characters", "emoji", "control characters", "German", "Japanese"],
)  # fmt: skip
def test_ask_takes_any_question(handbook: CommandLine, question: str):
    """Whatever is typed ends in an answer or in a plain word, with exit 0."""
    done = handbook("ask", question)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr
    assert "\x1b[31m" not in done.stdout


@pytest.mark.slow
def test_any_bytes_and_any_terminal_will_do(handbook: CommandLine):
    """A question that is no UTF-8, on a terminal that knows ASCII alone."""
    done = handbook.process("ask", "annual leave \udcff days?", "--why", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "27 days" in done.stdout


def test_ask_names_a_wrong_source(handbook: CommandLine):
    """With the nearest right one."""
    done = handbook("ask", "x", "--source", "handbok")
    assert done.returncode == 2
    assert "There is no source handbok; did you mean handbook?" in done.stderr


def test_ask_names_a_wrong_audience(docent: CommandLine):
    """Where docent.yaml declares audiences, a slip isn't an audience that finds nothing."""
    docent.config.write_text(CONFIG + "audiences: {managers: {}}\n")
    done = docent("ask", "x", "--audience", "manager")
    assert done.returncode == 2
    assert "manager is not one of the audiences; did you mean managers?" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams_are_no_bug(handbook: CommandLine, closed: str):
    """A chat whose streams somebody closed ends properly."""
    done = handbook.process("chat", shell=closed)
    assert done.returncode == 0, done.stderr
    assert "bug" not in done.stdout + done.stderr


def test_ask_before_the_first_index_says_what_to_do(docent: CommandLine):
    """Nothing indexed is not the same as nothing found."""
    done = docent("ask", "How many days of leave?")
    assert done.returncode == 1
    assert done.stderr.strip() == "There is no index yet. Make it with: docent index"


def test_ask_of_an_index_without_pages_says_where_to_look(docent: CommandLine):
    """A folder that couldn't be listed is not the same as docs that don't say."""
    docent.config.write_text(CONFIG.replace("./docs", "./dosc"))
    docent("index")
    done = docent("ask", "How many days of leave?")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "The index holds no page. See why: docent status"


@pytest.mark.slow
def test_pages_cant_steer_the_terminal(docent: CommandLine):
    """Escape sequences of a page don't come out."""
    docent.write({"evil.md": "# Evil\n\nThe secret zebra word is \x1b]0;owned\x07\x1b[2Jblue\u202e today.\n"})
    docent("index")
    done = docent("ask", "What is the secret zebra word?")
    assert "blue" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


# --- chat, eval, status, sources ------------------------------------------------------------------


def test_chat_keeps_what_was_said(handbook: CommandLine):
    """A follow-up that says too little alone is understood from the question before."""
    said = "How many days of annual leave do I get?\nand carried over?\n/why\n/new\n/help\n/quit\n"
    done = handbook("chat", stdin=said)
    assert done.returncode == 0, done.stderr
    assert "27 days" in done.stdout
    assert "5 days" in done.stdout
    assert "Query:" in done.stdout
    assert "Forgotten." in done.stderr


def test_chat_ends_with_its_input(handbook: CommandLine):
    """Ctrl-D is a proper end."""
    assert handbook("chat").returncode == 0


def test_eval_prints_figures_and_writes_answers(handbook: CommandLine):
    """Retrieval, answers and speed on the screen; the answers in the format of score.py in the file."""
    questions = handbook.folder / "questions.jsonl"
    lines = [
        {
            "id": "1",
            "question": "How many days of annual leave?",
            "gold": ["leave.md"],
            "must_contain": [["27"]],
        },
        {"id": "2", "question": "Zebrafish metamorphosis?", "answerable": False, "kind": "unanswerable"},
    ]
    questions.write_text("\n".join(json.dumps(line) for line in lines))
    done = handbook("eval", "questions.jsonl", "--answers", "out.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["retrieval"]["hit_1"] == 1.0
    assert figures["answers"][0]["facts"] == 1
    out = [json.loads(line) for line in (handbook.folder / "out.jsonl").read_text().splitlines()]
    assert out[0]["citations"] == ["leave.md"]
    assert out[1] == {"id": "2", "answer": None, "citations": [], "see_also": []}
    assert figures["figures"]["precision"]["mean"] == figures["figures"]["answer_first"]["mean"] == 1.0
    assert (figures["pages"], figures["characters"]["p50"]) == (1.0, len(out[0]["answer"]))
    again = handbook("eval", "questions.jsonl")
    assert "Hit@5 1.000" in again.stdout
    assert again.stderr == ""


def test_eval_names_pages_that_are_not_there(handbook: CommandLine):
    """A gold page with a wrong path can't be found: it is the questions' mistake, and told as that."""
    line = {"id": "1", "question": "How many days of annual leave?", "gold": ["docs/leave.md"]}
    (handbook.folder / "strange.jsonl").write_text(json.dumps(line))
    done = handbook("eval", "strange.jsonl")
    assert done.returncode == 0
    assert "Not in the index: 1 page of `gold`, such as docs/leave.md" in done.stderr


def test_eval_retrieval_leaves_the_index_alone(handbook: CommandLine):
    """A set in the BEIR layout is indexed on its own."""
    folder = handbook.folder / "set"
    folder.mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "title": "Cats", "text": "Cats sleep all day."}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "What do cats do?"}\n')
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    done = handbook("eval-retrieval", "set", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ndcg_10"] == 1.0
    assert "Cats" not in handbook("ask", "What do cats do?").stdout


def test_status_and_sources_tell_the_state(handbook: CommandLine):
    """What is indexed, when, what fails, and how questions ended."""
    state = json.loads(handbook("status", "--json").stdout)
    assert state["index"]["documents"] == 4
    assert state["problems"] == []
    (source,) = state["sources"]
    assert (source["name"], source["documents"], source["stale"]) == ("handbook", 4, False)
    assert source["last_good_sync"]
    assert state["runs"][-1]["state"] == "done"
    (listed,) = json.loads(handbook("sources", "--json").stdout)
    assert (listed["name"], listed["type"], listed["audience"]) == ("handbook", "folder", ["everyone"])
    shown = handbook("status").stdout
    assert "4 pages" in shown
    assert "handbook" in handbook("sources").stdout


@pytest.mark.slow
def test_lossy_pages_are_told(docent: CommandLine):
    """A page without most of its words is told, with the reason, until it is whole or gone."""

    def told() -> tuple[list[dict[str, str]], str, str]:
        assert docent("index").returncode == 0
        (source,) = json.loads(docent("status", "--json").stdout)["sources"]
        doctor = docent("doctor")
        assert doctor.returncode == 0
        return source["lossy"], docent("status").stdout, doctor.stdout

    lossy = f"<p>{'Kept. ' * 20}</p><p><del>{'Old. ' * 80}</del></p>"
    docent.config.write_text(CONFIG.replace("'**/*.md'", "'**/*.md', '**/*.html'"))
    docent.write({"a.html": lossy, "b.html": lossy})
    reason = "only 20 % of its words arrived (20 of 100): "
    for _ in range(2):  # the second finds nothing changed
        pages, status, doctor = told()
        assert [page["name"] for page in pages] == ["a.html", "b.html"]
        assert "(!) handbook: 2 pages lack most of their words (`docent show PAGE`" in status
        assert f"  handbook: a.html: {reason}" in status
        assert f"warning  words: handbook: 2 pages lack most of their words: a.html: {reason}" in doctor
    docent.write({"a.html": f"<p>{'Kept. ' * 20}</p>"})
    pages, status, doctor = told()
    assert [page["name"] for page in pages] == ["b.html"]
    assert "1 page lacks most of its words" in status
    assert "1 page lacks most of its words: b.html" in doctor
    (docent.folder / "docs" / "b.html").unlink()
    pages, status, doctor = told()
    assert pages == []
    assert " lack" not in status + doctor


def test_status_before_the_first_index(docent: CommandLine):
    """An empty state is no error."""
    done = docent("status")
    assert done.returncode == 0, done.stderr
    assert "nothing yet; run: docent index" in done.stdout


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("sources: [", "docent.yaml:1: is not YAML"),
        ("[" * 100_000, "docent.yaml: is nested too deeply"),
        ("sorces: []", "docent.yaml:1: sorces: unknown key; did you mean sources?"),
        (CONFIG.replace("type: folder", "type: foldr"), "docent.yaml:1: sources[0].type: expected one of"),
        (CONFIG.replace("include:", "inclde:"), "docent.yaml:1: sources[0].inclde: unknown key; did you mean include?"),
        ("sources: []", "docent.yaml lists no sources; add one under sources:"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_named_with_its_line(docent: CommandLine, config: str, said: str):
    """Exit 2 and the sentence, without a traceback."""
    docent.config.write_text(config)
    done = docent.process("index")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_configuration_says_how_to_begin(docent: CommandLine):
    """With a file to start from, and exit 2."""
    docent.config.unlink()
    done = docent.process("ask", "x")
    assert done.returncode == 2
    assert "docent.yaml: there is no such file" in done.stderr
    assert "audience: [everyone]" in done.stderr


@pytest.mark.slow
def test_an_empty_handbook_deletes_nothing(docent: CommandLine):
    """A folder that is suddenly empty looks like a lost disk: its pages stay, and the exit code is 1."""
    docent("index")
    for path in sorted((docent.folder / "docs").rglob("*.md")):
        path.unlink()
    done = docent("index")
    assert done.returncode == 1
    assert "is empty" in done.stdout
    assert "27 days" in docent("ask", "How many days of annual leave?").stdout


@pytest.mark.slow
def test_a_huge_file_is_one_failed_page(docent: CommandLine):
    """It is named with the limit, and the rest is indexed."""
    docent.config.write_text(CONFIG + "indexer: {max_bytes: 20000}\n")
    docent.write({"huge.md": "# Huge\n\n" + "word " * 10_000})
    done = docent("index")
    assert done.returncode == 0
    assert "4 added" in done.stdout
    assert "failed: huge.md: it has 0.1 MB; the limit" in done.stdout


@pytest.mark.slow
def test_broken_front_matter_is_told(docent: CommandLine):
    """The page is named; it is not lost in silence."""
    docent.write({"broken.md": "---\ntitle: [unclosed\n---\n# Broken\n\nBananas are yellow.\n"})
    done = docent("index")
    assert done.returncode == 0
    assert "broken.md" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["ask", "How many days?"], ["index"], ["status"]], ids=lambda words: words[0]
)
def test_a_corrupt_index_is_named_with_its_remedy(docent: CommandLine, command: list[str]):
    """Each command says which file, and the command that rebuilds it; that one works."""
    docent("index")
    index = docent.folder / ".docent" / "index.db"
    for more in ("index.db-wal", "index.db-shm"):
        index.with_name(more).unlink(missing_ok=True)
    index.write_bytes(b"this is no database " * 1000)
    done = docent.process(*command)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "docent index --rebuild" in said
    assert "Traceback" not in said
    assert docent("index", "--rebuild").returncode == 0
    assert "27 days" in docent("ask", "How many days of annual leave?").stdout


@pytest.mark.slow
def test_a_corrupt_journal_stops_no_answer(docent: CommandLine):
    """The answer comes; that it isn't written down is a warning on stderr."""
    docent("index")
    for more in ("journal.db-wal", "journal.db-shm"):
        (docent.folder / ".docent" / more).unlink(missing_ok=True)
    (docent.folder / ".docent" / "journal.db").write_bytes(b"this is no database " * 1000)
    done = docent("ask", "How many days of annual leave?")
    assert done.returncode == 0
    assert "27 days" in done.stdout
    assert "journal.db is damaged" in done.stderr
    assert "handbook: 0 added" in docent("index").stdout


@pytest.mark.slow
def test_debug_shows_the_traceback(docent: CommandLine):
    """Wherever the flag stands."""
    docent.config.write_text("sorces: []")
    for words in (("--debug", "index"), ("index", "--debug")):
        assert "Traceback" in docent.process(*words).stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["index", "ask x", "status", "sources", "run", "indexer"])
def test_a_data_folder_that_is_a_file_is_named(docent: CommandLine, command: str):
    """One cause, one sentence, whatever would lie in it."""
    (docent.folder / "state").write_text("")
    done = docent.process(*command.split(), env={"DOCENT_DATA": str(docent.folder / "state/below")})
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "INFO" not in line]
    assert said == [
        (
            f"the data folder: {docent.folder / 'state'} is not a folder."
            " Choose another: data in docent.yaml, or DOCENT_DATA."
        )
    ]


# --- words ----------------------------------------------------------------------------------------


def test_config_and_debug_may_stand_anywhere():
    """Before the command or after it; what follows -- is left alone."""
    assert hoisted(["ask", "x", "--config", "c.yaml", "--json", "--debug"]) == [
        "--config", "c.yaml", "--debug", "ask", "x", "--json",
    ]  # fmt: skip
    assert hoisted(["ask", "--config=c", "--", "--debug"]) == ["--config=c", "ask", "--", "--debug"]


@pytest.mark.parametrize(
    "command",
    [
        "index", "ask", "chat", "eval", "eval-retrieval", "status", "sources", "doctor", "indexer", "reindex",
        "run", "slack", "discord", "style check", "style review",
    ],
)  # fmt: skip
def test_every_command_teaches_itself(docent: CommandLine, command: str):
    """--help has a sentence and an example, each example on a line of its own."""
    done = docent(*command.split(), "--help")
    assert done.returncode == 0
    examples = [line for line in done.stdout.splitlines() if line.strip().startswith("docent ")]
    assert any(line.strip().startswith(f"docent {command}") for line in examples)
    assert all(line.count("docent ") == 1 for line in examples)


@pytest.mark.slow
def test_ctrl_c_while_it_starts_is_no_traceback(docent: CommandLine):
    """Also before anything is imported it ends with a word."""
    for seconds in (0.3, 0.2, 0.1):  # it may be done before: then sooner
        end = time.monotonic() + seconds * patience()
        code, _, err = docent.interrupt("status", when=partial(_is_over, end))
        assert "Traceback" not in err
        if code in (130, -2):  # a shell says 130 for both
            return
    raise AssertionError("it was always done before")


def _is_over(end: float) -> bool:
    return time.monotonic() > end


def test_what_a_sync_that_failed_has_kept():
    """A sync that was cut off says what is stored, and that running it again goes on from there."""
    cut_off = SyncReport("handbook", added=1_200, changed=3, error="search: Weaviate can't be reached.")
    assert report_lines(cut_off) == [
        "handbook: not synced: search: Weaviate can't be reached.",
        "  kept: 1,200 added, 3 changed. Run it again to go on from there.",
    ]
    assert report_lines(SyncReport("handbook", error="gone.")) == ["handbook: not synced: gone."]


@pytest.mark.slow
def test_what_was_asked_is_looked_back_at(docent: CommandLine):
    """questions lists it with its id, why explains it in a sentence and figures, gaps asks again."""
    docent("index")
    docent("ask", "Can I bring my dog?")
    docent("ask", "Who won the world cup in 1998?")
    listed = docent("questions")
    first, second = [line.split()[0] for line in listed.stdout.splitlines()[::2]]
    assert "world cup" in listed.stdout.splitlines()[1]
    assert docent("questions", "--outcome", "not-found").stdout.splitlines() == listed.stdout.splitlines()[:2]
    assert json.loads(docent("questions", "--bad", "--json").stdout) == []
    assert docent("why", second).stdout.splitlines()[1].startswith("It says what stands in “")
    assert docent("why").stdout.startswith(first)
    missing = docent("why", "nothing")
    assert (missing.returncode, "docent questions lists" in missing.stderr) == (1, True)
    (gap,) = json.loads(docent("gaps", "--json").stdout)["open"]
    assert (gap["question"], gap["times"]) == ("Who won the world cup in 1998?", 1)
    docent.write({"cup.md": "# World cup\n\nFrance won the world cup in 1998.\n"})
    docent("index")
    assert "1 has an answer by now" in docent("gaps").stdout
    assert docent("gaps").stdout.startswith("No gaps")


@pytest.mark.slow
def test_a_gap_is_dismissed(docent: CommandLine):
    """By its id, and for good; another id is a mistake."""
    docent("index")
    docent("ask", "Who won the world cup in 1998?")
    (gap,) = json.loads(docent("gaps", "--json").stdout)["open"]
    assert docent("gaps", "--dismiss", "00000000").returncode == 2
    assert docent("gaps", "--dismiss", gap["id"]).stdout == f"{gap['id']}: dismissed\n"
    docent("ask", "who won the WORLD CUP in 1998")
    assert docent("gaps").stdout.startswith("No gaps")


@pytest.mark.slow
@pytest.mark.parametrize("word", ["quit", "Exit", "bye!", "/q", "q"])
def test_a_chat_ends_with_the_word_for_it(docent: CommandLine, word: str):
    """Whatever people type to leave; nothing behind it is asked, and help is no question."""
    docent("index")
    done = docent("chat", stdin=f"help\n{word}\nCan I bring my dog?\n")
    assert done.returncode == 0
    assert "dog" not in done.stdout.casefold()
    assert done.stderr.count("/why, /new, /quit") == 2
    assert json.loads(docent("questions", "--json").stdout) == []
