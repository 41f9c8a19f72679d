"""Input encodings: how examples are converted to numbers. Part of the inductive bias, hence a declared parameter.

onehot  one 0/1 channel for each token, at every position
value   the number a token represents, divided by the largest magnitude (a channel for each number, if a token
        represents several), and a 0/1 channel for each token that represents none; the token's index, scaled to
        [0, 1], if no token represents a number; bits stay {0, 1} and real numbers are unchanged
counts  number of occurrences of each token, ordered by the number it represents (by the first number, then by the
        next, if a token represents several), then the tokens that represent none; discards positions in any layout
auto    value for reals and bits, counts for bags, onehot for the rest
"""

from __future__ import annotations

import numpy as np

from ..tasks.spaces import Space

ENCODINGS = ("auto", "onehot", "value", "counts")


def check_encoding(encoding: str) -> None:
    """Raise ValueError for a name that is not in ENCODINGS."""
    if encoding not in ENCODINGS:
        raise ValueError(f"unknown encoding {encoding!r}; expected one of {', '.join(ENCODINGS)}")


def resolve(encoding: str, space: Space) -> str:
    """The encoding that `encoding` resolves to on this space; raises ValueError if it does not exist there."""
    check_encoding(encoding)
    if encoding == "auto":
        if space.alphabet is None or space.alphabet == 2:  # noqa: PLR2004 -- bits
            return "value"
        return "counts" if space.layout == "bag" else "onehot"
    reason = refusal(encoding, space)
    if reason:
        raise ValueError(reason)
    return encoding


def refusal(encoding: str, space: Space) -> str | None:
    """None if the encoding exists on this space, else the reason why not."""
    if space.alphabet is None and encoding in ("onehot", "counts"):
        return f"encoding {encoding} needs tokens; the inputs are real numbers (use value)"
    if space.layout == "grid" and encoding == "counts":
        return "encoding counts needs a sequence, vector or bag; the inputs are a grid (use value or onehot)"
    return None


def encode(inputs: np.ndarray, space: Space, encoding: str, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """Encode examples as numbers.

    inputs   (n, *space.shape)
    returns  of the dtype: (n, length, channels) for vector, sequence and bag; (n, channels, height, width) for a grid
    """
    space.check(inputs, "inputs")
    resolved = resolve(encoding, space)
    if resolved == "value":
        encoded = _values(inputs, space, dtype)
    elif resolved == "onehot":
        encoded = np.eye(space.alphabet or 0, dtype=dtype)[inputs]  # (n, *shape, alphabet)
    else:
        return _counts(inputs, space, dtype)
    if space.layout == "grid":  # (n, planes, height, width, channels): group the channels of a plane
        n, planes, height, width, channels = encoded.shape
        return encoded.transpose(0, 1, 4, 2, 3).reshape(n, planes * channels, height, width)
    return encoded


def _values(inputs: np.ndarray, space: Space, dtype: type[np.floating]) -> np.ndarray:
    """(n, *shape, channels): the numbers a token represents, then one channel for each token that represents none."""
    if space.alphabet is None:
        return inputs.astype(dtype)[..., None]
    numbers = space.numbers
    if numbers is None:
        return (inputs / max(space.alphabet - 1, 1)).astype(dtype)[..., None]
    scale = np.nanmax(np.abs(numbers)) or 1.0
    without_number = np.isnan(numbers[:, 0])
    table = np.concatenate([np.nan_to_num(numbers / scale), np.eye(space.alphabet)[:, without_number]], axis=1)
    return table.astype(dtype)[inputs]


def _counts(inputs: np.ndarray, space: Space, dtype: type[np.floating]) -> np.ndarray:
    """(n, alphabet, 1): occurrences of each token, ordered by the number it represents."""
    alphabet = space.alphabet or 0
    numbers = space.numbers
    order = np.arange(alphabet) if numbers is None else np.lexsort(numbers.T[::-1])  # NaN comes last
    rank = np.empty(alphabet, np.int64)
    rank[order] = np.arange(alphabet)
    counts = np.zeros((len(inputs), alphabet), dtype)
    np.add.at(counts, (np.arange(len(inputs))[:, None], rank[inputs]), 1.0)
    return counts[..., None]
