from __future__ import annotations

import csv
from pathlib import Path

import pytest

from elo.votes.dialects import DELIMITERS, Dialect, find_dialect, long_fields
from elo.votes.encodings import Encoding

HEADER = ["contender_a", "contender_b", "outcome"]


def found(folder: Path, text: str) -> Dialect:
    path = folder / "votes.csv"
    path.write_text(text, newline="")
    return find_dialect(path, path, Encoding("utf-8"))


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_the_one_that_gives_columns_of_votes(
    delimiter: str, end: str, tmp_path: Path
) -> None:
    dialect = found(tmp_path, end.join([delimiter.join(HEADER), delimiter.join("xya"), ""]))
    assert dialect == Dialect(HEADER, delimiter, skipped=0, spaced=False)
    assert dialect.plain


def test_a_delimiter_inside_a_heading_does_not_mislead(tmp_path: Path) -> None:
    dialect = found(tmp_path, '"why, when, where";contender_a;contender_b;outcome\n')
    assert dialect.delimiter == ";"
    assert dialect.header == ["why, when, where", *HEADER]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
def test_a_separator_line_says_the_delimiter(line: str, tmp_path: Path) -> None:
    dialect = found(tmp_path, f"{line}\n{';'.join(HEADER)}\nx;y;a\n")
    assert (dialect.delimiter, dialect.skipped, dialect.plain) == (";", 1, False)


@pytest.mark.parametrize("blank", ["", "   ", ",,,", ';;"";'])
def test_blank_lines_before_the_header_are_skipped(blank: str, tmp_path: Path) -> None:
    dialect = found(tmp_path, f"{blank}\n{blank}\n{','.join(HEADER)}\n")
    assert (dialect.header, dialect.skipped) == (HEADER, 2)


def test_spaces_behind_delimiters_are_seen(tmp_path: Path) -> None:
    dialect = found(tmp_path, f"{', '.join(HEADER)}\nx, y, a\n")
    assert dialect.spaced
    assert dialect.header == HEADER


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n;;\n"])
def test_a_file_without_a_header_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"votes\.csv is empty: a line with the names of the columns"):
        found(tmp_path, text)


def test_the_limit_of_fields_is_lifted_and_put_back() -> None:
    before = csv.field_size_limit()
    with long_fields():
        assert csv.field_size_limit() > 1 << 20
    assert csv.field_size_limit() == before


def test_the_limit_is_put_back_after_an_error() -> None:
    before = csv.field_size_limit()
    with pytest.raises(KeyError), long_fields():
        raise KeyError
    assert csv.field_size_limit() == before
