"""Character-level language modelling on English text: predict the next character."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from ..metrics.metric import Bits
from . import corpus
from .base import Examples, Heuristic, Split, Task
from .pools import digests, shares
from .spaces import Space
from .truth import Labels, Truth

NARRATIVE = range(1, 18)
"""Books of train, ID and the shuffled splits: Genesis to Esther, 1.9 million characters of narrative and law."""

EPISTLES = range(45, 66)
"""Books of the headline split: the letters of the New Testament, Romans to Jude."""

TRAIN = (0.0, 0.7)
HASH_KEY = "text"


@dataclass(frozen=True)
class Text(Task):
    """Next character of the King James Bible from the 8 before it, in bits per character.

    Example: "in the b" is followed by "e" ("beginning"), but also by "o" ("book"): there is no rule, only
    probabilities. Training, ID and the two shuffled splits are different chapters of the narrative books of the Old
    Testament; the headline split is the letters of the New Testament, with similar words and other topics. A chapter
    belongs to one split. The same eight characters may occur in several splits; the slices `context` separate those
    that occur in the train split ("seen") from the others ("new").

    window  number of characters of an input
    """

    name: ClassVar[str] = "text"
    family: ClassVar[str] = "text"
    distinct: ClassVar[bool] = False

    window: int = 8

    def __post_init__(self) -> None:
        if not 1 <= self.window <= 12:  # noqa: PLR2004 -- 32^12 windows have a number in 64 bits
            raise ValueError(f"window={self.window}; expected 1..12")

    @property
    def truth(self) -> Truth:
        """Labels of real data: bits per character, where less is better and the best possible value is unknown."""
        return Labels(Bits())

    @property
    def inputs(self) -> Space:
        """The preceding characters, in order, (window,)."""
        return Space((self.window,), len(corpus.ALPHABET), "sequence")

    @property
    def outputs(self) -> Space:
        """The next character, from the same alphabet, (1,)."""
        return Space((1,), len(corpus.ALPHABET))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity of genre: 1 for the other part of the book; of order: 1 if words are shuffled, 2 if characters."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 0.8)),
            Split("epistles", "genre", 1, headline=True, region="epistles", share=(0.0, 0.5)),
            Split("words", "order", 1, region="words", share=(0.8, 0.9)),
            Split("letters", "order", 2, region="letters", share=(0.9, 1.0)),
            Split("exposed", region="epistles", share=(0.5, 1.0)),
        )

    @property
    def missing(self) -> str | None:
        """How to install the package with the text; None if it is installed."""
        return corpus.missing()

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """uniform: equal probabilities; repeat-last: the last character; window-frequencies: those of the input."""
        return {"uniform": self._uniform, "repeat-last": self._repeat_last, "window-frequencies": self._frequencies}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n windows uniformly from the chapters of a region. Raises MissingPackageError.

        slices: "context", "seen" if the window occurs in the train split, else "new", (n,).
        """
        passages = _passages(region, self.window)
        window = rng.integers(passages.ends[-1], size=n)
        chapter = np.searchsorted(passages.ends, window, side="right")
        # no window starts at the last `window` characters of a chapter: skip them for every chapter before this one
        start = window + self.window * chapter
        cut = passages.tokens[start[:, None] + np.arange(self.window + 1)].astype(np.int64)
        inputs = cut[:, :-1]
        context = np.where(_occurs(_numbers(inputs), _seen(self.window)), "seen", "new")
        return Examples(inputs, cut[:, -1:], slices={"context": context}, origins=passages.chapters[chapter][:, None])

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The window itself; splits are by chapter, however (`Examples.origins`)."""
        return inputs

    def capacity(self, split: str) -> None:
        """No limit: windows are sampled i.i.d. from the chapters of a split."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The window in quotes."""
        return f'"{corpus.to_text(example)}"'

    def describe_target(self, target: np.ndarray) -> str:
        """The next character in quotes."""
        return f'"{corpus.to_text(target)}"'

    @property
    def hash_key(self) -> str:
        """One key for every `window`, so that the same chapters are in training."""
        return HASH_KEY

    def _uniform(self, inputs: np.ndarray) -> np.ndarray:
        classes = len(corpus.ALPHABET)
        return np.full((len(inputs), 1, classes), 1 / classes)

    def _repeat_last(self, inputs: np.ndarray) -> np.ndarray:
        return inputs[:, -1:]

    def _frequencies(self, inputs: np.ndarray) -> np.ndarray:
        return np.eye(len(corpus.ALPHABET))[inputs].mean(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Passages:
    """The chapters of a region, concatenated.

    tokens    (characters,) uint8
    chapters  (m,): number of each chapter
    ends      (m,): cumulative number of windows, each with its next character
    """

    tokens: np.ndarray
    chapters: np.ndarray
    ends: np.ndarray


@cache
def _passages(region: str, window: int) -> Passages:
    """Load the chapters of a region, shuffled in the regions "words" and "letters"; once per process."""
    books = EPISTLES if region == "epistles" else NARRATIVE
    texts = {number: text for number, text in corpus.chapters().items() if number // 1000 in books}
    if region in ("words", "letters"):
        training = _in_training(np.array(list(texts)))
        texts = {
            number: _shuffled(text, region, number)
            for (number, text), known in zip(texts.items(), training, strict=True)
            if not known
        }
    windows = [len(text) - window for text in texts.values()]
    return Passages(np.concatenate(list(texts.values())), np.array(list(texts)), np.cumsum(windows))


def _in_training(chapters: np.ndarray) -> np.ndarray:
    """Whether each chapter, (m,) numbers, is in the train split."""
    share = shares(digests(chapters[:, None], HASH_KEY))
    return (share >= TRAIN[0]) & (share < TRAIN[1])


def _shuffled(text: np.ndarray, what: str, seed: int) -> np.ndarray:
    """Shuffle the characters of a chapter ("letters"), or its words, each with the punctuation that follows it."""
    rng = np.random.default_rng(seed)
    if what == "letters":
        return rng.permutation(text)
    words = corpus.to_text(text).split(" ")
    return corpus.to_tokens(" ".join(words[index] for index in rng.permutation(len(words))))


@cache
def _seen(window: int) -> np.ndarray:
    """The numbers of all windows that occur in the train split, sorted."""
    texts = corpus.chapters()
    numbers = np.array([number for number in texts if number // 1000 in NARRATIVE])
    windows = [np.lib.stride_tricks.sliding_window_view(texts[n][:-1], window) for n in numbers[_in_training(numbers)]]
    return np.unique(np.concatenate([_numbers(own) for own in windows]))


def _numbers(windows: np.ndarray) -> np.ndarray:
    """Encode windows as integers, (n, window) -> (n,): the characters are the digits."""
    numbers = np.zeros(len(windows), np.int64)
    for position in range(windows.shape[1]):
        numbers = numbers * len(corpus.ALPHABET) + windows[:, position]
    return numbers


def _occurs(numbers: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Whether each number is in `known`, which is sorted."""
    position = np.searchsorted(known, numbers)
    return known[np.minimum(position, len(known) - 1)] == numbers
