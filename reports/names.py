"""Parsing of the labels of learners."""

from __future__ import annotations

import re


def base_and_variant(name: str) -> tuple[str, str]:
    """Split a label into base and variant: `mlp:encoding=onehot` -> mlp, encoding=onehot; `mlp@tuned` -> mlp, tuned.

    The base of `module:attribute:width=64` is module:attribute. The variant of a base learner is "".
    """
    found = re.fullmatch(r"([^:@]+(?::[^:@=]+)?)(?:[:@](.+))?", name, flags=re.DOTALL)
    return (found[1], found[2] or "") if found else (name, "")
