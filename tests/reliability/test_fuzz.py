"""Every reader on mutated input: an answer or an error in one line; no traceback, no hanging, no file elsewhere."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from mutations import mutated_bytes, mutated_dump, mutated_table, mutated_text
from typer.testing import CliRunner

from grue.cli import app
from grue.cli.failures import failures as show_failures
from grue.engine.errors import EngineError
from grue.engine.parquet import read_file, to_bytes
from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard
from grue.runs.bundle import write_bundle
from grue.runs.errors import UsageError
from grue.runs.imported import read_answers
from grue.runs.names import make_learner, make_task
from grue.runs.presets import load_preset
from grue.runs.probe_answers import read_probe_answers
from grue.runs.reading import read
from grue.runs.status import read_status

REFUSALS = (UsageError, EngineError)
"""What the command line prints as one line, with exit code 2."""

SECONDS = 20
"""An input that takes longer hangs."""

SHARE = 0.05
"""Share of the folders that are reported in full: a leaderboard takes longer than reading them."""

Input = Callable[[random.Random], Callable[[], object]]
"""From a generator to what reads one mutated input, which was written by then."""

SENTENCE = "No input makes a reader end in a traceback, hang, or write outside its folder."


class HangingError(BaseException):
    """An input took too long."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise HangingError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(make: Input, count: int, seed: int) -> list[str]:
    """What went wrong, one text an input; each input has a generator of its own, so that it can be tried alone."""
    wrong: list[str] = []
    for index in range(count):
        rng = random.Random(f"{seed} {index}")
        attempt = make(rng)
        try:
            with limited(SECONDS), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                attempt()
            texts = [str(one.message) for one in caught]
        except REFUSALS as error:
            texts = [str(error)]
        except (Exception, HangingError):  # noqa: BLE001 -- what is looked for
            wrong.append(f"input {index} of seed {seed}:\n{traceback.format_exc(limit=-6)}")
            continue
        wrong += [f"input {index} of seed {seed}: not one line: {text!r}" for text in texts if "\n" in text.strip()]
    return wrong


def outside(folder: Path) -> dict[str, int]:
    """Every file of the current folder that is not in this one, with its size, and what is beside the current one."""
    beside = dict.fromkeys(map(str, Path("..").iterdir()), 0)
    here = {path: path.lstat().st_size for path in Path().rglob("*") if folder not in [path, *path.parents]}
    return beside | {str(path): size for path, size in here.items()}


def report_on(folder: Path, *, whole: bool = True) -> None:
    """The values and, with `whole`, the leaderboard as JSON by the book."""
    results = read([folder])
    for suite in results.catalogue.suite_seeds[:1]:
        one = results.of_suite(suite)
        json.dumps(one.ordered["value"].dropna().tolist(), allow_nan=False)
        if whole:
            try:
                board = make_leaderboard(one)
            except ValueError as error:  # the command makes one line of it, and here only of this refusal
                if not str(error).startswith("two different results for"):
                    raise
                raise UsageError(str(error)) from error
            json.loads(render(board, "json"), parse_constant=refuse)


def refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} in JSON")


def of_file(path: Path, mutate: Callable[[random.Random, bytes], bytes], reader: Callable[[], object]) -> Input:
    """One file mutated, all others as they were."""
    content = path.read_bytes()

    def make(rng: random.Random) -> Callable[[], object]:
        path.write_bytes(mutate(rng, content))
        return reader

    return make


def of_table(path: Path, reader: Callable[[], object]) -> Input:
    """The table of a Parquet file or its metadata mutated, and a digest that fits."""
    table, metadata = read_file(path)

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.2:
            return mutated_bytes(rng, content)
        changed, source = table, metadata
        if rng.random() < 0.3:
            source = json.loads(mutated_dump(rng, metadata)) if rng.random() < 0.9 else []
        else:
            changed = mutated_table(rng, table)
        return to_bytes(changed, source)

    def safe(rng: random.Random, content: bytes) -> bytes:
        try:
            return mutate(rng, content)
        except (ValueError, RecursionError):  # no JSON any more, or what Parquet cannot hold
            return mutated_bytes(rng, content)

    return of_file(path, safe, reader)


def batches(given: Path) -> Input:
    rng = random.Random(0)
    return of_table(next((given / "batches").glob("*linear*")), lambda: report_on(given, whole=rng.random() < SHARE))


