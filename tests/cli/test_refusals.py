"""What the operating system refuses is one line that says what to do, whatever it is and wherever it comes from."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grue.cli import faults

Call = Callable[..., tuple[int, str, str]]
invariant = pytest.mark.invariant(
    "What the operating system refuses reaches a person as one line that says what to do."
)

ROOT = os.geteuid() == 0
SMALL = ("leaderboard", "reference/claims", "--summary")


def grue(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "grue", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=100, **options)  # pyright: ignore[reportCallIssue, reportArgumentType, reportReturnType]


def one_line(code: int, err: str, *parts: str) -> None:
    assert code == 2, err
    assert err.count("\n") == 1, err
    assert err.startswith("grue: ")
    assert "Traceback" not in err
    for part in parts:
        assert part in err


@invariant
@pytest.mark.parametrize("number", sorted({*errno.errorcode} - {errno.EPIPE}))
def test_every_error_of_the_system_has_a_line(number: int, figure: Callable[[str, int], None]) -> None:
    line = faults.line_of(OSError(number, os.strerror(number), "a\nb"))
    assert line is not None
    assert "; " in line
    assert "\n" not in line.replace("a\nb", "")
    figure("kinds of errors", 1)


@invariant
def test_a_folder_in_the_place_of_a_file(tmp_path: Path, call: Call) -> None:
    code, _, err = call(*SMALL, "--output", str(tmp_path))
    one_line(code, err, "is a directory; name a file in it")


@invariant
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, call: Call) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = call(*SMALL, "--output", str(tmp_path / "file" / "a.txt"))
    one_line(code, err, "file")


@invariant
def test_a_name_that_is_too_long(tmp_path: Path, call: Call) -> None:
    code, _, err = call(*SMALL, "--output", str(tmp_path / ("n" * 300)))
    one_line(code, err, "file name too long; choose a shorter name")


@invariant
def test_symbolic_links_in_a_circle(tmp_path: Path, call: Call) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    code, _, err = call(*SMALL, "--output", str(tmp_path / "a" / "x"))
    one_line(code, err, "symbolic link", "in a circle")
    code, _, err = call("leaderboard", str(tmp_path / "a"))
    one_line(code, err, str(tmp_path / "a"))


@invariant
def test_a_nul_in_a_path() -> None:
    with pytest.raises(ValueError, match="null") as raised:
        Path("a\0b").write_text("")
    assert "NUL character" in (faults.line_of(raised.value) or "")
    assert faults.line_of(ValueError("a fault of ours")) is None


@invariant
@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(tmp_path: Path, call: Call) -> None:
    tmp_path.chmod(0o500)
    code, _, err = call(*SMALL, "--output", str(tmp_path / "a"))
    tmp_path.chmod(0o700)
    one_line(code, err, "permission denied; give yourself the right to it")


@invariant
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_a_file_system_that_takes_no_file(call: Call) -> None:
    code, _, err = call(*SMALL, "--output", "/proc/grue")
    one_line(code, err, "/proc/grue: ")


@invariant
@pytest.mark.parametrize("argument", ["--output=", "--task=", ""])
def test_an_empty_argument(argument: str, call: Call) -> None:
    code, _, err = call("leaderboard", *([argument] if argument else ["--output", ""]))
    one_line(code, err, "is empty", "variable of the shell")


@invariant
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_under_the_standard_output() -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "grue", *SMALL]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=100)
    one_line(done.returncode, done.stderr.decode(), "no space left on device")


@invariant
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [SMALL, ("scores", "reference/claims", "--format", "parquet")], ids=" ".join)
def test_a_full_disk_under_a_file(arguments: tuple[str, ...], call: Call) -> None:
    code, _, err = call(*arguments, "--output", "/dev/full")
    one_line(code, err, "grue: /dev/full: no space left on device; delete something")
    assert Path("/dev/full").is_char_device(), "pyarrow deletes a path that it cannot write to"


@invariant
def test_a_reader_that_has_seen_enough() -> None:
    command = [sys.executable, "-m", "grue", "scores", "reference/claims"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(100) == 0


@invariant
def test_too_many_open_files() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))

    done = grue("leaderboard", "reference/claims", preexec_fn=limit)
    # Python itself may need more files to find the modules: then it says so in its own words.
    assert done.returncode != 0
    if done.stderr.startswith(b"grue: "):
        one_line(done.returncode, done.stderr.decode(), "ulimit -n")


@invariant
def test_a_file_that_is_larger_than_the_limit(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = grue(*SMALL, "--output", str(tmp_path / "a"), preexec_fn=limit)
    one_line(done.returncode, done.stderr.decode(), "file too large")


@pytest.mark.invariant("A report that cannot be written whole leaves what was there.")
@pytest.mark.parametrize(
    "arguments",
    [
        SMALL,
        ("scores", "reference/claims", "--format", "parquet"),
        ("scores", "reference/claims", "--format", "csv"),
        ("export", "identity-bits", "--size", "500", "--format", "parquet", "--targets"),
        ("export", "identity-bits", "--size", "500"),
    ],
    ids=" ".join,
)
def test_a_report_that_does_not_fit_leaves_the_one_before(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    (tmp_path / "a").write_text("before")
    done = grue(*arguments, "--output", str(tmp_path / "a"), preexec_fn=limit)
    one_line(done.returncode, done.stderr.decode(), f"{tmp_path / 'a'}: file too large")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "before")]


def test_a_report_keeps_the_link_and_the_rights_of_the_file_before(tmp_path: Path, call: Call) -> None:
    (tmp_path / "folder").mkdir()
    (file := tmp_path / "folder" / "a").write_text("before")
    file.chmod(0o600)
    (link := tmp_path / "link").symlink_to(file)
    code, _, err = call(*SMALL, "--output", str(link))
    assert (code, err) == (0, f"wrote {link}\n")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") != "before"
    assert file.stat().st_mode & 0o777 == 0o600


@invariant
@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are Unicode there")
def test_a_path_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m"
    done = grue("leaderboard", name)
    one_line(done.returncode, done.stderr.decode(), "caf\\udce9\\x1b[31m is not a result folder")
    done = grue(*SMALL, "--format", "md", "--output", name)
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)
    assert Path(os.fsdecode(name)).read_text(encoding="utf-8").startswith("## ")


@invariant
@pytest.mark.parametrize(
    "arguments",
    [
        ["leaderboard", "a\nb\x1b[31m"],
        ["leaderboard", "reference/a\nb\x1b[31m"],
        ["verify", "a\nb\x1b[31m"],
        ["run", "--learner", "a\nb\x1b[31m", "--dry-run"],
        ["run", "--task", "a\nb\x1b[31m", "--dry-run"],
        ["run", "--learner", "mlp:a\nb\x1b[31m=1", "--dry-run"],
        ["run", "--preset", "a\nb\x1b[31m.toml", "--dry-run"],
    ],
    ids=" ".join,
)
def test_an_argument_with_a_line_break(arguments: list[str], call: Call) -> None:
    code, _, err = call(*arguments)
    one_line(code, err, "a\\nb\\x1b[31m")


@invariant
def test_memory_that_ends(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("grue.runs.reading.read", ends)
    code, _, err = call(*SMALL)
    one_line(code, err, "memory", "--jobs")


def test_a_traceback_is_shown_where_it_is_asked_for(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRUE_TRACEBACK", "1")
    with pytest.raises(IsADirectoryError):
        call(*SMALL, "--output", str(tmp_path))
    done = grue(*SMALL, "--output", str(tmp_path), env={**os.environ, "GRUE_TRACEBACK": "1"})
    assert done.returncode == 1
    assert b"Traceback (most recent call last)" in done.stderr
