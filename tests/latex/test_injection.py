"""Names that try to run commands of LaTeX and BibTeX: the programs print them, and open no file of theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grue.reports.escaping.latex import commented, escape, label, letters_of, running
from grue.reports.paper.bibliography import bibliography
from grue.reports.paper.formats import WHAT, make_sheets, render_sheets
from grue.runs.results import Results

MISSING = [name for name in ("pdflatex", "bibtex") if shutil.which(name) is None]

pytestmark = [
    pytest.mark.latex,
    pytest.mark.skipif(bool(MISSING) and os.environ.get("CI") != "true", reason=f"missing: {MISSING}"),
]
invariant = pytest.mark.invariant("No name runs a command of LaTeX or BibTeX, nor opens a file.")

COMMANDS = (
    "\\input{../canary}", "\\include{../canary}", "\\openin5=../canary.tex", "\\immediate\\openout5=owned.tex",
    "\\write18{touch owned.tex}", "\\end{document}", "\\catcode`\\%=12", "^^5cinput{../canary}",
    "^^M\\input{../canary}",
    "\\def\\x{", "\\csname end\\endcsname", "\\verb|", "\\\\[1em]",
)  # fmt: skip
AROUND = (
    "{}",
    "x}}{}\\label{{y",
    "$}}{}{{$",
    "\n{}\n",
    "%\n{}",
    "a & {} \\\\ #1",
    "~_^{}",
    "]{}[",
    "é{}\x1b[31m",
    "\\}}{}",
    "--{}--",
)
NAMES = [around.format(command) for command in COMMANDS for around in AROUND]


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "canary.tex").write_text(
        "\\message{THE CANARY SANG}\\immediate\\openout3=owned.tex \\relax CANARY SONG"
    )
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def untouched(work: Path, *printed: str) -> None:
    assert not list(work.parent.rglob("owned*"))
    for text in printed:
        assert "CANARY SANG" not in text
        assert "(../canary.tex" not in text


@invariant
def test_names_in_text_captions_labels_and_comments(work: Path, figure: Callable[[str, int], None]) -> None:
    body = []
    for name in NAMES:
        key = f"{label('tab:', name)}-{letters_of(name)}"
        body += commented([name])
        body += [
            rf"\begin{{table}}[h]\caption{{{running(name)}}}\label{{{key}}}",
            rf"\begin{{tabular}}{{ll}} {escape(name)} & {running(name)} \\ {escape(name)} & x \\ \end{{tabular}}",
            rf"\end{{table}} \ref{{{key}}} {escape(name)} \clearpage",
        ]
    text = "\n".join([r"\documentclass{article}\begin{document}", *body, "THE LAST LINE", r"\end{document}"])
    (work / "main.tex").write_text(text, encoding="ascii")
    printed = run(work, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")
    untouched(work, printed, (work / "main.log").read_text(errors="replace"))
    # Each name has its table: none ended the document.
    assert f"({len(NAMES)} pages" in printed.replace(f"({len(NAMES) + 1} pages", f"({len(NAMES)} pages")
    figure("names compiled", len(NAMES))


@invariant
def test_tables_of_results_with_such_names(work: Path, hostile: Callable[..., Results]) -> None:
    results = hostile(2, learners=(*NAMES[:6], NAMES[40], NAMES[80]))
    inputs = []
    for what in WHAT:
        try:
            sheets = make_sheets(results, what, {})
        except ValueError:
            continue  # these learners have no views to compare
        sheets = [replace(sheet, name=f"{sheet.name}{NAMES[1]}") for sheet in sheets]
        (work / f"{what}.tex").write_text(render_sheets(sheets, results, "tex", "text", f"grue {NAMES[0]}"), "ascii")
        inputs.append(rf"\input{{{what}}}\clearpage")
    assert len(inputs) > 3
    head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (work / "main.tex").write_text("\n".join([head, *inputs, r"\end{document}"]))
    printed = run(work, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")
    untouched(work, printed, (work / "main.log").read_text(errors="replace"))


@invariant
@pytest.mark.parametrize(
    "name", [NAMES[1], NAMES[9], "1}, note = {\\input{../canary}", "@misc{x, title={y}}", "}}}{{{"]
)
def test_versions_and_commits_in_bibtex(name: str, work: Path, hostile: Callable[..., Results]) -> None:
    results = hostile(1)
    source = [{"versions": {"grue": name}, "commit": name, "command": name}]
    (work / "own.bib").write_text(bibliography(replace(results, provenance=source)), encoding="ascii")
    text = r"\documentclass{article}\begin{document}\nocite{*}\bibliographystyle{plain}\bibliography{own}\end{document}"
    (work / "main.tex").write_text(text)
    run(work, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")
    printed = run(work, "bibtex", "main")
    assert "error" not in printed.lower(), printed
    printed += run(work, "pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex")
    untouched(work, printed)
