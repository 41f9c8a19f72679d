"""Claims that were registered before their data: the file of claims, its digests, and the preset of its cells.

For example, the test `mean of learner gp - learner mlp above 0` of a claim is written as a table of `claims.toml`, with
the task, size and split of both. `grue run --preset claims` plans the cells that all tests name, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from .bundle import REFERENCE
from .catalogue import Catalogue
from .errors import UsageError

PRESET = "claims"
"""Name of the preset that is planned from the claims."""

ROOT = Path(__file__).parents[1]
FILE = "runs/claims/claims.toml"
"""The claims of the suite, as a path in the checkout."""

RESULTS = REFERENCE / "claims"
"""The cells that decide them, packed."""

Statistic = Literal["mean", "seeds", "orders", "slope", "extrapolation"]
Expectation = Literal["above", "below", "equal"]
Side = Literal["above", "below", "within"]

HALF = 0.5
"""Threshold of a share of seeds: more than half of them."""


@dataclass(frozen=True)
class Selection:
    """Cells of one or several (task, learner): which values a statistic is computed from.

    sizes    training sizes; of the statistic "orders", one for each task
    exposed  OOD examples in the training set
    split    name of a split; "ood": the headline shift of each task
    metric   "": the one that the task is ranked by
    """

    tasks: tuple[str, ...]
    learners: tuple[str, ...]
    sizes: tuple[int, ...]
    split: str
    exposed: int = 0
    metric: str = ""


@dataclass(frozen=True)
class ClaimTest:
    """One test of a claim.

    says       the test in words, such as "untied, no odd number in training"
    statistic  "mean" over seeds of `first`, or of `first` - `second`; "seeds": the share of seeds of which this is on
               `side` of `level`; "orders", "slope", "extrapolation": see analysis/claims.py
    expects    where the claim expects the statistic: above or below `threshold`, or "equal" to it within `margin`
    margin     of the test of equivalence; None: none is made
    condition  whether the claim can only be tested if this holds, and says nothing about it
    """

    says: str
    statistic: Statistic
    first: Selection
    second: Selection | None = None
    expects: Expectation = "above"
    threshold: float = 0.0
    margin: float | None = None
    level: float = 0.0
    side: Side = "above"
    condition: bool = False

    @property
    def selections(self) -> tuple[Selection, ...]:
        """What the test is computed from."""
        return (self.first,) if self.second is None else (self.first, self.second)


@dataclass(frozen=True)
class Claim:
    """A claim, which holds if all its tests do.

    source    who says it
    predicts  account -> what it predicts
    study     the study (`grue study`) that has to decide it; its tests are then empty
    digest    of everything in the file that bears on the claim: [run] too, unless a study decides it
    """

    name: str
    claim: str
    source: str
    predicts: Mapping[str, str]
    tests: tuple[ClaimTest, ...]
    study: str
    digest: str


@dataclass(frozen=True)
class Registration:
    """The claims of one file. run: suite seed, number of seeds, test size, timeout, budget and parameters."""

    run: Mapping[str, Any]
    claims: tuple[Claim, ...]

    @property
    def declared(self) -> int:
        """The number of tests, by which all p values are corrected."""
        return sum(len(claim.tests) for claim in self.claims)

    def preset(self) -> dict[str, Any]:
        """The fields of the preset that plans the cells of all tests: for each task, the learners and sizes named."""
        selections = [one for claim in self.claims for test in claim.tests for one in test.selections]
        grids: dict[str, dict[str, set[Any]]] = {}
        for one in selections:
            for task, sizes in _sizes(one):
                grid = grids.setdefault(task, {"learners": set(), "sizes": set(), "exposed": set()})
                grid["learners"].update(one.learners)
                grid["sizes"].update(sizes)
                grid["exposed"] |= {one.exposed} - {0}
        named = {task: {name: sorted(values) for name, values in grid.items()} for task, grid in grids.items()}
        shared = {
            "tasks": list(named),
            "learners": sorted({learner for grid in named.values() for learner in grid["learners"]}),
            "sizes": sorted({size for grid in named.values() for size in grid["sizes"]}),
        }
        return {**self.run, **shared, "grid": [{"tasks": [task], **grid} for task, grid in named.items()]}


def read_claims(path: Path | None = None) -> Registration:
    """The claims of a file; None: those of the suite. Raises UsageError for what a claim cannot have."""
    where = FILE if path is None else str(path)
    try:
        text = (files("grue.runs") / "claims" / "claims.toml" if path is None else path).read_text(encoding="utf-8")
        return parse_claims(text, where)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read {where}: {error}") from error


def parse_claims(text: str, where: str) -> Registration:
    """The claims of a text in TOML. Raises UsageError, and TOMLDecodeError where it is none."""
    document = tomllib.loads(text)
    _check(where, document, {"run": dict, "claim": list}, ("run", "claim"))
    run = document["run"]
    claims = tuple(_claim(where, raw, run) for raw in document["claim"])
    names = [claim.name for claim in claims]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"{where}: two claims are called {', '.join(sorted(repeated))}; expected different names")
    return Registration(run, claims)


@cache
def digests_at(commit: str) -> Mapping[str, str] | None:
    """Name of each claim of the suite at a commit -> its digest; None where the commit cannot be read here.

    A commit with "+" had changes that were not committed, which may be of the claims: None as well. A commit without
    claims, or whose claims this version cannot read, has none of these.
    """
    if not commit or commit.endswith("+") or _git("cat-file", "-e", f"{commit}^{{commit}}") is None:
        return None
    text = _git("show", f"{commit}:{FILE}") or ""
    try:
        return {claim.name: claim.digest for claim in parse_claims(text, f"{FILE} at {commit}").claims}
    except (UsageError, tomllib.TOMLDecodeError):
        return {}


def committed() -> str | None:
    """The commit that last changed the claims, "+" added where they have changed since; None outside a checkout."""
    commit = (_git("log", "-1", "--abbrev=10", "--format=%h", "--", FILE) or "").strip()
    changed = (_git("status", "--porcelain", "--", FILE) or "").strip()
    return f"{commit}+" if commit and changed else commit or None


def reasons_post_hoc(
    claim: Claim,
    run: Mapping[str, Any],
    catalogue: Catalogue,
    keys: Collection[str],
    seeds: int,
    commits: Collection[str],
) -> list[str]:
    """Why a verdict on a claim is post hoc; nothing for one on the cells that were registered.

    keys     of the cells of its tests, which are in the catalogue
    seeds    the smallest number of seeds of its tests
    commits  of the provenance of the cells; where none can be read, the text of the claim is not compared
    """
    cells = [catalogue.by_key[key] for key in keys]
    reasons = []
    if others := {cell.suite_seed for cell in cells} - {run["suite_seed"]}:
        reasons.append(f"suite seed {', '.join(map(str, sorted(others)))}, registered for {run['suite_seed']}")
    digests = {cell.settings: cell.learner for cell in cells}
    departed = [(label, catalogue.settings.get(digest, {})) for digest, label in digests.items()]
    if changed := sorted({label for label, settings in departed if not _as_registered(label, settings, run)}):
        reasons.append(f"other settings than registered: {', '.join(changed)}")
    if seeds < run["seeds"]:
        reasons.append(f"{seeds} of {run['seeds']} seeds")
    return reasons + written_after(claim, commits, "its cells were computed")


def written_after(claim: Claim, commits: Collection[str], event: str) -> list[str]:
    """Why a claim is no registration of what was done at some commits; nothing where it was the same at each of them.

    event  what was done, such as "its cells were computed"
    """
    known = [digests for commit in commits if (digests := digests_at(commit)) is not None]
    if any(claim.name not in digests for digests in known):
        return [f"the claim was added after {event}"]
    if any(digests[claim.name] != claim.digest for digests in known):
        return [f"the claim was changed after {event}"]
    return []


def _as_registered(label: str, settings: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Whether a pair has the test size, budget and parameters of [run]; what its label sets itself is not looked at."""
    parameters = settings.get("learner", {}).get("parameters", {})
    recipe = {**run.get("budget", {}), **run.get("parameters", {}).get(label.partition(":")[0], {})}
    same = all(
        parameters[name] == value for name, value in recipe.items() if name in parameters and f"{name}=" not in label
    )
    return same and settings.get("test_size") == run["test_size"]


