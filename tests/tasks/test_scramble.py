"""Scrambled arithmetic: the posterior against a count by hand, the pools, the ordered control."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grue.learners.encodings import encode
from grue.tasks.base import Examples
from grue.tasks.scramble import Scramble, ScrambleBag, ScrambleOrdered

Pair = tuple[int, int]


def count_by_hand(limit: int) -> dict[Pair, Counter[int]]:
    """Hidden numbers beside each visible pair, one equation after the other: another way than the task's."""
    seen: dict[Pair, Counter[int]] = defaultdict(Counter)
    for a, b in product(range(-limit, limit + 1), repeat=2):
        for shown, hidden in (((a, b), a + b), ((a, a + b), b), ((b, a + b), a)):
            seen[min(shown), max(shown)][hidden] += 1
    return seen


def bag(task: Scramble, x: int, y: int) -> np.ndarray:
    """The bag {x, _, y, +, =}, (1, 5)."""
    plus = 4 * task.limit + 1
    return np.array([[x + 2 * task.limit, plus + 2, y + 2 * task.limit, plus, plus + 1]])


def answers(task: ScrambleBag, x: int, y: int) -> dict[int, float]:
    """Every possible hidden number beside {x, y}, with its posterior."""
    chances = task.posterior(bag(task, x, y))[0, 0]
    return {int(place) - 2 * task.limit: float(chances[place]) for place in np.flatnonzero(chances)}


def pairs_of(task: Scramble, examples: Examples) -> set[Pair]:
    """The visible pairs that occur."""
    return {(x, y) for x, y in task.canonical(examples.inputs).tolist()}


def test_76_and_12_and_minus_12_are_equally_likely() -> None:
    assert answers(ScrambleBag(limit=50), 32, 44) == pytest.approx({76: 1 / 3, 12: 1 / 3, -12: 1 / 3})


def test_out_of_reach_answers_are_impossible() -> None:
    assert answers(ScrambleBag(limit=20), 15, -18) == {-3: 1.0}


def test_equal_numbers_and_zeros_are_counted_not_assumed() -> None:
    task = ScrambleBag(limit=20)
    assert answers(task, 5, 5) == pytest.approx({10: 1 / 3, 0: 2 / 3})  # 0 may be either term
    assert answers(task, 0, 5) == pytest.approx({5: 2 / 3, -5: 1 / 3})


@pytest.mark.parametrize("limit", [4, 7, 20])
def test_posterior_is_the_frequency_in_the_generator(limit: int) -> None:
    task = ScrambleBag(limit)
    for (x, y), hidden in count_by_hand(limit).items():
        total = hidden.total()
        assert answers(task, x, y) == pytest.approx({number: times / total for number, times in hidden.items()})


@settings(max_examples=50, deadline=None)
@given(x=st.integers(-50, 50), y=st.integers(-50, 50))
def test_posterior_is_uniform_over_three_where_the_range_does_not_bind(x: int, y: int) -> None:
    assume(x != y and x * y != 0)
    assert answers(ScrambleBag(limit=100), x, y) == pytest.approx({x + y: 1 / 3, x - y: 1 / 3, y - x: 1 / 3})


@settings(max_examples=50, deadline=None)
@given(order=st.permutations(range(5)), x=st.integers(-20, 20), y=st.integers(-20, 20))
def test_posterior_and_problem_do_not_depend_on_the_order(order: list[int], x: int, y: int) -> None:
    task = ScrambleBag()
    inputs = bag(task, x, y)
    assert np.array_equal(task.posterior(inputs[:, order]), task.posterior(inputs))
    assert task.canonical(inputs[:, order]).tolist() == [sorted([x, y])]


def count_flat_by_hand(limit: int) -> dict[Pair, Counter[int]]:
    """The same with a and b from a much wider range, of the pairs within the limit."""
    wide = count_by_hand(5 * limit)
    return {pair: hidden for pair, hidden in wide.items() if max(map(abs, pair)) <= limit}


@pytest.mark.parametrize("limit", [4, 7])
def test_flat_posterior_is_the_frequency_for_terms_of_a_much_wider_range(limit: int) -> None:
    task = ScrambleBag(limit, "flat")
    expected = count_flat_by_hand(limit)
    assert len(expected) == (2 * limit + 1) * (limit + 1)
    for (x, y), hidden in expected.items():
        total = hidden.total()
        assert answers(task, x, y) == pytest.approx({number: times / total for number, times in hidden.items()})


@settings(max_examples=50, deadline=None)
@given(x=st.integers(-20, 20), y=st.integers(-20, 20))
def test_flat_posterior_is_uniform_over_three_for_all_different_numbers_that_are_not_0(x: int, y: int) -> None:
    assume(x != y and x * y != 0)
    assert answers(ScrambleBag(20, "flat"), x, y) == pytest.approx({x + y: 1 / 3, x - y: 1 / 3, y - x: 1 / 3})


