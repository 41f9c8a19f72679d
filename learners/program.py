"""Program induction by enumeration, with a posterior over short programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import BUDGET, CPU, FITTED, Learner, Predictor, Problem, Resources, Spec
from .encodings import ENCODINGS, encode, refusal
from .enumeration import enumerate_programs
from .language import NUMBER, EvaluationRows, Program, describe, evaluate
from .parameters import choice, number

SEARCH_EXAMPLES = 16
"""Number of training examples in the search rows; training sets that begin with the same ones share one search."""

PERTURBED_INPUTS = 56
"""Number of perturbed inputs added to the search rows: training inputs with a quarter of their tokens resampled, and as
many inputs sampled uniformly. Without them, a position that is constant in training could not be distinguished."""

FIRST_CHECK = 512
"""Number of rows on which a program is checked before it is run on all."""

MAX_PROGRAMS = 256
"""Maximum number of programs in the ensemble: the shortest."""


@dataclass(frozen=True)
class ProgramLearner(Learner):
    """Program induction: ensemble of the shortest programs that fit all examples, weighted by 2^-length.

    The language is described in learners/language.py; lengths are in bits. Programs are enumerated by increasing
    length. Two programs are treated as equal if they have the same values on SEARCH_EXAMPLES training inputs and on
    perturbed and random inputs (PERTURBED_INPUTS). Programs that reproduce every training target are kept. The search
    ends `extra_bits` bits after the shortest of them. If none is found among `max_candidates`, the prediction is the
    training marginal, and the record has `programs: 0` and `stopped: budget`.

    One search serves all training sets that begin with the same SEARCH_EXAMPLES examples, as those of one seed do,
    because only these examples and the Spaces determine the enumeration.

    encoding        auto and value: tokens as integers, those of a bag sorted; onehot: a truth value for each token at
                    each position; counts: how often each token occurs
    max_candidates  maximum number of candidate programs, about 200,000 a second; a fold counts as one per position
    extra_bits      maximum difference in bits between a program of the ensemble and the shortest
    """

    name = "program"

    renamed: ClassVar[Mapping[str, str]] = {"candidates": "max_candidates", "margin": "extra_bits"}

    encoding: str = choice("auto", ENCODINGS)
    max_candidates: int = number(2_000_000, at_least=1)
    extra_bits: int = number(4, at_least=0)

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
                groups.setdefault(_search_key(fit.problem), []).append(fit)
        for group in groups.values():
            self._search(group)
        return [fit.predictor() for fit in fits]

    def _search(self, fits: list[_Fit]) -> None:
        """One enumeration for training sets that begin alike; each result is the same as for a search of its own."""
        rows, search_targets = _search_rows(fits[0].problem, self.encoding)
        outputs = fits[0].problem.output_space
        for block in enumerate_programs(rows, outputs.size, outputs.alphabet or 0, self.max_candidates):
            for fit in fits:
                fit.begin_length(block.bits)
            if all(fit.done for fit in fits):
                return
            for index in np.flatnonzero((block.values[:, : len(search_targets)] == search_targets).all(1)).tolist():
                program = block.program(index)
                for fit in fits:
                    fit.check(program, block.bits)
            for fit in fits:
                fit.update_candidates(block.candidates)


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

    def begin_length(self, bits: int) -> None:
        """Called when the search reaches programs of this length."""
        if self.found and bits > self.found[0][1] + self.learner.extra_bits:
            self.done = True

    def check(self, program: Program, bits: int) -> None:
        """Keep the program if it fits all examples."""
        if self.done:
            return
        outputs = self.targets.shape[1]
        for few in (slice(0, max(FIRST_CHECK // outputs, 1)), slice(None)):
            rows = _rows(self.tokens[few], outputs, self._alphabet)
            if not np.array_equal(evaluate(program, rows), self.targets[few].ravel()):
                return
        self.found.append((program, bits))
        self.done = len(self.found) == MAX_PROGRAMS

    def update_candidates(self, candidates: int) -> None:
        """Update the number of candidates evaluated so far."""
        if not self.done:
            self.candidates = candidates

    def predictor(self) -> Predictor:
        targets, classes = self.problem.targets, self.problem.output_space.alphabet or 0
        marginal = np.stack([np.bincount(column, minlength=classes) for column in targets.T]) / len(targets)
        record: dict[str, object] = {
            "programs": len(self.found),
            "candidates": self.candidates,
            "contradictory": self.contradictory,
        }
        if not self.contradictory:
            record["stopped"] = FITTED if self.found else BUDGET
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
        invalid = np.zeros(len(votes))
        for program, bits in self.programs:
            weight = 2.0 ** (self.programs[0][1] - bits)
            values = evaluate(program, rows)
            valid = (values >= 0) & (values < classes)
            votes[np.flatnonzero(valid), values[valid]] += weight
            invalid += weight * ~valid
        if not self.programs:
            invalid += 1.0
        shares = votes.reshape(-1, outputs, classes) + invalid.reshape(-1, outputs, 1) * self.marginal
        return shares / shares.sum(-1, keepdims=True)


def _search_key(problem: Problem) -> bytes:
    """Key of the search: the Spaces and the first examples."""
    few = min(len(problem), SEARCH_EXAMPLES)
    first = (problem.inputs[:few].astype(np.int64), problem.targets[:few].astype(np.int64))
    return b"".join([repr((problem.input_space, problem.output_space)).encode(), *(part.tobytes() for part in first)])


def _search_rows(problem: Problem, encoding: str) -> tuple[EvaluationRows, np.ndarray]:
    """The rows of the search, and the targets (SEARCH_EXAMPLES,) of the first of them.

    For each input one output is used, sampled at random. The random numbers are the same for all problems.
    """
    rng = np.random.default_rng(0)
    space, outputs = problem.input_space, problem.output_space.size
    search_examples = np.arange(SEARCH_EXAMPLES) % min(len(problem), SEARCH_EXAMPLES)
    first = problem.inputs[search_examples].astype(np.int64)
    perturbed = first[np.arange(PERTURBED_INPUTS) % SEARCH_EXAMPLES]
    random_tokens = rng.integers(0, space.alphabet or 0, size=(2, *perturbed.shape))
    perturbed = np.where(rng.random(perturbed.shape) < 0.25, random_tokens[0], perturbed)  # noqa: PLR2004 -- a quarter
    tokens = _tokens(np.concatenate([first, perturbed, random_tokens[1]]), space, encoding)
    sampled_outputs = rng.integers(0, outputs, size=len(tokens))
    rows = EvaluationRows(tokens, sampled_outputs.astype(NUMBER), _alphabet(space, encoding))
    return rows, problem.targets[search_examples, sampled_outputs[:SEARCH_EXAMPLES]].astype(NUMBER)


def _rows(tokens: np.ndarray, outputs: int, alphabet: int) -> EvaluationRows:
    """One row per output of each example."""
    return EvaluationRows(
        np.repeat(tokens, outputs, axis=0), np.tile(np.arange(outputs, dtype=NUMBER), len(tokens)), alphabet
    )


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
