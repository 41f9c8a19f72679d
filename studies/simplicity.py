"""Simplicity: the rule that a learner chooses where several rules fit the training data.

Three questions, each with training data that several rules fit: one linear coordinate or 49 with slabs (LMS-5, Shah et
al. 2020); the polynomial of least degree or another one on the unseen part of a cube (GOTU, Abbe et al. 2023); a line
or a constant along rays out of the training box (Xu et al. 2021). Analysis: simplicity_statistics.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from .base import Findings, Scale, Study, StudyJob
from .simplicity_statistics import AGED, FUNCTIONS, findings
from .slab_features import RECIPE, run_learner, run_recipe
from .unseen_part import TARGETS, run_cube, run_rays

TOLERANCE = 0.001
"""Mean squared error, in units of the variance of the targets, at which a network has fitted them."""

CUBE: dict[str, dict[str, Any]] = {
    "mlp": {"tolerance": TOLERANCE, "max_steps": 6000},
    "transformer": {"tolerance": TOLERANCE, "max_steps": 6000, "batch_size": 64, "learning_rate": 0.003},
    "kernel": {},
    "forest": {},
    "boosting": {},
}
SLABS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "transformer": {"batch_size": 64, "learning_rate": 0.003},
    "forest": {},
    "boosting": {},
}
RAYS: dict[str, dict[str, Any]] = {"mlp": {"max_steps": 6000}, "forest": {}}
"""Learners of each part, with the parameters in which they differ from their defaults."""

AGE = 3000
"""Further steps after the fit."""

RAY_EXAMPLES = 2048


@dataclass(frozen=True)
class Size:
    """What is computed at a scale.

    sizes         numbers of examples on the cube; the verdicts are at the largest
    slabs         number of examples with slabs, of the learners of the suite
    seeds         of these learners; recipe_seeds: of the network of LMS-5
    aged          networks that are trained on after the fit
    """

    sizes: tuple[int, ...]
    slabs: int
    seeds: int
    recipe_seeds: int
    aged: tuple[str, ...] = AGED


SIZES: dict[Scale, Size] = {
    "quick": Size((1024,), 1024, 6, 3, AGED[:1]),
    "default": Size((256, 1024, 4096), 1024, 10, 10),
    "full": Size((256, 1024, 4096, 8192), 4096, 30, 20),
}


class Simplicity(Study):
    """Jobs: a learner on one of the questions, for all seeds, which networks are trained for as one stack."""

    name: ClassVar[str] = "simplicity"
    question: ClassVar[str] = "Which of several rules that fit the training data does a learner choose: the simplest?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        return list(self._plan(SIZES[scale]))

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return findings(rows)

    def _plan(self, size: Size) -> Iterator[StudyJob]:
        seeds = list(range(size.seeds))
        for seed in range(size.recipe_seeds):
            yield StudyJob(self.name, self.version, run_recipe, {**RECIPE, "seed": seed}, f"LMS-5, recipe, seed {seed}")
        for learner, parameters in SLABS.items():
            settings = {"learner": learner, "parameters": parameters, "n": size.slabs, "seeds": seeds}
            yield StudyJob(self.name, self.version, run_learner, settings, f"{learner} on slabs, n {size.slabs}")
        for function in FUNCTIONS:
            for learner, parameters in CUBE.items():
                for n in size.sizes:
                    settings = {"function": function, "learner": learner, "parameters": parameters, "n": n}
                    words = f"{learner} on {function}, n {n}"
                    yield StudyJob(self.name, self.version, run_cube, {**settings, "seeds": seeds}, words)
            for learner in size.aged:
                own = {**CUBE[learner], "age": AGE}
                settings = {"function": function, "learner": learner, "parameters": own, "n": size.sizes[-1]}
                words = f"{learner} on {function}, n {size.sizes[-1]}, {AGE} further steps"
                yield StudyJob(self.name, self.version, run_cube, {**settings, "seeds": seeds}, words)
        for target in TARGETS:
            for learner, parameters in RAYS.items():
                settings = {"target": target, "learner": learner, "parameters": parameters, "n": RAY_EXAMPLES}
                words = f"{learner} on rays, {target}"
                yield StudyJob(self.name, self.version, run_rays, {**settings, "seeds": seeds}, words)
