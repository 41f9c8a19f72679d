r"""Text from elsewhere, such as names and error messages, in a form that any terminal shows as it stands.

A name may hold characters that do something instead of being shown: ESC begins a command to the terminal, a line break
forges a line of output, a bidirectional override reorders what follows, and a zero-width space makes two names look
alike. Each is replaced by its escape sequence in Python, "\x1b" for ESC, so that a reader sees that it is there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, TextIO

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, format characters, lone surrogates, separators of lines and of paragraphs."""


COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
"""The command for colour and weight of a terminal (SGR)."""


def printable(text: str, keep: str = "") -> str:
    r"""The text in one line, unseen characters as escape sequences: "a\nb" becomes "a\\nb".

    keep  unseen characters that are left as they are, such as "\n" for text of several lines
    """
    if text.isprintable():
        return text
    return "".join(_escaped(sign) if sign not in keep and is_unseen(sign) else sign for sign in text)


def printable_lines(text: str) -> str:
    """Text of several lines, such as a traceback: as `printable`, with its line breaks, and with spaces for tabs."""
    return printable(text.replace("\r\n", "\n").expandtabs(4), keep="\n")


def is_unseen(sign: str) -> bool:
    """Whether a character does something instead of being shown."""
    return unicodedata.category(sign) in UNSEEN


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


class PrintableStream:
    """A stream of text through which no command reaches the terminal: what is written is printable lines.

    The last place where text is made safe: what prints names or messages from elsewhere has done so before, since only
    there a line break of a name can be told from one of ours. On a terminal, colours pass (SGR).

    stream  the stream itself: for a display that moves the cursor, and prints only text of its own
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write printable text."""
        if not text.isprintable():
            parts = COLOUR.split(text) if self.stream.isatty() else [text]
            # Every second part is a colour.
            text = "".join(part if index % 2 else printable(part, "\n\t") for index, part in enumerate(parts))
        return self.stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts, without line breaks between them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def unfiltered(stream: Any) -> Any:
    """The stream under a PrintableStream; another stream as it is."""
    return stream.stream if isinstance(stream, PrintableStream) else stream
