"""The results that come with the package: read by name, complete, as small as tables need."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from grue.runs.bundle import DEFAULT, REFERENCE, read_bundle, write_bundle
from grue.runs.errors import UsageError
from grue.runs.reading import load, read
from grue.runs.results import Results

LIMIT = 20_000_000
"""Bytes of all committed results."""


@pytest.mark.parametrize("name", ["", "/quick"])
def test_the_results_of_the_package_are_read_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    results, packed = read([f"reference{name}"]), read_bundle(REFERENCE / (name.strip("/") or DEFAULT))
    assert packed is not None
    assert len(results.scores) == len(packed.scores)
    assert results.catalogue.by_key.keys() == set(results.scores["key"]), "every planned cell is there"
    assert not results.failures


def test_a_name_that_the_package_has_not_is_refused_with_the_names_that_it_has() -> None:
    with pytest.raises(UsageError, match=r"reference/quik.*did you mean 'quick'"):
        read(["reference/quik"])


def test_all_results_of_the_package_are_small() -> None:
    assert sum(path.stat().st_size for path in REFERENCE.rglob("*")) < LIMIT


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
