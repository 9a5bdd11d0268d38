from __future__ import annotations

import pytest

from arena.runs.models import Clip
from arena.standings.boards import current_standing
from arena.standings.snapshots.making import make_snapshot
from arena.voting.exclusions import exclude_vote
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Study, Vote
from arena.voting.rule_changes import change_rules
from tests.arena.api.conftest import Read
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
BOARD = "boards/study/t2v-audio"


def test_a_board_is_the_arenas(rated_study: Study, read: Read) -> None:
    standing = current_standing(study=rated_study, track="t2v-audio")
    assert standing.board is not None
    told = read(BOARD)
    assert [row["contender"] for row in told["rows"]] == list(standing.board.contenders)
    for row, expected in zip(told["rows"], standing.board.rows, strict=True):
        assert row["rating"] == pytest.approx(expected.rating, abs=1e-4)
        assert (row["lower"], row["upper"]) == pytest.approx((expected.lower, expected.upper), abs=1e-4)
        assert (row["votes"], row["wins"], row["tier"]) == (expected.votes, expected.wins, expected.tier)
    assert (told["votes"], told["raters"], told["prompts"]) == (36, 4, 3)
    assert told["method"]["clusters"] == ["prompt", "rater"]
    assert told["ledger_head"] == standing.head
    assert [(step["higher"], step["lower"]) for step in told["steps"]] == [
        (step.higher, step.lower) for step in standing.steps
    ]
    assert told["leader"]["contender"] == standing.board.contenders[0]


def test_a_board_without_ratings_says_why(read: Read) -> None:
    cast(make_study())
    told = read(BOARD)
    assert told["missing"] == "All votes are one rater’s on one prompt; another of either is needed."
    assert (told["rows"], told["method"], told["votes"]) == ([], None, 1)


def test_boards_are_listed_with_their_leaders(rated_study: Study, read: Read) -> None:
    make_study("other")
    told = read("boards")
    assert [(one["study"], one["votes"], len(one["top"])) for one in told["items"]] == [
        ("other", 0, 0),
        ("study", 36, 3),
    ]
    assert told["count"] == 2
    assert read("boards?limit=1&offset=1")["items"] == told["items"][1:]


def test_matrix_and_pairs_agree(rated_study: Study, read: Read) -> None:
    matrix = read(f"{BOARD}/matrix")
    first, second, third = matrix["contenders"]
    pairs = read(f"{BOARD}/pairs")["items"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == [
        (first, second), (first, third), (second, third)
    ]  # fmt: skip
    assert pairs[1]["win_rate"] == matrix["win_rates"][0][2]
    assert pairs[1]["votes"] == matrix["votes"][0][2] == 12
    rows = {row["contender"]: row["rating"] for row in read(BOARD)["rows"]}
    assert pairs[1]["difference"] == pytest.approx(rows[first] - rows[third], abs=1e-3)
    turned = read(f"{BOARD}/pairs/{third}/{first}")
    assert turned["difference"] == -pairs[1]["difference"]
    assert turned["difference_lower"] == -pairs[1]["difference_upper"]


def test_a_slice_has_its_votes_only(rated_study: Study, read: Read) -> None:
    prompt = rated_study.suites.get().prompts.get(position=0)
    prompt.tags = ["music"]
    prompt.save()
    told = read(f"{BOARD}?tag=music")
    assert (told["slice"], told["votes"]) == ({"tag": "music"}, 12)
    assert read(f"{BOARD}?language=en")["votes"] == 36


def test_the_history_has_each_snapshot_and_its_breaks(rated_study: Study, read: Read) -> None:
    make_snapshot(rated_study, as_zip=True)
    snapshot = rated_study.snapshots.get()
    now = read(f"{BOARD}/history")["boards"][-1]
    board = snapshot.boards["t2v-audio"]
    board["settings"]["ties"] = "davidson"
    gone = {**board["rows"][0], "contender": "gone"}
    board["rows"].append(gone)
    type(snapshot).objects.filter(pk=snapshot.pk).update(boards=snapshot.boards)
    told = read(f"{BOARD}/history")
    past, present = told["boards"]
    rows = read(BOARD)["rows"]
    assert told["moments"][-1]["ratings"] == {row["contender"]: row["rating"] for row in rows}
    assert past["snapshot"] == snapshot.manifest_sha256
    assert past["changed"] == []
    assert present["changed"] == ["ties", "contenders"]
    assert present["snapshot"] is None
    assert present["ratings"] == now["ratings"]
    assert now["changed"] == []


def test_a_row_has_what_was_measured_of_a_contender_unless_it_is_withheld(
    rated_study: Study, read: Read
) -> None:
    first, second, _ = rated_study.contenders.order_by("pk")
    for contender in (first, second):
        for clip in Clip.objects.filter(job__contender=contender):
            clip.provenance, clip.probe = {"cost_usd": 0.5, "wall_time_s": 8.0}, {"duration_s": 5.0}
            clip.save()
    second.codename = "Falcon"
    second.save()
    rows = {row["contender"]: row for row in read(BOARD)["rows"]}
    facts = [(row["price_per_minute_usd"], row["seconds_per_clip"]) for row in rows.values()]
    known = rows[first.slug]
    assert (known["price_per_minute_usd"], known["seconds_per_clip"]) == (6.0, 8.0)
    assert facts.count((None, None)) == 2


def test_breaks_are_told_by_public_names(rated_study: Study, read: Read) -> None:
    hidden = rated_study.contenders.earliest("pk")
    hidden.codename = "Falcon"
    hidden.save()
    fit = FitSettings(side=True, anchor=hidden.slug, anchor_rating=1200.0)
    change_rules(study=rated_study, fit=fit, reason="Sides matter.")
    exclude_vote(vote=Vote.objects.earliest("pk"), rule="robot", reason="Asleep.")
    method, removal = read(f"{BOARD}/history")["breaks"]
    assert (method["kind"], method["reason"]) == ("method", "Sides matter.")
    assert method["changes"] == [
        "side effect: no → yes",
        f"anchor: none → {hidden.public_slug}",
        "anchor rating: 1000 → 1200",
    ]
    assert sum(row["rating"] for row in method["before"]) == pytest.approx(3000)
    anchored = {row["contender"]: row["rating"] for row in method["after"]}
    assert anchored[hidden.public_slug] == 1200
    assert (removal["kind"], removal["rule"], removal["votes"]) == ("votes", "robot", 1)
    assert sum(row["votes"] for row in removal["before"]) - 2 == sum(row["votes"] for row in removal["after"])
    assert hidden.slug not in str((method, removal))
