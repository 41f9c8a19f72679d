"""Examples a second of every task, with hashing, pools and distinctness: what `Task.sample` costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grue.runs.data import of_seed
from grue.runs.names import make_task
from grue.tasks import TASKS


@pytest.mark.parametrize("spec", ["maze-graph:states=5/5", *TASKS])
def test_sampling(spec: str, benchmark: Any, rate: Callable[..., float], log: Callable[[str], None]) -> None:
    task = of_seed(make_task(spec).instance, 0)
    split = task.headline.name if task.headline else "id"
    rates = {}
    for name in ("train", split):
        n = min(20_000 if name == "train" else 2_000, task.capacity(name) or 20_000)
        if spec == "maze-graph:states=5/5":
            n = min(100_000, task.capacity(name) or 100_000)
        rates[name] = rate(lambda: task.sample(name, n, np.random.default_rng(0)), n)  # noqa: B023 -- called at once
    benchmark.pedantic(lambda: task.sample("train", 100, np.random.default_rng(0)), rounds=1)
    benchmark.extra_info.update(rates)
    log(f"{spec:<28} " + ", ".join(f"{name} {found:,.0f} examples a second" for name, found in rates.items()))
