"""Analysis of the study `equivariance`: tables, and whether training approaches or keeps the convolutional solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from ..analysis.intervals import interval, wilson
from ..analysis.paired import MARGIN, SIGNIFICANCE, Difference, holm, paired
from ..analysis.paired import verdict as paired_verdict
from .base import Decision, Findings, Published, Verdict

MEASURES = (
    ("identity-bits", "all positions"),
    ("identity-bits", "frozen position"),
    ("translation", "within the left half"),
    ("translation", "to the right half"),
)
"""What is tested, by task. Tables show the free positions of identity-bits as well."""

UNSEEN = (("identity-bits", "frozen position"), ("translation", "to the right half"))
"""Those of which all training examples are at one position: the last bit is always 0, no digit is on the right."""

CLAIM = "The error of a trained MLP under shifts does not fall with n where all examples are at one position"
"""What `convolution-distance` of runs/claims/claims.toml predicts. A change below MARGIN counts as none."""

EVERYWHERE = "The error of a trained MLP under shifts does not fall with n, positions that vary in training included"

COLUMNS = ("task", "learner", "n", "age", "seed", "optimizer", "margin", "measure", "error", "distance", "accuracy",
           "train", "steps", "status")  # fmt: skip

Decide = Callable[[str, float], Decision]
"""From the verdict of a paired comparison and its mean to what it says about a statement."""

Contrast = tuple[str, str, Difference]
"""A statement, the pair of which the difference is taken, and the difference."""


def analyse(rows: pd.DataFrame) -> Findings:
    """Tables and verdicts of the study; raises ValueError where a column is missing or there are no rows."""
    missing = [name for name in COLUMNS if name not in rows]
    if rows.empty or missing:
        what = "no rows" if rows.empty else f"rows without {', '.join(missing)}"
        raise ValueError(f"{what}; expected the rows of the jobs of equivariance")
    at_random = rows["optimizer"].to_numpy() == ""
    trained, started = rows.loc[at_random], rows.loc[~at_random]
    trends = _decided(_trends(trained), _does_not_fall)
    verdicts = (
        *_conjunctions(trends),
        *trends,
        *_decided(_learners(trained), _larger),
        *_kept(started),
        *_decided(_ages(trained), _unchanged),
    )
    tables = {"Error under shifts": _table(trained, ["task", "measure", "learner", "n", "age"])}
    if len(started):
        tables["Initialised at the solution"] = _table(started, ["measure", "optimizer", "margin", "n"])
    return Findings(tables, verdicts, _published(trained))


def _table(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Means of the seeds that fitted, ± half a 95 % t interval; nan where none did."""
    found: list[dict[str, object]] = []
    for values, group in rows.groupby(keys, sort=False):
        fitted = _select(group, status="ok")
        error, distance = (interval(fitted[name].to_numpy(float)) for name in ("error", "distance"))
        found.append(
            {
                **dict(zip(keys, values if isinstance(values, tuple) else (values,), strict=True)),
                "error": error.mean,
                "± error": error.half_width,
                "distance of probabilities": distance.mean,
                "± distance": distance.half_width,
                "accuracy on shifted inputs": interval(fitted["accuracy"].to_numpy(float)).mean,
                "seeds that fitted": len(fitted),
                "seeds": len(group),
            }
        )
    return pd.DataFrame(found)


def _trends(rows: pd.DataFrame) -> list[Contrast]:
    """The MLP that stops when it fits: error at the largest n minus error at the smallest."""
    found: list[Contrast] = []
    for task, measure in MEASURES:
        cells = _pivot(rows, task, measure, "mlp", "n", age=0)
        if cells.shape[1] > 1:
            small, large = min(cells), max(cells)
            statement = f"The error of a trained MLP under shifts does not fall with n: {task}, {measure}"
            pair = f"n = {large} minus n = {small}"
            found.append((statement, pair, paired(cells[large].to_numpy(), cells[small].to_numpy())))
    return found