def answers(given: Path) -> Input:
    keys = {cell.key for cell in read([given]).catalogue.cells}
    return of_table(next((given / "predictions").glob("*linear*")), lambda: read_probe_answers([given], keys))


def texts(given: Path) -> Input:
    from grue.runs.probe_text import _stored

    return of_table(next((given / "examples").glob("*identity*")), lambda: _stored([given], "identity-bits"))


def packed(given: Path) -> Input:
    write_bundle(read([given]), given / "packed")
    name = ("scores", "answers")
    luck = random.Random(0)

    def reader() -> None:
        report_on(given / "packed", whole=luck.random() < SHARE)

    inputs = [of_table(given / "packed" / f"{one}.parquet", reader) for one in name]
    whole = {one: (given / "packed" / f"{one}.parquet").read_bytes() for one in name}

    def make(rng: random.Random) -> Callable[[], object]:
        for one, content in whole.items():
            (given / "packed" / f"{one}.parquet").write_bytes(content)
        return rng.choice(inputs)(rng)

    return make


def plan(given: Path) -> Input:
    document = json.loads((given / "plan.json").read_text())
    return of_file(given / "plan.json", lambda rng, _: mutated_dump(rng, document), lambda: report_on(given))


def failures(given: Path) -> Input:
    results = read([given])
    cell = results.catalogue.cells[0]
    about = {"key": cell.key, "size": cell.size, "exposed": cell.exposed, "seed": cell.seed}
    record = {
        "job": "one", "when": "2026-01-01T00:00:00+00:00", "task": cell.task, "learner": cell.learner, "kind": "error",
        "keys": [cell.key], "cells": [about], "message": "ValueError: no", "traceback": "Traceback\n  no",
    }  # fmt: skip
    for path in (given / "batches").iterdir():
        path.unlink()  # so that the failure is told
    (given / "failures").mkdir()
    (given / "failures" / "one.json").write_text("{}")

    def reader() -> None:
        report_on(given, whole=False)
        with redirect_stdout(io.StringIO()):
            show_failures([given])

    return of_file(given / "failures" / "one.json", lambda rng, _: mutated_dump(rng, record), reader)


WORDS = [
    "[", "]", "{", "}", '"', "'", "=", "\n", "\n[[grid]]\n", "[budget]\n", "inf", "nan", "-1", "1e400", "9" * 5000,
    "1979-05-27", "inherited", "family:identity", "all", "mlp", "mlp@tied", ":", ",", "@", "\\ud800", "\x00", "é",
    "true", "os:system", "extends = 'given/own.toml'\n", "tasks", "learners", "sizes", "0x10", "[" * 3000, "../x", " ",
    "{x = 1}", "_",
]  # fmt: skip


def preset(given: Path) -> Input:
    path = given / "own.toml"
    path.write_text(
        'description = "d"\ntasks = ["identity-bits"]\nlearners = ["mlp", "forest"]\nsizes = [16, 64]\nexposed = [0]\n'
        "seeds = 2\ntest_size = 100\ntimeout = 60\n[budget]\nmax_steps = 100\n[parameters.forest]\nn_estimators = 10\n"
        '[names]\nmlp = "network"\n[[grid]]\ntasks = ["identity-bits"]\nlearners = ["inherited", "linear"]\n'
    )

    def mutate(rng: random.Random, content: bytes) -> bytes:
        if rng.random() < 0.1:
            return mutated_bytes(rng, content)
        return mutated_text(rng, content.decode(), WORDS).encode("utf-8", "surrogatepass")

    return of_file(path, mutate, lambda: load_preset(str(path)))


def imported(given: Path) -> Input:
    from grue.runs.export import question_rows

    named = make_task("identity-bits")
    rows = [row for row in question_rows(named, ["id"], 4, 4, 0) if row["split"] == "id"]
    lines = [{name: row[name] for name in ("key", "split", "index")} | {"answer": [0] * 7} for row in rows]
    path = given / "answers.jsonl"
    path.write_text("")

    def mutate(rng: random.Random, _: bytes) -> bytes:
        index = rng.randrange(len(lines))
        return b"\n".join(
            mutated_dump(rng, line) if at == index else json.dumps(line).encode() for at, line in enumerate(lines)
        )

    return of_file(path, mutate, lambda: read_answers(path, "mine"))


def status(given: Path) -> Input:
    from grue.runs.status import FOLDER

    document = json.loads((FOLDER / "status.json").read_text())
    document["tasks"] = dict(list(document["tasks"].items())[:3])
    path = given / "status.json"
    path.write_text("{}")
    return of_file(path, lambda rng, _: mutated_dump(rng, document), lambda: read_status(path))


