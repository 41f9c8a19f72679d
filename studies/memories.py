"""Control learners of the study of forgetting, whose selectivity is known: buffers, and replay keyed on the mark."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..learners.base import Learner, Predictor, Problem
from ..learners.lookup import Lookup
from .streams import NEW

MARKED = 1
"""The mark (first token of a key) of the facts that recur."""


@dataclass(frozen=True)
class Buffer(Learner):
    """First-in-first-out memory (control): predicts what it stores, and the most frequent value for other keys.

    capacity  number of presentations that are stored; by default about half of what a gap of the last cycle displaces
    by_mark   False: one buffer for all facts; True: one for each mark, each of half the capacity

    It cannot foresee anything. As many facts of either mark displace each other: its selectivity is 0 in expectation.
    """

    name = "buffer"
    control = True

    capacity: int = 15 * NEW
    by_mark: bool = False

    def fit(self, problem: Problem) -> Predictor:
        return self.partial_fit(None, problem)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Store the new examples in random order, and drop the oldest."""
        order = np.random.default_rng(problem.seed).permutation(len(problem))
        added = problem.take(order, len(order))
        stored = _joined(predictor.stored, added) if isinstance(predictor, Stored) else added
        marks = stored.inputs[:, 0] == MARKED
        groups, size = ([marks, ~marks], self.capacity // 2) if self.by_mark else ([marks | ~marks], self.capacity)
        kept = np.sort(np.concatenate([np.flatnonzero(own)[-size:] for own in groups]))  # in the order of arrival
        stored = stored.take(kept, len(kept))
        return Stored(stored, Lookup().fit(stored))


@dataclass
class Stored(Predictor):
    """A predictor and the examples that its learner stored."""

    stored: Problem
    fitted: Predictor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.fitted.predict(inputs)


@dataclass(frozen=True)
class MarkedReplay(Learner):
    """Replay keyed on the mark (positive control): stores all facts with the mark 1, and repeats them at every stage.

    base  the learner that is trained on the current stage and the stored facts
    """

    name = "replay"
    control = True

    base: Learner

    def fit(self, problem: Problem) -> Predictor:
        return self.base.fit(problem)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Continue on the new examples and all stored ones that are not among them."""
        earlier = predictor if isinstance(predictor, Stored) else None
        every = problem if earlier is None else _joined(earlier.stored, problem)
        _, rows = np.unique(every.inputs, axis=0, return_index=True)
        every = every.take(rows, len(rows))
        marked = np.flatnonzero(every.inputs[:, 0] == MARKED)
        fitted = self.base.partial_fit(earlier.fitted if earlier else None, every)
        return Stored(every.take(marked, len(marked)), fitted, record=fitted.record)


def _joined(first: Problem, second: Problem) -> Problem:
    """The examples of both, with the seed of the second."""
    inputs, targets = (
        np.concatenate([getattr(one, name) for one in (first, second)]) for name in ("inputs", "targets")
    )
    return replace(second, inputs=inputs, targets=targets, n_id=None)
