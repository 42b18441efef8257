"""docker-compose.yml and the workflows: safe as they are, and with servers that will do."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from adapters.cli.app import app
from bot.backends.weaviate.server.versions import RECOMMENDED, will_do
from bot.config.environment.names import Environment

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS, SERVERS = ("docent", "alone"), ("weaviate", "postgres")
WORKFLOWS: dict[str, Any] = {
    path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").iterdir()
}
TESTED: dict[str, Any] = WORKFLOWS["ci"]["jobs"]["test"]


def test_versions() -> None:
    """The Weaviate that users get is the recommended one, which will do, and the one that is tested."""
    image = SERVICES["weaviate"]["image"]
    assert image.partition(":")[2].partition("@")[0] == RECOMMENDED
    assert will_do(RECOMMENDED)
    assert TESTED["services"]["weaviate"]["image"] == image


def test_loopback_only() -> None:
    """No port is open to the network."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_anonymous_access() -> None:
    """Weaviate wants a key, and no key or password stands in the file."""
    weaviate, postgres = SERVICES["weaviate"]["environment"], SERVICES["postgres"]["environment"]
    assert weaviate["AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"] == "false"
    assert weaviate["AUTHENTICATION_APIKEY_ALLOWED_KEYS"].startswith("${WEAVIATE_API_KEY:?")
    assert postgres["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_no_more_than_it_needs(name: str) -> None:
    """Its root is read-only, it has none of root's rights and gets none, and it says when it is well."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(place.startswith("/tmp") for place in service["tmpfs"])  # noqa: S108 - in the container
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_writes_is_kept(name: str) -> None:
    """Each has a volume that the file declares; what is yours is read-only."""
    volumes = [volume.split(":") for volume in SERVICES[name]["volumes"]]
    kept = [volume[0] for volume in volumes if not volume[0].startswith((".", "/"))]
    assert kept
    assert set(kept) <= COMPOSE["volumes"].keys()
    assert all(volume[2] == "ro" for volume in volumes if volume[0].startswith((".", "/")))


def test_telemetry() -> None:
    """Weaviate sends nothing home."""
    assert SERVICES["weaviate"]["environment"]["DISABLE_TELEMETRY"] == "true"


def test_the_whole_product_starts_in_order() -> None:
    """Docent waits for both servers; alone it waits for none, and comes only when it is asked for."""
    waits = SERVICES["docent"]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in SERVERS}
    assert "depends_on" not in SERVICES["alone"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["alone"]


@pytest.mark.parametrize("name", OURS)
def test_docent_runs_what_there_is(name: str) -> None:
    """Its health check is a command of ours, the container sees no .env, and is given time to end."""
    program, command = SERVICES[name]["healthcheck"]["test"][1:]
    assert (program, command in typer.main.get_command(app).commands) == ("docent", True)  # type: ignore[attr-defined]
    assert "/dev/null:/etc/docent/.env:ro" in SERVICES[name]["volumes"]
    assert SERVICES[name]["env_file"] == [".env"]
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 25


def test_docents_variables_are_its_own() -> None:
    """Each name that is set for it is one that it reads, and leads to the services beside it."""
    given = SERVICES["docent"]["environment"]
    assert {name.lower() for name in given} <= Environment.model_fields.keys()
    hosts = {
        re.split(r"[/:@]+", value)[1 if "//" in value else 0]
        for name, value in given.items()
        if "URL" in name
    }
    assert hosts - {"docent"} == {"weaviate"}
    assert given["DATABASE_URL"].endswith("@postgres/docent")


def test_each_variable_of_the_file_is_in_the_docs() -> None:
    """Who reads docs/container.md knows what .env has to hold."""
    names = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    page = (ROOT / "docs/container.md").read_text()
    assert names == {"WEAVIATE_API_KEY", "POSTGRES_PASSWORD", "DOCENT_IMAGE"}
    assert [name for name in names if name not in page] == []


# --- the workflows --------------------------------------------------------------------------------


def test_ci() -> None:
    """The workflow runs all tests with both services."""
    assert set(TESTED["services"]) == {"weaviate", "postgres"}
    assert any(step.get("run") == "make test-all" for step in TESTED["steps"])


def test_what_others_could_change_is_pinned() -> None:
    """An action is run as the commit that was looked at, an image as its digest."""
    jobs = [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)
    services = [*(SERVICES[name] for name in SERVERS), *TESTED["services"].values()]
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", service["image"]) for service in services)
    assert len({service["image"] for service in services}) == len(SERVERS)


def test_a_release_says_what_is_in_it() -> None:
    """The image is pushed with its SBOM and provenance; only the job that publishes may write to the repository."""
    jobs = WORKFLOWS["release"]["jobs"]
    (pushed,) = [step["with"] for step in jobs["image"]["steps"] if "build-push" in step.get("uses", "")]
    assert (pushed["sbom"], pushed["provenance"], pushed["push"]) == (True, "mode=max", True)
    assert WORKFLOWS["release"]["permissions"] == {"contents": "read"}
    writers = [name for name, job in jobs.items() if job.get("permissions", {}).get("contents") == "write"]
    assert writers == ["publish"]
    assert set(jobs["publish"]["needs"]) == {"distributions", "image"}
