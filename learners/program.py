"""Program induction by enumeration, with a posterior over short programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..tasks.spaces import Space
from .base import CPU, Learner, Predictor, Problem, Resources, Spec
from .encodings import ENCODINGS, encode, refusal
from .enumeration import enumerate_programs
from .language import NUMBER, Program, Rows, describe, evaluate
from .parameters import choice, number

SHOWN = 16
"""Number of training examples in the search rows; training sets that begin with the same ones share one search."""

ALTERED = 56
"""Number of perturbed inputs added to the search rows: training inputs with a quarter of their tokens resampled, and as
many inputs sampled uniformly. Without them, a position that is constant in training could not be distinguished."""

FIRST_LOOK = 512
"""Number of rows on which a program is checked before it is run on all."""

KEPT = 256
"""Maximum number of programs in the ensemble: the shortest."""


@dataclass(frozen=True)
class ProgramLearner(Learner):
    """Program induction: ensemble of the shortest programs that fit all examples, weighted by 2^-length.

    The language is described in learners/language.py; lengths are in bits. Programs are enumerated by increasing
    length. Two programs are treated as equal if they have the same values on SHOWN training inputs and on perturbed and
    random inputs (ALTERED). Programs that reproduce every training target are kept. The search ends `margin` bits after
    the shortest of them. If none is found among `candidates`, the prediction is the training marginal, and the record
    has `programs: 0` and `still_falling`.

    One search serves all training sets that begin with the same SHOWN examples, as those of one seed do, because only
    these examples and the Spaces determine the enumeration.

    encoding    auto and value: tokens as integers, those of a bag sorted; onehot: a truth value for each token at each
                position; counts: how often each token occurs
    candidates  maximum number of candidate programs, about 200,000 a second; a fold counts as one per position
    margin      maximum difference in bits between a program of the ensemble and the shortest
    """

    name = "program"

    encoding: str = choice("auto", ENCODINGS)
    candidates: int = number(2_000_000, at_least=1)
    margin: int = number(4, at_least=0)

    def accepts(self, spec: Spec) -> str | None:
        for space, what in ((spec.inputs, "inputs"), (spec.outputs, "targets")):
            if not space.symbolic:
                return f"programs are made of symbols; the {what} are real numbers"
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        return self.fit_many([problem])[0]

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:  # noqa: ARG002
        fits = [_Fit(problem, self) for problem in problems]
        groups: dict[bytes, list[_Fit]] = {}
        for fit in fits:
            if not fit.contradictory:
                groups.setdefault(_beginning(fit.problem), []).append(fit)
        for group in groups.values():
            self._search(group)
        return [fit.predictor() for fit in fits]

    def _search(self, fits: list[_Fit]) -> None:
        """One enumeration for training sets that begin alike; each result is the same as for a search of its own."""
        rows, wanted = _rows_to_tell_apart(fits[0].problem, self.encoding)
        outputs = fits[0].problem.output_space
        for block in enumerate_programs(rows, outputs.size, outputs.alphabet or 0, self.candidates):
            for fit in fits:
                fit.reach(block.bits)
            if all(fit.done for fit in fits):
                return
            for index in np.flatnonzero((block.values[:, : len(wanted)] == wanted).all(1)).tolist():
                program = block.program(index)
                for fit in fits:
                    fit.offer(program, block.bits)
            for fit in fits:
                fit.count(block.candidates)


@dataclass
class _Fit:
    """One training set and the programs found for it."""

    problem: Problem
    learner: ProgramLearner
    found: list[tuple[Program, int]] = field(default_factory=list)  # programs and their lengths in bits
    candidates: int = 0
    done: bool = False

    def __post_init__(self) -> None:
        problem, encoding = self.problem, self.learner.encoding
        self.tokens = _tokens(problem.inputs, problem.input_space, encoding)
        self.targets = problem.targets.astype(NUMBER)
        both = np.concatenate([self.tokens, self.targets], axis=1)
        self.contradictory = len(np.unique(self.tokens, axis=0)) < len(np.unique(both, axis=0))

    def reach(self, bits: int) -> None:
        """Called when the search reaches programs of this length."""
        if self.found and bits > self.found[0][1] + self.learner.margin:
            self.done = True

    def offer(self, program: Program, bits: int) -> None:
        """Keep the program if it fits all examples."""
        if self.done:
            return
        outputs = self.targets.shape[1]
        for few in (slice(0, max(FIRST_LOOK // outputs, 1)), slice(None)):
            rows = _rows(self.tokens[few], outputs, self._alphabet)
            if not np.array_equal(evaluate(program, rows), self.targets[few].ravel()):
                return
        self.found.append((program, bits))
        self.done = len(self.found) == KEPT

    def count(self, candidates: int) -> None:
        """Update the number of candidates evaluated so far."""
        if not self.done:
            self.candidates = candidates

    def predictor(self) -> Predictor:
        targets, classes = self.problem.targets, self.problem.output_space.alphabet or 0
        marginal = np.stack([np.bincount(column, minlength=classes) for column in targets.T]) / len(targets)
        record: dict[str, object] = {
            "programs": len(self.found),
            "candidates": self.candidates,
            "still_falling": not self.found and not self.contradictory,
            "contradictory": self.contradictory,
        }
        if self.found:
            record |= {"shortest": describe(self.found[0][0]), "bits": self.found[0][1]}
        space, encoding = self.problem.input_space, self.learner.encoding
        return ProgramPredictor(space, encoding, self._alphabet, self.found, marginal, record=record)

    @property
    def _alphabet(self) -> int:
        return _alphabet(self.problem.input_space, self.learner.encoding)


@dataclass
class ProgramPredictor(Predictor):
    """Weighted ensemble of programs, or the training marginal (outputs, classes) if there are none.

    Where the value of a program is not a class, which cannot happen on the training set, its weight goes to the
    marginal.
    """

    space: Space
    encoding: str
    alphabet: int
    programs: list[tuple[Program, int]]
    marginal: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        outputs, classes = self.marginal.shape
        rows = _rows(_tokens(inputs, self.space, self.encoding), outputs, self.alphabet)
        votes = np.zeros((len(inputs) * outputs, classes))
        lost = np.zeros(len(votes))
        for program, bits in self.programs:
            weight = 2.0 ** (self.programs[0][1] - bits)
            values = evaluate(program, rows)
            valid = (values >= 0) & (values < classes)
            votes[np.flatnonzero(valid), values[valid]] += weight
            lost += weight * ~valid
        if not self.programs:
            lost += 1.0
        shares = votes.reshape(-1, outputs, classes) + lost.reshape(-1, outputs, 1) * self.marginal
        return shares / shares.sum(-1, keepdims=True)


def _beginning(problem: Problem) -> bytes:
    """Key of the search: the Spaces and the first examples."""
    few = min(len(problem), SHOWN)
    first = (problem.inputs[:few].astype(np.int64), problem.targets[:few].astype(np.int64))
    return b"".join([repr((problem.input_space, problem.output_space)).encode(), *(part.tobytes() for part in first)])


def _rows_to_tell_apart(problem: Problem, encoding: str) -> tuple[Rows, np.ndarray]:
    """The rows of the search, and the targets (SHOWN,) of the first of them.

    For each input one output is used, sampled at random. The random numbers are the same for all problems.
    """
    rng = np.random.default_rng(0)
    space, outputs = problem.input_space, problem.output_space.size
    shown = np.arange(SHOWN) % min(len(problem), SHOWN)
    first = problem.inputs[shown].astype(np.int64)
    altered = first[np.arange(ALTERED) % SHOWN]
    drawn = rng.integers(0, space.alphabet or 0, size=(2, *altered.shape))
    altered = np.where(rng.random(altered.shape) < 0.25, drawn[0], altered)  # noqa: PLR2004 -- a quarter
    tokens = _tokens(np.concatenate([first, altered, drawn[1]]), space, encoding)
    looked_at = rng.integers(0, outputs, size=len(tokens))
    rows = Rows(tokens, looked_at.astype(NUMBER), _alphabet(space, encoding))
    return rows, problem.targets[shown, looked_at[:SHOWN]].astype(NUMBER)


def _rows(tokens: np.ndarray, outputs: int, alphabet: int) -> Rows:
    """One row per output of each example."""
    return Rows(np.repeat(tokens, outputs, axis=0), np.tile(np.arange(outputs, dtype=NUMBER), len(tokens)), alphabet)


def _tokens(inputs: np.ndarray, space: Space, encoding: str) -> np.ndarray:
    """The examples as programs read them, (n, positions) NUMBER."""
    if encoding in ("auto", "value"):
        space.check(inputs, "inputs")
        rows = np.sort(inputs, axis=1) if space.layout == "bag" else inputs
    else:
        rows = encode(inputs, space, encoding)
    return rows.reshape(len(inputs), -1).astype(NUMBER)


def _alphabet(space: Space, encoding: str) -> int:
    """Number of different tokens in the encoded input."""
    return {"onehot": 2, "counts": space.size + 1}.get(encoding, space.alphabet or 0)