def _learners(rows: pd.DataFrame) -> list[Contrast]:
    """The MLP minus a CNN at the largest n of both."""
    found: list[Contrast] = []
    for task, measure in MEASURES:
        mlp = _pivot(rows, task, measure, "mlp", "n", age=0)
        for other in ("cnn", "cnn:view=untied"):
            cnn = _pivot(rows, task, measure, other, "n", age=0)
            if shared := sorted(set(mlp) & set(cnn)):
                n = shared[-1]
                both = pd.concat([mlp[n], cnn[n]], axis=1)
                statement = f"The error of an MLP under shifts is larger than that of {other}: {task}, {measure}"
                pair = f"mlp minus {other}, n = {n}"
                found.append((statement, pair, paired(both.iloc[:, 0].to_numpy(), both.iloc[:, 1].to_numpy())))
    return found


def _ages(rows: pd.DataFrame) -> list[Contrast]:
    """The largest age minus none, at the largest n that has both."""
    found: list[Contrast] = []
    for task, measure in MEASURES:
        for learner in ("mlp", "cnn", "cnn:view=untied"):
            cells = _select(rows, task=task, learner=learner)
            sizes = cells["n"].to_numpy()[cells["age"].to_numpy() > 0]
            if not len(sizes):
                continue
            n = int(sizes.max())
            cells = _pivot(_select(rows, n=n), task, measure, learner, "age")
            if cells.shape[1] > 1:
                age = max(cells)
                statement = f"{age} steps after the fit do not change the error of {learner}: {task}, {measure}"
                pair = f"age {age} minus age {min(cells)}, n = {n}"
                found.append((statement, pair, paired(cells[age].to_numpy(), cells[min(cells)].to_numpy())))
    return found


def _pivot(
    rows: pd.DataFrame, task: str, measure: str, learner: str, column: str, age: int | None = None
) -> pd.DataFrame:
    """Errors by seed and by a column; nan where a learner did not fit."""
    chosen = _select(rows, task=task, measure=measure, learner=learner, **({} if age is None else {"age": age}))
    error = np.where(chosen["status"].to_numpy() == "ok", chosen["error"].to_numpy(float), np.nan)
    return chosen.assign(error=error).pivot(index="seed", columns=column, values="error")


