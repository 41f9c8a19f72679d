"""Folding the small files of finished jobs into few large ones: `grue compact`.

A part is written and read back, and has to hold what the files hold, before these are deleted. Whenever that is
interrupted, each job is in its own file, in a part, or in both with the same content, which counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from .durable import flush_folder
from .errors import EngineError
from .files import UnreadableError
from .parquet import NoDigestError, read_file
from .parts import Block, fold, is_part, names_in, part_name, plain, read_block
from .store import Store

MAX_ROWS = 100_000
"""Rows of a part: about 2,000 cells. A part that is damaged loses all of its jobs, so it is not much larger."""

MAX_BYTES = 64 << 20
"""Bytes of the files that become one part."""

SMALL = 0.5
"""A part with less than this share of the rows and bytes is folded again, with new files."""


@dataclass
class Compacted:
    """What was done.

    folded      files that became part of larger ones, over all tables
    parts       the larger ones that were written
    left        files that stayed as they are: they would be alone in a part, or have no rows
    unreadable  a line for each file that cannot be read; these stay as they are
    """

    folded: int = 0
    parts: int = 0
    left: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass
class _Group:
    """Files that become one part: their tables have the same columns."""

    jobs: dict[str, tuple[pa.Table, dict[str, Any]]] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    rows: int = 0
    size: int = 0


def compact(store: Store, progress: Callable[[str, int, int], None] | None = None) -> Compacted:
    """Fold the files of finished jobs, table by table. The folder must be locked.

    progress  called with a table, and how many of how many files of it are done

    Raises EngineError where a part cannot be written, or is not what was written; all files are then as they were.
    """
    done, report = Compacted(), progress or (lambda *_: None)
    finished = set(store.names())
    for table in store.tables():
        for group in _groups(store, table, finished, done, report):
            if len(group.paths) > 1:
                _replace(store, table, group, done)
            else:
                done.left += len(group.paths)
    return done


def _groups(
    store: Store, table: str, finished: set[str], done: Compacted, report: Callable[[str, int, int], None]
) -> Iterator[_Group]:
    """The files of a table in groups for parts, by columns and in the order of names, which is that of tasks."""
    paths = list(_small(store, table, finished))
    open_groups: dict[str, _Group] = {}
    for number, path in enumerate(paths):
        try:
            block, size = read_block(path), path.stat().st_size
            store.check_table(table, block.table, whole=True)
            for *_, source in block.jobs.values():
                store.check_source(table, source)
        except NoDigestError as error:
            raise EngineError(f"cannot read {store.display(path)}: {error}") from error
        except (UnreadableError, OSError) as error:
            done.unreadable.append(f"cannot read {store.display(path)}: {error}")
            continue
        if not block.table.num_rows:  # there is no row that could have its provenance
            done.left += 1
            continue
        columns = block.table.schema.remove_metadata().to_string()
        group = open_groups.setdefault(columns, _Group())
        if group.paths and (group.rows + block.table.num_rows > MAX_ROWS or group.size + size > MAX_BYTES):
            yield group
            group = open_groups[columns] = _Group()
        _add(group, block, path, size, store, done)
        report(table, number + 1, len(paths))
    yield from open_groups.values()


def _small(store: Store, table: str, finished: set[str]) -> Iterator[Path]:
    """The files of a table that are to be folded: those of finished jobs, and parts that are small."""
    found: list[tuple[str, Path]] = []
    for path in (store.folder / table).glob("[!.]*.parquet"):
        if not is_part(path):
            if path.stem in finished:  # others are of several jobs, such as the texts of a task's examples
                found.append((path.stem, path))
            continue
        try:
            names = names_in(path)
            _, metadata = read_file(path, [])
            small = sum(metadata["jobs"].values()) < SMALL * MAX_ROWS and path.stat().st_size < SMALL * MAX_BYTES
        except (UnreadableError, OSError):
            found.append((path.stem, path))  # named when it is read
        else:
            # also a part of which a job has a file of its own again: an interrupted deletion
            if small or any(store.path(name, table).exists() for name in names):
                found.append((names[0], path))
    yield from (path for _, path in sorted(found))


def _add(group: _Group, block: Block, path: Path, size: int, store: Store, done: Compacted) -> None:
    jobs = {name: (block.table.slice(start, count), source) for name, (start, count, source) in block.jobs.items()}
    for name, content in jobs.items():
        other = group.jobs.get(name)
        if other is not None and (other[1] != content[1] or not other[0].equals(content[0])):
            done.unreadable.append(
                f"{store.display(path)} and another file have different values for the job {name}; neither is folded"
            )
            return
    group.jobs |= jobs
    group.paths.append(path)
    group.rows += block.table.num_rows
    group.size += size


def _replace(store: Store, table: str, group: _Group, done: Compacted) -> None:
    """Write the part, read it back, and delete the files that it replaces."""
    names = sorted(group.jobs)
    part = store.path(part_name(names), table)
    store.check_lock()
    if part not in group.paths:
        jobs = {name: group.jobs[name] for name in names}
        store.replace(part, fold(jobs))
        written = read_block(part)  # verifies the digest
        for name, (own, source) in jobs.items():
            start, count, provenance = written.jobs[name]
            if provenance != source or not plain(written.table.slice(start, count)).equals(plain(own)):
                part.unlink()
                raise EngineError(
                    f"{store.display(part)} does not hold what was written to it; nothing was deleted: check the disk"
                )
        done.parts += 1
    for path in group.paths:
        if path != part:
            path.unlink()
            done.folded += 1
    flush_folder(part.parent)
