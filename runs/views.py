"""Views of the input: `forest:view=tied,window=2` is a learner in another view than its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..learners.base import Learner
from ..learners.tied import Tied
from .errors import UsageError
from .schema import VIEWS

PARAMETERS = ("view", "window", "position")
"""The parameters that make a view; `window` and `position` belong to view=tied."""


def split_view(spec: str) -> tuple[str, dict[str, str]]:
    """Separate the parameters of the view from a spec: "knn:k=3,view=tied" -> ("knn:k=3", {"view": "tied"})."""
    head, _, tail = spec.rpartition(":")
    if "view=" not in tail:
        return spec, {}
    parts = [part for part in tail.split(",") if part]
    names = [name.strip() for name, _, _ in (part.partition("=") for part in parts)]
    if twice := [name for name in PARAMETERS if names.count(name) > 1]:
        raise UsageError(f"{spec!r}: {twice[0]} is given twice; expected each parameter once")
    view = {
        name.strip(): value.strip()
        for name, _, value in (part.partition("=") for part in parts)
        if name.strip() in PARAMETERS
    }
    rest = ",".join(part for part in parts if part.partition("=")[0].strip() not in PARAMETERS)
    return (f"{head}:{rest}" if rest else head), view


def with_view(learner: Learner, spec: str, view: Mapping[str, str]) -> Learner:
    """The learner in the view that `split_view` found in `spec`."""
    kind, options = view["view"], {name: value for name, value in view.items() if name != "view"}
    if kind not in VIEWS:
        raise UsageError(f"{spec!r}: view is {kind!r}; expected one of {', '.join(VIEWS)}")
    if kind == "untied":
        if options:
            raise UsageError(f"{spec!r}: {', '.join(options)} belongs to view=tied")
        try:
            return learner.untied()
        except ValueError as error:
            raise UsageError(f"{spec!r}: {error}") from error
    parsed: dict[str, Any] = {}
    try:
        if "window" in options:
            parsed["window"] = int(options["window"])
        if "position" in options:
            parsed["position"] = {"true": True, "false": False}[options["position"].lower()]
        return Tied(learner, **parsed)
    except (ValueError, KeyError):
        raise UsageError(
            f"{spec!r}: expected a whole number from 0 up for window and true or false for position"
        ) from None


def options_of(learner: Tied) -> dict[str, str]:
    """The parameters of a tied view as `split_view` finds them in a spec, without those at their defaults."""
    default = Tied(learner.base)
    options = {"position": str(learner.position).lower(), "window": str(learner.window)}
    unchanged = {name for name in options if getattr(learner, name) == getattr(default, name)}
    return {"view": "tied", **{name: value for name, value in options.items() if name not in unchanged}}


def already(learner: Learner, view: str) -> bool:
    """Whether a learner is in a view ("tied" or "untied", with options) without a parameter that says so.

    Learners that share weights across positions are tied as they are, and all others are untied.
    """
    kind = view.partition(",")[0]
    try:
        learner.untied()
    except ValueError:
        return kind == "untied"
    return kind == "tied"
