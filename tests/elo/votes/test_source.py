from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from elo.arrays import Floats
from elo.votes.arrow import ArrowSource
from elo.votes.coding import Coded, encode
from elo.votes.columns import Layout
from elo.votes.frames import FrameSource
from elo.votes.numbers import parsed
from elo.votes.source import Wanted, lay_out

TABLE: dict[str, list[object]] = {
    "Model A": ["x", "y"],
    "model_b": ["y", "z"],
    "winner": ["model_a", "tie"],
    "worker_id": ["r", "s"],
    "judge": ["t", "u"],
    "weight": [1, 2],
    "length": [0.5, -0.5],
    "note": ["", "late"],
}


class Remembering:
    """A source that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    @property
    def names(self) -> Sequence[str]:
        return list(TABLE)

    def load(self, layout: Layout) -> None:
        self.asked.append(("load", *layout.labels.values(), *layout.numbers.values()))

    def labels(self, name: str, ours: str) -> Coded:
        self.asked.append((name, ours))
        return encode(ours, TABLE[name])

    def numbers(self, name: str, ours: str) -> Floats:
        self.asked.append((name, ours))
        return parsed(ours, TABLE[name])


def test_a_source_is_asked_for_the_columns_of_votes_alone_by_its_own_names() -> None:
    source = Remembering()
    lay_out(source, Wanted(covariates=("length",)))
    assert source.asked == [
        ("load", "Model A", "model_b", "winner", "judge", "length", "weight"),
        ("Model A", "contender_a"),
        ("model_b", "contender_b"),
        ("winner", "outcome"),
        ("judge", "rater"),
        ("length", "length"),
        ("weight", "weight"),
    ]


def test_columns_that_are_not_wanted_are_not_read() -> None:
    source = Remembering()
    columns = lay_out(source, Wanted(optional=()))
    assert set(columns.labels) == {"contender_a", "contender_b", "outcome"}
    assert columns.weight is None
    assert ("judge", "rater") not in source.asked


def test_columns_are_named_as_ours_with_words_and_notes() -> None:
    columns = lay_out(Remembering(), Wanted(covariates=("length",)))
    assert columns.labels["rater"].labels == ("t", "u")
    assert np.asarray(columns.covariates["length"]).tolist() == [0.5, -0.5]
    assert columns.words["model_a"] == 0
    assert columns.notes == ("Read judge as rater, not worker_id.",)


def test_a_missing_column_is_refused_before_anything_is_read() -> None:
    source = Remembering()
    with pytest.raises(ValueError, match="The votes lack size"):
        lay_out(source, Wanted(covariates=("size",)))
    assert source.asked == []


@pytest.mark.parametrize("kind", ["frame", "arrow"])
def test_frames_and_tables_lay_out_alike(kind: str) -> None:
    source = FrameSource(pd.DataFrame(TABLE)) if kind == "frame" else ArrowSource(pa.table(TABLE))
    found, expected = (lay_out(each, Wanted()) for each in (source, Remembering()))
    assert found.notes == expected.notes
    for name, column in expected.labels.items():
        assert [found.labels[name].labels[code] for code in found.labels[name].codes] == [
            column.labels[code] for code in column.codes
        ]


@pytest.mark.parametrize("kind", ["frame", "arrow"])
def test_dictionaries_keep_their_codes(kind: str) -> None:
    series = pd.Series(["y", "x", "y"], dtype=pd.CategoricalDtype(["x", "y", "z"]))
    source = (
        FrameSource(pd.DataFrame({"rater": series}))
        if kind == "frame"
        else ArrowSource(pa.table({"rater": pa.DictionaryArray.from_arrays([1, 0, 1], ["x", "y", "z"])}))
    )
    column = source.labels("rater", "rater")
    assert column.codes.tolist() == [1, 0, 1]
    assert column.labels == ("x", "y", "z")


def test_an_error_names_our_column() -> None:
    frame = FrameSource(pd.DataFrame({"mass": ["much"]}))
    with pytest.raises(ValueError, match="Column weight holds 'much' in row 0"):
        frame.numbers("mass", "weight")
