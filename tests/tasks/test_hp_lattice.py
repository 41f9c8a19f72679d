"""The HP model against published counts, against a search written another way, and its cache."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from grue.tasks.hp_lattice import contact_maps, fold_as_text, ground_states, pairs, walks

PUBLISHED = {  # residues: conformations up to symmetry, sequences with a unique ground state, lowest energy
    4: (5, 4, -1),
    5: (13, 0, -1),
    6: (36, 7, -2),
    7: (98, 10, -2),
    8: (272, 7, -3),
    9: (740, 6, -4),
    10: (2034, 6, -4),
}

Site = tuple[int, int]


def all_walks(n: int) -> list[list[Site]]:
    """Self-avoiding walks from the origin, symmetric ones included, one site after the other."""
    grown: list[list[Site]] = [[(0, 0)]]
    for _ in range(n - 1):
        grown = [
            [*walk, site]
            for walk in grown
            for x, y in walk[-1:]
            for site in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1))
            if site not in walk
        ]
    return grown


def contacts_by_hand(sequence: str, walk: list[Site]) -> int:
    return sum(
        sequence[i] == sequence[j] == "H" and abs(walk[i][0] - walk[j][0]) + abs(walk[i][1] - walk[j][1]) == 1
        for i in range(len(walk))
        for j in range(i + 2, len(walk))
    )


def number(sequence: str) -> int:
    return sum(1 << place for place, residue in enumerate(sequence) if residue == "H")


def reverse(numbers: np.ndarray, n: int) -> np.ndarray:
    places = np.arange(n)
    return ((numbers[:, None] >> places & 1) << places[::-1]).sum(1)


@pytest.mark.parametrize("n", PUBLISHED)
def test_published_counts(n: int) -> None:
    conformations, unique, lowest = PUBLISHED[n]
    states = ground_states(n)
    assert len(walks(n)) == conformations
    assert (states.folds == 1).sum() == unique
    assert -states.contacts.max() == lowest


@pytest.mark.parametrize("n", range(2, 15))
def test_walks_are_those_of_the_square_lattice_one_of_eight(n: int) -> None:
    """The number of self-avoiding walks of n - 1 steps (OEIS A001411); only the straight one has a symmetry."""
    counts = [4, 12, 36, 100, 284, 780, 2172, 5916, 16268, 44100, 120292, 324932, 881500]
    assert 8 * (len(walks(n)) - 1) + 4 == counts[n - 2]


@pytest.mark.parametrize("n", [2, 3, 4, 6, 7])
def test_ground_states_are_those_of_a_search_by_hand(n: int) -> None:
    states, conformations = ground_states(n), all_walks(n)
    for letters in product("HP", repeat=n):
        sequence = "".join(letters)
        found = [contacts_by_hand(sequence, walk) for walk in conformations]
        bent = found.count(max(found)) - 4 * (max(found) == 0)  # the straight walk has 4 images, the others 8
        assert states.contacts[number(sequence)] == max(found), sequence
        assert states.folds[number(sequence)] == bent // 8 + (max(found) == 0), sequence


@pytest.mark.parametrize("n", [9, 13, 14])
def test_a_sequence_and_its_reverse_have_the_same_ground_states(n: int) -> None:
    states, back = ground_states(n), reverse(np.arange(2**n), n)
    assert np.array_equal(states.contacts, states.contacts[back])
    assert np.array_equal(states.folds, states.folds[back])


@pytest.mark.parametrize("n", [10, 13])
def test_one_more_h_never_costs_a_contact(n: int) -> None:
    every, states = np.arange(2**n), ground_states(n)
    for place in range(n):
        gained = states.contacts[every | 1 << place] - states.contacts
        assert gained.min() == 0
        assert gained.max() <= (3 if place in (0, n - 1) else 2)  # the sides of a site that are not bonds


def test_more_corners_never_cost_a_contact_and_all_of_them_are_the_ground_state() -> None:
    least = np.zeros(2**10, np.int64)
    for corners in range(9):
        contacts = ground_states(10, corners).contacts
        assert (contacts >= least).all()
        least = contacts
    assert np.array_equal(least, ground_states(10).contacts)
    assert ground_states(10, 0).contacts.max() == 0
    assert ground_states(10, 2).contacts[number("HHHHHHHHHH")] == 4  # one U-turn


def test_a_pair_that_touches_is_a_pair_that_can() -> None:
    maps = np.bitwise_or.reduce(contact_maps(walks(12)))
    assert maps == 2 ** len(pairs(12)) - 1


def test_drawing_shows_the_chain_and_its_contacts() -> None:
    assert fold_as_text(number("HPPH"), 4).splitlines() in (
        [" H - P", "     |", "(H)- P"],
        [" P - P", " |   |", "(H)  H"],
    )


@pytest.mark.parametrize("n", [1, 17])
def test_chains_of_other_lengths_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"chains of {n} residues; expected 2..16"):
        ground_states(n)
