"""Provenance of results: the lines below tables and figures, and warnings about mixed versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..runs.results import Results

MAIN = ("grue", "python", "numpy", "torch", "scikit-learn", "xgboost")
"""Packages that come first in the long form; the others follow in alphabetical order."""

MAX_LISTED = 3
"""Largest number of versions or commits in the short form."""


def short_line(results: Results) -> str:
    """One line: version and commit of grue, seeds, and the commands that made the results."""
    return line_of(results.provenance, results.catalogue.seeds, results.catalogue.suite_seeds)


def line_of(provenance: Sequence[Mapping[str, Any]], seeds: Sequence[int], suite_seeds: Sequence[int] = ()) -> str:
    """The same from the distinct provenances, the seeds and the suite seeds."""
    versions = _versions(provenance).get("grue", [])
    commits = [commit[:12] for commit in _distinct(provenance, "commit")]
    commands = _distinct(provenance, "command")
    made = " ".join(["Made by grue", *([_few(versions)] if versions else [])])
    made += f", commit{'' if len(commits) == 1 else 's'} {_few(commits)}" if commits else ""
    more = len(commands) - 1
    others = [f"and {more} other command{'' if more == 1 else 's'}"] if more > 0 else []
    named = [_seeds(seeds, suite_seeds)] if seeds else []
    return "; ".join([made, *named, *commands[:1], *others])


def long_lines(results: Results) -> list[str]:
    """Full provenance: one line each for commands, imported answers, seeds, commits, versions and machines."""
    provenance = results.provenance
    versions = _versions(provenance)
    order = [*[name for name in MAIN if name in versions], *sorted(set(versions) - set(MAIN))]
    seeds = _seeds(results.catalogue.seeds, results.catalogue.suite_seeds)
    lines = [
        _all("Command", _distinct(results.provenance, "command")),
        _all("Imported answer", _distinct(results.provenance, "imported")),
        seeds[:1].upper() + seeds[1:],
        _all("Commit", _distinct(results.provenance, "commit")),
        "Versions: " + ", ".join(f"{name} {' and '.join(versions[name])}" for name in order) if order else "",
        _all("Machine", _distinct(results.provenance, "machine")),
        "Kernels: " + "; ".join(kernels) if (kernels := _distinct(results.provenance, "kernels")) else "",
        _all("Device", devices) if (devices := _devices(results.provenance)) not in ([], ["cpu"]) else "",
    ]
    return [line for line in lines if line]


def full_line(results: Results) -> str:
    """Full provenance in one line."""
    first, *others = long_lines(results)
    return "; ".join([first, *[line[:1].lower() + line[1:] for line in others]])


def warnings_of(results: Results) -> list[str]:
    """What is mixed in these results that should not be: versions, commits of grue, devices, kernels, machines.

    Commits are named where one has changes that were not committed; of others, versions in the keys say what differs.
    """
    mixed = {name: found for name, found in _versions(results.provenance).items() if len(found) > 1}
    lines = [f"mixed versions of {name}: {', '.join(found)}" for name, found in sorted(mixed.items())]
    commits, devices = _distinct(results.provenance, "commit"), _devices(results.provenance)
    if len(commits) > 1 and any(commit.endswith("+") for commit in commits):
        lines.append(f"mixed commits of grue: {', '.join(commit[:12] for commit in commits)}")
    machines = _plain(one.get("machine") for one in results.provenance if "imported" not in one)
    if len(devices) > 1:
        lines.append(f"mixed devices: {', '.join(devices)}")
    for library, found in _values(results.provenance, "kernels").items():
        if len(found) > 1:
            lines.append(
                f"mixed kernels of {library}: {', '.join(found)}; last digits of scores may differ (docs/results.md)"
            )
    if len(machines) > 1:
        lines.append(f"fit times are not comparable, because the machines differ: {'; '.join(machines)}")
    return lines


def _few(values: list[str]) -> str:
    """At most MAX_LISTED of the values, and the number of others."""
    if len(values) > MAX_LISTED:
        return f"{', '.join(values[:MAX_LISTED])} and {len(values) - MAX_LISTED} more"
    return " and ".join(filter(None, [", ".join(values[:-1]), values[-1]]))


def _all(what: str, values: list[str]) -> str:
    return f"{what}{'' if len(values) == 1 else 's'}: {'; '.join(values)}" if values else ""


def _versions(provenance: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """All versions of each package, in order of first appearance."""
    return _values(provenance, "versions")


def _values(provenance: Sequence[Mapping[str, Any]], field: str) -> dict[str, list[str]]:
    """All values of each name in a field that is a dict, in order of first appearance."""
    dicts = [value for one in provenance if isinstance(value := one.get(field), dict)]
    names = sorted({name for value in dicts for name in value})
    found = {name: _plain(value.get(name) for value in dicts) for name in names}
    return {name: values for name, values in found.items() if values}


def _distinct(provenance: Sequence[Mapping[str, Any]], field: str) -> list[str]:
    return _plain(one.get(field) for one in provenance)


def _devices(provenance: Sequence[dict[str, Any]]) -> list[str]:
    """The devices that learners were trained on; imported answers have none."""
    return _plain(one.get("resources", {}).get("device") for one in provenance if "imported" not in one)


def _plain(values: Iterable[Any]) -> list[str]:
    """Distinct values as text, in order; a dict is formatted as "name value, name value"."""
    texts = [
        ", ".join(f"{name} {item}" for name, item in value.items()) if isinstance(value, dict) else str(value)
        for value in values
        if value
    ]
    return list(dict.fromkeys(texts))


def _seeds(seeds: Sequence[int], suite_seeds: Sequence[int]) -> str:
    """The planned seeds as text, ascending, and the suite seed if it is not 0."""
    contiguous = seeds == list(range(seeds[0], seeds[-1] + 1)) if seeds else False
    named = f"{seeds[0]}-{seeds[-1]}" if contiguous and len(seeds) > 1 else ", ".join(map(str, seeds))
    suite = f" of suite seed {' and '.join(map(str, suite_seeds))}" if any(suite_seeds) else ""
    return f"seed{'' if len(seeds) == 1 else 's'} {named or 'none'}{suite}"
