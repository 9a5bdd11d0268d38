"""From a snapshot's votes to its tables and figures; needs no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.board import Board, count_met, lay_out_board
from analysis.export import to_csv, to_json
from analysis.figures import charts
from analysis.figures.style import Figure
from arena.standings.snapshots.votes import BadVotes, read_boards
from elo import NotConverged, NotIdentified, Ratings, Votes, fit

if TYPE_CHECKING:
    import pandas as pd

FIT = ("ties", "both_bad", "effects", "covariates", "clusters", "anchor", "scale", "level")
"""Settings of a fit that a snapshot records for each board, by the names of `elo.fit`."""


@dataclass(frozen=True)
class Replayed:
    """Boards that the votes of a snapshot give, and their files by name."""

    boards: dict[str, Board]
    """Each board that there is, by its track, or by track and mode such as `t2v-audio/muted`."""
    tables: dict[str, bytes]


def replay(votes: bytes, fits: Mapping[str, Mapping[str, Any]]) -> Replayed:
    """Fit the votes of each board that has a fit, and write its tables.

    Args:
        votes: the Parquet file of the votes.
        fits: settings of each board's fit, by the names of `FIT`.

    Raises:
        BadVotes: the votes are unreadable, or give no board with these settings.
    """
    by_track = read_boards(votes, {track: settings["covariates"] for track, settings in fits.items()})
    boards = {track: _board(by_track, track, settings) for track, settings in sorted(fits.items())}
    tables = {}
    for track, board in boards.items():
        tables[f"tables/{track}/leaderboard.csv"] = to_csv(board).encode()
        tables[f"tables/{track}/board.json"] = to_json(board).encode()
    return Replayed(boards, tables)


def _board(by_track: Mapping[str, Votes], track: str, settings: Mapping[str, Any]) -> Board:
    if track not in by_track:
        raise BadVotes(f"votes.parquet must have votes on {track}, since fit.json names it; got none.")
    votes, anchor = by_track[track], settings["anchor"]
    try:
        ratings = fit(votes, **{**settings, "anchor": None if anchor is None else (anchor[0], anchor[1])})
        return lay_out_board(ratings, *count_met(votes, ratings))
    except (NotConverged, NotIdentified, ValueError, TypeError, LookupError) as error:
        raise BadVotes(
            f"The votes on {track} give no board with the settings of fit.json. {error}"
        ) from error


def fit_of(ratings: Ratings) -> dict[str, Any]:
    """Return the settings of a fit, ready for JSON."""
    asked = ratings.method.asked
    model = asked.specification
    return {
        "ties": model.ties,
        "both_bad": model.both_bad,
        "effects": list(model.effects),
        "covariates": list(model.covariates),
        "clusters": list(asked.uncertainty.clusters),
        "anchor": None if asked.anchor is None else list(asked.anchor),
        "scale": asked.scale,
        "level": asked.level,
    }


def draw_figures(boards: Mapping[str, Board]) -> dict[str, bytes]:
    """Draw the forest plot and the win matrix of each board as SVG, by file name."""
    figures = {}
    for track, board in boards.items():
        for figure in (_forest(board), charts.matrix(_wins(board))):
            figures[f"figures/{track}/{figure.name}.svg"] = figure.svg().encode()
    return figures


def _forest(board: Board) -> Figure:
    import pandas as pd  # only snapshots and reports need it

    frame = pd.DataFrame(board.rows, columns=list(board.rows[0]._fields))
    frame["without_unreliable"] = float("nan")
    return charts.forest(frame, board.settings["level"])


def _wins(board: Board) -> pd.DataFrame:
    import pandas as pd

    rates = [
        [float("nan") if cell.win_rate is None else cell.win_rate for cell in row] for row in board.matrix
    ]
    return pd.DataFrame(rates, index=list(board.contenders), columns=list(board.contenders))
