"""Boards: a study's ratings on one track, computed from the votes that count now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial

import numpy as np
from django.core.cache import cache
from django.utils import timezone

from analysis.board import count_met, lay_out_board
from arena.catalog.hashing import content_hash
from arena.standings.slices import WHOLE, Slice
from arena.standings.standing import Standing
from arena.standings.steps import judge_leader, steps_down
from arena.standings.tallies import NOTHING, BoardKey, Tallied, read_boards, votes_at_head
from arena.version import code_version
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_head, ledger_heads
from arena.voting.models import Study
from arena.voting.rules import rules_hash, study_rules
from elo import NotIdentified, Unrated, Votes, fit
from elo.arguments import Cluster

RECENT_S = 60
ONE_OF_EACH = "All votes are one rater’s on one prompt; another of either is needed."


def current_standing(*, study: Study, track: str, part: Slice = WHOLE) -> Standing:
    """Return the standing of a board, or of a slice of it, at the ledger's head, computed once for each head.

    Args:
        study: the study.
        track: one of the study's tracks.
        part: a slice that the board has; see `choose_slice`.
    """
    kept: Standing | None = cache.get(_key(study.pk, track, part))
    if kept is not None and kept.head == ledger_head(study):
        return kept
    tallied, head = votes_at_head(study=study, track=track, part=part)
    return _keep(study.pk, track, standing_of(tallied, head, part))


def recent_standing(*, study: Study, track: str) -> Standing:
    """Return a standing that is at most a minute old, which is fresh enough for a reveal."""
    kept: Standing | None = cache.get(_key(study.pk, track))
    if kept is not None and timezone.now() - kept.computed_at <= timedelta(seconds=RECENT_S):
        return kept
    return current_standing(study=study, track=track)


def current_standings(boards: Iterable[BoardKey]) -> dict[BoardKey, Standing]:
    """Return the standings of many boards at their ledgers' heads, in two queries."""
    wanted = list(dict.fromkeys(boards))
    with consistent_read():
        heads = ledger_heads({study for study, _ in wanted})
        found = _kept_at(heads, wanted)
        stale = [board for board in wanted if board not in found]
        tallied = read_boards({study for study, _ in stale}, {track for _, track in stale})
    for study, track in stale:
        standing = standing_of(tallied.get((study, track), NOTHING), heads[study])
        found[study, track] = _keep(study, track, standing)
    return found


def _kept_at(heads: Mapping[int, str], boards: Iterable[BoardKey]) -> dict[BoardKey, Standing]:
    """Return the cached standings that were computed at these heads."""
    keys = {_key(*board): board for board in boards}
    kept: dict[str, Standing] = cache.get_many(keys)
    found = {}
    for key, standing in kept.items():
        study, track = keys[key]
        if standing.head == heads[study]:
            found[study, track] = standing
    return found


def standing_of(tallied: Tallied, head: str, part: Slice = WHOLE) -> Standing:
    """Return the standing of the votes at a ledger head, or state in a sentence what is still missing."""
    votes = tallied.votes
    if votes is None:
        return Standing(head, 0, None, "There are no votes yet.", slice=part)
    counts = partial(
        Standing,
        head,
        int(votes.weight.sum()),
        raters=votes.raters or 0,
        prompts=votes.prompts or 0,
        last_vote=tallied.last_vote,
        slice=part,
    )
    if not shared_by(votes):
        return counts(None, ONE_OF_EACH)
    try:
        clusters = shared_by(_between_rated(votes))
        if not clusters:
            return counts(None, ONE_OF_EACH)
        ratings = fit(votes, clusters=clusters)
    except NotIdentified as reason:
        return counts(None, "Ratings need more votes.", str(reason))
    board = lay_out_board(ratings, *count_met(votes, ratings))
    return counts(
        board,
        culprits=" ".join(map(_named, board.unrated)),
        steps=steps_down(board, ratings),
        leader=judge_leader(ratings),
        ratings=ratings,
    )


def _named(each: Unrated) -> str:
    return f"{each.contender} has no finite rating yet: {each.reason}."


def _between_rated(votes: Votes) -> Votes:
    """Return the votes between contenders with finite ratings, on which the board rests."""
    rated = fit(votes, intervals="none").contenders
    return votes if rated == votes.contenders else votes.among(np.searchsorted(votes.contenders, rated))


def shared_by(votes: Votes) -> tuple[Cluster, ...]:
    """Return the clusters for intervals: prompt and rater, except one with a single value so far."""
    counts: dict[Cluster, int | None] = {"prompt": votes.prompts, "rater": votes.raters}
    return tuple(name for name, count in counts.items() if count is not None and count > 1)


def origin(study: Study, track: str, head: str) -> Mapping[str, object]:
    """Return everything needed to recompute a board, ready for JSON; every export includes it."""
    return {
        "study": study.slug,
        "track": track,
        "simulated": study.simulated,
        "ledger_head": head,
        "rules": study_rules(study),
        "rules_hash": rules_hash(study),
        "code": code_version(),
    }


def _keep(study: int, track: str, standing: Standing) -> Standing:
    cache.set(_key(study, track, standing.slice), standing, timeout=None)
    return standing


def _key(study: int, track: str, part: Slice = WHOLE) -> str:
    name = f":{content_hash(part.chosen)}" if part else ""
    return f"standing:{study}:{track}{name}"
