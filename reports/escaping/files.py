"""Names of files of tasks and learners, whose labels may hold any character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

LONGEST = 60
"""Characters of a label that the name of its file keeps, where it is not kept as it is."""

LONGEST_PLAIN = 150
"""Longest name of a figure that is kept as it is: a file system allows 255 bytes, with an ending."""

PORTS = (f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789")

RESERVED = frozenset({"con", "prn", "aux", "nul", *PORTS})
"""Names of devices, which Windows takes for no file, whatever their ending is."""


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Label -> a name of lower-case letters, digits and hyphens, which differs for each label.

    A label that is not such a name itself has its checksum at the end; two labels with one checksum are numbered.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        plain = re.sub("[^a-z0-9]+", "-", label.lower())[:LONGEST].strip("-")
        name = plain if plain and plain == label and plain not in RESERVED else f"{plain or 'name'}-{_checksum(label)}"
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate)
        found[label] = candidate
    return found


def figure_file(label: str) -> str:
    """The name of the file of a figure, without its ending, which may be named like a task.

    Colons and slashes become hyphens: maze-graph:length=5 is maze-graph-length=5. A label that is no name of a file
    then is treated as those of `file_names` are.
    """
    plain = re.sub("[:/]", "-", label)
    fits = (
        re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_=,.+-]*", plain)
        and len(plain) <= LONGEST_PLAIN
        and not plain.endswith(".")
    )
    if fits and plain.partition(".")[0].lower() not in RESERVED:
        return plain
    (name,) = file_names([label]).values()
    return name


def _checksum(label: str) -> str:
    return f"{crc32(label.encode(errors='surrogatepass')):08x}"
