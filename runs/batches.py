"""Reading the batches of a result folder: what a file must hold, and that its rows agree with the plan and each other.

A digest tells that a file is as it was written, and not that it belongs here. Rows under a key that the plan gives to
another cell, and two different values for one key, are never put into a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import pandas as pd
import pyarrow as pa

from ..engine.files import UnreadableError, described
from ..engine.parquet import Columns
from ..engine.parts import Files
from ..engine.store import Store
from .catalogue import Catalogue
from .digests import digest
from .errors import UsageError
from .rows import (
    FILE,
    KEY_AXES,
    LARGEST,
    LAYOUT,
    NEVER_NULL,
    TEXTS,
    UNIQUE,
    first_rows,
    identities,
    join_files,
    sources_of,
)
from .shrink import Keep, nothing, shrink

OPTIONAL = {"suite_seed", "count", "fit_seconds", "examples", "kind", "record"}
"""Columns of batches that earlier versions did not all write."""

CONTENT = ("count", "examples", "kind", "record")
"""Columns that are not needed to know what is done and what it took."""

TEXT = (pa.string(), pa.large_string())
ANSWERS = {"key": TEXT, "split": TEXT, "kind": TEXT, "classes": (pa.list_(pa.int16()), pa.null())}
ANSWERS |= {"values": (pa.list_(pa.float32()), pa.null())}
EXAMPLES = {"task": TEXT, "split": TEXT, "index": (pa.int64(),), "input": TEXT, "target": TEXT}
"""The columns of the other two tables, and their types."""

PROVENANCE = {"settings": dict, "versions": dict, "machine": dict, "resources": dict, "command": str, "commit": str}
PROVENANCE |= {"task": str, "learner": str, "imported": str}


class BatchStore(Store):
    """The folder of a run: a file that does not hold what its table should counts as one that cannot be read."""

    def check_failure(self, record: dict[str, Any]) -> None:
        super().check_failure(record)
        check_failure(record)

    def check_table(self, name: str, table: pa.Table, *, whole: bool) -> None:
        known = {
            "batches": {one.name: (one.type,) for one in LAYOUT},
            "predictions": ANSWERS,
            "examples": EXAMPLES,
        }.get(name, {})
        found = table.column_names
        for column in known if whole else ():
            if column not in found and (name != "batches" or column not in OPTIONAL):
                raise UnreadableError(f"it has no column {column!r}; it has {', '.join(found)}")
        check_columns({column: types for column, types in known.items() if column in found}, table)
        if name == "predictions" and {"kind", "classes", "values"} <= set(found):
            _check_answers(table)

    def check_source(self, name: str, source: dict[str, Any]) -> None:
        if name == "batches":
            check_source(source)


def check_columns(known: Mapping[str, Sequence[pa.DataType]], table: pa.Table) -> None:
    """Raise UnreadableError for a column of another type than those that it may have."""
    for column, types in known.items():
        found = table.schema.field(column).type
        if (found.value_type if pa.types.is_dictionary(found) else found) not in types:
            raise UnreadableError(f"column {column!r} holds {found}; expected {types[0]}")


def check_failure(record: dict[str, Any]) -> None:
    """Raise UnreadableError for a record that is not one of failed cells."""
    for name in ("task", "learner"):
        if not isinstance(record.get(name), str):
            raise UnreadableError(f"{described(record, name)}; expected text")
    if not _is_texts(record.get("keys")):
        raise UnreadableError("keys is no list of the keys of cells")
    cells = record.get("cells")
    numbers = ("size", "exposed", "seed")
    good = isinstance(cells, list) and all(
        isinstance(cell, dict) and isinstance(cell.get("key"), str) and all(type(cell.get(n)) is int for n in numbers)
        for cell in cells
    )
    if not good:
        raise UnreadableError("cells is no list of cells, each with a key, size, exposed and seed")


def read_batches(
    store: Store,
    catalogue: Catalogue,
    *,
    quarantine: bool = False,
    without: Sequence[str] = (),
    keep: Keep | None = None,
) -> tuple[pd.DataFrame, Files]:
    """The rows of a folder, each (cell, split, metric) once, and the files that they are from.

    quarantine  of a run: files that are of no use are moved to corrupt/; else they are named in a warning and left out
    without     columns that are not needed
    keep        the rows that are needed beside the first one of each cell; None: all. All are checked, file by file

    Rows have the columns of LAYOUT and FILE, the number of their file; TEXTS are categories. A file is of no use where
    a value is impossible, or where a row disagrees with the plan's cell of the same key. Raises UsageError for two
    files with other values.
    """
    columns = Columns(without=without, texts=TEXTS)
    less = None if keep is None else partial(shrink, keep=keep)
    rows, files = checked(
        store, store.read(columns=columns, quarantine=quarantine, shrink=less), catalogue, quarantine=quarantine
    )
    if keep and first_rows(rows, ["key", FILE])["key"].duplicated().any():  # all rows of two files are to be compared
        return read_batches(store, catalogue, quarantine=quarantine, without=without)
    return rows, files


def checked(
    store: Store, files: Files, catalogue: Catalogue, *, quarantine: bool = False
) -> tuple[pd.DataFrame, Files]:
    """The same of files that were read."""
    rows, names = join_files(files), list(files)
    repeated = pd.Series(identities(rows)).duplicated().to_numpy()
    found = [impossible(rows), disagreeing(rows, [source for _, source in files.values()], catalogue)]
    if repeated.any():
        found.append(twofold(rows))
    wrong = dict[int, str]()
    for number, reason in chain(*found):
        wrong.setdefault(number, reason)
    for number, reason in wrong.items():
        store.reject_job(names[number], reason, quarantine=quarantine)
    if wrong:
        kept = [number for number in range(len(names)) if number not in wrong]
        good = rows[FILE].isin(kept).to_numpy()
        rows, repeated = rows.loc[good], repeated[good]
        rows = rows.assign(**{FILE: rows[FILE].map({old: new for new, old in enumerate(kept)})})
        files = Files([names[number] for number in kept], files.blocks)
    for first, second, what in contradictions(rows) if repeated.any() else ():
        paths = [store.display(store.file_of(list(files)[number])) for number in (first, second)]
        raise UsageError(
            f"{paths[0]} and {paths[1]} have different values for one cell: {what}; find out which is right (grue "
            f"verify {store.display_folder} --rerun 5) and move the other file out of the folder"
        )
    return rows.drop_duplicates(UNIQUE, ignore_index=True) if repeated.any() else rows.reset_index(drop=True), files


def read_cells(
    store: Store, catalogue: Catalogue, *, quarantine: bool = False
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """One row of each cell without CONTENT, and the provenance of each file: what is done, and what it took."""
    rows, files = read_batches(store, catalogue, quarantine=quarantine, without=CONTENT, keep=nothing)
    return first_rows(rows, ["key"]), sources_of(files)


def problems(
    rows: pd.DataFrame, sources: Sequence[Mapping[str, Any]], catalogue: Catalogue
) -> Iterator[tuple[int, str]]:
    """Files that are of no use: (number of the file, what is wrong). sources: the provenance of each file."""
    return chain(impossible(rows), disagreeing(rows, sources, catalogue), twofold(rows))


def impossible(rows: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Files with values that nothing writes: (number of the file, what is wrong)."""
    for column in NEVER_NULL:
        for number in _files(rows, rows[column].isna()):
            yield number, f"column {column!r} has empty values"
    for column in rows.columns.intersection([*KEY_AXES, "count"]):
        for number in _files(rows, rows[column] < 0):
            yield number, f"column {column!r} has negative values"
    for column in ("value", "fit_seconds"):
        for number, worst in _first(rows, rows[column].abs() > LARGEST, column):
            yield number, f"column {column!r} has the value {worst}; expected finite numbers of at most {LARGEST:g}"


