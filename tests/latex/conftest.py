"""Results with names that LaTeX, CSV or HTML would take for something else, in the shape of those of a real run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grue.runs.catalogue import Catalogue
from grue.runs.results import COLUMNS, Results

SIZES, EXPOSED = (16, 64, 256, 16384), (16, 64)

TASKS = (
    "50%_of{#1}~^$\\x & é → 漢字",
    '=HYPERLINK("http://x","y")',
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "a" * 180,
    "line\nbreak\ttab",
    "task:" + ",".join(f"parameter_{index}={index}" for index in range(12)),
    "\\end{document}",
    "--|`'\"<>@+",
)  # fmt: skip

LEARNERS = (
    "mlp_100%",
    "mlp_100%:view=tied",
    "mlp_100%:encoding=value",
    "mlp_100%:encoding=value,view=tied",
    "forêt & #{Söhne}",
    "forêt & #{Söhne}:view=tied",
    "forêt & #{Söhne}:encoding=value",
    "forêt & #{Söhne}:encoding=value,view=tied",
    "W" * 150,
    "package.module:Attribute:n_neighbors=1000000,weights='distance'",
    "-1+2",
    "\\input{/etc/passwd}",
    "±†‡☃",
)


def build(seeds: int = 5, *, flag: str = "ok", learners: tuple[str, ...] = LEARNERS) -> Results:
    """Scores that rise with the training size; every seventh cell, or all, has the flag."""
    generator = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    everyone = [*learners, "oracle", "x_heuristic"]
    for task in TASKS:
        for number, learner in enumerate(everyone):
            for seed in range(seeds):
                for size, exposed in [*((n, 0) for n in SIZES), *((SIZES[-1], e) for e in EXPOSED)]:
                    cell = {
                        "key": f"{len(cells)}", "task": task, "learner": learner, "size": size, "exposed": exposed,
                        "seed": seed,
                    }  # fmt: skip
                    cells.append(cell)
                    status = flag if flag != "ok" else ("plateau" if len(cells) % 7 == 0 else "ok")
                    about = {**cell, "suite_seed": 0, "fit_seconds": 1.0, "status": status}
                    for split in ("id", "far_%"):
                        level = np.clip(0.1 * number + 0.05 * np.log2(size) - 0.3 * (split != "id"), -1, 1)
                        value = float(level + generator.normal(0, 0.05))
                        rows.append({**about, "split": split, "metric": "score", "value": value})
                        rows.append({**about, "split": split, "metric": "score_error", "value": 0.01})
    return Results(pd.DataFrame(rows, columns=COLUMNS), _catalogue(cells, everyone), [], [_provenance()])


def _catalogue(cells: list[dict[str, Any]], learners: list[str]) -> Catalogue:
    splits = [{"name": "id"}, {"name": "far_%", "shift": "length", "headline": True}]
    tasks = {
        task: {"family": f"family_{task[:8]}", "version": 1, "heuristics": ["x_heuristic"], "splits": splits}
        for task in TASKS
    }
    kinds = dict.fromkeys(learners, "learner") | {"oracle": "control", "x_heuristic": "heuristic"}
    parameters = {
        name: {
            "view": "tied" if "view=tied" in name else "untied",
            "encoding": "value" if "encoding=value" in name else "onehot",
        }
        for name in learners[:8]
    }
    return Catalogue.from_json(
        {
            "tasks": tasks,
            "learners": {
                name: {"kind": kind, "version": 1, "parameters": parameters.get(name, {})}
                for name, kind in kinds.items()
            },
            "cells": cells,
            "not_applicable": [],
        }
    )


def _provenance() -> dict[str, Any]:
    return {"versions": {"grue": "0.1.0"}, "commit": "0123", "command": "grue run\n\\end{document} 100% 漢"}


@pytest.fixture(scope="session")
def hostile() -> Callable[..., Results]:
    """The builder."""
    return build
