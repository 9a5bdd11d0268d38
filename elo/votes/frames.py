"""Reading votes from a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elo.arrays import Floats
from elo.votes.coding import Coded, coded, encode
from elo.votes.columns import Layout
from elo.votes.numbers import parsed

if TYPE_CHECKING:
    import pandas as pd


class FrameSource:
    """A DataFrame. Categorical and Arrow dictionary columns keep their codes."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take a frame, which is read and never changed."""
        self._frame = frame

    @property
    def names(self) -> Sequence[Any]:
        """Names of all columns, of any kind."""
        return list(self._frame.columns)

    def load(self, layout: Layout) -> None:
        """Do nothing: a frame is in memory."""

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""
        import pandas as pd  # the web process loads this module and needs no pandas

        column = self._frame[name]
        if _is_arrow(column):
            return _arrow_code(ours, column)
        if isinstance(column.dtype, pd.CategoricalDtype):
            return coded(column.cat.codes.to_numpy(), column.cat.categories.tolist())
        try:
            codes, labels = pd.factorize(column)
        except TypeError:  # lists and dicts
            return encode(ours, column.tolist())
        return coded(codes, labels.tolist())

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""
        column = self._frame[name]
        try:
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            return parsed(ours, column.tolist())


def _is_arrow(column: pd.Series[Any]) -> bool:
    import pandas as pd

    in_arrow = isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow"
    return in_arrow or isinstance(column.dtype, pd.ArrowDtype)


def _arrow_code(name: str, column: pd.Series[Any]) -> Coded:
    import pyarrow as pa

    from elo.votes import arrow

    values = pa.array(column.array)
    return arrow.code(name, values.chunks if isinstance(values, pa.ChunkedArray) else [values])
