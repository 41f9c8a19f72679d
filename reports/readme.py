"""The statements of the README about results, each with the claim behind it: `<!-- claim: NAME -->` at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

from .claims import Standing
from .escaping.json_text import json_text
from .escaping.spreadsheet import csv_text
from .text import WIDTH

BLOCK = re.compile(r"<!-- results -->(?P<body>.*?)<!-- /results -->", re.DOTALL)
MARKER = re.compile(r"<!-- claim: (?P<names>[^>]*?) -->")


@dataclass(frozen=True)
class Statement:
    """A list item or paragraph about results, and the names of the claims behind it; none: nothing is behind it."""

    text: str
    claims: tuple[str, ...]


def statements_of(readme: str) -> list[Statement]:
    """The list items and paragraphs of a README between `<!-- results -->` and `<!-- /results -->`."""
    items = [
        item
        for found in BLOCK.finditer(readme)
        for item in re.split(r"\n(?=- )|\n\s*\n", found["body"].strip())
        if item
    ]
    names = [[name.strip() for found in MARKER.finditer(item) for name in found["names"].split(",")] for item in items]
    texts = [" ".join(MARKER.sub("", item).removeprefix("- ").split()) for item in items]
    return [Statement(text, tuple(behind)) for text, behind in zip(texts, names, strict=True) if text]


def render_statements(statements: Sequence[Statement], standings: Sequence[Standing], form: str) -> str:
    """The statements with the verdicts on their claims, in the format "text", "md", "csv" or "json"."""
    by_name = {one.judgement.claim.name: one for one in standings}
    rows = [(statement.text, [by_name[name] for name in statement.claims]) for statement in statements]
    if form == "json":
        records = [{"statement": text, "claims": [_record(one) for one in behind]} for text, behind in rows]
        return json_text(records)
    if form == "csv":
        blank: list[dict[str, str | int]] = [{}]
        found = ((text, [_record(one) for one in behind] or blank) for text, behind in rows)
        return csv_text(
            ["statement", *_FIELDS], ({"statement": text, **record} for text, own in found for record in own)
        )
    lines = []
    for text, behind in rows:
        said = [f"{one.judgement.claim.name}: {_verdict(one)}" for one in behind] or ["no claim"]
        if form == "md":
            lines += [f"- {text}", *(f"    - {line}" for line in said)]
        else:
            lines += [fill(text, WIDTH), *(f"    {line}" for line in said), ""]
    return "\n".join(lines).rstrip() + "\n"


_FIELDS = ("claim", "verdict", "basis", "cells", "flagged")


def _record(one: Standing) -> dict[str, str | int]:
    judgement = one.judgement
    values = (judgement.claim.name, judgement.verdict, one.basis, len(judgement.cells), len(judgement.flagged))
    return dict(zip(_FIELDS, values, strict=True))


def _verdict(one: Standing) -> str:
    judgement = one.judgement
    basis = f" ({one.basis}; {len(judgement.cells)} cells, {len(judgement.flagged)} flagged)" if one.basis else ""
    return f"{judgement.verdict}{basis}"
