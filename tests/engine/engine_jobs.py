"""Jobs for the tests of the engine; imported by its worker processes as `engine_jobs`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Calling:
    """Calls a function; what it gives is the one value of its table."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    outside: bool = False

    name = label = "calling"

    @property
    def about(self) -> dict[str, Any]:
        return {}

    def run(self) -> dict[str, pa.Table]:
        return {"units": pa.table({"value": [self.function(*self.arguments)]})}


@dataclass(frozen=True)
class Square:
    """The square of a number, and misbehaviour on the way to it."""

    number: int
    broken: bool = False
    outside: bool = False
    deletes: str = ""  # another unit's file, seen from the folder that it changes to

    @property
    def name(self) -> str:
        return f"square-{self.number}"

    @property
    def label(self) -> str:
        return f"the square of {self.number}"

    @property
    def about(self) -> dict[str, Any]:
        return {"number": self.number}

    def run(self) -> dict[str, pa.Table]:
        if self.broken:
            raise ArithmeticError("no square")
        if self.deletes:
            os.chdir("out/units")
            Path(self.deletes).unlink()
        return {"units": pa.table({"number": [self.number], "square": [self.number**2]})}


class Interrupting(Square):
    """Ctrl-C comes while it runs."""

    def run(self) -> dict[str, pa.Table]:
        os.kill(os.getpid(), signal.SIGINT)
        return super().run()
