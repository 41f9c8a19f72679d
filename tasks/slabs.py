"""The task slabs: one linear coordinate or many multi-slab coordinates, either of which suffices (Shah et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space
from .truth import Truth, TwoRules

TRAIN = (0.0, 0.75)
"""The share, by hash, of the inputs on which the rules agree that belongs to training."""

SLAB_SHARES: dict[int, tuple[float, ...]] = {
    3: (1 / 2, 1, 1 / 2),
    5: (1 / 8, 1 / 2, 3 / 4, 1 / 2, 1 / 8),
    7: (1 / 16, 1 / 4, 7 / 16, 1 / 2, 7 / 16, 1 / 4, 1 / 16),
}
"""Number of slabs -> the probability of each slab given its class, from the lowest slab to the highest.

The slabs of class 0 and class 1 alternate, beginning with class 0. Both classes have mean 0 in every slab coordinate,
so that a linear function of these coordinates is no better than chance. Those of 5 and 7 slabs are the settings of a
public reimplementation of the paper's experiments, as is the default margin; we have not compared them with the paper.
"""


@dataclass(frozen=True)
class Slabs(Task):
    """Linear and multi-slab coordinates (LMS): each determines the class in training, and they conflict in the test.

    All coordinates lie in [-1, 1]. Coordinate 0 is below 0 for class 0 and above 0 for class 1. Every other coordinate
    lies in one of `slabs` intervals that belong to class 0 and class 1 in turn. Given the class, all coordinates are
    independent.

    Example, with 2 coordinates and 5 slabs: training contains (-0.4, 0.1) -> 0, since 0.1 lies in the middle slab, and
    (0.7, -0.5) -> 1. On (0.7, 0.1) "linear-coordinate" gives 1 and
    "slab-coordinates" gives 0.

    dims    number of coordinates; the first is the linear one
    slabs   number of slabs of each other coordinate: 3, 5 or 7
    margin  width of the gap between neighbouring slabs, and distance of the linear coordinate from 0
    """

    name: ClassVar[str] = "slabs"
    family: ClassVar[str] = "riddle"

    dims: int = 50
    slabs: int = 5
    margin: float = 0.1

    def __post_init__(self) -> None:
        if self.dims < 2:  # noqa: PLR2004
            raise ValueError(f"dims={self.dims}; expected at least 2, the linear coordinate and one with slabs")
        if self.slabs not in SLAB_SHARES:
            raise ValueError(f"slabs={self.slabs}; expected one of {', '.join(map(str, SLAB_SHARES))}")
        if not 0 <= self.margin < 2 / (self.slabs - 1):
            raise ValueError(f"margin={self.margin}; expected 0 or more, and less than {2 / (self.slabs - 1):.3g}")

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """linear-coordinate: the sign of coordinate 0. slab-coordinates: the class that most of the others indicate."""
        return {
            "linear-coordinate": lambda inputs: (inputs[:, :1] > 0).astype(np.int64),
            "slab-coordinates": self._majority,
        }

    @property
    def truth(self) -> Truth:
        """Two rules: the metric is the share of predictions that follow each."""
        return TwoRules(self.rules)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The two rules themselves."""
        return self.rules

    @property
    def inputs(self) -> Space:
        """Real numbers in [-1, 1], (dims,)."""
        return Space((self.dims,), None)

    @property
    def outputs(self) -> Space:
        """One of two classes, (1,)."""
        return Space((1,), 2)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: share of inputs on which the rules disagree, 1. Every seed has the same examples of "apart"."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("apart", "conflict", 1.0, region="apart", fixed=True),
        )

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n inputs; both classes are equally likely. In "apart" the slabs have the other class."""
        linear = rng.integers(2, size=(n, 1))
        classes = 1 - linear if region == "apart" else linear
        magnitude = rng.uniform(self.margin, 1, size=(n, 1))
        slab = self._sample_slabs(classes, rng)
        low = -1 + slab * (self._width + self.margin)
        inside = low + self._width * rng.uniform(size=slab.shape)
        inputs = np.concatenate([(2 * linear - 1) * magnitude, inside], axis=1)
        return Examples(inputs, linear)

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself."""
        return inputs

    def capacity(self, split: str) -> None:
        """No limit: the inputs are real numbers."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The coordinates with two decimals, the linear one before a bar."""
        return f"{example[0]:.2f} | " + " ".join(f"{value:.2f}" for value in example[1:])

    def describe_target(self, target: np.ndarray) -> str:
        """The class."""
        return str(int(target[0]))

    @property
    def _width(self) -> float:
        """Width of a slab: slabs and the gaps between them fill [-1, 1]."""
        return (2 - (self.slabs - 1) * self.margin) / self.slabs

    def _sample_slabs(self, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The slab of every coordinate, (n, dims - 1), given the class of each input, (n, 1)."""
        shares = np.array(SLAB_SHARES[self.slabs])
        belongs = np.arange(self.slabs) % 2 == np.arange(2)[:, None]  # (class, slab)
        upper = np.cumsum(np.where(belongs, shares, 0.0), axis=1)[classes]  # (n, 1, slabs)
        return (rng.uniform(size=(len(classes), self.dims - 1, 1)) >= upper).sum(2)

    def _majority(self, inputs: np.ndarray) -> np.ndarray:
        """The class of most slab coordinates, (n, 1); a point in a gap counts with the nearer slab."""
        slab = np.floor((inputs[:, 1:] + 1 + self.margin / 2) / (self._width + self.margin)).clip(0, self.slabs - 1)
        return (2 * (slab % 2).sum(1, keepdims=True) > self.dims - 1).astype(np.int64)
