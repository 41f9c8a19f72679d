"""The parts of a learner's label."""

from __future__ import annotations

import re


def base_and_variant(name: str) -> tuple[str, str]:
    """Part `mlp:encoding=onehot` into mlp and encoding=onehot, `mlp@tuned` into mlp and tuned.

    The base of `module:attribute:width=64` is module:attribute; a learner that is no variant has the variant "".
    """
    found = re.fullmatch(r"([^:@]+(?::[^:@=]+)?)(?:[:@](.+))?", name, flags=re.DOTALL)
    return (found[1], found[2] or "") if found else (name, "")
