"""Program induction: the programs that the search finds, the record of a fit, and the semantics of the language."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from grue.learners.base import Predictor, Problem, Spec
from grue.learners.enumeration import enumerate_programs
from grue.learners.language import (
    LANGUAGE_VERSION,
    NUMBER,
    UNBOUNDED,
    EvaluationRows,
    Program,
    describe,
    evaluate,
    gamma_bits,
)
from grue.learners.program import ProgramLearner
from grue.tasks.identity import IdentityBits
from grue.tasks.spaces import Space

LEARNER = ProgramLearner(max_candidates=300_000)


def problem_of(inputs: np.ndarray, targets: np.ndarray, alphabet: int, classes: int) -> Problem:
    input_space, output_space = Space(inputs.shape[1:], alphabet, "sequence"), Space(targets.shape[1:], classes)
    return Problem(inputs, targets, input_space, output_space, seed=0)


def learn(inputs: np.ndarray, targets: np.ndarray, alphabet: int, classes: int, n: int) -> tuple[Predictor, float]:
    """Train on the first n; the share of the others that is predicted exactly right."""
    predictor = LEARNER.fit(problem_of(inputs[:n], targets[:n], alphabet, classes))
    right = (predictor.predict(inputs[n:]).argmax(-1) == targets[n:]).all(1)
    return predictor, float(right.mean())


def bits(n: int, places: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (n, places))


def test_identity_is_one_symbol_and_survives_a_bit_that_training_never_set() -> None:
    task = IdentityBits()
    train, odd = (task.sample(split, 16, np.random.default_rng(0)) for split in ("train", "odd"))
    predictor = ProgramLearner().fit(Problem(train.inputs, train.targets, task.inputs, task.outputs, seed=0))
    assert predictor.record["shortest"] == "copy"
    assert (predictor.predict(odd.inputs).argmax(-1) == odd.targets).all()


def test_a_shift_is_one_symbol() -> None:
    inputs = bits(64, 12)
    predictor, score = learn(inputs, np.roll(inputs, -3, axis=1), 2, 2, 16)
    assert (predictor.record["shortest"], score) == ("shift 3", 1.0)


@pytest.mark.parametrize(
    ("places", "shortest"),
    [
        ([6], "read 6"),
        ([3, 6], "xor(read 3, read 6)"),
        ([3, 6, 8], "xor(read 3, xor(read 6, read 8))"),
        (list(range(10)), "fold(0, xor(state, token))"),
    ],
)
def test_parity_is_found_bit_by_bit_or_by_a_fold(places: list[int], shortest: str) -> None:
    inputs = bits(300, 10)
    predictor, score = learn(inputs, inputs[:, places].sum(1, keepdims=True) % 2, 2, 2, 100)
    assert (predictor.record["shortest"], score) == (shortest, 1.0)


def test_majority_is_a_count_by_a_fold_and_a_comparison() -> None:
    inputs = bits(300, 9)
    predictor, score = learn(inputs, (inputs.sum(1, keepdims=True) > 4).astype(int), 2, 2, 100)
    assert predictor.record["shortest"] == "less(constant 4, fold(0, add(state, token)))"
    assert score == 1.0


def test_addition_modulo_the_alphabet() -> None:
    inputs = np.random.default_rng(0).integers(0, 7, (300, 5))
    predictor, score = learn(inputs, (inputs[:, [1]] + inputs[:, [3]]) % 7, 7, 7, 32)
    assert (predictor.record["shortest"], score) == ("add modulo 7(read 1, read 3)", 1.0)


def test_one_step_of_a_chain_is_a_look_up_at_a_computed_place() -> None:
    rng = np.random.default_rng(0)
    pointers = rng.integers(0, 8, (300, 8))
    predictor, score = learn(pointers, pointers[np.arange(300), pointers[:, 0]][:, None], 8, 8, 32)
    assert (predictor.record["shortest"], score) == ("at(read 0)", 1.0)

    names, values = np.argsort(rng.random((300, 4))), rng.integers(4, 8, (300, 4))
    asked = rng.integers(0, 4, 300)
    told = np.stack([names, values], axis=2).reshape(300, 8)  # name, value, name, value, ..., and the name asked for
    inputs = np.concatenate([told, names[np.arange(300), asked][:, None]], axis=1)
    predictor, score = learn(inputs, values[np.arange(300), asked][:, None], 8, 8, 64)
    assert "find(read 8)" in predictor.record["shortest"]
    assert score == 1.0


def test_a_search_without_a_fit_is_recorded_and_the_marginal_predicted() -> None:
    inputs = np.unique(bits(200, 10), axis=0)
    coins = problem_of(inputs, np.random.default_rng(1).integers(0, 2, (len(inputs), 1)), 2, 2)
    predictor = replace(LEARNER, max_candidates=5000).fit(coins)
    assert predictor.record["programs"] == 0
    assert predictor.record["stopped"] == "budget"
    assert np.allclose(predictor.predict(inputs)[:, 0, 1], coins.targets.mean())


def test_targets_that_contradict_each_other_end_the_search_before_it_begins() -> None:
    twice = problem_of(np.zeros((2, 4), int), np.array([[0], [1]]), 2, 2)
    predictor = LEARNER.fit(twice)
    assert predictor.record["contradictory"]
    assert predictor.record.get("stopped") != "budget"
    assert predictor.predict(np.zeros((1, 4), int)).tolist() == [[[0.5, 0.5]]]


def test_programs_that_fit_are_weighted_by_two_to_the_minus_their_length() -> None:
    predictor = ProgramLearner(max_candidates=10_000, extra_bits=3).fit(problem_of(bits(1, 5), bits(1, 5)[:, :1], 2, 2))
    lengths = [length for _, length in predictor.programs]  # pyright: ignore[reportAttributeAccessIssue]
    assert lengths == sorted(lengths)
    assert lengths[-1] <= lengths[0] + 3
    test = bits(8, 5)
    rows = EvaluationRows(test.astype(NUMBER), np.zeros(8, NUMBER), 2)
    votes = np.zeros((8, 2))
    for program, length in predictor.programs:  # pyright: ignore[reportAttributeAccessIssue]
        votes[np.arange(8), evaluate(program, rows)] += 2.0**-length
    assert np.allclose(predictor.predict(test)[:, 0], votes / votes.sum(1, keepdims=True))


def test_one_search_for_all_sizes_gives_the_results_of_separate_searches() -> None:
    inputs = bits(200, 10)
    targets = inputs[:, :2].sum(1, keepdims=True) % 2
    problems = [problem_of(inputs[:n], targets[:n], 2, 2) for n in (4, 16, 50, 200)]
    together = LEARNER.fit_many(problems)
    for problem, predictor in zip(problems, together, strict=True):
        alone = LEARNER.fit(problem)
        assert alone.record == predictor.record
        assert np.array_equal(alone.predict(inputs), predictor.predict(inputs))


def test_an_exposed_example_at_the_end_decides_between_rules_that_fit_the_rest() -> None:
    """The last bit is 0 in training: only the exposed examples can show that it matters."""
    inputs = np.unique(bits(100, 6), axis=0)
    targets = (inputs[:, [2]] + inputs[:, [5]]) % 2
    known = inputs[:, 5] == 0
    few = np.concatenate([np.flatnonzero(known), np.flatnonzero(~known)[:4]])
    before = LEARNER.fit(problem_of(inputs[known], targets[known], 2, 2))
    after = LEARNER.fit(problem_of(inputs[few], targets[few], 2, 2))
    assert before.record["shortest"] == "read 2"
    assert after.record["shortest"] == "xor(read 2, read 5)"


def test_real_numbers_are_refused() -> None:
    bit, real = Space((3,), 2), Space((3,), None)
    assert LEARNER.accepts(Spec(real, bit)) == "programs are made of symbols; the inputs are real numbers"
    assert LEARNER.accepts(Spec(bit, real)) == "programs are made of symbols; the targets are real numbers"


@pytest.mark.parametrize(
    ("program", "values", "words"),
    [
        (("at", ("constant", 7)), [4, 0], "at(constant 7)"),  # around the end: place 1
        (("find", ("constant", 4)), [1, 3], "find(constant 4)"),  # absent: the number of places
        (("add", 3, ("read", 0), ("read", 1)), [0, 0], "add modulo 3(read 0, read 1)"),
        (("add", UNBOUNDED, ("read", 0), ("output",)), [2, 4], "add(read 0, output)"),
        (("fold", 0, ("add", UNBOUNDED, ("state",), ("token",))), [7, 4], "fold(0, add(state, token))"),
        (("shift", 1), [4, 1], "shift 1"),
        (("not", ("equal", ("copy",), ("constant", 2))), [0, 1], "not(equal(copy, constant 2))"),
    ],
)
def test_what_programs_mean(program: Program, values: list[int], words: str) -> None:
    rows = EvaluationRows(np.array([[2, 4, 1], [3, 0, 1]], NUMBER), np.array([0, 1], NUMBER), 5)
    assert evaluate(program, rows).tolist() == values
    assert describe(program) == words


def test_no_function_comes_twice_and_lengths_never_fall() -> None:
    rng = np.random.default_rng(0)
    rows = EvaluationRows(rng.integers(0, 3, (60, 4)).astype(NUMBER), rng.integers(0, 2, 60).astype(NUMBER), 3)
    seen: set[bytes] = set()
    last = 0
    for block in enumerate_programs(rows, 2, 3, 20_000):
        assert block.bits >= last
        last = block.bits
        for index in range(0, len(block.values), 50):
            assert np.array_equal(evaluate(block.program(index), rows), block.values[index])
        found = {function.tobytes() for function in block.values}
        assert len(found) == len(block.values)
        assert not found & seen
        seen |= found


def test_elias_gamma_makes_small_numbers_short() -> None:
    assert [gamma_bits(number) for number in (0, 1, 2, 3, 6, 7)] == [1, 3, 3, 5, 5, 7]


LANGUAGE = {1: "15af81b4284443ec"}
"""Version of the language -> digest of the first programs, their lengths and their values."""


def test_the_language_is_frozen() -> None:
    """Another digest is another language: raise LANGUAGE_VERSION and ProgramLearner.version."""
    rows = EvaluationRows(
        np.random.default_rng(0).integers(0, 3, (40, 5)).astype(NUMBER), (np.arange(40) % 5).astype(NUMBER), 3
    )
    state = blake2b(digest_size=8)
    for block in enumerate_programs(rows, outputs=5, classes=3, max_candidates=20_000):
        for index, values in enumerate(block.values):
            state.update(f"{describe(block.program(index))} {block.bits}".encode() + values.tobytes())
    assert state.hexdigest() == LANGUAGE[LANGUAGE_VERSION]
