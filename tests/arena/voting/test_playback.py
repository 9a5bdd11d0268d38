from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.catalog.hashing import canonical_json
from arena.voting.playback import MEASURES, read_playback


def test_known_measures_are_kept_to_the_millisecond() -> None:
    sent = {"watched_a_s": 1.23456, "plays": 2, "pixel_ratio": 1.5}
    assert read_playback(json.dumps(sent)) == {"watched_a_s": 1.235, "plays": 2.0, "pixel_ratio": 1.5}


@pytest.mark.parametrize(
    "value", ["-1", "1000001", "1e999", "NaN", "Infinity", "true", "null", '"3"', "[1]", "9" * 4000]
)
def test_what_is_no_measure_is_dropped(value: str) -> None:
    assert read_playback(f'{{"plays": {value}, "stalls": 1}}') == {"stalls": 1.0}


def test_unknown_names_are_dropped() -> None:
    assert read_playback('{"contender": 1, "plays": 1}') == {"plays": 1.0}


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "3", "null", "[" * 4000, '{"plays": 1' + " " * 5000 + "}"]
)
def test_nonsense_is_no_playback_and_no_failure(text: str) -> None:
    assert read_playback(text) == {}


@given(st.text() | st.dictionaries(st.sampled_from(MEASURES), st.floats() | st.integers()).map(json.dumps))
def test_whatever_is_sent_comes_out_fit_for_the_ledger(text: str) -> None:
    measures = read_playback(text)
    assert set(measures) <= set(MEASURES)
    assert json.loads(canonical_json(measures)) == measures
    assert "-0.0" not in canonical_json(measures)  # which PostgreSQL's jsonb would turn into 0.0
