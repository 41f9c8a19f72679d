"""Terminals that cannot show every sign: the tables' signs have readable replacements there, and nothing breaks off."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

REPLACEMENTS = {
    "±": "+-",
    "–": "-",
    "−": "-",
    "×": "x",
    "…": "...",
    "†": "+",
    "‡": "#",
    "◇": "^",
    "§": "!",
    "¶": "*",
    "∥": "=",
    "°": "o",
    "═": "=",
    "─": "-",
    "━": "-",
    "│": "|",
}
"""One sign each, so that columns stay aligned, and each of the tables' marks another one; any other sign is a "?"."""

HANDLER = "grue.readable"


def make_readable(*streams: TextIO) -> None:
    """Let these streams replace what their encoding lacks, instead of raising UnicodeEncodeError."""
    codecs.register_error(HANDLER, _replace)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, start, end = error.object, error.start, error.end
    found = "".join(REPLACEMENTS.get(sign, "?") for sign in text[start:end])
    # "0.69 ± 0.02" becomes "0.69 +-0.02", which is as wide.
    after = text[end + 1 : end + 2]
    number = (
        found == "+-" and text[start - 1 : start] == " " == text[end : end + 1] and (after.isdigit() or after == "<")
    )
    return found, end + number
