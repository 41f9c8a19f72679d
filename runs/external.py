"""Code from outside the suite: how it is named, what of it may be called, and what takes part in a task or learner."""

from __future__ import annotations

import inspect
import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..learners.base import Learner
from ..learners.estimator import Estimator, gives_estimator, returned
from ..learners.global_generators import seeded_globally
from ..learners.prototype import Prototype
from ..learners.tuned import Tuned


def is_path(spec: str) -> bool:
    """Whether a spec is module:attribute[:parameters], and not name[:parameters]: then it chooses what is imported.

    Also if the parameters of a view follow a comma (runs/views.py): `module:attribute,view=tied`.
    """
    tail = spec.partition(":")[2]
    return bool(tail) and "=" not in re.split("[:,]", tail, maxsplit=1)[0]


def is_external(instance: Any) -> bool:
    """Whether code from outside the suite takes part in a task or learner; that may change anything in its process."""
    own = type(instance).__module__.partition(".")[0] == __name__.partition(".")[0]
    return not own or isinstance(instance, Estimator) or (isinstance(instance, Tuned) and is_external(instance.base))


def seeded(instance: Any, seed: int) -> AbstractContextManager[None]:
    """What fit and predict of a learner run in: of code from outside, the global random generators are seeded there."""
    return seeded_globally(seed) if is_external(instance) else nullcontext()


def modules_of(instance: Any) -> list[str]:
    """The modules that a task or learner comes from: of an adopted estimator, and of what is tuned, those."""
    if isinstance(instance, Tuned):
        return modules_of(instance.base)
    if not isinstance(instance, Estimator):
        return [type(instance).__module__]
    made = instance.estimator
    return sorted(made.modules) if isinstance(made, Prototype) else [made.partition(":")[0]]


def refusal(found: Any, base: type) -> str | None:
    """Why what was found at module:attribute is not called to make a task or learner; None if it may be.

    Accepted are an instance or a class of `base`, an estimator or a class of estimators (of a learner), and a function
    whose return annotation says that it gives one of these. To call anything else could do anything.
    """
    if isinstance(found, base) or (base is Learner and gives_estimator(found)):
        return None
    made = found if inspect.isclass(found) else returned(found)
    if made is not None and issubclass(made, base):
        return None
    expected = "a grue Learner or an estimator (fit and predict)" if base is Learner else f"a grue {base.__name__}"
    if inspect.isroutine(found):
        annotation = getattr(found, "__annotations__", {}).get("return")
        if annotation is None:
            return f"has no return annotation; expected, for example, `def {found.__name__}() -> {base.__name__}:`"
        return f"has the return annotation {annotation!r}; expected {expected}, as a class that its module imports"
    what = f"the class {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"
    return f"is {what}; expected {expected}, or a function whose return annotation is such a class"
