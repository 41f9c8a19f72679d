"""Power laws of learning curves: E(n) = c + a n^-b, fitted to log errors, and the plain law n^-b without an offset.

The offset c is found by a search over its whole range, because the misfit as a function of (a, b, c) has flat valleys
and a fit from a single start may end in one: at each offset the other two parameters are fitted by damped Gauss-Newton.
So the search also gives the profile of the misfit over c, from which the interval of c is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, fdtri

from .intervals import CONFIDENCE

GRID = 13
"""Offsets of the first search, from 0 to the last error."""

ZOOMS = 4
"""Searches after that, each between the neighbours of the best offset so far."""

ZOOM_GRID = 9
RATIO = 0.95
RINGS = 280
"""The profile is computed at distances from the best offset of RATIO^0 to RATIO^RINGS of the last error."""

ITERATIONS = 16
CONVERGED = 1e-12
"""No fit gains more than this in an iteration: the search ends."""

STEEPEST = 6.0
"""Exponents are kept within -1 and this."""

PARAMETERS = 3


@dataclass(frozen=True)
class Laws:
    """Fitted laws c + a n^-b, (fits,) each.

    offset, exponent  c and b
    log_scale         log a
    misfit            weighted sum of squared log residuals
    """

    offset: np.ndarray
    log_scale: np.ndarray
    exponent: np.ndarray
    misfit: np.ndarray

    def at(self, sizes: np.ndarray) -> np.ndarray:
        """The errors at sizes (points,): (fits, points)."""
        logs = np.log(np.asarray(sizes, dtype=float))
        return self.offset[:, None] + np.exp(self.log_scale[:, None] - self.exponent[:, None] * logs)


@dataclass(frozen=True)
class OffsetInterval:
    """The 95 % profile interval of the offset of one curve, [low, high].

    identified  False if it reaches the last error: then the curve may have levelled off already, so that the exponent
                is not identified. So it is with three sizes or fewer, which leave no residual
    above_zero  p value of the hypothesis that there is no offset; nan with three sizes or fewer
    """

    low: float
    high: float
    identified: bool
    above_zero: float


def exponents(sizes: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept of log error on log n by least squares: (seeds,) each. errors: (seeds, sizes)."""
    centred = np.log(sizes) - np.log(sizes).mean()
    slopes = np.log(errors) @ centred / (centred @ centred)
    return slopes, np.log(errors).mean(axis=1) - slopes * np.log(sizes).mean()


def fit_laws(
    sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray | None = None, offset: np.ndarray | float | None = None
) -> Laws:
    """Fit c + a n^-b to each curve, with c between 0 and the last error.

    sizes    (points,), increasing, at least two, and three if the offset is to be found
    errors   (fits, points), above 0
    weights  (points,) of the squared log residuals; None: equal
    offset   (fits,) or a number: c is this, and only a and b are fitted; None: c is fitted too

    Raises ValueError if there are too few points, sizes do not increase or an error is not positive.
    """
    sizes, errors = np.asarray(sizes, dtype=float), np.asarray(errors, dtype=float)
    fewest = 2 if offset is not None else PARAMETERS
    if errors.ndim != 2 or errors.shape[1] != len(sizes) or len(sizes) < fewest or (np.diff(sizes) <= 0).any():  # noqa: PLR2004
        raise ValueError(f"errors {errors.shape} at sizes {sizes.tolist()}; expected {fewest} increasing sizes or more")
    if not (errors > 0).all():
        raise ValueError("an error is not above 0; a power law has none")
    weights = np.ones(len(sizes)) if weights is None else np.asarray(weights, dtype=float)
    if offset is not None:
        return _at_offsets(sizes, errors, weights, np.broadcast_to(offset, len(errors))[:, None].astype(float))
    low, high = np.zeros(len(errors)), errors[:, -1]
    found = _best(sizes, errors, weights, low, high, GRID)
    step = (high - low) / (GRID - 1)
    for _ in range(ZOOMS):
        near, far = np.maximum(found.offset - step, 0), np.minimum(found.offset + step, high)
        found = _best(sizes, errors, weights, near, far, ZOOM_GRID)
        step = (far - near) / (ZOOM_GRID - 1)
    return found


