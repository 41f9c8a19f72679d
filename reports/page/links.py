"""Names of the files of tasks and learners, whose labels may hold any character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

LONGEST = 60
"""Characters of a label that the name of its file keeps."""


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """Label -> a name of lower-case letters, digits and hyphens, which differs for each label.

    A label that is not such a name itself has its checksum at the end; two labels with one checksum are numbered.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        plain = re.sub("[^a-z0-9]+", "-", label.lower())[:LONGEST].strip("-")
        name = plain if plain and plain == label else f"{plain or 'name'}-{crc32(label.encode()):08x}"
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate)
        found[label] = candidate
    return found
