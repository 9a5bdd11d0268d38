from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.utils import timezone

from arena.standings.boards import current_standing
from arena.standings.breaks import board_breaks
from arena.voting.models import Rater, Study
from arena.voting.votes import exclude_rater, exclude_vote
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def test_without_removals_there_is_no_break(rated_study: Study) -> None:
    assert board_breaks(study=rated_study, track=TRACK) == ()


def test_a_removed_rater_is_one_break_with_the_boards_before_and_after(rated_study: Study) -> None:
    clean = current_standing(study=rated_study, track=TRACK).board
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    stuffed = current_standing(study=rated_study, track=TRACK).board
    assert clean is not None
    assert stuffed is not None
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    cast(rated_study, "a")
    (found,) = board_breaks(study=rated_study, track=TRACK)
    assert (found.rule, found.reason, found.removed) == ("robot", "Votes in its sleep.", 9)
    assert found.before == stuffed.rows
    assert found.after == clean.rows


def test_removals_by_another_rule_or_hours_later_are_breaks_of_their_own(rated_study: Study) -> None:
    start = current_standing(study=rated_study, track=TRACK).board
    votes = [cast(rated_study, "b") for _ in range(3)]
    exclude_vote(vote=votes[0], rule="robot", reason="Votes in its sleep.")
    exclude_vote(vote=votes[1], rule="withdrawn", reason="Asked to.")
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        exclude_vote(vote=votes[2], rule="withdrawn", reason="Asked to.")
        found = board_breaks(study=rated_study, track=TRACK)
    assert [each.rule for each in found] == ["robot", "withdrawn", "withdrawn"]
    assert start is not None
    assert found[-1].after == start.rows
    for one, later in pairwise(found):
        assert one.after == later.before
