"""The languages: the rules by other means, words of every length in every slot, pairs, and short words that run out."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from grue.tasks.automata import ABeforeB, Automaton, NoAA, continuations
from grue.tasks.languages import RARE, CycleNavigation, EvenPairs, Language, Parity, ReverseString

LANGUAGES: list[Language] = [EvenPairs(), Parity(), CycleNavigation(), ReverseString()]
AUTOMATA: list[Automaton] = [NoAA(), ABeforeB()]
WALKS = [Parity(), CycleNavigation()]
each = pytest.mark.parametrize("task", LANGUAGES, ids=lambda task: task.name)
each_automaton = pytest.mark.parametrize("task", AUTOMATA, ids=lambda task: task.name)
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def word_of(task: Language, example: np.ndarray) -> str:
    """The word itself; fails where blanks stand within it."""
    word = task.describe(example).strip(".")
    assert word
    assert "." not in word
    return word


def lengths(task: Language, inputs: np.ndarray) -> np.ndarray:
    return (inputs < len(task.symbols)).sum(axis=1)


def right(task: Language, word: str) -> str:
    """The answer by a rule that is read off the words, not the slots."""
    match task.name:
        case "even-pairs":
            return "even" if word[0] == word[-1] else "odd"
        case "parity":
            return "even" if word.count("b") % 2 == 0 else "odd"
        case "cycle-navigation":
            return f"state {(word.count('b') - word.count('c')) % 5}"
        case "no-aa":
            return "out" if "aa" in word else "in"
        case "a-before-b":
            return "in" if re.search("a.*b", word) else "out"
        case _:
            return word[::-1]


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from([*LANGUAGES, *AUTOMATA]), st.sampled_from(["train", "id", "edit", "twice", "exposed"]))
def test_answers_follow_from_the_words_alone(seed: int, task: Language, split: str) -> None:
    sampled = task.sample(split, 20, rng(seed))
    for example, target in zip(sampled.inputs, sampled.targets, strict=True):
        assert task.describe_target(target).strip(".") == right(task, word_of(task, example))


@each
def test_a_reversed_word_stays_in_its_slots_and_no_answer_depends_on_the_position(task: Language) -> None:
    shifted = np.full((41, 60), len(task.symbols))
    for first, row in enumerate(shifted):
        row[first : first + 20] = [1, 1, 0, 1, *[0] * 16]
    assert len(np.unique(task.canonical(shifted), axis=0)) == 1
    answers = task.solve(shifted)
    if task.name == "reverse-string":
        assert ((answers == 2) == (shifted == 2)).all()
        answers = task.canonical(answers)
    assert len(np.unique(answers, axis=0)) == 1


@each
@pytest.mark.parametrize(
    ("split", "shortest", "longest"),
    [("train", 1, 20), ("id", 1, 20), ("twice", 21, 40), ("exposed", 21, 40), ("thrice", 41, 60)],
)
def test_splits_hold_the_lengths_they_announce(task: Language, split: str, shortest: int, longest: int) -> None:
    sampled = task.sample(split, 20_000, rng())
    found = lengths(task, sampled.inputs)
    assert found.max() == longest
    assert shortest <= found.min() <= shortest + 2  # the hash may give all words of one symbol to another split
    assert (sampled.slices["length"] - found >= 0).all()
    assert (sampled.slices["length"] - found < 5).all()


@each
def test_every_symbol_occurs_in_every_slot_of_training(task: Language) -> None:
    inputs = task.sample("train", 4096, rng()).inputs
    for token in range(len(task.symbols) + 1):
        assert (inputs == token).any(axis=0).all()


@each
def test_lengths_are_uniform_but_for_those_with_few_words(task: Language) -> None:
    found = np.bincount(lengths(task, task.propose("id", 40_000, rng()).inputs), minlength=21)[1:]
    words = len(task.symbols) ** np.arange(1.0, 21)
    weights = np.minimum(words, RARE)
    assert chisquare(found, 40_000 * weights / weights.sum()).pvalue > 1e-4
    largest = task.sample("train", 4096, rng())
    for length, count in enumerate(np.bincount(lengths(task, largest.inputs), minlength=21)[1:], 1):
        assert count < 0.625 * words[length - 1] or words[length - 1] < 16, f"all words of length {length} are used up"


@each
def test_every_position_of_a_word_is_as_likely(task: Language) -> None:
    inputs = task.propose("thrice", 60_000, rng()).inputs
    of_50 = inputs[lengths(task, inputs) == 50]
    first = (of_50 < len(task.symbols)).argmax(axis=1)
    assert chisquare(np.bincount(first, minlength=11)).pvalue > 1e-4


@pytest.mark.parametrize("task", WALKS, ids=lambda task: task.name)
@pytest.mark.parametrize("split", ["train", "thrice"])
def test_steps_walk_to_the_answer_a_slot_at_a_time(task: Language, split: str) -> None:
    sampled = task.sample(split, 50, rng())
    assert sampled.scratchpad is not None
    assert np.array_equal(sampled.scratchpad[:, -1:], sampled.targets)
    for example, steps in zip(sampled.inputs, sampled.scratchpad, strict=True):
        before = [0, *steps.tolist()]
        for token, (state, following) in zip(example, pairwise(before), strict=True):
            move = (*task.symbols, 0)[token]
            assert (state + move - following) % task.outputs.alphabet == 0


def test_worked_examples_of_the_docstrings() -> None:
    def shown(task: Language, word: str) -> str:
        slots = [len(task.symbols)] * 2 + ["abcd".index(letter) for letter in word]
        example = np.array([slots + [len(task.symbols)] * (task.inputs.size - len(slots))])
        return task.describe_target(task.solve(example)[0])[:7]

    assert shown(EvenPairs(), "abbaa") == "even"
    assert shown(EvenPairs(), "abbab") == "odd"
    assert shown(Parity(), "abbab") == "odd"
    assert shown(CycleNavigation(), "bbcab") == "state 2"
    assert shown(ReverseString(), "abb") == "..bba.."
    assert [shown(NoAA(), word) for word in ("abaca", "abaac")] == ["in", "out"]
    assert [shown(ABeforeB(), word) for word in ("bcadcbd", "bcbdaca")] == ["in", "out"]


@each
def test_a_memory_of_the_training_length_is_right_there_and_lost_beyond(task: Language) -> None:
    rule = task.heuristics["last-20"]
    known, twice = (task.sample(split, 2000, rng()) for split in ("id", "twice"))
    assert np.array_equal(rule(known.inputs), known.targets)
    classes = 1 if task.name == "reverse-string" else task.outputs.alphabet
    lost = (rule(twice.inputs) == twice.targets).all(axis=1).mean()
    assert lost == pytest.approx(0 if classes == 1 else 1 / classes, abs=0.06)


@pytest.mark.parametrize("task", [*LANGUAGES, *AUTOMATA, CycleNavigation(max_length=6)], ids=lambda task: task.name)
def test_edits_are_pairs_of_words_that_differ_by_one_symbol_and_in_the_answer(task: Language) -> None:
    pairs = task.propose("edit", 4096, rng())
    one, other = (task.canonical(part) for part in (pairs.inputs[::2], pairs.inputs[1::2]))
    assert len(one) > 10
    assert ((one != other).sum(axis=1) == 1).all()
    assert np.array_equal(lengths(task, one), lengths(task, other))
    assert (pairs.targets[::2] != pairs.targets[1::2]).any(axis=1).all()
    found = task.sample("edit", task.capacity("edit") if task.max_length == 6 else 500, rng())
    words = {tuple(row) for row in task.canonical(found.inputs).tolist()}
    symbols = range(len(task.symbols))
    alone = [
        word
        for word in words
        if not any(
            (*word[:i], s, *word[i + 1 :]) in words for i in range(task.max_length) for s in symbols if s != word[i]
        )
    ]
    assert len(alone) <= 1, "the partner of the last word may be cut off"
    assert lengths(task, found.inputs).max() <= task.max_length


@each_automaton
def test_both_answers_and_all_words_of_an_answer_and_length_are_as_likely(task: Automaton) -> None:
    sampled = task.propose("id", 40_000, rng())
    assert sampled.targets.mean() == pytest.approx(0.5, abs=0.01)
    for split in ("train", "id", "edit", "twice", "thrice"):
        assert task.sample(split, 2000, rng()).targets.mean() == pytest.approx(0.5, abs=0.05)
    short = replace(task, max_length=6)
    sampled = short.propose("id", 40_000, rng())
    words = sampled.inputs[(lengths(short, sampled.inputs) == 4) & (sampled.targets[:, 0] == 0)]
    counts = np.unique(short.canonical(words), axis=0, return_counts=True)[1]
    assert len(counts) == continuations(task.transitions, task.accepting, 4)[0, 4, 0]
    assert chisquare(counts).pvalue > 1e-4


@each_automaton
def test_continuations_count_the_words(task: Automaton) -> None:
    words = ["".join(word) for word in product("abcd"[: len(task.symbols)], repeat=5)]
    found = continuations(task.transitions, task.accepting, 5)[:, 5, 0]
    assert found.tolist() == [sum(right(task, word) == answer for word in words) for answer in ("out", "in")]


@each_automaton
def test_states_are_the_intermediate_steps(task: Automaton) -> None:
    sampled = task.sample("twice", 50, rng())
    assert sampled.scratchpad is not None
    assert np.array_equal(np.array(task.accepting)[sampled.scratchpad[:, -1]], sampled.targets[:, 0])
    for example, states in zip(sampled.inputs.tolist(), sampled.scratchpad.tolist(), strict=True):
        for token, (state, following) in zip(example, pairwise([0, *states]), strict=True):
            assert following == (*task.transitions[state], state)[token]


@each_automaton
def test_statistics_suffice_in_part_in_distribution_and_less_so_on_pairs(task: Automaton) -> None:
    for rule in task.heuristics.values():
        score = {}
        for split in ("id", "edit"):
            sampled = task.sample(split, 2000, rng())
            score[split] = 2 * (rule(sampled.inputs) == sampled.targets).mean() - 1
        assert 0.1 < score["edit"] < 0.5
        assert score["edit"] < score["id"] + 0.05


def test_capacity_counts_the_words() -> None:
    task = Parity(max_length=10)
    assert task.capacity("train") == int((2**11 - 2) * 0.625 / 2)
    assert task.capacity("twice") == int((2**21 - 2**11) * 0.5 / 2)
    assert CycleNavigation(max_length=6).capacity("id") == int((3**7 - 3) / 2 * 0.25 / 2)


@pytest.mark.parametrize("max_length", [5, 21])
def test_words_that_are_too_short_or_too_long_are_refused(max_length: int) -> None:
    with pytest.raises(ValueError, match=f"max_length={max_length}; expected 6..20"):
        Parity(max_length=max_length)
