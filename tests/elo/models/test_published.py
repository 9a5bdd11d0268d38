"""Published results, recomputed from their published data."""

from __future__ import annotations

import numpy as np

from elo import Votes, fit

TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")

# Games of the American League's East in 1987, "home wins-losses" of the row's team against the column's:
# Agresti, "Categorical Data Analysis", 2nd ed. 2002, table 10.11; the data set `baseball` of BradleyTerry2.
HOME = (
    "0-0 4-3 4-2 4-3 6-1 4-2 6-0",
    "3-3 0-0 4-2 4-3 6-0 6-1 4-3",
    "2-5 4-3 0-0 2-4 4-3 4-2 6-0",
    "3-3 5-1 2-5 0-0 4-3 4-2 6-1",
    "5-1 2-5 3-3 4-2 0-0 5-2 6-0",
    "2-5 3-3 3-4 4-3 4-2 0-0 2-4",
    "2-5 1-5 1-6 2-4 1-6 3-4 0-0",
)


def baseball() -> Votes:
    """Return the games as votes, with the home team as contender a."""
    games = [
        (home, away, outcome, int(count))
        for home, row in zip(TEAMS, HOME, strict=True)
        for away, cell in zip(TEAMS, row.split(), strict=True)
        for outcome, count in zip("ab", cell.split("-"), strict=True)
        if home != away
    ]
    home, away, outcome, count = zip(*games, strict=True)
    return Votes.from_columns(contender_a=home, contender_b=away, outcome=outcome, weight=count)


def test_baseball_at_home() -> None:
    ratings = fit(baseball(), effects=["side"], intervals="model", anchor=("Baltimore", 0.0), scale=1.0)
    # H. Turner, D. Firth, "Bradley-Terry models in R: the BradleyTerry2 package", Journal of Statistical
    # Software 48(9), 2012, section 3.1: estimates and standard errors, Baltimore at zero.
    published = {
        "Milwaukee": (1.6196, 0.3474),
        "Detroit": (1.4754, 0.3446),
        "Toronto": (1.3271, 0.3403),
        "New York": (1.2813, 0.3404),
        "Boston": (1.1438, 0.3378),
        "Cleveland": (0.7047, 0.3350),
    }
    rows = {row.contender: (row.rating, row.se) for row in ratings.rows() if row.contender != "Baltimore"}
    assert rows.keys() == published.keys()
    for team, expected in published.items():
        np.testing.assert_allclose(rows[team], expected, atol=5.1e-5)
    np.testing.assert_allclose(ratings.parameters["side"], 0.3023, atol=5e-5)
    np.testing.assert_allclose(np.sqrt(ratings.errors.extras), 0.1309, atol=5e-5)
