"""Findings of studies as JSON: DIR/findings.json of a run of `grue study`, and those that come with the package.

A table is an object of columns, each a list of values; what is no finite number is null. Findings that are written and
read again have the same tables: a column of numbers that lacks some, or all, has nan there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from ..analysis.findings import Findings, Published, StudyRun, Verdict
from ..engine.files import UnreadableError, read_text
from ..runs.bundle import REFERENCE
from ..runs.errors import UsageError
from .escaping.json_text import json_text

FILE = "findings.json"
"""Name of the file in the folder of a study."""

PACKED = REFERENCE / "studies"
"""The findings that come with the package: a file a study, NAME.json."""

FORMAT = 1
"""Of the document; another one cannot be read."""

DIGITS = 6
"""Significant digits of the numbers in packed tables, which keeps the files small."""

HEAD = ("study", "question", "scale", "version", "analysed")


def to_json(run: StudyRun, *, digits: int | None = None) -> str:
    """The document. digits: significant digits of the numbers in tables; None: all."""
    document = {
        "format": FORMAT,
        **{name: getattr(run, name) for name in HEAD},
        "provenance": [dict(one) for one in run.provenance],
        "verdicts": [asdict(one) for one in run.findings.verdicts],
        "published": [asdict(one) for one in run.findings.published],
        "tables": {
            title: {str(name): [_rounded(value, digits) for value in column.tolist()] for name, column in table.items()}
            for title, table in run.findings.tables.items()
        },
    }
    return json_text(document, indent=None if digits else 1)


def from_json(text: str, where: Path | str) -> StudyRun:
    """The run of a document. Raises UsageError, with `where`, for a text that is none."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise UsageError(f"{where}: format {document['format']!r}; this version reads format {FORMAT}")
        findings = Findings(
            {title: _table(columns) for title, columns in document["tables"].items()},
            tuple(_record(Verdict, one) for one in document["verdicts"]),
            tuple(_record(Published, one) for one in document["published"]),
        )
        provenance = tuple(dict(one) for one in document["provenance"])
        head = {name: (int if name == "version" else str)(document[name]) for name in HEAD}
        return StudyRun(**head, provenance=provenance, findings=findings)  # pyright: ignore[reportArgumentType]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, UsageError):
            raise
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"cannot read {where}: {what}; expected findings of grue study") from error


def read_run(path: Path) -> StudyRun:
    """The findings of a file, or of the folder of a study. Raises UsageError where there are none to read."""
    file = path / FILE if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        raise UsageError(f"{path} has no {FILE}: repeat grue study with --out {path}, which runs what is missing")
    try:
        return from_json(read_text(file), file)
    except UnreadableError as error:
        raise UsageError(f"cannot read {file}: {error}") from error


def packed_runs(folder: Path | None = None) -> dict[str, StudyRun]:
    """The findings that come with the package, by study; empty if none do."""
    runs = [read_run(path) for path in sorted((folder or PACKED).glob("*.json"))]
    return {run.study: run for run in runs}


def is_study(path: Path) -> bool:
    """Whether a path is the folder of a study and no result folder."""
    return ((path / "study.json").is_file() or (path / FILE).is_file()) and not (path / "plan.json").is_file()


def _table(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A table; a column without any value is one of numbers that are all missing."""
    return pd.DataFrame(
        {name: [math.nan] * len(values) if set(values) == {None} else values for name, values in columns.items()}
    )


def _record(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A verdict or a published figure, null read as nan where a number is due; further fields are left out."""
    numbers = {"estimate", "low", "high"}
    known = {one.name for one in fields(kind)}
    chosen = {name: value for name, value in values.items() if name in known}
    return kind(**{name: math.nan if value is None and name in numbers else value for name, value in chosen.items()})


def _rounded(value: Any, digits: int | None) -> Any:
    if digits is None or not isinstance(value, float) or not math.isfinite(value):
        return value
    return float(f"{value:.{digits}g}")
