"""`.env` beside docent.yaml."""

from pathlib import Path

import pytest

from bot.config.environment.env_file import read_env_file
from bot.config.loader import ConfigError, load

_YAML = "sources: []\n"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ('A="b c"', "b c"),
        ("A='b $C'", "b $C"),
        ("A=b # why", "b"),
        ("A = b", "b"),
        ("A=b$C", "b$C"),
        ("A=${C}", "${C}"),
        ("A=", ""),
        ("\ufeffA=b\r", "b"),
    ],
)
def test_values(tmp_path: Path, line: str, value: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\n", encoding="utf-8")
    assert dict(read_env_file(tmp_path).values) == {"A": value}


@pytest.mark.parametrize(
    ("text", "line"), [("A=1\n\n# b\nfoo bar\n", 4), ("A\n", 1), ("=x\n", 1), ("A=1\nB='x\n", 2)]
)
def test_what_is_no_name_and_value(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / ".env").write_text(text)
    (tmp_path / "docent.yaml").write_text(_YAML)
    with pytest.raises(ConfigError, match=rf"\.env:{line}: is no NAME=value"):
        load(tmp_path / "docent.yaml", {})


def test_none_and_no_text(tmp_path: Path) -> None:
    assert not read_env_file(tmp_path).values
    (tmp_path / ".env").mkdir()
    assert not read_env_file(tmp_path).values
    (tmp_path / ".env").rmdir()
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_env_file(tmp_path)


def test_an_empty_value_in_the_environment_switches_off(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-1\n")
    (tmp_path / "docent.yaml").write_text(_YAML)
    assert load(tmp_path / "docent.yaml", {}).slack.bot_token is not None
    assert load(tmp_path / "docent.yaml", {"SLACK_BOT_TOKEN": ""}).slack.bot_token is None


def test_a_path_starts_at_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DOCENT_DATA=state\n")
    (tmp_path / "docent.yaml").write_text(_YAML)
    assert load(tmp_path / "docent.yaml", {}).data == tmp_path / "state"
    assert load(tmp_path / "docent.yaml", {"DOCENT_DATA": "state"}).data == Path.cwd() / "state"
