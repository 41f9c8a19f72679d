"""Every table compiles with pdflatex and has no line that is too long: alone, and in a two-column article."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from grue.reports.paper.formats import WHAT, make_sheets, render_sheets
from grue.reports.paper.macros import macros
from grue.reports.paper.sheet import Figure, Sheet
from grue.runs.reading import read
from grue.runs.results import Results
from grue.runs.status import read_status

MISSING = shutil.which("pdflatex") is None and os.environ.get("CI") != "true"

pytestmark = [pytest.mark.latex, pytest.mark.skipif(MISSING, reason="pdflatex is not installed")]

WIDTHS = ("text", "column")


def document(names: Iterable[str], options: str) -> str:
    inputs = "".join(rf"\input{{{name}}}\clearpage" + "\n" for name in names)
    return (
        rf"\documentclass[{options}]{{article}}\usepackage{{booktabs}}\begin{{document}}"
        "\nText.\n" + inputs + r"\end{document}"
    )


def compile_all(tables: dict[str, str], folder: Path, options: str) -> str:
    """The log of a document with all tables."""
    for name, text in tables.items():
        (folder / f"{name}.tex").write_text(text, encoding="ascii")
    (folder / "main.tex").write_text(document(tables, options))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return (folder / "main.log").read_text(errors="replace")


def wrong(log: str) -> list[str]:
    return re.findall(r"(?:Overfull \\hbox|Float too large|multiply defined|Missing character).*", log)


def tables_of(results: Results, learners: list[str] | None = None) -> dict[str, str]:
    listed = read_status().listed(results.catalogue)
    sheets = {what: make_sheets(results, what, listed, learners) for what in WHAT}
    return {
        f"{what}-{width}": render_sheets(own, results, "tex", width, "grue table")
        for what, own in sheets.items()
        for width in WIDTHS
    }


# A label may be used once in a document, so that the two widths are compiled in two.
@pytest.mark.parametrize("options", ["", "twocolumn"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_tables_of_the_reference_fit(tmp_path: Path, options: str, width: str) -> None:
    tables = {name: text for name, text in reference().items() if name.endswith(width)}
    assert len(tables) == len(WHAT)
    assert wrong(compile_all(tables, tmp_path, options)) == []


@pytest.mark.parametrize("options", ["", "twocolumn"])
@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_compile_and_fit(
    tmp_path: Path, options: str, width: str, hostile: Callable[..., Results]
) -> None:
    tables = {name: text for name, text in tables_of(hostile(2)).items() if name.endswith(width)}
    assert wrong(compile_all(tables, tmp_path, options)) == []


def test_macros_compile_and_print_what_the_table_has(tmp_path: Path) -> None:
    figures = (Figure(("a", "b 1"), "-3 ± <0.1"), Figure(("a", "c%"), "12 [-1, 30]"), Figure(("a", "漢"), ">64"))
    text = macros([Sheet("x", "", "", "", (), (), (), figures=figures)], ["made by \\end{document}"])
    used = re.findall(r"\\newcommand\{(\\[A-Za-z]+)\}", text)
    assert used == [r"\grueABOne", r"\grueAC", r"\grueA"]
    body = text + "\n" + " ".join(rf"{name}, ${name}$" for name in used)
    compile_all({"macros": body}, tmp_path, "")


def reference() -> dict[str, str]:
    if not CACHE:
        CACHE.update(tables_of(read(["reference"])))
    return CACHE


CACHE: dict[str, str] = {}
