"""Rows and columns of the tables of a study, with the types that their analysis needs."""

from __future__ import annotations

import numpy as np
import pandas as pd


def select(rows: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows with these values in these columns."""
    chosen = np.ones(len(rows), bool)
    for name, value in values.items():
        chosen &= (rows[name] == value).to_numpy()
    return rows.loc[chosen]


def numbers(rows: pd.DataFrame, name: str) -> np.ndarray:
    """A column as numbers, (rows,)."""
    return rows[name].to_numpy(float)
