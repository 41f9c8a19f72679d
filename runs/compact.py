"""Compacting a result folder: of a run, of a study, or, for digests alone, a packed one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ..engine.adopt import adopt as give_digests
from ..engine.compact import Compacted
from ..engine.compact import compact as fold
from ..engine.store import Store
from .batches import BatchStore
from .bundle import SCORES, refuse_packed
from .errors import UsageError

SHOWN_EVERY = 1000
"""Files after which progress is shown."""


def compact(
    folder: Path | str, *, adopt: bool = False, log: Callable[[str], None] | None = None
) -> tuple[list[str], list[str]]:
    """Fold the files of finished batches into few large ones, under the folder's lock.

    adopt  first give files without a digest, those of earlier versions, one of what they hold now
    log    takes lines of progress; None: standard error

    Returns what was done, and what could not be read, a line each. Raises UsageError for a folder that is none.
    """
    path, say = Path(folder), log or (lambda text: print(text, file=sys.stderr))  # noqa: T201
    known = [name for name in ("plan.json", "study.json", SCORES) if (path / name).is_file()]
    if not known:
        raise UsageError(f"{folder} is not a result folder: it has no plan.json and no study.json")
    packed = SCORES in known
    if packed and not adopt:
        refuse_packed(folder, "compact")
    lines: list[str] = []
    unreadable: list[str] = []
    store = Store(path, "jobs") if "study.json" in known else BatchStore(path)
    with store.locked(say, make=not packed):
        if adopt:
            adopted = give_digests(path)
            lines.append(f"{folder}: {_files(adopted.adopted)} got a digest; {adopted.present} had one")
            unreadable += adopted.unreadable
        if not packed:
            before = _count(store)
            done: Compacted = fold(store, _progress(say))
            lines.append(
                f"{folder}: {_files(done.folded)} folded into {done.parts}"
                + (f"; {before} files before, {_count(store)} now" if done.folded else ": nothing to do")
            )
            unreadable += [line for line in done.unreadable if line not in unreadable]
    return lines, unreadable


def _progress(say: Callable[[str], None]) -> Callable[[str, int, int], None]:
    def report(table: str, number: int, of: int) -> None:
        if number % SHOWN_EVERY == 0:
            say(f"{table}: {number:,} of {of:,} files")

    return report


def _count(store: Store) -> int:
    return sum(1 for table in store.tables() for _ in (store.folder / table).glob("[!.]*.parquet"))


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"
