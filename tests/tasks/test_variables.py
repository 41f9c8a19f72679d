"""variables: the answers by a reader of its own, what is balanced, what is held out, what the heuristics score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grue.tasks.base import Examples
from grue.tasks.variables import LETTERS, Variables, VariablesPlus
from grue.testing.tasks import check_presentation

TASK, PLUS = Variables(), VariablesPlus()
BOTH = pytest.mark.parametrize("task", [TASK, PLUS], ids=lambda task: task.name)
SPLITS = [split.name for split in TASK.splits]
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def values_of(program: str) -> tuple[dict[str, int], dict[str, int]]:
    """Value and links of every variable of a program in words, found by carrying out what can be carried out."""
    waiting = [line.split("=") for line in program.split("; ") if "=" in line]
    values: dict[str, int] = {}
    links: dict[str, int] = {}
    while waiting:
        for name, right in [line for line in waiting if line[1].isdigit() or line[1][0] in values]:
            source, _, more = right.partition("+")
            values[name] = int(source) if source.isdigit() else (values[source] + int(more or 0)) % TASK.values
            links[name] = 0 if source.isdigit() else links[source] + 1
            waiting.remove([name, right])
    return values, links


def ends(program: str) -> list[str]:
    """The variables that no other one was given: one a chain."""
    lines = [line.split("=") for line in program.split("; ") if "=" in line]
    used = {right[0] for _, right in lines}
    return [name for name, _ in lines if name not in used]


def score(task: Variables, heuristic: str, examples: Examples) -> float:
    return float((task.heuristics[heuristic](examples.inputs) == examples.targets).mean())


def table(*lines: str) -> np.ndarray:
    """A program of `variables` in words, such as ("b=a", "a=3", "?b"), with empty lines before the query."""
    words = {word: token for token, word in enumerate([*LETTERS, *map(str, range(10)), "", "?"])}
    rows = [[words[side] for side in line.split("=")] for line in lines[:-1]]
    rows += [[words[""]] * 2] * (TASK.inputs.shape[1] - len(lines))
    return np.array([*rows, [words[lines[-1][1]], words["?"]]], np.uint8).T[None, :, :, None]


@BOTH
@settings(deadline=None, max_examples=15)
@given(seed=seeds, split=st.sampled_from(SPLITS))
def test_answer_links_and_steps_are_those_of_another_reader(task: Variables, seed: int, split: str) -> None:
    examples = task.sample(split, 20, rng(seed))
    low, high = task.far_links if split in ("far", "exposed") else task.links
    for row, program in enumerate(map(task.describe, examples.inputs)):
        values, links = values_of(program)
        query = program[-1]
        assert examples.targets[row, 0] == values[query]
        assert examples.slices["links"][row] == links[query]
        assert len(ends(program)) == task.chains
        assert query in ends(program)
        assert all(low <= links[end] <= high for end in ends(program))
        assert len({values[name] for name, length in links.items() if length == 0}) == task.chains, "distinct literals"


def test_steps_are_the_way_to_the_literal_and_with_plus_the_values_on_the_way_back() -> None:
    for task in (TASK, PLUS):
        examples = task.sample("id", 50, rng())
        words = [*LETTERS, *map(str, range(10)), "."]
        for program, steps in zip(map(task.describe, examples.inputs), examples.scratchpad, strict=True):
            given = dict(line.split("=") for line in program.split("; ") if "=" in line)
            values, _ = values_of(program)
            way = [program[-1]]
            while not way[-1].isdigit():
                way.append(given[way[-1]][0])
            back = [str(values[name]) for name in way[-3::-1]] if task is PLUS else []
            assert "".join(words[step] for step in steps).rstrip(".") == "".join(way + back)


@BOTH
@settings(deadline=None, max_examples=15)
@given(seed=seeds, split=st.sampled_from(SPLITS))
def test_lines_may_change_places(task: Variables, seed: int, split: str) -> None:
    draw = rng(seed)
    inputs = task.sample(split, 20, draw).inputs
    other = inputs.copy()
    for row in other:
        row[:, :-1] = row[:, draw.permutation(task.inputs.shape[1] - 1)]
    check_presentation(task, inputs, other)
    np.testing.assert_array_equal(task.solve(other), task.solve(inputs))


def test_another_query_or_assignment_is_another_problem() -> None:
    programs = [
        table("b=a", "a=3", "d=c", "c=4", "?b"),
        table("b=a", "a=3", "d=c", "c=4", "?d"),
        table("b=a", "a=3", "d=c", "c=5", "?b"),
        table("d=a", "a=3", "b=c", "c=4", "?b"),
    ]
    assert len(np.unique(TASK.canonical(np.concatenate(programs)), axis=0)) == len(programs)


def test_one_added_is_another_problem() -> None:
    inputs = PLUS.sample("id", 50, rng()).inputs
    plain = inputs.copy()
    plain[:, 2] = inputs[:, 2, -1:]  # as on the last line, nothing is added
    added = (inputs != plain).any(axis=(1, 2, 3))
    np.testing.assert_array_equal((PLUS.canonical(inputs) != PLUS.canonical(plain)).any(1), added)


@BOTH
def test_no_variable_holds_in_training_what_is_held_out_and_those_of_an_unseen_chain_hold_nothing_else(
    task: Variables,
) -> None:
    for split in SPLITS:
        for program in map(task.describe, task.sample(split, 200, rng()).inputs):
            values, _ = values_of(program)
            given = dict(line.split("=") for line in program.split("; ") if "=" in line)
            queried, name = set(), program[-1]
            while not name.isdigit():
                queried.add(name)
                name = given[name][0]
            held_out = {name for name, value in values.items() if (LETTERS.index(name) - value) % task.held_out == 0}
            assert held_out == (queried if split == "unseen" else set())


def test_all_other_pairs_occur_in_training() -> None:
    seen = np.zeros((26, 10), bool)
    for program in map(TASK.describe, TASK.sample("train", 1000, rng()).inputs):
        for name, value in values_of(program)[0].items():
            seen[LETTERS.index(name), value] = True
    allowed = (np.arange(26)[:, None] - np.arange(10)) % TASK.held_out != 0
    np.testing.assert_array_equal(seen, allowed)


@BOTH
def test_values_links_and_lines_are_balanced(task: Variables) -> None:
    examples = task.propose("id", 30_000, rng())
    for labels, expected in ((examples.targets, 0.1), (examples.slices["links"][:, None], 1 / 3)):
        _, counts = np.unique(labels, return_counts=True)
        assert counts / 30_000 == pytest.approx(expected, abs=0.02)
    there = (examples.inputs[:, 0, :-1, 0] < task.variables).mean(0)
    assert there == pytest.approx(there.mean(), abs=0.02), "all lines are used equally often"


@pytest.mark.parametrize("split", ["id", "far"])
@pytest.mark.parametrize("heuristic", ["first-literal", "last-literal", "most-frequent-literal"])
def test_a_literal_taken_without_reading_is_right_one_time_in_three(split: str, heuristic: str) -> None:
    assert score(TASK, heuristic, TASK.sample(split, 10_000, rng())) == pytest.approx(1 / 3, abs=0.025)


@BOTH
@pytest.mark.parametrize(("heuristic", "hops"), [("one-hop", 1), ("two-hops", 2)])
def test_hops_are_right_as_far_as_they_go(task: Variables, heuristic: str, hops: int) -> None:
    examples = task.sample("id", 5000, rng())
    right = (task.heuristics[heuristic](examples.inputs) == examples.targets)[:, 0]
    near = examples.slices["links"] <= hops
    assert right[near].all()
    assert right[~near].mean() < 0.4
    assert score(task, heuristic, task.sample("far", 5000, rng())) < 0.4


@BOTH
def test_to_avoid_what_was_never_held_fails_exactly_where_it_is_held(task: Variables) -> None:
    better = score(task, "last-seen-pair", task.sample("id", 5000, rng()))
    assert better > score(task, "last-literal", task.sample("id", 5000, rng())) + 0.02
    assert score(task, "last-seen-pair", task.sample("unseen", 5000, rng())) == 0


def test_words_say_what_the_tokens_are() -> None:
    program = table("b=a", "a=3", "c=b", "?c")
    assert TASK.describe(program[0]) == "b=a; a=3; c=b; ?c"
    assert TASK.describe_target(TASK.solve(program)[0]) == "3"


@pytest.mark.parametrize("lines", [("b=a", "a=b", "?b"), ("b=a", "c=3", "?b")])
def test_a_query_without_an_answer_is_refused_by_its_number(lines: tuple[str, ...]) -> None:
    programs = np.concatenate([table("a=3", "?a"), table(*lines)])
    with pytest.raises(ValueError, match=r"example 1 leads to no literal: b=a"):
        TASK.solve(programs)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"links": (0, 3)}, "expected 1 <= low <= high"),
        ({"far_links": (3, 6)}, "expected 1 <= low <= high"),
        ({"chains": 2}, "2 chains with 10 values; expected 3 to 10"),
        ({"values": 2}, "3 chains with 2 values"),
        ({"variables": 27}, "at most the 26 letters"),
        ({"held_out": 7}, "so few that 4 variables"),
        ({"held_out": 0}, "held_out=0"),
        ({"far_links": (4, 7)}, "too few for 24 assignments"),
    ],
)
def test_parameters_that_leave_too_few_variables_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Variables(**parameters)  # pyright: ignore[reportArgumentType]
