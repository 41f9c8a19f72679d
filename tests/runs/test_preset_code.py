"""A preset file runs no code of its choice unless it is trusted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grue.runs.names import UsageError
from grue.runs.presets import load_preset

from .test_presets import grid, written

STRANGER = "stranger:make:cmd=touch made"


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module that leaves a trace when it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = "from grue.learners.lookup import Lookup as Mine\nopen('imported', 'w').close()\ndef make(cmd): Mine()\n"
    (tmp_path / "stranger.py").write_text(text)
    yield tmp_path
    sys.modules.pop("stranger", None)


@pytest.mark.parametrize(
    ("tables", "changes"),
    [
        ("", {"learners": f'["mlp", "{STRANGER}"]'}),
        ("", {"tasks": f'["{STRANGER}"]'}),
        (f'[parameters."{STRANGER}"]\nwidth = 3', {}),
        ("", {"tasks": f'["identity-bits", "-{STRANGER}"]'}),
        ("", {"crossed": f'["{STRANGER}"]'}),
        (grid(STRANGER), {}),
        (grid("scramble-bag", f'learners = ["inherited", "{STRANGER}"]'), {}),
        (grid("scramble-bag", f'crossed = ["{STRANGER}"]'), {}),
        (grid("scramble-bag", f'parameters."{STRANGER}" = {{ width = 3 }}'), {}),
    ],
)
def test_a_file_chooses_no_code_unless_it_is_trusted(stranger: Path, tables: str, changes: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=rf"names code to import and run: '{STRANGER}'; if you trust .*--trust"):
        written(stranger, tables, trust=False, **changes)
    assert not (stranger / "imported").exists()


def test_parameters_of_a_view_hide_no_code(stranger: Path) -> None:
    with pytest.raises(UsageError, match="names code to import and run: 'stranger:Mine,view=tied'; if you trust"):
        written(stranger, trust=False, learners='["stranger:Mine,view=tied"]')
    assert not (stranger / "imported").exists()


def test_every_module_attribute_of_the_file_is_named(stranger: Path) -> None:
    with pytest.raises(UsageError, match="run: 'a:B', 'subprocess:getoutput:cmd=touch x', 'c:D'; if"):
        written(
            stranger,
            '[parameters."c:D"]\nx = 1',
            trust=False,
            tasks='["a:B", "identity-bits:bits=8", "family:maze"]',
            learners='["subprocess:getoutput:cmd=touch x", "mlp:width=3", "cnn@tuned", "kind:network"]',
        )


def test_the_command_line_takes_code_from_a_file_only_with_trust(stranger: Path) -> None:
    written(stranger, learners='["stranger:Mine"]')
    (stranger / "imported").unlink(missing_ok=True)
    for command in (["list", "presets", "mine.toml"], ["run", "--preset", "mine.toml", "--dry-run"]):
        done = [
            subprocess.run(
                [sys.executable, "-m", "grue", *command, *trust], capture_output=True, text=True, check=False
            )
            for trust in ([], ["--trust"])
        ]
        assert [one.returncode for one in done] == [2, 0], done[1].stderr
        assert "'stranger:Mine'" in done[0].stderr
        assert (stranger / "imported").exists() == ("run" in command)


def test_a_name_with_a_path_in_it_is_no_preset_of_the_suite(stranger: Path) -> None:
    written(stranger)
    with pytest.raises(UsageError, match="unknown preset"):
        load_preset(str(stranger / "mine"))


def test_code_in_what_is_extended_needs_trust_too(stranger: Path) -> None:
    written(stranger, learners='["stranger:Mine"]')
    (stranger / "child.toml").write_text("extends = 'mine.toml'")
    with pytest.raises(UsageError, match=r"preset .*child\.toml names code to import and run: 'stranger:Mine'"):
        load_preset("child.toml")
    assert load_preset("child.toml", trust=True).learners == ("stranger:Mine",)
