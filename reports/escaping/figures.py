"""Figures as files: the only place that writes them. Their text is text: no mathematics, and nothing unseen."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from ...engine.durable import write_file
from ...engine.printable import printable
from ..style import theme

FORMATS = ("svg", "pdf", "png")

# Metadata that would change from one run to the next, removed per format.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}


def write_figure(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write a figure to a folder, which is made where needed, in all FORMATS; returns the paths."""
    paths = [folder / f"{stem}.{form}" for form in FORMATS]
    for path, form in zip(paths, FORMATS, strict=True):
        save_figure(figure, path, form)
    return paths


def save_figure(figure: Figure, path: Path, form: str) -> None:
    """Write a figure in one of FORMATS, as `write_file` does."""
    write_file(path, figure_content(figure, form))


def figure_content(figure: Figure, form: str) -> bytes:
    """The content of a figure's file in one of FORMATS; `theme` lets no dollar sign begin mathematics."""
    for text in (one for one in figure.findobj(Text) if isinstance(one, Text)):
        if not text.get_text().isprintable():
            text.set_text(printable(text.get_text(), keep="\n"))
    content = BytesIO()
    with mpl.rc_context(theme()):
        figure.savefig(content, format=form, metadata=METADATA[form])
    return content.getvalue()
