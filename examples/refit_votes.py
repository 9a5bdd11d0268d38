"""Fit an arena's votes again with other settings: ties by Davidson's model, intervals by rater alone.

python examples/refit_votes.py http://localhost:8000 demo-simulated t2v-audio
python examples/refit_votes.py … --token paddock_…    # while the study is open
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pandas as pd

from elo import Votes, fit


def read_votes(arena: str, study: str, token: str) -> Iterator[dict[str, Any]]:
    """Yield the votes that count, page by page."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    after = 0
    while after is not None:
        with urlopen(
            Request(f"{arena}/api/v1/studies/{study}/votes?after={after}", headers=headers)
        ) as answer:
            page = json.load(answer)
        yield from (vote for vote in page["items"] if vote["excluded_by"] is None)
        after = page["next_after"]


def main() -> None:
    """Print the ratings of the other fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("arena", "study", "track"):
        parser.add_argument(name)
    parser.add_argument("--token", default="", help="while the study is open")
    options = parser.parse_args()
    frame = pd.DataFrame(read_votes(options.arena, options.study, options.token))
    frame = frame[frame["track"] == options.track]
    votes = Votes.from_columns(
        contender_a=frame["contender_a"],
        contender_b=frame["contender_b"],
        outcome=frame["outcome"],
        prompt=frame["prompt"],
        rater=frame["rater"],
    )
    ratings = fit(votes, ties="davidson", clusters=("rater",))
    print(
        pd.DataFrame(ratings.rows())[["contender", "rating", "lower", "upper", "votes"]].round(1).to_string()
    )


if __name__ == "__main__":
    main()
