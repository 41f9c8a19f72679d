"""Answers from elsewhere to an exported set (of a language model, a person, R or MATLAB), scored like a learner's.

A file of answers is JSONL, one object an example: `key`, `split` and `index` as `grue export` wrote them, and `answer`
(one class or value an output) or `probabilities` (one row of classes an output). Examples may be missing: they count as
the best constant answer of the training set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..learners.base import CPU, Resources
from ..metrics.scores import marginal
from ..tasks.base import Task
from ..tasks.spaces import Space
from .catalogue import Catalogue, NotApplicable
from .cells import Batch, Cell, Pair
from .data import CellData, draw, split_named, tested
from .entrant import ORACLE, Entrant
from .execute import run_batch
from .export import set_key
from .jobs import BatchJob, tables_of
from .names import Named, UsageError, make_task, names
from .outside import is_path
from .plan import Plan
from .predict import ROUNDING, Predictions


@dataclass(frozen=True)
class Answers(Entrant):
    """What somebody answered to one set of examples.

    given    split -> index -> probabilities (outputs, classes), or values (outputs,) where targets are real
    certain  some answers name a class and say nothing of probabilities
    """

    name: str
    given: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)
    certain: bool = False
    version: int = 1
    kind: str = "learner"

    def accepts(self, task: Task, n: int | None = None) -> str | None:  # noqa: ARG002
        if self.certain and task.truth.metric.needs_probabilities:
            return f"the {task.truth.metric.name} of this task needs probabilities; the file gives answers alone"
        return None

    def parameters(self) -> dict[str, Any]:
        return {"imported": True}

    def predictions(self, sets: Sequence[CellData], resources: Resources = CPU) -> Iterator[Predictions]:  # noqa: ARG002
        for data in sets:
            constant = self._constant(data.training.targets, data.task.outputs)
            answers, missing = {}, {}
            for split in tested(data.task):
                given, n = self.given.get(split, {}), len(data.tests[split])
                answers[split] = np.stack([given.get(index, constant) for index in range(n)])
                missing[split] = n - len(given)
            yield Predictions(answers, missing=missing, certain=self.certain)

    def _constant(self, targets: np.ndarray, outputs: Space) -> np.ndarray:
        """What stands for a missing answer: the mean, the marginal or, of point answers, the commonest target."""
        if outputs.alphabet is None:
            return targets.mean(axis=0)
        if not self.certain:
            return marginal(targets, outputs.alphabet)
        found, counts = np.unique(targets, axis=0, return_counts=True)
        return np.eye(outputs.alphabet)[found[counts.argmax()]]


@dataclass(frozen=True)
class Import:
    """Everything that a file of answers comes to: the plan, and of each cell its job, its tables and what it is."""

    plan: Plan
    jobs: list[tuple[BatchJob, dict[str, pa.Table], str]]

    def check(self, before: Catalogue | None) -> None:
        """Raise UsageError where a learner of a folder's plan, which was not imported, has the name."""
        for name in self.plan.learners:
            known = before.learners.get(name) if before else None
            if known and not known.parameters.get("imported"):
                raise UsageError(f"the name {name!r} is taken in this folder, by a {known.kind}; expected another one")

    def lines(self) -> list[str]:
        """What was imported, a line a set."""
        return [said for _, _, said in self.jobs] + self.plan.reasons()


def read_answers(path: Path, name: str, *, trust: bool = False) -> Import:
    """Read a file of answers and score it; writes nothing.

    trust  import what a key names as module:attribute

    Raises UsageError, in one line, for a key, split, index or shape that does not fit, and for a name that is taken.
    """
    text = path.read_text(encoding="utf-8")
    source = f"{name} from {path.name} (SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:12]})"
    sets: dict[str, _Set] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = _row(line)
            if row["key"] not in sets:
                sets[row["key"]] = _Set(row["key"], trust=trust)
            sets[row["key"]].add(row)
        except UsageError as error:
            raise UsageError(f"{path}, line {number}: {error}") from None
    if not sets:
        raise UsageError(f"{path} holds no answers; expected a JSON object a line")
    _check_name(name, [one.task.thing for one in sets.values()])
    _check_tests(sets.values())
    plan, jobs = Plan("import"), list[tuple[BatchJob, dict[str, pa.Table], str]]()
    for one in sets.values():
        entrant = Answers(name, one.given, one.certain)
        pair = Pair(one.task, Named(name, entrant), one.tests)
        label = one.task.label
        plan.tasks[label], plan.learners[name] = one.task.thing, entrant
        if reason := entrant.accepts(one.task.thing):
            plan.not_applicable.append(NotApplicable(label, name, one.size, reason))
            continue
        cell = Cell(pair, one.size, 0, one.seed)
        batch = Batch(pair, (cell,))
        given, asked = sum(map(len, one.given.values())), sum(one.counts.values())
        said = f"{source}: {label}, n = {one.size}, seed {one.seed}: {given} answers, {asked - given} missing"
        plan.pairs.append(pair)
        plan.cells.append(cell)
        jobs.append((BatchJob(batch), tables_of(run_batch(batch)), said))
    return Import(plan, jobs)


