"""`grue rules`: the length in bits of the rule of each task, in the language of the learner `program`."""

from __future__ import annotations

from typing import Annotated

import typer


def rules(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks; all, if none is named.")] = None,
    max_candidates: Annotated[
        int, typer.Option(min=1, help="Budget of the search for each rule, in programs.")
    ] = 2_000_000,
) -> None:
    """Search the shortest program of each task's rule; print its length in bits as a Markdown table."""
    from ..learners.language import LANGUAGE_VERSION
    from ..reports.escaping.markdown import code_span, markdown
    from ..runs.names import available, make_task
    from ..runs.program_lengths import rule_lengths

    tasks = {name: make_task(name) for name in names or available("tasks")}
    print(f"Language version {LANGUAGE_VERSION}, {max_candidates:,} candidates.\n")
    print("| task | rule | bits | shortest program |\n|---|---|---|---|", flush=True)
    for name, task in tasks.items():
        if task.instance.missing is not None:
            print(f"| {code_span(name)} | | | {markdown(task.instance.missing)} |")
            continue
        for found in rule_lengths(task.instance, max_candidates):
            program = markdown(found.program) if found.bits is None else code_span(found.program)
            rule, bits = markdown(found.rule), "" if found.bits is None else found.bits
            print(f"| {code_span(name)} | {rule} | {bits} | {program} |", flush=True)
