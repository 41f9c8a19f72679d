"""The answers of all learners to the probe examples of a task, as codes: equal codes are equal answers.

An answer is what a learner predicts for an example, all outputs together, as exact match scores it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue, TaskInfo
from .planned import anchors_of, refuse_contradictions
from .quality import NOT_FITTED

ORACLE = "oracle"
"""The control whose answers are the targets."""

IN_DISTRIBUTION = "id"


@dataclass(frozen=True)
class TaskAnswers:
    """Answers to the probe examples of one split of a task, at the largest training size, without exposed examples.

    codes      learner, control or heuristic -> (seeds, n) int64; the examples are the same in every row
    seeds      the seed of each row
    id_scores  (seeds,): the score in distribution, or the accuracy of a riddle or real data; NaN if there is none
    statuses   the flags of each row's cell, comma-joined, or "ok"
    truth      (n,): codes of the targets, None where no rule counts as correct or the oracle was not run
    """

    task: str
    family: str
    split: str
    size: int
    codes: Mapping[str, np.ndarray]
    seeds: Mapping[str, np.ndarray]
    id_scores: Mapping[str, np.ndarray]
    statuses: Mapping[str, tuple[str, ...]]
    truth: np.ndarray | None

    def flags(self, learner: str, chosen: np.ndarray) -> tuple[str, ...]:
        """All flags of the cells of a learner's `chosen` rows, (seeds,) bool."""
        statuses = [status for status, kept in zip(self.statuses[learner], chosen, strict=True) if kept]
        return tuple(sorted({flag for status in statuses for flag in status.split(",")} - {"ok"}))

    def solved(self, learner: str, threshold: float) -> np.ndarray:
        """(seeds,): whether the cell reaches `threshold` in distribution and is not flagged `budget` or `plateau`."""
        fitted = [not set(status.split(",")) & {*NOT_FITTED, "diverged"} for status in self.statuses[learner]]
        return np.array(fitted, dtype=bool) & (self.id_scores[learner] >= threshold)


def final_keys(catalogue: Catalogue) -> set[str]:
    """The keys of the cells at the largest training size of their task, without exposed examples."""
    largest = {task: anchors_of(catalogue, task)[-1] for task in catalogue.by_task}
    return {cell.key for cell in catalogue.cells if cell.exposed == 0 and cell.size == largest[cell.task]}


def shift_of(info: TaskInfo) -> str | None:
    """The split that a task is compared on: its headline shift; of a riddle, where its rules disagree."""
    return info.headline or next((split.name for split in info.splits if split.shift is not None), None)


def task_answers(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    answers: Mapping[tuple[str, str], np.ndarray],
    split: str | None = None,
) -> list[TaskAnswers]:
    """The answers to every task that has any, in the order of the catalogue.

    scores   the tidy table
    answers  (key of a cell, split) -> (n, outputs) classes (runs/probe_answers.py)
    split    name of a split; None: the headline shift of each task

    Raises ValueError if results contradict each other (`refuse_contradictions`), or if no task has the split.
    """
    refuse_contradictions(catalogue)
    known = {one.name for info in catalogue.tasks.values() for one in info.splits} | {IN_DISTRIBUTION}
    if split is not None and split not in known:
        raise ValueError(f"no task has a split {split!r}; there are {', '.join(sorted(known))}")
    final = final_keys(catalogue)
    by_key = scores.drop_duplicates("key").set_index("key")["status"].to_dict()
    reached = _id_scores(scores.loc[scores["key"].isin(list(final))], catalogue)
    found: list[TaskAnswers] = []
    for task, cells_of in catalogue.by_task.items():
        info = catalogue.tasks[task]
        chosen = split or shift_of(info)
        cells = {
            learner: sorted(
                (cell for cell in cells if cell.key in final and (cell.key, chosen) in answers and cell.key in by_key),
                key=lambda cell: cell.seed,
            )
            for learner, cells in cells_of.items()
        }
        cells = {learner: own for learner, own in cells.items() if own}
        if chosen is None or not cells:
            continue
        rows = [answers[cell.key, chosen] for own in cells.values() for cell in own]
        coded = iter(_codes(np.stack(rows)))
        codes = {learner: np.stack([next(coded) for _ in own]) for learner, own in cells.items()}
        found.append(
            TaskAnswers(
                task=task,
                family=info.family,
                split=chosen,
                size=anchors_of(catalogue, task)[-1],
                codes=codes,
                seeds={name: np.array([cell.seed for cell in own]) for name, own in cells.items()},
                id_scores={
                    name: np.array([reached.get(cell.key, np.nan) for cell in own]) for name, own in cells.items()
                },
                statuses={name: tuple(by_key[cell.key] for cell in own) for name, own in cells.items()},
                truth=codes[ORACLE][0] if ORACLE in codes else None,
            )
        )
    return found


def _codes(classes: np.ndarray) -> np.ndarray:
    """Answers of (rows, n, outputs) classes as codes, (rows, n)."""
    if classes.shape[-1] == 1:
        return classes[..., 0].astype(np.int64)
    flat = np.ascontiguousarray(classes.reshape(-1, classes.shape[-1]))
    whole = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))[:, 0]
    return np.unique(whole, return_inverse=True)[1].reshape(classes.shape[:2])


def _id_scores(scores: pd.DataFrame, catalogue: Catalogue) -> dict[str, float]:
    """Key -> score in distribution, or accuracy where the task is not on the common scale."""
    rows = scores.loc[scores["split"] == IN_DISTRIBUTION]
    wanted = rows["task"].map({name: _id_metric(info) for name, info in catalogue.tasks.items()})
    rows = rows.loc[(rows["metric"] == wanted) & rows["value"].notna()]
    return dict(zip(rows["key"].tolist(), rows["value"].astype(float).tolist(), strict=True))


def _id_metric(info: TaskInfo) -> str:
    return "score" if info.ranked else "accuracy"
