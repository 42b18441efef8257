"""docent.yaml and the environment: what is read, what is refused, and in which words."""

import os
from pathlib import Path

import pytest

from bot.config.base import FilePath, Section
from bot.config.loader import ConfigError, Settings, load
from bot.config.sources import Every

MINIMAL = (
    'sources: [{name: handbook, type: folder, path: ./docs, include: ["**/*.md"], audience: [everyone]}]\n'
)


def written(folder: Path, text: str) -> Path:
    path = folder / "docent.yaml"
    path.write_text(text)
    return path


def loaded(folder: Path, text: str) -> Settings:
    return load(written(folder, text))


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with the file, without its name."""
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text)
    return [str(problem).replace(f"{folder}/docent.yaml", "docent.yaml") for problem in raised.value.problems]


# --- what is read ---------------------------------------------------------------------------------


def test_the_minimal_file_works(tmp_path: Path):
    """One source and a model on disk are all that is needed; the rest has defaults."""
    model = "embedder: {local: {path: ./m, file: model_int8.onnx, dimensions: 384, pooling: mean}}\n"
    settings = loaded(tmp_path, MINIMAL + model)
    (source,) = settings.sources
    assert (source.name, source.type, source.audience) == ("handbook", "folder", frozenset({"everyone"}))
    assert source.options == {"path": "./docs", "include": ["**/*.md"]}
    local = settings.embedder_choice.local
    assert (local.path, local.file, local.dimensions) == (tmp_path / "m", "model_int8.onnx", 384)
    assert settings.data == tmp_path / ".docent"
    assert settings.writer_choice.kind == "extractive"
    assert settings.reranker_choice.kind == "none"
    assert not settings.weaviate.chosen


def test_an_empty_file_is_all_defaults(tmp_path: Path):
    """Nothing but comments is a configuration without sources."""
    assert loaded(tmp_path, "# nothing yet\n").sources == ()


def test_the_file_is_found_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """DOCENT_CONFIG names the file where no option does."""
    monkeypatch.setenv("DOCENT_CONFIG", str(written(tmp_path, MINIMAL)))
    assert load().sources[0].name == "handbook"


def test_paths_start_at_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Relative paths don't depend on where the command runs; ~ is the home folder; DOCENT_DATA is the caller's."""
    monkeypatch.setenv("HOME", "/home/me")
    settings = loaded(tmp_path, "style: ~/style\nembedder: {local: {path: m, dimensions: 3}}\ndata: state\n")
    assert settings.style.path == Path("/home/me/style")
    assert settings.embedder_choice.local.path == tmp_path / "m"
    assert settings.data == tmp_path / "state"
    monkeypatch.setenv("DOCENT_DATA", "elsewhere")
    assert loaded(tmp_path, "").data == Path.cwd() / "elsewhere"


def test_keys_in_the_environment_choose_the_backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With COHERE_API_KEY and WEAVIATE_URL set both are used, with no other change."""
    monkeypatch.setenv("COHERE_API_KEY", "c-key")
    monkeypatch.setenv("WEAVIATE_URL", "http://w:8080")
    settings = loaded(tmp_path, MINIMAL)
    chosen = (settings.embedder_choice.kind, settings.reranker_choice.kind, settings.writer_choice.kind)
    assert chosen == ("cohere", "cohere", "cohere")
    assert settings.weaviate.chosen
    assert settings.weaviate.url == "http://w:8080"


def test_the_file_may_leave_a_backend_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is said in the file goes before what the keys imply."""
    monkeypatch.setenv("COHERE_API_KEY", "c-key")
    monkeypatch.setenv("WEAVIATE_URL", "http://w:8080")
    settings = loaded(tmp_path, "embedder: none\nreranker: off\nwriter: extractive\nweaviate: off\n")
    chosen = (settings.embedder_choice.kind, settings.reranker_choice.kind, settings.writer_choice.kind)
    assert chosen == ("none", "none", "extractive")
    assert not settings.weaviate.chosen


@pytest.mark.parametrize(
    ("text", "key"),
    [("weaviate: embedded", None), ("weaviate: http://w:8080", None), ("weaviate: {collection: Docs}", "k")],
)
def test_short_forms_go_with_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, key: str | None
):
    """A section in its short form still takes what the environment adds."""
    if key:
        monkeypatch.setenv("WEAVIATE_URL", "http://w:8080")
    monkeypatch.setenv("WEAVIATE_API_KEY", "w-key")
    weaviate = loaded(tmp_path, text).weaviate
    assert weaviate.chosen
    assert weaviate.api_key is not None


