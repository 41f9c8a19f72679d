"""A laid out `Sheet` as LaTeX with booktabs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..escaping.latex import commented, escape, label, letters_of, running
from .layout import Layout, Line, Part, lay_out
from .sheet import MARKS, Cell, Sheet

SYMBOLS = {
    "†": r"\dagger",
    "‡": r"\ddagger",
    "◇": r"\diamond",
    "§": r"\S",
    "¶": r"\P",
    "∥": r"\parallel",
    "°": r"\circ",
    "=": "=",
}
"""Sign of MARKS -> its command in mathematics."""

MOST_FLOATS = 15
"""LaTeX refuses more than some (18 in old versions) that it has not placed yet: so many are placed, then the next."""


def latex_document(sheets: Iterable[Sheet], kind: str, comments: Iterable[str]) -> str:
    r"""Tables to be included by \input, in ASCII; `comments` above them. kind: "text" or "column"."""
    lines = commented([r"Needs \usepackage{booktabs}.", *comments])
    every = list(sheets)
    count = Counter(map(label_of, every))
    tables = [table for sheet in every for table in _tables(sheet, kind, unique=count[label_of(sheet)] == 1)]
    for start in range(MOST_FLOATS, len(tables), MOST_FLOATS):
        tables[start] = "\\clearpage\n" + tables[start]
    return "\n".join([*lines, "", *tables])


def label_of(sheet: Sheet) -> str:
    """The label of its first table; letters that are computed from the name follow where two would be the same."""
    return label("tab:grue-", sheet.name)


def _tables(sheet: Sheet, kind: str, *, unique: bool) -> Iterator[str]:
    layout = lay_out(sheet, kind)
    environment = "table*" if kind == "text" else "table"
    count = len(layout.floats)
    named = label_of(sheet) + ("" if unique else f"-{letters_of(sheet.name)}")
    for number, parts in enumerate(layout.floats, 1):
        caption = running(sheet.caption) + (f" Part 1 of {count}." if count > 1 else "")
        if number > 1:
            caption = rf"{running(sheet.title)}, part {number} of {count} (notes below Table~\ref{{{named}}})."
        lines = [
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\label{{{named}{f'-{number}' if number > 1 else ''}}}",
            r"\smallskip",
            rf"\{layout.font.name}",
            rf"\setlength{{\tabcolsep}}{{{layout.font.tabcolsep:g}pt}}",
            ("\n\\par\\medskip\n").join(_tabular(part) for part in parts),
            *(_notes(sheet, layout) if number == 1 else []),
            rf"\end{{{environment}}}",
            "",
        ]
        yield "\n".join(lines)


def _notes(sheet: Sheet, layout: Layout) -> list[str]:
    notes = [_note(note) for note in (*sheet.notes, *layout.notes)]
    if not notes:
        return []
    return [r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize\raggedright", *notes, r"\end{minipage}"]


def _note(note: str) -> str:
    """A note; a mark at its beginning is raised as it is in the table."""
    mark, _, rest = note.partition(" ")
    raised = mark in SYMBOLS and mark in MARKS.values()
    return f"${{}}^{{{SYMBOLS[mark]}}}$ {running(rest)}" if raised else running(note)


def _tabular(part: Part) -> str:
    columns = sum(len(names) for _, names in part.heads)
    body: list[str] = []
    for group in part.groups:
        body.append(r"\midrule")
        body += [_row(line, columns) for line in group]
    protrudes = any(line.cells and line.cells[-1].marks for group in part.groups for line in group)
    return "\n".join(
        [
            rf"\begin{{tabular}}{{@{{}}l{'r' * columns}{'' if protrudes else '@{}'}}}",
            r"\toprule",
            *_head(part),
            *body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _head(part: Part) -> list[str]:
    """The headings: those over several columns with a rule under them, then the names of the columns."""
    above, rules, names = [], [], [escape(part.stub)]
    index = 2
    grouped = any(own != ("",) for _, own in part.heads)
    for lines, own in part.heads:
        many = own != ("",)
        above.append(_spanning(lines, len(own)) if many else "")
        rules += [rf"\cmidrule(lr){{{index}-{index + len(own) - 1}}}"] if many and len(own) > 1 else []
        names += [escape(name) for name in own] if many else [_stacked(lines, "r", "b")]
        index += len(own)
    over = [" & ".join(["", *above]) + r" \\", *([" ".join(rules)] if rules else [])] if grouped else []
    return [*over, " & ".join(names) + r" \\"]


def _spanning(lines: Sequence[str], columns: int) -> str:
    alignment = "c" if columns > 1 else "r"
    return rf"\multicolumn{{{columns}}}{{{alignment}}}{{{_stacked(lines, alignment, 'b')}}}"


def _stacked(lines: Sequence[str], alignment: str, position: str) -> str:
    """Lines above each other."""
    if len(lines) == 1:
        return escape(lines[0])
    return (
        rf"\begin{{tabular}}[{position}]{{@{{}}{alignment}@{{}}}}" + r" \\ ".join(map(escape, lines)) + r"\end{tabular}"
    )


def _row(line: Line, columns: int) -> str:
    if not line.cells:
        return rf"\multicolumn{{{columns + 1}}}{{@{{}}l}}{{\itshape {_stacked(line.label, 'l', 't')}}} \\"
    name = _stacked(line.label, "l", "t")
    return " & ".join([rf"\hspace*{{1em}}{name}" if line.indented else name, *map(_cell, line.cells)]) + r" \\"


def _cell(cell: Cell) -> str:
    mean, space, interval = cell.text.partition(" ")
    text = rf"\textbf{{{escape(mean)}}}{space}{escape(interval)}" if cell.bold else escape(cell.text)
    marks = "".join(SYMBOLS[mark] for mark in cell.marks)
    if not marks:
        return text
    raised = f"$^{{{marks}}}$"
    return text + (rf"\rlap{{{raised}}}" if len(cell.marks) == 1 else raised)
