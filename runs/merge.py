"""Joining result folders, such as those of several machines, into one folder that `grue run` continues.

The files of batches are copied as they are, so that every cell keeps its provenance. Everything is read and checked
before anything is written, every file is written under a temporary name and renamed, and plan.json comes last: a merge
that is interrupted leaves the former plan, and is repeated.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from ..engine.parquet import UnreadableError, read_file, to_bytes
from ..engine.parts import Block, Files, is_part, read_block
from ..engine.store import Store
from .batches import BatchStore, read_batches
from .bundle import SCORES, locate, refuse_packed
from .catalogue import Catalogue, read_catalogue, write_catalogue
from .errors import UsageError
from .reading import require_catalogue
from .results import machine_of
from .rows import join
from .union import check_versions, merge_catalogues
from .why import changes

COMPARED = ["key", "split", "metric", "value", "status"]
"""The columns in which two results of one cell have to agree; fit times and machines may differ."""


@dataclass
class Copied:
    """What became of the batches of one folder.

    copied    were written to the merged folder
    present   have cells that were there already, with the same scores
    left_out  have cells that the plan of the folder does not have any more
    """

    folder: str
    copied: int = 0
    present: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    unreadable  one line for each file that could not be read and was skipped
    machines    descriptions of the machines that the cells of the merged folder were fitted on
    cells       number of cells of the merged plan
    done        number of these that have results
    """

    sources: tuple[Copied, ...]
    unreadable: tuple[str, ...]
    machines: tuple[str, ...]
    cells: int
    done: int


@dataclass(frozen=True)
class _Folder:
    """A folder that was read: its plan, its batches, and those of them that the plan does not have any more."""

    name: str
    store: Store
    catalogue: Catalogue
    batches: Files
    unplanned: int = 0


def merge(folders: Sequence[Path | str], into: Path | str, *, log: Callable[[str], None] | None = None) -> Merged:
    """Join result folders into another one, which is made where needed; what it holds already stays.

    The folders are only read. Raises UsageError, and writes nothing, for a folder that is none or is given twice, and
    for contradictions: a cell with different scores, or a task and a learner with different settings.
    """
    _check_names(folders, into)
    target = BatchStore(Path(into))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sources = [_read(Path(folder)) for folder in folders]
        _check_contradictions(sources)  # before the target is made
        with target.locked(log or (lambda text: print(text, file=sys.stderr))):  # noqa: T201
            before = read_catalogue(target.folder) or Catalogue()
            own = _Folder(str(into), target, before, read_batches(target, before)[1])
            _check_contradictions([own, *sources])
            held = {key for table, _ in own.batches.values() for key in table["key"].unique().to_pylist()}
            counts = tuple(_copy_batches(source, target, held) for source in sources)
            _copy_failures(sources, target, held)
            catalogue = merge_catalogues([one.catalogue for one in (own, *sources)], supersede=False)
            write_catalogue(target.folder, catalogue)
    machines = {machine_of(metadata): None for one in (own, *sources) for _, metadata in one.batches.values()}
    done = sum(key in held for key in catalogue.by_key)
    unreadable = tuple(str(warning.message) for warning in caught)
    return Merged(counts, unreadable, tuple(filter(None, machines)), len(catalogue.by_key), done)


def _check_names(folders: Sequence[Path | str], into: Path | str) -> None:
    """Refuse folders that are given twice, and those that cannot take or give batches."""
    seen: dict[Path, Path | str] = {}
    for folder in folders:
        other = seen.setdefault(Path(folder).resolve(), folder)
        if other is not folder:
            raise UsageError(f"{folder} and {other} are the same folder; expected each folder once")
        refuse_packed(folder, "merge")
    target = Path(into)
    if target.resolve() in seen:
        raise UsageError(f"--into {into} is also one of the folders; it keeps what it holds, so leave it out of these")
    if target.exists() and not target.is_dir():
        raise UsageError(f"--into {into} is a file; expected a folder")
    for name, what in ((SCORES, "a packed folder"), ("study.json", "the folder of a study")):
        if (locate(into) / name).is_file():
            raise UsageError(f"--into {into} is {what}, which takes no batches; expected another folder")


def _read(folder: Path) -> _Folder:
    """A folder with the batches that its plan has cells of."""
    catalogue, store = require_catalogue(folder), BatchStore(folder)
    batches = read_batches(store, catalogue)[1]
    keys = catalogue.by_key.keys()
    planned = Files(
        [name for name, (table, _) in batches.items() if not keys.isdisjoint(table["key"].unique().to_pylist())],
        batches.blocks,
    )
    return _Folder(str(folder), store, catalogue, planned, len(batches) - len(planned))


def _check_contradictions(folders: Sequence[_Folder]) -> None:
    """Raise UsageError where two folders cannot be parts of one."""
    _check_settings(folders)
    check_versions({folder.name: folder.catalogue for folder in folders})
    _check_scores([folder for folder in folders if folder.batches])