@pytest.mark.parametrize(("limit", "pairs"), [(20, [388, 263, 53, 42]), (50, [2344, 1529, 283, 293])])
def test_flat_pools_hold_these_numbers_of_pairs(limit: int, pairs: list[int]) -> None:
    """The figures of docs/tasks/scramble.md."""
    task = ScrambleBag(limit, "flat")
    sampled = {split.name: task.sample(split.name, 50_000, np.random.default_rng(0)) for split in task.splits}
    assert [len(pairs_of(task, sampled[name])) for name in ("train", "id", "far", "exposed")] == pairs
    for examples in sampled.values():
        x, y = task.canonical(examples.inputs).T
        assert (examples.slices["answers"][(x != y) & (x * y != 0)] == 3).all()
    assert (task.heuristics["three-ways"](sampled["far"].inputs) == sampled["far"].posterior).mean() > 0.99


def test_flat_bags_beyond_the_limit_are_refused() -> None:
    task = ScrambleBag(20, "flat")
    with pytest.raises(ValueError, match=r"results from no equation with visible numbers in -20\.\.20"):
        task.posterior(bag(task, 21, 3))
    with pytest.raises(ValueError, match="prior='open'; expected one of bounded, flat"):
        ScrambleBag(prior="open")


@pytest.mark.parametrize("encoding", ["onehot", "value", "counts"])
@pytest.mark.parametrize("prior", ["bounded", "flat"])
def test_every_encoding_shows_which_numbers_are_visible(encoding: str, prior: str) -> None:
    """One-hot and value show five positions, counts none; different pairs of numbers differ in all of them."""
    task = ScrambleBag(20, prior)
    inputs = np.concatenate([bag(task, x, y) for x in range(-5, 6) for y in range(x, 6)])
    encoded = encode(inputs, task.inputs, encoding).reshape(len(inputs), -1)
    assert len(np.unique(encoded, axis=0)) == len(inputs)


def test_impossible_bags_are_refused() -> None:
    task = ScrambleBag()
    with pytest.raises(ValueError, match=r"\{35, _, -35, \+, =\} results from no equation"):
        task.posterior(bag(task, 35, -35))
    with pytest.raises(ValueError, match="expected two numbers, a plus, an equals sign and a blank"):
        task.posterior(np.zeros((1, 5), np.int64))


def test_published_counts_of_bags() -> None:
    """761, 350, 86 % and 11 %: pairs counted once each, far if min > A/2, support taken over train and ID together."""
    seen = count_by_hand(20)
    far = {pair for pair in seen if min(map(abs, pair)) > 10}
    near = seen.keys() - far
    tokens = {number for pair in near for number in pair}
    hidden = {number for pair in near for number in seen[pair]}
    tested = [pair for pair in far if tokens.issuperset(pair) and hidden.issuperset(seen[pair])]
    ways = Counter(len(seen[pair]) for pair in tested)
    assert (len(near), len(tested)) == (761, 350)
    assert ways[1] / 350 == pytest.approx(0.86, abs=0.005)
    assert ways[3] / 350 == pytest.approx(0.11, abs=0.005)


def test_pools_are_those_pairs_whose_support_the_train_pool_covers() -> None:
    """The same, with the support of the real train pool: 752 of the 761, 317 of the 350."""
    task = ScrambleBag()
    seen = count_by_hand(20)
    sampled = {name: pairs_of(task, task.sample(name, 30_000, np.random.default_rng(0))) for name in ("train", "id")}
    far = {name: pairs_of(task, task.sample(name, 10_000, np.random.default_rng(0))) for name in ("far", "exposed")}
    tokens = {number for pair in sampled["train"] for number in pair}
    hidden = {number for pair in sampled["train"] for number in seen[pair]}
    supported = {pair for pair in seen if tokens.issuperset(pair) and hidden.issuperset(seen[pair])}
    assert sampled["train"] | sampled["id"] == {pair for pair in supported if min(map(abs, pair)) <= 10}
    assert far["far"] | far["exposed"] == {pair for pair in supported if min(map(abs, pair)) > 10}
    assert [len(sampled["train"]), len(sampled["id"]), len(far["far"]), len(far["exposed"])] == [450, 302, 160, 157]


def test_both_variants_train_on_the_same_pairs_and_are_tested_far_on_the_same() -> None:
    one, other = ScrambleBag(), ScrambleOrdered()
    for split, n in (("train", 30_000), ("far", 20_000)):
        sampled = one.sample(split, n, np.random.default_rng(0)), other.sample(split, n, np.random.default_rng(1))
        assert pairs_of(one, sampled[0]) == pairs_of(other, sampled[1])


