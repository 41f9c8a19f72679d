"""Analysis of the study `double-descent`: curves along the axes of capacity, their peaks, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..analysis.intervals import interval
from ..runs.seeds import generator
from . import mnist1d_curve
from .base import Findings, Published, Verdict
from .claims import Claim, Share, decide
from .peaks import cross_fitted_heights, find_peak, interpolation_threshold
from .seed_means import SeedMean, bootstrap_interval

MOST_SEEDS = 0.5
"""Something is so in most seeds if it is in more than this share of them."""

MARGIN = 0.02
"""A peak is called absent if it is less than this high, in test error."""

GRIDS = {
    "forest": ("leaves", "trees"),
    "forest-defaults": ("leaves", "trees"),
    "boosting": ("rounds", "ensembles"),
}
"""Models whose capacity has two axes. They are read in three ways: the first axis up to its end (a full tree, the most
rounds), then the second; the first alone, at the end of the second; the second alone, at the end of the first."""

MODELS = ("fourier", "fourier-ridge", "forest", "forest-defaults", "boosting", "network")


@dataclass(frozen=True)
class Curve:
    """A model's errors along an axis of capacity, at one noise level, by seed.

    rows     one row a point in the order of capacity, of one seed, for what all seeds share
    columns  by name, (seeds, points)
    """

    model: str
    axis: str
    noise: float
    rows: pd.DataFrame
    columns: dict[str, np.ndarray]

    @property
    def labels(self) -> list[str]:
        """The points in words."""
        if self.model not in GRIDS:
            unit = "parameters" if self.model == "network" else "features"
            return [f"{capacity:.0f} {unit}" for capacity in self.rows["capacity"]]
        first, second = GRIDS[self.model]
        full = self.rows["examples"].to_numpy() if first == "leaves" else np.zeros(len(self.rows))
        pairs = zip(self.rows[first], self.rows[second], full, strict=True)
        return [f"{'full' if inner == n else f'{inner:.0f} {first}'} x {outer:.0f}" for inner, outer, n in pairs]

    @property
    def handover(self) -> int:
        """Position at which the hypothesis has the peak: N = n, or the end of the first axis of a grid."""
        if self.model in GRIDS:
            first, second = (self.rows[name] for name in GRIDS[self.model])
            named = (first == first.max()) & (second == 1)
        else:
            named = self.rows["capacity"] == self.rows["examples"]
        return int(np.flatnonzero(named.to_numpy())[0])


def curve(rows: pd.DataFrame, model: str, noise: float, axis: str = "") -> Curve:
    """The errors of a model along an axis (of `axes_of`, or any name for one without a grid), by seed."""
    own: pd.DataFrame = rows.loc[(rows["model"] == model) & (rows["noise"] == noise)]
    keys = ["capacity"]
    if model in GRIDS:
        keys = list(GRIDS[model])
        first, second = (own[name] for name in keys)
        start, end, most = second == 1, first == first.max(), second == second.max()
        own = own.loc[dict(zip(axes_of(model), (start | end, most, end), strict=True))[axis]]
    own = own.sort_values(["seed", *keys])
    seeds = len(set(own["seed"]))
    if seeds < 2 or len(own) % seeds:  # noqa: PLR2004 -- one to locate a peak and one to measure it
        raise ValueError(f"{model} with noise {noise}: {len(own)} rows of {seeds} seeds; expected 2 complete seeds")
    names = ["train_error", "test_error", "test_loss", "norm", "p_eff_train", "p_eff_test"]
    values = {name: own[name].to_numpy(float).reshape(seeds, -1) for name in names}
    return Curve(model, axis, noise, own.loc[own["seed"] == own["seed"].min()], values)


def findings(rows: pd.DataFrame) -> Findings:
    """Tables, verdicts with Holm's correction over all of them, and the published figures."""
    published, rows = rows.loc[rows["model"] == "mnist1d"], rows.loc[rows["model"] != "mnist1d"]
    noises = sorted(rows["noise"].unique())
    most = noises[-1]
    claims = _claims(rows, noises)
    if len(published):
        statement = "MNIST-1D: test error peaks between widths 21 and 300, with 15 % of the labels redrawn"
        detail = "height of the highest peak anywhere; published recipe"
        claims.append(Claim(statement, _mean(mnist1d_curve.heights(published)), "above", detail))
    at_n = _share_at_n(rows, noises, "test_error")
    statement = "random Fourier features: the largest test error is at N = n"
    claims.insert(1, Claim(statement, at_n, "above", "", MOST_SEEDS))
    verdicts = decide(claims)
    tables = {
        "Peaks of test error": _peaks(rows, "test_error"),
        "Peaks of test loss": _peaks(rows, "test_loss"),
        "Curves": _curves(rows),
    }
    for model in GRIDS:
        for name, column in (("test error", "test_error"), ("effective parameters", "p_eff_test")):
            tables[f"Grid of {model}, noise {most:g}: {name}"] = _grid(rows, model, most, column)
    if len(published):
        columns = ["noise", "width", "capacity", "seed", "train_error", "test_error", "test_loss"]
        tables["MNIST-1D"] = published[columns].sort_values(["noise", "width", "seed"]).reset_index(drop=True)
    return Findings(
        tables, tuple(verdicts), (*_published(rows, noises, verdicts, at_n), *mnist1d_curve.published(published))
    )


