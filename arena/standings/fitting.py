"""From votes to the standing of a board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from analysis.board import count_met, lay_out_board
from arena.standings.slices import WHOLE, Slice
from arena.standings.standing import Standing
from arena.standings.steps import judge_leader, steps_down
from arena.voting.fit_settings import FitSettings
from elo import NotIdentified, Ratings, Tally, Unrated, Votes, fit
from elo.arguments import Cluster
from elo.models.grouped import GroupedVotes
from elo.unrated import is_everyone_rated

ONE_OF_EACH = "All votes are one rater’s on one prompt; another of either is needed."


def nothing_yet(head: str, part: Slice = WHOLE) -> Standing:
    """Return the standing of a board without votes."""
    return Standing(head, 0, None, "There are no votes yet.", slice=part)


def compute_standing(
    votes: Votes | GroupedVotes | None,
    head: str,
    last_vote: datetime | None = None,
    part: Slice = WHOLE,
    settings: FitSettings | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Standing:
    """Return the standing of the votes at a ledger head, or state in a sentence what is still missing.

    Args:
        votes: the votes of the board, with prompts and raters as clusters; None if there are none.
        head: hash of the last entry of the ledger that they include.
        last_vote: time of the last of them.
        part: the slice that they are.
        settings: model, anchor and scale; half-win Bradley-Terry about a mean of 1000 by default.
        arguments: arguments of `elo.fit` other than its present defaults, for boards of the past.
    """
    settings, others = settings or FitSettings(), arguments or {}
    if votes is None:
        return replace(nothing_yet(head, part), fit=settings)
    standing = Standing(
        head=head,
        votes=int(votes.tally().counts.sum()),
        board=None,
        missing=ONE_OF_EACH,
        raters=votes.raters or 0,
        prompts=votes.prompts or 0,
        last_vote=last_vote,
        slice=part,
        fit=settings,
    )
    if not shared_by(votes):
        return standing
    try:
        between = _between_rated(votes, settings, others)
        clusters = shared_by(between)
        if not clusters:
            return standing
        anchored = settings.anchor in between.contenders
        ratings = fit(
            votes,
            clusters=clusters,
            anchor=settings.fixed if anchored else None,
            **{**_model_of(settings, votes), **others},
        )
    except NotIdentified as reason:
        return replace(standing, missing="Ratings need more votes.", culprits=str(reason))
    return _with_board(standing, votes, ratings)


def _with_board(standing: Standing, votes: Votes | GroupedVotes, ratings: Ratings) -> Standing:
    board = lay_out_board(ratings, *count_met(votes, ratings))
    return replace(
        standing,
        board=board,
        missing="",
        culprits=" ".join(map(_named, board.unrated)),
        steps=steps_down(board, ratings),
        leader=judge_leader(ratings),
        ratings=ratings,
    )


def _model_of(settings: FitSettings, votes: Votes | GroupedVotes | Tally) -> dict[str, Any]:
    """Return the arguments of `elo.fit` that name the model and its scale.

    A feature that is equal on both sides of every vote is left out: the ratings are the same for any effect.
    """
    model = settings.specification
    found = votes.covariates if isinstance(votes, Votes) else {}
    return {
        "ties": model.ties,
        "both_bad": model.both_bad,
        "effects": model.effects,
        "covariates": tuple(name for name in model.covariates if found[name].any()),
        "scale": settings.scale,
    }


def _named(each: Unrated) -> str:
    return f"{each.contender} has no finite rating yet: {each.reason}."


def _between_rated(
    votes: Votes | GroupedVotes, settings: FitSettings, others: Mapping[str, Any]
) -> Votes | GroupedVotes:
    """Return the votes between contenders with finite ratings, on which the board rests."""
    if isinstance(votes, GroupedVotes) and is_everyone_rated(votes.tally(), votes.specification):
        return votes
    points = votes.tally() if isinstance(votes, GroupedVotes) else votes
    rated = fit(points, **{**_model_of(settings, points), **others, "intervals": "none"}).contenders
    if rated == votes.contenders:
        return votes
    rows = votes.rows() if isinstance(votes, GroupedVotes) else votes
    return rows.among(np.searchsorted(rows.contenders, rated))


def shared_by(votes: Votes | GroupedVotes) -> tuple[Cluster, ...]:
    """Return the clusters for intervals: prompt and rater, except one with a single value so far."""
    counts: dict[Cluster, int | None] = {"prompt": votes.prompts, "rater": votes.raters}
    return tuple(name for name, count in counts.items() if count is not None and count > 1)
