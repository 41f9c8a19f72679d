"""Parts of results: families of tasks, another split as the shift, learners, and display names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .catalogue import Catalogue, TaskInfo
from .errors import UsageError
from .results import Results


def of_families(results: Results, families: Collection[str]) -> Results:
    """The results on the tasks of some families. Raises UsageError for an unknown one."""
    known = dict.fromkeys(info.family for info in results.catalogue.tasks.values())
    for name in families:
        if name not in known:
            raise UsageError(_nearest(name, known, "family"))
    return results.of_tasks([f"family:{name}" for name in families])


def of_learners(results: Results, learners: Collection[str]) -> Results:
    """The results of some learners, controls or heuristics. Raises UsageError for an unknown one."""
    names = set(results.labels(learners))

    def part(one: Catalogue) -> Catalogue:
        return replace(
            one.only(lambda cell: cell.learner in names),
            learners={name: info for name, info in one.learners.items() if name in names},
            not_applicable=tuple(row for row in one.not_applicable if row.learner in names),
        )

    catalogue = part(results.catalogue)
    if not catalogue.cells:
        raise UsageError(f"nothing to report: {', '.join(learners)} was not planned on {', '.join(catalogue.tasks)}")
    return replace(
        results,
        scores=results.scores.loc[results.scores["learner"].isin(list(names))],
        catalogue=catalogue,
        failures=[failure for failure in results.failures if failure["learner"] in names],
        folders={name: part(folder) for name, folder in results.folders.items()},
    )


def with_split(results: Results, split: str) -> Results:
    """The results with another split in the place of the headline shift, on the tasks that have it.

    split  "ood": the headline shift of each task, as it is; "id": none, all tasks; else the name of a split. Exposure
           is left out, whose examples are of the headline shift

    Raises UsageError for a split that no task has.
    """
    if split == "ood":
        return results
    tasks = results.catalogue.tasks
    known = {one.name for info in tasks.values() for one in info.splits} - {"train", "train-exposed"}
    if split not in known | {"id"}:
        raise UsageError(_nearest(split, known | {"id", "ood"}, "split"))
    kept = {name: _led_by(info, split) for name, info in tasks.items()}
    kept = {name: info for name, info in kept.items() if split == "id" or info.headline}
    if len(kept) < len(tasks):
        results = results.of_tasks(kept)

    def part(one: Catalogue) -> Catalogue:
        held = {name: kept.get(name, info) for name, info in one.tasks.items()}
        return replace(one.only(lambda cell: cell.exposed == 0), tasks=held)

    return replace(
        results,
        catalogue=part(results.catalogue),
        folders={name: part(folder) for name, folder in results.folders.items()},
    )


def _led_by(info: TaskInfo, split: str) -> TaskInfo:
    """The task with this split as its headline; with none for "id"."""
    splits = (replace(one, headline=one.name == split and split != "id") for one in info.splits)
    return replace(info, splits=tuple(splits))


def display_names(results: Results, given: Sequence[str] = ()) -> dict[str, str]:
    """Label -> name to show: those of the presets, and those given as LABEL=NAME.

    A label may contain "=": the longest one of the results that fits is taken. Raises UsageError for a learner that is
    not in the results, and for a name that another learner has.
    """
    learners = results.catalogue.learners
    names = {label: info.display for label, info in learners.items() if info.display}
    for text in given:
        fitting = [label for label in learners if text.startswith(f"{label}=") and len(text) > len(label) + 1]
        if not fitting:
            label, equals, name = text.rpartition("=")
            if not equals or not label or not name.strip():
                raise UsageError(f"--name {text!r}: expected LEARNER=NAME, such as forest=RF")
            raise UsageError(f"--name {text!r}: {_nearest(label, learners, 'learner')}")
        label = max(fitting, key=len)
        names[label] = text[len(label) + 1 :]
    shown: dict[str, str] = {}
    for label in learners:
        name = names.get(label, label)
        if name in shown:
            raise UsageError(f"the name {name!r} would be that of both {shown[name]} and {label}; choose another one")
        shown[name] = label
    return names


def renamed(results: Results, names: Mapping[str, str]) -> Results:
    """The results with display names in place of labels, for tables and figures."""
    if not names:
        return results

    def of(label: str) -> str:
        return names.get(label, label)

    def part(one: Catalogue) -> Catalogue:
        return replace(
            one,
            learners={of(label): replace(info, label=info.label or label) for label, info in one.learners.items()},
            cells=tuple(replace(cell, learner=of(cell.learner)) for cell in one.cells),
            not_applicable=tuple(replace(row, learner=of(row.learner)) for row in one.not_applicable),
        )

    return replace(
        results,
        scores=results.scores.assign(learner=results.scores["learner"].map(of)),
        catalogue=part(results.catalogue),
        failures=[{**failure, "learner": of(failure["learner"])} for failure in results.failures],
        folders={name: part(folder) for name, folder in results.folders.items()},
    )


def _nearest(name: str, known: Collection[str], what: str) -> str:
    from .names import nearest  # noqa: PLC0415 -- it loads all tasks and learners

    return nearest(name, known, what)
