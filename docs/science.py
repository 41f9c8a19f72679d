"""Run all studies and write the published figures beside ours to docs/science.md: `make science`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from grue.cli import app
from grue.studies.catalogue import STUDIES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "science.md"

HEAD = """# Published figures beside ours

Written by `make science`, which runs every study (`grue study NAME{option}`). *Agrees*: within the combined sampling
error and half of the last digit that was published. A figure whose source gives no recipe (optimiser, loss, rate) is
*not comparable*.

| study | figure | published | ours | agrees | source |
|---|---|---|---|---|---|
"""

AGREES = {True: "yes", False: "**no**", None: "not comparable"}


def main(option: str = "") -> None:
    """Run the studies at a scale ("", "--quick" or "--full") and write the page. Raises RuntimeError if one fails."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for name in STUDIES:
        arguments = ["study", name, *([option] if option else []), "--format", "json"]
        done = CliRunner().invoke(app, arguments)
        if done.exit_code:
            raise RuntimeError(f"grue {' '.join(arguments)} ended with exit code {done.exit_code}: {done.output}")
        rows += [(name, row) for row in json.loads(done.stdout)["published"]]
        sys.stdout.write(f"ran {name}\n")
    lines = [
        f"| [{name}](studies/{name}.md) | {row['figure']} | {row['published']} | {row['ours']} | "
        f"{AGREES[row['agrees']]}{': ' + row['note'] if row['note'] else ''} | {row['source']} |\n"
        for name, row in rows
    ]
    PAGE.write_text(HEAD.format(option=f" {option}" if option else "") + "".join(lines), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