def admitted(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> Laws:
    """The laws of one curve, errors (points,), whose offset is not rejected at 5 %: the best fit first.

    weights  (points,): 1 / variance of each log error

    An offset is rejected if it adds more to the weighted misfit than F(1, points - 3) at 5 %, in units of the misfit
    per degree of freedom, which is taken as at least 1: what the variances imply. With three sizes none is rejected.
    The offsets that are tried lie closer together near the best one, and include 0 and the last error.
    """
    best, last = fit_laws(sizes, errors[None], weights), errors[-1]
    rings = last * RATIO ** np.arange(RINGS + 1)
    tried = np.concatenate([best.offset, [0, last], best.offset - rings, best.offset + rings])
    tried = tried[(tried >= 0) & (tried <= last)]
    laws = fit_laws(sizes, np.broadcast_to(errors, (len(tried), len(errors))), weights, tried)
    kept = laws.misfit <= _highest(float(best.misfit[0]), len(sizes) - PARAMETERS)
    return Laws(*(values[kept] for values in vars(laws).values()))


def offset_interval(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> OffsetInterval:
    """Profile interval of the offset of one curve, errors (points,), as `admitted` has it."""
    laws = admitted(sizes, errors, weights)
    free = len(sizes) - PARAMETERS
    none, best = (float(fit_laws(sizes, errors[None], weights, c).misfit[0]) for c in (0.0, None))
    p = float(fdtrc(1, free, max(none - best, 0) / max(best / free, 1.0))) if free > 0 else float("nan")
    high = float(laws.offset.max())
    return OffsetInterval(float(laws.offset.min()), high, bool(free > 0 and high < errors[-1] * (1 - 1e-9)), p)


def _highest(misfit: float, free: int) -> float:
    """The largest misfit of an offset that is not rejected; a rounding error above the least one."""
    return 1e-12 + misfit + float(fdtri(1, free, CONFIDENCE)) * max(misfit / free, 1.0) if free > 0 else float("inf")


def _best(
    sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray, low: np.ndarray, high: np.ndarray, count: int
) -> Laws:
    """The best of `count` offsets from low to high, (fits,) each."""
    offsets = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, count)
    laws = _at_offsets(sizes, errors, weights, offsets)
    shape = (len(errors), count)
    best = laws.misfit.reshape(shape).argmin(axis=1)
    return Laws(*(values.reshape(shape)[np.arange(len(errors)), best] for values in vars(laws).values()))


def _at_offsets(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray, offsets: np.ndarray) -> Laws:
    """Laws with given offsets (fits, offsets), as (fits x offsets,): log a and b by damped Gauss-Newton."""
    logs = np.log(errors)[:, None]  # (fits, 1, points)
    x = np.log(sizes) - np.log(sizes).mean()
    c = offsets[..., None]
    # Start: a line through log (E - c); next to the offset only the sign of the residual is used.
    start = np.log(np.maximum(errors[:, None] - c, 1e-3 * errors[:, None]))
    share = weights / weights.sum()
    mean_x = (share * x).sum()
    b = -((start * share) @ (x - mean_x)) / (share * (x - mean_x) ** 2).sum()
    b = np.clip(b, -1, STEEPEST)
    alpha = start @ share + b * mean_x
    damping = np.full(offsets.shape, 1e-3)

    def residuals(alpha: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scaled = np.exp(alpha[..., None] - b[..., None] * x)
        residual = logs - np.log(c + scaled)
        return residual, scaled / (c + scaled), (residual**2) @ weights

    residual, slope, misfit = residuals(alpha, b)
    for _ in range(ITERATIONS):
        weighted = slope * weights
        aa, ab, bb = (weighted * slope).sum(-1), -(weighted * slope) @ x, (weighted * slope) @ x**2
        ra, rb = (weighted * residual).sum(-1), -(weighted * residual) @ x
        aa, bb = aa * (1 + damping) + 1e-12, bb * (1 + damping) + 1e-12
        determinant = aa * bb - ab**2
        step_a = np.clip((bb * ra - ab * rb) / determinant, -2, 2)
        step_b = np.clip((aa * rb - ab * ra) / determinant, -1, 1)
        tried = alpha + step_a, np.clip(b + step_b, -1, STEEPEST)
        new = residuals(*tried)
        better = new[2] < misfit
        alpha, b = np.where(better, tried[0], alpha), np.where(better, tried[1], b)
        residual, slope = np.where(better[..., None], new[0], residual), np.where(better[..., None], new[1], slope)
        gain = float((misfit - new[2]).max())
        misfit, damping = np.where(better, new[2], misfit), np.where(better, damping / 5, damping * 5)
        if gain < CONVERGED:
            break
    log_scale = alpha + b * np.log(sizes).mean()
    return Laws(offsets.ravel(), log_scale.ravel(), b.ravel(), misfit.ravel())
