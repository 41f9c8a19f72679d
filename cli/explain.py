"""`grue explain [DIR...]`: which answers and errors of the learners the declared heuristics explain."""

from __future__ import annotations

from typing import Annotated

import typer

from .folders import FamilyFilter, Folders, LearnerFilter, ReportFormat, SuiteSeed, TaskFilter, write_text
from .probes import FigureFile, SplitName, check_figure, probe_answers_of, terminal, write_figure

TABLES = 8
"""Tasks above which the terminal shows the summary alone."""


def explain(
    dirs: Folders = None,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="text (terminal), md (Markdown), csv or json (one share per row).")
    ] = ReportFormat.text,
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    split: SplitName = None,
    min_id: Annotated[
        float | None,
        typer.Option(
            help="Only seeds with this score in distribution and without the flags budget and plateau. Default: all."
        ),
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print only the means over families.")] = False,  # noqa: FBT002
    output: FigureFile = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Explain OOD answers and errors by the declared heuristics of each task: unique and shared parts, and chance."""
    from ..analysis.explained import explanations
    from ..reports.explained import render_explained
    from ..reports.explained_figure import explained_figure
    from ..runs.errors import UsageError

    check_figure(output)
    results, tasks, notes = probe_answers_of(dirs, suite_seed, task, family, split)
    chosen = results.labels(learner or list(results.catalogue.learners))
    found = [one for one in explanations(tasks, results.catalogue, min_id) if one.learner in chosen]
    if not found:
        raise UsageError(
            "no answers to explain: it takes a learner on a task with heuristics and a rule, run with both and with "
            "the control oracle"
        )
    if output is not None:
        write_figure(explained_figure(found, results), output)
    brief = summary or (form.value == "text" and len({one.task for one in found}) > TABLES)
    if brief and not summary:
        notes = [*notes, "A table of each task: --task NAME, or --format md for all"]
    write_text(render_explained(found, results, notes, form.value, terminal(), brief=brief), None)
