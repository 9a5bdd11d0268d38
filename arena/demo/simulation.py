"""Simulated raters, who open ballots, measure the renditions that they are shown, and vote.

They see the prompt and the two files, but no contender's name. A simulated board in the true order is
therefore evidence that the whole way from prompt to rating works.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from django.core.files.storage import storages

from arena.runs.models import Rendition
from arena.voting.ballots import open_ballot
from arena.voting.models import Ballot, Outcome, Rater, Study
from arena.voting.votes import cast_vote
from generators.toyworld.senses.perception import Perception, perceive

VOTES_EACH = 20
NOTICED_OFFSET_S = 0.09
"""Offset from which late sound is noticed: half of the toy world's flaw, twice that of a good clip."""


@dataclass(frozen=True)
class Taste:
    """Flaws that one rater minds, and their weight against chance in log-odds."""

    minds_sound: bool
    minds_stutter: bool
    minds_prompt: bool
    weight: float = 1.5
    weight_of_prompt: float = 5.0
    tie_within: float = 0.4
    bad_below: float = -3.0

    @classmethod
    def draw(cls, random: Random) -> Taste:
        """Draw a rater's taste: few mind late sound or stutter, and most mind a wrong colour or shape."""
        return cls(random.random() < 0.2, random.random() < 0.28, random.random() < 0.95)

    def worth(self, seen: Perception) -> float:
        """Return how good a clip is to this rater in log-odds; 0 is faultless."""
        late = seen.sound_offset_s is not None and abs(seen.sound_offset_s) > NOTICED_OFFSET_S
        wrong = not (seen.colour_matches and seen.shape_matches)
        return -(
            self.weight * (self.minds_sound and late)
            + self.weight * (self.minds_stutter and seen.held_share > 0.25)
            + self.weight_of_prompt * (self.minds_prompt and wrong)
        )

    def judge(self, a: Perception, b: Perception, random: Random) -> Outcome:
        """Return the rater's answer to a pair, with logistic noise."""
        worth_a, worth_b = self.worth(a), self.worth(b)
        if max(worth_a, worth_b) < self.bad_below:
            return Outcome.BOTH_BAD
        difference = worth_a - worth_b + _logistic_noise(random)
        if abs(difference) < self.tie_within:
            return Outcome.TIE
        return Outcome.A if difference > 0 else Outcome.B


@dataclass
class Viewing:
    """Cache of measured renditions, each measured once from its file."""

    seen: dict[tuple[str, str], Perception] = field(default_factory=dict)

    def watch(self, rendition: Rendition, caption: str) -> Perception:
        """Return what a rendition shows and how it sounds, against its caption."""
        key = (rendition.sha256, caption)
        if key not in self.seen:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "shown.mp4"
                with storages["renditions"].open(rendition.name) as file:
                    path.write_bytes(file.read())
                self.seen[key] = perceive(path, caption)
        return self.seen[key]


def simulate_votes(*, study: Study, votes: int, seed: int, report: Callable[[int], None]) -> int:
    """Cast votes into a simulated study through real ballots; return their number.

    It is smaller than asked for only if a new rater finds no pair, as in a study of very few clips.
    """
    random = Random(seed)  # noqa: S311 - a simulation is repeatable by its seed
    viewing = Viewing()
    cast = 0
    while cast < votes:
        rater = Rater.objects.create(simulated=True)
        taste = Taste.draw(random)
        voted = 0
        while voted < VOTES_EACH and cast < votes:
            ballot = open_ballot(study=study, rater=rater, random=random)
            if ballot is None:
                break
            cast_vote(ballot=ballot, outcome=_decide(ballot, taste, viewing, random))
            voted += 1
            cast += 1
            report(cast)
        if not voted:
            break
    return cast


def _decide(ballot: Ballot, taste: Taste, viewing: Viewing, random: Random) -> Outcome:
    caption = ballot.prompt.text
    a = viewing.watch(ballot.rendition_a, caption)
    b = viewing.watch(ballot.rendition_b, caption)
    return taste.judge(a, b, random)


def _logistic_noise(random: Random) -> float:
    """Draw from the standard logistic distribution, so that differences in worth are in log-odds."""
    share = random.uniform(1e-9, 1 - 1e-9)
    return math.log(share / (1 - share))