class _Set:
    """The answers to one set of examples, checked as they come."""

    def __init__(self, key: str, *, trust: bool) -> None:
        self.task, self.size, self.tests, self.seed = _parsed(key, trust=trust)
        self.key, self.certain = key, False
        self.given: dict[str, dict[int, np.ndarray]] = {}
        thing = self.task.thing
        # Read off the data, as a split may hold fewer than were asked for.
        self.counts = {split: len(draw(thing, split, self.tests, self.seed)) for split in tested(thing)}

    def add(self, row: dict[str, Any]) -> None:
        """Take one answer; raises UsageError where it does not fit."""
        thing, split, index = self.task.thing, row["split"], row["index"]
        if split_named(thing, split) not in self.counts:
            raise UsageError(f"the split {split!r} is not asked; expected one of {', '.join(self.counts)}")
        if not 0 <= index < self.counts[split]:
            raise UsageError(f"index {index} of split {split!r}; expected 0 to {self.counts[split] - 1}")
        own = self.given.setdefault(split, {})
        if index in own:
            raise UsageError(f"a second answer to index {index} of split {split!r}")
        if "probabilities" in row:
            own[index] = _probabilities(row["probabilities"], thing.outputs)
        else:
            own[index] = _answer(row["answer"], thing.outputs)
            self.certain |= thing.outputs.symbolic


def _row(line: str) -> dict[str, Any]:
    """One line as an object with key, split, index, and either answer or probabilities."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UsageError(f"is no JSON: {error}") from None
    kinds = {"key": str, "split": str, "index": int}
    good = isinstance(row, dict) and all(type(row.get(name)) is kind for name, kind in kinds.items())
    if not good or ("answer" in row) == ("probabilities" in row):
        raise UsageError("expected an object with key, split, index, and either answer or probabilities")
    return row


def _parsed(key: str, *, trust: bool) -> tuple[Named[Task], int, int, int]:
    """The task, size, tests and seed that a key names; raises UsageError where its hash is not theirs."""
    label, *rest = key.rsplit(" ", 4)
    values = {part.partition("=")[0]: part.partition("=")[2] for part in rest[:3]}
    wanted = ("size", "tests", "seed")
    if len(rest) != len(wanted) + 1 or tuple(values) != wanted or not all(v.isdigit() for v in values.values()):
        raise UsageError(f"the key {key!r} is none that grue export wrote")
    if is_path(label) and not trust:
        raise UsageError(f"the key names code to import, {label!r}; if you trust the file, say so (--trust)")
    task = make_task(label)
    size, tests, seed = (int(values[name]) for name in wanted)
    if size < 1 or tests < 1 or set_key(task, size, tests, seed) != key:
        raise UsageError(
            f"the key {key!r} does not fit: expected {set_key(task, max(size, 1), max(tests, 1), seed)!r}; a set that "
            "another version exported has to be exported and answered again"
        )
    return task, size, tests, seed


def _answer(given: Any, outputs: Space) -> np.ndarray:
    """One-hot rows (outputs, classes), or values (outputs,)."""
    values = _numbers([given] if isinstance(given, int | float) else given, (outputs.size,), "answer")
    if outputs.alphabet is None:
        return values
    if not np.isin(values, np.arange(outputs.alphabet)).all():
        raise UsageError(f"answer {given}; expected whole numbers from 0 to {outputs.alphabet - 1}")
    return np.eye(outputs.alphabet)[values.astype(np.int64)]


def _probabilities(given: Any, outputs: Space) -> np.ndarray:
    """Rows that add up to 1, (outputs, classes)."""
    if outputs.alphabet is None:
        raise UsageError("probabilities; the targets are real numbers: give answer")
    flat = outputs.size == 1 and isinstance(given, list) and not any(isinstance(part, list) for part in given)
    rows = _numbers([given] if flat else given, (outputs.size, outputs.alphabet), "probabilities")
    sums = rows.sum(axis=1)
    if rows.min() < 0 or np.abs(sums - 1).max() > ROUNDING:
        raise UsageError(f"probabilities from {rows.min():.3g} that add up to {sums.min():.3g}; expected 0 up, and 1")
    return rows


def _numbers(given: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} is not made of numbers; expected shape {shape}") from None
    if array.shape != shape:
        raise UsageError(f"{what} of shape {array.shape}; expected {shape}")
    if not np.isfinite(array).all():
        raise UsageError(f"{what} holds NaN or infinity")
    return array


def _check_tests(sets: Iterable[_Set]) -> None:
    """Raise UsageError for sets of one task with other numbers of tests: they are no two points of one curve."""
    first: dict[str, _Set] = {}
    for one in sets:
        other = first.setdefault(one.task.label, one)
        if one.tests != other.tests:
            raise UsageError(
                f"sets of {one.task.label} with {other.tests} and {one.tests} tests; expected one number (--tests)"
            )


def _check_name(name: str, tasks: list[Task]) -> None:
    """Raise UsageError for a name that stands for something else, or that no label may be."""
    if not name or any(letter in ":@," or letter.isspace() for letter in name):
        raise UsageError(f"the name {name!r}; expected one without spaces, commas, : and @")
    if name in {*names("learners"), ORACLE, *(heuristic for task in tasks for heuristic in task.heuristics)}:
        raise UsageError(f"the name {name!r} is taken; expected one that no learner, heuristic or oracle has")
