"""Read a board from an arena's API into a pandas frame.

python examples/read_board.py http://localhost:8000 demo-simulated t2v-audio
"""

from __future__ import annotations

import argparse
import json
from typing import Any
from urllib.request import urlopen

import pandas as pd


def read_board(arena: str, study: str, track: str) -> pd.DataFrame:
    """Return one row for each rated contender, best first."""
    with urlopen(f"{arena}/api/v1/boards/{study}/{track}") as answer:
        board: dict[str, Any] = json.load(answer)
    if board["missing"]:
        raise SystemExit(board["missing"])
    return pd.DataFrame(board["rows"]).set_index("contender")


def main() -> None:
    """Print the board."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("arena", "study", "track"):
        parser.add_argument(name)
    frame = read_board(**vars(parser.parse_args()))
    print(
        frame[["rank_low", "rank_high", "rating", "lower", "upper", "votes", "win_rate"]].round(1).to_string()
    )


if __name__ == "__main__":
    main()
