"""Results whose names can be shown: no character of a task, a learner or a message does anything but be seen.

Reports escape what they print for the format that they print. This is done before, for all formats: a name is then the
same in a table, in a figure and in an option of the command line, and two names that look alike are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from ..engine.printable import printable, printable_lines
from .catalogue import Catalogue
from .errors import UsageError
from .results import Results

KEYS = ("key", "keys", "settings")
"""Fields that hold keys and hashes: they are compared, and not shown whole."""


def shown(results: Results) -> Results:
    """The same results, unseen characters of all their text as escape sequences; keys of cells stay.

    Raises UsageError where two names would be the same.
    """
    if all(map(str.isprintable, _texts(results))):
        return results
    scores = results.scores
    texts = [name for name in ("task", "learner", "split", "metric", "status") if name in scores]
    return replace(
        results,
        scores=scores.assign(**{name: _column(scores, name) for name in texts}),
        catalogue=_catalogue(results.catalogue),
        failures=[_plain(failure) for failure in results.failures],
        provenance=[_plain(one) for one in results.provenance],
        answers={(key, printable(split)): answer for (key, split), answer in results.answers.items()},
        folders={printable(name): _catalogue(folder) for name, folder in results.folders.items()},
    )


def _texts(results: Results) -> Iterator[str]:
    """All text apart from that of the cells, whose names are those of the plan."""
    catalogue = results.catalogue
    yield from _strings([catalogue.learners.keys(), results.folders.keys(), results.failures, results.provenance])
    yield from _strings([{name: asdict(task)} for name, task in catalogue.tasks.items()])
    yield from _strings([asdict(learner) for learner in catalogue.learners.values()])
    yield from _strings([asdict(row) for row in catalogue.not_applicable])
    for pair in catalogue.by_pair:
        yield from pair
    for name in ("split", "metric", "status"):
        yield from _strings(results.scores[name].unique().tolist() if name in results.scores else [])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name not in KEYS:
                yield from (str(name), *_strings(one))
    elif not isinstance(value, int | float | None):
        for one in value:
            yield from _strings(one)


def _catalogue(catalogue: Catalogue) -> Catalogue:
    document = _plain({**catalogue.to_json(), "settings": {}})
    for name in ("tasks", "learners"):
        if len(document[name]) < len(getattr(catalogue, name)):
            raise UsageError(
                f"two of the {name} have names that differ only in how unseen characters are written; rename one of "
                "them in plan.json, or leave out its folder"
            )
    return replace(Catalogue.from_json(document), settings=catalogue.settings)


def _plain(value: Any, field: str = "") -> Any:
    if field in KEYS:
        return value
    if isinstance(value, str):
        return printable_lines(value) if field == "traceback" else printable(value)
    if isinstance(value, dict):
        return {printable(name): _plain(one, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _column(scores: pd.DataFrame, name: str) -> list[Any]:
    values = {value: printable(value) if isinstance(value, str) else value for value in scores[name].unique()}
    return [values.get(value, value) for value in scores[name]]
