"""Where code from outside the suite comes from: its source files and installed distributions, as part of a key.

Invariant: two origins are equal where the same code would run. Comments and formatting are no part of a file's digest;
a module that is imported by the user's own modules, directly or not, is.
"""

from __future__ import annotations

import ast
import hashlib
import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from ..engine.provenance import LIBRARIES

SUITE = __name__.partition(".")[0]
"""The package of the suite itself, whose versions are counted by hand."""

SHARED_FOLDERS = ("site-packages", "dist-packages")
"""Folders of installed distributions, as pip and Debian call them."""


@dataclass(frozen=True)
class Origin:
    """The code from outside the suite that a task or learner consists of; empty for the suite's own.

    modules        (name of a module in the user's own folders, digest of its parsed source), sorted
    distributions  (name of an installed distribution, its version), sorted
    """

    modules: tuple[tuple[str, str], ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.modules or self.distributions)

    @property
    def digest(self) -> str:
        """A short hash, "" where it is empty."""
        return hashlib.sha256(repr((self.modules, self.distributions)).encode()).hexdigest()[:16] if self else ""

    def document(self) -> dict[str, dict[str, str]]:
        """As plain JSON, for keys and plans."""
        return {"modules": dict(self.modules), "distributions": dict(self.distributions)}


OWN = Origin()
"""Of the suite's own tasks and learners."""


def origin_of(roots: Iterable[str]) -> Origin:
    """The origin of code that is reached through these modules, which have been imported.

    Followed are the import statements of every module outside the interpreter's folders and site-packages (an
    editable install is such a module). Of what is installed, name and version of the distribution count: of a root
    always, of what the user's own modules import unless it is one of LIBRARIES, which are provenance.
    """
    modules: dict[str, str] = {}
    distributions: dict[str, str] = {}
    roots = {root for root in roots if root}
    waiting = [(name, True) for root in sorted(roots) for name in _with_parents(root)]
    seen: set[str] = set()
    while waiting:
        name, is_root = waiting.pop()
        if name in seen or _is_known(name):
            continue
        seen.add(name)
        path, found = _locate(name)
        if path is None:
            if name in roots and not found:  # from a notebook, say: it can change unseen, so it never recurs
                modules[name] = os.urandom(8).hex()
        elif _is_installed(path):
            distributions |= _distributions(name.partition(".")[0], libraries=is_root)
        else:
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            modules[name], imports = _parsed(path.read_bytes(), package, path.suffix == ".py")
            waiting += [(part, False) for imported in imports for part in _with_parents(imported)]
    return Origin(tuple(sorted(modules.items())), tuple(sorted(distributions.items())))


def changed_since(origin: Origin) -> list[str]:
    """What differs in this process, now: names of modules whose source is another, and of distributions.

    A key holds what the client of a run has read. A worker on another machine may have another copy, and a file may
    have been edited since. Modules without a file, and the script of the process itself, are not compared.
    """
    changed: list[str] = []
    for name, digest in origin.modules:
        path, _ = _locate(name)
        if name != "__main__" and path is not None:
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            if _parsed(path.read_bytes(), package, path.suffix == ".py")[0] != digest:
                changed.append(name)
    for name, planned in origin.distributions:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "absent"
        if found != planned:
            changed.append(f"{name} ({found} instead of {planned})")
    return changed


def _with_parents(name: str) -> list[str]:
    """`a.b.c` -> a, a.b, a.b.c: to import a module is to execute the packages that it is in."""
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _is_known(name: str) -> bool:
    top = name.partition(".")[0]
    return top == SUITE or top in sys.stdlib_module_names


def _locate(name: str) -> tuple[Path | None, bool]:
    """A module's file, None without one; and whether there is such a module at all that needs no file.

    Nothing is imported: what is not loaded yet is looked up in its package's folders.
    """
    loaded = sys.modules.get(name)
    file = getattr(loaded, "__file__", None)
    if file is None and loaded is None:
        spec = _find(name)
        file = spec.origin if spec is not None and spec.has_location else None
        return (Path(file) if file else None), spec is not None
    namespace = file is None and hasattr(loaded, "__path__")
    return (Path(file) if file and Path(file).is_file() else None), namespace


def _find(name: str) -> Any:
    parent = name.rpartition(".")[0]
    where: Any = None
    if parent:
        package = sys.modules.get(parent) or _find(parent)
        where = getattr(package, "__path__", None) or getattr(package, "submodule_search_locations", None)
        if where is None:
            return None
    for finder in sys.meta_path:
        look = getattr(finder, "find_spec", None)
        spec = look(name, where) if look else None
        if spec is not None:
            return spec
    return None


@cache
def _interpreter_folders() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return tuple(Path(folder).resolve() for folder in (*folders, *site.getsitepackages(), site.getusersitepackages()))


@cache
def _is_installed(path: Path) -> bool:
    resolved = path.resolve()
    return any(part in SHARED_FOLDERS for part in resolved.parts) or any(
        resolved.is_relative_to(folder) for folder in _interpreter_folders()
    )


@lru_cache(maxsize=4096)
def _parsed(content: bytes, package: str, is_python: bool) -> tuple[str, tuple[str, ...]]:  # noqa: FBT001
    """The digest of a file's parsed source, and the modules that its import statements may name."""
    imports: tuple[str, ...] = ()
    if is_python:
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError):  # imported by a function that is never called, say
            pass
        else:
            content = ast.unparse(tree).encode("utf-8", "surrogatepass")
            imports = tuple(sorted(set(_imported(tree, package))))
    return hashlib.sha256(content).hexdigest()[:16], imports


def _imported(tree: ast.AST, package: str) -> Iterable[str]:
    """Names of modules; of `from a import b` both a and a.b, since b may be a module or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module:
                yield module
            prefix = f"{module}." if module else ""
            yield from (f"{prefix}{alias.name}" for alias in node.names if alias.name != "*")


@cache
def _owners() -> dict[str, list[str]]:
    """Top-level module -> the distributions that install it. To read what all of them hold takes a while."""
    return {top: sorted(set(names)) for top, names in packages_distributions().items()}


def _distributions(top: str, *, libraries: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _owners().get(top, []):
        if libraries or name.lower() not in LIBRARIES:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found
