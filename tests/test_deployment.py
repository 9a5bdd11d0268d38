"""The image and compose.yaml, read without an engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("prepare", "web", "worker", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECRET = re.compile(r"KEY|PASSWORD|TOKEN|DSN|URL")


def test_the_image_has_nothing_that_a_linter_objects_to() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_well() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d+$", final, re.MULTILINE)
    assert "arena.operations.probe" in final
    assert "pip" not in final  # what builds stays in the first stage
    assert DOCKERFILE.count("\nFROM ") == 2


def test_the_image_copies_no_data_and_no_history() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", "data"} <= set(ignored)


def test_compose_has_every_process_of_a_site() -> None:
    assert set(SERVICES) == {*OURS, "proxy", "database", "broker"}
    assert SERVICES["database"]["image"].startswith("postgres:")
    assert SERVICES["broker"]["image"].startswith("redis:")
    assert "--appendonly yes" in SERVICES["broker"]["command"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_commands_of_processes_are_the_documented_ones(name: str) -> None:
    assert SERVICES[name]["command"] in OPERATIONS


def test_the_web_process_starts_as_the_image_does() -> None:
    started = re.findall(r'"([^"]+)"', DOCKERFILE.rpartition("\nCMD ")[2])
    assert " ".join(started) == SERVICES["web"]["command"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    given = SERVICES[name].get("environment", {})
    for variable, value in given.items():
        if SECRET.search(variable):
            assert "$" in value or value == "redis://broker/0", variable
    assert not re.search(r"://[^$/@\s]+:[^$@\s]+@", str(given))


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
def test_what_a_site_must_choose_has_no_default(name: str) -> None:
    assert ":?" in SERVICES["web"]["environment"][name]


@pytest.mark.parametrize("name", OURS)
def test_settings_are_those_of_the_readme(name: str) -> None:
    given = set(SERVICES[name]["environment"]) - {"WEB_CONCURRENCY"}  # gunicorn's own
    assert [each for each in sorted(given) if f"| `{each}` |" not in README] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_process_waits_for_services_that_exist_and_say_when_they_are_ready(name: str) -> None:
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        if condition["condition"] == "service_healthy":
            is_image = other in OURS
            assert is_image or "healthcheck" in SERVICES[other]
        else:
            assert (other, condition) == ("prepare", {"condition": "service_completed_successfully"})


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_every_volume_that_is_named_exists() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }
    assert used == set(COMPOSE["volumes"])
    mounted = [volume for volume in SERVICES["proxy"]["volumes"] if volume.startswith("./")]
    assert all((ROOT / volume.partition(":")[0]).is_file() for volume in mounted)
