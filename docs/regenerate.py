"""Regenerate the blocks of README.md and docs/ that a command prints, and the figures: `make reference`.

A block stands between `<!-- grue leaderboard results/reference/quick --summary -->` and `<!-- /grue -->`, in a fence
(```text) if the command prints text, or as it is if it prints Markdown. tests/test_readme.py compares the blocks with
what their commands print.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from grue.cli import app
from grue.reports.science import write_science
from grue.reports.study_files import packed_runs
from grue.studies.catalogue import STUDIES

ROOT = Path(__file__).parents[1]

BLOCK = re.compile(r"(?P<head><!-- (?P<command>grue [^>]+?) -->\n)(?P<body>.*?)(?P<foot><!-- /grue -->)", re.DOTALL)

FIGURES = (
    "grue plot results/reference/quick --output docs/figures",
    # All tasks of standard, some in the place of those of quick: which learners are in colour depends on the tasks.
    "grue plot results/reference/standard --what curves --output docs/figures",
    "grue plot results/reference/crossed --what factors --output docs/figures",
    "grue explain results/reference/standard --output docs/figures/explained.svg",
    "grue atlas results/reference/standard --min-families 2 --output docs/figures/atlas.svg",
)


def pages() -> list[Path]:
    """The pages that may have generated blocks."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Page, command and body of every generated block."""
    for page in pages():
        for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield page, found["command"], found["body"]


def body_of(command: str) -> str:
    """What a block must hold; run it in the root of the repository. Raises RuntimeError if the command fails."""
    result = CliRunner().invoke(app, shlex.split(command)[1:], env={"COLUMNS": "100"})
    if result.exit_code:
        raise RuntimeError(f"{command} ended with exit code {result.exit_code}: {result.output}")
    printed = result.stdout.strip()
    return f"{printed}\n" if " md" in command else f"```text\n{printed}\n```\n"


def main() -> None:
    """Rewrite all blocks and figures."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = BLOCK.sub(lambda found: found["head"] + body_of(found["command"]) + found["foot"], before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            sys.stdout.write(f"rewrote the blocks of {page.relative_to(ROOT)}\n")
    packed = packed_runs()
    write_science([packed[name] for name in STUDIES if name in packed], ROOT / "docs")
    shown = {path.resolve() for page in pages() for path in links(page)}
    for command in FIGURES:
        done = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
        if done.exit_code:
            raise RuntimeError(f"{command} ended with exit code {done.exit_code}: {done.output}")
    for figure in (ROOT / "docs" / "figures").rglob("*.*"):
        if figure.resolve() not in shown:
            figure.unlink()
    sys.stdout.write("drew docs/figures\n")


def links(page: Path) -> list[Path]:
    """The files that a page links to."""
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    return [page.parent / target for target in targets if "://" not in target]


if __name__ == "__main__":
    main()
