"""Boards: ratings, matrix, pairs and history of each study, track and slice."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from arena.api.board_schemas import Board, BoardSummary, History, Matrix, Pair
from arena.api.finding import SliceQuery, find_board, find_contender, find_study, told_studies
from arena.api.pages import Page, PageQuery, page_of
from arena.api.problems import Unknown
from arena.standings.boards import current_standing
from arena.standings.breaks import Break, board_breaks
from arena.standings.history import rating_history
from arena.standings.pages.facts import UNKNOWN, contender_facts
from arena.standings.pages.finding import BoardPage
from arena.standings.public import PublicBoard, finite
from arena.standings.snapshots.timeline import Point, board_timeline
from arena.voting.models import Study
from generators.base import Track

router = Router(tags=["boards"])
TOP = 3


@router.get("", response=Page[BoardSummary], operation_id="list_boards", summary="List the boards")
def boards(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """Return one entry for each study and track, the newest study first."""
    listed = [(study, track) for study in told_studies() for track in study.tracks]
    return page_of(listed, page, lambda board: _summary(*board))


@router.get("/{study}/{track}", response=Board, operation_id="get_board", summary="Read a board")
def board(request: HttpRequest, study: str, track: str, part: Query[SliceQuery]) -> dict[str, Any]:
    """Return ratings with intervals, tiers and ranks, best first, and the method behind them.

    A contender whose identity is withheld has its codename and a pseudonym.
    """
    found, row = find_board(study, track, part), find_study(study)
    standing = found.standing
    return {
        "study": study,
        "track": track,
        "slice": found.part.chosen,
        "simulated": row.simulated,
        "ledger_head": standing.head,
        "votes": standing.votes,
        "raters": standing.raters,
        "prompts": standing.prompts,
        "last_vote": standing.last_vote,
        "missing": standing.missing,
        "method": found.settings,
        "rows": _rows(found, row, track),
        "unrated": found.unrated,
        "unlisted": found.unlisted,
        "steps": found.steps,
        "leader": found.leader,
    }


@router.get(
    "/{study}/{track}/matrix", response=Matrix, operation_id="get_matrix", summary="Read who beat whom"
)
def matrix(request: HttpRequest, study: str, track: str, part: Query[SliceQuery]) -> dict[str, Any]:
    """Return win rates and votes of each contender against each other, in the order of the board."""
    return find_board(study, track, part).matrix


@router.get(
    "/{study}/{track}/pairs", response=Page[Pair], operation_id="list_pairs", summary="Compare every two"
)
def pairs(
    request: HttpRequest, study: str, track: str, part: Query[SliceQuery], page: Query[PageQuery]
) -> dict[str, Any]:
    """Return the difference of every two rated contenders with its interval, in the order of the board."""
    found = find_board(study, track, part)
    return page_of(found.pairs(), page, lambda pair: found.pair(*pair))


@router.get(
    "/{study}/{track}/pairs/{first}/{second}", response=Pair, operation_id="get_pair", summary="Compare two"
)
def pair(
    request: HttpRequest, study: str, track: str, first: str, second: str, part: Query[SliceQuery]
) -> dict[str, Any]:
    """Return the difference of two rated contenders with its interval."""
    found = find_board(study, track, part)
    rated = [
        found.contenders[row.contender] for row in (found.standing.board.rows if found.standing.board else ())
    ]
    two = [find_contender(rated, name).slug for name in (first, second)]
    if two[0] == two[1]:
        raise Unknown(f"A pair must be two contenders; got '{first}' twice. Name another one.")
    return found.pair(*two)


@router.get(
    "/{study}/{track}/history", response=History, operation_id="get_history", summary="Read the history"
)
def history(request: HttpRequest, study: str, track: str) -> dict[str, Any]:
    """Return past ratings of the votes that count now, and the board of each snapshot as it was.

    `changed` marks a setting of the fit that is other than before, or a contender that was removed.
    `breaks` are the moments at which votes were removed or came back, or the method or a default changed.
    """
    found, row = find_board(study, track), find_study(study)
    return {
        "moments": _moments(study, track, found),
        "boards": [_point(point) for point in board_timeline(row, track, found)],
        "breaks": [_break(found, one) for one in board_breaks(study=row, track=track)],
    }


def _rows(board: PublicBoard, study: Study, track: str) -> list[dict[str, Any]]:
    """Return the rows with price and speed, which a withheld contender has none of."""
    known = contender_facts(BoardPage(study, Track(track), board.part))
    facts = {board.name(slug): one for slug, one in known.items()}
    return [{**row, **facts.get(row["contender"], UNKNOWN)._asdict()} for row in board.rows]


def _break(board: PublicBoard, one: Break) -> dict[str, Any]:
    return {
        "at": one.at,
        "kind": one.kind,
        "rule": one.rule,
        "reason": one.reason,
        "votes": one.votes,
        "undone": one.undone,
        "changes": list(one.changes),
        "before": board.past_rows(one.before),
        "after": board.past_rows(one.after),
    }


def _moments(study: str, track: str, board: PublicBoard) -> list[dict[str, Any]]:
    if board.standing.board is None:
        return []
    settings = board.standing.board.settings
    return [
        {
            "at": moment.at,
            "ratings": {board.name(slug): finite(rating) for slug, rating in moment.ratings.items()},
        }
        for moment in rating_history(study=find_study(study), track=track, settings=settings)
    ]


def _point(point: Point) -> dict[str, Any]:
    columns = {
        name: {row["contender"]: row[column] for row in point.rows if row[column] is not None}
        for name, column in (("ratings", "rating"), ("lower", "lower"), ("upper", "upper"))
    }
    return {
        "at": point.at,
        "snapshot": point.snapshot,
        "ledger_head": point.ledger_head,
        "changed": list(point.changed),
        **columns,
    }


def _summary(study: Study, track: str) -> dict[str, Any]:
    standing = current_standing(study=study, track=track)
    public = PublicBoard(standing, {one.slug: one for one in study.contenders.all()})
    return {
        "study": study.slug,
        "track": track,
        "simulated": study.simulated,
        "ledger_head": standing.head,
        "votes": standing.votes,
        "raters": standing.raters,
        "last_vote": standing.last_vote,
        "top": [row["contender"] for row in public.rows[:TOP]],
    }
