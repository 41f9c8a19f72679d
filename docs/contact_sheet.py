"""Draw all kinds of figures of the reference on one page, and those of all studies on another: `make figures`.

The pages are docs/figures/contact-sheet.png and docs/figures/contact-sheet-studies.png.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from grue.reports.figures import KINDS, figures_of
from grue.reports.figures_of_studies import study_figure
from grue.reports.study_files import packed_runs
from grue.reports.style import theme
from grue.runs.reading import read
from grue.runs.status import read_status
from grue.studies.catalogue import STUDIES

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "docs" / "figures" / "contact-sheet.png"
STUDIES_SHEET = SHEET.with_name("contact-sheet-studies.png")

DPI, FINER, COLUMNS, GAP = 110, 2, 2, 24
COLOURS = 128
"""Size of the palette, which keeps the file small."""


def main(folder: str) -> None:
    """Write both sheets; of a kind with several figures, the first one."""
    results = read([ROOT / folder])
    listed = read_status().listed(results.catalogue)
    first = (next(figures_of(results, kind, listed=listed), ("", None))[1] for kind in KINDS)
    _write([figure for figure in first if figure is not None], SHEET)
    runs = packed_runs()
    studies = (study_figure(name, runs[name].findings) for name in STUDIES if name in runs)
    _write([figure for figure in studies if figure is not None], STUDIES_SHEET)


def _write(figures: Sequence[Figure], sheet: Path) -> None:
    """Put figures into columns, each figure into the shortest one; nothing without a figure."""
    pictures = [_picture(figure) for figure in figures]
    if not pictures:
        return
    columns: list[list[Image.Image]] = [[] for _ in range(COLUMNS)]
    for picture in pictures:
        min(columns, key=lambda column: sum(one.height + GAP for one in column)).append(picture)
    wide = max(picture.width for picture in pictures)
    tall = max(sum(one.height + GAP for one in column) for column in columns)
    page = Image.new("RGB", (COLUMNS * (wide + GAP) + GAP, tall + GAP), "white")
    for index, column in enumerate(columns):
        top = GAP
        for picture in column:
            page.paste(picture, (GAP + index * (wide + GAP), top))
            top += picture.height + GAP
    sheet.parent.mkdir(parents=True, exist_ok=True)
    page.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(sheet, optimize=True)
    sys.stdout.write(f"wrote {sheet.relative_to(ROOT)}\n")


def _picture(figure: Figure) -> Image.Image:
    """A figure, drawn larger and reduced: letters keep their distances."""
    with io.BytesIO() as held, mpl.rc_context(theme()):
        figure.savefig(held, format="png", dpi=FINER * DPI)
        return Image.open(held).convert("RGB").reduce(FINER)


if __name__ == "__main__":
    main(sys.argv[1])