def disagreeing(
    rows: pd.DataFrame, sources: Sequence[Mapping[str, Any]], catalogue: Catalogue
) -> Iterator[tuple[int, str]]:
    """Files with rows under the key of another cell: (number of the file, what is wrong).

    The label of a task or learner is no part of a key, and may be another in the plan: then the settings decide.
    """
    recorded = [digest(one["settings"])[:16] if one.get("settings") else None for one in sources]
    labels = [tuple(one.get(kind) for kind in ("task", "learner")) for one in sources]
    columns = [FILE, "key", "task", "learner", *KEY_AXES]
    for number, key, task, learner, *axes in first_rows(rows, columns)[columns].itertuples(index=False, name=None):
        cell = catalogue.by_key.get(key)
        if cell is None:
            continue
        found = (task, learner, *axes, recorded[number])
        planned = (cell.task, cell.learner, cell.size, cell.exposed, cell.seed, cell.suite_seed, cell.settings)
        if found == planned and labels[number] == (task, learner):  # nearly all
            continue
        where = f"a row under the key {key[:12]}"
        for name, found in zip(KEY_AXES, axes, strict=True):
            if getattr(cell, name) != found:
                yield number, f"{where} has {name} {found}; its cell has {getattr(cell, name)}"
        for kind, found, own in (("task", task, cell.task), ("learner", learner, cell.learner)):
            if found != sources[number].get(kind, found):
                yield number, f"{where} is of the {kind} {found!r}; its provenance is of {sources[number][kind]!r}"
            elif recorded[number] is None and _base(found) != _base(own):
                yield number, f"{where} is of the {kind} {found!r}; its cell is of {own!r}"
        if recorded[number] not in (None, cell.settings):
            yield number, f"its settings are not those of the cell {key[:12]} ({cell.learner} on {cell.task})"


