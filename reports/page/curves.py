"""Learning curves as inline SVG: geometry for the template, with what a reader sees when pointing at them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import pandas as pd
from matplotlib.colors import to_hex

from ...runs.catalogue import Catalogue, TaskInfo
from ..style import GREY, line_styles

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 12, 40
SHOWN = 6
"""Learners that are drawn in colour at first; the reader selects others."""

FLOOR = -1.0
"""Scores below are drawn here: a few of them would flatten all other curves."""


@dataclass(frozen=True)
class Series:
    """The curve of a learner in a panel. number: its entry in the legend; points: JSON of [x, y, text]."""

    number: int
    line: str
    dots: str
    bars: str
    points: str


@dataclass(frozen=True)
class Panel:
    """The curves of one split. ticks: (position, label)."""

    title: str
    x_label: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Legend:
    """An entry of the legend: a learner with its colour and its dashes. shown: whether its curve is in colour."""

    number: int
    label: str
    kind: str
    colour: str
    dashes: str
    shown: bool


@dataclass(frozen=True)
class Chart:
    """The panels of a task and the legend that they share."""

    legend: tuple[Legend, ...]
    panels: tuple[Panel, ...]
    y_label: str


def chart_of(points: pd.DataFrame, catalogue: Catalogue, task: str) -> Chart | None:
    """The curves of a task: in distribution, on each shift, and against the exposed examples. None without points.

    points  `analysis.points.curve_points`
    """
    info = catalogue.tasks[task]
    own = points.loc[(points["task"] == task) & points["mean"].notna()]
    own = own.loc[~own["split"].isin(["train", "train-exposed"])]
    if own.empty:
        return None
    legend = _legend(own, catalogue, info)
    numbers = {one.label: one.number for one in legend}
    axis = _Axis(own["mean"], info)
    unexposed = own.loc[own["exposed"] == 0]
    shifts = sorted(set(unexposed["split"]) - {"id"}, key=lambda name: (name != info.headline, name))
    panels = [
        _panel(unexposed.loc[unexposed["split"] == split], "size", _title(split, info), numbers, axis)
        for split in ("id", *shifts)
        if (unexposed["split"] == split).any()
    ]
    if info.headline and own["exposed"].max() > 0:
        largest = own.loc[own["exposed"] > 0, "size"].max()
        exposed = own.loc[(own["split"] == info.headline) & (own["size"] == largest)]
        title = f"With OOD examples in training, n = {largest}, tested on {info.headline}"
        panels.append(_panel(exposed, "exposed", title, numbers, axis))
    return Chart(tuple(legend), tuple(panels), info.metric)


def _title(split: str, info: TaskInfo) -> str:
    if split == "id":
        return "In distribution"
    shift = next((one.shift for one in info.splits if one.name == split), None)
    return f"Out of distribution: {split}" + (f" (shift: {shift})" if shift and shift != split else "")


def _legend(own: pd.DataFrame, catalogue: Catalogue, info: TaskInfo) -> list[Legend]:
    present = [name for name in catalogue.learners if name in set(own["learner"])]
    kinds = {name: catalogue.learners[name].kind for name in present}
    learners = [name for name in present if kinds[name] == "learner"]
    styles = line_styles(learners)
    best = _shown(own, info, learners)
    dashes = {name: _dashes(styles[name].dashes) if name in styles else "2 3" for name in present}
    return [
        Legend(
            number,
            name,
            kinds[name],
            to_hex(styles[name].colour if name in styles else GREY),
            dashes[name],
            name in best,
        )
        for number, name in enumerate(present)
    ]


def _shown(own: pd.DataFrame, info: TaskInfo, learners: Sequence[str]) -> list[str]:
    """The learners in colour at first: best OOD, best ID, second best OOD, ... at the largest training size."""
    orders = []
    for split in dict.fromkeys((info.headline or "id", "id")):
        last = own.loc[(own["exposed"] == 0) & (own["split"] == split) & own["learner"].isin(learners)]
        last = last.sort_values("size", kind="stable").drop_duplicates("learner", keep="last")
        orders.append(last.sort_values("mean", ascending=not info.greater_is_better, kind="stable")["learner"].tolist())
    pairs = (name for names in zip_longest(*orders) for name in names if name is not None)
    return list(dict.fromkeys(pairs))[:SHOWN]


def _dashes(dashes: object) -> str:
    """The dashes of matplotlib as those of SVG; "" for a solid line."""
    return " ".join(f"{2 * part:g}" for part in dashes[1]) if isinstance(dashes, tuple) else ""


class _Axis:
    """The y axis that the panels of a task share: scores from their smallest value, at least FLOOR, to 1."""

    def __init__(self, means: pd.Series, info: TaskInfo) -> None:
        score = info.metric == "score"
        self.low = max(FLOOR, min(0.0, math.floor(4 * float(means.min())) / 4)) if score else 0.0
        self.high = 1.0 if score or float(means.max()) <= 1 else math.ceil(float(means.max()))
        step = 0.25 if self.high - self.low <= 1.5 else 0.5 if self.high - self.low <= 3 else 1.0  # noqa: PLR2004
        count = round((self.high - self.low) / step)
        self.ticks = tuple(
            (self(self.low + step * index), f"{self.low + step * index:g}") for index in range(count + 1)
        )

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _panel(rows: pd.DataFrame, column: str, title: str, numbers: Mapping[str, int], axis: _Axis) -> Panel:
    values = sorted(set(rows[column].tolist()))
    positions = _positions(values)
    series = []
    for learner, own in rows.sort_values(column, kind="stable").groupby("learner", sort=False):
        series.append(_series(own, column, numbers[str(learner)], positions, axis))
    label = (
        "training examples n (log axis)" if column == "size" else "OOD examples in training (log axis from the first)"
    )
    ticks = tuple((positions[value], f"{value:g}") for value in _spaced(values, positions))
    return Panel(title, label, ticks, axis.ticks, tuple(sorted(series, key=lambda one: one.number)))


def _positions(values: Sequence[int]) -> dict[int, float]:
    """Positions on a logarithmic axis; 0 is one step of factor 4 left of the smallest other value."""
    logs = {value: math.log2(value) for value in values if value > 0}
    if 0 in values:
        logs[0] = min(logs.values(), default=0) - 2
    low, high = min(logs.values()), max(logs.values())
    width = WIDTH - LEFT - RIGHT - 16
    return {
        value: round(LEFT + 8 + (width * (log - low) / (high - low) if high > low else width / 2), 1)
        for value, log in logs.items()
    }


def _spaced(values: Sequence[int], positions: Mapping[int, float], distance: float = 34) -> list[int]:
    """The values to label: the last one, and those before it that are far enough from the next one."""
    kept: list[int] = []
    for value in reversed(values):
        if not kept or positions[kept[-1]] - positions[value] >= distance:
            kept.append(value)
    return kept


def _series(own: pd.DataFrame, column: str, number: int, positions: Mapping[int, float], axis: _Axis) -> Series:
    texts, dots, bars, line = [], [], [], []
    symbol = "n" if column == "size" else "exposed"
    for value, mean, half, seeds in zip(own[column], own["mean"], own["half_width"], own["seeds"], strict=True):
        x, y = positions[value], axis(mean)
        line.append(f"{x:g} {y:g}")
        dots.append(f"M{x:g} {y:g}h0")
        spread = "" if math.isnan(half) else f" ± {half:.2f}"
        if spread:
            bars.append(f"M{x:g} {axis(mean - half):g}V{axis(mean + half):g}")
        texts.append([x, y, f"{symbol} = {value}: {mean:.2f}{spread}, {seeds} seed{'' if seeds == 1 else 's'}"])
    return Series(number, f"M{'L'.join(line)}", "".join(dots), "".join(bars), json.dumps(texts, separators=(",", ":")))
