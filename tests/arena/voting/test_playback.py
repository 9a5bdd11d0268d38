from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.catalog.hashing import canonical_json
from arena.voting.playback import BOUNDS, MEASURES, RANGES, is_possible, playback_columns, read_playback


def test_known_measures_are_kept_to_the_millisecond() -> None:
    sent = {"watched_a_s": 1.23456, "plays": 2, "pixel_ratio": 1.5}
    assert read_playback(json.dumps(sent)) == {"watched_a_s": 1.235, "plays": 2.0, "pixel_ratio": 1.5}


@pytest.mark.parametrize(
    "value", ["-1", "1000001", "1e999", "NaN", "Infinity", "true", "null", '"3"', "[1]", "9" * 4000]
)
def test_what_is_no_measure_is_dropped(value: str) -> None:
    assert read_playback(f'{{"plays": {value}, "stalls": 1}}') == {"stalls": 1.0}


@pytest.mark.parametrize("name", MEASURES)
def test_each_measure_has_its_own_bound(name: str) -> None:
    assert read_playback(json.dumps({name: BOUNDS[name]})) == {name: BOUNDS[name]}
    assert read_playback(json.dumps({name: BOUNDS[name] * 1.01})) == {}


def test_played_ranges_are_kept() -> None:
    sent = {"played_a": [[0, 2.50001], [3, 5.04]], "played_b": []}
    assert read_playback(json.dumps(sent)) == {"played_a": [[0.0, 2.5], [3.0, 5.04]], "played_b": []}


@pytest.mark.parametrize(
    "ranges",
    [
        *("3", "[3]", "[[1]]", "[[1, 2, 3]]", '[["0", "1"]]', "[[2, 1]]", "[[0, 2], [1, 3]]", "[[-1, 2]]"),
        *("[[0, NaN]]", "[[true, 2]]", "[[0, 90000]]", str([[i, i + 1] for i in range(33)])),
    ],
)
def test_odd_ranges_are_dropped(ranges: str) -> None:
    assert read_playback(f'{{"played_a": {ranges}, "plays": 1}}') == {"plays": 1.0}


def test_a_report_becomes_columns() -> None:
    report = read_playback(json.dumps({"drift_s": 0.02, "played_b": [[0, 2.5], [3, 5.04]]}))
    assert playback_columns(report) == {"drift_s": 0.02, "played_b": "0-2.5 3-5.04"}


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


WHOLE = {"watched_a_s": 5.0, "watched_b_s": 5.0, "heard_a_s": 5.0, "heard_b_s": 5.0, "decided_after_s": 12.0}


def _possible(claim: Mapping[str, object], *, open_s: float = 13.0, with_sound: bool = True) -> bool:
    return is_possible(claim, duration_s=5.0, open_s=open_s, with_sound=with_sound)


def test_both_clips_in_turn_take_the_sum_of_their_lengths() -> None:
    assert _possible(WHOLE)
    quick = {**WHOLE, "decided_after_s": 5.0}
    assert not _possible(quick, open_s=6.0)
    assert _possible(quick, open_s=10.0)


def test_pictures_are_watched_at_once() -> None:
    quick = {**WHOLE, "decided_after_s": 5.0}
    assert _possible(quick, open_s=5.0, with_sound=False)
    assert not _possible(quick, open_s=2.0, with_sound=False)


@pytest.mark.parametrize("name", ["watched_a_s", "watched_b_s", "heard_a_s", "heard_b_s"])
@pytest.mark.parametrize("seconds", [0.0, 4.0, 6.0, 1000.0])
def test_less_than_the_whole_clip_or_more_than_there_is_cant_be(name: str, seconds: float) -> None:
    assert not _possible({**WHOLE, name: seconds})


def test_nobody_decides_before_the_pair_was_issued() -> None:
    assert not _possible({**WHOLE, "decided_after_s": 60.0})


def test_a_tenth_at_the_end_and_a_clock_a_second_off_are_no_lie() -> None:
    assert _possible({**WHOLE, "watched_a_s": 4.8, "heard_b_s": 5.1, "decided_after_s": 14.0})


def test_a_browser_without_scripts_claims_nothing() -> None:
    assert _possible({}, open_s=0.0)


def test_no_range_ends_after_its_clip() -> None:
    assert _possible({**WHOLE, "played_a": [[0.0, 5.4]]})
    assert not _possible({**WHOLE, "played_a": [[0.0, 3.0], [4.0, 9.0]]})


@pytest.mark.parametrize("name", ["stalled_s", "longest_stall_s", "hidden_s", "wrong_rate_s"])
def test_nothing_lasts_longer_than_the_pair_was_open(name: str) -> None:
    assert not _possible({**WHOLE, name: 60.0})


def test_silent_pairs_need_no_hearing() -> None:
    assert _possible({**WHOLE, "heard_a_s": 0.0, "heard_b_s": 0.0}, with_sound=False)


@pytest.mark.parametrize("name", [*MEASURES, *RANGES])
def test_every_measure_is_documented(name: str) -> None:
    page = Path(__file__).parents[3] / "docs" / "playback.md"
    assert f"`{name}`" in page.read_text(encoding="utf-8")
