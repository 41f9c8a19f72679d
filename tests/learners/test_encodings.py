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


@pytest.mark.parametrize("space", [BAG, BITS, WORDS, GRID])
def test_every_symbolic_space_has_at_least_two_encodings(space: Space) -> None:
    assert sum(refusal(name, space) is None for name in ("onehot", "value", "counts")) >= 2
