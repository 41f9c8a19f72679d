"""State merging: exact on a characteristic sample, consistent with every training set, and blanks are no symbols."""

from __future__ import annotations

from copy import deepcopy
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grue.learners.base import Problem, Spec
from grue.learners.merging import MAX_EXAMPLES, NONE, Automaton, MergingPredictor, StateMerging, prefix_tree, words_of
from grue.tasks.automata import NoAA
from grue.tasks.languages import CycleNavigation, Language, Parity
from grue.tasks.spaces import Space

WORDS = Space((6,), 3, "sequence", (0.0, 1.0, None))
"""Words of a and b, with blanks."""

BLANK = 2


def problem(words: list[str], classes: list[int], number: int = 2) -> Problem:
    inputs = np.full((len(words), 6), BLANK)
    for row, word in zip(inputs, words, strict=True):
        row[: len(word)] = ["ab".index(letter) for letter in word]
    return Problem(inputs, np.array(classes)[:, None], WORDS, Space((1,), number), seed=0)


def fit(given: Problem, max_states: int = 32) -> MergingPredictor:
    fitted = StateMerging(max_states).fit(given)
    assert isinstance(fitted, MergingPredictor)
    return fitted


def sampled(task: Language, n: int, seed: int = 0) -> Problem:
    examples = task.sample("train", n, np.random.default_rng(seed))
    return Problem(examples.inputs, examples.targets, task.inputs, task.outputs, seed=0)


def test_a_machine_of_three_states_is_found_from_a_characteristic_sample() -> None:
    """b's modulo 3, as a Moore machine: from all words of up to four symbols, exactly the three states."""
    words = ["".join(word) for length in range(1, 5) for word in product("ab", repeat=length)]
    fitted = fit(problem(words, [word.count("b") % 3 for word in words], 3))
    automaton, states = fitted.automaton, fitted.automaton.reachable()
    assert len(states) == 3
    assert [automaton.labels[state] for state in states] == [0, 1, 2]
    a, b = ([automaton.successors[state][symbol] for state in states] for symbol in (0, 1))
    assert a == states
    assert b == [*states[1:], states[0]]
    assert fitted.record == {"states": 3}


@pytest.mark.parametrize(
    ("task", "n", "states"), [(Parity(), 256, 2), (NoAA(), 1024, 3), (CycleNavigation(max_length=6), 256, 5)]
)
def test_languages_are_learned_from_hundreds_of_words(task: Language, n: int, states: int) -> None:
    for seed in range(3):
        fitted = fit(sampled(task, n, seed))
        assert fitted.record["states"] == states
        for split in ("edit", "thrice"):
            tests = task.sample(split, min(500, task.capacity(split)), np.random.default_rng(seed))
            assert np.array_equal(fitted.predict(tests.inputs).argmax(-1), tests.targets)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("ab", min_size=1, max_size=6), st.integers(0, 2), min_size=1), st.sampled_from([1, 32]))
def test_every_training_word_gets_its_class(classes: dict[str, int], max_states: int) -> None:
    given_ = problem(list(classes), list(classes.values()), 3)
    fitted = fit(given_, max_states)
    assert np.array_equal(fitted.predict(given_.inputs).argmax(-1), given_.targets)
    again = fit(problem(list(classes)[::-1], list(classes.values())[::-1], 3), max_states)
    assert again.automaton == fitted.automaton, "the order of the examples changes nothing"


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("ab", min_size=1, max_size=5), st.integers(0, 1), min_size=2), st.data())
def test_a_merge_that_is_only_scored_leaves_no_trace(classes: dict[str, int], data: st.DataObject) -> None:
    given_ = problem(list(classes), list(classes.values()))
    tree = prefix_tree(words_of(given_.inputs, WORDS), given_.targets[:, 0])
    before = deepcopy(tree)
    edge = 0, data.draw(st.sampled_from(sorted(tree.successors[0])))
    evidence = tree.fold(edge, 0, keep=False)
    assert tree == before
    assert tree.fold(edge, 0, keep=True) == evidence
    assert (tree == before) == (evidence is None)


def test_evidence_is_the_number_of_equal_classes_that_are_joined() -> None:
    """Of a, ba and bb, all of class 0, b's successor by a joins that of the empty word: one; aa would be another."""
    tree = prefix_tree([[0], [1, 0], [1, 1]], np.zeros(3, int))
    assert tree.fold((0, 1), 0, keep=False) == 1
    other = prefix_tree([[0], [1, 0], [1, 1]], np.array([0, 1, 0]))
    assert other.fold((0, 1), 0, keep=False) is None


def test_no_transition_or_no_class_gives_the_marginal() -> None:
    fitted = fit(problem(["a", "a", "ba"], [0, 0, 1]))
    marginal = [2 / 3, 1 / 3]
    unknown = Automaton([{0: 1}, {}], [NONE, 1])
    predictor = MergingPredictor(WORDS, unknown, np.array(marginal))
    rows = np.array([[0, 2, 2, 2, 2, 2], [1, 2, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2]])
    assert predictor.predict(rows)[:, 0].tolist() == [[0, 1], marginal, marginal]
    assert fitted.marginal.tolist() == marginal


def test_of_one_word_with_two_classes_the_most_frequent_counts() -> None:
    assert prefix_tree([[0]] * 3, np.array([1, 0, 1])).labels == [NONE, 1]
    assert prefix_tree([[0]] * 2, np.array([1, 0])).labels == [NONE, 0]


def test_blanks_around_a_word_are_no_part_of_it() -> None:
    rows = np.array([[2, 0, 1, 2], [2, 2, 2, 2], [0, 2, 1, 2]])
    assert words_of(rows, WORDS) == [[0, 1], [], [0, 2, 1]]
    for values in (None, (0.0, 1.0, 2.0), (0.0, None, None), (None, 1.0, 2.0)):
        assert words_of(rows, Space((4,), 3, "sequence", values)) == rows.tolist()


def test_says_what_it_cannot_do() -> None:
    letters, answer = Space((4,), 5, "sequence"), Space((1,), 3)
    assert StateMerging().accepts(Spec(letters, answer)) is None
    assert "in order; the inputs are a bag" in (StateMerging().accepts(Spec(Space((4,), 5, "bag"), answer)) or "")
    assert "real numbers" in (StateMerging().accepts(Spec(Space((4,), None, "sequence"), answer)) or "")
    assert "one class" in (StateMerging().accepts(Spec(letters, Space((2,), 3))) or "")
    assert "more than 10000" in (StateMerging().accepts(Spec(letters, answer, n=MAX_EXAMPLES + 1)) or "")
    with pytest.raises(ValueError, match="max_states is 0; expected a whole number from 1 up"):
        StateMerging(max_states=0)


def test_too_many_states_end_the_search() -> None:
    random = np.random.default_rng(0).integers(0, 2, 62)
    words = ["".join(word) for length in range(1, 6) for word in product("ab", repeat=length)]
    fitted = fit(problem(words, random.tolist()), max_states=3)
    assert fitted.record["stopped"] == "budget"
