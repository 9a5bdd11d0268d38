from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from arena.standings import tallies
from arena.standings.boards import current_standing
from arena.standings.slices import Slice
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Rater, Study
from tests.factories_voting import cast, cast_all_pairs

TRACK = "t2v-audio"


@pytest.mark.django_db
def test_a_board_has_the_studys_model_anchor_and_scale(rated_study: Study) -> None:
    plain = current_standing(study=rated_study, track=TRACK)
    assert plain.ratings is not None
    anchor = plain.ratings.contenders[1]

    Study.objects.filter(pk=rated_study.pk).update(
        fit={"ties": "davidson", "anchor": anchor, "anchor_rating": 500.0, "side": True}
    )
    rated_study.refresh_from_db()
    cast_all_pairs(rated_study, Rater.objects.create(), "abt")
    found = current_standing(study=rated_study, track=TRACK)
    assert found.board is not None
    assert next(row.rating for row in found.board.rows if row.contender == anchor) == 500
    assert found.board.settings["ties"] == "davidson"
    assert found.fit.model.startswith("Davidson (1970)")
    assert found.ratings is not None
    assert set(found.ratings.parameters) == {"side", "log_nu"}


@pytest.mark.django_db
@pytest.mark.parametrize("part", [Slice(), Slice(language="en")])
def test_a_board_of_counts_by_cluster_is_that_of_votes(
    rated_study: Study, part: Slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large boards are counted by cluster: after a vote, an exclusion and another rater's votes, too."""
    board: dict[str, Any] = {"study": rated_study, "track": TRACK, "part": part}
    monkeypatch.setattr(tallies, "MANY", 10**9)
    wanted = current_standing(**board)
    cache.clear()
    monkeypatch.setattr(tallies, "MANY", 0)
    found = current_standing(**board)
    vote = cast(rated_study, "b")
    current_standing(**board)
    exclude_vote(vote=vote, rule="withdrawn", reason="Asked to.")
    cast_all_pairs(rated_study, Rater.objects.create(), "bta")
    grown = current_standing(**board)
    cache.clear()
    monkeypatch.setattr(tallies, "MANY", 10**9)
    afresh = current_standing(**board)
    for mine, theirs in ((found, wanted), (grown, afresh)):
        assert mine.board is not None
        assert theirs.board is not None
        assert mine.votes == theirs.votes
        assert mine.last_vote == theirs.last_vote
        for row, other in zip(mine.board.rows, theirs.board.rows, strict=True):
            assert row.contender == other.contender
            assert tuple(row)[5:] == pytest.approx(tuple(other)[5:], rel=1e-9)
