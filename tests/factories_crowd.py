"""A crowd of raters at a study's pages: honest ones, some who guess, and attackers who know each clip."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from django.test import Client

from arena.runs.models import Rendition
from arena.voting.models import Ballot, Study
from tests.factories_voting import answer_url, open_page

ELO = 400 / math.log(10)
TASTE = 0.5
"""Standard deviation, in log-odds, of one rater's liking for one contender."""
CLIP = 0.5
"""Standard deviation of a clip's quality about its contender's."""
TIES = 0.1


@dataclass
class World:
    """Quality of the clips of a study, known to the simulation alone."""

    ratings: Mapping[int, float]
    """True rating of each contender by its id."""
    random: Random
    clips: dict[int, float] = field(default_factory=dict)

    def taste(self) -> dict[int, float]:
        """Draw a rater's liking of each contender."""
        return {contender: self.random.gauss(0, TASTE) for contender in self.ratings}

    def worth(self, rendition: int, contender: int, taste: Mapping[int, float]) -> float:
        """Return the quality of a clip to one rater, in log-odds."""
        if rendition not in self.clips:
            self.clips[rendition] = self.random.gauss(0, CLIP)
        return self.ratings[contender] / ELO + self.clips[rendition] + taste[contender]


Voter = Callable[[Ballot, int, int], str]
"""Answer to a ballot on clips of two contenders, left and right; `skip` leaves it."""


def honest(world: World) -> Voter:
    taste = world.taste()

    def vote(ballot: Ballot, left: int, right: int) -> str:
        if world.random.random() < TIES:
            return "tie"
        a = world.worth(ballot.rendition_a_id, left, taste)
        b = world.worth(ballot.rendition_b_id, right, taste)
        return "a" if world.random.random() < 1 / (1 + math.exp(b - a)) else "b"

    return vote


def at_random(world: World) -> Voter:
    return lambda ballot, left, right: world.random.choice("ab")


def loyal(contender: int, elsewhere: Voter) -> Voter:
    """Prefer one contender wherever it is shown."""

    def vote(ballot: Ballot, left: int, right: int) -> str:
        if contender in (left, right):
            return "a" if left == contender else "b"
        return elsewhere(ballot, left, right)

    return vote


def skipping(ballot: Ballot, left: int, right: int) -> str:
    return "skip"


@dataclass
class Crowd:
    """Raters who vote through the pages, each with a browser and an address of their own."""

    study: Study
    makers: Mapping[int, int] = field(init=False)
    browsers: int = 0

    def __post_init__(self) -> None:
        rows = Rendition.objects.filter(clip__job__contender__studies=self.study)
        self.makers = dict(rows.values_list("pk", "clip__job__contender"))

    def browser(self) -> Client:
        self.browsers += 1
        high, low = divmod(self.browsers, 250)
        return Client(REMOTE_ADDR=f"10.7.{high}.{low}", headers={"user-agent": f"Browser {self.browsers}"})

    def sit(
        self, voter: Voter, votes: int, *, planted: Sequence[int] = (), most: int = 100
    ) -> tuple[UUID, int]:
        """Cast votes from a new browser; return the rater's id and the number of votes on planted ones."""
        client, cast, on_target, rater = self.browser(), 0, 0, UUID(int=0)
        for _ in range(most):
            ballot = open_page(client, self.study)
            rater = ballot.rater_id
            sides = self.makers[ballot.rendition_a_id], self.makers[ballot.rendition_b_id]
            outcome = voter(ballot, *sides)
            response = client.post(answer_url(ballot), {"outcome": outcome})
            assert response.status_code == 302, response.content
            if outcome != "skip":
                cast += 1
                on_target += any(side in planted for side in sides)
            if cast == votes:
                break
        return rater, on_target
