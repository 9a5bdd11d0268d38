"""Attacks through the pages: what screening leaves of them."""

from __future__ import annotations

from random import Random
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction

from arena.screening.screen import exclude_found, screen_study
from arena.standings.boards import current_standing
from arena.voting.exclusions import exclude_rater
from arena.voting.ledger import verify_ledger
from arena.voting.models import Exclusion, Study
from arena.voting.screening_rules import THRESHOLDS
from tests.factories import make_study
from tests.factories_crowd import Crowd, World, at_random, honest, loyal, skipping

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TRACK = "t2v-audio"
Board = dict[str, tuple[float, float, float]]
"""Rating of each contender with the bounds of its interval."""
RATINGS = (1150, 1110, 1070, 1030, 970, 930, 890, 850)
"""True ratings of the eight contenders; the last is the one that the attackers push."""
HONEST, RANDOM, LOYAL, VOTES_EACH, PLANTED = 75, 20, 5, 20, 500
FALSE_EXCLUSIONS = 0.04
"""Share of honest raters excluded at most, in this one simulation of 75 of them."""


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """Return a crowd at a study of eight contenders and 24 prompts, whose draws are the same each time."""
    for limit in ("ANSWERS_PER_MINUTE", "ANSWERS_PER_MINUTE_AND_ADDRESS"):
        monkeypatch.setattr(settings, limit, 0)  # patient attackers
    draws = Random(12)
    monkeypatch.setattr("arena.voting.ballots.SystemRandom", lambda: draws)
    rules = {name: rule.default for name, rule in THRESHOLDS.items() if name != "too-fast"}
    return Crowd(make_study(contenders=len(RATINGS), prompts=24, terms={"screening": rules}))


def test_planted_votes_leave_the_board_as_it_was(crowd: Crowd) -> None:
    """2,000 votes, 20 % at random and 5 % loyal; then both forms of the attack, each on the same votes."""
    study, random = crowd.study, Random(11)
    contenders = list(study.contenders.order_by("pk").values_list("pk", flat=True))
    world = World(dict(zip(contenders, RATINGS, strict=True)), random)
    target = contenders[-1]
    people = [crowd.sit(honest(world), VOTES_EACH)[0] for _ in range(HONEST)]
    others = [crowd.sit(at_random(world), VOTES_EACH)[0] for _ in range(RANDOM)]
    for number in range(LOYAL):
        favourite = contenders[number % len(contenders)]
        others.append(crowd.sit(loyal(favourite, honest(world)), VOTES_EACH)[0])
    clean = _clean_board(study, others)
    for plant in (_one_each, _twenty_each):
        with transaction.atomic():
            plant(crowd, world, target)
            _judge(study, clean, people, study.contenders.get(pk=target).slug)
            transaction.set_rollback(True)


def _clean_board(study: Study, others: list[UUID]) -> Board:
    """Return the board of the honest raters' votes alone."""
    with transaction.atomic():
        for rater in others:
            exclude_rater(study=study, rater_id=rater, rule="known", reason="The simulation knows.")
        board = _board(study)
        transaction.set_rollback(True)
    return board


def _one_each(crowd: Crowd, world: World, target: int) -> None:
    for _ in range(PLANTED):
        crowd.sit(loyal(target, skipping), 1)


def _twenty_each(crowd: Crowd, world: World, target: int) -> None:
    planted = 0
    while planted < PLANTED:
        planted += crowd.sit(loyal(target, at_random(world)), VOTES_EACH, planted=[target])[1]


def _judge(
    study: Study,
    clean: Board,
    people: list[UUID],
    target: str,
) -> None:
    attacked = _board(study)
    exclude_found(screen_study(study))
    verify_ledger(study)
    screened = _board(study)
    wrongly = Exclusion.objects.filter(vote__ballot__rater__in=people)
    share = wrongly.values("vote__ballot__rater").distinct().count() / len(people)
    assert _place(attacked, target) < _place(clean, target) - 1, "the attack must work without screening"
    for slug, (_, lower, upper) in clean.items():
        assert lower <= screened[slug][0] <= upper
    assert abs(_place(screened, target) - _place(clean, target)) <= 1
    assert share <= FALSE_EXCLUSIONS


def _place(board: Board, contender: str) -> int:
    """Return a contender's place by its rating, from 1 on."""
    return 1 + sum(row[0] > board[contender][0] for row in board.values())


def _board(study: Study) -> Board:
    board = current_standing(study=study, track=TRACK).board
    assert board is not None
    return {row.contender: (row.rating, row.lower, row.upper) for row in board.rows}