def _claims(rows: pd.DataFrame, noises: Sequence[float]) -> list[Claim]:
    """The statements: mean over all noise levels for random Fourier features, the highest level for the others."""
    most = noises[-1]

    def mean_height(model: str, at: int | None) -> np.ndarray:
        curves = [curve(rows, model, noise) for noise in noises]
        return np.mean([cross_fitted_heights(one.columns["test_error"], at) for one in curves], axis=0)

    def height(model: str, axis: str, at: int | None = None) -> np.ndarray:
        return cross_fitted_heights(curve(rows, model, most, axis).columns["test_error"], at)

    n = curve(rows, "fourier", most).handover
    named, free = "height of the peak there", "height of the highest peak anywhere"
    pooled, noisy = f"mean over {len(noises)} noise levels", f"noise {most:g}"
    found = [
        Claim(
            "random Fourier features: test error peaks at N = n",
            _mean(mean_height("fourier", n)),
            "above",
            f"{named}; {pooled}",
        ),
        Claim(
            "tuned ridge removes the peak",
            _mean(mean_height("fourier-ridge", None)),
            "below",
            f"{free}; {pooled}",
            MARGIN,
        ),
    ]
    for model, words in (
        ("forest", "interpolating forest"),
        ("forest-defaults", "forest with scikit-learn's defaults"),
    ):
        at = curve(rows, model, most, "leaves then trees").handover
        statement = f"{words}: test error peaks where the axis hands over from leaves to trees"
        found.append(Claim(statement, _mean(height(model, "leaves then trees", at)), "above", f"{named}; {noisy}"))
    loss = curve(rows, "forest", most, "leaves then trees")
    values = cross_fitted_heights(loss.columns["test_loss"], loss.handover)
    statement = "interpolating forest: squared test loss peaks where the axis hands over from leaves to trees"
    found.append(Claim(statement, _mean(values), "above", f"{named}; {noisy}"))
    for axis in ("leaves", "trees"):
        statement = f"interpolating forest: no peak along {axis} alone"
        found.append(Claim(statement, _mean(height("forest", axis)), "below", f"{free}; {noisy}", MARGIN))
    at = curve(rows, "boosting", most, "rounds then ensembles").handover
    statement = "boosting: test error peaks where the axis hands over from rounds to ensembles"
    found.append(Claim(statement, _mean(height("boosting", "rounds then ensembles", at)), "above", f"{named}; {noisy}"))
    for axis in ("rounds", "ensembles"):
        statement = f"boosting: no peak along {axis} alone"
        found.append(Claim(statement, _mean(height("boosting", axis)), "below", f"{free}; {noisy}", MARGIN))
    network = [curve(rows, "network", noise).columns["test_error"] for noise in (noises[0], most)]
    growth = cross_fitted_heights(network[1]) - cross_fitted_heights(network[0])
    detail = f"height of the highest peak with noise {most:g} minus that with {noises[0]:g}"
    found.append(Claim("network: the peak grows with label noise", _mean(growth), "above", detail))
    return found + _mechanism(rows, most)


