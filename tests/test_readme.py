"""The README is true: its table is what the command beside it prints, its links and commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grue.cli import app
from grue.runs.presets import presets
from grue.tasks import TASKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_leaderboard_is_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command = "grue leaderboard results/reference/quick --summary"
    assert f"`{command}`" in README
    printed = CliRunner().invoke(app, shlex.split(command)[1:]).output
    shown = README.partition("<!-- leaderboard -->")[2].partition("<!-- /leaderboard -->")[0]
    assert shown.strip() == printed.strip()


@pytest.mark.parametrize(
    "page", [path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]]
)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page} links to {target}"


def test_the_commands_exist() -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    known |= {group.name or "" for group in app.registered_groups}
    named = set(re.findall(r"^    grue ([a-z]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= known


def test_tasks_and_presets_are_named() -> None:
    assert all(f"`{name}`" in README for name in [*TASKS, *presets()])
