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

    from ..runs.catalogue import save_plan
    from ..runs.imported import read_answers
    from ..runs.provenance import command, provenance
    from ..runs.store import Store

    found = read_answers(file, name, trust=trust)
    store = Store(out)
    with store.locked(lambda line: print(line, file=sys.stderr)):
        save_plan(store, found.plan.document())
        for batch, tables, about in found.batches:
            settings = batch.pair.settings
            about |= {**provenance(), "command": command(), "task": settings["task"], "learner": settings["learner"]}
            about |= {"seconds": 0.0, "cells": [cell.key for cell in batch.cells]}
            store.write(batch.name, tables["batches"], about)
            store.write_table("examples", tables["examples"].attrs["name"], tables["examples"])
    for line in found.lines():
        print(line)
    print(f"results are in {out}: grue leaderboard {out}")
