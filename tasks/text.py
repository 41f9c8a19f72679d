"""The next character of English: a prediction that no rule settles, from a text that nobody generated."""

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
"""Books of the part that is learnt from: Genesis to Esther, 1.9 million characters of narrative and law."""

EPISTLES = range(45, 66)
"""Books of the part that is far: the letters of the New Testament, Romans to Jude."""

TRAIN = (0.0, 0.7)
HASH_KEY = "text"


@dataclass(frozen=True)
class Text(Task):
    """Next character of the King James Bible from the 8 before it, in bits a character.

    Example: after "in the b" comes an "e" ("beginning"), but also an "o" ("book"): there is no rule, only what is
    likelier. Training, ID and the two shuffled splits are different chapters of the narrative books of the Old
    Testament; far are the letters of the New Testament, much the same words about other things. A chapter belongs to
    one split; the same eight characters may occur in several, and the group `context` says if the train pool has them.

    window  characters that are seen
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
        """Bits a character: less is better, and nobody knows how few are possible."""
        return Labels(Bits())

    @property
    def inputs(self) -> Space:
        """The characters before, in order."""
        return Space((self.window,), len(corpus.ALPHABET), "sequence")

    @property
    def outputs(self) -> Space:
        """The next character, out of the same alphabet."""
        return Space((1,), len(corpus.ALPHABET))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity of a genre: parts of the book away; of order: what was shuffled, 1 the words, 2 the letters too."""
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
        """How to get the package with the text, where it is not installed."""
        return corpus.missing()

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Without any training: all characters alike, the last one again, and those of the window as often as there."""
        return {"uniform": self._uniform, "repeat-last": self._repeat_last, "window-frequencies": self._frequencies}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Cut n windows out of the chapters of a region, all as likely. Raises MissingPackageError."""
        passages = _passages(region, self.window)
        drawn = rng.integers(passages.ends[-1], size=n)
        chapter = np.searchsorted(passages.ends, drawn, side="right")
        # the last characters of a chapter begin no window: every chapter before this one has skipped so many
        start = drawn + self.window * chapter
        cut = passages.tokens[start[:, None] + np.arange(self.window + 1)].astype(np.int64)
        inputs = cut[:, :-1]
        context = np.where(_occurs(_numbers(inputs), _seen(self.window)), "seen", "new")
        return Examples(inputs, cut[:, -1:], groups={"context": context}, origins=passages.chapters[chapter][:, None])

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The window itself; what belongs to a split is the chapter, though (Examples.origins)."""
        return inputs

    def capacity(self, split: str) -> None:
        """No limit: windows are drawn i.i.d. within the chapters of a pool."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The window in quotes."""
        return f'"{corpus.to_text(example)}"'

    def describe_target(self, target: np.ndarray) -> str:
        """The next character in quotes."""
        return f'"{corpus.to_text(target)}"'

    @property
    def hash_key(self) -> str:
        """One key, whatever the window: the same chapters are in training."""
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
    """The chapters of a region, one behind the other.

    tokens    (characters,) uint8
    chapters  (m,): the number of each
    ends      (m,): how many windows, with their next character, the chapters up to and with this one hold
    """

    tokens: np.ndarray
    chapters: np.ndarray
    ends: np.ndarray


@cache
def _passages(region: str, window: int) -> Passages:
    """Shuffle, if that is what the region is about, and index; once in a process."""
    books = EPISTLES if region == "epistles" else NARRATIVE
    texts = {number: text for number, text in corpus.chapters().items() if number // 1000 in books}
    if region in ("words", "letters"):
        taught = _taught(np.array(list(texts)))
        texts = {
            number: _shuffled(text, region, number)
            for (number, text), known in zip(texts.items(), taught, strict=True)
            if not known
        }
    windows = [len(text) - window for text in texts.values()]
    return Passages(np.concatenate(list(texts.values())), np.array(list(texts)), np.cumsum(windows))


def _taught(chapters: np.ndarray) -> np.ndarray:
    """Which chapters, (m,) numbers, are in the train pool."""
    share = shares(digests(chapters[:, None], HASH_KEY))
    return (share >= TRAIN[0]) & (share < TRAIN[1])


def _shuffled(text: np.ndarray, what: str, seed: int) -> np.ndarray:
    """A chapter with its words, each with the mark that follows it, or all of its characters in another order."""
    rng = np.random.default_rng(seed)
    if what == "letters":
        return rng.permutation(text)
    words = corpus.to_text(text).split(" ")
    return corpus.to_tokens(" ".join(words[place] for place in rng.permutation(len(words))))


@cache
def _seen(window: int) -> np.ndarray:
    """The numbers of all windows that occur in the train pool, rising."""
    texts = corpus.chapters()
    numbers = np.array([number for number in texts if number // 1000 in NARRATIVE])
    windows = [np.lib.stride_tricks.sliding_window_view(texts[n][:-1], window) for n in numbers[_taught(numbers)]]
    return np.unique(np.concatenate([_numbers(own) for own in windows]))


def _numbers(windows: np.ndarray) -> np.ndarray:
    """One number a window, (n, window) -> (n,): its characters as the digits of a number."""
    numbers = np.zeros(len(windows), np.int64)
    for place in range(windows.shape[1]):
        numbers = numbers * len(corpus.ALPHABET) + windows[:, place]
    return numbers


def _occurs(numbers: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which of the numbers are among those that are known, which rise."""
    place = np.searchsorted(known, numbers)
    return known[np.minimum(place, len(known) - 1)] == numbers
