"""Reading votes from a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elo.votes.coding import Coded, refuse_missing, smallest_type
from elo.votes.columns import Columns, find_layout, read_layout
from elo.votes.tally import Floats

if TYPE_CHECKING:
    import pandas as pd


def read_frame(frame: pd.DataFrame, covariates: Sequence[str] = ()) -> Columns:
    """Take the columns of votes out of a frame. Categorical columns keep their codes.

    Raises:
        ValueError: as in `find_layout`, or a label is missing.
    """
    layout = find_layout(frame.columns, covariates)
    return read_layout(
        layout,
        code=lambda ours, theirs: _code(ours, frame[theirs]),
        number=lambda ours, theirs: _number(ours, frame[theirs]),
    )


def _code(name: str, column: pd.Series[Any]) -> Coded:
    import pandas as pd  # the web process loads this module and needs no pandas

    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, labels = column.cat.codes.to_numpy(), column.cat.categories
    else:
        codes, labels = pd.factorize(column)
    if len(codes) and codes.min() < 0:
        refuse_missing(name, int(np.argmin(codes)))
    return Coded(codes.astype(smallest_type(len(labels)), copy=False), tuple(labels.tolist()))


def _number(name: str, column: pd.Series[Any]) -> Floats:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {name} holds something that is no number: {error}.") from error
