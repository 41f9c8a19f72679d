"""The rows of the finished jobs of a study, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from ..engine.job import Job
from ..engine.store import Store


def concatenated(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All rows; an empty table if there is no job."""
    found = list(tables)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def read_rows(
    store: Store, jobs: Sequence[Job], combine: Callable[[Iterator[pd.DataFrame]], pd.DataFrame] = concatenated
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of the finished jobs, and the distinct provenance records of their files.

    combine  of the rows of each job in turn (`Study.combine`): one file is in memory at a time
    """
    own = {"seconds", *(name for job in jobs for name in job.metadata)}  # what differs from job to job
    distinct = dict[str, dict[str, Any]]()

    def tables() -> Iterator[pd.DataFrame]:
        for job in jobs:
            for table, metadata in store.read(names=[job.name]).values():
                shared = {name: value for name, value in metadata.items() if name not in own}
                distinct[json.dumps(shared, sort_keys=True)] = shared
                yield table.to_pandas()

    return combine(tables()), list(distinct.values())