def twofold(rows: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Files that have two values for one (cell, split, metric)."""
    for number, key in _first(rows, rows.duplicated([FILE, *UNIQUE]), "key"):
        yield number, f"it has two values for one split and metric of the cell {key!s:.12}"


def contradictions(rows: pd.DataFrame) -> Iterator[tuple[int, int, str]]:
    """Different values for one (cell, split, metric): the numbers of the two files, and what they say."""
    twice = rows.loc[rows.duplicated(UNIQUE, keep=False)]
    if twice.empty:
        return
    pairs = twice.merge(twice.drop_duplicates(UNIQUE), on=UNIQUE, suffixes=("", "_first"))
    same = pairs["value"].eq(pairs["value_first"]) | (pairs["value"].isna() & pairs["value_first"].isna())
    for one in pairs.loc[~(same & pairs["status"].eq(pairs["status_first"]))].itertuples():
        first, second = int(getattr(one, f"{FILE}_first")), int(getattr(one, FILE))
        what = f"{one.metric} on {one.split} of {one.learner} on {one.task}, n = {one.size}, seed {one.seed}, is "
        yield first, second, f"{what}{one.value_first} ({one.status_first}) and {one.value} ({one.status})"


def check_source(metadata: Mapping[str, Any]) -> None:
    """Raise UnreadableError for provenance of another form; what is not there is of an earlier version."""
    for name in ("keys", "cells"):  # earlier versions wrote the keys as cells
        value = metadata.get(name, [])
        if not _is_texts(value) and (name == "keys" or not isinstance(value, list)):
            raise UnreadableError(f"{name} of its provenance is no list of texts")
    for name, kind in (
        ("settings", dict),
        ("versions", dict),
        ("machine", dict),
        ("resources", dict),
        ("command", str),
    ):
        if not isinstance(metadata.get(name) or kind(), kind):
            expected = "text" if kind is str else "a JSON object"
            raise UnreadableError(f"{name} of its provenance is {metadata[name]!r:.40}; expected {expected}")
    if not isinstance(metadata.get("seconds", 0.0), int | float):
        raise UnreadableError(f"seconds of its provenance is {metadata['seconds']!r:.40}; expected a number")


def _check_answers(table: pa.Table) -> None:
    """Raise UnreadableError for classes that are not so many for each example."""
    kinds = table["kind"].to_pylist()
    lists = (table[name].cast(pa.list_(pa.float64())) for name in ("classes", "values"))
    counts = (column.combine_chunks().value_lengths().to_pylist() for column in lists)
    for kind, classes, values in zip(kinds, *counts, strict=True):
        if kind == "class" and (not values or classes is None or classes % values):
            raise UnreadableError(f"{classes} classes for {values} examples")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and set(map(type, value)) <= {str}


def _base(label: str) -> str:
    """The name that a label begins with, before its parameters and view."""
    return re.split("[:@,]", label, maxsplit=1)[0]


def _files(rows: pd.DataFrame, where: Any) -> Iterator[int]:
    """The files of the rows at which a column (pandas' types are too wide for a name) is true."""
    if where.any():
        yield from map(int, rows.loc[where.fillna(value=False).to_numpy(bool), FILE].unique())


def _first(rows: pd.DataFrame, where: Any, column: str) -> Iterator[tuple[int, Any]]:
    """The same, each with the value that another column has there first."""
    if not where.any():
        return
    found = rows.loc[where.fillna(value=False).to_numpy(bool)].drop_duplicates(FILE)
    yield from zip(map(int, found[FILE]), found[column], strict=True)
