"""The reference that comes with the package: as small as tables need, and equal to the committed folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard
from grue.runs.bundle import REFERENCE, read_bundle, write_bundle
from grue.runs.errors import UsageError
from grue.runs.reading import load, read
from grue.runs.results import Results

QUICK = Path(__file__).parents[2] / "results" / "reference" / "quick"


def test_it_prints_what_the_committed_folder_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for form in ("text", "json"):
        packed = render(make_leaderboard(read(["reference"])), form)
        assert packed == render(make_leaderboard(read([QUICK])), form), (
            "pack it again: grue scores results/reference/quick --format bundle --output runs/reference"
        )


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in REFERENCE.iterdir()) < 2_000_000


def test_a_folder_of_that_name_comes_first(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bundle(results, Path("reference"))
    assert set(load("reference")["task"]) == set(results.scores["task"])


def test_results_are_unpacked_as_they_were(results: Results, tmp_path: Path) -> None:
    write_bundle(results, tmp_path / "bundle")
    found = read_bundle(tmp_path / "bundle")
    assert found is not None
    assert found.catalogue == results.catalogue
    assert (found.provenance, found.failures) == (results.provenance, results.failures)
    order = ["key", "split", "metric"]
    pd.testing.assert_frame_equal(
        found.scores.sort_values(order, ignore_index=True),
        results.scores.sort_values(order, ignore_index=True),
        check_dtype=False,
    )


def test_a_damaged_bundle_is_named_in_one_line(results: Results, tmp_path: Path) -> None:
    write_bundle(results, tmp_path)
    (tmp_path / "scores.parquet").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"cannot read .*scores\.parquet"):
        read([tmp_path])
