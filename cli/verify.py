"""`grue verify DIR`: check a result folder, and fit a sample of its cells again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Result folder; it is only read.")],
    rerun: Annotated[int, typer.Option(min=0, help="Fit this many cells again and compare their scores.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Which cells --rerun samples.")] = 0,
    timeout: Annotated[float, typer.Option(min=1, help="Time limit in seconds for each cell of --rerun.")] = 3600.0,
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Allow module:attribute in the plan, which imports and runs code.")
    ] = False,
) -> None:
    """Verify a result folder: files, schema, keys, provenance, and cells fitted again. Exit code 1 for a problem."""
    from ..engine.printable import printable
    from ..runs.verify import verify as check

    findings = check(folder, reruns=rerun, seed=seed, timeout=timeout, trust=trust)
    for one in findings:
        print(f"{one.level:<8} {one.check:<11} {printable(one.text)}")
    counts = {level: sum(one.level == level for one in findings) for level in ("problem", "note")}
    parts = [f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if count]
    print(f"{folder}: {', '.join(parts) or 'no problem found'}")
    if counts["problem"]:
        raise typer.Exit(1)
