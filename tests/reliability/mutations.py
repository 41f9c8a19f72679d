"""Seeded mutations of bytes, of text, of plain JSON and of tables: what disks, editors and strangers make of files."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pyarrow as pa

STRANGE: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**70, -(2**70), 0.5, -0.0, 1e308, float("inf"), float("nan"), "", "x",
    "\x00", "\x1b[31m", "../../x", "é" * 300, "\ud800", "a\nb", [], [None], [[]], ["x"], {}, {"x": 1}, {"": {}},
    [1, "x", None],
]  # fmt: skip


def mutated_bytes(rng: random.Random, content: bytes) -> bytes:
    """A bit flipped, or a range cut off, left out, repeated, zeroed or inserted."""
    start = rng.randrange(len(content) + 1) if content else 0
    length = min(len(content) - start, rng.choice([1, 4, 64, 1000]))
    kind = rng.randrange(7)
    if kind <= 1 and content:
        at = min(start, len(content) - 1)
        return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
    if kind == 2:
        return content[:start]
    if kind == 3:
        return content[:start] + content[start + length :]
    if kind == 4:
        return content[: start + length] + content[start:]
    if kind == 5:
        return content[:start] + bytes(length) + content[start + length :]
    return content[:start] + rng.randbytes(rng.choice([1, 8, 200])) + content[start:]


def mutated_text(rng: random.Random, text: str, words: list[str]) -> str:
    """A character, word or line changed, repeated, left out, or replaced by one of these words."""
    start = rng.randrange(len(text) + 1)
    stop = min(len(text), start + rng.choice([0, 1, 2, 10, 40]))
    if rng.random() < 0.5:
        return text[:start] + rng.choice(words) + text[stop:]
    if rng.random() < 0.5:
        return text[:start] + text[stop:]
    return text[:stop] + text[start:]


def mutated_json(rng: random.Random, document: Any) -> Any:
    """One to three values replaced, left out, renamed, repeated, or put in the place of others, anywhere in it."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        where = rng.choice(_containers(document))
        if not where:
            continue
        key = rng.choice(list(where)) if isinstance(where, dict) else rng.randrange(len(where))
        kind = rng.randrange(6)
        if kind == 0:
            del where[key]
        elif kind == 1 and isinstance(where, dict):
            where[rng.choice(["", "x", "key", "name", "\x00"])] = where.pop(key)
        elif kind == 1:
            where.append(where[key])
        elif kind == 2:
            other = rng.choice(_containers(document))
            where[key] = copy.deepcopy(rng.choice((list(other.values()) if isinstance(other, dict) else other) or [0]))
        else:
            where[key] = copy.deepcopy(rng.choice(STRANGE))
    return document if rng.random() < 0.97 else rng.choice(STRANGE)


def mutated_dump(rng: random.Random, document: Any) -> bytes:
    """A mutated document as JSON text, sometimes with its bytes mutated instead, or nested without end."""
    if rng.random() < 0.25:
        return mutated_bytes(rng, json.dumps(document).encode())
    if rng.random() < 0.02:
        return b'{"x": ' * 100_000
    return json.dumps(mutated_json(rng, document)).encode()


def mutated_table(rng: random.Random, table: pa.Table) -> pa.Table:
    """A column left out, renamed, of another type, of other values, or null; or rows repeated, left out or shuffled."""
    name = rng.choice(table.column_names)
    at, values = table.column_names.index(name), table[name].to_pylist()
    kind = rng.randrange(8)
    if kind == 0:
        return table.drop_columns([name])
    if kind == 1:
        return table.rename_columns(
            [rng.choice(["", "x", "key", one]) if one == name else one for one in table.column_names]
        )
    if kind == 2:
        kinds = [pa.string(), pa.int64(), pa.float64(), pa.binary(), pa.null(), pa.bool_(), pa.list_(pa.int16())]
        return table.set_column(at, name, pa.nulls(table.num_rows, rng.choice(kinds)))
    if kind in (3, 4):
        row, new = rng.randrange(len(values)), rng.choice(STRANGE)
        for changed in ([*values[:row], new, *values[row + 1 :]], [new] * len(values)):
            try:
                return table.set_column(at, name, pa.array(changed, table.schema.field(name).type))
            except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError):
                continue
        return table
    if kind == 5:
        row = rng.randrange(len(values))
        other = [values[rng.randrange(len(values))] if index == row else one for index, one in enumerate(values)]
        return table.set_column(at, name, pa.array(other, table.schema.field(name).type))
    if kind == 6:
        return pa.concat_tables([table, table.slice(rng.randrange(table.num_rows), 3)])
    return table.slice(0, rng.randrange(table.num_rows + 1))


def _containers(document: Any) -> list[Any]:
    """All dicts and lists in a document, itself included; one of another kind is put into a list."""
    found = [document] if isinstance(document, dict | list) else [[document]]
    for one in found:  # grows as it is walked through
        found += [part for part in (one.values() if isinstance(one, dict) else one) if isinstance(part, dict | list)]
    return found
