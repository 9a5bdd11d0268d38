from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

LOADED = """
import json, sys
import arena.wsgi
from django.urls import get_resolver
get_resolver().url_patterns  # what the first request would import
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def test_the_web_process_loads_nothing_heavy(tmp_path: Path) -> None:
    """Each of these takes a second or hundreds of megabytes, in every web process."""
    found = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(found.stdout))
    assert {"arena", "django", "elo"} <= loaded
    assert loaded & {"torch", "pandas", "matplotlib"} == set()
