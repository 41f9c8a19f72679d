"""The page of published figures beside ours, and the figures of studies, from the findings of all studies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..analysis.findings import Published, StudyRun
from .figures_of_studies import study_svg

HEAD = """# Published figures beside ours

Made from the findings of all studies (`results/reference/studies`) by `make science`, which runs every study, and by
`make reference`, which runs none. *Agrees*: within the combined sampling error and half of the last digit that was
published. A figure whose source gives no recipe (optimiser, loss, rate) is *not comparable*.

Scale: {scales}. Command of a row: {commands}.

| study | figure | published | ours | agrees | source |
|---|---|---|---|---|---|
"""

AGREES = {True: "yes", False: "**no**", None: "not comparable"}


def science_page(runs: Iterable[StudyRun]) -> str:
    """A row for each published figure, in Markdown."""
    runs = list(runs)
    scales = dict.fromkeys(run.scale for run in runs)
    named = ", ".join(
        f"{scale} ({', '.join(run.study for run in runs if run.scale == scale)})" if len(scales) > 1 else scale
        for scale in scales
    )
    options = {scale: "" if scale == "default" else f" --{scale}" for scale in scales}
    commands = ", ".join(f"`grue study NAME{options[scale]}`" for scale in scales)
    rows = [_row(run.study, one) for run in runs for one in run.findings.published]
    return HEAD.format(scales=named, commands=commands) + "".join(rows)


def _row(study: str, one: Published) -> str:
    agrees = f"{AGREES[one.agrees]}{f': {one.note}' if one.note else ''}"
    cells = [f"[{study}](studies/{study}.md)", one.figure, one.published, one.ours, agrees, one.source]
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |\n"


def write_science(runs: Iterable[StudyRun], docs: Path) -> list[Path]:
    """Write science.md and figures/study-NAME.svg to the folder of the documentation; returns the paths."""
    runs = list(runs)
    page = docs / "science.md"
    page.write_text(science_page(runs), encoding="utf-8")
    written = [page]
    for run in runs:
        if svg := study_svg(run.study, run.findings):
            path = docs / "figures" / f"study-{run.study}.svg"
            path.write_text(svg, encoding="utf-8")
            written.append(path)
    return written
