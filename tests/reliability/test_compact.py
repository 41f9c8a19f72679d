"""`grue compact`: nothing is lost, counted twice or changed, whenever it is interrupted."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from grue.cli import app
from grue.engine import durable
from grue.engine.compact import compact as engine_compact
from grue.engine.errors import EngineError
from grue.engine.parquet import to_bytes
from grue.engine.parts import PREFIX, files_of, fold, read_block
from grue.engine.store import Store
from grue.runs.batches import BatchStore
from grue.runs.compact import compact
from grue.runs.forget import forget
from grue.runs.merge import merge
from grue.runs.reading import read
from grue.runs.run import run
from grue.runs.verify import verify

REPORTS = (
    ["leaderboard"],
    ["leaderboard", "--format", "json"],
    ["scores", "--format", "csv"],
    ["table", "--format", "md"],
    ["quality"],
    ["decompose"],
    ["failures"],
    ["atlas"],
)

NOTHING_LOST = "An interrupted compaction loses no value and counts none twice."


def reports(folder: Path) -> list[tuple[int, str]]:
    """What the commands print, and their exit codes."""
    results = [CliRunner().invoke(app, [*words, str(folder)]) for words in REPORTS]
    return [(one.exit_code, one.output) for one in results]


def state(folder: Path) -> dict[str, object]:
    """Everything that the batches hold, by job: rows, provenance, and the same of the predictions."""
    store = BatchStore(folder)
    return {
        f"{table}/{name}": (rows.to_pydict(), source)
        for table in ("batches", "predictions")
        for name, (rows, source) in store.read(table).items()
    }


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "batches").glob("*.parquet"))


def folded(folder: Path) -> tuple[list[str], list[str]]:
    return compact(folder, log=lambda _: None)


@pytest.mark.invariant("Every report of a folder is the same, byte for byte, before and after `grue compact`.")
def test_reports_are_the_same(given: Path, figure: Callable[[str, float | str], None]) -> None:
    before, held, count = reports(given), state(given), len(files(given))
    assert not folded(given)[1]
    assert len(files(given)) == 1
    assert files(given)[0].startswith(PREFIX)
    assert state(given) == held
    assert reports(given) == before
    assert "nothing to do" in folded(given)[0][0], "a second time changes nothing"
    figure("reports", len(REPORTS))
    figure("batches folded", count)


@pytest.mark.invariant("A packed folder is the same, byte for byte, before and after `grue compact`.")
@pytest.mark.parametrize("form", ["bundle", "parquet"])
def test_what_is_packed_is_the_same(form: str, given: Path, tmp_path: Path) -> None:
    def packed(name: str) -> dict[str, bytes]:
        output = tmp_path / form / name
        done = CliRunner().invoke(app, ["scores", str(given), "--format", form, "--output", str(output)])
        assert done.exit_code == 0, done.output
        paths = [output] if output.is_file() else sorted(output.iterdir())
        return {path.name.replace(name, ""): path.read_bytes() for path in paths}

    (tmp_path / form).mkdir()
    before = packed("before")
    assert len(before) == (4 if form == "bundle" else 1)
    assert not folded(given)[1]
    assert packed("after") == before


@pytest.mark.invariant(NOTHING_LOST)
@pytest.mark.parametrize("operation", ["fsync", "rename", "unlink"])
def test_killed_at_any_moment(
    operation: str, whole: Path, tmp_path: Path, figure: Callable[[str, float | str], None]
) -> None:
    held = state(whole)
    for moment in range(100):
        folder = tmp_path / str(moment)
        shutil.copytree(whole, folder)
        if child := os.fork():
            _, status = os.waitpid(child, 0)
        else:
            kill_at(operation, moment)
            folded(folder)
            os._exit(0)
        assert state(folder) == held
        assert not folded(folder)[1], "the next one completes it"
        assert state(folder) == held
        assert len(files(folder)) == 1
        shutil.rmtree(folder)
        if os.WIFEXITED(status):
            figure("SIGKILLs", moment)
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
    pytest.fail("it never came to its end")


def kill_at(operation: str, moment: int) -> None:
    """End this process by SIGKILL just before the operation of this number."""
    left = [moment]

    def killing(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return function(*arguments, **named)

        return call

    if operation == "fsync":
        os.fsync = killing(os.fsync)
    elif operation == "rename":
        Path.replace = killing(Path.replace)
    else:
        Path.unlink = killing(Path.unlink)


@pytest.mark.invariant(NOTHING_LOST)
def test_full_disk(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, before = state(given), files(given)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", full)
        with pytest.raises(EngineError, match="No space left on device"):
            folded(given)
    assert files(given) == before
    assert state(given) == held


@pytest.mark.invariant("A run goes on in a compacted folder with the cells that are missing.")
def test_a_run_goes_on(given: Path, whole: Path) -> None:
    preset = whole.parent / "small.toml"
    folded(given)
    outcome = run(str(preset), jobs=0, out=given)
    assert files(given) == [name for name in files(given) if name.startswith(PREFIX)], "nothing was repeated"
    outcome = run(str(preset), jobs=0, out=given, seeds=3, tasks=["identity-bits"], learners=["neighbours"])
    assert not outcome.missing
    held = state(given)
    assert len(files(given)) == 2
    folded(given)
    assert len(files(given)) == 1, "a small part is folded with what came later"
    assert state(given) == held
    run(str(preset), jobs=0, out=given, fresh=True, tasks=["identity-bits"], learners=["neighbours"])
    assert len(files(given)) == 1


def test_other_commands_read_compacted_folders(given: Path, whole: Path) -> None:
    folded(given)
    assert {one.level for one in verify(given)} <= {"ok", "note"}
    merged = merge([given], "merged")
    assert merged.sources[0].copied == len(files(whole))
    assert state(Path("merged")) == state(whole)
    assert merge([whole], given).sources[0].present == len(files(whole)), "into a compacted folder"
    assert len(files(given)) == 1
    assert forget(given, learner="linear") > 0
    assert "linear" not in set(read([given]).scores["learner"])


def test_adopt_takes_files_without_a_digest(given: Path) -> None:
    held = state(given)
    for path in given.glob("*/*.parquet"):
        table = pq.read_table(path)
        metadata = {key: value for key, value in table.schema.metadata.items() if key != b"grue.digest"}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(EngineError, match="compact --adopt"):
        folded(given)
    lines, unreadable = compact(given, adopt=True, log=lambda _: None)
    assert not unreadable
    assert "got a digest" in lines[0]
    assert state(given) == held


def test_a_job_of_a_part_that_disagrees_is_taken_out_alone(given: Path, whole: Path) -> None:
    """A foreign batch among the others: its cells alone are run again."""
    folded(given)
    (part,) = (given / "batches").glob("*.parquet")
    block = read_block(part)
    first = next(iter(block.jobs))
    size = block.table.column_names.index("size")
    start, count, _ = block.jobs[first]
    sizes = block.table["size"].to_pylist()
    sizes[start : start + count] = [5] * count
    foreign = block.table.set_column(size, "size", [sizes])
    part.write_bytes(fold(files_of([type(block)(block.name, foreign, block.jobs)])))
    with pytest.warns(Warning, match=f"{first}: .*its cell has"):
        assert len(read([given]).scores) < len(read([whole]).scores)
    outcome = run(str(whole.parent / "small.toml"), jobs=0, out=given)
    assert not outcome.missing
    assert [path.name.partition(".parquet")[0] for path in (given / "corrupt").iterdir()] == [first]
    assert len(files(given)) == 2
    columns = ["key", "split", "metric", "value"]
    ours, theirs = (read([one]).ordered[columns] for one in (given, whole))
    assert ours.equals(theirs)


def test_two_values_of_a_job_are_refused(given: Path, whole: Path) -> None:
    """A file with the name of a job that is in a part, and other values in it."""
    folded(given)
    name = files(whole)[0]
    block = read_block(whole / "batches" / name)
    values = [value + 0.125 if value is not None else None for value in block.table["value"].to_pylist()]
    table = block.table.set_column(block.table.column_names.index("value"), "value", [values])
    (given / "batches" / name).write_bytes(to_bytes(table, block.jobs[name.removesuffix(".parquet")][2]))
    with pytest.raises(Exception, match="have different values for one cell"):
        read([given])


@pytest.mark.invariant("A file that the machine does not let a run read is not moved, and its cells are not repeated.")
@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_healthy_file_stays_where_it_is(
    number: int, given: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, before, opened = files(given)[0], files(given), Path.open

    def refusing(path: Path, *arguments: object, **named: object) -> object:
        if path.name == name:
            raise OSError(number, os.strerror(number))
        return opened(path, *arguments, **named)  # pyright: ignore[reportArgumentType, reportCallIssue]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing)
        with pytest.raises(EngineError, match=os.strerror(number)):
            run(str(whole.parent / "small.toml"), jobs=0, out=given)
        with pytest.warns(Warning, match=os.strerror(number)):
            read([given])
    assert files(given) == before
    assert not (given / "corrupt").exists()


@pytest.mark.invariant(NOTHING_LOST)
def test_texts_of_few_kinds_are_folded_as_texts(tmp_path: Path) -> None:
    """As jobs of studies write them: each file has a dictionary of its own."""
    store = Store(tmp_path, "jobs")
    for name in ("a", "b"):
        kinds = pa.array([name, name]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
        store.write(name, {"jobs": to_bytes(pa.table({"kind": kinds, "value": [1.0, 2.0]}), {"seconds": 1.0})})
    with store.locked(lambda _: None):
        engine_compact(store)
    found = store.read()
    assert {name: table["kind"].to_pylist() for name, (table, _) in found.items()} == {"a": ["a"] * 2, "b": ["b"] * 2}
    assert len(list((tmp_path / "jobs").glob("*.parquet"))) == 1
