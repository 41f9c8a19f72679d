"""Continual learning: catastrophic forgetting on streams of training sets.

A stream is a sequence of training sets, its stages. A learner that supports continual learning
(`Learner.partial_fit`) is trained on one stage after another, without access to earlier ones; any other learner is
fitted to each stage separately. After every stage the predictor is tested on all stages.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..analysis.forgetting import Report
from ..engine.job import Job
from ..engine.store import Store
from ..learners.base import Learner, Predictor, Problem, Spec
from ..runs.external import is_external, seeded
from ..runs.names import Named, UsageError, make_learner
from ..runs.seeds import seed as make_seed
from ..tasks.spaces import read_only
from .rows import read_named
from .streams import STREAMS, Stream

VERSION = 1
"""Increment it with every change that affects results: streams, training regimes, probes."""

LEARNERS = ("mlp", "boosting", "forest", "neighbours", "linear")
QUICK = ("boosting", "forest", "neighbours", "linear")
"""Learners of `--quick`."""

SEEDS = 3
BUDGETS: dict[str, dict[str, Any]] = {
    "network": {"max_steps": 300, "tolerance": 0.0},
    "boosting": {"n_estimators": 50, "tolerance": 0.0, "min_child_weight": 1.0},
}
"""Training budget per stage, by kind or name of the learner: a fixed number of steps or rounds, no early stopping. A
learner that is fitted to all stages so far has the same budget."""

REGIMES = ("continued", "refitted", "joint")
"""Training regimes. continued: continual learning, from the current stage only; refitted: a new fit to the current
stage only; joint: a new fit to all stages so far, the upper bound."""


@dataclass(frozen=True)
class Trajectory(Job):
    """A job of the engine: a learner on a stream with one seed, in all training regimes."""

    learner: Learner
    learner_label: str
    source: str
    stream: str
    seed: int

    @property
    def label(self) -> str:
        """The name shown in progress output."""
        return f"{self.learner_label} on {self.stream}, seed {self.seed}"

    @property
    def name(self) -> str:
        """File name: readable, with a hash of everything that determines its rows."""
        learner = {"name": self.learner.name, "version": self.learner.version, **self.learner.parameters()}
        settings = [VERSION, self.stream, self.seed, self.source, learner]
        text = json.dumps(settings, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return re.sub(r"[^\w.-]+", "-", f"{self.stream}-{self.learner_label}-{self.seed}-{digest}")

    @property
    def external(self) -> bool:
        """Whether the learner is from outside the suite."""
        return is_external(self.learner)

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata stored with the rows."""
        return {"stream": self.stream, "learner": self.learner_label, "seed": self.seed}

    def run(self) -> dict[str, pa.Table]:
        """The rows, as the engine stores them."""
        return {"jobs": pa.Table.from_pandas(self.rows(), preserve_index=False)}

    def rows(self) -> pd.DataFrame:
        """One row per (regime, after, stage, kind): accuracy on the probe of a stage after stage `after`."""
        stream = STREAMS[self.stream](self.seed)
        regimes = [regime for regime in REGIMES if regime != "continued" or self.learner.continues]
        rows = [{"regime": regime, **row} for regime in regimes for row in self._run_regime(stream, regime)]
        return pd.DataFrame([{**self.metadata, **row} for row in rows])

    def _run_regime(self, stream: Stream, regime: str) -> list[dict[str, Any]]:
        predictor: Predictor | None = None
        rows: list[dict[str, Any]] = []
        for after in range(len(stream.stages)):
            problem = self._problem(stream, after, first=0 if regime == "joint" else after)
            with seeded(self.learner, problem.seed):
                predictor = (
                    self.learner.partial_fit(predictor, problem) if regime == "continued" else self.learner.fit(problem)
                )
            if "diverged" in predictor.record:
                raise ValueError(f"{regime}: the loss was not finite at stage {after}")
            questions = read_only(np.concatenate([one.inputs for one in stream.probes]))
            with seeded(self.learner, problem.seed):
                right = predictor.predict(questions).argmax(axis=-1)
            right = (right == np.concatenate([one.targets for one in stream.probes])).all(axis=1)
            ends = np.cumsum([len(one.inputs) for one in stream.probes])[:-1]
            for probe, own in zip(stream.probes, np.split(right, ends), strict=True):
                rows.append(
                    {
                        "after": after,
                        "stage": probe.stage,
                        "kind": probe.kind,
                        "accuracy": own.mean(),
                        "count": len(own),
                    }
                )
        return rows

    def _problem(self, stream: Stream, last: int, first: int) -> Problem:
        inputs, targets = zip(*stream.stages[first : last + 1], strict=True)
        own = make_seed(study="forgetting", stream=self.stream, learner=self.learner.name, stage=last, seed=self.seed)
        return Problem(np.concatenate(inputs), np.concatenate(targets), stream.inputs, stream.outputs, own)


def plan(learners: Sequence[str], seeds: int) -> tuple[list[Trajectory], dict[str, str]]:
    """All jobs for some learners, seeds in the outer loop; and the reasons for refused combinations, by label.

    Raises UsageError for an unknown name, or if no job is left.
    """
    if seeds < 1:
        raise UsageError(f"{seeds} seeds; expected at least 1")
    with contextlib.chdir("."):  # a learner's module may change the working directory
        named = [_with_budget(spec) for spec in learners]
    refused = {
        f"{one.label} on {name}": reason
        for one in named
        for name in STREAMS
        if (reason := _refusal(one.instance, name))
    }
    trajectories = [
        Trajectory(one.instance, one.label, one.source, name, seed)
        for seed in range(seeds)
        for name in STREAMS
        for one in _distinct(named)
        if f"{one.label} on {name}" not in refused
    ]
    if not trajectories:
        raise UsageError("; ".join(f"{name}: {reason}" for name, reason in refused.items()))
    return trajectories, refused


def read_report(folder: Path) -> Report:
    """The results of a folder that this study has run in, of the jobs that its study.json names.

    Raises UsageError if study.json cannot be read, is that of another study, or if no job is done.
    """
    store = Store(folder, "jobs")
    try:
        record = json.loads((folder / "study.json").read_text(encoding="utf-8"))
        name, jobs = record["study"], record["jobs"]
        own = {key for metadata in jobs.values() for key in metadata}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"cannot read {folder / 'study.json'}: {error}; repeat grue study --out {folder}") from error
    if name != "forgetting":
        raise UsageError(f"{folder} is the folder of a study {name!r}; this version knows forgetting")
    rows, metadata = read_named(store, jobs, own)
    if rows.empty:
        raise UsageError(
            f"{folder}: none of the {len(jobs)} jobs of the study is done yet; repeat its grue study command"
        )
    return Report(rows, gaps(), metadata)


def gaps() -> dict[str, int | None]:
    """For each stream, the number of stages after which its recurring facts reappear, or None."""
    return {name: make(0).gap for name, make in STREAMS.items()}


def _with_budget(spec: str) -> Named[Learner]:
    """The learner with the budget of a stage, where the spec leaves it open."""
    found = make_learner(spec).instance
    return make_learner(spec, BUDGETS.get(found.name, BUDGETS.get(found.kind, {})))


def _refusal(learner: Learner, name: str) -> str | None:
    stream = STREAMS[name](0)
    return learner.accepts(Spec(stream.inputs, stream.outputs, n=min(len(inputs) for inputs, _ in stream.stages)))


def _distinct(named: Sequence[Named[Learner]]) -> list[Named[Learner]]:
    return list({one.label: one for one in named}.values())