def test_a_wrong_short_form_is_named_beside_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the environment adds doesn't hide what is wrong in the file."""
    monkeypatch.setenv("WEAVIATE_URL", "http://w:8080")
    (said,) = problems(tmp_path, "weaviate: embeded")
    assert said.startswith("docent.yaml:1: weaviate: expected embedded, none")


def test_every_name_of_the_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each of them lands in its section."""
    names = [
        "DATABASE_URL",
        "COHERE_API_KEY",
        "COHERE_BASE_URL",
        "WEAVIATE_URL",
        "WEAVIATE_GRPC_URL",
        "WEAVIATE_API_KEY",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_API_URL",
        "DISCORD_TOKEN",
        "DISCORD_API_URL",
        "DISCORD_GATEWAY_URL",
    ]
    for name in names:
        monkeypatch.setenv(name, f"http://{name.lower()}")
    s = loaded(tmp_path, MINIMAL)
    plain = [s.cohere.base_url, s.weaviate.url, s.weaviate.grpc_url, s.slack.api_url, s.discord.api_url]
    secret = [
        s.journal.url,
        s.cohere.api_key,
        s.weaviate.api_key,
        s.slack.bot_token,
        s.slack.app_token,
        s.slack.signing_secret,
        s.discord.token,
    ]
    found = [*plain, s.discord.gateway_url, *(each.get_secret_value() for each in secret if each)]
    assert sorted(found) == sorted(f"http://{name.lower()}" for name in names)


def test_an_empty_name_of_the_environment_is_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`COHERE_API_KEY=` in a compose file is no key."""
    monkeypatch.setenv("COHERE_API_KEY", "")
    assert loaded(tmp_path, MINIMAL).writer_choice.kind == "extractive"


