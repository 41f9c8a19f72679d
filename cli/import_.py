"""`grue import`: answers from elsewhere to an exported set, scored beside the learners."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_(
    file: Annotated[Path, typer.Argument(help="JSONL: key, split, index, and answer or probabilities.")],
    name: Annotated[str, typer.Option(help="Who answered, as the leaderboard shows it.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Result folder; made where there is none.")],
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Import and call what a key names as module:attribute: it can do anything.")
    ] = False,
) -> None:
    """Score answers to a set that `grue export` wrote: of a language model, a person, or a program elsewhere."""
    import sys

    from ..engine.job import store_content
    from ..engine.store import Store
    from ..runs.catalogue import extend_catalogue, read_catalogue
    from ..runs.imported import read_answers

    found = read_answers(file, name, trust=trust)
    store = Store(out)
    with store.locked(lambda line: print(line, file=sys.stderr)):
        found.check(read_catalogue(store.folder))
        extend_catalogue(store.folder, found.plan.catalogue())
        for job, tables, imported in found.jobs:
            store.write(job.name, store_content(tables, {**job.about, "imported": imported, "seconds": 0.0}))
    for line in found.lines():
        print(line)
    print(f"results are in {out}: grue leaderboard {out}")
