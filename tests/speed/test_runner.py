"""What the runner itself costs: all of `run_batch` but drawing examples, fitting and predicting."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from grue.learners.base import Learner, Predictor
from grue.runs import data, entrant, execute
from grue.runs.cells import Batch
from grue.runs.plan import make_plan
from grue.runs.presets import adjust, load_preset


def test_the_runner_beside_what_it_runs(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, log: Callable[[str], None]
) -> None:
    """Every pair of `quick`, its first seed."""
    spent: dict[str, float] = defaultdict(float)
    depth = 0

    def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal depth
            depth += 1
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                depth -= 1
                if depth == 0:  # a predictor that asks another is counted once
                    spent[part] += time.perf_counter() - start

        return run

    plan = make_plan(adjust(load_preset("quick"), seeds=1))
    monkeypatch.setattr(data, "draw", timed("sample", data.draw))
    monkeypatch.setattr(entrant, "fit", timed("fit", entrant.fit))
    for kind in _below(Predictor):
        if "predict" in vars(kind):
            monkeypatch.setattr(kind, "predict", timed("predict", kind.predict))
    assert _below(Learner)

    batches = [
        Batch(pair, tuple(cell for cell in plan.cells if cell.pair.digest == pair.digest)) for pair in plan.pairs
    ]
    start = time.perf_counter()
    benchmark.pedantic(lambda: [execute.run_batch(batch) for batch in batches], rounds=1)
    total = time.perf_counter() - start
    own = total - sum(spent.values())
    parts = ", ".join(f"{part} {100 * seconds / total:.1f} %" for part, seconds in spent.items())
    log(f"quick, {len(batches)} pairs, one seed, {total:.0f} s: {parts}, the runner itself {100 * own / total:.1f} %")
    benchmark.extra_info["runner"] = own / total


def _below(kind: type) -> list[type]:
    """All subclasses."""
    return [one for child in kind.__subclasses__() for one in (child, *_below(child))]
