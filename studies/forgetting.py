"""Forgetting: what learners retain of the earlier stages of a stream, and whether they retain what will recur.

A stream is a sequence of training sets, its stages (`streams`). A learner that supports continual learning
(`Learner.partial_fit`) is trained on one stage after another, without access to earlier ones. After every stage the
predictor is tested on all stages. The analysis is in analysis/forgetting.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.forgetting import findings
from ..learners.base import Learner, Predictor, Problem, Spec
from ..learners.network import Network
from ..runs.external import seeded
from ..runs.names import Named, UsageError, make_learner
from ..runs.seeds import seed as make_seed
from ..tasks.spaces import read_only
from .base import Findings, Scale, Study, StudyJob
from .memories import Buffer, MarkedReplay
from .streams import GAP, Stream, digits, facts

LEARNERS = ("mlp", "boosting", "forest", "neighbours")

BUDGETS: dict[str, dict[str, Any]] = {
    "network": {"max_steps": 300, "tolerance": 0.0},
    "boosting": {"n_estimators": 50, "tolerance": 0.0, "min_child_weight": 1.0},
}
"""Training budget per stage, by kind or name of a learner: a fixed number of steps or rounds, no early stopping. A
network that is fitted to all stages so far has the steps of all of them."""

CONTROLS = ("replay", "buffer", "buffer-per-mark")
"""Control memories (`memories`): an MLP with replay of the marked facts, and first-in-first-out buffers."""

REFERENCES = ("refitted", "joint")
"""Training regimes beside `continued`, continual learning from the current stage only. refitted: a new fit to the
current stage only; joint: a new fit to all stages so far, the upper bound."""

BLOCK = 4
"""Seeds of a job."""


@dataclass(frozen=True)
class Size:
    """How much is computed at a scale.

    new         new recurring facts of a stage
    seeds       of continued training
    references  seeds of the other regimes
    """

    new: int
    seeds: int
    references: int


SIZES: dict[Scale, Size] = {
    "quick": Size(16, 4, 2),
    "default": Size(32, 20, 8),
    "full": Size(64, 40, 20),
}


class Forgetting(Study):
    """Catastrophic forgetting, and selectivity: retention of what will recur minus that of what will not."""

    name = "forgetting"
    question = "What does a learner retain of earlier stages of a stream, and does it retain more of what will recur?"
    version = 2

    def __init__(self, further: Sequence[str] = ()) -> None:
        """further: learners beside `LEARNERS`, by their labels."""
        self.further = tuple(further)

    def with_learners(self, specs: Sequence[str]) -> Forgetting:
        """Raises UsageError for an unknown name, and for a learner that cannot be trained on a stream."""
        with contextlib.chdir("."):  # a learner's module may change the working directory
            named = [_named(spec) for spec in specs]
        for one in named:
            if reason := _refusal(one.instance):
                raise UsageError(f"{one.label}: {reason}")
        return Forgetting(list(dict.fromkeys(one.label for one in named if one.label not in LEARNERS)))

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        found = []
        for settings in _settings(SIZES[scale], self.further):
            seeds, regime = settings["seeds"], settings["regime"]
            words = f"{settings['learner']}, {settings['stream']}, {regime}, seeds {seeds[0]} to {seeds[1] - 1}"
            found.append(StudyJob(self.name, self.version, run_stream, settings, words))
        return found

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return findings(rows, GAP)


def _settings(size: Size, further: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Of every job; seeds in the outer loop, so that an interrupted run has all learners."""
    sources = {label: _named(label).source for label in further}
    for start in range(0, size.seeds, BLOCK):
        for stream in ("digits", "facts", "facts-unmarked"):
            for regime in ("continued", *(REFERENCES if stream != "facts-unmarked" else ())):
                controls = CONTROLS if regime == "continued" and stream != "digits" else ()
                end = min(start + BLOCK, size.seeds if regime == "continued" else size.references)
                for learner in (*LEARNERS, *further, *controls) if start < end else ():
                    shared = {"learner": learner, "stream": stream, "regime": regime, "new": size.new}
                    external = {"external": sources[learner]} if sources.get(learner) else {}
                    yield {**shared, "seeds": [start, end], **external}


