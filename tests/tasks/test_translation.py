"""translation: real digits, each in one split, in the half of the canvas that its split names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.datasets import load_digits

from grue.tasks.translation import Translation, TranslationPermuted

UPRIGHT, PERMUTED = Translation(), TranslationPermuted()
TASKS = (UPRIGHT, PERMUTED)
SPLITS = [split.name for split in UPRIGHT.splits]
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(deadline=None, max_examples=10)
@given(seeds, st.sampled_from(SPLITS))
def test_every_drawing_is_a_real_digit_in_the_half_of_its_split(seed: int, split: str) -> None:
    bunch = load_digits()
    known = {image.tobytes(): label for image, label in zip(bunch.images, bunch.target, strict=True)}
    examples = UPRIGHT.sample(split, 20, rng(seed))
    halves = {True: slice(10, 20), False: slice(0, 10)}
    in_right = split in ("right", "exposed")
    for canvas, target in zip(examples.inputs[:, 0], examples.targets[:, 0], strict=True):
        assert not canvas[:, halves[not in_right]].any()
        half = canvas[:, halves[in_right]].astype(float) * 16
        found = [known.get(half[top : top + 8, left : left + 8].tobytes()) for top in range(13) for left in range(3)]
        assert target in found


def test_digits_stand_at_all_places_of_their_half_alike() -> None:
    for region, first in (("id", 0), ("right", 10)):
        canvases = np.concatenate([UPRIGHT.propose(region, 1797, rng(seed)).inputs[:, 0] for seed in range(3)])
        # Every digit has ink in the first row of its 8 x 8 pixels, but not in the first column.
        _, counts = np.unique(canvases.any(axis=2).argmax(axis=1), return_counts=True)
        assert len(counts) == 13
        assert chisquare(counts).pvalue > 1e-4
        columns = np.flatnonzero(canvases.any(axis=(0, 1)))
        assert (columns.min(), columns.max()) == (first, first + 9)


def test_the_splits_share_out_all_drawings_and_yield_them_to_the_last() -> None:
    for task in TASKS:
        forms = [task.canonical(task.sample(split, task.capacity(split), rng()).inputs) for split in SPLITS]
        assert len(np.unique(np.concatenate(forms), axis=0)) == sum(map(len, forms)) == 1797
        assert task.capacity("train") >= 1024


@settings(deadline=None, max_examples=20)
@given(seeds, st.integers(-10, 10), st.integers(-10, 10))
def test_canonical_forgets_the_place_and_nothing_else(seed: int, down: int, right: int) -> None:
    inputs = UPRIGHT.sample("id", 10, rng(seed)).inputs
    room = np.pad(inputs, ((0, 0), (0, 0), (10, 10), (10, 10)))
    moved = np.roll(room, (down, right), axis=(2, 3))
    np.testing.assert_array_equal(UPRIGHT.canonical(moved), UPRIGHT.canonical(inputs))
    paler = inputs.copy()
    paler[inputs == inputs.max(axis=(1, 2, 3), keepdims=True)] -= 1 / 16
    assert (UPRIGHT.canonical(paler) != UPRIGHT.canonical(inputs)).any(axis=1).all()


def test_the_control_shows_the_same_drawings_at_the_same_places_with_pixels_in_another_order() -> None:
    for split in SPLITS:
        upright, permuted = (task.sample(split, 50, rng(7)) for task in TASKS)
        np.testing.assert_array_equal(upright.targets, permuted.targets)
        np.testing.assert_array_equal(UPRIGHT.canonical(upright.inputs), PERMUTED.canonical(permuted.inputs))
        assert (upright.inputs != permuted.inputs).any()


def test_the_permutation_leaves_no_neighbours() -> None:
    """Ink stands beside ink in a drawing; permuted, no more often than anywhere."""

    def beside(task: Translation) -> float:
        ink = task.sample("train", 1000, rng()).inputs[:, 0] > 0
        return (ink[:, :, 1:] & ink[:, :, :-1]).sum() / ink[:, :, 1:].sum()

    assert beside(UPRIGHT) > 0.6
    assert beside(PERMUTED) < 0.2


def test_drawings_are_shown_in_characters() -> None:
    example = UPRIGHT.sample("right", 1, rng())
    picture = UPRIGHT.describe(example.inputs[0]).split("\n")
    assert [len(row) for row in picture] == [20] * 20
    assert {row[:10] for row in picture} == {"." * 10}
    assert "#" in "".join(picture)
    assert UPRIGHT.describe_target(example.targets[0]) == str(example.targets[0, 0])


@pytest.mark.parametrize("canvas", [14, 17])
def test_a_canvas_without_two_halves_for_a_digit_is_refused(canvas: int) -> None:
    with pytest.raises(ValueError, match=f"a canvas of {canvas} pixels; expected an even number from 16 on"):
        Translation(canvas=canvas)
