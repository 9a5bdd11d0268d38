from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest
from django.test import Client

from arena.standings.boards import current_standing
from arena.standings.slices import Slice, UnknownSlice, choose_slice, known_slices
from arena.voting.ballots import open_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Rater
from arena.voting.rule_changes import change_rules
from arena.voting.tally_sheets import TallySheet, rebuild_tallies
from arena.voting.terms import InvalidTerms, Terms
from arena.voting.votes import cast_vote
from tests.factories import make_study
from tests.factories_voting import open_page

pytestmark = pytest.mark.django_db

MODES = ("both", "muted", "sound")
TRACK = "t2v-audio"


def _vote_in_all_modes(raters: int = 24) -> None:
    """Have raters vote for the first contender in the joint mode, and against it in the others."""
    study = make_study(prompts=4, contenders=3, terms=Terms(modes=MODES, reveal="close").stored)
    first = study.contenders.order_by("pk")[0].pk
    for number in range(raters):
        rater, random = Rater.objects.create(), Random(number)
        while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
            makers = [side.clip.job.contender_id for side in (ballot.rendition_a, ballot.rendition_b)]
            is_upset = random.random() < 0.25
            wins = "a" if (first == makers[0]) == ((ballot.mode == "both") != is_upset) else "b"
            cast_vote(ballot=ballot, outcome=wins if first in makers else "tie")


def test_each_ballot_has_a_mode_and_the_propensity_of_its_draw() -> None:
    study = make_study(prompts=40, terms={"modes": list(MODES)})
    rater, random, modes = Rater.objects.create(), Random(1), Counter[str]()
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        modes[ballot.mode] += 1
        left = 40 - sum(modes.values()) + 1
        assert ballot.propensity == pytest.approx(1 / left / 2 / 3)
        assert (ballot.order == "") == (ballot.mode == "muted")
        cast_vote(ballot=ballot, outcome="a")
    assert set(modes) == set(MODES)
    assert min(modes.values()) > 5


def test_a_silent_track_is_judged_in_one_mode() -> None:
    with pytest.raises(InvalidTerms, match=r"modes must be \[both\] where no sound is judged; got"):
        Terms(modes=MODES).check_tracks(["t2v"])
    with pytest.raises(InvalidTerms, match="modes must be a list of both and none or some of muted, sound"):
        Terms(modes=("muted",)).check()
    study = make_study(tracks=["t2v"])
    with pytest.raises(InvalidTerms, match="on t2v"):
        change_rules(study=study, terms=Terms(modes=MODES), reason="More.")


def test_votes_of_other_modes_never_mix_into_the_joint_board() -> None:
    _vote_in_all_modes()
    study = Ballot.objects.all()[0].study
    boards = {
        mode: current_standing(study=study, track=TRACK, part=Slice(mode=mode)) for mode in ("", *MODES[1:])
    }
    counts = Counter(Ballot.objects.values_list("mode", flat=True))
    assert [board.votes for board in boards.values()] == [counts[mode] for mode in MODES]
    first = study.contenders.order_by("pk")[0].slug
    for mode, board in boards.items():
        assert board.board is not None
        place = [row.contender for row in board.board.rows].index(first)
        assert place == (0 if mode == "" else 2), mode
    before = sorted(TallySheet.objects.values_list("track", "size"))
    assert {name for name, _ in before} == {TRACK, f"{TRACK}/muted", f"{TRACK}/sound"}
    rebuild_tallies(study)
    assert sorted(TallySheet.objects.values_list("track", "size")) == before
    verify_ledger(study)
    records = [json.loads(entry.payload) for entry in LedgerEntry.objects.filter(kind="vote")]
    assert Counter(record.get("mode", "both") for record in records) == counts


def test_boards_have_a_slice_for_each_other_mode(client: Client) -> None:
    study = make_study(terms={"modes": ["both", "sound"]})
    assert known_slices(study, TRACK)["mode"] == ("sound",)
    assert client.get(f"/boards/study/{TRACK}/?mode=sound").status_code == 200
    assert client.get(f"/boards/study/{TRACK}/?mode=muted").status_code == 404
    with pytest.raises(UnknownSlice, match=r"Unknown mode 'muted'. Known: sound"):
        choose_slice(study, TRACK, {"mode": "muted"})


@pytest.mark.parametrize(
    ("mode", "words", "sound"),
    [
        ("muted", "Judge the picture only: this pair plays without sound.", "no"),
        ("sound", "Judge the sound only: this pair shows no picture.", "yes"),
    ],
)
def test_the_page_says_what_to_judge(client: Client, mode: str, words: str, sound: str) -> None:
    study = make_study(terms={"aspects": ["picture", "sound", "sync", "prompt"]})
    open_page(client, study)
    Ballot.objects.update(mode=mode)
    page = client.get("/studies/study/").content.decode()
    assert words in page
    assert f'data-sound="{sound}"' in page
    assert page.count(" muted") == (2 if mode == "muted" else 0)
    asked = {name for name in ("picture", "sound", "sync", "prompt") if f"aspect_{name}" in page}
    assert asked == ({"picture", "prompt"} if mode == "muted" else {"sound", "prompt"})
