"""Running the program in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grue.cli import main

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the program in this process: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["grue", *arguments])
        monkeypatch.setattr("warnings.showwarning", None)  # main sets it
        monkeypatch.setattr("sys.excepthook", None)
        code: Any = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.filters", [("always", None, Warning, None, 0)])
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run