def run_stream(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A learner on a stream in one training regime: a row per (seed, after, stage, kind), with its accuracy.

    accuracy  on the probe of a stage after training on the stage `after`
    count     examples of that probe
    """
    learner = entrant(settings["learner"], settings["new"])
    names = ("learner", "stream", "regime")
    rows = [
        {**{name: settings[name] for name in names}, "seed": seed, **row}
        for seed in range(*settings["seeds"])
        for row in run_stages(learner, make_stream(settings["stream"], seed, settings["new"]), settings, seed)
    ]
    return pd.DataFrame(rows)


def _with_steps(learner: Learner, stages: int) -> Learner:
    """A network with the gradient steps of so many stages; another learner as it is."""
    return replace(learner, max_steps=stages * learner.max_steps) if isinstance(learner, Network) else learner


def make_stream(name: str, seed: int, new: int) -> Stream:
    """The stream of a name and a seed; new: recurring facts of a stage, where it has some."""
    return digits(seed) if name == "digits" else facts(seed, marked=name == "facts", new=new)


def entrant(name: str, new: int) -> Learner:
    """A learner with the budget of a stage, or a control whose capacity fits the number of new facts."""
    if name == "replay":
        return MarkedReplay(entrant("mlp", new))
    if name.startswith("buffer"):
        return Buffer(15 * new, by_mark=name == "buffer-per-mark")
    return _named(name).instance


def _named(spec: str) -> Named[Learner]:
    """A learner with the budget of a stage, where the spec leaves it open."""
    found = make_learner(spec).instance
    return make_learner(spec, BUDGETS.get(found.name, BUDGETS.get(found.kind, {})))


def _refusal(learner: Learner) -> str | None:
    """Why a learner cannot be trained on the streams; None if it can."""
    if not learner.continues:
        return "it has no partial_fit, which continued training needs"
    streams = [make_stream(name, 0, SIZES["quick"].new) for name in ("digits", "facts")]
    reasons = [learner.accepts(Spec(one.inputs, one.outputs, n=len(one.stages[0][0]))) for one in streams]
    return next(filter(None, reasons), None)


def run_stages(learner: Learner, stream: Stream, settings: Mapping[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """The accuracy on every probe after every stage, in one training regime.

    Raises ValueError if training diverges.
    """
    regime = settings["regime"]
    probes = read_only(np.concatenate([one.inputs for one in stream.probes]))
    targets = np.concatenate([one.targets for one in stream.probes])
    ends = np.cumsum([len(one.inputs) for one in stream.probes])[:-1]
    predictor: Predictor | None = None
    for after in range(len(stream.stages)):
        inputs, labels = zip(*stream.stages[0 if regime == "joint" else after : after + 1], strict=True)
        axes = {"stream": settings["stream"], "learner": settings["learner"], "stage": after, "seed": seed}
        own = make_seed(study="forgetting", **axes)
        problem = Problem(np.concatenate(inputs), np.concatenate(labels), stream.inputs, stream.outputs, own)
        with seeded(learner, own):
            if regime == "continued":
                predictor = learner.partial_fit(predictor, problem)
            else:
                predictor = (_with_steps(learner, after + 1) if regime == "joint" else learner).fit(problem)
        if "diverged" in predictor.record:
            raise ValueError(f"{regime}: the loss was not finite at stage {after}")
        with seeded(learner, own):
            right = (predictor.predict(probes).argmax(axis=-1) == targets).all(axis=1)
        for probe, found in zip(stream.probes, np.split(right, ends), strict=True):
            yield {
                "after": after,
                "stage": probe.stage,
                "kind": probe.kind,
                "accuracy": float(found.mean()),
                "count": len(found),
            }
