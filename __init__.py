"""Grue: a benchmark suite that contrasts the inductive biases of learning algorithms.

The public names are imported when they are first used (PEP 562), so that `import grue` is quick and loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .learners.base import Learner, Predictor, Problem, Spec
    from .reports.pairs import compare_learners
    from .runs.reading import load
    from .runs.run import run
    from .tasks.base import Examples, Split, Task
    from .tasks.spaces import Space

__version__ = "0.1.0"

__all__ = [
    "Examples",
    "Learner",
    "Predictor",
    "Problem",
    "Space",
    "Spec",
    "Split",
    "Task",
    "compare_learners",
    "load",
    "run",
]

_HOMES = {
    "Examples": ".tasks.base",
    "Learner": ".learners.base",
    "Predictor": ".learners.base",
    "Problem": ".learners.base",
    "Space": ".tasks.spaces",
    "Spec": ".learners.base",
    "Split": ".tasks.base",
    "Task": ".tasks.base",
    "compare_learners": ".reports.pairs",
    "load": ".runs.reading",
    "run": ".runs.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; public are {', '.join(__all__)}")
    from importlib import import_module  # noqa: PLC0415 -- nothing is loaded before a name is used

    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value  # found directly the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
