"""Streams for continual learning: sequences of training sets, with probes of every stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from ..runs.seeds import generator
from ..tasks.spaces import Space


@dataclass(frozen=True)
class Probe:
    """Test examples of one stage, evaluated after every stage.

    stage  index of the stage that first shows them
    kind   "", or in a stream of facts: recurring or single
    """

    stage: int
    kind: str
    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Stream:
    """Training sets in order, (inputs, targets) each, and the probes; all classes are known in advance.

    gap  number of stages after which recurring facts reappear; None if nothing recurs
    """

    inputs: Space
    outputs: Space
    stages: tuple[tuple[np.ndarray, np.ndarray], ...]
    probes: tuple[Probe, ...]
    gap: int | None = None


CLASSES = 10
PAIRS = 5
"""Number of stages of the digits stream: two classes each."""

SHADES = 16
"""Maximum pixel value of scikit-learn's digits."""

TESTED = 4
"""One in this many images is a test image."""


def digits(seed: int) -> Stream:
    """Class-incremental digits: images of 0 and 1, then of 2 and 3, up to 8 and 9; one shared head for all classes.

    The test images are sampled with the seed. After every stage all ten classes are tested, in pairs.
    """
    images, labels = _images()
    order = generator(study="forgetting", stream="digits", seed=seed).permutation(len(labels))
    stages, probes = [], []
    for stage in range(PAIRS):
        own = order[labels[order] // 2 == stage]
        tested = len(own) // TESTED
        stages.append((images[own[tested:]], labels[own[tested:], None]))
        probes.append(Probe(stage, "", images[own[:tested]], labels[own[:tested], None]))
    return Stream(Space((1, 8, 8), None, "grid"), Space((1,), CLASSES), tuple(stages), tuple(probes))


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 images, (n, 1, 8, 8) in [0, 1], and their labels, (n,)."""
    from sklearn.datasets import load_digits  # noqa: PLC0415

    images, labels = map(np.asarray, load_digits(return_X_y=True))
    return (images / SHADES).reshape(-1, 1, 8, 8), labels.astype(np.int64)


STAGES = 9
GAP = 3
NEW = 32
"""Number of recurring facts that are first shown at a stage."""

KEY, TOKENS, VALUES = 5, 8, 10
KINDS = ("single", "recurring")


def facts(seed: int, *, marked: bool = True, new: int = NEW) -> Stream:
    """Key-value facts to memorise; some reappear every third stage from then on, and as many are shown only once.

    A key is a mark and five tokens out of eight, all keys distinct; a value is one of ten. Keys and values are sampled
    at random: there is no rule. The mark, the first token, indicates whether a fact recurs (1) or is shown at one stage
    only (0). A learner has to infer its meaning: before stage 3 nothing has reappeared. Example: the fact 1 4 0 6 6 2
    -> 7, new at stage 1, is shown again at stages 4 and 7; 0 3 3 1 7 5 -> 2, new at stage 1, is not.

    The design is balanced: a stage has `new` new recurring facts and all earlier ones that are due, and as many single
    facts as that, all new. So a memory in which facts of one mark displace each other retains both kinds alike.
    Stages 0 to 2 have 2 x `new` facts, 3 to 5 have 4 x, 6 to 8 have 6 x.

    marked  False: the mark is random and carries no information. Of two facts shown once, at the same stage, it is then
            impossible to know which one recurs

    Raises ValueError if there are not so many keys.
    """
    stages = np.arange(STAGES)
    singles = 1 + stages // GAP  # in units of `new`
    most = TOKENS**KEY // int(STAGES + singles.sum())
    if not 1 <= new <= most:
        raise ValueError(f"{new} new facts a stage; expected 1 to {most}")
    first = np.concatenate([np.repeat(stages, new * singles), np.repeat(stages, new)])  # stage of each fact
    kind = np.repeat(np.arange(len(KINDS)), [new * singles.sum(), new * STAGES])
    rng = generator(study="forgetting", stream="facts", seed=seed)
    numbers = rng.choice(TOKENS**KEY, len(first), replace=False)
    tokens = numbers[:, None] // TOKENS ** np.arange(KEY) % TOKENS
    values = rng.integers(0, VALUES, (len(first), 1))
    mark = kind if marked else rng.integers(0, len(KINDS), len(first))
    keys = np.concatenate([mark[:, None], tokens], axis=1)
    since = stages[:, None] - first  # (stages, facts)
    shown = (since == 0) | ((kind == 1) & (since > 0) & (since % GAP == 0))
    probes = [
        Probe(stage, name, keys[own], values[own])
        for number, name in enumerate(KINDS)
        for stage in range(STAGES)
        for own in [(kind == number) & (first == stage)]
    ]
    return Stream(
        Space((1 + KEY,), TOKENS, "sequence"),
        Space((1,), VALUES),
        tuple((keys[now], values[now]) for now in shown),
        tuple(probes),
        GAP,
    )


STREAMS: dict[str, Callable[[int], Stream]] = {
    "digits": digits,
    "facts": facts,
    "facts-unmarked": partial(facts, marked=False),
}
