"""Units of a study: each a file of its own, written whole, and done once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from grue.studies.units import read_units, run_units, set_aside_unreadable


@dataclass(frozen=True)
class Square:
    number: int
    broken: bool = False
    outside: bool = False
    deletes: str = ""  # another unit's file, seen from the folder that it changes to

    @property
    def name(self) -> str:
        return f"square-{self.number}"

    @property
    def label(self) -> str:
        return f"the square of {self.number}"

    def rows(self) -> pd.DataFrame:
        if self.broken:
            raise ArithmeticError("no square")
        if self.deletes:
            os.chdir("out/units")
            Path(self.deletes).unlink()
        return pd.DataFrame([{"number": self.number, "square": self.number**2}])


def run(units: list[Square], folder: Path) -> tuple[list[str], list[str]]:
    """What failed, and what was said."""
    said: list[str] = []
    failures = run_units(units, folder, 0, 60, "grue study squares", said.append)
    return [one["message"] for one in failures], said


def test_a_run_that_is_repeated_does_what_is_missing(tmp_path: Path) -> None:
    run([Square(1), Square(2)], tmp_path)
    failures, said = run([Square(1), Square(2), Square(3)], tmp_path)
    assert not failures
    assert said[0].startswith("3 units: 2 done, 1 to do on no worker processes")
    assert len(said) == 2
    rows, about = read_units([Square(1), Square(3)], tmp_path)
    assert rows["square"].tolist() == [1, 9]
    assert [one["command"] for one in about] == ["grue study squares"]
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == [f"square-{n}.parquet" for n in (1, 2, 3)]


def test_a_failure_is_written_down_and_tried_again(tmp_path: Path) -> None:
    failures, said = run([Square(1, broken=True), Square(2)], tmp_path)
    assert failures == ["ArithmeticError: no square"]
    assert any("FAILED" in line for line in said)
    assert "Traceback" in (tmp_path / "failures" / "square-1.json").read_text()
    assert read_units([Square(1), Square(2)], tmp_path)[0]["square"].tolist() == [4]
    assert run([Square(1), Square(2)], tmp_path)[0] == []
    assert not list((tmp_path / "failures").iterdir())


def test_a_unit_that_changes_the_folder_loses_no_file_and_a_file_that_is_lost_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    units, folder = [Square(1), Square(2, deletes="square-1.parquet"), Square(3)], Path("out")
    failures, said = run(units, folder)
    assert failures == ["it was done, and its file is not there"]
    assert said[0].endswith("; in out")
    assert read_units(units, folder)[0]["square"].tolist() == [4, 9]
    assert run([Square(1)], folder)[0] == []


def test_a_file_that_cannot_be_read_is_named_and_done_again(tmp_path: Path) -> None:
    run([Square(5)], tmp_path)
    (tmp_path / "units" / "square-5.parquet").write_bytes(b"half a fi")
    with pytest.warns(UserWarning, match="is done again"):
        set_aside_unreadable([Square(5)], tmp_path)
    run([Square(5)], tmp_path)
    assert read_units([Square(5)], tmp_path)[0]["square"].tolist() == [25]
