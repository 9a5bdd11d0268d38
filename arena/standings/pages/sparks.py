"""Lines of each contender's rating over time, small enough for a row."""

from __future__ import annotations

from analysis.board import Board
from arena.standings.history import rating_history
from arena.standings.pages.finding import BoardPage

WIDTH, HEIGHT = 100, 20
LEAST_RANGE = 50.0
"""Rating points that a line's height stands for at least, so that small changes look small."""


def draw_sparks(page: BoardPage, board: Board) -> dict[str, str]:
    """Return the points of each contender's line by slug, on one scale for all; none without a history.

    Each line has its middle at the middle of its own ratings.
    """
    past = rating_history(study=page.study, track=page.track, settings=board.settings, part=page.part)
    if len(past) < 2:
        return {}
    start, end = past[0].at, max(past[-1].at, page.standing.last_vote or past[-1].at)
    lines = {}
    for row in board.rows:
        points = [(one.at, one.ratings[row.contender]) for one in past[:-1] if row.contender in one.ratings]
        lines[row.contender] = [*points, (end, row.rating)]
    ratings = {slug: [rating for _, rating in line] for slug, line in lines.items()}
    reach = max(LEAST_RANGE, *(max(values) - min(values) for values in ratings.values()))
    return {
        slug: " ".join(
            f"{WIDTH * ((at - start) / (end - start)):.1f},{_height(rating, ratings[slug], reach):.1f}"
            for at, rating in line
        )
        for slug, line in lines.items()
        if len(line) > 1
    }


def _height(rating: float, of_line: list[float], reach: float) -> float:
    middle = (max(of_line) + min(of_line)) / 2
    return HEIGHT * (0.5 - (rating - middle) / reach)
