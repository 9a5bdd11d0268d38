"""Reading votes from a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from elo.arrays import Floats
from elo.votes.coding import Coded, coded, encode
from elo.votes.columns import Chooser, Columns, read_layout
from elo.votes.numbers import parsed

if TYPE_CHECKING:
    import pandas as pd


def read_frame(frame: pd.DataFrame, choose: Chooser) -> Columns:
    """Take the columns of votes out of a frame. Categorical and Arrow dictionary columns keep their codes."""
    return read_layout(
        choose(frame.columns),
        code=lambda ours, theirs: _code(ours, frame[theirs]),
        number=lambda ours, theirs: _number(ours, frame[theirs]),
    )


def _code(name: str, column: pd.Series[Any]) -> Coded:
    import pandas as pd  # the web process loads this module and needs no pandas

    if _is_arrow(column):
        return _arrow_code(name, column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, labels = column.cat.codes.to_numpy(), column.cat.categories
    else:
        try:
            codes, labels = pd.factorize(column)
        except TypeError:  # lists and dicts
            return encode(name, column.tolist())
    return coded(codes, labels.tolist())


def _is_arrow(column: pd.Series[Any]) -> bool:
    import pandas as pd

    in_arrow = isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow"
    return in_arrow or isinstance(column.dtype, pd.ArrowDtype)


def _arrow_code(name: str, column: pd.Series[Any]) -> Coded:
    import pyarrow as pa

    from elo.votes import arrow

    values = pa.array(column.array)
    return arrow.code(name, values.chunks if isinstance(values, pa.ChunkedArray) else [values])


def _number(name: str, column: pd.Series[Any]) -> Floats:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return parsed(name, column.tolist())
