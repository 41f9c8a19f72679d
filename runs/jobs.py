"""A batch of cells as a job of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from ..engine.job import Job
from ..engine.provenance import provenance
from ..learners.base import CPU, Resources
from .cells import Batch
from .origin import changed_since
from .rows import LAYOUT, to_table


class ChangedSourceError(RuntimeError):
    """Code from outside the suite is not what the key of a cell was made from."""


@dataclass(frozen=True)
class BatchJob(Job):
    """A batch as the engine runs it (engine/job.py).

    resources  what its fits may use: provenance, and no part of a key
    """

    batch: Batch
    resources: Resources = CPU

    @property
    def name(self) -> str:
        return self.batch.name

    @property
    def label(self) -> str:
        return f"{self.batch.pair.task.label}[{self.batch.pair.learner.label}]"

    @property
    def external(self) -> bool:
        return self.batch.external

    @property
    def metadata(self) -> dict[str, Any]:
        distributions = self.batch.pair.distributions
        versions = {"versions": provenance()["versions"] | distributions} if distributions else {}
        return {
            **versions,
            "task": self.batch.pair.task.label,
            "learner": self.batch.pair.learner.label,
            "settings": self.batch.pair.settings,
            "resources": asdict(self.resources),
            "keys": [cell.key for cell in self.batch.cells],
            "cells": [cell.row() for cell in self.batch.cells],
        }

    def run(self) -> dict[str, pa.Table]:
        from .execute import run_batch  # noqa: PLC0415 -- loads torch

        pair = self.batch.pair
        if changed := [*changed_since(pair.task.origin), *changed_since(pair.learner.origin)]:
            raise ChangedSourceError(
                f"source code differs from when the run was planned: {', '.join(changed)}; it was edited since, or "
                "this machine has another copy: repeat the command with the same code on all machines"
            )
        return tables_of(run_batch(self.batch, self.resources))

    def split(self) -> Sequence[BatchJob]:
        """Its halves: if one cell fails, the others of its batch are still done."""
        return [BatchJob(half, self.resources) for half in self.batch.halves]


def tables_of(frames: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    """The tables of a batch as the store keeps them, without empty ones; texts of examples are kept once a task."""
    found = {"batches": to_table(frames["batches"], LAYOUT)}
    for name, rows in frames.items():
        if name not in found and not rows.empty:
            stored = f"{name}/{rows.attrs['name']}" if "name" in rows.attrs else name
            found[stored] = pa.Table.from_pandas(rows, preserve_index=False)
    return found
