"""`grue claims [DIR]`: registered claims with the verdicts of their own cells, or of other results, post hoc."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .folders import OutputFile, ReportFormat, SuiteSeed, read_folders, read_studies, write_text

if TYPE_CHECKING:
    from ..analysis.findings import StudyRun
    from ..reports.claims import Standing
    from ..reports.readme import Statement
    from ..runs.registration import Registration
    from ..runs.results import Results


def claims(
    dirs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...",
            help="Result folders, which are combined, and folders of grue study. Default: the claims' own cells, and "
            "the studies of the package.",
        ),
    ] = None,
    form: Annotated[
        ReportFormat,
        typer.Option("--format", help="text (terminal), md (Markdown), csv (a row a test) or json (with all cells)."),
    ] = ReportFormat.text,
    readme: Annotated[  # noqa: FBT002
        bool, typer.Option("--readme", help="Print instead the README's statements about results, with their claims.")
    ] = False,
    fail_if_flagged: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--fail-if-flagged", help="Exit code 1 if a claim, or one of the README, has cells that did not fit."
        ),
    ] = False,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also draw the tests to this folder: SVG, PDF and PNG.")
    ] = None,
    output: OutputFile = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print claims about inductive biases with verdicts: supported, contradicted, equivalent, not decided, no data yet.

    The claims, their tests and thresholds were written down before their cells were computed (grue run --preset
    claims). Some are decided by a study (grue study NAME), whose verdicts are read from its findings.
    """
    from ..reports.claims import render_claims
    from ..reports.readme import render_statements
    from ..runs.registration import committed, read_claims

    registration = read_claims()
    folders, studies = read_studies(dirs or [], packed=True)
    standings, results = standings_of(folders, suite_seed, registration, studies)
    statements = _statements(registration) if readme else []
    shown = results if results.catalogue.cells else None
    if readme:
        write_text(render_statements(statements, standings, form.value), output)
    else:
        write_text(render_claims(standings, shown, committed(), form.value), output)
    if figures is not None:
        from ..reports.claims_figure import write_claims_figure

        for path in write_claims_figure(standings, shown, figures):
            typer.echo(f"wrote {path}", err=True)
    judged = [one.judgement for one in standings]
    flagged = {one.claim.name: len(one.flagged) for one in judged if one.flagged}
    if fail_if_flagged and flagged:
        named = ", ".join(f"{name} ({count})" for name, count in flagged.items())
        typer.echo(f"grue: claims with cells that did not fit: {named}", err=True)
        raise typer.Exit(1)


def standings_of(
    dirs: list[Path], suite_seed: int | None, registration: Registration, studies: Mapping[str, StudyRun]
) -> tuple[list[Standing], Results]:
    """The claims with their verdicts, and the results that these rest on; without a folder, the claims' own cells.

    studies  the runs that decide the claims which need a study
    """
    from ..analysis.claims import judge
    from ..reports.claims import Standing
    from ..runs.errors import UsageError
    from ..runs.registration import reasons_post_hoc, unchecked, written_after

    results = _results(dirs, suite_seed, registration)
    try:
        findings = {name: run.findings for name, run in studies.items()}
        judged = judge(results.scores, results.catalogue, registration, findings)
    except ValueError as error:
        raise UsageError(str(error)) from error
    standings = []
    for one in judged:
        run = studies.get(one.claim.study) if one.of_study else None
        if run is not None:
            reasons = written_after(one.claim, run.commits, "the study was run")
            standings.append(Standing(one, tuple(reasons), () if reasons else tuple(unchecked(run.commits)), run))
            continue
        commits = _commits(results, one.cells)
        reasons = reasons_post_hoc(one.claim, registration.run, results.catalogue, one.cells, one.seeds, commits)
        standings.append(Standing(one, tuple(reasons), () if reasons else tuple(unchecked(commits))))
    return standings, results


def _statements(registration: Registration) -> list[Statement]:
    """The statements of the README of the checkout. Raises UsageError without one, and for an unknown claim."""
    from ..reports.readme import statements_of
    from ..runs.errors import UsageError
    from ..runs.names import nearest
    from ..runs.registration import ROOT

    path = ROOT / "README.md"
    if not path.is_file():
        raise UsageError(f"there is no {path}: --readme needs a checkout of the repository")
    statements, known = statements_of(path.read_text(encoding="utf-8")), [one.name for one in registration.claims]
    if not statements:
        raise UsageError(f"{path} has no statements between <!-- results --> and <!-- /results -->")
    for name in (name for statement in statements for name in statement.claims):
        if name not in known:
            raise UsageError(f"{path.name}: {nearest(name, known, 'claim')}")
    return statements


def _results(dirs: list[Path], suite_seed: int | None, registration: Registration) -> Results:
    """The results of the folders; without a folder, those of the claims' own cells, or none if there are none."""
    from ..runs.catalogue import Catalogue
    from ..runs.registration import RESULTS
    from ..runs.results import COLUMNS, Results

    if not dirs and not RESULTS.is_dir():
        import pandas as pd

        return Results(pd.DataFrame(columns=COLUMNS), Catalogue())
    results = read_folders(dirs or [RESULTS], suite_seed)
    own = registration.run["suite_seed"]
    several = len(results.catalogue.suite_seeds) > 1
    return results.of_suite(own) if several and own in results.catalogue.suite_seeds else results


def _commits(results: Results, keys: set[str]) -> list[str]:
    """The commits that cells were computed at; of a packed folder with several, all. "": none is recorded."""
    indices = {results.source_of[key] for key in keys if key in results.source_of}
    if any(key not in results.source_of for key in keys):
        indices = set(range(len(results.provenance)))
    return sorted({str(results.provenance[index].get("commit") or "") for index in indices})
