"""Text as LaTeX: escaped, in ASCII, with places to break long names; and its width in the fonts of LaTeX."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from ...engine.printable import printable_lines

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
    "`": r"\textquoteleft{}",
    "-": "{-}",  # no ligature, as in "--preset"
    "[": "{[}",  # no argument of the end of a row
    "*": "{*}",
    "–": "--",
    "—": "---",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "◇": r"$\diamond$",
    "∥": r"$\parallel$",
    "°": r"$^\circ$",
    "§": r"\S{}",
    "¶": r"\P{}",
    "…": r"\dots{}",
    "→": r"$\to$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "²": "$^2$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "\N{LATIN SMALL LETTER DOTLESS I}": r"\i{}",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "“": "``",
    "”": "''",
    "\N{NO-BREAK SPACE}": "~",
}

ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING DOT ABOVE}": ".",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING RING ABOVE}": "r",
}

GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψω", (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
), strict=True))  # fmt: skip

LONG_WORD = 20
"""Longer words may be broken: after punctuation, and after every so many characters."""

WIDTHS = {
    0.30: " !',.:;<[]_`il|",
    0.35: "fj",
    0.40: "-I()rst",
    0.50: "cez?",
    0.59: '"$*/0123456789J\\^ago{}~bdhknpquvxyS',
    0.70: "FLZ",
    0.80: "ABCEHNPRTUVXYw",
    0.85: "&+=@DGKOQ><",
    0.90: "#%m",
    1.10: "MW",
}
"""Width in em of the characters of Computer Modern at 8 pt, which is wider than Times, rounded up to the group."""

WIDTH_OF = {sign: width for width, signs in WIDTHS.items() for sign in signs}

BOLD = 1.17
"""How much wider bold digits are."""


def escape(text: str) -> str:
    """Text as LaTeX in ASCII; a hyphen before a digit that begins a word is a minus sign.

    Characters that the fonts of LaTeX lack are printed as their code point, [U+6F22], so that names stay distinct.
    """
    return "".join(map(_sign, re.sub(r"(?<![^\s\[(,])-(?=[\d.])", "−", text)))


def running(text: str) -> str:
    """Text of a paragraph as LaTeX: as `escape`, with places at which long words may be broken."""
    return re.sub(r"\S+", lambda word: _breakable(word[0]), re.sub(r"\s+", " ", text))


def letters_of(*texts: str) -> str:
    """Six letters that are computed from some texts, to tell apart names that would be the same without them."""
    digest = hashlib.sha256("\0".join(texts).encode()).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:6])


def bibtex(text: str) -> str:
    """Text as a value in BibTeX, which counts a brace also where a backslash is before it."""
    return escape(text).replace(r"\{", r"\textbraceleft{}").replace(r"\}", r"\textbraceright{}")


def label(prefix: str, name: str) -> str:
    r"""A name for \label and \ref: letters of ASCII, digits and hyphens. Names that differ may have one label."""
    return prefix + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def commented(texts: Iterable[str]) -> list[str]:
    """Texts as lines of comments, in ASCII."""
    lines = (line for text in texts for line in printable_lines(text).splitlines())
    return [f"% {line.encode('ascii', 'backslashreplace').decode()}" for line in lines]


@cache
def width(text: str, *, bold: bool = False) -> float:
    """Upper bound of the width of a text in em."""
    wide = sum(WIDTH_OF.get(sign) or _other_width(sign) for sign in text)
    return wide * BOLD if bold else wide


def wrapped(text: str, limit: float, hard: float | None = None) -> list[str]:
    """Break a text into lines of at most `limit` em: after spaces, colons and commas, else words, else anywhere.

    hard  width from which on a word is broken anywhere; None: `limit`
    """
    lines = [""]
    for part in _fitting(text, (limit, limit if hard is None else hard), (r"[^:, ]*[:, ]?", r"[^-_=./]*[-_=./]?", ".")):
        if lines[-1] and width((lines[-1] + part).rstrip()) > limit:
            lines.append("")
        lines[-1] += part
    return [line.strip() for line in lines if line.strip()] or [""]


def _fitting(text: str, limits: tuple[float, float], patterns: Sequence[str]) -> Iterator[str]:
    """The parts of a text by the first pattern; those that are too wide by the next one."""
    limit = limits[0] if len(patterns) > 2 else limits[1]  # noqa: PLR2004 -- the last pattern breaks words
    for part in re.findall(patterns[0], text, flags=re.DOTALL):
        if len(patterns) > 1 and width(part.rstrip()) > limit:
            yield from _fitting(part, limits, patterns[1:])
        else:
            yield part


def _sign(sign: str) -> str:
    if sign in SPECIAL:
        return SPECIAL[sign]
    if " " <= sign <= "~":
        return sign
    if sign in GREEK:
        return rf"$\{GREEK[sign]}$"
    base, *marks = unicodedata.normalize("NFD", sign)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in ACCENTS:
        letter = {"i": r"\i", "j": r"\j"}.get(base, base)
        return rf"\{ACCENTS[marks[0]]}{{{letter}}}"
    return f"{{[}}{_code_point(sign)}]"


def _code_point(sign: str) -> str:
    return f"U+{ord(sign):04X}"


def _other_width(sign: str) -> float:
    known = _sign(sign).startswith(("$", "\\", "-", "`", "'", "~"))
    return 1.0 if known else sum(WIDTH_OF[one] for one in f"[{_code_point(sign)}]")


def _breakable(word: str) -> str:
    if len(word) <= LONG_WORD:
        return escape(word)
    parts = [
        run[start : start + LONG_WORD]
        for run in re.findall(r"[^-_:,=./;]*[-_:,=./;]*", word)
        for start in range(0, len(run), LONG_WORD)
    ]
    return r"\allowbreak{}".join(map(escape, parts))
