"""`grue import`: score predictions made outside grue for an exported question set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_(
    file: Annotated[Path, typer.Argument(help="JSONL file with key, split, index, and answer or probabilities.")],
    name: Annotated[str, typer.Option(help="Name of the predictor in tables, such as my-llm.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Result folder; created if missing.")],
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Allow keys with module:attribute, which import and run code.")
    ] = False,
) -> None:
    """Score the answers of a language model, a person or another program to a question set from `grue export`."""
    import shlex
    import sys

    from ..engine.job import store_content
    from ..engine.store import Store
    from ..runs.bundle import refuse_packed, refuse_study
    from ..runs.catalogue import read_catalogue
    from ..runs.imported import read_answers
    from ..runs.union import extend_catalogue

    refuse_packed(out, "import into")
    refuse_study(out)
    found = read_answers(file, name, trust=trust)
    store = Store(out)
    with store.locked(lambda line: print(line, file=sys.stderr)):
        found.check(read_catalogue(store.folder))
        extend_catalogue(store.folder, found.plan.catalogue())
        for job, tables, imported in found.jobs:
            store.write(job.name, store_content(tables, {**job.metadata, "imported": imported, "seconds": 0.0}))
    for line in found.lines():
        print(line)
    print(f"results are in {out}: grue leaderboard {shlex.quote(str(out))}")
