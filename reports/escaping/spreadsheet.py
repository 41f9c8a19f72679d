"""CSV of which no text is taken for a formula by a spreadsheet, and no field for several."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ...engine.printable import printable

FORMULA = re.compile(r"\s*[=+\-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH COMMERCIAL AT}]")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV with a line of headings; a column that a row lacks is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(map(guarded, rows))
    return out.getvalue()


def frame_text(frame: pd.DataFrame) -> str:
    """A data frame as CSV, without its index; missing values are empty."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    safe = {name: {value: cell(value) for value in frame[name].unique() if isinstance(value, str)} for name in texts}
    columns = {name: [safe[name].get(value, value) for value in frame[name]] for name in texts if safe[name]}
    return frame.assign(**columns).to_csv(index=False, lineterminator="\n")


def guarded(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same row, texts as `cell` has them; numbers stay numbers."""
    return {name: cell(value) for name, value in row.items()}


def cell(value: Any) -> Any:
    """A value of a field: a text without unseen characters, an apostrophe before it if it begins as a formula does."""
    if not isinstance(value, str):
        return value
    return f"'{printable(value)}" if is_formula(value) else printable(value)


def is_formula(value: object) -> bool:
    """Whether it is a text that begins as a formula does."""
    return isinstance(value, str) and bool(FORMULA.match(value))
