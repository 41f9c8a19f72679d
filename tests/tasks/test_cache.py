"""What is kept between runs: found again, never trusted when damaged, never needed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from grue.tasks.cache import cached, folder
from grue.tasks.hp_lattice import ground_states

BODY = b"twelve bytes"


def never() -> bytes:
    raise AssertionError("computed though it was kept")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, not there yet."""
    monkeypatch.setenv("GRUE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_computed_is_found_again(place: Path) -> None:
    assert cached("thing-v1", len(BODY), lambda: BODY) == BODY
    assert cached("thing-v1", len(BODY), never) == BODY
    assert [path.name for path in place.iterdir()] == ["thing-v1"]


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty", "longer"])
def test_damaged_files_are_computed_anew_with_a_warning(place: Path, damage: str) -> None:
    cached("thing-v1", len(BODY), lambda: BODY)
    path = place / "thing-v1"
    whole = path.read_bytes()
    path.write_bytes(
        {
            "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
            "truncated": whole[:-1],
            "empty": b"",
            "longer": whole + b"!",
        }[damage]
    )
    with pytest.warns(UserWarning, match="thing-v1 is damaged: computing it anew"):
        assert cached("thing-v1", len(BODY), lambda: BODY) == BODY
    assert cached("thing-v1", len(BODY), never) == BODY


def test_a_body_of_another_size_is_not_trusted() -> None:
    cached("thing-v1", len(BODY), lambda: BODY)
    with pytest.warns(UserWarning, match="damaged"):
        assert cached("thing-v1", 3, lambda: b"abc") == b"abc"


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(place: Path) -> None:
    place.write_text("a file where the folder should be")
    for _ in range(2):
        assert cached("thing-v1", len(BODY), lambda: BODY) == BODY


def test_many_at_once_leave_one_whole_file(place: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: cached("thing-v1", len(BODY), lambda: BODY), range(100))) == {BODY}
    assert [path.name for path in place.iterdir()] == ["thing-v1"]


def test_processes_that_start_together_agree(place: Path) -> None:
    """Each finds nothing, computes, and renames its own whole file into place."""
    code = "from grue.tasks.hp_lattice import ground_states; print(ground_states(11).contacts.sum())"
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in "123"]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert said == {f"{ground_states.__wrapped__(11).contacts.sum()}\n"}
    assert [path.name for path in place.iterdir()] == ["hp-square-11-v1.bin"]


def test_ground_states_come_from_the_file(place: Path) -> None:
    computed = ground_states.__wrapped__(8)
    (path,) = place.iterdir()
    assert path.name == "hp-square-8-v1.bin"
    read = ground_states.__wrapped__(8)
    assert np.array_equal(read.contacts, computed.contacts)
    assert np.array_equal(read.folds, computed.folds)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.warns(UserWarning, match="damaged"):
        again = ground_states.__wrapped__(8)
    assert np.array_equal(again.contacts, computed.contacts)


def test_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRUE_CACHE", "/elsewhere")
    assert folder() == Path("/elsewhere")
    monkeypatch.setenv("GRUE_CACHE", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/shared")
    assert folder() == Path("/shared/grue")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert folder() == tmp_path / ".cache" / "grue"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert folder() == tmp_path / "Library" / "Caches" / "grue"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert folder() == Path("/local/grue")
    monkeypatch.delenv("LOCALAPPDATA")
    assert folder() == tmp_path / "AppData" / "Local" / "grue"


def test_a_user_without_a_home_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("GRUE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cached("thing-v1", len(BODY), lambda: BODY) == BODY
