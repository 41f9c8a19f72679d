"""`grue show`: examples of a task, in words or drawn, with the answers of its shallow rules."""

from __future__ import annotations

from typing import Annotated

import typer


def show(
    task: Annotated[str, typer.Argument(help="Name, name:parameter=value, or module:attribute.")],
    split: Annotated[str | None, typer.Option(help="Split. Default: train, then the headline split.")] = None,
    n: Annotated[int, typer.Option(help="Examples of each split.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed index, as in a run.")] = 0,
) -> None:
    """Show examples of a task with their targets and what its heuristics answer."""
    import numpy as np

    from ..runs.data import draw, of_seed, split_named
    from ..runs.names import UsageError, make_task

    if n < 1 or seed < 0:
        raise UsageError(f"--n {n} --seed {seed}; expected examples from 1 up and a seed from 0 up")
    asked = make_task(task).thing
    thing = of_seed(asked, seed)
    chosen = [split_named(thing, split)] if split else ["train", *([thing.headline.name] if thing.headline else [])]
    for name in chosen:
        examples = draw(asked, name, n, seed)
        print(
            f"{thing.name}, split {name}" + (f" (shift: {thing.split(name).shift})" if thing.split(name).shift else "")
        )
        answers = {rule: answer(examples.inputs) for rule, answer in thing.heuristics.items()}
        for row in range(len(examples)):
            print(thing.describe(examples.inputs[row]))
            print(f"  target: {thing.describe_target(examples.targets[row])}")
            if examples.posterior is not None:
                best = np.argsort(-examples.posterior[row, 0], kind="stable")
                shares = [f"{thing.describe_target(np.array([c]))} {examples.posterior[row, 0, c]:.2f}" for c in best]
                print(f"  posterior: {', '.join(shares[: int((examples.posterior[row, 0] > 0).sum())])}")
            for rule, given in answers.items():
                answer = given[row].argmax(-1) if given.ndim == 3 else given[row]  # noqa: PLR2004 -- probabilities
                right = "" if examples.posterior is not None else _verdict(answer, examples.targets[row])
                print(f"  {rule}: {thing.describe_target(answer)}{right}")
        print()


def _verdict(answer: object, target: object) -> str:
    import numpy as np

    return "  (right)" if np.allclose(np.asarray(answer, float), np.asarray(target, float)) else "  (wrong)"
