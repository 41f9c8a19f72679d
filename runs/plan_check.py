"""The form of plan.json: everything that its readers take for granted, checked in one place before it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from ..engine.files import described

Test = Callable[[Any], bool]

KINDS = ("learner", "control", "heuristic")

LARGEST = 2**63
"""Whole numbers are smaller: tables hold them in 64 bits."""

RULES = 2
"""A riddle has two rules."""


class PlanError(ValueError):
    """A document that is not the plan of a run; the message says where, what was found and what was expected."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < LARGEST


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < LARGEST)


def _or_null(test: Test) -> Test:
    return lambda value: value is None or test(value)


Fields = Mapping[str, tuple[Test, str]]

TEXT, COUNT, FLAG = (_is_text, "text"), (_is_count, "a whole number from 0"), (_is_flag, "true or false")
TABLE, LIST = (_is_table, "a table"), (_is_list, "a list")
VERSION = (_or_null(_is_count), "a whole number or null")

DOCUMENT: Fields = {"tasks": TABLE, "learners": TABLE, "cells": LIST, "not_applicable": LIST}
TASK: Fields = {
    "family": TEXT,
    "version": VERSION,
    "ambiguous": FLAG,
    "metric": TEXT,
    "greater_is_better": FLAG,
    "ranked": FLAG,
    "rules": (_is_texts, "a list of texts"),
    "heuristics": (_is_texts, "a list of texts"),
    "splits": (lambda value: isinstance(value, list) and all(map(_is_table, value)), "a list of tables"),
    "description": TEXT,
}
SPLIT: Fields = {
    "name": TEXT,
    "shift": (_or_null(_is_text), "text or null"),
    "severity": (_or_null(lambda value: _is_number(value) and isfinite(value)), "a finite number or null"),
    "headline": FLAG,
}
LEARNER: Fields = {
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "version": VERSION,
    "parameters": TABLE,
    "display": TEXT,
    "label": TEXT,
}
IDENTITY: Fields = {"name": TEXT, "version": VERSION, "parameters": TABLE}
CELL: Fields = {
    **dict.fromkeys(("key", "task", "learner", "settings"), TEXT),
    **dict.fromkeys(("size", "exposed", "seed", "suite_seed"), COUNT),
}
REFUSAL: Fields = {"task": TEXT, "learner": TEXT, "reason": TEXT, "size": VERSION, "exposed": VERSION}


def check_plan(document: Mapping[str, Any], schema: int) -> bool:
    """Whether a plan is of this schema; raises PlanError for a document that is no plan. Others are not checked."""
    _check("it is no plan of a run", document, {"schema": COUNT}, required=("schema",))
    if document["schema"] != schema:
        return False
    _check("", document, DOCUMENT, required=tuple(DOCUMENT))
    _check("", document, {"settings": TABLE})
    for name, task in document["tasks"].items():
        _check_task(f"the task {name!r:.60}", task)
    for name, learner in document["learners"].items():
        _check(f"the learner {name!r:.60}", learner, LEARNER, required=("kind",))
    for name, pair in document.get("settings", {}).items():
        where = f"the settings {name!r:.60}"
        _check(where, pair, {"task": TABLE, "learner": TABLE})
        for kind in ("task", "learner"):
            _check(f"{where}, {kind}", pair.get(kind, {}), IDENTITY)
    _check_rows("cells", document["cells"], CELL, ("key", "task", "learner", "size", "exposed", "seed"))
    _check_rows("not_applicable", document["not_applicable"], REFUSAL, ("task", "learner", "size", "reason"))
    for name, column in (("cells", "task"), ("cells", "learner"), ("not_applicable", "task")):
        for value in {row[column] for row in document[name]} - document[f"{column}s"].keys():
            raise PlanError(f"{name}: {column} is {value!r:.60}; expected one of its {column}s")
    return True


def _check_task(where: str, task: Any) -> None:
    _check(where, task, TASK)
    splits = task.get("splits", [])
    for split in splits:
        _check(f"{where}, a split", split, SPLIT, required=("name",))
    if len({split["name"] for split in splits}) < len(splits):
        raise PlanError(f"{where}: two splits have one name")
    rules = len(task.get("rules", []))
    if rules not in (0, RULES) or (task.get("metric") == "rules" and not rules):
        raise PlanError(f"{where}: it has {rules} rules; expected the two of a riddle, or none")


def _check(where: str, table: Any, fields: Fields, required: Sequence[str] = ()) -> None:
    if not isinstance(table, dict):
        raise PlanError(f"{where or 'it'} is {table!r:.60}; expected a table")
    for name, (fits, expected) in fields.items():
        found = name in table
        if (not found and name in required) or (found and not fits(table[name])):
            prefix = f"{where}: " if where else ""
            raise PlanError(f"{prefix}{described(table, name)}; expected {expected}")


def _check_rows(name: str, rows: list[Any], fields: Fields, required: Sequence[str]) -> None:
    """The same for each row: column by column first, which takes a tenth of the time, since there may be 10^6."""
    plain = set(map(type, rows)) <= {dict}
    for column, (fits, _) in fields.items() if plain else ():
        values = [row[column] for row in rows if column in row]
        if fits is _is_text:
            plain = plain and set(map(type, values)) <= {str}
        elif fits is _is_count:
            plain = plain and set(map(type, values)) <= {int} and min(values, default=0) >= 0
            plain = plain and max(values, default=0) < LARGEST
        else:
            plain = plain and all(map(fits, values))
    needed = set(required)
    if not plain or not all(row.keys() >= needed for row in rows):
        for index, row in enumerate(rows):
            _check(f"{name}, row {index}", row, fields, required)
