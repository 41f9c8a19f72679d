"""Draw all kinds of figures of the reference on one page, docs/figures/contact-sheet.png: `make figures`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import matplotlib as mpl
from PIL import Image

from grue.reports.figures import KINDS, figures_of
from grue.reports.style import theme
from grue.runs.reading import read
from grue.runs.status import read_status

ROOT = Path(__file__).parents[1]
SHEET = ROOT / "docs" / "figures" / "contact-sheet.png"

DPI, FINER, COLUMNS, GAP = 110, 2, 2, 24
COLOURS = 128
"""Size of the palette, which keeps the file small."""


def main(folder: str) -> None:
    """Write the sheet; of a kind with several figures, the first one."""
    results = read([ROOT / folder])
    listed = read_status().listed(results.catalogue)
    pictures = []
    for kind in KINDS:
        _, figure = next(figures_of(results, kind, listed=listed), ("", None))
        if figure is None:
            continue
        with io.BytesIO() as held, mpl.rc_context(theme()):
            figure.savefig(
                held, format="png", dpi=FINER * DPI
            )  # drawn larger and reduced: letters keep their distances
            pictures.append(Image.open(held).convert("RGB").reduce(FINER))
    columns: list[list[Image.Image]] = [[] for _ in range(COLUMNS)]
    for picture in pictures:  # to the shortest column
        min(columns, key=lambda column: sum(one.height + GAP for one in column)).append(picture)
    wide = max(picture.width for picture in pictures)
    tall = max(sum(one.height + GAP for one in column) for column in columns)
    sheet = Image.new("RGB", (COLUMNS * (wide + GAP) + GAP, tall + GAP), "white")
    for index, column in enumerate(columns):
        top = GAP
        for picture in column:
            sheet.paste(picture, (GAP + index * (wide + GAP), top))
            top += picture.height + GAP
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(SHEET, optimize=True)
    sys.stdout.write(f"wrote {SHEET.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
