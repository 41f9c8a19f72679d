"""`grue show`: examples of a task as text, with the predictions of its heuristics."""

from __future__ import annotations

from typing import Annotated

import typer


def show(
    task: Annotated[str, typer.Argument(help="Name, name:parameter=value, or module:attribute.")],
    split: Annotated[
        str | None, typer.Option(help="Show this split. Default: train, then the headline OOD split.")
    ] = None,
    n: Annotated[int, typer.Option(help="Examples per split.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed index; grue run uses 0, 1, 2, ...")] = 0,
) -> None:
    """Show examples of a task with their targets and the predictions of its heuristics."""
    import numpy as np

    from ..runs.data import of_seed, sample_split, split_named
    from ..runs.names import UsageError, make_task

    if n < 1 or seed < 0:
        raise UsageError(f"got --n {n} --seed {seed}; expected at least 1 example and a seed of at least 0")
    asked = make_task(task).instance
    instance = of_seed(asked, seed)
    chosen = (
        [split_named(instance, split)] if split else ["train", *([instance.headline.name] if instance.headline else [])]
    )
    for name in chosen:
        examples = sample_split(asked, name, n, seed)
        print(
            f"{instance.name}, split {name}"
            + (f" (shift: {instance.split(name).shift})" if instance.split(name).shift else "")
        )
        answers = {rule: answer(examples.inputs) for rule, answer in instance.heuristics.items()}
        for row in range(len(examples)):
            print(instance.describe(examples.inputs[row]))
            print(f"  target: {instance.describe_target(examples.targets[row])}")
            if examples.posterior is not None:
                best = np.argsort(-examples.posterior[row, 0], kind="stable")
                shares = [
                    f"{instance.describe_target(np.array([c]))} {examples.posterior[row, 0, c]:.2f}" for c in best
                ]
                print(f"  posterior: {', '.join(shares[: int((examples.posterior[row, 0] > 0).sum())])}")
            for rule, given in answers.items():
                answer = given[row].argmax(-1) if given.ndim == 3 else given[row]  # noqa: PLR2004 -- probabilities
                right = "" if examples.posterior is not None else _verdict(answer, examples.targets[row])
                print(f"  {rule}: {instance.describe_target(answer)}{right}")
        print()


def _verdict(answer: object, target: object) -> str:
    import numpy as np

    return "  (right)" if np.allclose(np.asarray(answer, float), np.asarray(target, float)) else "  (wrong)"
