from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from arena.version import VERSION, code_version


def _commit(folder: Path) -> str:
    """Make the folder a repository with one commit; return its short name."""
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], [*author, "commit", "-q", "--allow-empty", "-m", "First"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    command = ["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def no_repository_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_checkout_names_its_commit(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    commit = _commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{12}", commit)
    assert code_version() == f"{VERSION}+{commit}"


def test_a_path_through_a_link_is_the_same_checkout(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    settings.BASE_DIR = tmp_path / "link"
    commit = _commit(tmp_path / "real")
    assert code_version() == f"{VERSION}+{commit}"


def test_a_repository_around_an_installed_copy_is_not_ours(tmp_path: Path, settings: Settings) -> None:
    _commit(tmp_path)
    settings.BASE_DIR = tmp_path / "lib" / "site-packages"
    settings.BASE_DIR.mkdir(parents=True)
    assert code_version() == VERSION


def test_the_variables_of_a_hook_name_another_repository(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    commit, _ = _commit(ours), _commit(theirs)
    settings.BASE_DIR = ours
    monkeypatch.setenv("GIT_DIR", str(theirs / ".git"))
    assert code_version() == f"{VERSION}+{commit}"


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_without_git_the_version_stands_alone(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    settings.BASE_DIR = tmp_path
    monkeypatch.setenv("PATH", path)
    assert code_version() == VERSION