def _mechanism(rows: pd.DataFrame, noise: float) -> list[Claim]:
    """Is double descent a matter of effective parameters? A weak reading and a strict one, for each linear smoother.

    weak    beyond the handover, test error falls where effective parameters fall (rank correlation)
    strict  test error has one order: with all points sorted by effective parameters there is no second descent
    """
    found = []
    for model, axis in (("fourier", ""), ("forest", "leaves then trees"), ("boosting", "rounds then ensembles")):
        one = curve(rows, model, noise, axis)
        errors, effective = one.columns["test_error"], one.columns["p_eff_test"]
        beyond = slice(one.handover, None)
        pairs = zip(errors[:, beyond], effective[:, beyond], strict=True)
        correlation = np.array([_rank_correlation(first, second) for first, second in pairs])
        statement = f"{model}: beyond the handover test error falls with effective parameters"
        found.append(Claim(statement, _mean(correlation), "above", f"rank correlation in a seed; noise {noise:g}"))
        order = np.argsort(effective.mean(axis=0), kind="stable")
        statement = f"{model}: in the order of effective parameters test error has no second descent"
        detail = f"height of the highest peak anywhere, points in the order of p_eff; noise {noise:g}"
        found.append(Claim(statement, _mean(cross_fitted_heights(errors[:, order])), "below", detail, MARGIN))
    return found


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    found: Any = spearmanr(first, second)
    return round(float(found.statistic), 9)  # rounding errors are no spread over seeds


def _published_at_n(share: Share, figure: str, source: str) -> Published:
    """The row of a published peak at N = n: it agrees if most seeds do, with 95 % confidence."""
    low, high = share.interval
    agrees = True if low > MOST_SEEDS else False if high < MOST_SEEDS else None
    ours = f"largest at N = n in {share.successes} of {share.seeds} seeds"
    return Published(figure, source, "N = n", ours, agrees, "not decided" if agrees is None else "")


def _mean(by_seed: np.ndarray) -> SeedMean:
    return SeedMean(by_seed, "double-descent")


def _share_at_n(rows: pd.DataFrame, noises: Sequence[float], column: str) -> Share:
    """In how many of the seeds a column, averaged over the noise levels, is largest at N = n."""
    curves = [curve(rows, "fourier", noise) for noise in noises]
    largest = np.mean([one.columns[column] for one in curves], axis=0).argmax(axis=1)
    return Share(int((largest == curves[0].handover).sum()), len(largest))


def axes_of(model: str) -> tuple[str, ...]:
    """The axes of capacity of a model, by name."""
    if model in GRIDS:
        first, second = GRIDS[model]
        return f"{first} then {second}", first, second
    return ("parameters" if model == "network" else "features",)


def _noises(rows: pd.DataFrame, model: str) -> list[float]:
    return sorted(set(rows.loc[rows["model"] == model, "noise"]))


