"""The study of measures of complexity, on small samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grue.metrics.complexity import measures
from grue.studies.complexity import (
    ALL,
    CONVENTION,
    DISTINCT,
    NETWORKS,
    UNIFORM,
    Complexity,
    functions,
    measure,
    network_functions,
    program_lengths,
    variables_reversed,
)

CANDIDATES = 20_000


def settings(name: str, count: int = 300, block: int = 0) -> dict[str, object]:
    return {"set": name, "count": count, "block": block, "candidates": CANDIDATES if name == ALL else 0}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.concat([measure(settings(name)) for name in (ALL, UNIFORM, NETWORKS)], ignore_index=True)


def test_jobs_cover_every_set_and_have_names_of_their_own() -> None:
    jobs = Complexity().jobs("default")
    assert len({job.name for job in jobs}) == len(jobs)
    counts = pd.DataFrame([job.settings for job in jobs]).groupby("set")["count"].sum()
    assert counts.to_dict() == {ALL: 65_536, NETWORKS: 50_000, UNIFORM: 50_000}


def test_blocks_differ_and_repeat() -> None:
    first, again, other = (functions(UNIFORM, 5, block) for block in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
    with pytest.raises(ValueError, match="unknown set"):
        functions("n = 9", 5, 0)


def test_constant_functions_of_random_networks() -> None:
    """P(all 0) = P(all 1) = 0.1095 (10^5 networks)."""
    tables = network_functions(1500, np.random.default_rng(0))
    for constant in (tables.all(axis=1), ~tables.any(axis=1)):
        assert abs(constant.mean() - 0.1095) < 4 * np.sqrt(0.1095 * 0.8905 / 1500)


def test_reversing_the_variables() -> None:
    tables = functions(UNIFORM, 5, 0)
    reverse = [int(f"{index:07b}"[::-1], 2) for index in range(128)]
    assert (variables_reversed(tables) == tables[:, reverse]).all()


def test_program_lengths_follow_the_search() -> None:
    lengths = program_lengths(CANDIDATES)
    inputs = np.arange(16)
    index = {
        "variable": int(((inputs >> 3 & 1) << inputs).sum()),
        "negation": int(((1 - (inputs >> 3 & 1)) << inputs).sum()),
    }
    assert lengths[0] < lengths[index["variable"]] < lengths[index["negation"]] < lengths.max()
    assert (program_lengths(2 * CANDIDATES)[lengths < lengths.max() - 1] == lengths[lengths < lengths.max() - 1]).all()


def test_rows_hold_the_measures_of_the_functions(rows: pd.DataFrame) -> None:
    of_set = rows[rows["set"] == UNIFORM]
    tables = np.unpackbits(np.array([list(bytes.fromhex(name)) for name in of_set["function"]], np.uint8), axis=1)
    for name, values in measures(tables.astype(bool)).items():
        assert of_set[name].to_numpy(float) == pytest.approx(values), name


def test_findings(rows: pd.DataFrame) -> None:
    findings = Complexity().analyse(rows)
    table = findings.tables["Rank correlation of the measures"]
    assert set(table["set"]) == {ALL, UNIFORM, NETWORKS, DISTINCT}
    assert (table["low"] <= table["high"]).all()
    assert table["correlation"].between(-1, 1).all()
    assert (table.loc[table["set"] == ALL, "low"] == table.loc[table["set"] == ALL, "high"]).all()
    assert not table.loc[table["set"] == UNIFORM, "first"].isin(["DNF terms", "program length"]).any()
    assert len(findings.verdicts) == 10
    by_statement = {verdict.statement: verdict for verdict in findings.verdicts}
    assert by_statement[f"most measures of complexity agree on the ranking of functions: {ALL}"].low < 0.5
    assert by_statement[f"most measures of complexity agree on the ranking of functions: {NETWORKS}"].low > 0.5
    assert all(one.agrees for one in findings.published[:7])


def test_equal_measures_agree(rows: pd.DataFrame) -> None:
    equal = rows.copy()
    for name in rows.columns.drop(["set", "function"]):
        equal[name] = rows["LZ"].where(rows[name].notna())
    findings = Complexity().analyse(equal)
    for verdict in findings.verdicts[:-2]:
        assert verdict.decision == "supported"
        assert verdict.estimate == pytest.approx(1)
    assert [verdict.decision for verdict in findings.verdicts[-2:]] == ["not decided"] * 2  # nothing is left to explain


def test_independent_measures_do_not(rows: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    shuffled = rows.copy()
    for name in rows.columns.drop(["set", "function"]):
        shuffled[name] = rng.random(len(rows))
        shuffled[name] = shuffled[name].where(rows[name].notna())
    for verdict in Complexity().analyse(shuffled).verdicts[:-1]:
        assert verdict.decision == "contradicted"
        assert abs(verdict.estimate) < 0.2


def test_missing_sets_are_named(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=UNIFORM):
        Complexity().analyse(rows[rows["set"] == ALL])
    with pytest.raises(ValueError, match=NETWORKS):
        Complexity().analyse(pd.DataFrame())


def test_conventions_are_columns(rows: pd.DataFrame) -> None:
    assert (rows["LZ"] != rows[CONVENTION]).any()
