"""Text in Markdown (CommonMark and GitHub's extensions): shown as it is, never as a link, as HTML or as a heading."""

from __future__ import annotations

import re

from ...engine.printable import printable

INLINE = re.compile(
    r"""
      [\\`*|~$]                       # escapes, code, emphasis, cells, strikethrough, mathematics
    | (?<![^\W_])_ | _(?![^\W_])      # an underscore within a word is not special
    | <(?![\d.=\ ]|$)                 # HTML and <links>; not "<0.001"
    | &(?=\#?\w+;)                    # entities
    | \](?=[(\[:])                    # [text](link), [text][reference], [reference]: link
    | :(?=//) | (?<=mailto): | (?<=xmpp):# links without brackets
    | (?<=www)\.
    | @(?=[\w-]+\.)
    | (?<!\S)\#                       # a closing sequence of a heading
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What is special wherever it stands."""

START = re.compile(r"^(?:[-+=>:\[]|(\d{1,9})(?=[.)]))")
"""What is special at the beginning of a line: lists, underlines of headings, quotations, definitions of links."""


def markdown(text: str) -> str:
    """Text within a line, such as the cell of a table."""
    return INLINE.sub(r"\\\g<0>", printable(text).strip())


def markdown_line(text: str) -> str:
    """Text that may stand at the beginning of a line."""
    return START.sub(lambda found: f"{found[1]}\\" if found[1] else f"\\{found[0]}", markdown(text))


def code_span(text: str) -> str:
    """Text as code, also in the cell of a table, where the parser of tables sees a bar before that of code does."""
    shown = printable(text).replace("|", r"\|")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    space = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) or not shown else ""
    return f"{fence}{space}{shown}{space}{fence}"


def comment(text: str) -> str:
    """Text as a comment of HTML, which Markdown has as well: no two hyphens follow each other in it."""
    return f"<!-- {re.sub('-(?=-)', '- ', printable(text))} -->"
