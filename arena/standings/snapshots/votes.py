"""Votes of a snapshot as a Parquet file: one row for each, with pseudonymous raters."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from arena.voting.fit_settings import COVARIATES
from arena.voting.modes import sheet_name
from elo import Votes

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = {
    "vote": "int64",
    "simulated": "bool_",
    "track": "string",
    "suite": "string",
    "suite_version": "int64",
    "prompt": "string",
    "prompt_hash": "string",
    "language": "string",
    "tags": "string",
    "seed": "int64",
    "settings_hash": "string",
    "contender_a": "string",
    "contender_b": "string",
    "outcome": "string",
    "order": "string",
    "propensity": "float64",
    "rater": "string",
    "issued_at": "string",
    "at": "string",
    "excluded_by": "string",
    "mode": "string",
    "aspect_ratio": "string",
    **dict.fromkeys(COVARIATES, "float64"),
}
"""Columns of a file of votes with their Arrow types. `vote` is the number of the ledger's entry; a feature is
that of clip a less that of clip b, and empty where it isn't recorded or would tell too much."""
LATER = ("mode", "aspect_ratio", *COVARIATES)
"""Columns that snapshots of version 1 lack."""


READ = ("track", "contender_a", "contender_b", "outcome", "suite", "suite_version", "prompt", "rater")
"""Columns that every fit needs."""


class MissingParquet(RuntimeError):
    """Parquet is asked for where pyarrow isn't installed; the message says how to add it."""


class BadVotes(ValueError):
    """File that does not hold the votes of a snapshot."""


def to_parquet(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Write votes as Parquet: the same rows give the same bytes with the same release of pyarrow.

    Raises:
        MissingParquet: pyarrow isn't installed.
    """
    pyarrow, parquet = _pyarrow()
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    table = pyarrow.Table.from_pylist(list(rows), schema=schema)
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def read_boards(
    content: bytes, covariates: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, Votes]:
    """Read the votes of each board from a Parquet file: one for each track and mode of judging.

    Boards are named as tally sheets are: `t2v-audio` for picture and sound, `t2v-audio/muted` for a mode.

    Args:
        content: the file.
        covariates: columns of features that the fit of each board needs.

    Raises:
        MissingParquet: pyarrow isn't installed.
        BadVotes: the content is not such a file.
    """
    table = _read(content)
    features = sorted({name for of_board in covariates.values() for name in of_board})
    columns = {name: table.column(name).to_pylist() for name in (*READ, *_present(table, features))}
    names = _board_names(table, columns["track"])
    boards = {}
    for board in sorted(set(names)):
        here = [place for place, name in enumerate(names) if name == board]
        of_board = {name: [values[i] for i in here] for name, values in columns.items()}
        boards[board] = _votes(of_board, covariates.get(board, ()))
    return boards


def _board_names(table: pa.Table, tracks: Sequence[str]) -> list[str]:
    """Return the board of each vote; snapshots of version 1 have picture and sound alone."""
    if "mode" not in table.column_names:
        return list(tracks)
    return list(map(sheet_name, tracks, table.column("mode").to_pylist()))


def _present(table: pa.Table, features: Sequence[str]) -> Sequence[str]:
    for name in features:
        if name not in table.column_names:
            raise BadVotes(f"votes.parquet must have the column {name}, which the fit needs; it is missing.")
    return features


def _read(content: bytes) -> pa.Table:
    pyarrow, parquet = _pyarrow()
    try:
        table = parquet.read_table(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError) as error:
        raise BadVotes(
            f"votes.parquet must be a Parquet file of votes; got an unreadable one ({error})."
        ) from error
    missing = [name for name in COLUMNS if name not in (*LATER, *table.column_names)]
    if missing:
        raise BadVotes(f"votes.parquet must have the columns of a snapshot; {', '.join(missing)} is missing.")
    return table


def _votes(columns: Mapping[str, list[Any]], covariates: Sequence[str]) -> Votes:
    for name in covariates:
        if None in columns[name]:
            raise BadVotes(
                f"votes.parquet must have {name} for every vote, which the fit needs; some have none."
            )
    prompts = zip(columns["suite"], columns["suite_version"], columns["prompt"], strict=True)
    try:
        return Votes.from_columns(
            contender_a=columns["contender_a"],
            contender_b=columns["contender_b"],
            outcome=columns["outcome"],
            prompt=[f"{suite}@{version}/{prompt}" for suite, version, prompt in prompts],
            rater=columns["rater"],
            covariates={name: columns[name] for name in covariates},
        )
    except ValueError as error:
        raise BadVotes(f"votes.parquet must hold votes that can be rated. {error}") from error


def _pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet module, which only snapshots need."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingParquet(
            "Snapshots hold their votes as Parquet, which needs pyarrow. "
            "Install it: pip install 'paddock-arena[parquet]'"
        ) from error
    return pa, parquet
