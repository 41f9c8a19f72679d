"""What an encoding shows of an example, and what it hides."""

from __future__ import annotations

import numpy as np
import pytest

from grue.learners.encodings import encode, refusal, resolve
from grue.tasks.spaces import Space

BAG = Space((4,), 7, "bag", (-2.0, -1.0, 0.0, 1.0, 2.0, None, None))
BITS = Space((3,), 2, "sequence", (0.0, 1.0))
WORDS = Space((3,), 5, "sequence")
GRID = Space((2, 1, 2), 2, "grid", (0.0, 1.0))
PAIRS = Space((2,), 5, "sequence", ((2.0, 1.0), (0.0, 4.0), (0.0, -3.0), (2.0, 0.0), None))


def test_auto_is_declared() -> None:
    assert resolve("auto", BITS) == "value"
    assert resolve("auto", Space((3,), None)) == "value"
    assert resolve("auto", BAG) == "counts"
    assert resolve("auto", WORDS) == "onehot"


def test_counts_forget_the_order_and_keep_the_number_line() -> None:
    line = encode(np.array([[4, 0, 5, 0]]), BAG, "counts")
    assert line[0, :, 0].tolist() == [2, 0, 0, 0, 1, 1, 0]
    assert np.array_equal(line, encode(np.array([[0, 5, 0, 4]]), BAG, "counts"))


def test_value_gives_numbers_their_size_and_other_tokens_a_channel() -> None:
    shown = encode(np.array([[0, 4, 5, 6]]), BAG, "value")[0]
    assert shown.tolist() == [[-1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_token_that_stands_for_several_numbers_gets_a_channel_for_each() -> None:
    shown = encode(np.array([[0, 2], [4, 1]]), PAIRS, "value")
    assert shown.tolist() == [[[0.5, 0.25, 0], [0, -0.75, 0]], [[0, 0, 1], [0, 1, 0]]]
    line = encode(np.array([[2, 2], [3, 4]]), PAIRS, "counts")  # (0, -3), (0, 4), (2, 0), (2, 1), then the word
    assert line[..., 0].tolist() == [[2, 0, 0, 0, 0], [0, 0, 1, 0, 1]]
    assert encode(np.array([[0, 4]]), PAIRS, "onehot").shape == (1, 2, 5)


def test_tokens_stand_for_as_many_numbers_each() -> None:
    with pytest.raises(ValueError, match=r"stand for \[1, 2\] numbers"):
        Space((1,), 2, "vector", (1.0, (1.0, 2.0)))


def test_bits_stay_bits_and_words_without_numbers_are_spread_over_the_unit_interval() -> None:
    assert encode(np.array([[0, 1, 1]]), BITS, "value")[0, :, 0].tolist() == [0, 1, 1]
    assert encode(np.array([[0, 2, 4]]), WORDS, "value")[0, :, 0].tolist() == [0, 0.5, 1]


def test_onehot_on_a_grid_gives_each_plane_a_channel_for_each_token() -> None:
    shown = encode(np.array([[[[0, 1]], [[1, 1]]]]), GRID, "onehot")
    assert shown.shape == (1, 4, 1, 2)
    assert shown[0, :, 0].tolist() == [[1, 0], [0, 1], [0, 0], [1, 1]]


def test_an_encoding_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="unknown encoding 'hot'; expected one of auto, onehot, value, counts"):
        resolve("hot", BAG)
    assert "use value" in (refusal("onehot", Space((3,), None)) or "")
    assert "use value or onehot" in (refusal("counts", GRID) or "")


@pytest.mark.parametrize("space", [BAG, BITS, PAIRS, WORDS, GRID])
def test_every_symbolic_space_has_at_least_two_encodings(space: Space) -> None:
    assert sum(refusal(name, space) is None for name in ("onehot", "value", "counts")) >= 2
