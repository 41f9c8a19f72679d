"""Texts and equations with one hidden token, in order or with their visible tokens shuffled: data of `shuffle`.

Both domains have one form: five tokens, one hidden, four visible. What is shuffled are the four visible tokens of each
training example, so that a shuffled example has the same tokens as the example in order, and lacks their order only.
The blank is no token: at which position it stands is a part of the order.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..runs.data import sample_split
from ..runs.seeds import generator
from ..tasks import corpus
from ..tasks.pools import digests, shares
from ..tasks.scramble import ScrambleBag, ScrambleOrdered
from ..tasks.spaces import Space
from ..tasks.text import HASH_KEY, NARRATIVE, TRAIN

DOMAINS = ("text", "equations")
VISIBLE = 4
VOCABULARY = 256
"""Most frequent words of the training chapters: the classes. Any other visible word is one further token."""

TEST = (TRAIN[1], 0.8)
"""Chapters of the test, by hash: those of the split `id` of the task `text`."""

NEAREST_LAST = (0, 3, 1, 2)
"""The words at -2, -1, 1, 2 from the hidden one are shown as -2, 2, -1, 1: n-grams back off to the last ones."""

TEST_SEEDS = 1_000_000
"""Offset of the seed of a sample of test equations."""


@dataclass(frozen=True)
class Sample:
    """Examples of a domain, all of them in order.

    inputs, targets            (n, 4) visible tokens, (n, 1) the hidden one
    test_inputs, test_targets  the same for the test
    floor                      bits of the best prediction from the visible tokens without their order, on the test; nan
                               where it is not known
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    floor: float


def spaces(domain: str) -> tuple[Space, Space]:
    """The spaces of the four visible tokens and of the hidden one: plain symbols, without numeric values."""
    if domain == "text":
        return Space((VISIBLE,), VOCABULARY + 1, "sequence"), Space((1,), VOCABULARY)
    if domain == "equations":
        numbers = ScrambleOrdered().outputs.alphabet or 0
        return Space((VISIBLE,), numbers + 2, "sequence"), Space((1,), numbers)
    raise ValueError(f"unknown domain {domain!r}; expected one of {', '.join(DOMAINS)}")


def sample(domain: str, n: int, tests: int, seed: int) -> Sample:
    """Sample `n` training examples and `tests` test examples.

    text       five consecutive words of the King James Bible, the one in the middle hidden; other chapters are the test
    equations  "a + b = c" of the task `scramble-ordered`, one number hidden; the test is a second sample from the same
               equations, so that it asks what the order says, not whether addition generalises to new pairs

    Raises MissingPackageError without the extra `text`.
    """
    spaces(domain)
    if domain == "equations":
        return _equations(n, tests, seed)
    rng = generator(study="shuffle", domain=domain, seed=seed)
    inputs, targets = _windows(TRAIN)
    test_inputs, test_targets = _windows(TEST)
    if n > len(inputs) or tests > len(test_inputs):
        raise ValueError(f"{n} and {tests} examples; expected at most {len(inputs)} and {len(test_inputs)}")
    rows, test_rows = rng.permutation(len(inputs))[:n], rng.permutation(len(test_inputs))[:tests]
    return Sample(inputs[rows], targets[rows], test_inputs[test_rows], test_targets[test_rows], float("nan"))


def shuffled(inputs: np.ndarray, seed: int) -> np.ndarray:
    """Each row in a random order of its own, (n, 4)."""
    return generator(study="shuffle", part="order", seed=seed).permuted(inputs, axis=1)


def _equations(n: int, tests: int, seed: int) -> Sample:
    task, bag = ScrambleOrdered(), ScrambleBag()
    train, test = sample_split(task, "train", n, seed), sample_split(task, "train", tests, TEST_SEEDS + seed)
    of_targets = np.take_along_axis(bag.posterior(test.inputs), test.targets[..., None], axis=2)
    floor = float(-np.log2(of_targets).mean())
    return Sample(_visible(task, train.inputs), train.targets, _visible(task, test.inputs), test.targets, floor)


def _visible(task: ScrambleOrdered, inputs: np.ndarray) -> np.ndarray:
    """The tokens but the blank, in order, (n, 5) -> (n, 4)."""
    blank = (task.inputs.alphabet or 0) - 1
    return inputs[inputs != blank].reshape(len(inputs), VISIBLE)


@cache
def _windows(share: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """All windows of the chapters of a share whose word in the middle is in the vocabulary: (n, 4), (n, 1)."""
    known = {word: token for token, word in enumerate(_vocabulary())}
    tokens = [np.array([known.get(word, VOCABULARY) for word in words]) for words in _chapters(share)]
    windows = [np.lib.stride_tricks.sliding_window_view(one, VISIBLE + 1) for one in tokens if len(one) > VISIBLE]
    found = np.concatenate(windows)
    found = found[found[:, VISIBLE // 2] < VOCABULARY]
    visible = np.delete(found, VISIBLE // 2, axis=1)[:, NEAREST_LAST]
    return visible, found[:, VISIBLE // 2, None]


@cache
def _vocabulary() -> tuple[str, ...]:
    """The most frequent words of the training chapters, the first of equally frequent ones by the alphabet."""
    counts = Counter(word for words in _chapters(TRAIN) for word in words)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:VOCABULARY])


@cache
def _chapters(share: tuple[float, float]) -> tuple[tuple[str, ...], ...]:
    """The words of each chapter of Genesis to Esther in a share of the hashes of the chapters."""
    texts = {number: tokens for number, tokens in corpus.chapters().items() if number // 1000 in NARRATIVE}
    found = shares(digests(np.array(list(texts))[:, None], HASH_KEY))
    kept = [tokens for tokens, own in zip(texts.values(), found, strict=True) if share[0] <= own < share[1]]
    return tuple(tuple(re.findall("[a-z]+", corpus.to_text(tokens))) for tokens in kept)
