"""Files that a disk, a stranger or another program changed: no number is wrong unseen, and the rest is reported."""

from __future__ import annotations

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mutations import mutated_bytes

from grue.engine import parquet
from grue.engine.adopt import adopt
from grue.engine.errors import EngineError, UnreadableWarning
from grue.engine.files import UnreadableError
from grue.engine.parquet import read_file, to_bytes
from grue.runs.catalogue import read_catalogue
from grue.runs.errors import UsageError
from grue.runs.reading import read
from grue.runs.run import run

Figure = Callable[[str, float | str], None]

BITS = "No flipped bit changes a number unseen."
FOREIGN = "A row stands in a table only under the cell that it was computed for, and no value replaces another unseen."
LIMITS = "A file that is too large, or no regular file, is refused before it is loaded."
REST = "A file that cannot be read is named, and everything else is still reported."


def scores(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """The tidy table and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read([folder]).ordered
    assert all(issubclass(one.category, UnreadableWarning) for one in caught)
    return found, [str(one.message) for one in caught]


def batch(folder: Path, name: str = "identity-bits--linear") -> Path:
    return next(folder.glob(f"batches/{name}*.parquet"))


def rewrite(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], to: Path | None = None, **source: Any) -> None:
    """A file with other rows or provenance, and a digest that fits."""
    table, metadata = read_file(path)
    rows = pa.Table.from_pandas(change(table.to_pandas()), table.schema, preserve_index=False)
    (to or path).write_bytes(to_bytes(rows, metadata | source))


def unread(content: bytes, path: Path, whole: tuple[pa.Table, dict[str, Any]]) -> bool:
    """Whether a mutated file is refused; a failure where it is read as something else."""
    path.write_bytes(content)
    try:
        found = read_file(path)
    except UnreadableError:
        return True
    assert found[0].equals(whole[0])
    assert found[1] == whole[1]
    return False


def check_bits(path: Path, count: int, figure: Figure) -> None:
    content, whole, rng = path.read_bytes(), read_file(path), random.Random(3)
    for _ in range(count):
        at = rng.randrange(len(content))
        flipped = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
        assert unread(flipped, path, whole)
        mutated = mutated_bytes(rng, content)
        assert unread(mutated, path, whole) or mutated == content
    figure("bits flipped", count)
    figure("other mutations", count)


@pytest.mark.invariant(BITS)
def test_flipped_bits_and_other_damage_are_seen(given: Path, figure: Figure) -> None:
    check_bits(batch(given), 500, figure)


@pytest.mark.soak
@pytest.mark.invariant(BITS)
@pytest.mark.parametrize("table", ["batches", "predictions", "examples"])
def test_every_kind_of_file_has_its_damage_seen(given: Path, table: str, figure: Figure) -> None:
    for path in sorted((given / table).iterdir())[:4]:
        check_bits(path, 5000, figure)


@pytest.mark.invariant(BITS)
def test_every_byte_of_a_small_file_counts(tmp_path: Path, figure: Figure) -> None:
    path = tmp_path / "small.parquet"
    path.write_bytes(content := to_bytes(pa.table({"value": [0.25, None]}), {}))
    whole = read_file(path)
    for at in range(0, 8 * len(content), 7):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        assert unread(bytes(flipped), path, whole)
    figure("bits flipped", len(range(0, 8 * len(content), 7)))


@pytest.mark.invariant(BITS)
def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """NaN, null, -0.0 and the smallest numbers too, and a part of the columns."""
    values = [float("nan"), None, -0.0, 5e-324, 1e308]
    table = pa.table({"value": pa.array(values, pa.float64(), from_pandas=False), "text": ["", None, "é", "\x00", "x"]})
    path = tmp_path / "one.parquet"
    path.write_bytes(to_bytes(table, {"keys": ["a"]}))
    found, metadata = read_file(path)
    assert metadata == {"keys": ["a"]}
    assert found.schema.equals(table.schema)
    bits = [one["value"].combine_chunks().drop_null().to_numpy().view(np.int64) for one in (found, table)]
    assert (bits[0] == bits[1]).all()
    assert found["text"].to_pylist() == table["text"].to_pylist()
    assert read_file(path, ["text"])[0].column_names == ["text"]
    with pytest.raises(UnreadableError, match="no column 'score'; it has value, text"):
        read_file(path, ["score"])


@pytest.mark.invariant(REST)
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda table, source: to_bytes(table.drop_columns(["value"]), source), "no column 'value'"),
        (
            lambda table, source: to_bytes(table.set_column(0, "task", pa.nulls(len(table))), source),
            "'task' holds null",
        ),
        (lambda table, _: to_bytes(table, ["no", "dict"]), "provenance is ['no', 'dict']; expected a JSON object"),
        (lambda table, source: to_bytes(table, source | {"keys": 3}), "keys of its provenance"),
        (lambda table, source: to_bytes(table, source | {"settings": "x"}), "settings of its provenance"),
        (lambda table, source: b"PAR1 and no more", "no Parquet file"),  # noqa: ARG005
        (lambda table, source: b"", "no Parquet file"),  # noqa: ARG005
    ],
)
def test_a_file_of_another_form_is_named_and_the_rest_reported(
    given: Path, spoil: Callable[[pa.Table, Any], bytes], reason: str
) -> None:
    before, _ = scores(given)
    path = batch(given)
    own = set(read_file(path)[0]["key"].to_pylist())
    path.write_bytes(spoil(*read_file(path)))
    after, (line,) = scores(given)
    assert line.startswith(f"cannot read {path}: ")
    assert reason in line
    pd.testing.assert_frame_equal(after, before.loc[~before["key"].isin(own)].reset_index(drop=True))


@pytest.mark.invariant(REST)
@pytest.mark.parametrize("value", [float("inf"), -float("inf"), 1e300])
def test_values_that_nothing_measures_are_named(given: Path, value: float) -> None:
    rewrite(batch(given), lambda rows: rows.assign(value=rows["value"].where(rows["metric"] != "score", value)))
    _, (line,) = scores(given)
    assert "column 'value' has the value" in line
    assert "expected finite numbers" in line


@pytest.mark.invariant(FOREIGN)
def test_a_foreign_file_that_sorts_first_replaces_no_score(given: Path) -> None:
    path = batch(given)
    foreign = path.with_name("aaa.parquet")
    rewrite(path, lambda rows: rows.assign(value=rows["value"] / 2 + 0.3), to=foreign)
    with pytest.raises(UsageError, match="different values for one cell") as caught:
        read([given])
    assert str(foreign) in str(caught.value)
    assert str(path) in str(caught.value)
    shutil.copy(path, foreign)
    assert not scores(given)[1], "the same values twice are fine"


@pytest.mark.invariant(FOREIGN)
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("size", 17, "has size 17; its cell has"),
        ("exposed", 4, "has exposed 4; its cell has 0"),
        ("seed", 9, "has seed 9; its cell has"),
        ("suite_seed", 5, "has suite_seed 5; its cell has 0"),
        ("task", "riddle-token", "is of the task 'riddle-token'"),
        ("learner", "neighbours", "is of the learner 'neighbours'"),
        ("seed", -1, "has negative values"),
        ("key", None, "has empty values"),
    ],
)
def test_a_row_under_the_key_of_another_cell_is_refused(given: Path, column: str, value: Any, reason: str) -> None:
    path = batch(given)
    rewrite(path, lambda rows: rows.assign(**{column: value}))
    found, (line,) = scores(given)
    assert line.startswith(f"cannot read {path}: ")
    assert reason in line
    assert "linear" not in set(found.loc[found["task"] == "identity-bits", "learner"])


@pytest.mark.invariant(FOREIGN)
def test_a_file_of_another_task_under_known_keys_is_refused(given: Path) -> None:
    """As where somebody changes the keys: labels and settings of the file are those of the other task."""
    keys = read_file(batch(given))[0]["key"].unique().to_pylist()
    other = batch(given, "riddle-token--linear")
    own = sorted(set(read_file(other)[0]["key"].to_pylist()))
    rewrite(other, lambda rows: rows.assign(key=rows["key"].map(dict(zip(own, keys, strict=True)))), keys=keys)
    _, lines = scores(given)
    assert any(f"cannot read {other}: " in line for line in lines)


@pytest.mark.invariant(REST)
def test_a_run_sets_damaged_and_foreign_files_aside_and_computes_their_cells_again(given: Path) -> None:
    before, _ = scores(given)
    damaged, foreign = batch(given), batch(given, "riddle-token--linear")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    rewrite(foreign, lambda rows: rows.assign(seed=rows["seed"] + 1))
    (given / "plan.json").write_text('{"schema": 2, "tasks": 3}')
    preset = given / "small.toml"
    preset.write_text((Path(__file__).parent / "conftest.py").read_text().split('"""')[3])
    with pytest.warns(UnreadableWarning, match="plan.json: tasks is 3; expected a table; moved to given/corrupt"):
        outcome = run(str(preset), jobs=0, out=given)
    assert not outcome.failures
    after, lines = scores(given)
    assert not lines
    assert sorted(path.name.partition(".")[0] for path in (given / "corrupt").iterdir()) == sorted(
        [damaged.stem, foreign.stem, "plan"]
    )
    columns = ["key", "split", "metric", "value"]
    pd.testing.assert_frame_equal(after[columns], before[columns])


@pytest.mark.invariant(REST)
def test_of_several_folders_one_with_a_damaged_plan_is_named_and_left_out(given: Path, whole: Path) -> None:
    (given / "plan.json").write_text("[]")
    with pytest.warns(
        UnreadableWarning, match=r"cannot read given/plan\.json: it holds a list; expected a JSON object"
    ):
        assert len(read([given, whole]).scores)
    with pytest.raises(UsageError, match="move the file away and repeat `grue run`"):
        read([given])


def table_of(rows: int, **metadata: Any) -> bytes:
    text = pa.array(["x" * 1_000_000]).take(pa.array(np.zeros(rows, np.int64))) if rows < 10_000 else pa.nulls(rows)
    return to_bytes(pa.table({"text": text}), metadata)


@pytest.mark.invariant(LIMITS)
def test_a_small_file_that_is_large_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    monkeypatch.setattr(parquet, "MAX_BYTES", 50 << 20)
    path = tmp_path / "bomb.parquet"
    path.write_bytes(content := table_of(200))
    with pytest.raises(UnreadableError, match="take more than 52,428,800 bytes in memory"):
        read_file(path)
    figure("times that memory exceeds the file", 200_000_000 // len(content))


@pytest.mark.invariant(LIMITS)
def test_too_many_rows_and_too_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(table_of(parquet.MAX_ROWS + 1))
    with pytest.raises(UnreadableError, match=r"it has 20,000,001 rows; the limit is 20,000,000"):
        read_file(path)
    with path.open("ab") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(UnreadableError, match="the limit is 1,073,741,824"):
        read_file(path)
    pq.write_table(pa.table({"text": ["x", "y"]}), path, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY")
    with pytest.raises(UnreadableError, match="has the encoding DELTA_BYTE_ARRAY"):
        parquet.decode(path.read_bytes())
    monkeypatch.setattr("grue.runs.catalogue.read_json.__defaults__", (10,))
    (tmp_path / "plan.json").write_text(json.dumps({"schema": 2}) * 10)
    with pytest.raises(UsageError, match="the limit is 10"):
        read_catalogue(tmp_path)


@pytest.mark.invariant(LIMITS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop"])
@pytest.mark.parametrize("name", ["plan.json", "batches/aaa.parquet", "failures/aaa.json"])
def test_what_is_no_regular_file_is_refused_without_waiting(given: Path, kind: str, name: str) -> None:
    path = given / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "loop": lambda: path.symlink_to(path.name),
    }[kind]()
    words = {"pipe": "a named pipe", "folder": "a folder", "device": "a device", "loop": "Too many levels"}[kind]
    if name == "plan.json":
        with pytest.raises(UsageError, match=words):
            read([given])
    else:
        _, (line,) = scores(given)
        assert words in line


@pytest.mark.invariant(BITS)
def test_files_of_an_earlier_version_are_adopted_with_their_values_as_they_are(given: Path) -> None:
    before, _ = scores(given)
    paths = sorted(given.glob("*/*.parquet"))
    for path in paths:
        table, metadata = read_file(path)
        pq.write_table(table.replace_schema_metadata({b"grue": json.dumps(metadata)}), path)
    no_digest = r"have no digest: .*; `grue compact --adopt given` takes their values"
    says_no_more = pytest.warns(UnreadableWarning, match=r"writes a digest$")  # a run would stop, and move nothing
    with says_no_more, pytest.raises(EngineError, match=no_digest):
        read([given])
    damaged = batch(given)
    damaged.write_bytes(damaged.read_bytes()[:-5])
    found = adopt(given)
    assert (found.adopted, found.present) == (len(paths) - 1, 0)
    assert found.unreadable[0].startswith(f"cannot read {damaged}: it is no Parquet file, or was cut off")
    assert adopt(given).present == len(paths) - 1
    keys = set(before["key"]) - set(scores(given)[0]["key"])
    after, _ = scores(given)
    pd.testing.assert_frame_equal(after, before.loc[~before["key"].isin(keys)].reset_index(drop=True))
