"""The rows of a study are read one job after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from grue.engine.parquet import to_bytes
from grue.engine.store import Store
from grue.studies.base import TABLE, StudyJob
from grue.studies.rows import read_rows


def work(settings: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"number": [settings["number"]] * 3})


def finished(folder: Path, numbers: range) -> tuple[Store, list[StudyJob]]:
    """A folder with the files of these jobs; the commit of one differs."""
    store, jobs = Store(folder, TABLE), [StudyJob("rows", 1, work, {"number": number}) for number in numbers]
    for job in jobs:
        metadata = {"schema": 1, "commit": "b" if job.settings["number"] == 2 else "a", **job.metadata}
        store.write(job.name, {TABLE: to_bytes(job.run()[TABLE], metadata)})
    return store, jobs


def test_all_rows_are_read_with_the_distinct_provenance(tmp_path: Path) -> None:
    store, jobs = finished(tmp_path, range(4))
    rows, provenance = read_rows(store, jobs)
    assert rows["number"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [one["commit"] for one in provenance] == ["a", "b"]
    rows, provenance = read_rows(store, [])
    assert (len(rows), provenance) == (0, [])


def test_a_study_may_keep_less_and_holds_one_table_at_a_time(tmp_path: Path, monkeypatch: Any) -> None:
    store, jobs = finished(tmp_path, range(4))
    events: list[str] = []
    read = Store.read

    def reading(self: Store, *arguments: Any, **named: Any) -> Any:
        events.append("read")
        return read(self, *arguments, **named)

    def sums(tables: Iterator[pd.DataFrame]) -> pd.DataFrame:
        found: list[int] = []
        for table in tables:
            events.append("used")
            found.append(int(table["number"].sum()))
        return pd.DataFrame({"sum": found})

    monkeypatch.setattr(Store, "read", reading)
    rows, provenance = read_rows(store, jobs, sums)
    assert rows["sum"].tolist() == [0, 3, 6, 9]
    assert events == ["read", "used"] * 4
    assert len(provenance) == 2
