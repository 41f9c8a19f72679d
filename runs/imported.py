"""Predictions made outside grue (by a language model, a person, R or MATLAB) for an exported question set, scored.

A file of answers is JSONL, one object an example: `key`, `split` and `index` as `grue export` wrote them, and `answer`
(one class or value an output) or `probabilities` (one row of classes an output). Examples may be missing: they count as
the best constant answer of the training set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..engine.files import UnreadableError, described, parse_json, read_text
from ..learners.base import CPU, Resources
from ..metrics.scores import marginal
from ..tasks.base import Task
from ..tasks.spaces import Space
from .catalogue import Catalogue, NotApplicable
from .cells import Batch, Cell, Pair
from .data import CellData, sample_split, split_named, test_splits
from .entrant import ORACLE, Entrant
from .execute import run_batch
from .export import set_key
from .external import is_path
from .jobs import BatchJob, tables_of
from .names import Named, UsageError, make_task, names
from .plan import Plan
from .predict import ROUNDING, Predictions

LARGEST_ANSWER = 1e12
"""The square of a larger error is no score that a table could show."""

DIGITS = 9
"""Digits of the largest size, test size and seed that a key may have."""


@dataclass(frozen=True)
class Answers(Entrant):
    """Imported predictions for one question set.

    answers  split -> index -> probabilities (outputs, classes), or values (outputs,) where targets are real
    without_probabilities  some answers name a class only
    """

    name: str
    answers: Mapping[str, Mapping[int, np.ndarray]] = field(default_factory=dict)
    without_probabilities: bool = False
    version: int = 1
    kind: str = "learner"

    def accepts(self, task: Task, n: int | None = None) -> str | None:  # noqa: ARG002
        if self.without_probabilities and task.truth.metric.needs_probabilities:
            return f"the metric {task.truth.metric.name!r} of this task needs probabilities; the file has only answers"
        return None

    def parameters(self) -> dict[str, Any]:
        return {"imported": True}

    def predictions(self, sets: Sequence[CellData], resources: Resources = CPU) -> Iterator[Predictions]:  # noqa: ARG002
        for data in sets:
            constant = self._constant(data.training.targets, data.task.outputs)
            answers, missing = {}, {}
            for split in test_splits(data.task):
                found, n = self.answers.get(split, {}), len(data.tests[split])
                answers[split] = np.stack([found.get(index, constant) for index in range(n)])
                missing[split] = n - len(found)
            yield Predictions(answers, missing=missing, without_probabilities=self.without_probabilities)

    def _constant(self, targets: np.ndarray, outputs: Space) -> np.ndarray:
        """The prediction for a missing answer: mean, marginal or, for point answers, most frequent target."""
        if outputs.alphabet is None:
            return targets.mean(axis=0)
        if not self.without_probabilities:
            return marginal(targets, outputs.alphabet)
        found, counts = np.unique(targets, axis=0, return_counts=True)
        return np.eye(outputs.alphabet)[found[counts.argmax()]]


@dataclass(frozen=True)
class Import:
    """The content of a file of answers: the plan, and for each cell its job, its tables and a summary line."""

    plan: Plan
    jobs: list[tuple[BatchJob, dict[str, pa.Table], str]]

    def check(self, before: Catalogue | None) -> None:
        """Raise UsageError where a learner of a folder's plan, which was not imported, has the name."""
        for name in self.plan.learners:
            known = before.learners.get(name) if before else None
            if known and not known.parameters.get("imported"):
                raise UsageError(
                    f"the name {name!r} is already used in this folder, by a {known.kind}; choose another name"
                )

    def lines(self) -> list[str]:
        """What was imported, a line a set."""
        return [summary for _, _, summary in self.jobs] + self.plan.reasons()


def read_answers(path: Path, name: str, *, trust: bool = False) -> Import:
    """Read a file of answers and score it; writes nothing.

    trust  import what a key names as module:attribute

    Raises UsageError, in one line, for a key, split, index or shape that does not fit, and for a name that is taken.
    """
    try:
        text = read_text(path)
    except UnreadableError as error:
        raise UsageError(f"cannot read {path}: {error}") from error
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
        raise UsageError(f"{path} has no answers; expected one JSON object per line")
    _check_name(name, [one.task.instance for one in sets.values()])
    _check_test_sizes(sets.values())
    plan, jobs = Plan("import"), list[tuple[BatchJob, dict[str, pa.Table], str]]()
    for one in sets.values():
        entrant = Answers(name, one.answers, one.without_probabilities)
        pair = Pair(one.task, Named(name, entrant), one.test_size)
        label = one.task.label
        plan.tasks[label], plan.learners[name] = one.task.instance, entrant
        if reason := entrant.accepts(one.task.instance):
            plan.not_applicable.append(NotApplicable(label, name, one.size, reason))
            continue
        cell = Cell(pair, one.size, 0, one.seed)
        batch = Batch(pair, (cell,))
        answered, asked = sum(map(len, one.answers.values())), sum(one.counts.values())
        counts = f"{answered} answer{'' if answered == 1 else 's'}, {asked - answered} missing"
        summary = f"{source}: {label}, n = {one.size}, seed {one.seed}: {counts}"
        plan.pairs.append(pair)
        plan.cells.append(cell)
        jobs.append((BatchJob(batch), tables_of(run_batch(batch)), summary))
    return Import(plan, jobs)


