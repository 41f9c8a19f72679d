"""Output to a terminal whose encoding lacks the signs of the tables."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grue.cli.encoding import make_readable
from grue.reports.tables import SYMBOLS


def in_ascii(text: str) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    make_readable(stream)
    stream.write(text)
    stream.flush()
    return raw.getvalue().decode()


def test_an_interval_stays_as_wide_as_it_was() -> None:
    assert in_ascii("0.69 ± 0.02 †") == "0.69 +-0.02 +"
    assert in_ascii("± is half") == "+- is half"


def test_each_mark_has_another_sign_and_what_is_unknown_is_a_question_mark() -> None:
    assert len({in_ascii(sign) for sign in SYMBOLS.values()}) == len(SYMBOLS)
    assert in_ascii("漢") == "?"


@pytest.mark.parametrize("form", ["text", "md", "csv", "json"])
def test_a_leaderboard_is_printed_in_ascii(form: str) -> None:
    command = [sys.executable, "-m", "grue", "leaderboard", "reference/quick", "--format", form]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert len(done.stdout) > 10_000


def test_an_error_is_one_line_in_ascii_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grue", "leaderboard", str(tmp_path / "né–é")]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"is not a result folder" in done.stderr


def test_help_loads_neither_numpy_nor_pandas() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "grue", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not {"numpy", "pandas", "torch"} & loaded
