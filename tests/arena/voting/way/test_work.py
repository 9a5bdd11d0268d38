from __future__ import annotations

import hashlib
from itertools import count

import pytest
from django.test import Client

from arena.voting.models import Ballot, Rater, Study
from arena.voting.terms import InvalidTerms, Terms
from arena.voting.way.models import Step
from arena.voting.way.work import Puzzle, puzzle_for
from tests.factories import make_study
from tests.factories_voting import answer, open_page, press_start

pytestmark = pytest.mark.django_db
BITS = 6
WORK, PAIRS = "/studies/study/work/", "/studies/study/"


def _begin(client: Client, **terms: object) -> tuple[Study, Rater]:
    study = make_study(prompts=3, terms={"work_bits": BITS, **terms})
    press_start(client, study)
    return study, Rater.objects.latest("created_at")


def _wrong(puzzle: Puzzle) -> str:
    return next(nonce for nonce in map(str, count()) if not puzzle.is_solved_by(nonce))


def test_a_solution_is_a_number_whose_hash_with_the_challenge_begins_with_zero_bits() -> None:
    puzzle = Puzzle("0" * 32, 8)
    nonce = puzzle.solve()
    assert hashlib.sha256(f"{'0' * 32}:{nonce}".encode()).digest()[0] == 0
    assert puzzle.is_solved_by(nonce)
    assert not Puzzle("0" * 32, 24).is_solved_by(nonce)


@pytest.mark.parametrize("nonce", ["", "-1", "1.5", "٣", "0x1", " 1", "1" * 17, "\0"])
def test_anything_but_a_number_solves_nothing(nonce: str) -> None:
    assert not Puzzle("0" * 32, 0).is_solved_by(nonce)


def test_each_rater_and_study_has_a_puzzle_of_its_own_that_stays() -> None:
    studies = [make_study(terms={"work_bits": BITS}), make_study(slug="other", terms={"work_bits": BITS})]
    raters = [Rater.objects.create() for _ in range(2)]
    challenges = {puzzle_for(study, rater).challenge for study in studies for rater in raters}
    assert len(challenges) == 4
    assert puzzle_for(studies[0], raters[0]) == puzzle_for(studies[0], raters[0])


def test_the_work_comes_before_the_first_pair_and_is_stored_once(client: Client) -> None:
    study, rater = _begin(client)
    assert client.get(PAIRS, follow=True).redirect_chain[-1][0] == WORK
    assert not Ballot.objects.exists()
    puzzle = puzzle_for(study, rater)
    page = client.get(WORK).content.decode()
    assert f'data-challenge="{puzzle.challenge}" data-bits="6"' in page
    assert "This step needs JavaScript" in page
    nonce = puzzle.solve()
    for _ in range(2):
        assert client.post(WORK, {"nonce": nonce}, follow=True).redirect_chain[-1][0] == PAIRS
    assert Step.objects.get().details == {"bits": BITS, "nonce": nonce}
    assert client.get(WORK, follow=True).redirect_chain[-1][0] == PAIRS


def test_the_consent_comes_before_the_work_and_the_check_after_it(client: Client) -> None:
    study, rater = _begin(client, consent="Agreed?", sound_check="ask")
    nonce = puzzle_for(study, rater).solve()
    assert client.post(WORK, {"nonce": nonce})["Location"] == "/studies/study/before/"
    assert not Step.objects.exists()
    agreed = client.post("/studies/study/before/3/", {"agree": "yes"}, follow=True)
    assert agreed.redirect_chain[-1][0] == WORK
    solved = client.post(WORK, {"nonce": nonce}, follow=True)
    assert solved.redirect_chain[-1][0] == "/studies/study/check/"


def test_a_wrong_solution_and_one_of_another_rater_are_refused_with_another_try(client: Client) -> None:
    study, rater = _begin(client)
    own, other = puzzle_for(study, rater), puzzle_for(study, Rater.objects.create())
    foreign = next(
        each for each in map(str, count()) if other.is_solved_by(each) and not own.is_solved_by(each)
    )
    for nonce in (_wrong(own), foreign, "", "forged"):
        page = client.post(WORK, {"nonce": nonce})
        assert page.status_code == 422
        assert "Press “Try again”" in page.content.decode()
    assert not Step.objects.exists()
    assert client.get(PAIRS, follow=True).redirect_chain[-1][0] == WORK


def test_a_visitor_who_never_pressed_start_is_sent_there(client: Client) -> None:
    make_study(terms={"work_bits": BITS})
    page = client.post(WORK, {"nonce": "1"}, follow=True)
    assert page.redirect_chain[-1][0] == "/studies/study/start/"
    assert not Step.objects.exists()


def test_a_rater_who_has_voted_is_not_asked_for_work_that_came_later(client: Client) -> None:
    study = make_study(prompts=3)
    ballot = open_page(client, study)
    Study.objects.update(terms={"work_bits": BITS})
    assert client.get(PAIRS, follow=True).redirect_chain[-1][0] == WORK
    answer(client, ballot)
    assert client.get(PAIRS).status_code == 200
    assert client.get(WORK, follow=True).redirect_chain[-1][0] == PAIRS
    newcomer = Client()
    press_start(newcomer, study)
    assert newcomer.get(PAIRS, follow=True).redirect_chain[-1][0] == WORK


def test_no_study_asks_for_work_unless_its_terms_say_so(client: Client) -> None:
    press_start(client, make_study())
    assert client.get(WORK, follow=True).redirect_chain[-1][0] == PAIRS


@pytest.mark.parametrize("bits", [-1, 25, 1.5, True])
def test_work_beyond_the_limits_is_refused(bits: object) -> None:
    with pytest.raises(InvalidTerms, match="work_bits must be a whole number from 0 to 24; got"):
        Terms.of({"work_bits": bits}).check()