class _Set:
    """The answers to one set of examples, checked as they come."""

    def __init__(self, key: str, *, trust: bool) -> None:
        self.task, self.size, self.test_size, self.seed = _parsed(key, trust=trust)
        self.key, self.without_probabilities = key, False
        self.answers: dict[str, dict[int, np.ndarray]] = {}
        instance = self.task.instance
        # Counted in the data, as a split may have fewer examples than requested.
        self.counts = {
            split: len(sample_split(instance, split, self.test_size, self.seed)) for split in test_splits(instance)
        }

    def add(self, row: dict[str, Any]) -> None:
        """Take one answer; raises UsageError where it does not fit."""
        instance, split, index = self.task.instance, row["split"], row["index"]
        if split_named(instance, split) not in self.counts:
            raise UsageError(f"split {split!r} has no questions; expected one of {', '.join(self.counts)}")
        if not 0 <= index < self.counts[split]:
            raise UsageError(
                f"index {index} in split {split!r} is out of range; expected 0 to {self.counts[split] - 1}"
            )
        own = self.answers.setdefault(split, {})
        if index in own:
            raise UsageError(f"duplicate answer for index {index} of split {split!r}; expected one")
        if "probabilities" in row:
            own[index] = _probabilities(row["probabilities"], instance.outputs)
        else:
            own[index] = _answer(row["answer"], instance.outputs)
            self.without_probabilities |= instance.outputs.symbolic


def _row(line: str) -> dict[str, Any]:
    """One line as an object with key, split, index, and either answer or probabilities."""
    try:
        row = parse_json(line)
    except UnreadableError as error:
        raise UsageError(str(error)) from None
    if fault := _fault(row):
        raise UsageError(f"{fault}; expected a JSON object with key, split, index, and either answer or probabilities")
    return row


def _fault(row: Any) -> str:
    """What is wrong with the fields of a line; "" if nothing is."""
    if not isinstance(row, dict):
        return "it is no JSON object"
    for name, kind in {"key": str, "split": str, "index": int}.items():
        if type(row.get(name)) is not kind:
            return described(row, name)
    if ("answer" in row) == ("probabilities" in row):
        return f"it has {'both answer and' if 'answer' in row else 'neither answer nor'} probabilities"
    return ""


def _parsed(key: str, *, trust: bool) -> tuple[Named[Task], int, int, int]:
    """The task, size, tests and seed that a key names; raises UsageError where its hash is not theirs."""
    label, *rest = key.rsplit(" ", 4)
    values = {part.partition("=")[0]: part.partition("=")[2] for part in rest[:3]}
    fields = ("size", "test_size", "seed")
    if len(rest) != len(fields) + 1 or tuple(values) != fields or not all(map(_is_whole, values.values())):
        raise UsageError(f"unknown key {key!r}; expected a key written by grue export")
    if is_path(label) and not trust:
        raise UsageError(f"the key names code to import, {label!r}; if you trust the file, use --trust")
    task = make_task(label)
    size, test_size, seed = (int(values[name]) for name in fields)
    if size < 1 or test_size < 1 or set_key(task, size, test_size, seed) != key:
        raise UsageError(
            f"the key {key!r} does not match this version of the task; expected "
            f"{set_key(task, max(size, 1), max(test_size, 1), seed)!r}; export the question set and answer it again"
        )
    return task, size, test_size, seed


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number of at most DIGITS digits: more examples than these fit no memory."""
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS


def _answer(value: Any, outputs: Space) -> np.ndarray:
    """One-hot rows (outputs, classes), or values (outputs,)."""
    values = _numbers([value] if isinstance(value, int | float) else value, (outputs.size,), "answer")
    if outputs.alphabet is None:
        return values
    if not np.isin(values, np.arange(outputs.alphabet)).all():
        raise UsageError(f"answer is {value}; expected integers from 0 to {outputs.alphabet - 1}")
    return np.eye(outputs.alphabet)[values.astype(np.int64)]


def _probabilities(value: Any, outputs: Space) -> np.ndarray:
    """Rows that add up to 1, (outputs, classes)."""
    if outputs.alphabet is None:
        raise UsageError("probabilities given, but the targets are real numbers; expected the field answer")
    flat = outputs.size == 1 and isinstance(value, list) and not any(isinstance(part, list) for part in value)
    rows = _numbers([value] if flat else value, (outputs.size, outputs.alphabet), "probabilities")
    sums = rows.sum(axis=1)
    if rows.min() < 0 or np.abs(sums - 1).max() > ROUNDING:
        raise UsageError(
            f"probabilities have minimum {rows.min():.3g} and sum {sums.min():.3g}; expected minimum 0 and sum 1"
        )
    return rows


def _numbers(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{what} is not numeric; expected numbers of shape {shape}") from None
    if array.shape != shape:
        raise UsageError(f"{what} has shape {array.shape}; expected {shape}")
    if not (np.abs(array) <= LARGEST_ANSWER).all():
        raise UsageError(f"{what}: NaN, infinity, or a number beyond {LARGEST_ANSWER:g}; expected smaller numbers")
    return array


def _check_test_sizes(sets: Iterable[_Set]) -> None:
    """Raise UsageError for sets of one task with other numbers of tests: they are no two points of one curve."""
    first: dict[str, _Set] = {}
    for one in sets:
        other = first.setdefault(one.task.label, one)
        if one.test_size != other.test_size:
            raise UsageError(
                f"question sets of {one.task.label} differ in test size: {other.test_size} and {one.test_size}; "
                "expected the same --test-size for all"
            )


def _check_name(name: str, tasks: list[Task]) -> None:
    """Raise UsageError for a name that stands for something else, or that no label may be."""
    if not name or any(letter in ":@," or letter.isspace() for letter in name):
        raise UsageError(f"invalid name {name!r}; expected a name without spaces, commas, : and @")
    if name in {*names("learners"), ORACLE, *(heuristic for task in tasks for heuristic in task.heuristics)}:
        raise UsageError(f"the name {name!r} is reserved; choose a name that no learner or heuristic has")
