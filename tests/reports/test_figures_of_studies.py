"""Every study has a figure, drawn from its findings alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from grue.reports.figures_of_studies import drawn_studies, study_figure, study_svg, write_study_figure
from grue.reports.science import science_page, write_science
from grue.reports.study_files import packed_runs
from grue.reports.style import WIDTHS
from grue.studies.catalogue import STUDIES

ROOT = Path(__file__).parents[2]
RUNS = packed_runs()

STATISTIC = {
    "prior": ("slope of (7,40,40,1) ReLU", "mass within the decade", "Zipf guide"),
    "complexity": ("n = 4, all functions: contradicted", "sensitivity"),
    "double-descent": ("ridge, noise 0.2", "second descent in the order of p_eff", "effective parameters p_eff"),
    "equivariance": ("does it come closer with n?", "share of seeds that keep it"),
}
"""Text in the figure: verdicts' statistics and what they are read from."""


def test_every_study_has_a_module_that_draws_it() -> None:
    assert drawn_studies() == set(STUDIES)


@pytest.mark.parametrize("name", sorted(RUNS))
def test_a_figure_has_the_width_of_the_text_and_the_verdicts_statistic(name: str) -> None:
    figure = study_figure(name, RUNS[name].findings)
    assert figure is not None
    assert figure.get_figwidth() == WIDTHS["text"]
    text = study_svg(name, RUNS[name].findings)
    assert all(part in text for part in STATISTIC.get(name, ()))
    # An id is a hash of positions, of which the solver of the layout may change the last bit.
    first, second = (re.sub(r"\bp[0-9a-f]{10}\b", "id", one) for one in (text, study_svg(name, RUNS[name].findings)))
    assert first == second, "the same findings give the same file"


def test_figures_need_no_torch_no_learner_and_no_task() -> None:
    code = (
        "import sys\n"
        "from grue.reports.figures_of_studies import study_svg\n"
        "from grue.reports.study_files import packed_runs\n"
        "assert all(study_svg(name, run.findings) for name, run in packed_runs().items())\n"
        "loaded = [name for name in sys.modules if name.split('.')[0] == 'torch' or name.startswith('grue.learners')\n"
        "          or name.startswith('grue.tasks') or name.startswith('grue.studies')]\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_is_written_in_three_formats_and_a_study_without_one_is_no_error(tmp_path: Path) -> None:
    findings = RUNS["complexity"].findings
    written = write_study_figure("complexity", findings, tmp_path / "figures")
    assert [path.name for path in written] == [f"complexity.{form}" for form in ("svg", "pdf", "png")]
    assert all(path.stat().st_size > 1000 for path in written)
    assert write_study_figure("no-such-study", findings, tmp_path) == []
    assert study_svg("no-such-study", findings) == ""


def words(path: Path) -> list[str]:
    """The text in an SVG file; coordinates may differ between machines in their last digits."""
    return re.findall(r">([^<>]+)</text>", path.read_text(encoding="utf-8"))


def test_the_documentation_has_what_the_findings_say(tmp_path: Path) -> None:
    runs = [RUNS[name] for name in STUDIES if name in RUNS]
    assert science_page(runs) == (ROOT / "docs" / "science.md").read_text(encoding="utf-8"), "make reference"
    (tmp_path / "figures").mkdir()
    for path in write_science(runs, tmp_path)[1:]:
        committed = ROOT / "docs" / "figures" / path.name
        assert words(committed) == words(path), "make reference"
        page = (ROOT / "docs" / "studies" / f"{path.stem.removeprefix('study-')}.md").read_text(encoding="utf-8")
        assert f"(../figures/{path.name})" in page


def test_cells_of_the_page_of_published_figures_keep_to_their_columns() -> None:
    lines = science_page(RUNS.values()).splitlines()
    rows = [line.replace("\\|", "") for line in lines if line.startswith("| [")]
    assert len(rows) == sum(len(run.findings.published) for run in RUNS.values())
    assert {row.count("|") for row in rows} == {7}
