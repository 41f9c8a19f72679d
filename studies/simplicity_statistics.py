"""Analysis of the study `simplicity`: which candidate a learner is nearest to, what it uses, and published figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..analysis.intervals import NORMAL, interval
from ..tasks.gotu import FUNCTIONS as TASKS
from .base import Findings, Published
from .claims import Claim, decide
from .columns import numbers, select
from .minimum_degree import CANDIDATES, candidates, minimum_degree, unseen
from .seed_means import SeedMean
from .slab_features import NETWORK, TESTS

FUNCTIONS = tuple(sorted(TASKS))
EXPECTED = {
    "mlp": "minimum degree",
    "transformer": "minimum degree",
    "kernel": "minimum degree",
    "forest": "greedy tree",
    "boosting": "greedy tree",
}
"""The candidate that a learner is expected to be nearest to."""

AGED = ("mlp", "transformer")
FITTED = 0.99
"""Least R^2 or area under the curve in distribution of a learner that is said to follow a rule."""

LINEAR = 0.99
"""R^2 of a line along a ray (Xu et al. 2021)."""

SHAH = "Shah et al. 2020"
ABBE = "Abbe et al. 2023"
XU = "Xu et al., ICLR 2021"
LMS = {"auc": 1.0, "auc_linear": 0.507, "auc_slabs": 1.0}
"""Published areas under the curve of LMS-5: as it is, linear coordinate randomised, slab coordinates randomised."""


def findings(rows: pd.DataFrame) -> Findings:
    """Tables, verdicts with Holm's correction over all of them, and the published figures."""
    parts = {part: select(rows, part=part) for part in ("slabs", "cube", "rays")}
    if any(part.empty or part["seed"].nunique() < 2 for part in parts.values()):  # noqa: PLR2004 -- no spread
        raise ValueError("a part of the study has fewer than 2 seeds; run all its jobs")
    slabs, cube, rays = parts.values()
    claims = _claims(slabs, cube, rays)
    decided = decide(claims)
    tables = {
        "Distances on the unseen part": _distances(cube),
        "Use of the coordinates": _use(slabs),
        "Along rays": _rays(rays),
    }
    return Findings(tables, tuple(decided), _published(slabs, rays))


def _claims(slabs: pd.DataFrame, cube: pd.DataFrame, rays: pd.DataFrame) -> list[Claim]:
    """The statements. One about a learner that does not fit is not decided: it chose no rule among those that fit."""
    found: list[Claim] = []

    def add(statement: str, by_seed: np.ndarray, detail: str, fit: np.ndarray) -> None:
        unfit = "" if fit.min() >= FITTED else f"does not fit: {fit.min():.3f} in distribution, expected {FITTED}"
        found.append(Claim(statement, SeedMean(by_seed, "simplicity"), "above", detail, open=unfit))

    for learner in slabs["learner"].unique():
        own = _of_seeds(slabs, learner)
        values = numbers(own, "auc_slabs") - numbers(own, "auc_linear")
        statement = f"slabs: {learner} uses the one linear coordinate more than the 49 with slabs"
        detail = f"AUC with the slabs randomised minus AUC with the linear coordinate randomised; n {own['n'].iloc[0]}"
        add(statement, values, detail, numbers(own, "auc"))
    largest = select(cube, n=cube["n"].max())
    for function in FUNCTIONS:
        for learner, candidate in EXPECTED.items():
            own = _of_seeds(select(largest, function=function, age=0), learner)
            others = np.min([numbers(own, one) for one in CANDIDATES if one != candidate], axis=0)
            statement = f"{function}: {learner} is nearer to the {_words(candidate)} than to any other candidate"
            detail = f"distance to the nearest other candidate minus that to it; n {own['n'].iloc[0]}"
            add(statement, others - numbers(own, candidate), detail, numbers(own, "fit"))
    for function in FUNCTIONS:
        both = select(largest, function=function)
        older = both.loc[both["age"] > 0]
        for learner in older["learner"].unique():
            young, old = _of_seeds(select(both, age=0), learner), _of_seeds(older, learner)
            values = numbers(young, "minimum degree") - numbers(old, "minimum degree")
            statement = f"{function}: training on after the fit brings the {learner} nearer to the minimum degree"
            detail = f"decrease of the distance in {old['age'].iloc[0]:.0f} steps; n {old['n'].iloc[0]}"
            add(statement, values, detail, numbers(old, "fit"))
    for target in rays["target"].unique():
        own = _of_seeds(select(rays, target=target), "mlp")
        statement = f"rays: outside of its training box the mlp of a {target} function is linear"
        detail = "R^2 of a line along a ray, mean over rays"
        found.append(Claim(statement, SeedMean(numbers(own, "linearity"), "simplicity"), "above", detail, LINEAR))
    return found


def _of_seeds(rows: pd.DataFrame, learner: str) -> pd.DataFrame:
    """The rows of a learner in the order of seeds."""
    own = select(rows, learner=learner).sort_values("seed")
    if own.empty or own["seed"].duplicated().any():
        raise ValueError(f"{len(own)} rows of {learner} for {own['seed'].nunique()} seeds; expected one for each")
    return own


def _words(candidate: str) -> str:
    return {"minimum degree": "minimum-degree interpolator"}.get(candidate, candidate)


