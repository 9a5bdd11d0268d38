"""Votes are the same, whatever they are read from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from elo.votes import reading
from elo.votes.table import Votes

LABELS = ["contender_a", "contender_b", "outcome", "prompt", "rater", "side", "order"]
Road = Callable[[pd.DataFrame, Path], Votes]


def object_frame(frame: pd.DataFrame, _: Path) -> Votes:
    return Votes.from_frame(frame.astype(dict.fromkeys(LABELS, object)))


def str_frame(frame: pd.DataFrame, _: Path) -> Votes:
    return Votes.from_frame(frame.astype(dict.fromkeys(LABELS, "str")))


def python_str_frame(frame: pd.DataFrame, _: Path) -> Votes:
    return Votes.from_frame(frame.astype(dict.fromkeys(LABELS, pd.StringDtype("python"))))


def categorical_frame(frame: pd.DataFrame, _: Path) -> Votes:
    return Votes.from_frame(frame.astype(dict.fromkeys(LABELS, "category")))


def arrow_frame(frame: pd.DataFrame, _: Path) -> Votes:
    dictionary = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    return Votes.from_frame(frame.astype(dict.fromkeys(LABELS, dictionary)))


def arrow_strings(frame: pd.DataFrame, _: Path) -> Votes:
    return Votes.from_arrow(pa.Table.from_pandas(frame))


def arrow_chunks(frame: pd.DataFrame, _: Path) -> Votes:
    """Each half has dictionaries of its own."""
    half, table = len(frame) // 2, pa.Table.from_pandas(frame)
    parts = [table.slice(0, half), table.slice(half)]
    return Votes.from_arrow(pa.concat_tables([encode_labels(part) for part in parts]))


def encode_labels(table: pa.Table) -> pa.Table:
    for name in LABELS:
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    return table


def parquet_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.parquet"
    parquet.write_table(pa.Table.from_pandas(frame), path, row_group_size=3)
    return Votes.read(path)


def dictionary_parquet_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.parquet"
    frame.astype(dict.fromkeys(LABELS, "category")).to_parquet(path)
    return Votes.read(path)


def arrow_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.arrow"
    feather.write_feather(frame, str(path), compression="uncompressed")
    return Votes.read(path)


def csv_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.csv"
    frame.to_csv(path, index=False)
    return Votes.read(path)


def tab_separated_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes"
    frame.to_csv(path, index=False, sep="\t")
    return Votes.read(path)


def json_file(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.json"
    path.write_text(json.dumps(frame.to_dict("records")))
    return Votes.read(path)


def json_lines(frame: pd.DataFrame, folder: Path) -> Votes:
    path = folder / "votes.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
    return Votes.read(path)


ROADS: list[Road] = [
    object_frame,
    str_frame,
    python_str_frame,
    categorical_frame,
    arrow_frame,
    arrow_strings,
    arrow_chunks,
    parquet_file,
    dictionary_parquet_file,
    arrow_file,
    csv_file,
    tab_separated_file,
    json_file,
    json_lines,
]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    pair = st.lists(st.sampled_from(["x", "y", 'ü, "z"', "10"]), min_size=2, max_size=2, unique=True)
    pairs = draw(st.lists(pair, min_size=1, max_size=12))
    rows = len(pairs)

    def column(values: st.SearchStrategy[str]) -> list[str]:
        return draw(st.lists(values, min_size=rows, max_size=rows))

    return pd.DataFrame(
        {
            "contender_a": [a for a, _ in pairs],
            "contender_b": [b for _, b in pairs],
            "outcome": column(st.sampled_from(["a", "b", "tie", "both_bad"])),
            "prompt": column(st.sampled_from(["p1", "p2", "7"])),
            "rater": column(st.sampled_from(["r1", "r2", "NA"])),
            "side": column(st.sampled_from(["a", "b"])),
            "order": column(st.sampled_from(["a", "b"])),
            "weight": draw(st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=rows, max_size=rows)),
            "propensity": draw(st.lists(st.sampled_from([0.25, 1.0]), min_size=rows, max_size=rows)),
            "note": column(st.sampled_from(["", "said so"])),
        }
    ).assign(weight=lambda frame: frame["weight"].where(frame.index > 0, 1.0))


def from_columns(frame: pd.DataFrame) -> Votes:
    columns: dict[str, Any] = {str(name): frame[name].tolist() for name in frame if name != "note"}
    return Votes.from_columns(**columns)


def decoded(votes: Votes) -> pd.DataFrame:
    """Return the votes as labels, since prompts and raters may have any codes."""
    assert votes.prompt is not None
    assert votes.prompt_labels is not None
    assert votes.rater is not None
    assert votes.rater_labels is not None
    return pd.DataFrame(
        {
            "a": votes.contender_a,
            "b": votes.contender_b,
            "outcome": votes.outcome,
            "prompt": [votes.prompt_labels[code] for code in votes.prompt],
            "rater": [votes.rater_labels[code] for code in votes.rater],
            "side": votes.side,
            "order": votes.order,
            "weight": votes.weight,
            "propensity": votes.propensity,
        }
    )


@pytest.mark.parametrize("road", ROADS)
@given(frame=frames())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_road_leads_to_the_same_votes(road: Road, frame: pd.DataFrame, tmp_path: Path) -> None:
    votes, expected = road(frame, tmp_path), from_columns(frame)
    assert votes.contenders == expected.contenders
    pd.testing.assert_frame_equal(decoded(votes), decoded(expected))
    assert votes.contender_a.dtype == votes.outcome.dtype == np.uint8
    assert (votes.prompts, votes.raters) == (expected.prompts, expected.raters)


@given(frame=frames())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_without_pyarrow_csv_reads_the_same(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "has_pyarrow", lambda: False)
        votes = csv_file(frame, tmp_path)
    pd.testing.assert_frame_equal(decoded(votes), decoded(from_columns(frame)))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", ["contender_a", "rater"])
def test_a_missing_label_is_refused_with_its_row(road: Road, name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "contender_a": ["x", "y", "x", "y"],
            "contender_b": ["y", "x", "y", "x"],
            **{label: ["a", "b", "a", "b"] for label in LABELS[2:]},
        },
        dtype=object,
    )
    frame.loc[2, name] = None
    with pytest.raises(ValueError, match=f"Unknown {name} None in row 2"):
        road(frame, tmp_path)


@pytest.mark.parametrize("kind", ["votes.parquet", "votes.arrow"])
def test_a_binary_file_without_pyarrow_names_what_to_install(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"contender_a": ["x"], "contender_b": ["y"], "outcome": ["a"]})
    path = tmp_path / kind
    frame.to_parquet(path) if kind.endswith("parquet") else feather.write_feather(frame, str(path))
    monkeypatch.setattr(reading, "has_pyarrow", lambda: False)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\.\[parquet\]"'):
        Votes.read(path)
