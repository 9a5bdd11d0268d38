from __future__ import annotations

import inspect
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from arena.standings import breaks
from arena.standings.boards import current_standing
from arena.standings.breaks import board_breaks
from arena.standings.default_changes import DEFAULT_CHANGES, DefaultChange
from arena.voting.exclusions import exclude_rater, exclude_vote, undo_rule
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Rater, Study
from arena.voting.rule_changes import change_rules
from arena.voting.terms import Terms
from elo import fit
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
    assert (found.rule, found.reason, found.votes) == ("robot", "Votes in its sleep.", 9)
    assert found.before == stuffed.rows
    assert found.after == clean.rows


def test_votes_that_count_again_are_a_break_of_their_own(rated_study: Study) -> None:
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    whole = current_standing(study=rated_study, track=TRACK).board
    assert whole is not None
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    undo_rule(study=rated_study, rule="robot", reason="It was a night shift.")
    removed, returned = board_breaks(study=rated_study, track=TRACK)
    assert (returned.rule, returned.votes, returned.undone) == ("robot", 9, True)
    assert returned.reason == "It was a night shift."
    assert removed.before == returned.after == whole.rows
    assert removed.after == returned.before
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="It was none.")
    assert board_breaks(study=rated_study, track=TRACK)[-1].after == removed.after


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


def test_a_change_of_the_fit_is_a_break_with_the_tables_of_both_methods(rated_study: Study) -> None:
    cast_all_pairs(rated_study, Rater.objects.create(), "abt")
    half = current_standing(study=rated_study, track=TRACK).board
    change_rules(study=rated_study, fit=FitSettings(ties="davidson"), reason="Ties are frequent.")
    davidson = current_standing(study=rated_study, track=TRACK).board
    change_rules(study=rated_study, terms=Terms(quota=9), reason="Fatigue.")
    cast(rated_study, "a")
    assert half is not None
    assert davidson is not None
    (found,) = board_breaks(study=rated_study, track=TRACK)
    assert (found.kind, found.reason) == ("method", "Ties are frequent.")
    assert found.changes == ("ties: half → davidson",)
    assert (found.before, found.after) == (half.rows, davidson.rows)
    assert found.before != found.after


def test_tables_of_a_removal_are_of_the_fit_of_that_time(rated_study: Study) -> None:
    exclude_vote(vote=cast(rated_study, "b"), rule="robot", reason="Votes in its sleep.")
    plain = current_standing(study=rated_study, track=TRACK).board
    change_rules(study=rated_study, fit=FitSettings(scale=100.0), reason="Round numbers.")
    cache.clear()
    removal, change = board_breaks(study=rated_study, track=TRACK)
    assert plain is not None
    assert removal.after == change.before == plain.rows
    assert change.after != plain.rows


def test_a_change_of_defaults_is_a_break_where_it_moves_a_board(
    rated_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = current_standing(study=rated_study, track=TRACK).board
    now = timezone.now()
    asked = DefaultChange(now, "0.9.0", "Level", "Wider.", {"level": 0.9}, {"level": 0.95})
    idle = DefaultChange(now, "0.9.0", "Ridge", "None here.", {"ridge": 0.0}, {"ridge": 0.0})
    early = DefaultChange(now - timedelta(days=1), "0.8.0", "Level", "x", {"level": 0.5}, {"level": 0.9})
    monkeypatch.setattr(breaks, "DEFAULT_CHANGES", (early, asked, idle))
    (found,) = board_breaks(study=rated_study, track=TRACK)
    assert whole is not None
    assert (found.kind, found.rule, found.reason) == ("default", "Level, since version 0.9.0", "Wider.")
    assert found.changes == ("level: 0.9 → 0.95",)
    assert found.after == whole.rows
    for narrow, wide in zip(found.before, found.after, strict=True):
        assert narrow.rating == pytest.approx(wide.rating)
        assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_each_default_that_changed_is_one_that_a_fit_takes_and_has_now() -> None:
    now = {name: one.default for name, one in inspect.signature(fit).parameters.items()}
    for number, change in enumerate(DEFAULT_CHANGES):
        later = {name for other in DEFAULT_CHANGES[number + 1 :] for name in other.after}
        assert change.before.keys() == change.after.keys() <= now.keys()
        assert {
            name: value for name, value in change.after.items() if name not in later
        }.items() <= now.items()