def _distances(cube: pd.DataFrame) -> pd.DataFrame:
    """Distance of the predictions on the unseen part to each candidate, 1 being that from truth to minimum degree."""
    found = []
    kinds = cube.drop_duplicates(["function", "learner", "n", "age"]).sort_values("function", kind="stable")
    kinds = kinds.loc[:, ["function", "learner", "n", "age"]]
    for function, learner, n, age in kinds.itertuples(index=False):
        group = select(cube, function=function, learner=learner, n=n, age=age)
        means = {name: interval(numbers(group, name)) for name in (*CANDIDATES, "position")}
        row = {
            "Learner": learner,
            "Function": function,
            "n": int(n),
            "Age": int(age),
            "Fit": numbers(group, "fit").min(),
        }
        for name, one in means.items():
            row |= {name: one.mean, f"{name} ±": one.half_width}
        nearest = CANDIDATES[int(np.argmin([means[name].mean for name in CANDIDATES]))]
        found.append({**row, "Nearest": nearest, "Seeds": len(group)})
    return pd.DataFrame(found)


def _use(slabs: pd.DataFrame) -> pd.DataFrame:
    """Areas under the curve, means over seeds, with half a 95 % interval."""
    found = []
    for learner in slabs["learner"].unique():
        own = _of_seeds(slabs, learner)
        row = {"Learner": learner, "n": own["n"].iloc[0], "Seeds": len(own)}
        for name, words in (("auc", "AUC"), ("auc_linear", "linear randomised"), ("auc_slabs", "slabs randomised")):
            one = interval(numbers(own, name))
            row |= {words: one.mean, f"{words} ±": one.half_width}
        found.append(row)
    return pd.DataFrame(found)


def _rays(rays: pd.DataFrame) -> pd.DataFrame:
    """What is measured along rays, means over seeds but for the largest distance to the range of the targets."""
    found = []
    for learner, target in rays[["learner", "target"]].drop_duplicates().itertuples(index=False):
        group = select(rays, learner=learner, target=target)
        row = {"Learner": learner, "Target": target, "Fit": numbers(group, "fit").mean()}
        row |= {"R^2 of a line": numbers(group, "linearity").mean(), "rays above .99": numbers(group, "linear").mean()}
        found.append({**row, "outside the range": numbers(group, "outside").max()})
    return pd.DataFrame(found)


def _published(slabs: pd.DataFrame, rays: pd.DataFrame) -> tuple[Published, ...]:
    own = _of_seeds(slabs, NETWORK)
    words = {"auc": "", "auc_linear": ", linear coordinate randomised", "auc_slabs": ", all slabs randomised"}
    found = [lms_row(f"LMS-5: AUC{words[name]}", value, numbers(own, name)) for name, value in LMS.items()]
    for function, published in (("f2", -3.0), ("f1", 19.25)):
        known = candidates(function, unseen(function))
        degree, _ = minimum_degree(function)
        if function == "f2":
            figure, ours = f"minimum-degree interpolator of {function}: its prediction on the unseen part", known
            value, spread = float(ours["minimum degree"].mean()), float(np.ptp(ours["minimum degree"]))
        else:
            figure = f"minimum-degree interpolator of {function}: mean squared error on the unseen part"
            value, spread = float(np.square(known["minimum degree"] - known["truth"]).mean()), 0.0
        agrees = abs(value - published) + spread < 1e-9  # noqa: PLR2004 -- rounding: the figure is exact
        found.append(
            Published(
                figure,
                ABBE,
                f"{published:g}",
                f"{value:.6g}, degree {degree}",
                agrees,
                "by least squares on all seen points; which learner follows it is for the verdicts to say",
            )
        )
    lines = [
        interval(numbers(_of_seeds(select(rays, target=target), "mlp"), "linearity"))
        for target in rays["target"].unique()
    ]
    low, worst = min(one.mean - one.half_width for one in lines), min(one.mean for one in lines)
    outside = numbers(select(rays, learner="forest"), "outside")
    found += [
        Published(
            "ReLU networks outside of the training range: R^2 of a line along a ray",
            XU,
            "above .99",
            f"at least {worst:.4f} (lower end of its interval {low:.4f})",
            bool(low > LINEAR),
            "by the recipe of the suite: the statement is about ReLU networks in general",
        ),
        Published(
            "forest: predictions stay between the smallest and the largest training target",
            "a property of averages of training targets",
            "always",
            f"largest distance to that range {outside.max():g}, {len(outside)} fits",
            bool(outside.max() == 0),
        ),
    ]
    return tuple(found)


def lms_row(figure: str, published: float, values: Sequence[float] | np.ndarray) -> Published:
    """The row of an area under the curve of LMS-5, (seeds,): within the combined sampling error and half a digit.

    No size of the test of the source was at hand; the error of its one network is taken to be that of TESTS inputs.
    """
    sampled = published * (1 - published) * 4 / (3 * TESTS)  # variance of an AUC of 1/2 of two equal classes; 0 at 1
    one = interval(np.asarray(values))
    error = NORMAL * float(np.sqrt(sampled + (one.half_width / NORMAL) ** 2))
    agrees = abs(one.mean - published) <= error + 0.0005
    note = f"recipe of the source, {one.seeds} seeds; its sampling error is taken to be that of {TESTS:,} test inputs"
    return Published(figure, SHAH, f"{published:.3f}", f"{one.mean:.4f} ± {one.half_width:.4f}", agrees, note)
