from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from arena.standings.boards import current_standing
from arena.standings.history import MOMENTS, Moment, rating_history
from arena.standings.slices import Slice
from arena.standings.standing import Standing
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Study
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def turned() -> Iterator[Study]:
    """Make a study whose second contender wins at first, and whose first one wins ever since."""
    study = make_study(prompts=4)
    with time_machine.travel(START, tick=False) as clock:
        for day, outcome in enumerate("bbab" + "aaba" * 4):
            clock.move_to(START + timedelta(days=day))
            cast(study, outcome, prompt=day % 4)
        yield study


def _standing(study: Study) -> Standing:
    return current_standing(study=study, track="t2v-audio")


def _history(study: Study, part: Slice | None = None) -> tuple[Moment, ...]:
    board = _standing(study).board
    assert board
    return rating_history(study=study, track="t2v-audio", settings=board.settings, part=part or Slice())


def test_ratings_follow_the_votes_so_far_and_end_at_the_present_ones(turned: Study) -> None:
    first, second = turned.contenders.order_by("pk").values_list("slug", flat=True)
    moments = _history(turned)
    assert moments[0].ratings[first] < moments[0].ratings[second]
    assert moments[-1].at == START + timedelta(days=19)
    board = _standing(turned).board
    assert board
    assert moments[-1].ratings == pytest.approx({row.contender: row.rating for row in board.rows})
    assert board.contenders == (first, second)
    assert len(moments) <= MOMENTS
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)


def test_a_history_is_kept_for_an_hour_and_leaves_out_excluded_votes(turned: Study) -> None:
    before = _history(turned)
    for ballot in turned.ballots.filter(vote__outcome="b", vote__created_at__lt=START + timedelta(days=2)):
        exclude_vote(vote=ballot.vote, rule="test", reason="of a test")
    assert _history(turned) == before
    cache.clear()
    assert _history(turned)[0].ratings != before[0].ratings


def test_a_slice_has_its_own_history(turned: Study) -> None:
    turned.suites.get().prompts.filter(position__lt=2).update(tags=["night"])
    assert _history(turned, Slice(tag="night"))[-1].ratings != _history(turned)[-1].ratings


def test_votes_of_one_moment_have_no_history(client: Client) -> None:
    study = make_study(prompts=4)
    with time_machine.travel(START, tick=False):
        for number in range(8):
            cast(study, "ab"[number % 3 == 0], prompt=number % 4)
        assert _history(study) == ()
        assert "<polyline" not in client.get("/boards/study/t2v-audio/").content.decode()


def test_a_row_draws_its_history_inside_its_box(turned: Study, client: Client) -> None:
    html = client.get("/boards/study/t2v-audio/").content.decode()
    lines = re.findall(r'class="spark" points="([^"]+)"', html)
    assert len(lines) == 2
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert len(points) > 5
        assert all(0 <= x <= 100 and 0 <= y <= 20 for x, y in points)
        assert points[-1][0] == 100
    (up, down) = (line.split()[-1].split(",")[1] for line in lines)
    assert float(up) < float(down)  # the first rose, and a lower y is higher
