"""The text of plan.json: readable, and written without a copy of all cells in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import CellInfo


def encode_plan(plan: Mapping[str, Any], cells: Iterable[CellInfo]) -> bytearray:
    """The content of plan.json: indented JSON, but a cell a line.

    plan   `Catalogue.to_json` of the same catalogue, whose own cells are not written
    cells  written one after another, so that 10^6 of them take little more memory than the file
    """
    document = {**plan, "cells": map(_encode_cell, cells)}
    document["not_applicable"] = map(json.dumps, document["not_applicable"])
    content = bytearray(b"{")
    for number, (name, value) in enumerate(document.items()):
        content += f"{',' if number else ''}\n {json.dumps(name)}: ".encode()
        if not isinstance(value, map):
            content += json.dumps(value, indent=1).replace("\n", "\n ").encode()
            continue
        start = len(content)
        for line in value:
            content += b",\n  " if len(content) > start else b"[\n  "
            content += line.encode()
        content += b"\n ]" if len(content) > start else b"[]"
    content += b"\n}\n"
    return content


def _encode_cell(cell: CellInfo) -> str:
    """The cell as `json.dumps` writes its fields, in a quarter of the time."""
    return (
        f'{{"key": {json.dumps(cell.key)}, "task": {_quoted(cell.task)}, "learner": {_quoted(cell.learner)}, '
        f'"size": {cell.size}, "exposed": {cell.exposed}, "seed": {cell.seed}, "settings": {_quoted(cell.settings)}, '
        f'"suite_seed": {cell.suite_seed}}}'
    )


@cache
def _quoted(text: str) -> str:
    return json.dumps(text)
