"""`grue atlas [DIR...]`: how often learners that solve a task give the same answers out of distribution."""

from __future__ import annotations

from typing import Annotated

import typer

from .folders import FamilyFilter, Folders, LearnerFilter, ReportFormat, SuiteSeed, TaskFilter, write_text
from .probes import FigureFile, SplitName, check_figure, probe_answers_of, terminal, write_figure


def atlas(
    dirs: Folders = None,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="text (terminal), md (Markdown), csv or json (one pair per row).")
    ] = ReportFormat.text,
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    split: SplitName = None,
    min_id: Annotated[
        float, typer.Option(help="A seed solves a task with this score in distribution, not flagged budget or plateau.")
    ] = 0.9,
    merge: Annotated[  # noqa: FBT002 -- a flag
        bool, typer.Option("--merge", help="One row for all variants of a learner (mlp, mlp:width=64, mlp@tuned).")
    ] = False,
    min_families: Annotated[
        int, typer.Option(help="Leave out learners that no other is compared with in this many families.")
    ] = 1,
    closer: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Also compare each learner with these two, with all their variants: --closer forest neighbours."
        ),
    ] = None,
    output: FigureFile = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Compare the OOD answers of learners that solve a task ID: kappa, against that between seeds of one learner."""
    from ..analysis.agreement import merged, restricted, task_agreement
    from ..analysis.atlas import closer as closer_to
    from ..analysis.atlas import make_atlas, shared_by
    from ..reports.atlas import AtlasReport, render_atlas
    from ..reports.atlas_figure import atlas_figure
    from ..reports.names import base_and_variant
    from ..runs.errors import UsageError

    check_figure(output)
    results, tasks, notes = probe_answers_of(dirs, suite_seed, task, family, split)
    only = results.labels(learner) if learner else None
    single = [task_agreement(one, results.catalogue, min_id, only) for one in tasks]
    shown = [merged(one, lambda name: base_and_variant(name)[0]) for one in single] if merge else single
    whole = make_atlas(shown)
    if not whole.tasks:
        most = max(shown, key=lambda one: len(one.learners))
        raise UsageError(
            f"on no task do two learners have two seeds that reach {min_id:g} in distribution without a flag (most "
            f"learners that do: {len(most.learners)}, on {most.task}); --min-id lowers the score"
        )
    if left := sorted(set(whole.learners) - set(shared_by(whole, min_families))):
        shown = [restricted(one, [name for name in one.learners if name not in left]) for one in shown]
        whole = make_atlas(shown)
        if not whole.tasks:
            raise UsageError(f"no two learners are compared in {min_families} families; --min-families lowers that")
        notes.append(f"Left out, since no other learner is compared with them in {min_families} families: "
                     f"{', '.join(left)}")  # fmt: skip
    found = []
    if closer:
        members = [[name for name in results.catalogue.learners if _is(name, group)] for group in closer]
        for group, names in zip(closer, members, strict=True):
            results.labels([*names] or [group])
        found = closer_to(make_atlas(single), *members)
    report = AtlasReport(whole, shown, results, min_id, notes, closer, found)
    if output is not None:
        write_figure(atlas_figure(report), output)
    write_text(render_atlas(report, form.value, terminal()), None)


def _is(name: str, group: str) -> bool:
    """Whether a learner is the one of that label, or a variant of it."""
    from ..reports.names import base_and_variant

    return name == group or base_and_variant(name)[0] == group