SPECS = ["mlp", "mlp:max_steps=600,learning_rate=0.01", "mlp:view=tied,window=2", "forest:n_estimators=10", "lookup",
         "tuned:base=mlp", "transformer:positions=none", "identity-bits", "maze-graph:nodes=8"]  # fmt: skip


def spec(given: Path) -> Input:  # noqa: ARG001
    def make(rng: random.Random) -> Callable[[], object]:
        text = mutated_text(rng, rng.choice(SPECS), WORDS)
        return lambda: (make_learner if rng.random() < 0.6 else make_task)(text)

    return make


COMMANDS = [
    ["leaderboard", "given", "--format", "json"], ["table", "given", "--what", "summary"],
    ["scores", "given", "--format", "csv"], ["failures", "given"], ["compare", "given", "given"],
    ["quality", "given"], ["claims", "given"], ["list", "presets"],
    ["run", "--preset", "smoke", "--dry-run", "--out", "given", "--sizes", "16,64", "--seeds", "2", "--exposed", "0"],
    ["show", "identity-bits"], ["export", "identity-bits", "--size", "8", "--output", "given/x.jsonl"],
    ["forget", "given", "--learner", "linear"], ["verify", "given"], ["decompose", "given"], ["explain", "given"],
]  # fmt: skip


def arguments(given: Path) -> Input:
    kept = given.with_name("kept")
    shutil.copytree(given, kept)

    def make(rng: random.Random) -> Callable[[], object]:
        shutil.rmtree(given)
        shutil.copytree(kept, given)
        given.joinpath("x.jsonl").unlink(missing_ok=True)
        chosen = list(rng.choice(COMMANDS))
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.randrange(1, len(chosen))
            if rng.random() < 0.6:
                chosen[at] = mutated_text(rng, chosen[at], [*WORDS, "--seeds", "--size", "nowhere"])
            elif rng.random() < 0.5:
                chosen.insert(
                    at, rng.choice(["--seeds", "--size", "--learner", "--format", "--task", "-1", "", "given"])
                )
            elif len(chosen) > 1:
                chosen.pop(at)
                chosen.append("given")
        if chosen[0] in ("export", "run") and "given" not in " ".join(chosen):
            chosen = ["leaderboard", *chosen[1:]]  # these write where they are told to, or beside it
        return lambda: call(*chosen)

    return make


def call(*parts: str) -> None:
    """A command in this process; what it raises is raised."""
    plain = [part.replace("\x00", "").replace("\n", " ") for part in parts]  # no NUL fits an argument, and lines count
    done = CliRunner().invoke(app, plain, catch_exceptions=True)
    if isinstance(done.exception, OSError) and done.exception.strerror:
        return  # a line as well: "File name too long: NAME"
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception


READERS: dict[str, tuple[Callable[[Path], Input], int, int]] = {
    "batches": (batches, 80, 2000),
    "answers": (answers, 40, 1000),
    "texts": (texts, 20, 400),
    "packed": (packed, 40, 800),
    "plan": (plan, 80, 2000),
    "failures": (failures, 40, 800),
    "preset": (preset, 60, 1200),
    "imported": (imported, 60, 1200),
    "status": (status, 30, 400),
    "spec": (spec, 150, 2000),
    "arguments": (arguments, 24, 400),
}
"""Reader -> what makes its inputs, how many of them are tried in the ordinary suite, and by `make soak`."""


def check(name: str, given: Path, count: int, seed: int) -> None:
    make = READERS[name][0](given)
    before = outside(given)
    wrong = fuzz(make, count, seed)
    assert not wrong, f"{len(wrong)} of {count}\n" + "\n".join(wrong[:4])
    assert outside(given) == before


@pytest.mark.invariant(SENTENCE)
@pytest.mark.parametrize("name", READERS)
def test_mutated_input_is_read_or_refused_in_one_line(
    name: str, given: Path, figure: Callable[[str, float | str], None]
) -> None:
    count = READERS[name][1]
    check(name, given, count, seed=0)
    figure("inputs", count)


@pytest.mark.soak
@pytest.mark.invariant(SENTENCE)
@pytest.mark.parametrize("name", READERS)
def test_thousands_of_mutated_inputs(name: str, given: Path, figure: Callable[[str, float | str], None]) -> None:
    count = READERS[name][2]
    check(name, given, count, seed=1)
    figure("inputs", count)
