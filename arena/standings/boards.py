"""Boards: a study's ratings on one track, computed from the votes that count now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
from django.core.cache import cache
from django.utils import timezone

from analysis.board import count_met, lay_out_board
from arena.catalog.hashing import content_hash
from arena.standings.board_votes import NO_SHEETS, BoardKey, Version, read_versions
from arena.standings.slices import WHOLE, Slice
from arena.standings.standing import Standing
from arena.standings.steps import judge_leader, steps_down
from arena.standings.tallies import NOTHING, Tallied, votes_at_head
from arena.version import code_version
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_heads
from arena.voting.models import Study
from arena.voting.rules import rules_hash, study_rules
from elo import NotIdentified, Unrated, Votes, fit
from elo.arguments import Cluster

RECENT_S = 60
ONE_OF_EACH = "All votes are one rater’s on one prompt; another of either is needed."


def current_standing(*, study: Study, track: str, part: Slice = WHOLE) -> Standing:
    """Return the standing of a board, or of a slice of it, at the ledger's head.

    Args:
        study: the study.
        track: one of the study's tracks.
        part: a slice that the board has; see `choose_slice`.
    """
    kept = _kept_now([(study.pk, track)], part).get((study.pk, track))
    return kept or _computed(study, track, part)


def recent_standing(*, study: Study, track: str) -> Standing:
    """Return a standing that is at most a minute old, which is fresh enough for a reveal."""
    kept: Kept | None = cache.get(_key(study.pk, track))
    if kept is not None and timezone.now() - kept.standing.computed_at <= timedelta(seconds=RECENT_S):
        return kept.standing
    return current_standing(study=study, track=track)


def current_standings(boards: Iterable[tuple[Study, str]]) -> dict[BoardKey, Standing]:
    """Return the standings of many boards; those without new votes take three queries together."""
    studies = {(study.pk, track): study for study, track in boards}
    found = _kept_now(studies)
    for key, study in studies.items():
        if key not in found:
            found[key] = _computed(study, key[1], WHOLE)
    return found


class Kept(NamedTuple):
    """Standing in the cache, with the version of the tally that it was computed from."""

    version: Version
    standing: Standing


def _kept_now(boards: Iterable[BoardKey], part: Slice = WHOLE) -> dict[BoardKey, Standing]:
    """Return the cached standings that are still right and those without votes, at the ledgers' heads."""
    keys = {_key(*board, part): board for board in boards}
    with consistent_read():
        heads = ledger_heads({study for study, _ in keys.values()})
        versions = read_versions(keys.values())
    kept: dict[str, Kept] = cache.get_many(keys)
    found = {
        board: standing_of(NOTHING, heads[board[0]], part)
        for board, version in versions.items()
        if version == NO_SHEETS
    }
    for key, (version, standing) in kept.items():
        board = keys[key]
        if version == versions[board]:
            found[board] = replace(standing, head=heads[board[0]])
    return found


def _computed(study: Study, track: str, part: Slice) -> Standing:
    tallied, head, version = votes_at_head(study=study, track=track, part=part)
    standing = standing_of(tallied, head, part)
    cache.set(_key(study.pk, track, part), Kept(version, standing), timeout=None)
    return standing


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


def _key(study: int, track: str, part: Slice = WHOLE) -> str:
    name = f":{content_hash(part.chosen)}" if part else ""
    return f"standing:{study}:{track}{name}"
