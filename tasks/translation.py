"""Translation: handwritten digits in one half of the canvas in training, in the other half in the test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..metrics.metric import Accuracy
from .base import Examples, Split, Task
from .pools import in_share, shuffled_epochs
from .spaces import Space
from .truth import Labels, Truth

SIDE = 8
"""Pixels per side of a digit."""

MAX_SHADE = 16
"""The largest value of a pixel of a digit."""

SHADES = ".'-:=+*x%#"
"""Characters that pixels are printed as, from white to black."""

PERMUTATION_SEED = 0
"""The seed of the permutation of pixels."""


@dataclass(frozen=True)
class Translation(Task):
    """Digit classification: digits in the left half of the image in training, in the right half in the test.

    Worked example, on a canvas of 16 x 8 pixels instead of 20 x 20. Training contains the "1" on the left, and many
    other digits in the left half; the split "right" contains the one on the right, another image of a "1":

        ................        ................
        ...+#...........        ................
        ..+##...........        ...........-#-..
        ....#...........        ...........+#...
        ....#...........        ...........##...
        ...+#+..........        ...........#-...

    A learner that detects strokes at any position classifies it as before. A learner with separate weights for each
    pixel has only seen white pixels on the right, so that its weights there are not determined by the training set.

    The digits are real: the 1,797 images of 8 x 8 pixels, in 17 shades of grey, that scikit-learn bundles (Alpaydin
    and Kaynak 1998, from 13 writers). A digit is at a uniformly random position inside its half. There is no known
    rule, and no heuristic, since it would have to be fitted to the images.

    A problem is the image of a digit, at any position: no digit image is both in training and in a test.

    canvas  pixels per side, even

    Raises ValueError if a half is narrower than a digit.
    """

    name: ClassVar[str] = "translation"
    family: ClassVar[str] = "translation"
    block: ClassVar[int] = 1797  # every digit image once

    canvas: int = 20

    def __post_init__(self) -> None:
        if self.canvas % 2 or self.canvas < 2 * SIDE:
            raise ValueError(f"a canvas of {self.canvas} pixels; expected an even number from {2 * SIDE} on")

    @property
    def inputs(self) -> Space:
        """One plane of grey, from 0 (white) to 1 (black), (1, canvas, canvas)."""
        return Space((1, self.canvas, self.canvas), alphabet=None, layout="grid")

    @property
    def outputs(self) -> Space:
        """The digit."""
        return Space((1,), alphabet=10)

    @property
    def truth(self) -> Truth:
        """Labels of real data: accuracy."""
        return Labels(Accuracy(), noisy_labels=False)

    @property
    def hash_key(self) -> str:
        """One key for both tasks, so that they have the same digit images in training and in the tests."""
        return "translation"

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: pixels by which the digits are shifted. The shares of both halves are disjoint as well."""
        return (
            Split("train", share=(0.0, 0.6)),
            Split("id", share=(0.6, 0.76)),
            Split("right", "position", self.canvas / 2, headline=True, region="right", share=(0.76, 0.92)),
            Split("exposed", region="right", share=(0.92, 1.0)),
        )

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n digits in the right half of the canvas if the region is "right", else in the left half."""
        digits = _digits()
        rows = shuffled_epochs(len(digits.labels), n, rng)
        half = self.canvas // 2
        tops = rng.integers(0, self.canvas - SIDE + 1, size=n)
        lefts = rng.integers(0, half - SIDE + 1, size=n) + (half if region == "right" else 0)
        inputs = np.zeros((n, self.canvas**2), np.float32)
        corners = (tops * self.canvas + lefts)[:, None]
        inputs[np.arange(n)[:, None], corners + _window(self.canvas)] = digits.images[rows] / np.float32(MAX_SHADE)
        return Examples(inputs.reshape(n, *self.inputs.shape), digits.labels[rows, None])

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The digit image, shades 0 to 16, aligned to the top left of 8 x 8 pixels, (n, 64)."""
        return np.rint(_cropped(inputs[:, 0]) * MAX_SHADE).astype(np.int64)

    def capacity(self, split: str) -> int:
        """Number of the 1,797 digit images in the split, counted exactly."""
        return _count(self.hash_key, self.split(split).share)

    def describe(self, example: np.ndarray) -> str:
        """The canvas as text, from . for white to # for black."""
        shades = np.rint(example[0] * (len(SHADES) - 1)).astype(np.int64)
        return "\n".join("".join(SHADES[shade] for shade in row) for row in shades)

    def describe_target(self, target: np.ndarray) -> str:
        """The digit."""
        return str(int(target[0]))


@dataclass(frozen=True)
class TranslationPermuted(Translation):
    """Control of translation: the same images with all pixels in one fixed random order.

    Neighbouring pixels are unrelated, so that detecting strokes is of no use. A learner with separate weights for each
    pixel, which does not use neighbourhood, is unaffected.
    """

    name: ClassVar[str] = "translation-permuted"

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample as `Translation` does, then permute the pixels."""
        upright = super().propose(region, n, rng)
        return replace(upright, inputs=self._reordered(upright.inputs, _permutation(self.canvas)))

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The canonical form of `Translation`, after the inverse permutation."""
        return super().canonical(self._reordered(inputs, np.argsort(_permutation(self.canvas))))

    def _reordered(self, inputs: np.ndarray, order: np.ndarray) -> np.ndarray:
        return inputs.reshape(len(inputs), -1)[:, order].reshape(inputs.shape)


class _Digits(NamedTuple):
    """Images (1797, 64) with shades 0 to 16, row by row; labels (1797,)."""

    images: np.ndarray
    labels: np.ndarray


@cache
def _count(key: str, share: tuple[float, float]) -> int:
    """Number of digit images in a share: a plan asks for that once a learner."""
    return int(in_share(_cropped(_digits().images.reshape(-1, SIDE, SIDE)), key, share).sum())


@cache
def _digits() -> _Digits:
    from sklearn.datasets import load_digits  # noqa: PLC0415 -- takes a second, and listing tasks needs no data

    bunch: Any = load_digits()
    return _Digits(bunch.data.astype(np.int64), bunch.target.astype(np.int64))


@cache
def _permutation(canvas: int) -> np.ndarray:
    """The pixel of the original canvas at each pixel, (canvas^2,)."""
    return np.random.default_rng(PERMUTATION_SEED).permutation(canvas**2)


def _window(width: int) -> np.ndarray:
    """Indices of the pixels of a digit at the top left of a flattened image of that width, (64,)."""
    return (np.arange(SIDE)[:, None] * width + np.arange(SIDE)).ravel()


def _cropped(pictures: np.ndarray) -> np.ndarray:
    """Crop images (n, height, width) to 8 x 8 pixels that start at the first nonzero row and column: (n, 64)."""
    ink = pictures > 0
    tops, lefts = ink.any(axis=2).argmax(axis=1), ink.any(axis=1).argmax(axis=1)
    padded = np.pad(pictures, ((0, 0), (0, SIDE), (0, SIDE)))  # for digits that do not fill their 8 x 8 pixels
    width = padded.shape[2]
    pixels = (tops * width + lefts)[:, None] + _window(width)
    return padded.reshape(len(pictures), -1)[np.arange(len(pictures))[:, None], pixels]
