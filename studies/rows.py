"""The rows of the finished jobs of a study, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..engine.job import Job
from ..engine.store import Store


def read_rows(store: Store, jobs: Sequence[Job]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of the finished jobs, and the distinct provenance records of their files."""
    files = store.read(names=[job.name for job in jobs])
    own = {"seconds", *(name for job in jobs for name in job.metadata)}  # what differs from job to job
    tables = [table.to_pandas() for table, _ in files.values()]
    shared = [{name: value for name, value in metadata.items() if name not in own} for _, metadata in files.values()]
    distinct = {json.dumps(metadata, sort_keys=True): metadata for metadata in shared}
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(), list(distinct.values())
