"""`grue doctor [DIR]`: whether this machine and a folder are fit for a run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..runs.doctor import Finding


class DoctorFormat(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    json = "json"


def doctor(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The result folder of the run; it need not be there yet.")
    ] = Path("results/local"),
    form: Annotated[DoctorFormat, typer.Option("--format", help="text (terminal) or json.")] = DoctorFormat.text,
) -> None:
    """Examine the machine and a folder; print what is wrong and how to mend it. Exit code 1: something stops a run."""
    from dataclasses import asdict

    from ..engine.printable import printable
    from ..reports.escaping.json_text import json_text
    from ..runs.doctor import Probe, examine
    from ..runs.doctor_folder import examine_folder

    findings = [*examine(Probe()), *examine_folder(folder)]
    problems = [one for one in findings if one.level == "problem"]
    if form is DoctorFormat.json:
        print(json_text({"findings": [asdict(one) for one in findings], "problems": len(problems)}), end="")
    else:
        for one in findings:
            print(f"{one.level:<8} {one.check:<11} {printable(one.found)}")
        notes = [one for one in findings if one.level == "note"]
        for heading, part in (("What stops a run, and what to do", problems), ("What may be better", notes)):
            if part:
                print(f"\n{heading}:")
            for one in part:
                print(f"  {one.check}: {printable(one.found)}. {printable(one.advice[:1].upper() + one.advice[1:])}.")
        fit = "a run cannot start" if problems else "a run can start"
        print(f"\n{fit}: {_count(problems, 'problem')}, {_count(notes, 'note')}")
    if problems:
        raise typer.Exit(1)


def _count(found: list[Finding], what: str) -> str:
    return f"{len(found)} {what}{'' if len(found) == 1 else 's'}"
