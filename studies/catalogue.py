"""The studies by name, with the question of each. A study is loaded when it is asked for: several load torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Study

STUDIES: dict[str, tuple[str, str]] = {}
"""Name -> module:class and the question, in the order in which they are listed."""


def make_study(name: str) -> Study:
    """The study of a name of STUDIES."""
    module, _, attribute = STUDIES[name][0].partition(":")
    return getattr(import_module(f".{module}", __package__), attribute)()