def unchecked(commits: Collection[str]) -> list[str]:
    """The commits of cells whose version of the claims cannot be read here."""
    return [commit for commit in commits if digests_at(commit) is None]


def _sizes(one: Selection) -> list[tuple[str, tuple[int, ...]]]:
    """The sizes of each task: one each where several tasks are named."""
    if len(one.tasks) == 1:
        return [(one.tasks[0], one.sizes)]
    return [(task, (size,)) for task, size in zip(one.tasks, one.sizes, strict=True)]


_CLAIM = {"name": str, "claim": str, "source": str, "predicts": dict, "study": str, "test": list}
_TEST = {
    "says": str, "statistic": str, "first": dict, "second": dict, "expects": str, "threshold": float, "margin": float,
    "level": float, "side": str, "condition": bool,
}  # fmt: skip
_SELECTION = {"task": list, "learner": list, "size": list, "split": str, "exposed": int, "metric": str}


def _claim(where: str, raw: Mapping[str, Any], run: Mapping[str, Any]) -> Claim:
    where = f"{where}, claim {raw.get('name', '')!r}"
    _check(where, raw, _CLAIM, ("name", "claim", "source", "predicts"))
    if not raw["name"].replace("-", "").isalnum():
        raise UsageError(f"{where}: expected a name of letters, digits and hyphens, such as 'order-changes'")
    tests = tuple(_test(where, one) for one in raw.get("test", []))
    if bool(tests) == ("study" in raw):
        raise UsageError(f"{where}: expected either tests ([[claim.test]]) or the study that has to decide it")
    text = json.dumps({"run": run, "claim": raw} if tests else {"claim": raw}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Claim(raw["name"], raw["claim"], raw["source"], raw["predicts"], tests, raw.get("study", ""), digest)


def _test(where: str, raw: Mapping[str, Any]) -> ClaimTest:
    where = f"{where}, test {raw.get('says', '')!r}"
    _check(where, raw, _TEST, ("says", "statistic", "first"))
    for name, known in (("statistic", Statistic), ("expects", Expectation), ("side", Side)):
        if name in raw and raw[name] not in get_args(known):
            raise UsageError(f"{where}: {name} = {raw[name]!r}; expected one of {', '.join(get_args(known))}")
    default = {"threshold": HALF} if raw["statistic"] == "seeds" else {}
    rest = {name: value for name, value in raw.items() if name not in ("first", "second")}
    first = _selection(where, raw["first"])
    second = _selection(where, {**raw["first"], **raw["second"]}) if "second" in raw else None
    test = ClaimTest(first=first, second=second, **{**default, **rest})
    _check_test(where, test, "level" in raw)
    return test


def _check_test(where: str, test: ClaimTest, has_level: bool) -> None:  # noqa: FBT001
    """Raise UsageError for a test that its statistic cannot be computed for."""
    several = any(len(names) > 1 for one in test.selections for names in (one.tasks, one.learners))
    curve, orders = test.statistic in ("slope", "extrapolation"), test.statistic == "orders"
    wrong = ""
    if test.expects == "equal" and test.margin is None:
        wrong = 'expects = "equal" needs a margin'
    elif test.statistic == "seeds" and (test.margin is not None or test.expects == "equal"):
        wrong = "shares of seeds have no margin: equivalence is tested of means"
    elif has_level != (test.statistic == "seeds"):
        wrong = 'level belongs to statistic = "seeds", which needs it'
    elif orders and (test.second is None or any(len(one.learners) < 3 for one in test.selections)):  # noqa: PLR2004
        wrong = "orders are of three learners or more, first and second"
    elif orders and any(len(one.tasks) != len(one.sizes) for one in test.selections):
        wrong = "orders need a size for each task"
    elif curve and (test.second is not None or len(test.first.sizes) < 3):  # noqa: PLR2004
        wrong = f"{test.statistic} is of three sizes or more, and has no second"
    elif not orders and several:
        wrong = f"{test.statistic} is of one task and one learner"
    elif not orders and not curve and any(len(one.sizes) > 1 for one in test.selections):
        wrong = f"{test.statistic} is of one size"
    if wrong:
        raise UsageError(f"{where}: {wrong}")


def _selection(where: str, raw: Mapping[str, Any]) -> Selection:
    listed = {name: raw[name] if isinstance(raw[name], list) else [raw[name]] for name in raw}
    raw = {name: listed[name] if _SELECTION.get(name) is list else raw[name] for name in raw}
    _check(where, raw, _SELECTION, ("task", "learner", "size", "split"))
    tasks, learners, sizes = (tuple(raw[name]) for name in ("task", "learner", "size"))
    return Selection(tasks, learners, sizes, raw["split"], raw.get("exposed", 0), raw.get("metric", ""))


def _check(where: str, raw: Any, known: Mapping[str, type], required: Collection[str]) -> None:
    """Raise UsageError where a table has another field, lacks one, or holds another kind of value."""
    if not isinstance(raw, Mapping):
        raise UsageError(f"{where}: got {raw!r}; expected a table")
    for name, value in raw.items():
        if name not in known:
            from .names import nearest  # noqa: PLC0415 -- it loads all tasks and learners

            raise UsageError(f"{where}: {nearest(name, known, 'field')}")
        kind = (int, float) if known[name] is float else known[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and known[name] is not bool):
            raise UsageError(f"{where}: {name} = {value!r}; expected {known[name].__name__}")
    for name in required:
        if name not in raw:
            raise UsageError(f"{where}: the field {name!r} is required")


def _git(*arguments: str) -> str | None:
    """What git prints in the checkout; None without one, without git, or where it fails."""
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603 -- our own arguments
            ["git", "-C", str(ROOT), *arguments],  # noqa: S607
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
