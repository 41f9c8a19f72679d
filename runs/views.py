"""Views of the input: `forest:view=tied,window=2` is a learner in another view than its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..learners.base import Learner
from ..learners.tied import Tied
from .errors import UsageError

VIEWS = ("tied", "untied")
PARAMETERS = ("view", "window", "position")
"""The parameters that make a view; `window` and `position` belong to view=tied."""


def split_view(spec: str) -> tuple[str, dict[str, str]]:
    """Separate the parameters of the view from a spec: "knn:k=3,view=tied" -> ("knn:k=3", {"view": "tied"})."""
    head, _, tail = spec.rpartition(":")
    if "view=" not in tail:
        return spec, {}
    parts = [part for part in tail.split(",") if part]
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
