"""Tabular classification: real tables as they are, rotated, or with columns of noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from ..metrics.metric import Accuracy
from .base import Examples, Split, Task
from .pools import in_share, shuffled_epochs
from .spaces import Space
from .truth import Labels, Truth

TableName = Literal["breast-cancer", "iris", "wine"]
Presentation = Literal["plain", "rotated", "noise"]

TRAIN = (0.0, 0.6)


@dataclass(frozen=True)
class Tabular(Task):
    """Classification of a real table: as it is, rotated, or with additional columns of noise.

    Worked example. A plain row of iris is (sepal length, sepal width, petal length, petal width) in standard units,
    say (-0.9, 1.0, -1.3, -1.3), and its class is setosa: one threshold, petal length below -0.7, separates it from the
    others. Rotated, each of the four columns is a weighted sum of the four measurements, so that the same boundary is
    oblique: axis-aligned trees need many splits for it, while methods based on distances and inner products are
    invariant. With noise, four columns of standard normal numbers follow: they dominate distances, but not thresholds.

    The tables are scikit-learn's: breast-cancer (569 rows, 30 columns, 2 classes), iris (150, 4, 3), wine (178, 13, 3).
    Columns are standardised with the mean and the standard deviation of the rows that belong to training, so that no
    statistic depends on test rows. There is no known rule, no shift, and no heuristic, since a threshold would have to
    be fitted.

    A problem is a row of the table, in every presentation. With one seed, all presentations of a table have the same
    rows in the same order, so that they can be compared in pairs.

    table         breast-cancer, iris or wine
    presentation  plain; rotated: multiplied by a uniformly random orthogonal matrix, sampled for each seed; noise:
                  followed by as many columns of standard normal noise, sampled for each example
    rotation      the seed of the rotation, sampled for each seed of a run; not used in the other presentations
    """

    name: ClassVar[str] = "tabular"
    family: ClassVar[str] = "tabular"
    version: ClassVar[int] = 2  # 2: the noise has a generator of its own, so that all presentations have the same rows
    block: ClassVar[int] = 569  # the largest table, every row once
    presentation_parameters: ClassVar[tuple[str, ...]] = ("presentation", "rotation")
    renamed: ClassVar[Mapping[str, str]] = {"view": "presentation"}

    table: TableName = "breast-cancer"
    presentation: Presentation = "plain"
    rotation: int = 0

    def __post_init__(self) -> None:
        for given, known in ((self.table, TableName), (self.presentation, Presentation)):
            if given not in get_args(known):
                raise ValueError(f"{given!r}; expected one of {', '.join(get_args(known))}")

    @property
    def inputs(self) -> Space:
        """A vector of real numbers in standard units, (columns,)."""
        columns = _table(self.table).rows.shape[1]
        return Space((2 * columns if self.presentation == "noise" else columns,), alphabet=None)

    @property
    def outputs(self) -> Space:
        """The class."""
        return Space((1,), alphabet=len(_table(self.table).classes))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train and ID only: there is no shift."""
        return (Split("train", share=TRAIN), Split("id", share=(TRAIN[1], 1.0)))

    @property
    def truth(self) -> Truth:
        """Labels of real data: accuracy."""
        return Labels(Accuracy())

    @property
    def hash_key(self) -> str:
        """One key per table, so that the same rows are in training in every presentation."""
        return _key(self.table)

    def with_sampled_rule(self, rng: np.random.Generator) -> Tabular:
        """The task with a sampled rotation, if the presentation is rotated; else the task itself."""
        return replace(self, rotation=int(rng.integers(2**31))) if self.presentation == "rotated" else self

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:  # noqa: ARG002 -- there is one region
        """Sample n rows in shuffled epochs."""
        table = _table(self.table)
        chosen = shuffled_epochs(len(table.rows), n, rng)
        rows = table.standard[chosen]
        if self.presentation == "rotated":
            rows = rows @ _rotation(rows.shape[1], self.rotation)
        elif self.presentation == "noise":
            (own,) = rng.spawn(1)  # the rows that `rng` samples next are those of the other presentations
            rows = np.concatenate([rows, own.standard_normal(rows.shape)], axis=1)
        return Examples(rows, table.labels[chosen, None])

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The original row of the table, in its original units, (n, columns).

        It is the nearest row after the inverse of the presentation: a rotation and its inverse do not give the same
        bits.
        """
        table = _table(self.table)
        columns = table.rows.shape[1]
        seen = inputs @ _rotation(columns, self.rotation).T if self.presentation == "rotated" else inputs[:, :columns]
        distances = np.square(table.standard).sum(axis=1) - 2 * seen @ table.standard.T  # (n, rows), less |seen|^2
        return table.rows[distances.argmin(axis=1)]

    def capacity(self, split: str) -> int:
        """Number of different rows of the table in the split, counted exactly."""
        rows = np.unique(_table(self.table).rows, axis=0)
        return int(in_share(rows, self.hash_key, self.split(split).share).sum())

    def describe(self, example: np.ndarray) -> str:
        """The columns and their values, in standard units."""
        names = _table(self.table).columns
        if self.presentation == "rotated":
            names = tuple(f"mixture {column}" for column in range(1, len(names) + 1))
        names += tuple(f"noise {column}" for column in range(1, len(example) - len(names) + 1))
        return ", ".join(f"{name} {value:+.2f}" for name, value in zip(names, example, strict=True))

    def describe_target(self, target: np.ndarray) -> str:
        """The name of the class."""
        return _table(self.table).classes[int(target[0])]


class _Table(NamedTuple):
    """A real table.

    rows      (m, columns) in the original units
    standard  (m, columns), standardised with the mean and standard deviation of the rows in training
    labels    (m,) classes
    columns   names of the columns
    classes   names of the classes
    """

    rows: np.ndarray
    standard: np.ndarray
    labels: np.ndarray
    columns: tuple[str, ...]
    classes: tuple[str, ...]


def _key(table: str) -> str:
    return f"tabular {table}"


@cache
def _table(name: TableName) -> _Table:
    from sklearn import datasets  # noqa: PLC0415 -- takes a second, and listing tasks needs no data

    loaders = {"breast-cancer": datasets.load_breast_cancer, "iris": datasets.load_iris, "wine": datasets.load_wine}
    bunch: Any = loaders[name]()
    rows = np.ascontiguousarray(bunch.data, np.float64)
    training = rows[in_share(rows, _key(name), TRAIN)]
    standard = (rows - training.mean(axis=0)) / training.std(axis=0)
    columns = tuple(name.removesuffix(" (cm)") for name in bunch.feature_names)
    return _Table(rows, standard, bunch.target.astype(np.int64), columns, tuple(map(str, bunch.target_names)))


@cache
def _rotation(columns: int, seed: int) -> np.ndarray:
    """A uniformly random orthogonal matrix, (columns, columns) (Mezzadri, Notices of the AMS 54, 2007)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((columns, columns)))
    return q * np.sign(np.diag(r))  # without the signs of r, q would follow the conventions of the algorithm
