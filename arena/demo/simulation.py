"""Simulated raters, who open ballots, find the faults of the renditions that they are shown, and vote.

They see the prompt and the two files, but no contender's name. A simulated board in the true order is
therefore evidence that the whole way from prompt to rating works.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from django.core.files.storage import storages

from arena.demo.tastes import Taste
from arena.runs.models import Rendition
from arena.voting.ballots import open_ballot
from arena.voting.models import Ballot, Control, Outcome, Rater, Study
from arena.voting.votes import cast_vote
from generators.toyworld.referee.faults import Faults, find_faults

VOTES_EACH = 20


@dataclass
class Viewing:
    """Cache of faults, which are found once in each file."""

    seen: dict[tuple[str, str], Faults] = field(default_factory=dict)

    def watch(self, rendition: Rendition, caption: str) -> Faults:
        """Return the faults of a rendition, against its caption."""
        key = (rendition.sha256, caption)
        if key not in self.seen:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "shown.mp4"
                with storages["renditions"].open(rendition.name) as file:
                    path.write_bytes(file.read())
                self.seen[key] = find_faults(path, caption)
        return self.seen[key]


def simulate_votes(*, study: Study, votes: int, seed: int, report: Callable[[int], None]) -> int:
    """Cast votes into a simulated study through real ballots; return their number, training left out.

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
            if ballot.control == Control.TRAINING:
                continue
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
