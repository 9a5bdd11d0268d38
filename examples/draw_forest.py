"""Draw the forest plot of a board: ratings with their intervals, best on top.

python examples/draw_forest.py http://localhost:8000 demo-simulated t2v-audio forest.svg
"""

from __future__ import annotations

import argparse
import json
from urllib.request import urlopen

import matplotlib.pyplot as plt


def main() -> None:
    """Write the figure, in the form that its name's suffix says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("arena", "study", "track", "file"):
        parser.add_argument(name)
    options = parser.parse_args()
    with urlopen(f"{options.arena}/api/v1/boards/{options.study}/{options.track}") as answer:
        rows = json.load(answer)["rows"]
    if not rows:
        raise SystemExit("This board has no ratings yet.")
    names = [row["name"] for row in rows]
    ratings = [row["rating"] for row in rows]
    below = [row["rating"] - row["lower"] for row in rows]
    above = [row["upper"] - row["rating"] for row in rows]
    figure, axes = plt.subplots(figsize=(6, 1 + 0.35 * len(rows)), layout="constrained")
    axes.errorbar(ratings, range(len(rows)), xerr=[below, above], fmt="o", capsize=3)
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlabel("rating, with 95 % interval")
    figure.savefig(options.file)


if __name__ == "__main__":
    main()
