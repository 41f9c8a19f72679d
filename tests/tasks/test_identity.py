"""The identity tasks: what is frozen, what moves, and how much there is of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grue.tasks.identity import SHELLS, IdentityBits, IdentityReals, IdentityTokens


@pytest.mark.parametrize("frozen", [1, 2, 4])
def test_frozen_bits_are_0_in_distribution_and_1_out_of_it(frozen: int) -> None:
    task = IdentityBits(frozen=frozen)
    for split in task.splits:
        bits = task.sample(split.name, 100, np.random.default_rng(0)).inputs
        assert (bits[:, -frozen:] == (split.region == "odd")).all()
    assert task.split("odd").severity == frozen


@settings(max_examples=20, deadline=None)
@given(bits=st.integers(6, 30), frozen=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_moved_marks_the_frozen_bits_in_every_split(bits: int, frozen: int, seed: int) -> None:
    task = IdentityBits(bits, frozen)
    for region in ("id", "odd"):
        sampled = task.propose(region, 20, np.random.default_rng(seed))
        assert sampled.slices["moved"].sum(1).tolist() == [frozen] * 20
        assert (sampled.inputs[sampled.slices["moved"]] == (region == "odd")).all()


def test_free_bits_are_uniform() -> None:
    bits = IdentityBits().propose("id", 20_000, np.random.default_rng(0)).inputs
    assert bits[:, :-1].mean(0) == pytest.approx(0.5, abs=0.02)  # 5.6 standard deviations


def test_heuristic_is_right_in_training_and_wrong_on_every_odd_number() -> None:
    task = IdentityBits()
    rule = task.heuristics["copy-all-but-frozen"]
    known = task.sample("id", 100, np.random.default_rng(0))
    odd = task.sample("odd", 100, np.random.default_rng(0))
    assert (rule(known.inputs) == known.targets).all()
    assert ((rule(odd.inputs) != odd.targets) == odd.slices["moved"]).all()


def test_capacities_of_a_counted_region_add_up_to_the_region() -> None:
    task = IdentityBits(bits=10)
    assert task.capacity("train") + task.capacity("id") == 2**9
    assert task.capacity("odd") + task.capacity("exposed") == 2**9


@pytest.mark.parametrize("bits", [13, 15, 17])
def test_capacity_can_be_drawn(bits: int) -> None:
    task = IdentityBits(bits=bits)
    sampled = task.sample("id", task.capacity("id"), np.random.default_rng(0))
    assert len(np.unique(sampled.inputs, axis=0)) == task.capacity("id")


def test_capacity_of_a_large_region_is_a_tight_lower_bound() -> None:
    task = IdentityBits(bits=20)
    assert 0.98 * 0.75 * 2**19 < task.capacity("train") < 0.75 * 2**19


@pytest.mark.parametrize(("bits", "frozen"), [(4, 0), (4, 4), (80, 1)])
def test_impossible_bits_are_refused(bits: int, frozen: int) -> None:
    with pytest.raises(ValueError, match=f"bits={bits}"):
        IdentityBits(bits, frozen)


def test_bits_are_described_in_binary() -> None:
    assert IdentityBits(bits=4).describe(np.array([0, 1, 1, 0])) == "0110"


@settings(max_examples=20, deadline=None)
@given(
    positions=st.integers(2, 12),
    tokens=st.integers(2, 30),
    frozen=st.integers(1, 11),
    absent=st.integers(1, 29),
    seed=st.integers(0, 99),
)
def test_absent_tokens_stand_at_the_frozen_places_of_their_split_alone(
    positions: int, tokens: int, frozen: int, absent: int, seed: int
) -> None:
    assume(frozen < positions and absent < tokens)
    task = IdentityTokens(positions, tokens, frozen, absent)
    for region in ("id", "absent"):
        sampled = task.propose(region, 50, np.random.default_rng(seed))
        at_frozen = sampled.inputs[sampled.slices["moved"]]
        assert sampled.slices["moved"].sum(1).tolist() == [frozen] * 50
        assert ((at_frozen >= tokens - absent) == (region == "absent")).all()
        assert (sampled.targets == sampled.inputs).all()


def test_all_tokens_are_equally_frequent_where_they_may_stand() -> None:
    task = IdentityTokens()
    for region, last in (("id", [0, 1, 2, 3]), ("absent", [4, 5, 6, 7])):
        inputs = task.propose(region, 20_000, np.random.default_rng(0)).inputs
        shares = (inputs[..., None] == np.arange(8)).mean(0)
        assert shares[:-1] == pytest.approx(1 / 8, abs=0.02)
        assert shares[-1, last] == pytest.approx(1 / 4, abs=0.02)


def test_an_absent_token_is_known_at_every_other_place() -> None:
    train = IdentityTokens().sample("train", 500, np.random.default_rng(0)).inputs
    assert {*map(tuple, np.argwhere((train[..., None] == np.arange(8)).sum(0) == 0).tolist())} == {
        (11, token) for token in (4, 5, 6, 7)
    }


def test_heuristic_copies_known_tokens_at_frozen_places_and_answers_0_to_new_ones() -> None:
    rule = IdentityTokens(positions=4).heuristics["copy-all-but-frozen"]
    assert rule(np.array([[6, 2, 0, 3], [1, 7, 4, 6]])).tolist() == [[6, 2, 0, 3], [1, 7, 4, 0]]


def test_bits_are_tokens_of_an_alphabet_of_two() -> None:
    bits, tokens = IdentityBits(bits=10, frozen=2), IdentityTokens(positions=10, tokens=2, frozen=2, absent=1)
    for one, other in (("id", "id"), ("odd", "absent")):
        pairs = ((bits, one), (tokens, other))
        sampled = [task.propose(region, 50, np.random.default_rng(0)) for task, region in pairs]
        np.testing.assert_array_equal(sampled[0].inputs, sampled[1].inputs)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"frozen": 0}, "frozen=0 of positions=12"),
        ({"frozen": 12}, "frozen=12 of positions=12"),
        ({"absent": 0}, "absent=0 of tokens=8"),
        ({"absent": 8}, "absent=8 of tokens=8"),
        ({"tokens": 40}, "absent < tokens <= 36"),
        ({"positions": 21}, r"8\^21 examples; expected fewer than 2\^63"),
    ],
)
def test_impossible_tokens_are_refused(parameters: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IdentityTokens(**parameters)


@settings(max_examples=20, deadline=None)
@given(dims=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_every_coordinate_lies_in_its_shell(dims: int, seed: int) -> None:
    task = IdentityReals(dims)
    for split in task.splits:
        low, high = SHELLS[split.region]
        points = task.sample(split.name, 10, np.random.default_rng(seed)).inputs
        assert points.dtype == np.float64
        assert ((points >= low) & (points <= high)).all()


def test_severity_is_the_mean_distance_from_the_training_range() -> None:
    task = IdentityReals()
    for split in task.splits:
        points = task.propose(split.region, 5000, np.random.default_rng(0)).inputs
        distance = np.abs(points - points.clip(0, 1)).mean()
        assert split.shift is None or distance == pytest.approx(split.severity, abs=0.01)


def test_clamp_never_leaves_the_training_range() -> None:
    clamped = IdentityReals(dims=2).heuristics["clamp"](np.array([[-0.5, 0.5], [1.5, 1.0]]))
    assert clamped.tolist() == [[0.0, 0.5], [1.0, 1.0]]


def test_reals_without_a_coordinate_are_refused() -> None:
    with pytest.raises(ValueError, match="dims=0; expected at least 1"):
        IdentityReals(dims=0)
