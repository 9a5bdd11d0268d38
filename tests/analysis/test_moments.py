from __future__ import annotations

import pandas as pd
import pytest

from analysis.moments import moments_of

NOON = pd.Timestamp("2026-03-01T12:00:00", tz="UTC")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-03-01T12:00:00+00:00"),
        ("at", "2026-03-01T13:00:00.000+01:00"),
        ("created_at", "2026-03-01 12:00:00"),
        ("tstamp", 1772366400.0),
        ("tstamp", "1772366400"),
        ("timestamp", 1772366400000),
        ("date", pd.Timestamp("2026-03-01T12:00:00")),
    ],
)
def test_times_are_read_in_the_forms_that_files_have(column: str, value: object) -> None:
    found = moments_of(pd.DataFrame({column: [value, value]}, index=[4, 7]))
    assert found is not None
    assert found.tolist() == [NOON, NOON]
    assert found.index.tolist() == [4, 7]


def test_a_file_without_times_has_none() -> None:
    assert moments_of(pd.DataFrame({"outcome": ["a"]})) is None
    assert moments_of(pd.DataFrame({"at": [None]})) is None


def test_a_time_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match=r"Column at must hold dates and times .* got 'yesterday'"):
        moments_of(pd.DataFrame({"at": ["2026-03-01", "yesterday"]}))
