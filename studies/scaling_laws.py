"""Analysis of the study `scaling`: laws with intervals, held-out checks, extrapolation, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..analysis.intervals import interval
from .base import Decision, Findings, Published, Verdict
from .claims import Claim, decide
from .law_curves import TREES, Curve, curve_of, learner_curve, trees_curve, zipf_curve, zipf_keys
from .law_statistics import FEWEST, HELD_OUT, Check, Fit, Replicated, held_out
from .law_tables import checks_table, curves_table, equal_n_table, laws_table, left_out_table
from .zipf import expected_errors, known_exponent

LEARNERS = ("ngram", "forest", "boosting", "mlp", "transformer")
REFERENCE = "forest"
"""Its exponent is compared with that of every other learner."""

FOREST_TREES = 100
"""Trees of the forest whose law in n is fitted."""

LIMIT = "forest, trees to infinity"

MARGIN = 0.02
"""Exponents are equal to within this."""

TREES_MARGIN = 0.1
"""The same for the exponent of the number of trees, which is near 1."""

MISS = 0.05
"""A prediction is right if it is within 5 % of the measured error (log ratio)."""

FAR = 64
"""The far check fits sizes up to 1/64 of the largest."""

HORIZONS = (10**5, 10**6, 10**7, 10**8, 10**9)
"""n of the extrapolation."""

SAME = "The exponent does not depend on the learner"
HUTTER = "Hutter 2021 (Learning Curve Theory)"

COLUMNS = ("series", "seed", "n", "trees", "error", "status", "a", "noise", "chance", "accuracy", "steps")


def analyse(rows: pd.DataFrame) -> Findings:
    """Tables, verdicts with Holm's correction over all of them, and Hutter's exponents.

    Raises ValueError where a column is missing, or a series has fewer than two seeds or three sizes that can be fitted.
    """
    missing = [name for name in COLUMNS if name not in rows]
    if rows.empty or missing:
        what = "no rows" if rows.empty else f"rows without {', '.join(missing)}"
        raise ValueError(f"{what}; expected the rows of the jobs of scaling, of all learners and of lookup")
    zipf = {key: zipf_curve(rows, *key) for key in zipf_keys(rows)}
    text = {name: learner_curve(rows, name, FOREST_TREES if name == "forest" else 0) for name in LEARNERS}
    trees = trees_curve(rows)
    fits = {name: one.fit for name, one in text.items() if one.fittable}
    for name in ("ngram", REFERENCE):
        if name not in fits:
            raise ValueError(f"{name}: {text[name].kept.sum()} sizes to fit; expected at least {FEWEST}")
    calibrated = {key: one.fit for key, one in zipf.items()}
    by_trees, limit = trees.fit, _limit(rows, text["forest"])
    every = [*calibrated.values(), *fits.values(), limit, by_trees]
    checks = {one.name: held_out(one) for one in every}
    checks |= {f"{one.name}, far": held_out(one, one.sizes[-1] / FAR) for one in (*calibrated.values(), fits["ngram"])}
    checks[f"{TREES}, far"] = held_out(by_trees, FOREST_TREES)
    claims = [
        *_calibration(calibrated),
        *_checked([*fits.values(), by_trees], checks),
        *_far(fits["ngram"], by_trees, checks),
        *_exponents(fits),
        *_of_forest(fits["forest"], by_trees),
    ]
    verdicts = decide(claims)
    curves = [*zipf.values(), *text.values(), trees]
    tables = {
        "Laws": laws_table(every),
        "Held-out checks": checks_table(checks),
        "Extrapolation": _extrapolation(limit, fits, calibrated),
        "Bits at equal n": equal_n_table(text.values()),
        "Curves": curves_table(curves),
        "Sizes that are not fitted": left_out_table(curves),
    }
    answers = (_same(verdicts, len(text) - 1), _giant(limit, fits[REFERENCE], text["ngram"]))
    return Findings(tables, (*answers, *verdicts), _published(calibrated))


def _limit(rows: pd.DataFrame, forest: Curve) -> Fit:
    """The law in n of the error of a forest with unlimited trees: the offsets of the laws in the number of trees."""
    own = rows.loc[(rows["series"] == "forest") & (rows["trees"] <= FOREST_TREES)]
    sizes = forest.sizes[forest.kept]
    offsets = [curve_of(own.loc[own["n"] == n], f"forest at n = {n}", "trees").fit.laws.offset for n in sizes]
    return Fit(LIMIT, sizes, np.stack(offsets, axis=1), len(forest.errors))


def _calibration(calibrated: dict[tuple[float, float], Fit]) -> list[Claim]:
    found = []
    for (a, noise), fit in calibrated.items():
        known = known_exponent(a)
        statement = f"calibration: the fit recovers b = {known:.3f} of {fit.name}"
        found.append(Claim(statement, fit.exponent, "equal", "exponent b", known, MARGIN, fit.unidentified))
        if noise:
            statement = f"calibration: the fit recovers c = {noise:g} of {fit.name}"
            found.append(Claim(statement, fit.offset, "equal", "offset c", noise, MARGIN))
    return found


def _checked(fits: Sequence[Fit], checks: dict[str, Check | None]) -> list[Claim]:
    """Two claims a curve: better than "stays as it was", and right."""
    found = []
    for fit in fits:
        check = checks[fit.name]
        subject = "error over the number of trees" if fit.name == TREES else fit.name
        better = f"{subject}: the law predicts the last two sizes better than 'stays as it was'"
        right = f"{subject}: the law predicts the largest size"
        if check is None:
            none = Replicated(np.full(len(fit.means), np.nan), fit.seeds)
            why = f"{len(fit.sizes)} sizes to fit; the check needs {FEWEST + HELD_OUT}"
            found += [Claim(better, none, "above", "mean gain in log error", open=why)]
            found += [Claim(right, none, "equal", "log of predicted over measured", margin=MISS, open=why)]
            continue
        up_to = f"fitted up to {check.fitted.sizes[-1]:g}, predicted at {check.sizes[-1]:g}"
        found.append(Claim(better, check.gain, "above", f"mean gain in log error; {up_to}"))
        found.append(Claim(right, check.miss, "equal", f"log of predicted over measured; {up_to}", margin=MISS))
    return found


def _far(ngram: Fit, trees: Fit, checks: dict[str, Check | None]) -> list[Claim]:
    found = []
    for fit, statement in (
        (ngram, f"ngram: the law predicts an n {FAR} times as large"),
        (trees, f"{TREES}: the law up to {FOREST_TREES} trees predicts the most trees"),
    ):
        check = checks[f"{fit.name}, far"]
        if check is not None:
            detail = f"log of predicted over measured; fitted up to {check.fitted.sizes[-1]:g}, at {check.sizes[-1]:g}"
            found.append(Claim(statement, check.miss, "equal", detail, margin=MISS))
    return found


def _exponents(fits: dict[str, Fit]) -> list[Claim]:
    """The forest beside every other learner, on the sizes that both were fitted to: with offset and without."""
    found = []
    for name, other in fits.items():
        if name == REFERENCE:
            continue
        forest = fits[REFERENCE]
        shared = np.intersect1d(forest.sizes, other.sizes)
        first, second = (one.part(np.isin(one.sizes, shared)) for one in (forest, other))
        where = f"n = {shared[0]:g} to {shared[-1]:g}, paired"
        plain = Replicated(first.plain_exponent.replicates - second.plain_exponent.replicates, first.seeds)
        statement = f"{SAME}: {REFERENCE} and {name}, law without offset"
        found.append(Claim(statement, plain, "equal", f"{REFERENCE} minus {name}; {where}", margin=MARGIN))
        if len(shared) < FEWEST:
            both = Replicated(np.full_like(plain.replicates, np.nan), plain.seeds)
            why = f"{len(shared)} sizes in common, a law with offset needs {FEWEST}"
        else:
            both = Replicated(first.exponent.replicates - second.exponent.replicates, first.seeds)
            why = first.unidentified or second.unidentified
        statement = f"{SAME}: {REFERENCE} and {name}, law with offset"
        found.append(Claim(statement, both, "equal", f"{REFERENCE} minus {name}; {where}", margin=MARGIN, open=why))
    return found


def _of_forest(forest: Fit, trees: Fit) -> list[Claim]:
    statement = "forest: the error falls as 1 / trees to a limit"
    return [
        Claim(statement, trees.exponent, "equal", "exponent b", 1.0, TREES_MARGIN, trees.unidentified),
        Claim(
            "forest: the error levels off above 0 as n grows",
            forest.offset,
            "above",
            f"offset c in bits; profile p of c = 0: {forest.offset_interval.above_zero:.2g}",
            open="" if forest.offset_interval.low > 0 else "the profile interval of c contains 0",
        ),
    ]


def _same(verdicts: Sequence[Verdict], pairs: int) -> Verdict:
    """The claim over all learners: contradicted by one difference, supported only if all pairs are equal."""
    parts = [one for one in verdicts if one.statement.startswith(SAME)]
    plain = [one for one in parts if one.statement.endswith("without offset")]
    decisions = [one.decision for one in plain]
    decision: Decision = "not decided"
    if "contradicted" in decisions:
        decision = "contradicted"
    elif decisions.count("supported") == pairs:
        decision = "supported"
    shown = "; ".join(f"{one.statement.split(': ')[1]}: {one.estimate:+.3f}, {one.decision}" for one in plain)
    detail = f"contradicted if one pair differs, supported if all are within {MARGIN}: {shown}"
    return Verdict(SAME, decision, float("nan"), float("nan"), float("nan"), detail)


def _giant(limit: Fit, forest: Fit, ngram: Curve) -> Verdict:
    """The extrapolated forest beside the n-gram model that was measured.

    The interval also covers that of the forest of 100 trees: more trees are never worse in expectation (the loss is
    convex), and the limit that is fitted at each n may be too low.
    """
    estimate, *ends = _reach(limit, HORIZONS[-1:])[0]
    _, *others = _reach(forest, HORIZONS[-1:])[0]
    low, high = min(ends[0], others[0]), max(ends[1], others[1])
    measured = interval(ngram.errors[:, -1])
    top, bottom = measured.mean + measured.half_width, measured.mean - measured.half_width
    decision: Decision = "not decided"
    if limit.unidentified == "" and (high < bottom or low > top):
        decision = "supported" if high < bottom else "contradicted"
    return Verdict(
        f"A forest of unlimited trees and n = 10^9 predicts better than the n-gram model with n = {ngram.sizes[-1]:,}",
        decision,
        estimate,
        low,
        high,
        f"bits, extrapolated, interval over seeds, offsets and {FOREST_TREES} or unlimited trees; n-gram "
        f"{measured.mean:.3f} ± {measured.half_width:.3f} bits; it holds only if the law does, "
        f"{HORIZONS[-1] / limit.sizes[-1]:,.0f} times beyond the largest n"
        + (f"; {limit.unidentified}" if limit.unidentified else ""),
    )


def _reach(fit: Fit, sizes: Sequence[int]) -> list[tuple[float, float, float, float, float]]:
    """Per size: estimate, interval over seeds and offsets (low, high), and interval over seeds alone (low, high)."""
    at = np.array(sizes, dtype=float)
    predicted = fit.predicted(at)
    least, most = fit.predicted_range(at)
    found = []
    for column in range(len(at)):
        low, high = Replicated(predicted[:, column], fit.seeds).interval
        both = min(low, float(least[column])), max(high, float(most[column]))
        found.append((float(predicted[0, column]), *both, low, high))
    return found


def _extrapolation(limit: Fit, fits: dict[str, Fit], calibrated: dict[tuple[float, float], Fit]) -> pd.DataFrame:
    rows = []
    known = {fit.name: key for key, fit in calibrated.items()}
    for fit in (limit, *fits.values(), *calibrated.values()):
        sizes = [int(fit.sizes[-1]), *(n for n in HORIZONS if n > fit.sizes[-1])]
        truth = expected_errors(known[fit.name][0], np.array(sizes), known[fit.name][1]) if fit.name in known else None
        for index, (n, found) in enumerate(zip(sizes, _reach(fit, sizes), strict=True)):
            rows.append(
                {
                    "Series": fit.name,
                    "n": n,
                    "Error": found[0],
                    "Low": found[1],
                    "High": found[2],
                    "Low, seeds alone": found[3],
                    "High, seeds alone": found[4],
                    "Truth": float("nan") if truth is None else float(truth[index]),
                }
            )
    return pd.DataFrame(rows)


def _published(calibrated: dict[tuple[float, float], Fit]) -> tuple[Published, ...]:
    """Agrees: the known exponent is within the interval over seeds, widened by half a last digit (0.0005)."""
    found = []
    for (a, noise), fit in calibrated.items():
        if noise:
            continue
        low, high = fit.exponent.interval
        known = known_exponent(a)
        agrees = low - 0.0005 <= known <= high + 0.0005
        ours = f"{fit.exponent.value:.4f} [{low:.4f}, {high:.4f}]"
        note = f"fitted with offset, n = {fit.sizes[0]:g} to {fit.sizes[-1]:g}, {fit.seeds} seeds"
        found.append(
            Published(f"exponent of lookup on Zipf data, a = {a:g}", HUTTER, f"{known:.3f}", ours, agrees, note)
        )
    return tuple(found)
