"""The figures of results, by kind, as SVG, PDF and PNG.

Every learner has one look in all of them (`style`), at most six learners of a panel are in colour (`highlights`), and
the width is that of one or of both columns of a paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path

from matplotlib.figure import Figure

from ..analysis.planned import refuse_contradictions
from ..analysis.points import curve_points
from ..runs.results import Results
from ..runs.selection import renamed
from .cost_figure import cost_figure
from .decomposition_figure import crossing_figure
from .escaping.figures import write_figure
from .escaping.files import figure_file
from .exposure_figure import exposure_figure
from .families_figure import families_figure
from .fingerprint_figures import fingerprint_figure
from .highlights import Highlights, highlights
from .id_ood_figure import id_ood_figure
from .ladder_figure import ladder_figure
from .overview import overview_figure, overview_pages
from .style import WIDTHS
from .task_figure import task_figure

PAGED = {"families": families_figure, "exposure": exposure_figure}
"""Kinds with a panel for each task, of which there may be several pages."""

HIGHLIGHTED = {"id-ood": id_ood_figure, "ladder": ladder_figure, "cost": cost_figure}
"""Kinds with one figure. In both some learners are in colour."""

KINDS = ("curves", "families", "id-ood", "exposure", "factors", "ladder", "cost", "overview")


def write_figures(results: Results, folder: Path, listed: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Draw every task, an overview, the crossings and the fingerprints, as SVG, PDF and PNG; yields each written file.

    listed  task -> its status on the list; see `make_leaderboard`

    Raises ValueError, before the first file, if results contradict each other.
    """
    refuse_contradictions(results.catalogue)
    yield from _write(
        chain(_task_figures(results, highlights(results), WIDTHS["text"]), _others(results, listed)), folder
    )


def _others(results: Results, listed: Mapping[str, str] | None) -> Iterator[tuple[str, Figure]]:
    """The figures of all tasks together."""
    others = {
        "overview": overview_figure(results, listed),
        "crossing": crossing_figure(_with_labels(results)),
        "fingerprint": fingerprint_figure(results),
    }
    yield from ((name, figure) for name, figure in others.items() if figure is not None)


def write_kind(
    results: Results,
    kind: str,
    folder: Path,
    *,
    learners: Sequence[str] = (),
    width: str = "text",
    listed: Mapping[str, str] | None = None,
) -> Iterator[Path]:
    """Draw the figures of one of KINDS; yields each written file.

    learners  those in colour; none: see `highlights`
    width     one of WIDTHS

    Raises ValueError, before the first file, if results contradict each other, and if they have nothing to draw.
    """
    refuse_contradictions(results.catalogue)
    figures = list(figures_of(results, kind, learners=learners, width=width, listed=listed))
    if not figures:
        raise ValueError(f"these results have nothing for a figure of the kind {kind}: {NEEDS[kind]}")
    yield from _write(figures, folder)


NEEDS = {
    "curves": "it needs a task with learning curves",
    "families": "it needs a ranked task with learning curves",
    "id-ood": "it needs a ranked task with a shift",
    "exposure": "it needs a task with exposed OOD examples",
    "ladder": "it needs a ranked task with a shift and a heuristic",
    "cost": "it needs times of learners on ranked tasks with a shift",
    "factors": "it needs algorithms that were run in the same views and encodings",
    "overview": "it needs a ranked task",
}


def figures_of(
    results: Results,
    kind: str,
    *,
    learners: Sequence[str] = (),
    width: str = "text",
    listed: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, Figure]]:
    """Name and figure of all figures of a kind; see `write_kind`."""
    if kind not in KINDS or width not in WIDTHS:
        raise ValueError(
            f"kind {kind!r} and width {width!r}; expected one of {', '.join(KINDS)}, and one of {', '.join(WIDTHS)}"
        )
    inches = WIDTHS[width]
    if kind == "curves":
        yield from _task_figures(results, highlights(results, learners), inches)
        return
    if kind in PAGED or kind == "overview":
        figures = (
            overview_pages(results, listed, inches)
            if kind == "overview"
            else PAGED[kind](results, highlights(results, learners), inches)
        )
        for page, figure in enumerate(figures, 1):
            yield (f"{kind}-{page}" if len(figures) > 1 else kind), figure
        return
    found = (
        crossing_figure(_with_labels(results), inches)
        if kind == "factors"
        else HIGHLIGHTED[kind](results, highlights(results, learners), inches)
    )
    if found is not None:
        yield kind, found


def _with_labels(results: Results) -> Results:
    """Without display names: the factors of a learner are in its label."""
    return renamed(results, {name: info.label for name, info in results.catalogue.learners.items() if info.label})


def _task_figures(results: Results, shown: Highlights, width: float) -> Iterator[tuple[str, Figure]]:
    points = curve_points(results.scores, results.catalogue)
    with_results = set(points["task"].tolist())
    for task in results.catalogue.tasks:
        if task in with_results:
            yield task, task_figure(results, task, points, shown, width)


def _write(figures: Iterable[tuple[str, Figure]], folder: Path) -> Iterator[Path]:
    taken = set[str]()
    for name, figure in figures:
        stem = figure_file(name)
        # Labels that differ may have one name: a:b and a-b, or A and a where a file system does not tell them apart.
        numbered = (f"{stem}{f'-{number}' if number else ''}" for number in count())
        stem = next(one for one in numbered if one.lower() not in taken)
        taken.add(stem.lower())
        yield from write_figure(figure, folder, stem)
