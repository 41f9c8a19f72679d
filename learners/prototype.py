"""Estimator objects and classes given in Python, converted to a form that can be part of a result's key."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from typing import Any

import numpy as np

PLAIN = (bool, int, float, str, type(None))


class Prototype:
    """An estimator object, cloned for every fit; two prototypes are equal if their classes and parameters are.

    document  the class and all parameters as plain JSON, including those of nested estimators
    modules   the modules that define its classes and functions
    """

    def __init__(self, estimator: Any) -> None:
        from sklearn.base import clone  # noqa: PLC0415

        self.modules: set[str] = set()
        self._paths: list[str] = []
        self.document = self._describe(estimator)
        self.estimator: Any = clone(estimator)
        self._text = json.dumps(self.document, sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prototype) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        """The classes in it and a short hash, such as Pipeline(StandardScaler, Ridge)-745a34."""
        outer, *inner = [path.rpartition(":")[2] for path in self._paths]
        within = f"({', '.join(inner)})" if inner else ""
        return f"{outer}{within}-{hashlib.sha256(self._text.encode()).hexdigest()[:6]}"

    def _describe(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, list | tuple):
            return [self._describe(item) for item in value]
        if isinstance(value, dict):
            return {"items": [[self._describe(key), self._describe(item)] for key, item in value.items()]}
        if isinstance(value, np.ndarray) and value.dtype != object:
            content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return {"array": str(value.dtype), "shape": list(value.shape), "sha256": content}
        if inspect.isclass(value) or inspect.isroutine(value):
            self.modules.add(getattr(value, "__module__", None) or "")
            self._paths.append(public_path(value))
            return self._paths[-1]
        get_params: Any = getattr(value, "get_params", None)
        if get_params is not None:
            kind = self._describe(type(value))
            parameters = {name: self._describe(item) for name, item in get_params(deep=False).items()}
            return {"class": kind, "parameters": parameters}
        raise TypeError(
            f"a parameter is {repr(value)[:100]}, which cannot be recorded; expected numbers, texts, arrays, classes, "
            "functions and estimators (or name the estimator as module:attribute)"
        )


def public_path(found: Any) -> str:
    """A class or function as module:attribute, in the outermost package that exports it.

    Raises TypeError if no module has it under its name, for example because it was defined within a function.
    """
    name, parts = getattr(found, "__qualname__", ""), (getattr(found, "__module__", None) or "").split(".")
    for end in range(1, len(parts) + 1):
        module = ".".join(parts[:end])
        held: Any = sys.modules.get(module)
        for attribute in name.split("."):
            held = getattr(held, attribute, None)
        if held is found:
            return f"{module}:{name}"
    raise TypeError(f"{name or found} cannot be imported from a module; define it at the top level of a module")


def plain_changes(estimator: Any) -> dict[str, Any] | None:
    """The parameters that differ from the defaults of its class, if all of them are plain values; else None."""
    if not hasattr(estimator, "get_params"):
        return None
    defaults = {name: item.default for name, item in inspect.signature(type(estimator)).parameters.items()}
    changed = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in defaults or not (value is defaults[name] or _equal_plain(value, defaults[name]))
    }
    return changed if all(name in defaults and isinstance(value, PLAIN) for name, value in changed.items()) else None


def _equal_plain(value: Any, default: Any) -> bool:
    return isinstance(value, PLAIN) and type(value) is type(default) and value == default
