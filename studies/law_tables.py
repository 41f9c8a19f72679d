"""Tables of the study `scaling`, from curves, fitted laws and held-out checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..analysis.intervals import interval
from .law_curves import Curve
from .law_statistics import Check, Fit


def laws_table(fits: Iterable[Fit]) -> pd.DataFrame:
    """C with its profile interval, b with its interval over seeds, b of the law without offset, and the misfit."""
    rows = []
    for fit in fits:
        offset, exponent, plain = fit.offset_interval, fit.exponent, fit.plain_exponent
        rows.append(
            {
                "Series": fit.name,
                "From": int(fit.sizes[0]),
                "To": int(fit.sizes[-1]),
                "c": fit.offset.value,
                "c low": offset.low,
                "c high": offset.high,
                "b": exponent.value,
                "b low": exponent.interval[0],
                "b high": exponent.interval[1],
                "b identified": "no" if fit.unidentified else "yes",
                "b, c = 0": plain.value,
                "low, c = 0": plain.interval[0],
                "high, c = 0": plain.interval[1],
                "Misfit %": 100 * float(np.sqrt(fit.laws.misfit[0] / fit.weights.sum())),
            }
        )
    return pd.DataFrame(rows)


def checks_table(checks: Mapping[str, Check | None]) -> pd.DataFrame:
    """Measured and predicted errors at the largest size; curves without a check are left out."""
    rows = []
    for name, check in checks.items():
        if check is None:
            continue
        low, high = check.miss.interval
        rows.append(
            {
                "Series": name,
                "Fitted up to": int(check.fitted.sizes[-1]),
                "Predicted at": int(check.sizes[-1]),
                "Measured": float(check.measured[0, -1]),
                "Predicted": float(check.predicted[0, -1]),
                "As it was": float(check.unchanged[0, -1]),
                "Log ratio": check.miss.value,
                "Low": low,
                "High": high,
                "Gain": check.gain.value,
            }
        )
    return pd.DataFrame(rows)


def equal_n_table(curves: Iterable[Curve]) -> pd.DataFrame:
    """Mean bits of the learners at every n."""
    columns = {one.name: dict(zip(one.sizes.tolist(), one.errors.mean(axis=0).tolist(), strict=True)) for one in curves}
    sizes = sorted({n for column in columns.values() for n in column})
    return pd.DataFrame([{"n": n, **{name: column.get(n, np.nan) for name, column in columns.items()}} for n in sizes])


def curves_table(curves: Sequence[Curve]) -> pd.DataFrame:
    """Mean over seeds at every size, half a t interval, and the law (nan where none could be fitted)."""
    rows = []
    for curve in curves:
        laws = curve.fit.predicted(curve.sizes)[0] if curve.fittable else np.full(len(curve.sizes), np.nan)
        for index, size in enumerate(curve.sizes.tolist()):
            found = interval(curve.errors[:, index])
            shared = {"Series": curve.name, "Axis": curve.axis, "Size": size}
            values = {"Error": found.mean, "Half width": found.half_width, "Law": float(laws[index])}
            rows.append({**shared, **values, "Fitted": bool(curve.kept[index]), "Chance": curve.chance})
    return pd.DataFrame(rows)


def left_out_table(curves: Iterable[Curve]) -> pd.DataFrame:
    """The sizes to which no law is fitted, and why."""
    rows = [{"Series": one.name, "Size": n, "Why": why} for one in curves for n, why in sorted(one.why.items())]
    return pd.DataFrame(rows, columns=pd.Index(["Series", "Size", "Why"]))
