"""The protocol of the study of forgetting, on learners whose fate is known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from grue.analysis.forgetting import Report
from grue.learners.base import Learner, Predictor, Problem
from grue.learners.lookup import Lookup
from grue.reports.forgetting import render
from grue.runs.names import UsageError
from grue.studies.forgetting import Trajectory, gaps, plan
from grue.studies.streams import STREAMS

SHOWN_ONCE = "selectivity (shown once)"


@dataclass(frozen=True)
class Diary(Learner):
    """Remembers everything; notes the sizes of what it is shown."""

    name = "diary"
    control = True

    shown: list[int] = field(default_factory=list, compare=False)

    def fit(self, problem: Problem) -> Predictor:
        return Lookup().fit(problem)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        self.shown.append(len(problem))
        new = self.fit(problem)
        return new if predictor is None else Both(predictor, new)


@dataclass
class Both(Predictor):
    old: Predictor
    new: Predictor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.old.predict(inputs) + self.new.predict(inputs)


@dataclass(frozen=True)
class Mark(Diary):
    """Remembers marked facts, and the present stage."""

    name = "mark"

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        chosen = problem.inputs[:, 0] == 1
        old = predictor.old if isinstance(predictor, Both) else None
        marked = Problem(problem.inputs[chosen], problem.targets[chosen], problem.input_space, problem.output_space, 0)
        return Both(super().partial_fit(old, marked), self.fit(problem))


def report_of(learner: Learner, stream: str, seeds: int = 1) -> Report:
    rows = pd.concat([Trajectory(learner, learner.name, "", stream, seed).rows() for seed in range(seeds)])
    return Report(rows, gaps(), [])


def figure(report: Report, regime: str, metric: str) -> float:
    found = report.summary().set_index(["regime", "metric"])["mean"]
    return float(found[regime, metric])


def test_a_learner_sees_the_present_stage_alone() -> None:
    diary = Diary()
    report_of(diary, "facts")
    assert diary.shown == [len(keys) for keys, _ in STREAMS["facts"](0).stages]


@pytest.mark.parametrize("stream", ["facts", "facts-unmarked"])
def test_who_keeps_everything_forgets_nothing_and_chooses_nothing(stream: str) -> None:
    report = report_of(Diary(), stream)
    assert [figure(report, "continued", one) for one in ("ACC", "BWT", "forgetting")] == [1, 0, 0]
    assert [
        figure(report, "continued", one) for one in ("retention", "initial selectivity", "selectivity", SHOWN_ONCE)
    ] == [1, 0, 0, 0]


def test_refitted_it_knows_the_present_stage_and_jointly_all_so_far() -> None:
    report = report_of(Diary(), "facts")
    assert figure(report, "joint", "ACC") == 1
    assert figure(report, "refitted", "forgetting") > 0.5
    (refitted,) = report.matrices("facts", "refitted", "diary")
    assert np.diagonal(refitted["single"]).tolist() == [1] * 9
    assert refitted["recurring"][3, 0] == 1, "what comes back is known again"


def test_who_keeps_what_is_marked_is_selective_at_an_equal_number_of_presentations() -> None:
    report = report_of(Mark(), "facts")
    assert figure(report, "continued", SHOWN_ONCE) > 0.6
    assert figure(report, "continued", "selectivity") == figure(report, "continued", SHOWN_ONCE)
    unmarked = report_of(Mark(), "facts-unmarked", seeds=3)
    assert abs(figure(unmarked, "continued", SHOWN_ONCE)) < 0.2


def test_the_table_reads_in_every_format() -> None:
    report = report_of(Diary(), "facts", seeds=2)
    assert render(report, "csv").startswith("stream,regime,learner,metric,mean,half_width,seeds,provenance\n")
    assert r"1.00 $\pm$ $<$0.01 & 0.00 $\pm$ $<$0.01" in render(report, "tex")
    assert "| diary" in render(report, "md")


def test_a_learner_that_cannot_go_on_is_refitted_only() -> None:
    report = report_of(Lookup(), "facts")
    assert not report.learners("facts", "continued")
    assert report.learners("facts", "refitted") == report.learners("facts", "joint") == ["lookup"]


def test_a_life_is_the_same_again_and_its_name_has_all_that_it_depends_on() -> None:
    trajectories, refused = plan(
        ["forest:n_estimators=3", "forest:n_estimators=4", "neighbours", "neighbours"], seeds=2
    )
    assert not refused
    assert len(trajectories) == len({trajectory.name for trajectory in trajectories}) == 3 * 3 * 2
    pd.testing.assert_frame_equal(trajectories[0].rows(), trajectories[0].rows())


def test_a_plan_names_what_cannot_be_done() -> None:
    with pytest.raises(UsageError, match="did you mean 'forest'"):
        plan(["forrest"], seeds=1)
    with pytest.raises(UsageError, match="at least 1"):
        plan(["forest"], seeds=0)
    with pytest.raises(UsageError, match="intermediate steps"):
        plan(["transformer-scratchpad"], seeds=1)
    trajectories, refused = plan(["forest:encoding=counts", "linear"], seeds=1)
    assert list(refused) == ["forest:encoding=counts on digits"]
    assert len(trajectories) == 5
