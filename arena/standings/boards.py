"""A board: one study's ratings on one track, computed from the votes that count at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache

from analysis.board import Board, build_board
from arena.standings.tallies import votes_at_head
from arena.version import code_version
from arena.voting.ledger import ledger_head
from arena.voting.models import Study
from arena.voting.studies import rules_hash, study_rules
from elo import NotIdentified, Votes

RECENT_S = 60


@dataclass(frozen=True)
class Standing:
    """A board, or the reason why there is none yet, and the ledger that it follows from."""

    head: str
    votes: int
    board: Board | None
    missing: str = ""
    culprits: str = ""
    """Who stands in the way, by slug: not for pages where an identity is withheld."""


def current_standing(*, study: Study, track: str) -> Standing:
    """The standing at the ledger's head; computed once for each head."""
    standing: Standing | None = cache.get(_key(study, track, ledger_head(study)))
    if standing is None:
        standing = compute_standing(*votes_at_head(study=study, track=track))
        cache.set(_key(study, track, standing.head), standing, timeout=None)
        cache.set(_key(study, track, "recent"), standing, timeout=RECENT_S)
    return standing


def recent_standing(*, study: Study, track: str) -> Standing:
    """A standing that is at most a minute old: enough where a rating is shown in passing."""
    return cache.get(_key(study, track, "recent")) or current_standing(study=study, track=track)


def compute_standing(votes: Votes | None, head: str) -> Standing:
    """Fits the ratings, or says in a sentence what they still need."""
    if votes is None:
        return Standing(head, 0, None, "There are no votes yet.")
    total = int(votes.weight.sum())
    clusters = shared_by(votes)
    if not clusters:
        return Standing(
            head, total, None, "All votes are one rater's on one prompt; another of either is needed."
        )
    try:
        return Standing(head, total, build_board(votes, clusters=clusters))
    except NotIdentified as reason:
        return Standing(head, total, None, "Ratings need more votes.", str(reason))


def shared_by(votes: Votes) -> tuple[str, ...]:
    """What intervals are clustered on: prompt and rater, less one of which there is only one so far."""
    counts = {"prompt": votes.prompts, "rater": votes.raters}
    return tuple(name for name, count in counts.items() if count is not None and count > 1)


def origin(study: Study, track: str, head: str) -> Mapping[str, object]:
    """What a number can be recomputed from, ready for JSON; every export carries it."""
    return {
        "study": study.slug,
        "track": track,
        "simulated": study.simulated,
        "ledger_head": head,
        "rules": study_rules(study),
        "rules_hash": rules_hash(study),
        "code": code_version(),
    }


def _key(study: Study, track: str, which: str) -> str:
    return f"standing:{study.pk}:{track}:{which}"
