"""One run of a plan in a folder: its missing cells, cut into batches, are the jobs of a session of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..engine.errors import EngineError
from ..engine.files import RefusedError
from ..engine.job import Job
from ..engine.pool import Workers
from ..engine.progress import Reporter, Share
from ..engine.session import Session
from ..engine.store import Store
from ..learners.base import CPU, Resources
from .batches import BatchStore, read_cells
from .catalogue import FILE, Catalogue
from .cells import Batch, Cell
from .errors import UnreadablePlanError
from .estimate import Estimates, make_batches
from .jobs import BatchJob
from .plan import Plan
from .union import extend_catalogue


class PlanSession(Session):
    """One run of a plan: `start` it, then `finish` it, or `wait_for` one pair after another.

    missing  the cells that had no results when it started
    """

    def __init__(
        self, plan: Plan, folder: Path, workers: Workers, reporter: Reporter, resources: Resources = CPU
    ) -> None:
        super().__init__(BatchStore(folder), workers, reporter)
        self.plan, self.resources = plan, resources
        self.missing: list[Cell] = []
        self._found: dict[str, Path] = {}

    def start(self, *, fresh: bool = False) -> None:
        """Take the folder, save the plan, and begin with the cells that are missing."""
        log, folder = self.reporter.log, self.store.display_folder
        self.open(fresh=fresh)
        catalogue = self.plan.catalogue()
        superseded = self._save(catalogue)
        if superseded:
            log(f"{superseded} cells in {folder} have other settings or versions than this run; tables omit them")
        with self.logging_warnings():
            rows, metadata = read_cells(self.store, catalogue, quarantine=True)
        self._found = self.store.places()
        self.missing, batches, estimates = outstanding(self.plan, rows, metadata, self.store)
        log(
            f"{len(self.plan.cells)} cells: {len(self.plan.cells) - len(self.missing)} done, {len(self.missing)} to do "
            f"in {len(batches)} batch{'' if len(batches) == 1 else 'es'} on {self.workers}; results in {folder}"
        )
        for reason in catalogue.reasons() if self.plan.cells else self.plan.reasons():
            log(reason)

        def share_of(job: Job) -> Share:
            cells = cells_of(job)
            return Share(sum(map(estimates.seconds, cells)), len(cells))

        self.begin([BatchJob(batch, self.resources) for batch in batches], "cells", share_of)

    def _save(self, catalogue: Catalogue) -> int:
        """Add the plan to that of the folder; returns how many cells it supersedes.

        A plan that cannot be read is named and moved to corrupt/; finished cells of this plan are found by their keys.
        """
        try:
            return extend_catalogue(self.store.folder, catalogue)
        except UnreadablePlanError as error:
            if isinstance(error.__cause__, RefusedError):
                raise EngineError(f"{error.__cause__}: {self.store.display(self.store.folder / FILE)}") from error
            reason = str(error.__cause__)
        self.store.reject(self.store.folder / FILE, reason, quarantine=True)
        return extend_catalogue(self.store.folder, catalogue)

    def unaccounted(self) -> list[Cell]:
        """Planned cells that have neither rows on disk nor a failure: none, at the end of a run to its end."""
        now = self.store.places()
        new = [name for name, path in now.items() if self._found.get(name) != path]
        gone = self._found.keys() - now.keys()
        accounted = {key for failure in self.failures for key in failure["keys"]}
        for table, _ in self.store.read(names=None if gone else new, columns=["key"]).values():
            accounted.update(table["key"].unique().to_pylist())
        return [cell for cell in (self.plan.cells if gone else self.missing) if cell.key not in accounted]

    def wait_for(self, task: str, learner: str) -> None:
        """Work until the pair's batches are done."""

        def is_of_pair(job: Job) -> bool:
            pair = cells_of(job)[0].pair
            return (pair.task.label, pair.learner.label) == (task, learner)

        self.wait(is_of_pair)


def cells_of(job: Job) -> tuple[Cell, ...]:
    """The cells of a batch's job."""
    return job.batch.cells if isinstance(job, BatchJob) else ()


def outstanding(
    plan: Plan, rows: pd.DataFrame, metadata: list[dict[str, Any]], store: Store, *, fresh: bool = False
) -> tuple[list[Cell], list[Batch], Estimates]:
    """The cells still to do, their batches, and the estimates these are cut by."""
    done = set[str]() if fresh else set(rows["key"].unique())
    missing = [cell for cell in plan.cells if cell.key not in done]
    estimates = Estimates(rows, metadata)
    return missing, make_batches(missing, estimates, store.failures()), estimates
