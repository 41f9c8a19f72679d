"""Digests for the files of earlier versions, which have none: their values are taken as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .files import UnreadableError, read_bytes
from .parquet import NoDigestError, decode, read_file, to_bytes
from .store import Store


@dataclass
class Adopted:
    """What became of the Parquet files of a folder.

    adopted     were given a digest
    present     have one, which fits their content
    unreadable  a line for each file that cannot be read, or does not fit its digest; these stay as they are
    """

    adopted: int = 0
    present: int = 0
    unreadable: list[str] = field(default_factory=list)


def adopt(folder: Path) -> Adopted:
    """Give every Parquet file of a result folder, packed or not, a digest of what it holds now.

    A file is written anew under a temporary name and renamed; values, column types and provenance stay. What is in
    quarantine or in an archive is left alone.
    """
    store, found = Store(folder), Adopted()
    tables = [store.folder, *(store.folder / table for table in store.tables() if not table.startswith("before-"))]
    for path in sorted(path for table in tables for path in table.glob("[!.]*.parquet")):
        try:
            read_file(path, [])
            found.present += 1
        except NoDigestError:
            try:
                table, metadata = decode(read_bytes(path))
                store.replace(path, to_bytes(table, metadata))
                found.adopted += 1
            except ValueError as error:
                found.unreadable.append(f"cannot read {store.display(path)}: {error}")
        except UnreadableError as error:
            found.unreadable.append(f"cannot read {store.display(path)}: {error}")
    return found
