from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from generators.replacing import replacing


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "state.pt").write_text("old")
    return tmp_path / "state.pt"


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_new_file_takes_the_place_of_the_old_one_when_it_is_whole(old: Path) -> None:
    with replacing(old) as draft:
        draft.write_text("new")
        assert old.read_text() == "old"
    assert _files(old.parent) == {"state.pt": "new"}


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_the_writing_leaves_the_old_file_alone(old: Path, error: type[BaseException]) -> None:
    with suppress(error), replacing(old) as draft:
        draft.write_text("ne")
        raise error
    assert _files(old.parent) == {"state.pt": "old"}


def test_a_block_that_writes_nothing_is_an_error(old: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"state\.pt"), replacing(old):
        pass
    assert _files(old.parent) == {"state.pt": "old"}


def test_two_names_that_differ_in_their_ending_do_not_share_a_draft(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.pt") as first, replacing(tmp_path / "a.json") as second:
        first.write_text("1")
        second.write_text("2")
    assert _files(tmp_path) == {"a.pt": "1", "a.json": "2"}


def test_a_kill_leaves_the_old_file_and_the_next_start_replaces_it(old: Path) -> None:
    killed = (
        "import os, sys; from pathlib import Path; from generators.replacing import replacing\n"
        "with replacing(Path(sys.argv[1])) as draft:\n"
        "    draft.write_text('half of a long file'); os.kill(os.getpid(), 9)"
    )
    status = subprocess.run([sys.executable, "-c", killed, str(old)]).returncode
    assert status == -signal.SIGKILL
    assert _files(old.parent) == {"state.pt": "old", "state.pt.part": "half of a long file"}
    with replacing(old) as draft:
        draft.write_text("new")
    assert _files(old.parent) == {"state.pt": "new"}