def _check_settings(folders: Sequence[_Folder]) -> None:
    """Refuse a task and a learner with different settings: in one folder, the last plan would supersede the others."""
    planned: dict[tuple[str, str], tuple[_Folder, str]] = {}
    for folder in folders:
        for (task, learner), cells in folder.catalogue.by_pair.items():
            digest = cells[-1].settings
            other, before = planned.setdefault((task, learner), (folder, digest))
            if digest != before:
                first, second = other.catalogue.settings.get(before), folder.catalogue.settings.get(digest)
                different = changes(first, second) if first and second else []
                raise UsageError(
                    f"{other.name} and {folder.name} planned {learner} on {task} with different settings "
                    f"({'; '.join(different) or 'not recorded'}); a folder holds one of them: merge the folders that "
                    f"agree, and report on several (grue leaderboard DIR DIR), or remove the pair from one plan (grue "
                    f"forget DIR --task {task} --learner {learner})"
                )


def _check_scores(folders: Sequence[_Folder]) -> None:
    """Refuse a cell with different scores: both cannot be right, or they are of machines that compute differently."""
    first: pd.DataFrame | None = None
    for folder in folders:
        rows = join(folder.batches)[0][[*COMPARED, "task", "learner", "size", "seed"]].assign(folder=folder.name)
        if first is None:
            first = rows
            continue
        shared = first["key"].isin(list(rows["key"].unique()))
        both = first.loc[shared].merge(
            rows.loc[rows["key"].isin(list(first["key"].unique()))], on=COMPARED[:3], how="outer", suffixes=("", "_new")
        )
        same = both["value"].eq(both["value_new"]) | (both["value"].isna() & both["value_new"].isna())
        wrong = both.loc[~(same & both["status"].eq(both["status_new"]))]
        if len(wrong):
            one = wrong.iloc[0]
            found = rows.loc[rows["key"] == one["key"]].iloc[0]
            other = first.loc[first["key"] == one["key"], "folder"].iloc[0]
            raise UsageError(
                f"{other} and {folder.name} have different scores for {wrong['key'].nunique()} cells of the same key, "
                f"such as {found['learner']} on {found['task']}, n = {found['size']}, seed {found['seed']}: "
                f"{one['metric']} on {one['split']} is {one['value']} and {one['value_new']}. Find out which is right "
                f"(grue verify DIR --rerun 5), and remove the other from its plan (grue forget DIR --task "
                f"{found['task']} --learner {found['learner']})"
            )
        first = pd.concat([first, rows.loc[~rows["key"].isin(list(first["key"].unique()))]], ignore_index=True)


def _copy_batches(source: _Folder, target: Store, held: set[str]) -> Copied:
    """Copy the files of the batches that have cells which the target lacks; adds their keys to `held`."""
    counts, tables = Copied(source.name, left_out=source.unplanned), source.store.tables()
    there = {table: set(target.names(table)) for table in {*tables, target.table}}
    places = {table: source.store.places(table) for table in tables}
    read = lru_cache(len(tables) + 1)(read_block)  # of the jobs of a part one is copied after the other
    for name, (table, _) in source.batches.items():
        keys = set(table["key"].unique().to_pylist())
        if keys <= held:
            counts.present += 1
            # a merge before may have met an unreadable file of predictions
            lacking = [table for table in tables if name in there[target.table] and name not in there[table]]
        else:
            counts.copied += 1
            lacking = tables
        own = {table: places[table][name] for table in lacking if name in places[table]}
        target.write(name, dict(_contents(source.store, name, own, read)))
        held |= keys
    for table in tables:  # such as the texts of examples, which several batches share
        for name in sorted(places[table].keys() - places[source.store.table].keys() - there[table]):
            shared = _contents(source.store, name, {table: places[table][name]}, read)
            target.write(name, {f"{table}/{name}": content for _, content in shared})
    return counts


def _contents(
    store: Store, name: str, places: Mapping[str, Path], read: Callable[[Path], Block]
) -> Iterator[tuple[str, bytes]]:
    """The tables of a job with the content of its own files; one that cannot be read is named in a warning."""
    for table, path in places.items():
        try:
            if is_part(path):
                block = read(path)
                start, count, provenance = block.jobs[name]
                yield table, to_bytes(block.table.slice(start, count), provenance)
            else:
                read_file(path, [])
                yield table, path.read_bytes()
        except UnreadableError as error:
            warnings.warn(f"cannot read {store.display(path)}: {error}", stacklevel=2)


def _copy_failures(sources: Sequence[_Folder], target: Store, held: set[str]) -> None:
    """Copy the records of failures whose cells are still missing; of one job, the latest."""
    latest = {failure["job"]: failure for failure in target.failures()}
    for source in sources:
        for failure in source.store.failures():
            known = latest.get(failure["job"])
            if not held.issuperset(failure["keys"]) and (known is None or known["when"] < failure["when"]):
                latest[failure["job"]] = failure
                target.write_json(target.failed / f"{failure['job']}.json", failure)
