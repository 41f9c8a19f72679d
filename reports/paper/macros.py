"""Figures as LaTeX macros, so that prose cites what a table shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..escaping.latex import commented, escape, letters_of
from .sheet import Figure, Sheet

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def macros(sheets: Iterable[Sheet], comments: Iterable[str]) -> str:
    r"""A \newcommand for every figure of the tables; flagged figures say so in a comment.

    The name of a macro is `grue`, then what the figure is about: every run of letters and digits of it as a word that
    begins with a capital, digits in words (`cnn:depth=5` is CnnDepthFive). Where two figures would have the same name,
    both get letters that are computed from what they are about.
    """
    figures = [figure for sheet in sheets for figure in sheet.figures]
    count = Counter(macro_name(figure) for figure in figures)
    lines = commented(comments)
    for figure in figures:
        name = macro_name(figure)
        name += "X" + letters_of(*figure.about) if count[name] > 1 else ""
        flags = f" % {', '.join(figure.flags)}" if figure.flags else ""
        lines.append(rf"\newcommand{{\{name}}}{{{_value(figure.text)}}}{flags}")
    return "\n".join([*lines, ""])


def macro_name(figure: Figure) -> str:
    """The name of the macro, of letters only, without the backslash."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(figure.about))
    spelled = [re.sub(r"\d", lambda digit: DIGITS[int(digit[0])], word) for word in words]
    return "grue" + "".join(word[:1].upper() + word[1:] for word in spelled)


def _value(text: str) -> str:
    """The figure, in text and in mathematics."""
    return re.sub(r"\$([^$]+)\$", r"\\ensuremath{\1}", escape(text))