def _select(rows: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows with these values in these columns."""
    chosen = np.ones(len(rows), bool)
    for name, value in values.items():
        chosen &= rows[name].to_numpy() == value
    return rows.loc[chosen]


def _decided(contrasts: Sequence[Contrast], decide: Decide) -> list[Verdict]:
    """Verdicts on a family of contrasts, with Holm's correction over all of them."""
    p = holm([one.p for *_, one in contrasts], len(contrasts))
    same = holm([one.equivalence_p for *_, one in contrasts], len(contrasts))
    found: list[Verdict] = []
    for (statement, pair, one), corrected, equivalence in zip(contrasts, p.tolist(), same.tolist(), strict=True):
        outcome = paired_verdict(corrected, equivalence, covers=one.covers)
        detail = (
            f"{pair}, paired over {one.seeds} seeds that fitted: p = {corrected:.2g}, p of a difference of {MARGIN} or "
            f"more = {equivalence:.2g}{'' if one.covers else ' (not used: scores near a bound, or bimodal)'}, both "
            f"corrected for {len(contrasts)} contrasts (Holm)"
        )
        low, high = one.mean - one.half_width, one.mean + one.half_width
        found.append(Verdict(statement, decide(outcome, one.mean), one.mean, low, high, detail))
    return found


def _does_not_fall(outcome: str, mean: float) -> Decision:
    if outcome == "not decided":
        return "not decided"
    return "contradicted" if outcome == "different" and mean < 0 else "supported"


def _larger(outcome: str, mean: float) -> Decision:
    if outcome == "different":
        return "supported" if mean > 0 else "contradicted"
    return "equivalent" if outcome == "equivalent" else "not decided"


def _unchanged(outcome: str, mean: float) -> Decision:  # noqa: ARG001 -- a change in either direction is one
    if outcome == "different":
        return "contradicted"
    return "equivalent" if outcome == "equivalent" else "not decided"


def _conjunctions(trends: Sequence[Verdict]) -> list[Verdict]:
    """The measures of unseen positions together, which decide the claim, and all measures together.

    One that falls contradicts such a statement, and none may be open for it to be supported. The estimate is that of
    the measure that falls most.
    """
    found: list[Verdict] = []
    for statement, measures, claim in ((CLAIM, UNSEEN, "convolution-distance"), (EVERYWHERE, MEASURES, "")):
        names = {f"{task}, {measure}" for task, measure in measures}
        parts = [one for one in trends if one.statement.partition(": ")[2] in names]
        if not parts:
            continue
        decisions = {one.decision for one in parts}
        decision: Decision = "not decided"
        if "contradicted" in decisions:
            decision = "contradicted"
        elif len(parts) == len(measures) and decisions == {"supported"}:
            decision = "supported"
        values = [f"{one.statement.partition(': ')[2]}: {one.estimate:+.3f}, {one.decision}" for one in parts]
        least = min(parts, key=lambda one: one.estimate)
        detail = (
            f"contradicted if the error falls by one measure, supported if by none of {len(measures)} (a change "
            f"that is shown to be below {MARGIN} counts as none); largest n minus smallest: {'; '.join(values)}; "
            "the estimate is the smallest of these"
        )
        found.append(Verdict(statement, decision, least.estimate, least.low, least.high, detail, claim=claim))
    return found


def _kept(rows: pd.DataFrame) -> list[Verdict]:
    """Share of the seeds that still have the initial solution: errors below the margin at frozen and free positions.

    Seeds keep it or lose it, so that a t interval of the mean error would mislead: Wilson's interval of the share, and
    an exact binomial test of one half.
    """
    settings = sorted(set(zip(rows["optimizer"], rows["margin"], rows["n"], strict=True)))
    tested: list[tuple[str, int, int]] = []
    for optimizer, margin, n in settings:
        fitted = _select(rows, optimizer=optimizer, margin=margin, n=n, status="ok")
        parts = [_select(fitted, measure=part) for part in ("frozen position", "free positions")]
        worst = np.maximum(*(part.sort_values("seed")["error"].to_numpy(float) for part in parts))
        if len(worst):
            tested.append((f"{optimizer}, initial margin {margin:g}, n = {n}", int((worst < MARGIN).sum()), len(worst)))
    p = holm([float(binomtest(kept, seeds).pvalue) for _, kept, seeds in tested], len(tested))
    found: list[Verdict] = []
    for (setting, kept, seeds), corrected in zip(tested, p.tolist(), strict=True):
        decision: Decision = "not decided"
        if corrected < SIGNIFICANCE:
            decision = "supported" if kept > seeds / 2 else "contradicted"
        found.append(
            Verdict(
                f"Training keeps the convolutional solution: {setting}",
                decision,
                kept / seeds,
                *wilson(kept, seeds),
                f"{kept} of {seeds} seeds have errors below {MARGIN} at the frozen and at the free positions; p of one "
                f"half = {corrected:.2g}, corrected for {len(tested)} tests (Holm)",
            )
        )
    return found


def _published(rows: pd.DataFrame) -> tuple[Published, ...]:
    """Marcus' network beside the MLP at the frozen position, where half of the random inputs have the bit 1."""
    chosen = _select(rows, learner="mlp", measure="frozen position", age=0, status="ok")
    chosen = _select(chosen, n=chosen["n"].max())
    if chosen.empty:
        return ()
    mean = interval(chosen["accuracy"].to_numpy(float))
    return (
        Published(
            "answers at the last bit of a network trained to copy even numbers",
            "Marcus (1998)",
            "0 on odd numbers",
            f"right on {mean.mean:.2f} ± {mean.half_width:.2f} of random numbers, of which half are odd",
            agrees=None,
            note="the layer sizes of the source are not known for certain",
        ),
    )
