"""Parameter validation: valid values are declared with the field and checked when a learner is constructed.

Example: `width: int = number(128, at_least=1)` in a learner makes `mlp:width=0` an error with the message "width is 0;
expected a whole number from 1 up" before anything runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, Protocol

KEY = "parameter"
"""Key of the valid values in a field's metadata."""


class Values(Protocol):
    """The valid values of a parameter; str() of them is used in error messages."""

    def __contains__(self, value: object) -> bool: ...


@dataclass(frozen=True)
class Interval:
    """Finite numbers from `low` to `high`; `low` itself is excluded if `open`, and `whole` allows integers only."""

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
    """A set of names."""

    names: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.names

    def __str__(self) -> str:
        names = ", ".join(self.names)
        return f"one of {names}" if len(self.names) > 1 else names


def number(default: float, *, at_least: float | None = None, above: float | None = None, at_most: float = inf) -> Any:
    """A numeric field: integer if the default is one; bounded by `at_least` or `above` (exclusive), and `at_most`."""
    low = at_least if above is None else above
    interval = Interval(isinstance(default, int), -inf if low is None else low, at_most, above is not None)
    return field(default=default, metadata={KEY: interval})


def choice(default: str, names: Sequence[str]) -> Any:
    """A field with one of several names."""
    return field(default=default, metadata={KEY: Choice(tuple(names))})


def check_parameters(learner: Any) -> None:
    """Raise ValueError for the first parameter with an invalid value."""
    for item in fields(learner):
        value = getattr(learner, item.name)
        if KEY in item.metadata and value not in item.metadata[KEY]:
            raise ValueError(f"{item.name} is {value!r}; expected {item.metadata[KEY]}")
