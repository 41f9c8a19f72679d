"""The Boolean tasks: what their functions are, on which inputs they are taught, and what follows for the others."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grue.tasks.boolean import MIN_SHARE, MIN_SHARE_BY_WEIGHT, Boolean, BooleanWeight, TruthTable
from grue.tasks.boolean_functions import FUNCTIONS, bits_of, codes, points, truth_table
from grue.tasks.compositions import BITS, PARTS, Compositions
from grue.testing import tasks as laws

RULES = range(5)

each_function = pytest.mark.parametrize("function", FUNCTIONS)
each_balanced = pytest.mark.parametrize("function", BooleanWeight.classes())


def sampled(task: TruthTable | Compositions, seed: int = 0) -> TruthTable | Compositions:
    return task.with_sampled_rule(np.random.default_rng(seed))


def table(function: str, rule: int) -> list[int]:
    """The function's outputs, one after the other, of a class without rejection."""
    return FUNCTIONS[function](points(bits_of(function)), np.random.default_rng(rule)).tolist()


def test_points_are_numbers_in_binary_most_significant_bit_first() -> None:
    assert points(3)[6].tolist() == [1, 1, 0]
    assert codes(points(5)).tolist() == list(range(32))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_a_parity_is_the_parity_of_some_k_bits(k: int, rule: int) -> None:
    found = np.array(table(f"parity-{k}", rule))
    chosen = [places for places in combinations(range(10), k) if (points(10)[:, places].sum(1) % 2 == found).all()]
    assert len(chosen) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_dnf_is_an_or_of_terms_of_three_literals(rule: int) -> None:
    """Every input that it accepts lies in a cube of 7 free bits that it accepts, and five such cubes cover all."""
    found = np.array(table("dnf", rule), bool)
    cubes = []
    for places in combinations(range(10), 3):
        for signs in product((0, 1), repeat=3):
            cube = (points(10)[:, places] == signs).all(1)
            if found[cube].all():
                cubes.append(cube)
    assert np.array_equal(np.any(cubes, axis=0), found)
    assert any(np.array_equal(np.any(five, axis=0), found) for five in combinations(cubes, min(5, len(cubes))))


@pytest.mark.parametrize("rule", RULES[:2])
def test_a_multiplexer_copies_the_bit_that_is_pointed_to(rule: int) -> None:
    """With the address bits held, it is a single bit; each of the eight addresses has another one."""
    inputs, found = points(11), np.array(table("multiplexer", rule))
    fitting = []
    for address in combinations(range(11), 3):
        pointed = set()
        for held in product((0, 1), repeat=3):
            rows = (inputs[:, address] == held).all(1)
            pointed |= {place for place in range(11) if (inputs[rows, place] == found[rows]).all()}
        if pointed == set(range(11)) - set(address):
            fitting.append(address)
    assert len(fitting) == 1


def test_random_networks_give_simple_functions_and_coins_do_not() -> None:
    """Neighbouring inputs, one bit apart, have the same output: of a coin in half of the cases."""
    alike = {}
    for function in ("random-simple", "random"):
        outputs = np.array([truth_table(function, rule, MIN_SHARE) for rule in range(20)])
        flips = np.stack([outputs[:, np.arange(1024) ^ (1 << bit)] == outputs for bit in range(10)])
        alike[function] = flips.mean((0, 2))  # of each function
    assert alike["random"] == pytest.approx(0.5, abs=0.04)  # 5.7 standard deviations
    assert (alike["random-simple"] > 0.7).all()


def test_random_networks_are_constant_as_often_as_another_count_says() -> None:
    """On 7 bits each constant has the probability 0.1095 +- 0.0014: of 50,000 networks, sampled by other code."""
    rng, networks = np.random.default_rng(0), 3000
    shares = np.array([FUNCTIONS["random-simple"](points(7), rng).mean() for _ in range(networks)])
    for constant in (0, 1):
        assert (shares == constant).mean() == pytest.approx(0.1095, abs=0.023)  # 4 standard deviations


