"""What values a learner's parameters may have: declared with the field, checked when a learner is made.

Example: `width: int = number(128, at_least=1)` in a learner makes `mlp:width=0` an error that says "width is 0;
expected a whole number from 1 up" before anything runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, Protocol

KEY = "parameter"
"""Where in a field's metadata its values are declared."""


class Values(Protocol):
    """The values that a parameter may have; str() of them is what an error expects."""

    def __contains__(self, value: object) -> bool: ...


@dataclass(frozen=True)
class Interval:
    """Finite numbers from `low` up, without `low` itself where it is `open`, to `high`."""

    whole: bool
    low: float
    high: float
    open: bool

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        number = float(value)
        return isfinite(number) and (self.low < number if self.open else self.low <= number) and number <= self.high

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f" above {self.low:g}" if self.open else f" from {self.low:g}"
        return kind + low + (f" to {self.high:g}" if self.high < inf else "" if self.open else " up")


@dataclass(frozen=True)
class Choice:
    """Some names."""

    names: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.names

    def __str__(self) -> str:
        names = ", ".join(self.names)
        return f"one of {names}" if len(self.names) > 1 else names


def number(default: float, *, at_least: float | None = None, above: float | None = None, at_most: float = inf) -> Any:
    """A field for a number: whole where the default is an int; finite, `at_least` or `above` a bound, and `at_most`."""
    low = at_least if above is None else above
    interval = Interval(isinstance(default, int), -inf if low is None else low, at_most, above is not None)
    return field(default=default, metadata={KEY: interval})


def choice(default: str, names: Sequence[str]) -> Any:
    """A field for one of some names."""
    return field(default=default, metadata={KEY: Choice(tuple(names))})


def check_parameters(learner: Any) -> None:
    """Raise ValueError for the first parameter whose value is not one that it may have."""
    for item in fields(learner):
        value = getattr(learner, item.name)
        if KEY in item.metadata and value not in item.metadata[KEY]:
            raise ValueError(f"{item.name} is {value!r}; expected {item.metadata[KEY]}")
