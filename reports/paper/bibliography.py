"""BibTeX of what a result used: the suite, the literature behind its tasks and learners, and its statistics."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ...runs.results import Results
from ..escaping.latex import bibtex, commented
from ..names import base_and_variant

TITLE = "Grue: a benchmark suite that contrasts the inductive biases of learning algorithms"
AUTHOR = "{The grue developers}"
"""As in CITATION.cff."""

FOREIGN = {"sklearn": "pedregosa2011", "xgboost": "chen2016", "torch": "paszke2019"}
"""Package of an estimator `package.module:Class` -> what to cite for it."""


@cache
def references() -> dict[str, Any]:
    """The content of references.toml: entries, and which of them tasks, families, learners and statistics rest on."""
    return tomllib.loads((files(__package__ or __name__) / "references.toml").read_text(encoding="utf-8"))


def bibliography(results: Results) -> str:
    """BibTeX entries, each once, in the order of their keys after that of the suite; comments say what for.

    Tasks and learners for which no source is known are listed in a comment.
    """
    known = references()
    used: dict[str, list[str]] = {}
    unknown: list[str] = []
    for name, info in results.catalogue.tasks.items():
        keys = [*known["families"].get(info.family, ()), *known["tasks"].get(name.partition(":")[0], ())]
        _note(used, unknown, keys, f"task {name.partition(':')[0]}")
    for name in (*results.catalogue.of_kind("learner"), *results.catalogue.of_kind("control")):
        _note(used, unknown, _of_learner(name, known["learners"]), f"learner {base_and_variant(name)[0]}")
    for what, keys in known["statistics"].items():
        _note(used, unknown, keys, f"tests in tables of {what}" if what != "tables" else "tests in tables")
    lines = [*_suite(results)]
    for key in sorted(used):
        lines += [*_comment(f"{key}: {', '.join(dict.fromkeys(used[key]))}"), *_entry(key, known["entries"][key])]
    lines += _comment(f"without a source of their own: {', '.join(dict.fromkeys(unknown))}") if unknown else []
    return "\n".join([*lines, ""])


def _comment(text: str) -> list[str]:
    """BibTeX skips what is outside of entries, and takes any @ for the beginning of one."""
    return commented([text.replace("@", "(at)")])


def _note(used: dict[str, list[str]], unknown: list[str], keys: list[str], what: str) -> None:
    for key in keys:
        used.setdefault(key, []).append(what)
    if not keys:
        unknown.append(what)


def _of_learner(name: str, known: Mapping[str, list[str]]) -> list[str]:
    base = base_and_variant(name)[0]
    package = base.partition(".")[0] if ":" in base else ""
    return known.get(base, [FOREIGN[package]] if package in FOREIGN else [])


def _suite(results: Results) -> list[str]:
    versions = dict.fromkeys(one.get("versions", {}).get("grue") for one in results.provenance)
    commits = dict.fromkeys(str(one["commit"])[:12] for one in results.provenance if one.get("commit"))
    commit = f"commit {', '.join(commits)}" if commits else ""
    return _entry(
        "grue",
        {
            "type": "misc",
            "author": AUTHOR,
            "title": f"{{{TITLE}}}",
            "howpublished": "Software",
            "note": bibtex(", ".join(filter(None, [f"version {', '.join(filter(None, versions))}", commit]))),
        },
    )


def _entry(key: str, fields: Mapping[str, Any]) -> list[str]:
    body = [f"  {name} = {{{_text(value)}}}," for name, value in fields.items() if name != "type"]
    return [f"@{fields['type']}{{{key},", *body, "}", ""]


def _text(value: object) -> str:
    """A value of a field; an ampersand of a journal is escaped."""
    return str(value).replace(" & ", r" \& ")