@each_function
def test_neither_output_is_rare(function: str) -> None:
    for rule in RULES:
        assert MIN_SHARE <= Boolean(function, rule).table().mean() <= 1 - MIN_SHARE


@each_balanced
def test_neither_output_is_rare_on_either_side(function: str) -> None:
    for rule in RULES:
        task = BooleanWeight(function, rule)
        for region in ("id", "heavy"):
            assert MIN_SHARE_BY_WEIGHT <= task.table()[task.region(region)].mean() <= 1 - MIN_SHARE_BY_WEIGHT


@pytest.mark.parametrize("task", [*map(Boolean, FUNCTIONS), *map(BooleanWeight, BooleanWeight.classes())], ids=repr)
def test_every_class_keeps_the_laws_that_depend_on_it(task: TruthTable) -> None:
    known = sampled(task)
    laws.check_parameters(known)
    for split in known.splits:
        laws.check_rule(known, split.name)
        laws.check_coverage(known, split.name)
        laws.check_heuristics(known, split.name)


def test_the_classes_that_are_left_out_hold_no_function_balanced_on_both_sides() -> None:
    left_out = FUNCTIONS.keys() - set(BooleanWeight.classes())
    assert left_out == {"parity-10", "multiplexer", "random"}
    for function in ("parity-10", "multiplexer"):  # all functions of a class are alike but for the order of the bits
        with pytest.raises(ValueError, match=f"{function}.* is balanced on both sides"):
            truth_table(function, 0, MIN_SHARE_BY_WEIGHT, by_weight=True)


def test_weight_decides_the_side() -> None:
    task = sampled(BooleanWeight())
    for split in task.splits:
        weight = task.sample(split.name, 100, np.random.default_rng(0)).inputs.sum(1)
        assert ((weight > 5) == (split.region == "heavy")).all()
    assert task.split("heavy").severity == pytest.approx(2.62, abs=0.01)  # 6.63 ones against 4.01


def test_capacities_add_up_to_all_inputs() -> None:
    assert [Boolean().capacity(split) for split in ("train", "id")] == [746, 278]
    weight = [BooleanWeight().capacity(split.name) for split in BooleanWeight().splits]
    assert (sum(weight[:2]), sum(weight[2:])) == (638, 386)
    parts = [Compositions().capacity(split.name) for split in Compositions().splits]
    assert (sum(parts[:2]), sum(parts[2:])) == (3072, 1024)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_seeds_draw_functions(seed: int) -> None:
    for task in (Boolean("dnf"), BooleanWeight("dnf"), Compositions()):
        one = sampled(task, seed)
        assert one == sampled(task, seed)
        assert one != sampled(task, seed + 1)
        assert sampled(one, seed + 1) == one, "a task that has a function keeps it"


@pytest.mark.parametrize("task", [Boolean(), BooleanWeight(), Compositions()], ids=lambda task: task.name)
def test_a_task_without_a_function_says_so(task: TruthTable | Compositions) -> None:
    with pytest.raises(ValueError, match=r"use task.with_sampled_rule\(rng\)"):
        task.sample("train", 1, np.random.default_rng(0))


def test_coins_are_not_ranked() -> None:
    assert [function for function in FUNCTIONS if not Boolean(function).truth.ranked] == ["random"]


def right(task: TruthTable | Compositions, split: str) -> dict[str, float]:
    """How often each heuristic is right on a split."""
    examples = task.sample(split, task.capacity(split), np.random.default_rng(0))
    return {name: (rule(examples.inputs) == examples.targets).mean() for name, rule in task.heuristics.items()}


def test_two_bits_are_all_of_a_parity_of_two_and_nothing_of_one_of_three() -> None:
    assert right(BooleanWeight("parity-2", 0), "heavy")["two-bits"] == 1
    assert right(Boolean("parity-3", 0), "id") == pytest.approx(dict.fromkeys(Boolean().heuristics, 0.5), abs=0.12)


