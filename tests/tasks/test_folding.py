"""Folding: the pools and what moves between them, the presentation, the rungs from guess to rule."""

from __future__ import annotations

import numpy as np
import pytest

from grue.tasks.base import Examples
from grue.tasks.folding import Folding
from grue.testing.tasks import check_presentation

TASK = Folding()
NOT_RICH = ("train", "id", "length-13", "length-14", "exposed")


def whole(split: str, task: Folding = TASK) -> Examples:
    """Every chain of a split."""
    return task.sample(split, task.capacity(split), np.random.default_rng(0))


def slots(text: str, task: Folding = TASK) -> np.ndarray:
    """One chain as an input, (1, slots)."""
    return np.array([["_HP".index(letter) for letter in text.ljust(task.positions, "_")]])


def test_worked_example() -> None:
    assert TASK.solve(slots("HPPHPPH")).tolist() == [[2]]
    assert TASK.solve(slots("___HPPHPPH")).tolist() == [[2]]
    assert TASK.describe(slots("__HPPH")[0]).splitlines()[0] == "__HPPH________"
    assert TASK.describe_target(np.array([2])) == "2 contacts"


def test_published_energies() -> None:
    """The lowest energy of 4 to 10 residues, asked of the task."""
    for n, lowest in zip(range(4, 11), (1, 1, 2, 2, 3, 4, 4), strict=True):
        assert TASK.solve(slots("H" * n)).item() == lowest


def test_neither_position_nor_direction_makes_another_problem() -> None:
    inputs = TASK.sample("train", 300, np.random.default_rng(0)).inputs
    back = inputs[:, ::-1]
    moved = np.stack([np.roll(row, -int((row != 0).argmax())) for row in back])
    for again in (back, moved):
        check_presentation(TASK, inputs, again)
        assert np.array_equal(TASK.solve(again), TASK.solve(inputs))
        for rule in TASK.heuristics.values():
            assert np.array_equal(rule(again), rule(inputs))


def test_every_short_chain_is_in_one_pool() -> None:
    """Sequences up to reversal: (2^n + 2^(n // 2 + n % 2)) / 2 of n residues; only unseen energies are left out."""
    total = sum((2**n + 2 ** ((n + 1) // 2)) // 2 for n in (10, 11, 12))
    short = sum(TASK.capacity(split) for split in ("train", "id", "rich"))
    assert (total, short) == (3664, 3632)
    assert [TASK.capacity(split.name) for split in TASK.splits] == [2147, 726, 2937, 3105, 759, 3036]


def test_what_moves_is_what_the_split_says() -> None:
    for split in TASK.splits:
        examples = whole(split.name)
        residues = (examples.inputs > 0).sum(1)
        share = (examples.inputs == 1).sum(1) / residues
        lengths = {"length-13": {13}, "length-14": {14}, "exposed": {14}}.get(split.name, {10, 11, 12})
        assert set(residues.tolist()) == lengths
        assert np.array_equal(examples.slices["length"], residues)
        assert (share > 0.6).all() if split.name == "rich" else (share <= 0.6).all()


def test_no_test_asks_for_an_energy_that_training_does_not_show() -> None:
    trained = set(whole("train").targets.ravel().tolist())
    assert trained == set(range(6))
    for split in TASK.splits:
        assert set(whole(split.name).targets.ravel().tolist()) <= trained


def test_a_sample_is_uniform_over_chains_and_positions() -> None:
    """Short chains are no rarer at the end of a large sample than at its beginning."""
    lengths = whole("train").slices["length"]
    early, late = lengths[:1000].mean(), lengths[-1000:].mean()
    assert abs(early - late) < 0.1
    inputs = whole("length-13").inputs
    assert 0.45 < (inputs[:, 0] == 0).mean() < 0.55


@pytest.mark.parametrize("split", NOT_RICH)
def test_heuristics_are_bounds(split: str) -> None:
    examples = whole(split)
    answers = {name: rule(examples.inputs) for name, rule in TASK.heuristics.items()}
    assert (answers["parity-bound"] >= examples.targets).all()
    assert (answers["four-corners"] <= answers["six-corners"]).all()
    assert (answers["six-corners"] <= examples.targets).all()


def test_heuristics_climb_from_guess_to_rule() -> None:
    examples = whole("id")
    right = {name: (rule(examples.inputs) == examples.targets).mean() for name, rule in TASK.heuristics.items()}
    mode = np.bincount(examples.targets[:, 0]).max() / len(examples)
    assert mode < right["half-the-h"] < right["parity-bound"] < right["four-corners"] < right["six-corners"] < 1


def test_what_is_no_chain_is_refused() -> None:
    for text in ("", "H", "HPPH_HP", "H_____________"):
        with pytest.raises(ValueError, match=f"{text.ljust(14, '_')} is not one contiguous chain"):
            TASK.solve(slots(text))


@pytest.mark.parametrize(("positions", "min_length"), [(14, 5), (14, 13), (17, 10), (7, 6)])
def test_lengths_without_pools_are_refused(positions: int, min_length: int) -> None:
    with pytest.raises(ValueError, match="expected 6 <= min_length <= positions - 2 <= 14"):
        Folding(positions=positions, min_length=min_length)


@pytest.mark.parametrize("positions", range(8, 14))
def test_every_split_of_every_length_holds_problems(positions: int) -> None:
    for min_length in range(6, positions - 1):
        task = Folding(positions=positions, min_length=min_length)
        for split in task.splits:
            assert task.capacity(split.name) > 0, (task, split.name)
