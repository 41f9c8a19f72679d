"""Figure of the OOD score against the number of OOD examples in the training set, a panel for each ranked task."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..analysis.points import curve_points
from ..runs.results import Results
from .families_figure import grid_of_curves
from .highlights import Highlights
from .panel_grid import GridText


def exposure_figure(results: Results, shown: Highlights, width: float) -> list[Figure]:
    """Score on the headline shift at the largest n, against exposed OOD examples; [] if no task has any."""
    points = curve_points(results.scores, results.catalogue)
    headline = {name: info.headline for name, info in results.catalogue.tasks.items()}
    points = points.loc[points["split"] == points["task"].map(headline.get)]
    learns = {name for name, info in results.catalogue.learners.items() if info.kind == "learner"}
    exposed = points.loc[(points["exposed"] > 0) & points["learner"].isin(list(learns))]
    largest = exposed.groupby("task")["size"].max()
    points = points.loc[points["size"] == points["task"].map(largest)]
    title = "OOD scores with exposed OOD examples"
    return grid_of_curves(results, points, "exposed", shown, width, GridText(title, "OOD examples", "OOD score"))
