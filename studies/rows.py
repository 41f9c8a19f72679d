"""The rows of the finished jobs of a study, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ..engine.job import Job
from ..engine.store import Store


def read_rows(store: Store, jobs: Sequence[Job]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of the finished jobs, and the distinct provenance records of their files."""
    return read_named(store, [job.name for job in jobs], {name for job in jobs for name in job.metadata})


def read_named(store: Store, names: Iterable[str], own: Iterable[str]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The same for jobs by name. own: what differs from job to job in the metadata."""
    files = store.read(names=names)
    tables = [table.to_pandas() for table, _ in files.values()]
    own = {"seconds", *own}
    shared = [{name: value for name, value in metadata.items() if name not in own} for _, metadata in files.values()]
    distinct = {json.dumps(metadata, sort_keys=True): metadata for metadata in shared}
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(), list(distinct.values())
