"""`python -m tests.benchmarks.exports`: how far other packages' ratings of our files are from our own.

Writes simulated votes with ties and both_bad as `python -m analysis votes` does, has each package that is
installed read its file and rate it, and prints the largest difference in points. evalica and arena-rank are
the extra `benchmarks`; `--votes FILE` takes other votes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.export.layouts import lay_out, vote_file
from analysis.reading import read_frame
from elo import Votes, fit
from elo.arrays import Floats
from elo.fit import ELO_SCALE
from tests.benchmarks.report import draw

BAR = 1e-3
"""Elo points by which ratings may differ."""


class Reader(NamedTuple):
    """A package, the file that it gets, and its ratings of it, in points about any mean."""

    package: str
    layout: str
    suffix: str
    settings: str
    rate: Callable[[Path], dict[str, float]]


def evalica_ratings(path: Path) -> dict[str, float]:
    import evalica
    from evalica.__main__ import read_csv

    with path.open(encoding="utf-8") as file:
        scores = evalica.bradley_terry(*read_csv(file), tolerance=1e-12, limit=100_000).scores
    return {str(name): ELO_SCALE * float(np.log(score)) for name, score in scores.items()}


def arena_rank_ratings(path: Path, **tolerances: float) -> dict[str, float]:
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    data: Any = PairDataset.from_pandas(pd.read_parquet(path))
    model: Any = BradleyTerry(n_competitors=len(data.competitors), **tolerances)
    found = model.compute_ratings_and_cis(data)
    return dict(zip(found["competitors"], map(float, found["ratings"]), strict=True))


READERS = (
    Reader("evalica", "evalica", ".csv", "to its tolerance of 1e-12", evalica_ratings),
    Reader(
        "arena-rank",
        "arena-rank",
        ".parquet",
        "to a tolerance of 1e-15",
        partial(arena_rank_ratings, ftol=1e-18, gtol=1e-15),
    ),
    Reader("arena-rank", "arena-rank", ".parquet", "as it comes, ftol 1e-9", arena_rank_ratings),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=Path, help="file of votes (20,000 simulated ones)")
    chosen = parser.parse_args().votes
    frame = read_frame(chosen) if chosen else draw(20_000, 12, 100, 150)
    ours = fit(Votes.from_frame(frame), intervals="none")
    print(f"{len(frame)} votes on {len(ours.contenders)} contenders; bar: {BAR} Elo")  # noqa: T201
    for reader in READERS:
        if find_spec(reader.package.replace("-", "_")) is None:
            print(f"{reader.package:44} not installed")  # noqa: T201
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"votes{reader.suffix}"
            path.write_bytes(vote_file(lay_out(frame, reader.layout), reader.suffix))
            theirs = reader.rate(path)
        far = furthest(ours.ratings, np.array([theirs[name] for name in ours.contenders]))
        verdict = "within the bar" if far <= BAR else "beyond the bar"
        named = f"{reader.package} {version(reader.package)}, {reader.settings}"
        print(f"{named:44} largest difference {far:.1e}, {verdict}")  # noqa: T201


def furthest(ours: Floats, theirs: Floats) -> float:
    """Return the largest difference of ratings about their means, shape (K,) each."""
    return float(np.abs((ours - ours.mean()) - (theirs - theirs.mean())).max())


if __name__ == "__main__":
    main()
