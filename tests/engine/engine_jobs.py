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
    external: bool = False

    name = label = "calling"

    @property
    def metadata(self) -> dict[str, Any]:
        return {}

    def run(self) -> dict[str, pa.Table]:
        return {"jobs": pa.table({"value": [self.function(*self.arguments)]})}

    def split(self) -> tuple[()]:
        return ()


@dataclass(frozen=True)
class Square:
    """The square of a number, and misbehaviour on the way to it."""

    number: int
    broken: bool = False
    external: bool = False
    deletes: str = ""  # another job's file, seen from the folder that it changes to

    @property
    def name(self) -> str:
        return f"square-{self.number}"

    @property
    def label(self) -> str:
        return f"the square of {self.number}"

    @property
    def metadata(self) -> dict[str, Any]:
        return {"number": self.number}

    def run(self) -> dict[str, pa.Table]:
        if self.broken:
            raise ArithmeticError("no square")
        if self.deletes:
            os.chdir("out/jobs")
            Path(self.deletes).unlink()
        return {"jobs": pa.table({"number": [self.number], "square": [self.number**2]})}

    def split(self) -> tuple[()]:
        return ()


@dataclass(frozen=True)
class Squares:
    """The squares of several numbers together; it fails if one of them is 13, and can be split."""

    numbers: tuple[int, ...]
    interrupts: bool = False
    external: bool = False

    @property
    def name(self) -> str:
        return "squares-" + "-".join(map(str, self.numbers))

    @property
    def label(self) -> str:
        return self.name

    @property
    def metadata(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers)}

    def run(self) -> dict[str, pa.Table]:
        if self.interrupts:
            os.kill(os.getpid(), signal.SIGINT)
        if 13 in self.numbers:
            raise ArithmeticError("unlucky")
        return {"jobs": pa.table({"square": [number**2 for number in self.numbers]})}

    def split(self) -> list[Squares]:
        middle = len(self.numbers) // 2
        return [Squares(self.numbers[:middle]), Squares(self.numbers[middle:])] if middle else []


class Interrupting(Square):
    """Ctrl-C comes while it runs."""

    def run(self) -> dict[str, pa.Table]:
        os.kill(os.getpid(), signal.SIGINT)
        return super().run()
