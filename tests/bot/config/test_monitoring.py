"""Where a process serves what watches it, and whether it sends traces."""

from pathlib import Path

import pytest

from bot.config.loader import ConfigError, Settings, load
from bot.config.monitoring import process_of


def settings(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "docent.yaml").write_text(text)
    return load(folder / "docent.yaml", environ)


def test_nothing_is_served_unless_it_is_wanted(tmp_path: Path) -> None:
    """Without a port there is none for any process."""
    assert settings(tmp_path).monitoring.port_of("run") is None


def test_processes_of_one_machine_share_no_port(tmp_path: Path) -> None:
    """One setting is enough for all of them."""
    chosen = settings(tmp_path, "monitoring: {port: 9464}").monitoring
    assert chosen.port_of("run") == 9464
    assert chosen.port_of("slack") == 9465
    assert chosen.port_of("discord") == 9466
    assert chosen.port_of("indexer") == 9467


def test_a_process_may_have_a_port_of_its_own(tmp_path: Path) -> None:
    """In containers of their own all may have the same."""
    chosen = settings(tmp_path, "monitoring: {port: 9464, ports: {indexer: 9464}}").monitoring
    assert (chosen.port_of("indexer"), chosen.port_of("slack")) == (9464, 9465)


@pytest.mark.parametrize("text", ["{port: 0}", "{port: 70000}", "{ports: {web: 9464}}", "{prot: 9464}"])
def test_what_can_not_be_is_named(tmp_path: Path, text: str) -> None:
    """A mistake is told with its line."""
    with pytest.raises(ConfigError, match=r"docent.yaml:1: monitoring"):
        settings(tmp_path, f"monitoring: {text}")


def test_a_process_is_named_for_what_runs_in_it() -> None:
    """`docent run` is one, whatever it runs."""
    assert process_of(["the indexer"], alone=True) == "indexer"
    assert process_of(["Slack"], alone=True) == "slack"
    assert process_of(["the indexer"], alone=False) == "run"


@pytest.mark.parametrize(
    ("environ", "traced"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_where_the_environment_says_so(
    tmp_path: Path, environ: dict[str, str], *, traced: bool
) -> None:
    """An endpoint switches them on, OpenTelemetry's own switches off."""
    assert settings(tmp_path, **environ).traced is traced


def test_env_file_may_say_so_too(tmp_path: Path) -> None:
    """`.env` beside docent.yaml is as good."""
    (tmp_path / ".env").write_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318\n")
    assert settings(tmp_path).traced
