"""Translation: handwritten digits that were only ever seen in one half of the canvas, asked for in the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..metrics.metric import Accuracy
from .base import Examples, Split, Task
from .pools import held, passes
from .spaces import Space
from .truth import Labels, Truth

SIDE = 8
"""Pixels of a side of a digit."""

BLACK = 16
"""The darkest a pixel of a digit can be."""

SHADES = ".'-:=+*x%#"
"""How a pixel is drawn, from white to black."""

SHUFFLE = 0
"""The seed of the one permutation of pixels."""


@dataclass(frozen=True)
class Translation(Task):
    """Say which digit is drawn on the canvas; in training it always stands in the left half.

    Worked example, on a canvas of 16 x 8 pixels instead of 20 x 20. Training shows the "1" on the left, and many others
    in the left half; the split "right" asks for the one on the right, which was never seen before:

        ................        ................
        ...+#...........        ................
        ..+##...........        ...........-#-..
        ....#...........        ...........+#...
        ....#...........        ...........##...
        ...+#+..........        ...........#-...

    Whoever looks for strokes, wherever they are, reads it as before. Whoever has learnt what each pixel means has only
    seen white pixels on the right, and knows nothing of black ones.

    The digits are real: the 1,797 images of 8 x 8 pixels, in 17 shades of grey, that scikit-learn bundles (Alpaydin
    and Kaynak 1998, from 13 writers). A digit stands at a uniformly random place that keeps it inside its half. There
    is no rule to solve it by, and no heuristic: what says "a three" by looking at the pixels has been fitted to them.

    A problem is the drawing, wherever it stands: no drawing is in training and in a test, in whatever place.

    canvas  pixels of a side, even

    Raises ValueError where a half is narrower than a digit.
    """

    name: ClassVar[str] = "translation"
    family: ClassVar[str] = "translation"
    block: ClassVar[int] = 1797  # every drawing once

    canvas: int = 20

    def __post_init__(self) -> None:
        if self.canvas % 2 or self.canvas < 2 * SIDE:
            raise ValueError(f"a canvas of {self.canvas} pixels; expected an even number from {2 * SIDE} on")

    @property
    def inputs(self) -> Space:
        """One plane of grey, 0 white to 1 black."""
        return Space((1, self.canvas, self.canvas), alphabet=None, layout="grid")

    @property
    def outputs(self) -> Space:
        """The digit."""
        return Space((1,), alphabet=10)

    @property
    def truth(self) -> Truth:
        """Labels of real data: accuracy."""
        return Labels(Accuracy())

    @property
    def hash_key(self) -> str:
        """One key for both variants: the same drawings are in training, the same drawings are tested."""
        return "translation"

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: pixels by which the digits have moved. A drawing is of one split, so both halves share them out."""
        return (
            Split("train", share=(0.0, 0.6)),
            Split("id", share=(0.6, 0.76)),
            Split("right", "position", self.canvas / 2, headline=True, region="right", share=(0.76, 0.92)),
            Split("exposed", region="right", share=(0.92, 1.0)),
        )

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n digits in the half of the canvas that the region names, "right", else left."""
        digits = _digits()
        rows = passes(len(digits.labels), n, rng)
        half = self.canvas // 2
        tops = rng.integers(0, self.canvas - SIDE + 1, size=n)
        lefts = rng.integers(0, half - SIDE + 1, size=n) + (half if region == "right" else 0)
        inputs = np.zeros((n, self.canvas**2), np.float32)
        corners = (tops * self.canvas + lefts)[:, None]
        inputs[np.arange(n)[:, None], corners + _window(self.canvas)] = digits.images[rows] / np.float32(BLACK)
        return Examples(inputs.reshape(n, *self.inputs.shape), digits.labels[rows, None])

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The drawing, shades 0 to 16, its ink moved to the top and the left of 8 x 8 pixels, (n, 64)."""
        return np.rint(_aligned(inputs[:, 0]) * BLACK).astype(np.int64)

    def capacity(self, split: str) -> int:
        """How many of the 1,797 drawings are the split's own, counted."""
        images = _digits().images.reshape(-1, SIDE, SIDE)
        return int(held(_aligned(images), self.hash_key, self.split(split).share).sum())

    def describe(self, example: np.ndarray) -> str:
        """The canvas in characters, from . for white to # for black."""
        shades = np.rint(example[0] * (len(SHADES) - 1)).astype(np.int64)
        return "\n".join("".join(SHADES[shade] for shade in row) for row in shades)

    def describe_target(self, target: np.ndarray) -> str:
        """The digit."""
        return str(int(target[0]))


@dataclass(frozen=True)
class TranslationPermuted(Translation):
    """The control: the same digits at the same places, and then all pixels in another order, always the same one.

    Neighbours on the canvas mean nothing any more, so looking for strokes is worth nothing. Whoever gives each pixel a
    weight of its own and takes no notice of neighbours learns as before.
    """

    name: ClassVar[str] = "translation-permuted"

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw as `Translation` does, then permute the pixels."""
        upright = super().propose(region, n, rng)
        return replace(upright, inputs=self._reordered(upright.inputs, _permutation(self.canvas)))

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The drawing of `Translation`, its pixels put back in order."""
        return super().canonical(self._reordered(inputs, np.argsort(_permutation(self.canvas))))

    def _reordered(self, inputs: np.ndarray, order: np.ndarray) -> np.ndarray:
        return inputs.reshape(len(inputs), -1)[:, order].reshape(inputs.shape)


class _Digits(NamedTuple):
    """images (1797, 64) of shades 0 to 16, row by row; labels (1797,)."""

    images: np.ndarray
    labels: np.ndarray


@cache
def _digits() -> _Digits:
    from sklearn.datasets import load_digits  # noqa: PLC0415 -- takes a second, and listing tasks needs no data

    bunch: Any = load_digits()
    return _Digits(bunch.data.astype(np.int64), bunch.target.astype(np.int64))


@cache
def _permutation(canvas: int) -> np.ndarray:
    """The pixel of the upright canvas that each pixel shows, (canvas^2,)."""
    return np.random.default_rng(SHUFFLE).permutation(canvas**2)


def _window(width: int) -> np.ndarray:
    """The pixels of a digit at the top left of an image of that width, counted row by row, (64,)."""
    return (np.arange(SIDE)[:, None] * width + np.arange(SIDE)).ravel()


def _aligned(pictures: np.ndarray) -> np.ndarray:
    """The 8 x 8 pixels whose first row and first column hold the first ink of pictures (n, height, width): (n, 64)."""
    ink = pictures > 0
    tops, lefts = ink.any(axis=2).argmax(axis=1), ink.any(axis=1).argmax(axis=1)
    padded = np.pad(pictures, ((0, 0), (0, SIDE), (0, SIDE)))  # where the ink of a digit does not fill its 8 x 8
    width = padded.shape[2]
    pixels = (tops * width + lefts)[:, None] + _window(width)
    return padded.reshape(len(pictures), -1)[np.arange(len(pictures))[:, None], pixels]
