"""deploy/kubernetes: what it starts exists, with no more rights than it needs, and its settings load."""

from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from adapters.cli.app import app
from bot.config.environment.names import Environment
from bot.config.loader import load

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "deploy/kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
ALL: list[dict[str, Any]] = [
    made for name in KUSTOMIZATION["resources"] for made in yaml.safe_load_all((FOLDER / name).read_text())
]
DEPLOYMENTS = {made["metadata"]["name"]: made for made in ALL if made["kind"] == "Deployment"}
RUNNING = {made["metadata"]["name"]: made for made in ALL if made["kind"] in ("Deployment", "Job")}
# Which port a part's probes are answered at, where `monitoring: {port: 9464}`.
PORTS = {"slack": 9465, "discord": 9466, "indexer": 9467}


def container(name: str) -> dict[str, Any]:
    (only,) = RUNNING[name]["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_each_file_is_applied() -> None:
    """No manifest is forgotten, and the example of a Secret is never applied."""
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert there - set(KUSTOMIZATION["resources"]) == {"secret.example.yaml"}
    assert set(RUNNING) == {"docent-slack", "docent-discord", "docent-indexer", "docent-migrate"}


@pytest.mark.parametrize("name", RUNNING)
def test_it_starts_what_there_is(name: str) -> None:
    """Its words are a command of ours, with options that it has; its image is the one that kustomize names."""
    words = container(name)["args"]
    known = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    options = {option for parameter in known.params for option in parameter.opts}
    assert {word for word in words[1:] if word.startswith("-")} <= options
    assert container(name)["image"] == KUSTOMIZATION["images"][0]["name"]


@pytest.mark.parametrize("name", RUNNING)
def test_it_has_no_more_rights_than_it_needs(name: str) -> None:
    """The image's own user, a read-only root, no capability, no key to the cluster; it writes to two folders."""
    pod = RUNNING[name]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (65532, True)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container(name)["volumeMounts"]}
    assert mounts == {"/etc/docent": True, "/data": False, "/tmp": False}  # noqa: S108 - in the container
    assert {mount["name"] for mount in container(name)["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    assert container(name)["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_probes(name: str) -> None:
    """Whether it lives and whether it is ready are asked at the port that this part has."""
    part = container(name)
    assert [port["containerPort"] for port in part["ports"]] == [PORTS[part["args"][0]]]
    asked = {kind: part[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: get["path"] for kind, get in asked.items()} == {
        "startup": "/health",
        "liveness": "/health",
        "readiness": "/ready",
    }
    assert {get["port"] for get in asked.values()} == {part["ports"][0]["name"]}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_what_is_being_answered_may_end(name: str) -> None:
    """A pod gets longer to stop than answers do, and its labels are those that it is found by."""
    spec = DEPLOYMENTS[name]["spec"]
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > 25
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]


def test_one_of_several_stays() -> None:
    """Each part that runs more than once has a disruption budget and is spread; Discord runs once."""
    several = {name for name, made in DEPLOYMENTS.items() if made["spec"]["replicas"] > 1}
    budgets = {
        made["metadata"]["name"]: made["spec"] for made in ALL if made["kind"] == "PodDisruptionBudget"
    }
    assert several == budgets.keys() == {"docent-slack", "docent-indexer"}
    for name in several:
        assert budgets[name]["selector"] == DEPLOYMENTS[name]["spec"]["selector"]
        assert "topologySpreadConstraints" in DEPLOYMENTS[name]["spec"]["template"]["spec"]
    assert DEPLOYMENTS["docent-discord"]["spec"]["strategy"] == {"type": "Recreate"}


def test_the_settings_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ConfigMap's docent.yaml is accepted, with the names that the Secret sets."""
    (config,) = [made for made in ALL if made["kind"] == "ConfigMap"]
    secret = yaml.safe_load((FOLDER / "secret.example.yaml").read_text())
    assert {name.lower() for name in secret["stringData"]} <= Environment.model_fields.keys()
    for name, value in secret["stringData"].items():
        monkeypatch.setenv(name, value)
    told = yaml.safe_load(config["data"]["docent.yaml"])
    assert told["monitoring"] == {"port": 9464, "host": "0.0.0.0"}  # noqa: S104 - the kubelet asks from outside
    (tmp_path / "docent.yaml").write_text(yaml.safe_dump(told))
    settings = load(tmp_path / "docent.yaml")
    assert settings.weaviate.chosen
    assert settings.journal.url is not None
    assert [source.type for source in settings.sources] == ["git"]
