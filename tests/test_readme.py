"""The README is true: its table is what the command beside it prints, its links and commands exist."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grue.analysis.intervals import interval
from grue.analysis.paired import SIGNIFICANCE, holm, paired
from grue.cli import app
from grue.runs.presets import presets
from grue.runs.reading import load
from grue.tasks import TASKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SPEC = spec_from_file_location("regenerate", ROOT / "docs" / "regenerate.py")
assert SPEC is not None
assert SPEC.loader is not None
REGENERATE: Any = module_from_spec(SPEC)
SPEC.loader.exec_module(REGENERATE)
SCORES = load(ROOT / "results" / "reference" / "quick")


@pytest.mark.parametrize(("page", "command", "body"), list(REGENERATE.blocks()), ids=lambda part: str(part)[:60])
def test_generated_blocks_are_what_their_commands_print(
    page: Path, command: str, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert REGENERATE.body_of(command) == body, f"{page.name}: run make reference"


def test_the_leaderboard_of_the_readme_fits_a_terminal() -> None:
    assert "<!-- grue leaderboard results/reference/quick --summary -->" in README
    assert max(map(len, README.partition("```text")[2].partition("```")[0].splitlines())) <= 100


def largest(task: str, learner: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Scores and their errors at the largest training size, without exposed examples: (seeds,) each."""
    rows = SCORES.loc[(SCORES["task"] == task) & (SCORES["learner"] == learner) & (SCORES["split"] == split)]
    rows = rows.loc[(rows["exposed"] == 0) & (rows["size"] == rows["size"].max())].sort_values("seed")
    assert set(rows["status"]) == {"ok"}, "the README says nothing of cells that are flagged"
    values, errors = (
        rows.loc[rows["metric"] == metric, "value"].to_numpy(dtype=float) for metric in ("score", "score_error")
    )
    assert len(values) == 5
    return values, errors


AXES, BITS, CHAINS = "navigation-axes", "identity-bits", "variables:far_links=3/4,links=1/2"
DNF, MAZE, PARTS, WORDS = "boolean-weight:function=dnf", "maze-grid", "compositions", "cycle-navigation:max_length=6"

CLAIMS = [
    ((BITS, "forest:view=tied", "odd"), (BITS, "forest", "odd")),
    ((MAZE, "cnn", "id"), (MAZE, "cnn", "detour")),
    ((AXES, "transformer:encoding=value", "others"), (AXES, "cnn:encoding=value", "others")),
    ((AXES, "transformer:encoding=value", "others"), (AXES, "mlp:encoding=value", "others")),
    ((DNF, "gp", "heavy"), (DNF, "mlp", "heavy")),
    ((PARTS, "mlp", "unseen"), (PARTS, "boosting", "unseen")),
    ((WORDS, "transformer", "twice"), (WORDS, "rnn", "twice")),
    ((WORDS, "transformer", "twice"), (WORDS, "cnn", "twice")),
    ((CHAINS, "transformer-scratchpad", "far"), (CHAINS, "transformer", "far")),
    ((CHAINS, "transformer-scratchpad", "far"), (CHAINS, "transformer-scratchpad:scratchpad=auxiliary", "far")),
    ((CHAINS, "transformer-scratchpad", "far"), (CHAINS, "transformer-scratchpad:scratchpad=shuffled", "far")),
]
"""What scores higher by the README than what."""


def test_differences_that_the_readme_names_hold_after_correction_for_all_of_them() -> None:
    differences = []
    for higher, lower in CLAIMS:
        (first, first_errors), (second, second_errors) = largest(*higher), largest(*lower)
        differences.append(paired(first, second, first_errors, second_errors))
    assert all(difference.mean > 0 for difference in differences)
    assert (holm([difference.p for difference in differences]) < SIGNIFICANCE).all()


def test_where_the_greedy_move_is_wrong_the_convolution_does_worse_than_a_constant_answer() -> None:
    score = interval(*largest(MAZE, "cnn", "detour"))
    assert score.mean + score.half_width < 0


@pytest.mark.parametrize(
    "page", [path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]]
)
def test_links_lead_somewhere(page: str) -> None:
    for path in REGENERATE.links(ROOT / page):
        assert path.exists(), f"{page} links to {path}"


def test_the_commands_exist() -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    known |= {group.name or "" for group in app.registered_groups}
    named = set(re.findall(r"^    grue ([a-z]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= known


def test_tasks_and_presets_are_named() -> None:
    assert all(f"`{name}`" in README for name in [*TASKS, *presets()])
