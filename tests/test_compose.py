"""docker-compose.yml and the workflow: safe as they are, and with servers that will do."""

import re
from pathlib import Path
from typing import Any

import yaml

from bot.backends.weaviate.server.versions import RECOMMENDED, will_do

ROOT = Path(__file__).parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())


def test_versions() -> None:
    """The Weaviate that users get is the recommended one, which will do, and the one that is tested."""
    image = SERVICES["weaviate"]["image"]
    assert image.partition(":")[2].partition("@")[0] == RECOMMENDED
    assert will_do(RECOMMENDED)
    assert WORKFLOW["jobs"]["test"]["services"]["weaviate"]["image"] == image


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


def test_what_others_could_change_is_pinned() -> None:
    """An action is run as the commit that was looked at, a database's image as its digest."""
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one) for one in used)
    services = [*SERVICES.values(), *WORKFLOW["jobs"]["test"]["services"].values()]
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", service["image"]) for service in services)
    assert len({service["image"] for service in services}) == len(SERVICES)
