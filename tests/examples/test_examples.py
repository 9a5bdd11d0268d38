from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from arena.api.tokens import create_token
from arena.standings.boards import current_standing
from arena.voting.models import Study
from tests.factories_voting import make_rated_study

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EXAMPLES = Path(__file__).parents[2] / "examples"
TRACK = "t2v-audio"


@pytest.fixture
def study() -> Study:
    return make_rated_study()


def _run(script: str, arena: LiveServer, *options: str) -> str:
    command = [sys.executable, str(EXAMPLES / script), arena.url, "study", TRACK, *options]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "MPLBACKEND": "agg"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _by_contender(text: str, column: int) -> dict[str, str]:
    lines = [line.split() for line in text.splitlines() if "contender-" in line]
    return {next(word for word in line if word.startswith("contender-")): line[column] for line in lines}


def test_a_board_is_read_into_pandas(study: Study, live_server: LiveServer) -> None:
    board = current_standing(study=study, track=TRACK).board
    assert board is not None
    told = _by_contender(_run("read_board.py", live_server), 3)
    assert told == {row.contender: f"{row.rating:.1f}" for row in board.rows}


def test_votes_are_fitted_again_with_other_settings(study: Study, live_server: LiveServer) -> None:
    board = current_standing(study=study, track=TRACK).board
    assert board is not None
    told = _run("refit_votes.py", live_server, f"--token={create_token('ada', ['votes'])}")
    assert _by_contender(told, -1) == {row.contender: str(row.votes) for row in board.rows}
    assert _by_contender(told, 2) != {row.contender: f"{row.rating:.1f}" for row in board.rows}


def test_the_forest_plot_is_drawn(study: Study, live_server: LiveServer, tmp_path: Path) -> None:
    _run("draw_forest.py", live_server, str(tmp_path / "forest.svg"))
    assert "</svg>" in (tmp_path / "forest.svg").read_text()


def test_every_example_is_run() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == [
        "draw_forest.py",
        "read_board.py",
        "refit_votes.py",
    ]
