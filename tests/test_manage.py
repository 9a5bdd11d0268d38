from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).parent.parent / "manage.py"


def _manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MANAGE), *arguments]
    environment = {**os.environ, **variables}
    environment.pop("DATABASE_URL", None)  # SQLite in DATA_DIR
    return subprocess.run(
        command, cwd=MANAGE.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PADDOCK_ENVIRONMENT": "production"}, "SECRET_KEY must be a secret of 50 characters"),
        ({"PADDOCK_ENVIRONMENT": "staging"}, "PADDOCK_ENVIRONMENT"),
        ({"BALLOT_LIFETIME_S": "soon"}, "BALLOT_LIFETIME_S"),
    ],
)
def test_a_wrong_setting_is_one_line_and_not_a_trace(
    variables: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = _manage("check", DATA_DIR=str(tmp_path), **variables)
    assert done.returncode == 1
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_database_of_an_earlier_version_is_one_line_that_names_the_command(tmp_path: Path) -> None:
    done = _manage("load_suite", "suites/toy-world.yaml", DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.endswith("Add them: python manage.py migrate\n")
    assert len(done.stderr.splitlines()) == 1
