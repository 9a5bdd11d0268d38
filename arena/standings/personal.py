"""A rater's own board: their votes alone, shrunk towards equality, since one person casts few."""

from __future__ import annotations

from typing import NamedTuple

from analysis.board import BoardRow, lay_out_board
from analysis.whisker import Chart, Whisker, draw_whiskers
from arena.catalog.models import Contender
from arena.voting.models import Rater, Study, Vote
from arena.voting.naming import names_are_told
from arena.voting.records import CONTENDER_A, CONTENDER_B
from arena.voting.terms import Terms
from elo import NotIdentified, Votes, fit

RIDGE = 1.0
"""Precision of the normal prior on strengths, 1 / log-odds^2: a spread of about 174 points of Elo."""


class PersonalRow(NamedTuple):
    """One contender's line on a rater's own board."""

    contender: Contender
    row: BoardRow
    whisker: Whisker


class PersonalBoard(NamedTuple):
    """A rater's own board, with its chart."""

    rows: list[PersonalRow]
    chart: Chart


def personal_board(study: Study, rater: Rater) -> PersonalBoard | None:
    """Return the rater's own board once the study's terms show it; None before, and while names are withheld.

    Ratings are Bradley-Terry's with a normal prior, and intervals come from the inverse information with it.
    """
    least = Terms.of(study.terms).personal_board
    if not least or not names_are_told(study, rater):
        return None
    names = (f"{CONTENDER_A}__slug", f"{CONTENDER_B}__slug", "outcome")
    votes = Vote.objects.counting().filter(ballot__study=study, ballot__rater=rater)
    cast = list(votes.order_by("pk").values_list(*names))
    if len(cast) < least:
        return None
    a, b, outcome = zip(*cast, strict=True)
    try:
        ratings = fit(
            Votes.from_columns(contender_a=a, contender_b=b, outcome=outcome), ridge=RIDGE, intervals="model"
        )
    except NotIdentified:
        return None
    board = lay_out_board(ratings, None, None)
    chart = draw_whiskers(board)
    contenders = Contender.objects.in_bulk([row.contender for row in board.rows], field_name="slug")
    pairs = zip(board.rows, chart.whiskers, strict=True)
    return PersonalBoard([PersonalRow(contenders[row.contender], row, one) for row, one in pairs], chart)