def test_answers_group_counts_the_possible_answers() -> None:
    examples = ScrambleBag().sample("id", 500, np.random.default_rng(0))
    assert examples.posterior is not None
    assert (examples.slices["answers"] == (examples.posterior > 0).sum((1, 2))).all()
    assert set(examples.slices["answers"].tolist()) == {1, 2, 3}


def test_three_ways_is_right_exactly_where_several_answers_are_possible() -> None:
    """Two answers are x + x and x - x, and x - x is two ways in one; else the range leaves three or one."""
    task = ScrambleBag()
    examples = task.sample("far", 1000, np.random.default_rng(0))
    assert examples.posterior is not None
    error = np.abs(task.heuristics["three-ways"](examples.inputs) - examples.posterior).max((1, 2))
    assert np.array_equal(error < 1e-9, examples.slices["answers"] > 1)


def test_heuristics_of_the_bag_answer_inside_the_range() -> None:
    task = ScrambleBag(limit=20)
    inputs = np.concatenate([bag(task, 40, 20), bag(task, -3, 12), bag(task, 12, -3)])
    assert (task.heuristics["always-sum"](inputs) - 40).ravel().tolist() == [40, 9, 9]
    assert (task.heuristics["larger-minus-smaller"](inputs) - 40).ravel().tolist() == [20, 15, 15]


@pytest.mark.parametrize("seed", [0, 1])
def test_ordered_solves_what_it_shows(seed: int) -> None:
    """Read the words and do the arithmetic: no token of the task is used."""
    task = ScrambleOrdered()
    for split in task.splits:
        examples = task.sample(split.name, 100, np.random.default_rng(seed))
        for inputs, target in zip(examples.inputs, examples.targets, strict=True):
            left, right = task.describe(inputs).replace("_", task.describe_target(target)).split("=")
            assert sum(map(int, left.split("+"))) == sum(map(int, right.split("+")))
            assert ("+" in right) == (split.name == "order")


def test_whole_equation_has_never_been_seen() -> None:
    task = ScrambleOrdered()
    trained = pairs_of(task, task.sample("train", 30_000, np.random.default_rng(0)))
    examples = task.sample("unseen-equation", 1000, np.random.default_rng(0))
    for (x, y), hidden in zip(task.canonical(examples.inputs).tolist(), examples.targets[:, 0] - 40, strict=True):
        for one, other in ((x, y), (x, int(hidden)), (y, int(hidden))):
            assert (min(one, other), max(one, other)) not in trained


def test_ordered_training_says_a_plus_b_and_hides_each_number_as_often() -> None:
    task = ScrambleOrdered()
    examples = task.sample("train", 6000, np.random.default_rng(0))
    assert (examples.inputs[:, [1, 3]] == [81, 82]).all()
    blank = np.array([0, 2, 4])[np.searchsorted(["a", "b", "c"], examples.slices["hidden"])]
    assert (examples.inputs[np.arange(6000), blank] == 83).all()
    share = Counter(examples.slices["hidden"].tolist())
    assert all(0.3 < share[number] / 6000 < 0.4 for number in "abc")


def test_fixed_positions_fails_only_where_the_order_moves() -> None:
    task = ScrambleOrdered()
    rule = task.heuristics["fixed-positions"]
    for split in task.splits:
        examples = task.sample(split.name, 300, np.random.default_rng(0))
        right = (rule(examples.inputs) == examples.targets).mean()
        assert right < 0.1 if split.name == "order" else right == 1


def test_ordered_refuses_what_is_no_equation() -> None:
    task = ScrambleOrdered()
    with pytest.raises(ValueError, match=r"'5 _ 3 [+] =' is neither of the form 'a [+] b = c' nor 'c = a [+] b'"):
        task.solve(bag(task, 5, 3))


def test_examples_in_words() -> None:
    assert ScrambleBag().describe(bag(ScrambleBag(), 7, -12)[0]) == "{7, _, -12, +, =}"
    assert ScrambleOrdered().describe(np.array([47, 81, 83, 82, 52])) == "7 + _ = 12"
    assert ScrambleOrdered().describe_target(np.array([45])) == "5"


@pytest.mark.parametrize("limit", [3, 201])
def test_limits_without_pools_or_with_huge_tables_are_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit={limit}; expected 4..200"):
        ScrambleBag(limit)


@pytest.mark.parametrize("limit", range(4, 13))
def test_every_split_of_every_limit_holds_problems(limit: int) -> None:
    for task in (ScrambleBag(limit), ScrambleOrdered(limit)):
        for split in task.splits:
            assert len(task.sample(split.name, 10, np.random.default_rng(0))) == 10
