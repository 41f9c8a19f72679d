"""Verification of a result folder that somebody sent in: files, schema, keys, provenance, and cells fitted again."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from ..engine.parquet import SCHEMA_VERSION
from ..engine.parts import Block, Files, files_of
from ..engine.store import Store
from .batches import BatchStore, impossible
from .bundle import refuse_packed
from .catalogue import AXES, Catalogue
from .cells import digest
from .reading import require_catalogue
from .rebuild import rebuild
from .rerun import choose_cells, rerun
from .results import FLAGS
from .rows import LAYOUT, join, join_files

Level = Literal["ok", "note", "problem"]

PROVENANCE = ("versions", "commit", "machine", "command")
"""What the metadata of every batch has (engine/provenance.py); the commit is null outside a checkout."""


LISTED = 5
"""Largest number of findings of one kind that are listed; more are counted."""


@dataclass(frozen=True)
class Finding:
    """What a check found: `ok`, a `note` that a reader has to judge, or a `problem`."""

    level: Level
    check: str
    text: str


def verify(
    folder: Path | str, *, reruns: int = 0, seed: int = 0, timeout: float = 3600.0, trust: bool = False
) -> list[Finding]:
    """Check a result folder; changes nothing in it.

    reruns   number of cells that are fitted again; seed: which ones are sampled
    timeout  seconds for each of these
    trust    import what the plan names as module:attribute

    Raises UsageError for a folder that is none, and for a plan.json that cannot be read.
    """
    refuse_packed(folder, "verify")
    catalogue, store = require_catalogue(Path(folder)), BatchStore(Path(folder))
    findings: list[Finding] = []
    read, failures = _check_files(store, findings)
    malformed = dict(_malformed(read))
    batches = Files([name for name in read if name not in malformed], read.blocks)
    rows, sources = join(batches)
    source_of = {key: source for source in sources for key in source["keys"]}
    problems = [f"{name}: {why}" for name, why in malformed.items()]
    names = list(batches)
    problems += [f"{names[number]}: {why}" for number, why in impossible(join_files(batches))]
    problems += _contradictions(rows, batches, catalogue)
    _report(findings, "schema", problems, f"{len(rows):,} rows as planned")
    findings += _coverage(catalogue, set(rows["key"]), failures)
    _report(findings, "keys", _keys(catalogue), f"{len(catalogue.by_key):,} keys are those of the recorded settings")
    rebuilt = rebuild(catalogue, trust=trust)
    count = sum(len(catalogue.by_pair[pair]) for pair in rebuilt.pairs)
    findings.append(Finding("ok" if count else "note", "keys", f"{count:,} recomputed with this version of grue"))
    findings += _not_rebuilt(catalogue, rebuilt.different, "made with other versions or settings")
    findings += _not_rebuilt(catalogue, rebuilt.unknown, "not recomputed")
    _report(findings, "provenance", _provenance(batches), f"complete in {_count(len(batches), 'batch', 'es')}")
    findings += _origins(batches)
    if reruns:
        done = set(rows["key"]) & source_of.keys()
        cells = choose_cells(catalogue, rebuilt.pairs, done, reruns, seed)
        if not cells:
            findings.append(
                Finding("problem", "rerun", "no finished cell can be fitted again with this version of grue")
            )
        for one in rerun(cells, catalogue, rebuilt.pairs, rows, source_of, timeout) if cells else ():
            cell = one.cell
            exposed = f" + {cell.exposed} exposed" if cell.exposed else ""
            what = f"{cell.learner} on {cell.task}, n = {cell.size}{exposed}, seed {cell.seed}: "
            setup = "the same machine and versions" if one.same_setup else "another machine or other versions"
            result = "equal bit for bit" if one.equal else "within 3 standard errors"
            findings.append(
                Finding("problem", "rerun", f"{what}{one.problem} ({setup})")
                if one.problem
                else Finding("ok", "rerun", f"{what}{result} ({setup})")
            )
    return findings


def _check_files(store: Store, findings: list[Finding]) -> tuple[Files, list[dict[str, Any]]]:
    """Read every file; returns the readable batches and records of failures."""
    problems: list[str] = []
    counts: Counter[str] = Counter()
    batches = files_of([])
    for table in store.tables():
        blocks: list[Block] = []
        for path, content in store.scan(table):
            if isinstance(content, Block):
                blocks.append(content)
            else:
                problems.append(f"cannot read {store.display(path)}: {content}")
        found = files_of(blocks)
        counts[table] = len(found)
        if table == store.table:
            batches = found
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        failures = store.failures()
    problems += [str(warning.message) for warning in caught]
    counts["failures"] = len(failures)
    named = ", ".join(f"{count} in {table}" for table, count in counts.items() if count)
    _report(findings, "files", problems, f"readable: {named or 'there are none'}")
    if store.corrupt.is_dir() and any(store.corrupt.iterdir()):
        text = f"{store.display(store.corrupt)} has files that an earlier run could not read"
        findings.append(Finding("note", "files", text))
    return batches, failures


def _malformed(batches: Files) -> Iterator[tuple[str, str]]:
    """Batches whose layout is another, or whose metadata name other cells than their rows, with the reason."""
    for name, (table, metadata) in batches.items():
        types = {one.name: one.type for one in table.schema}
        wrong = [one.name for one in LAYOUT if types.get(one.name) != one.type]
        if metadata.get("schema") != SCHEMA_VERSION:
            yield name, f"schema {metadata.get('schema')}; expected {SCHEMA_VERSION}"
        elif wrong:
            yield name, f"columns that are missing or have another type: {', '.join(wrong)}"
        elif sorted(metadata.get("keys", ())) != sorted(set(table["key"].to_pylist())):
            yield name, "its rows are of other cells than its metadata say"


def _contradictions(rows: pd.DataFrame, batches: Files, catalogue: Catalogue) -> Iterator[str]:
    """Rows that contradict the plan or each other."""
    strange = sorted(set(rows["status"].dropna()) - {"ok", *FLAGS})
    if strange:
        yield f"unknown status {', '.join(map(repr, strange))}; expected ok, {', '.join(FLAGS)}"
    splits: dict[str, set[str]] = rows.groupby("key")["split"].agg(set).to_dict()
    of_cell = rows.drop_duplicates("key").set_index("key")[AXES]
    for key, found in zip(of_cell.index, of_cell.itertuples(index=False, name=None), strict=True):
        cell = catalogue.by_key.get(str(key))
        if cell is None:
            continue
        planned = tuple(getattr(cell, axis) for axis in AXES)
        if planned != found:
            yield f"cell {str(key)[:12]} is planned as {_named(planned)}, and its rows are of {_named(found)}"
        tests = {split.name for split in catalogue.tasks[cell.task].splits} - {"train", "exposed"}
        if lacking := tests - splits[str(key)]:
            yield f"{_named(planned)} has no rows of the splits {', '.join(sorted(lacking))}"
    axes = ["key", "split", "metric"]
    tables = [table.select([*axes, "value"]) for table, _ in batches.values()]
    every: pd.DataFrame = pa.concat_tables(tables).to_pandas() if tables else rows
    twice = every.loc[every.duplicated(axes, keep=False)]
    counts = twice.groupby(axes)["value"].nunique(dropna=False)
    for key in dict.fromkeys(counts.loc[counts > 1].index.get_level_values("key")):
        yield f"cell {str(key)[:12]} has two different scores"


def _named(axes: tuple[Any, ...]) -> str:
    task, learner, size, exposed, seed, suite = axes
    return f"{learner} on {task}, n = {size}, exposed {exposed}, seed {seed}, suite seed {suite}"


def _coverage(catalogue: Catalogue, done: set[str], failures: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """How many of the planned cells have results."""
    planned = catalogue.by_key.keys()
    failed = {key for failure in failures for key in failure["keys"]} & planned - done
    left, others = planned - done - failed, done - planned
    counts = [
        (failed, "failed (grue failures)"),
        (left, "not run"),
        (others, "not planned any more; reports omit them"),
    ]
    level: Level = "ok" if planned & done else "problem"
    yield Finding(level, "cells", f"{len(planned & done):,} of {_count(len(planned), 'planned cell')} have results")
    yield from (Finding("note", "cells", f"{_count(len(keys), 'cell')} {what}") for keys, what in counts if keys)


def _keys(catalogue: Catalogue) -> Iterator[str]:
    """Cells whose key or settings are not those of the recorded settings."""
    for label, recorded in catalogue.settings.items():
        if digest(recorded)[:16] != label:
            yield f"the settings {label} have the hash {digest(recorded)[:16]}: they were changed after the run"
    for cell in catalogue.cells:
        recorded = catalogue.settings.get(cell.settings)
        if recorded is None:
            yield f"{cell.learner} on {cell.task}: the settings {cell.settings} are not recorded"
            continue
        key = digest({**recorded, "size": cell.size, "exposed": cell.exposed, "seed": cell.seed})
        if key != cell.key or recorded.get("suite") != cell.suite_seed:
            axes = tuple(getattr(cell, axis) for axis in AXES)
            yield f"{_named(axes)}: the key {cell.key[:12]} is not that of its settings, {key[:12]}"


def _not_rebuilt(catalogue: Catalogue, pairs: Mapping[tuple[str, str], str], what: str) -> Iterator[Finding]:
    """Notes on pairs whose keys were not confirmed, by reason."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for pair, reason in pairs.items():
        subject = pair[0] if reason.startswith("task: ") else pair[1]
        groups.setdefault(f"{subject}: {reason}", []).append(pair)
    for reason, members in groups.items():
        cells = sum(len(catalogue.by_pair[pair]) for pair in members)
        yield Finding("note", "keys", f"{_count(cells, 'cell')} {what}: {reason}")


