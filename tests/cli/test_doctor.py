"""`grue doctor`: each finding, by causing it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from grue.engine.limits import Limits, read_limits
from grue.runs.doctor import DASK, TORCH, Finding, Probe, examine
from grue.runs.doctor_folder import Operations, examine_folder

Call = Callable[..., tuple[int, str, str]]
GIGABYTE = 10**9
FIT = Limits(cores=4, allowed=4, quota=None, memory=16 * GIGABYTE, free_memory=8 * GIGABYTE, files=4096)
LIBRARIES = {
    "version": "2.13.0",
    "cuda": None,
    "kernels": "AVX2",
    "devices": [],
    "pools": [{"user_api": "blas", "internal_api": "openblas", "version": "0.3", "architecture": "Haswell"}],
}
invariant = pytest.mark.invariant("grue doctor names what would stop a run, before it starts, and what to do about it.")


class Sound(Probe):
    """A machine on which nothing is wrong; it starts no program."""

    python = (3, 12, 1)
    environment = {"OMP_NUM_THREADS": "1"}  # noqa: RUF012 -- as in Probe
    held = FIT
    libraries = LIBRARIES

    def version(self, package: str) -> str | None:  # noqa: ARG002
        return "99.0"

    def requirements(self) -> Sequence[str]:
        return ("numpy>=2.0", "typer", 'dask>=2024.8; extra == "dask"')

    def limits(self) -> Limits:
        return self.held

    def answer(self, command: Sequence[str], limit: float = 0.0) -> str:  # noqa: ARG002
        if command[-1] == TORCH:
            return f"a warning\n{json.dumps(self.libraries)}"
        return "2026.8.0 2026.8.0" if command[-1] == DASK else f"{command[0]} 1.2.3"


def found(probe: Probe, check: str) -> Finding:
    every = [one for one in examine(probe) if one.check == check]
    return max(every, key=lambda one: ("ok", "note", "problem").index(one.level))


def of_folder(folder: Path, check: str, **changed: Callable[..., object]) -> Finding:
    (one,) = (one for one in examine_folder(folder, replace(Operations(), **changed)) if one.check == check)
    return one


def is_wrong(one: Finding, level: str, *parts: str) -> None:
    assert one.level == level, one
    assert one.advice
    for part in parts:
        assert part in f"{one.found}. {one.advice}"


def test_a_sound_machine_and_folder_have_neither_problems_nor_notes(tmp_path: Path) -> None:
    findings = [*examine(Sound()), *examine_folder(tmp_path)]
    assert {one.level for one in findings} == {"ok"}, findings
    assert not any(one.advice for one in findings)
    assert list(tmp_path.iterdir()) == []


@invariant
def test_a_python_that_is_too_old() -> None:
    probe = Sound()
    probe.python = (3, 9, 0)
    is_wrong(found(probe, "python"), "problem", "3.9.0", "install Python 3.11 or newer")


@invariant
def test_a_library_that_is_missing_or_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sound, "version", lambda _self, name: None if name == "typer" else "1.26.4")
    texts = {one.found: one for one in examine(Sound()) if one.check == "libraries"}
    is_wrong(texts["typer is not installed"], "problem", "pip install typer")
    is_wrong(texts["numpy is 1.26.4, older than 2.0"], "problem", 'pip install --upgrade "numpy>=2.0"')
    assert not any("dask" in text for text in texts)


@invariant
@pytest.mark.parametrize(
    ("changed", "check", "parts"),
    [
        ({"quota": 1.5}, "cores", ("1.5 of 4 usable", "quota", "--jobs 1")),
        ({"allowed": 2}, "cores", ("2 of 4 usable", "affinity", "--jobs 2")),
        ({"free_memory": 2 * GIGABYTE}, "memory", ("2.0 of 16.0 GB free", "--jobs 2")),
        ({"free_memory": GIGABYTE // 10}, "memory", ("close other programs",)),
        ({"free_memory": None, "memory": None}, "memory", ("unknown",)),
        ({"files": 64}, "open files", ("ulimit -n 4096",)),
    ],
)
def test_limits(changed: dict[str, float | None], check: str, parts: tuple[str, ...]) -> None:
    probe = Sound()
    probe.held = replace(FIT, **changed)
    is_wrong(found(probe, check), "note", *parts)


@invariant
@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({}, ("no variable is set", "OMP_NUM_THREADS=1")),
        ({"OMP_NUM_THREADS": "many"}, ("OMP_NUM_THREADS: expected a whole number",)),
        ({"OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"}, ("OPENBLAS_CORETYPE", "other kernels")),
    ],
)
def test_variables_of_threads_and_kernels(environment: dict[str, str], parts: tuple[str, ...]) -> None:
    probe = Sound()
    probe.environment = environment
    is_wrong(found(probe, "threads"), "note", *parts)


@invariant
def test_a_build_of_torch_without_its_device_and_one_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Sound()
    probe.libraries = {**LIBRARIES, "cuda": "12.8"}
    is_wrong(found(probe, "torch"), "note", "CUDA 12.8, no device", "nvidia-smi")
    probe.libraries = {**LIBRARIES, "cuda": "12.8", "devices": ["a GPU"]}
    assert found(probe, "torch").found == "2.13.0, CUDA 12.8, a GPU"
    assert found(probe, "kernels").found == "openblas 0.3 Haswell; torch AVX2"
    monkeypatch.setattr(Sound, "answer", refuses(ValueError("libgomp.so.1: cannot open")))
    is_wrong(found(Sound(), "torch"), "problem", "libgomp.so.1", "reinstall torch")


def refuses(error: Exception) -> Callable[..., str]:
    def answer(*_: object) -> str:
        raise error

    return answer


@invariant
def test_programs_that_are_not_there_fail_or_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Probe()
    for name, text in {"pdflatex": "echo broken; exit 3", "hanging": "sleep 60 & sleep 60"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o700)
    with pytest.raises(TimeoutError, match=r"no answer within 0\.3 s"):
        real.answer([str(tmp_path / "hanging")], 0.3)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/nowhere")
    answer = Sound.answer
    monkeypatch.setattr(
        Sound,
        "answer",
        lambda self, command, *rest: (real.answer if "--version" in command else partial(answer, self))(command, *rest),
    )
    is_wrong(found(Sound(), "git"), "note", "not installed", "commit")
    is_wrong(found(Sound(), "pdflatex"), "note", "pdflatex does not work: broken")
    is_wrong(found(Sound(), "chromium"), "note", "not installed")
    monkeypatch.setattr(Sound, "answer", refuses(ValueError("ModuleNotFoundError: No module named 'dask'")))
    is_wrong(found(Sound(), "dask"), "note", "not installed", "grue[dask]")


@invariant
def test_limits_of_containers_of_both_versions(tmp_path: Path) -> None:
    proc, cgroup = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    (proc / "self" / "cgroup").write_text("0::/a/b\n")
    (cgroup / "a" / "b").mkdir(parents=True)
    assert read_limits(proc, cgroup).memory == 2_048_000_000
    (cgroup / "a" / "cpu.max").write_text("150000 100000\n")
    (cgroup / "a" / "b" / "cpu.max").write_text("max 100000\n")
    (cgroup / "a" / "b" / "memory.max").write_text("1000000000\n")
    (cgroup / "a" / "b" / "memory.current").write_text("400000000\n")
    (cgroup / "a" / "b" / "memory.stat").write_text("anon 1\ninactive_file 100000000\n")
    second = read_limits(proc, cgroup)
    assert (second.quota, second.memory, second.free_memory) == (1.5, 10**9, 7 * 10**8)
    (proc / "self" / "cgroup").write_text("4:memory:/x\n3:cpu,cpuacct:/x\n")
    (cgroup / "memory" / "x").mkdir(parents=True)
    (cgroup / "cpu,cpuacct" / "x").mkdir(parents=True)
    (cgroup / "memory" / "x" / "memory.limit_in_bytes").write_text("500000000\n")
    (cgroup / "memory" / "x" / "memory.usage_in_bytes").write_text("200000000\n")
    (cgroup / "cpu,cpuacct" / "x" / "cpu.cfs_quota_us").write_text("50000\n")
    (cgroup / "cpu,cpuacct" / "x" / "cpu.cfs_period_us").write_text("100000\n")
    first = read_limits(proc, cgroup)
    assert (first.quota, first.memory, first.free_memory) == (0.5, 5 * 10**8, 3 * 10**8)
    assert read_limits(tmp_path / "nowhere", tmp_path / "nowhere").quota is None


@invariant
def test_a_file_in_the_place_of_the_folder_and_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    is_wrong(of_folder(tmp_path / "file" / "a", "folder"), "problem", "is a file")
    assert "not there yet" in of_folder(tmp_path / "a" / "b", "folder").found
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    is_wrong(of_folder(tmp_path / ("n" * 300), "folder"), "problem", "too long")


@invariant
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    if os.geteuid():
        tmp_path.chmod(0o500)
        one = of_folder(tmp_path, "writable")
        tmp_path.chmod(0o700)
    elif Path("/proc/self").exists():
        one = of_folder(Path("/proc/self"), "writable")
    else:
        pytest.skip("root writes everywhere, and there is no /proc")
    is_wrong(one, "problem", "--out DIR")


def fails(number: int) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@invariant
@pytest.mark.parametrize(
    ("operation", "does", "check", "parts"),
    [
        ("flock", fails(errno.ENOLCK), "lock", ("has none", "local disk")),
        ("flock", lambda *_: None, "lock", ("two can hold it",)),
        ("fsync", fails(errno.EIO), "writable", ("nput/output error",)),
        ("rename", fails(errno.EXDEV), "rename", ("another file system",)),
        ("rename", lambda *_: None, "rename", ("not replaced",)),
    ],
)
def test_file_systems_that_lack_something(
    operation: str, does: Callable[..., object], check: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    is_wrong(of_folder(tmp_path, check, **{operation: does}), "problem", *parts)
    assert list(tmp_path.iterdir()) == []


@invariant
def test_clocks_that_disagree(tmp_path: Path) -> None:
    is_wrong(of_folder(tmp_path, "clock", now=lambda: 0.0), "note", "NTP")


@invariant
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_disk_that_is_small_or_for_reading_only(tmp_path: Path) -> None:
    def mount(*arguments: str) -> int:
        command = ["mount", *arguments, str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    if mount("-t", "tmpfs", "-o", "size=64k,nr_inodes=20", "tmpfs"):
        pytest.skip("this container may not mount")
    try:
        disks = [one for one in examine_folder(tmp_path) if one.check == "disk"]
        is_wrong(disks[0], "problem", "0.00 GB free", "another disk")
        is_wrong(disks[1], "note", "inodes")
        assert mount("-o", "remount,ro") == 0
        is_wrong(of_folder_all(tmp_path, "writable"), "problem", "read-only", "--out DIR")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)  # noqa: S607


def of_folder_all(folder: Path, check: str) -> Finding:
    return next(one for one in examine_folder(folder) if one.check == check)


def test_the_command_on_this_machine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grue", "doctor", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("a run can start: 0 problems, ")


def test_the_command_as_json_with_a_problem(tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grue.runs.doctor.Probe", Sound)
    (tmp_path / "file\x1b[31m").write_text("")
    code, out, err = call("doctor", str(tmp_path / "file\x1b[31m"), "--format", "json")
    document = json.loads(out)
    assert (code, err, document["problems"]) == (1, "", 1)
    assert document["findings"][-1]["level"] == "problem"
    code, out, err = call("doctor", str(tmp_path / "file\x1b[31m"))
    assert (code, err) == (1, "")
    assert "\x1b" not in out
    assert out.splitlines()[-1] == "a run cannot start: 1 problem, 0 notes"
    assert "What stops a run, and what to do:\n  folder: " in out
