from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from arena.standings import checkpoints, tallies
from arena.standings.board_votes import BoardVotes
from arena.standings.checkpoints import is_due, read_checkpoint, write_checkpoint
from arena.voting.models import Rater, Study
from arena.voting.tally_sheets import TallySheet, rebuild_tallies
from tests.factories_voting import cast

KEY = (7, "t2v")
STATE = {"names": ("ant", "bee"), "table": np.arange(12.0).reshape(3, 4), "none": np.zeros(0)}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path


def _file(key: tuple[int, str] = KEY) -> Path:
    (path,) = checkpoints._path(key).parent.iterdir()
    return path


def test_a_state_is_read_as_it_was_written_and_may_be_changed_in_memory() -> None:
    write_checkpoint(KEY, STATE)
    for _ in range(2):
        found = read_checkpoint(KEY)
        assert found is not None
        assert found["names"] == STATE["names"]
        np.testing.assert_array_equal(found["table"], STATE["table"])
        found["table"] += 1
    assert read_checkpoint((8, "t2v")) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "short", "forged", "other code", "other key"])
def test_a_file_that_is_damaged_or_another_sites_is_not_read(damage: str, settings: Settings) -> None:
    write_checkpoint(KEY, STATE)
    content = bytearray(_file().read_bytes())
    if damage == "forged":
        content[checkpoints.HEAD.size + 40] ^= 1
    if damage == "other code":
        content[0] ^= 1
    if damage == "other key":
        settings.SECRET_KEY = "another"
    length = {"cut": len(content) - 8, "empty": 0, "short": 20}.get(damage, len(content))
    _file().write_bytes(content[:length])
    assert read_checkpoint(KEY) is None


def test_a_folder_that_cannot_be_written_is_told_and_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "boards").write_text("no folder")
    write_checkpoint(KEY, STATE)
    assert "can't be kept" in caplog.text


def test_a_board_is_written_again_when_it_has_grown() -> None:
    assert not is_due(19_999, 0)
    assert is_due(20_000, 0)
    assert not is_due(20_999, 20_000)
    assert is_due(21_000, 20_000)
    assert not is_due(1_020_000, 1_000_000)
    assert is_due(1_040_000, 1_000_000)


@pytest.fixture
def kept_study(rated_study: Study) -> Study:
    """Let one process write the board of a study to a file."""
    with patch.multiple(checkpoints, LEAST=1, FEWEST=1):
        board = BoardVotes((rated_study.pk, "t2v-audio"))
        board.bring_up_to_date()
        board.keep()
    return rated_study


def _sheets_read(board: BoardVotes) -> int:
    with patch.object(BoardVotes, "_new_entries", autospec=True, side_effect=BoardVotes._new_entries) as read:
        board.bring_up_to_date()
    return read.call_count


@pytest.mark.django_db
def test_a_new_process_reads_only_what_came_later(kept_study: Study) -> None:
    key = (kept_study.pk, "t2v-audio")
    assert _sheets_read(BoardVotes(key)) == 0
    cast(kept_study, "b", rater=Rater.objects.create())
    restored = BoardVotes(key)
    assert _sheets_read(restored) == 1
    _file(key).unlink()
    fresh = BoardVotes(key)
    assert _sheets_read(fresh) == TallySheet.objects.count()
    assert restored.answers == fresh.answers
    names = [board.facts.numbered_contenders()[0] for board in (restored, fresh)]
    assert names[0] == names[1]
    votes = [tallies.votes_of(board, board.counting()) for board in (restored, fresh)]
    np.testing.assert_array_equal(votes[0].tally().counts, votes[1].tally().counts)


@pytest.mark.django_db
def test_a_rebuilt_or_renamed_past_is_read_anew(kept_study: Study) -> None:
    key, sheets = (kept_study.pk, "t2v-audio"), TallySheet.objects.count()
    contender = kept_study.contenders.first()
    assert contender is not None
    slug = contender.slug
    type(contender).objects.filter(pk=contender.pk).update(slug="renamed")
    assert _sheets_read(BoardVotes(key)) == sheets
    type(contender).objects.filter(pk=contender.pk).update(slug=slug)
    assert _sheets_read(BoardVotes(key)) == 0
    _rebuild(kept_study)
    assert _sheets_read(BoardVotes(key)) == sheets


def _rebuild(study: Study) -> None:
    with transaction.atomic():
        rebuild_tallies(study)