def test_names_in_texts_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`${NAME}` stands for a name of the environment; a secret given so is kept."""
    monkeypatch.setenv("WIKI_TOKEN", "t0ken")
    settings = loaded(
        tmp_path,
        "sources: [{name: wiki, type: x, audience: a, webhook: '${WIKI_TOKEN}', token: 'Bearer ${WIKI_TOKEN}'}]\n"
        "slack: {bot_token: '${WIKI_TOKEN}'}\n",
    )
    assert settings.sources[0].options == {"token": "Bearer t0ken"}
    assert settings.slack.bot_token is not None
    assert settings.slack.bot_token.get_secret_value() == "t0ken"
    assert "t0ken" in settings.secrets()


def test_times_and_cycles_are_words(tmp_path: Path):
    """15m, 2h, 90d and cron lines."""
    settings = loaded(
        tmp_path,
        "indexer: {every: 15m}\nlimits: {stale_after: 90d, embed_deadline: 2}\n"
        "sources: [{name: a, type: x, audience: a, every: '*/10 6 1,15 jan-jun 1-5'}]\n",
    )
    assert settings.indexer.every == Every(seconds=900.0)
    assert settings.limits.stale_after == 90 * 86400
    assert settings.limits.embed_deadline == 2.0
    assert settings.sources[0].every == Every(cron="*/10 6 1,15 jan-jun 1-5")


def test_ids_may_be_written_as_numbers(tmp_path: Path):
    """Discord's ids look like numbers and stay text, whole."""
    settings = loaded(
        tmp_path,
        "discord: {guilds: {1182736455019283746: {admin_roles: [1182736455019283747],"
        " channels: {1182736455019283748: {audience: everyone}}}}}\n",
    )
    guild = settings.discord.guilds["1182736455019283746"]
    assert guild.admin_roles == {"1182736455019283747"}
    assert guild.channels["1182736455019283748"].audience == {"everyone"}


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither repr nor str of the settings holds a secret."""
    monkeypatch.setenv("COHERE_API_KEY", "c-s3cret")
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p4ss@h/d")
    settings = loaded(tmp_path, MINIMAL)
    assert "s3cret" not in repr(settings) + str(settings)
    assert "p4ss" not in repr(settings)
    assert set(settings.secrets()) == {"c-s3cret", "postgres://u:p4ss@h/d"}


def test_sources_secrets_are_never_shown(tmp_path: Path):
    """What a source's options call a token, key, secret or password is a secret, however deep it stands."""
    settings = loaded(
        tmp_path,
        "sources: [{name: a, type: x, audience: a, site: 'https://s', token: t0ken,"
        " options: {aws_secret: s3cret, region: eu}}]\n",
    )
    assert set(settings.secrets()) == {"t0ken", "s3cret"}
    assert "t0ken" not in repr(settings)
    assert "s3cret" not in str(settings)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("embeder: local", "docent.yaml:1: embeder: unknown key; did you mean embedder?"),
        ("\nlimits:\n  question_per_minute: 3", "docent.yaml:3: limits.question_per_minute: unknown key; did you mean questions_per_minute?"),
        ("slack: {mode: sockets}", "docent.yaml:1: slack.mode: expected one of socket, http, got 'sockets'; did you mean socket?"),
        ("writer: coher", "docent.yaml:1: writer.coher: unknown key; did you mean cohere?"),
        ("weaviate: embeded", "docent.yaml:1: weaviate: expected embedded, none, or the address of a server, got 'embeded'"),
        ("limits:\n  questions_per_minute: many", "docent.yaml:2: limits.questions_per_minute: expected a whole number, got 'many'"),
        ("limits: {questions_per_minute: 0}", "docent.yaml:1: limits.questions_per_minute: expected a number of at least 1, got 0"),
        ("indexer: {every: often}", 'docent.yaml:1: indexer.every: expected a cycle such as 15m or 2h, or a cron line such as "0 6 * * 1-5" or @daily'),
        ("indexer: {every: '0 25 * * *'}", "docent.yaml:1: indexer.every: the cron line's hour is '25'; expected 0 to 23, *, a range or */n, as in \"0 6 * * 1-5\" or @daily"),
        ("indexer: {dask: scheduler}", "docent.yaml:1: indexer.dask.address: expected the scheduler's address such as tcp://scheduler:8786 or tls://scheduler:8786, got 'scheduler'"),
        ("indexer: {dask: 'tcp://h:99999'}", "docent.yaml:1: indexer.dask.address: expected the scheduler's address such as tcp://scheduler:8786 or tls://scheduler:8786, got 'tcp://h:99999'"),
        ("indexer: {dask: {address: 'tls://h:1', tls_cert: c.pem}}", "docent.yaml:1: indexer.dask: a tls:// address needs tls_ca_file, tls_key as well"),
        ("indexer: {dask: {address: 'tcp://h:1', tls_cert: c.pem}}", "docent.yaml:1: indexer.dask: tls_cert is for an address that begins with tls://"),
        ("sources: [{name: a, type: x, audience: e, timezone: Europe/Berln}]", "docent.yaml:1: sources[0].timezone: expected a time zone such as Europe/Berlin, got 'Europe/Berln'; did you mean Europe/Berlin?"),
        ("limits: {stale_after: soon}", "docent.yaml:1: limits.stale_after: expected a time such as 30s, 15m, 2h or 90d"),
        ("sources:\n  handbook: ./docs", "docent.yaml:1: sources: expected a list, got keys with values"),
        ("slack: {channels: {C1: {language: no}}}", "docent.yaml:1: slack.channels.C1.language: expected text, got false (YAML reads yes, no, on and off so; text needs quotes)"),
        ("embedder: {local: {}, cohere: {}}", "docent.yaml:1: embedder: expected one of static, local, cohere, openai, none"),
        ("writer: cohere", "docent.yaml:1: writer: cohere needs COHERE_API_KEY in the environment"),
        ("cohere:\n  api_key: abc", "docent.yaml:2: cohere.api_key: is a secret: leave it out here and set COHERE_API_KEY in the environment"),
        ("style: ${NOWHERE}/style", "docent.yaml:1: style: NOWHERE is not set in the environment"),
        ("slack: {}\nslack: {}", "docent.yaml:2: slack: stands here a second time"),
        ("path: x", "docent.yaml:1: path: unknown key"),
        ("- a list", "docent.yaml:1: expected keys with values, such as sources: [...]"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named_with_the_right_one(tmp_path: Path, text: str, said: str):
    """Each problem names its line, what was expected and the nearest right word."""
    assert problems(tmp_path, text) == [said]


def test_all_problems_are_named_at_once(tmp_path: Path):
    """In the order of their lines."""
    text = "sources:\n  - name: Hand Book\n    typ: folder\nembeder: local\n"
    assert [each.partition(" ")[0] for each in problems(tmp_path, text)] == [
        "docent.yaml:2:",
        "docent.yaml:2:",
        "docent.yaml:2:",
        "docent.yaml:4:",
    ]
    assert "docent.yaml:2: sources[0].type: is missing; was it written typ?" in problems(tmp_path, text)


def test_a_source_without_an_audience_is_refused(tmp_path: Path):
    """Who may see its pages must be said: nothing is public by accident."""
    assert problems(tmp_path, "sources: [{name: a, type: folder, path: .}]") == [
        "docent.yaml:1: sources[0].audience: is missing"
    ]


def test_two_sources_of_one_name_are_refused(tmp_path: Path):
    """Their pages would be mixed up."""
    text = "sources:\n- {name: a, type: x, audience: e}\n- {name: a, type: x, audience: e}\n"
    assert problems(tmp_path, text) == ["docent.yaml:3: sources[1].name: a names another source already"]


def test_audiences_are_checked_where_they_are_declared(tmp_path: Path):
    """A slip in an audience's name would hide pages in silence."""
    text = "audiences: {staff: {}}\nsources:\n- {name: a, type: x, audience: [everyone, staf]}\n"
    assert problems(tmp_path, text) == [
        "docent.yaml:3: sources[0].audience: staf is not one of the audiences; did you mean staff?"
    ]


@pytest.mark.parametrize(
    "text", ["sources: [", "a: b: c", "\tsources: x", "sources: !!python/object:os.system x"]
)
def test_broken_yaml_is_named_with_its_line(tmp_path: Path, text: str):
    """Also tags that would run code."""
    (said,) = problems(tmp_path, text)
    assert said.startswith("docent.yaml:1: is not YAML: ")


def test_a_missing_file_says_how_to_begin(tmp_path: Path):
    """With a file to start from."""
    with pytest.raises(ConfigError, match=r"there is no such file(.|\n)*sources:"):
        load(tmp_path / "docent.yaml")


def test_what_is_no_text_file_is_named(tmp_path: Path):
    """A folder, or bytes that are no UTF-8."""
    with pytest.raises(ConfigError, match="is a folder; expected a YAML file"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(tmp_path / "latin.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path):
    """With the system's reason."""
    path = written(tmp_path, MINIMAL)
    path.chmod(0)
    with pytest.raises(ConfigError, match="can't be read: Permission denied"):
        load(path)


# --- options of a source's type -------------------------------------------------------------------


class Options(Section):
    path: FilePath
    include: tuple[str, ...] = ()


def test_a_types_options_know_their_folder_and_line(tmp_path: Path):
    """A source's own model is checked with the file's lines and folder."""
    settings = loaded(tmp_path, MINIMAL)
    assert settings.sources[0].parse(Options) == Options.model_construct(
        path=tmp_path / "docs", include=("**/*.md",)
    )
    wrong = loaded(tmp_path, "sources:\n- name: a\n  type: folder\n  audience: e\n  pth: x\n  inclde: []\n")
    with pytest.raises(ConfigError) as raised:
        wrong.sources[0].parse(Options)
    assert [str(each).rpartition("/")[2] for each in raised.value.problems] == [
        "docent.yaml:2: sources[0].path: is missing; was it written pth?",
        "docent.yaml:5: sources[0].pth: unknown key; did you mean path?",
        "docent.yaml:6: sources[0].inclde: unknown key; did you mean include?",
    ]


def test_what_a_part_finds_wrong_is_named_the_same_way(tmp_path: Path):
    """Whoever uses a value may refuse it with its line."""
    source = loaded(tmp_path, "sources:\n- name: a\n  type: foldr\n  audience: e\n").sources[0]
    assert str(source.wrong("type", "unknown")).endswith("docent.yaml:3: sources[0].type: unknown")


def test_only_keys_of_the_file_are_proposed(tmp_path: Path):
    """`path` is the file's own place, and no key of it."""
    (said,) = problems(tmp_path, "zzz: 1")
    assert "expected one of anthropic, " in said
    assert " path," not in said
