from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).parent.parent / "manage.py"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PADDOCK_ENVIRONMENT": "production"}, "SECRET_KEY is missing"),
        ({"PADDOCK_ENVIRONMENT": "staging"}, "PADDOCK_ENVIRONMENT"),
        ({"BALLOT_LIFETIME_S": "soon"}, "BALLOT_LIFETIME_S"),
    ],
)
def test_a_wrong_setting_is_one_line_and_not_a_trace(
    variables: dict[str, str], named: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), **variables}
    command = [sys.executable, str(MANAGE), "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1
