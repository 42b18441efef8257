"""docker-compose.yml and the workflow: safe as they are, and with servers that will do."""

from pathlib import Path
from typing import Any

import yaml

from bot.backends.weaviate.server.versions import RECOMMENDED, will_do

ROOT = Path(__file__).parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())


def test_versions() -> None:
    """The Weaviate that users get is the recommended one, and the tested ones will all do."""
    assert SERVICES["weaviate"]["image"].partition(":")[2] == RECOMMENDED
    matrix = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]
    versions = [*matrix["weaviate"], *(each["weaviate"] for each in matrix["include"])]
    assert all(will_do(version) for version in versions)


def test_loopback_only() -> None:
    """No port is open to the network."""
    ports = [port for service in SERVICES.values() for port in service["ports"]]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_anonymous_access() -> None:
    """Weaviate wants a key, and no key or password stands in the file."""
    weaviate, postgres = SERVICES["weaviate"]["environment"], SERVICES["postgres"]["environment"]
    assert weaviate["AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"] == "false"
    assert weaviate["AUTHENTICATION_APIKEY_ALLOWED_KEYS"].startswith("${WEAVIATE_API_KEY:?")
    assert postgres["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_health_volumes_and_telemetry() -> None:
    """Each service says when it is well and keeps its data; Weaviate sends nothing home."""
    assert all("healthcheck" in service and service["volumes"] for service in SERVICES.values())
    assert SERVICES["weaviate"]["environment"]["DISABLE_TELEMETRY"] == "true"


def test_workflow() -> None:
    """The workflow runs `make test` with both services."""
    job = WORKFLOW["jobs"]["test"]
    assert set(job["services"]) == {"weaviate", "postgres"}
    assert any(step.get("run") == "make test" for step in job["steps"])