def test_rules_that_see_more_are_right_more_often_where_they_were_chosen() -> None:
    for rule in RULES:
        task = Boolean("dnf", rule)
        inputs, targets = points(10), Boolean("dnf", rule).table()[:, None]
        found = {name: (answer(inputs) == targets).mean() for name, answer in task.heuristics.items()}
        assert max(targets.mean(), 1 - targets.mean()) <= found["one-bit"] <= found["two-bits"] < 1


@pytest.mark.parametrize("partners", [2, 3])
def test_the_parts_of_an_unseen_pairing_have_all_met_others(partners: int) -> None:
    task = sampled(Compositions(partners))
    pairings = {}
    for split in ("train", "unseen", "exposed"):
        inputs = task.sample(split, 400, np.random.default_rng(0)).inputs
        pairings[split] = set(zip(codes(inputs[:, :2]).tolist(), codes(inputs[:, 6:8]).tolist(), strict=True))
    assert pairings["unseen"] == pairings["exposed"]
    assert pairings["unseen"].isdisjoint(pairings["train"])
    assert pairings["unseen"] | pairings["train"] == set(product(range(PARTS), repeat=2))
    for side in (0, 1):
        met = [pairing[side] for pairing in pairings["train"]]
        assert [met.count(part) for part in range(PARTS)] == [partners] * PARTS


def rank(rows: np.ndarray) -> int:
    """Of a 0/1 matrix over the field of two elements."""
    rows, found = rows.copy(), 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[found:, column]) + found
        if len(pivots):
            rows[[found, pivots[0]]] = rows[[pivots[0], found]]
            others = np.flatnonzero(rows[:, column])
            rows[others[others != found]] ^= rows[found]
            found += 1
    return found


@pytest.mark.parametrize("partners", [2, 3])
def test_training_determines_every_unseen_answer(partners: int) -> None:
    """The unknowns are what each half gives, 2 x 64 bits, whatever a part is; an input is an equation between two."""
    task = sampled(Compositions(partners))
    equations = {}
    for split in ("train", "unseen"):
        inputs = task.sample(split, min(1000, task.capacity(split)), np.random.default_rng(0)).inputs
        known = np.zeros((len(inputs), 2 * 2 ** (BITS // 2)), bool)
        known[np.arange(len(inputs)), codes(inputs[:, : BITS // 2])] = True
        known[np.arange(len(inputs)), 64 + codes(inputs[:, BITS // 2 :])] = True
        equations[split] = known
    assert rank(np.concatenate(list(equations.values()))) == rank(equations["train"]) == 127


def test_a_composition_worked_by_hand() -> None:
    """Left parts read the bits 0, 1, 2, 3; right parts 3, 2, 1, 0, negated."""
    task = Compositions(wiring=(0, 2, 4, 6, 7, 5, 3, 1))
    example = np.array([[0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0]])  # left part 1 of 1010: 0; right part 3 of 0110: not 0
    assert task.solve(example).tolist() == [[1]]
    assert task.describe(example[0]) == "1 of 1010, 3 of 0110"
    assert {name: int(rule(example)[0, 0]) for name, rule in task.heuristics.items()} == {
        "left-part": 0,
        "right-part": 1,
        "known-pairing": 1,
    }


def test_who_knows_only_pairings_is_right_in_training_and_at_chance_on_unseen_ones() -> None:
    task = sampled(Compositions())
    assert right(task, "id")["known-pairing"] == 1
    assert right(task, "unseen") == pytest.approx(dict.fromkeys(task.heuristics, 0.5), abs=0.1)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Boolean("parity-4"), "function='parity-4'; expected one of parity-2"),
        (lambda: BooleanWeight("multiplexer"), "function='multiplexer'; expected one of"),
        (lambda: Boolean(rule=-2), "rule=-2"),
        (lambda: Compositions(partners=1), r"partners=1; expected 2\.\.3"),
        (lambda: Compositions(partners=4), "partners=4"),
        (lambda: Compositions(wiring=(0, 2, 4)), "wiring="),
        (lambda: Compositions(wiring=(0, 1, 2, 3, 4, 5, 6, 7)), "wiring=.*each of the bits"),
    ],
)
def test_what_cannot_be_is_refused(made: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made()  # pyright: ignore[reportCallIssue]