def _provenance(batches: Files) -> Iterator[str]:
    """Batches without a part of their provenance."""
    for name, (_, metadata) in batches.items():
        lacking = [
            field for field in PROVENANCE if field not in metadata or (field != "commit" and not metadata[field])
        ]
        if lacking:
            yield f"{name} has no {', '.join(lacking)}"


def _origins(batches: Files) -> Iterator[Finding]:
    """Where the batches come from, and what about it a reader has to judge."""
    metadata = [one for _, one in batches.values()]
    commits = Counter(str(one.get("commit")) for one in metadata)
    for commit, count in commits.items():
        batch = _count(count, "batch", "es")
        if commit == "None":
            yield Finding("note", "provenance", f"{batch} without a commit: made by an installed package")
        elif commit.endswith("+"):
            yield Finding("note", "provenance", f"{batch} of commit {commit}: the checkout had uncommitted changes")
        else:
            yield Finding("ok", "provenance", f"{batch} of commit {commit}")
    machines = {json.dumps(one.get("machine"), sort_keys=True) for one in metadata}
    if len(machines) > 1:
        yield Finding("note", "provenance", f"{len(machines)} machines: fit times are not comparable")


def _report(findings: list[Finding], check: str, problems: Iterable[str], fine: str) -> None:
    """Add the problems of a check, or that there are none."""
    found = list(problems)
    findings += [Finding("problem", check, text) for text in found[:LISTED]]
    if len(found) > LISTED:
        findings.append(Finding("problem", check, f"and {len(found) - LISTED} more"))
    if not found:
        findings.append(Finding("ok", check, fine))


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number:,} {what}{'' if number == 1 else plural}"
