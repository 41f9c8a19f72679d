"""The same cells on the same machine: which settings change their scores, and by how much."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from grue.reports.provenance import warnings_of
from grue.runs.reading import read

TOLERANCE = 1e-5
"""Largest difference between scores with different kernels (docs/results.md)."""

PART = ["--task=identity-bits", "--exposed=0", "--learner=mlp", "--learner=kernel", "--learner=linear"]
"""Part of the preset `smoke` for the ordinary tests."""

Figure = Callable[[str, float | str], None]


def scores(out: Path, arguments: list[str], **environment: str) -> pd.Series:
    command = [sys.executable, "-m", "grue", "run", "--preset", "smoke", "--out", str(out), *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = read([out]).scores
    index = pd.MultiIndex.from_frame(table[["key", "split", "metric"]])
    return pd.Series(table["value"].to_numpy(), index).sort_index()


@pytest.fixture(scope="module", params=[PART, pytest.param([], marks=pytest.mark.soak)], ids=["part", "all"])
def reference(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], Path, pd.Series]:
    """Arguments, the folder of a plain run, and its scores."""
    folder = tmp_path_factory.mktemp("plain")
    return request.param, folder, scores(folder, [*request.param, "--jobs", "2"])


@pytest.mark.invariant("Workers, their number, the hash seed and the locale change no score by a bit.")
def test_scores_are_equal_bit_for_bit(
    reference: tuple[list[str], Path, pd.Series], tmp_path: Path, figure: Figure
) -> None:
    arguments, _, plain = reference
    others = {
        "one": scores(tmp_path / "one", [*arguments, "--jobs", "1"], PYTHONHASHSEED="7", LC_ALL="C"),
        "inline": scores(tmp_path / "inline", [*arguments, "--jobs", "0"], OMP_NUM_THREADS="", OPENBLAS_NUM_THREADS=""),
    }
    for other in others.values():
        pd.testing.assert_series_equal(other, plain, check_exact=True)
    figure("values compared", len(others) * len(plain))


@pytest.mark.invariant("Other kernels change scores by at most 1e-5, and a table that mixes them says so.")
@pytest.mark.parametrize(
    ("library", "environment"),
    [("torch", {"ATEN_CPU_CAPABILITY": "default"}), ("openblas", {"OPENBLAS_CORETYPE": "Prescott"})],
)
def test_other_kernels(
    reference: tuple[list[str], Path, pd.Series],
    tmp_path: Path,
    figure: Figure,
    library: str,
    environment: dict[str, str],
) -> None:
    arguments, folder, plain = reference
    other = scores(tmp_path / "out", [*arguments, "--jobs", "2"], **environment)
    difference = (other.reindex(plain.index) - plain).abs()
    figure(f"largest difference with other kernels of {library}", f"{difference.max():.1e}")
    figure(f"values that differ of {len(plain):,}, {library}", int((difference > 0).sum()))
    assert difference.max() <= TOLERANCE
    assert other.notna().equals(plain.notna())
    names = [read([one]).provenance[0]["kernels"].get(library) for one in (folder, tmp_path / "out")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the two folders have different values for the same cells
        both = read([folder, tmp_path / "out"])
    assert any(f"mixed kernels of {library}" in line for line in warnings_of(both)) == (names[0] != names[1])