def _peaks(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The highest peak of every curve, with its interval, and where the training error reaches 0."""
    found = []
    for model in MODELS:
        for axis in axes_of(model):
            for noise in _noises(rows, model):
                one = curve(rows, model, noise, axis)
                heights = cross_fitted_heights(one.columns[metric])
                low, high = bootstrap_interval(heights, generator(study="double-descent", part="bootstrap"))
                peak = find_peak(one.columns[metric].mean(axis=0))
                train = one.columns["train_error"]
                starts = [interpolation_threshold(np.arange(train.shape[1]), errors) for errors in train]
                start = float(np.median(starts))
                found.append(
                    {
                        "Model": model,
                        "Axis": axis,
                        "Noise": noise,
                        "Highest at": one.labels[peak.peak] if peak.height > 0 else "no peak",
                        "Height": float(heights.mean()),
                        "Low": low,
                        "High": high,
                        "Train error 0 from": one.labels[int(np.ceil(start))] if np.isfinite(start) else "nowhere",
                    }
                )
    return pd.DataFrame(found)


def _curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of what is measured, at every point of every axis."""
    parts = []
    for model in MODELS:
        for axis in axes_of(model):
            for noise in _noises(rows, model):
                one = curve(rows, model, noise, axis)
                means = {name: values.mean(axis=0) for name, values in one.columns.items()}
                shared = {"model": model, "axis": axis, "noise": noise, "point": one.labels}
                numbers = {name: one.rows[name].to_numpy(float) for name in ("capacity", "examples")}
                halves = [interval(errors).half_width for errors in one.columns["test_error"].T]
                parts.append(pd.DataFrame({**shared, **numbers, **means, "± test_error": halves}))
    return pd.concat(parts, ignore_index=True)


def _grid(rows: pd.DataFrame, model: str, noise: float, column: str) -> pd.DataFrame:
    """Mean over seeds on the grid of a model."""
    own = rows[(rows["model"] == model) & (rows["noise"] == noise)]
    first, second = GRIDS[model]
    means = own.pivot_table(index=first, columns=second, values=column, aggfunc="mean")
    means.index = pd.Index([f"{inner:.0f}" for inner in means.index], name=first.capitalize())
    means.columns = pd.Index([f"{outer:.0f} {second}" for outer in means.columns])
    return means.reset_index()


def _published(
    rows: pd.DataFrame, noises: Sequence[float], verdicts: Sequence[Verdict], at_n: Share
) -> tuple[Published, ...]:
    by_statement = {one.statement: one for one in verdicts}
    at_n_norm = _share_at_n(rows, noises, "norm")
    most = noises[-1]

    def row(figure: str, source: str, published: str, statement: str) -> Published:
        one = by_statement[statement]
        agrees = {"supported": True, "contradicted": False}.get(one.decision)
        ours = f"{one.estimate:.3f} [{one.low:.3f}, {one.high:.3f}]"
        return Published(figure, source, published, ours, agrees, one.detail if agrees is not None else one.decision)

    belkin, curth = "Belkin et al., PNAS 2019", "Curth et al., NeurIPS 2023 (arXiv 2310.18988)"
    forest = "interpolating forest: test error peaks where the axis hands over from leaves to trees"
    boosting = "boosting: test error peaks where the axis hands over from rounds to ensembles"
    lone = [
        "contradicted" if "contradicted" in decisions else "supported" if decisions == {"supported"} else "not decided"
        for decisions in [{one.decision for one in verdicts if one.statement.startswith("interpolating forest: no")}]
    ]
    tree = curve(rows, "forest-defaults", most, "leaves then trees")
    single = tree.columns["train_error"][:, tree.handover]
    network = curve(rows, "network", most)
    top = network.labels[find_peak(network.columns["test_error"].mean(axis=0)).peak]
    classes = int(network.rows["examples"].iloc[0]) * 10
    return (
        _published_at_n(at_n, "random Fourier features: peak of test error", belkin),
        _published_at_n(at_n_norm, "random Fourier features: peak of the norm", belkin),
        row("tuned ridge: height of the peak", "Nakkiran 2021", "none", "tuned ridge removes the peak"),
        row("forest: peak where leaves hand over to trees", curth, "yes", forest),
        row("boosting: peak where rounds hand over to ensembles", curth, "yes", boosting),
        Published(
            "forest: peak along leaves alone or trees alone",
            curth,
            "none",
            f"none: {lone[0]}",
            {"supported": True, "contradicted": False}.get(lone[0]),
            "the two verdicts; Belkin et al. report a peak of forests, Buschjaeger and Morik 2021 none",
        ),
        Published(
            "forest with defaults: training error of one full tree",
            curth,
            "above 0: never interpolates",
            f"{single.min():.3f} to {single.max():.3f}",
            bool((single > 0).all()),
            f"noise {most:g}, {len(single)} seeds",
        ),
        Published(
            "network with one hidden layer: peak of test error",
            belkin,
            "near parameters = n x classes",
            f"{top}; n x classes = {classes}",
            None,
            "no recipe was at hand (optimiser, steps, initialisation)",
        ),
    )
