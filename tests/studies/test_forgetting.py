"""The protocol of the study of forgetting, on learners whose fate is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
import pytest

from grue.analysis.findings import Findings, Verdict
from grue.analysis.forgetting import MARGIN, Run, findings, repetition_of, runs_of, selectivity_of
from grue.learners.base import Learner, Predictor, Problem
from grue.learners.lookup import Lookup
from grue.learners.mlp import MLP
from grue.metrics.forgetting import backward_transfer, final_score, forgetting
from grue.reports.figures_of_studies import study_figure
from grue.runs.names import UsageError
from grue.studies.forgetting import CONTROLS, LEARNERS, Forgetting, make_stream, run_stages, run_stream
from grue.studies.memories import Buffer, MarkedReplay
from grue.studies.streams import GAP, STAGES

NEW = 8


@dataclass(frozen=True)
class Diary(Learner):
    """Stores every example; notes the sizes of what it is shown."""

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


def run_of(learner: Learner, stream: str, regime: str = "continued", seeds: int = 2) -> Run:
    rows = [
        {"stream": stream, "regime": regime, "learner": learner.name, "seed": seed, **row}
        for seed in range(seeds)
        for row in run_stages(
            learner,
            make_stream(stream, seed, NEW),
            {"stream": stream, "regime": regime, "learner": learner.name},
            seed,
        )
    ]
    (run,) = runs_of(pd.DataFrame(rows)).values()
    return run


# Protocol


def test_a_learner_is_shown_the_current_stage_alone() -> None:
    diary = Diary()
    run_of(diary, "facts")
    sizes = [len(keys) for seed in range(2) for keys, _ in make_stream("facts", seed, NEW).stages]
    assert diary.shown == sizes


@pytest.mark.parametrize("stream", ["facts", "facts-unmarked"])
def test_a_memory_of_everything_forgets_nothing_and_is_not_selective(stream: str) -> None:
    run = run_of(Diary(), stream)
    assert [run.each(one).mean() for one in (final_score, backward_transfer, forgetting)] == [1, 0, 0]
    found = selectivity_of(run, GAP)
    assert found.mean == repetition_of(run, GAP).mean == 0
    assert found.half_width > 0, "all facts of some seeds do not say that all facts are retained"


def test_refitted_it_knows_the_current_stage_and_jointly_all_so_far() -> None:
    assert run_of(Diary(), "facts", "joint").each(final_score).mean() == 1
    refitted = run_of(Diary(), "facts", "refitted")
    assert refitted.each(forgetting).mean() > 0.5
    assert (np.diagonal(refitted.scores["single"], axis1=1, axis2=2) == 1).all()
    assert (refitted.scores["recurring"][:, GAP, 0] == 1).all(), "what recurs is known again"


def test_a_network_has_the_steps_of_all_stages_where_it_is_fitted_to_them() -> None:
    steps: list[int] = []

    class Counted(MLP):
        def fit(self, problem: Problem) -> Predictor:
            steps.append(self.max_steps)
            return Lookup().fit(problem)

    run_of(Counted(max_steps=7), "facts", "joint")
    assert steps == [7 * stage for stage in range(1, STAGES + 1)] * 2


# Controls


@pytest.mark.parametrize("stream", ["facts", "facts-unmarked"])
@pytest.mark.parametrize("by_mark", [False, True])
@pytest.mark.parametrize("capacity", [14, 15])
def test_a_first_in_first_out_memory_is_not_selective(capacity: int, by_mark: bool, stream: str) -> None:  # noqa: FBT001
    run = run_of(Buffer(capacity * NEW, by_mark), stream, seeds=30)
    found = selectivity_of(run, GAP)
    assert abs(found.mean) < found.half_width < MARGIN / 2, "a design that favours one mark would show here"
    retained = np.mean([scores[:, STAGES - 1, STAGES - GAP].mean() for scores in run.scores.values()])
    assert 0.3 < retained < 0.8, "some are retained and some are not"


def test_a_buffer_keeps_the_latest_of_each_mark() -> None:
    stream = make_stream("facts", 0, NEW)
    for by_mark in (False, True):
        predictor = None
        for inputs, targets in stream.stages:
            problem = Problem(inputs, targets, stream.inputs, stream.outputs, 0)
            predictor = Buffer(6 * NEW, by_mark).partial_fit(predictor, problem)
        assert predictor is not None
        latest, labels = stream.stages[-1]
        assert len(latest) == 6 * NEW
        assert (predictor.predict(latest).argmax(axis=-1) == labels).all()


def test_replay_keyed_on_the_mark_is_selective_where_the_mark_says_something() -> None:
    replay = MarkedReplay(Lookup2())
    assert selectivity_of(run_of(replay, "facts"), GAP).mean > 0.6
    assert selectivity_of(run_of(replay, "facts", seeds=4), GAP, MARGIN).p < 0.01
    unmarked = selectivity_of(run_of(replay, "facts-unmarked", seeds=12), GAP)
    assert abs(unmarked.mean) < unmarked.half_width


@dataclass(frozen=True)
class Lookup2(Learner):
    """A table of the latest training set only."""

    name = "latest"

    def fit(self, problem: Problem) -> Predictor:
        return Lookup().fit(problem)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:  # noqa: ARG002
        return self.fit(problem)


# Jobs


def test_rows_depend_on_the_settings_alone_and_settings_are_in_the_name() -> None:
    settings = {
        "learner": "neighbours:n_neighbors=1",
        "stream": "facts",
        "regime": "continued",
        "new": 4,
        "seeds": [1, 3],
    }
    rows = run_stream(settings)
    pd.testing.assert_frame_equal(rows, run_stream(settings))
    alone = run_stream({**settings, "seeds": [2, 3]})
    pd.testing.assert_frame_equal(rows[rows["seed"] == 2].reset_index(drop=True), alone)


def test_further_learners_are_checked_before_anything_runs() -> None:
    study = Forgetting().with_learners(["forest:n_estimators=4", "forest:n_estimators=4", "mlp"])
    further = {job.settings["learner"] for job in study.jobs("quick")} - {*LEARNERS, *CONTROLS}
    assert further == {"forest:n_estimators=4"}
    assert not any(job.external for job in study.jobs("quick"))
    for spec, message in (
        ("forrest", "did you mean 'forest'"),
        ("linear", "no partial_fit"),
        ("forest:encoding=counts", "counts"),
    ):
        with pytest.raises(UsageError, match=message):
            Forgetting().with_learners([spec])


def test_a_learner_from_outside_runs_in_a_worker_of_its_own() -> None:
    study = Forgetting().with_learners([f"{__name__}:Lookup2"])
    own = [job for job in study.jobs("quick") if job.external]
    assert {job.settings["learner"] for job in own} == {f"{__name__}:Lookup2"}
    rows = own[0].work({**own[0].settings, "seeds": [0, 1]})
    assert set(rows["learner"]) == {f"{__name__}:Lookup2"}


# Verdicts

RETAINED = {"neighbours": 1.0, "forest": 0.8, "boosting": 0.4, "mlp": 0.5}


def made_rows(selective: Sequence[str] = (), seeds: int = 10, spread: float = 0.02) -> pd.DataFrame:
    """R of learners that retain a share of what they were shown, and more of recurring facts if they are selective."""
    rng, parts = np.random.default_rng(0), []
    for stream, stages, kinds in (
        ("digits", 5, ("",)),
        ("facts", 9, ("single", "recurring")),
        ("facts-unmarked", 9, ("single", "recurring")),
    ):
        controls = CONTROLS if stream != "digits" else ()
        for learner in (*LEARNERS, *controls):
            for kind in kinds:
                after, stage, seed = (one.ravel() for one in np.mgrid[0:stages, 0:stages, 0:seeds])
                share = RETAINED.get(learner, 0.5)
                extra = 0.3 * (learner in selective and kind == "recurring" and stream == "facts")
                repeated = 0.15 * (kind == "recurring") * (after - stage >= GAP)
                kept = np.where(after == stage, 1, np.where(after > stage, share + extra + repeated, 0.1))
                noisy = kept + rng.normal(0, spread, len(kept)) * (after > stage)
                columns = {"after": after, "stage": stage, "seed": seed, "accuracy": noisy.clip(0, 1), "count": 32}
                shared = {"stream": stream, "regime": "continued", "learner": learner, "kind": kind}
                parts.append(pd.DataFrame({**columns, **shared}))
    return pd.concat(parts, ignore_index=True)


@cache
def found() -> Findings:
    return findings(made_rows(("replay", "boosting")), GAP)


def verdict(start: str) -> Verdict:
    (one,) = [one for one in found().verdicts if one.statement.startswith(start)]
    return one


def test_verdicts_tell_learners_that_are_selective_from_those_that_are_not() -> None:
    assert verdict("positive control").decision == "supported"
    assert verdict("facts: mlp").decision == "equivalent"
    assert verdict("facts: boosting").decision == "contradicted"
    assert verdict("facts: boosting").estimate == pytest.approx(0.3, abs=0.03)
    assert verdict("negative control, facts without marks: boosting").decision == "equivalent"
    assert verdict("class-incremental digits: mlp forgets more than forest").decision == "supported"
    assert verdict("class-incremental digits: mlp forgets more than neighbours").estimate == pytest.approx(
        0.5, abs=0.05
    )
    assert verdict("facts without marks: mlp retains").decision == "supported"
    assert all(one.low <= one.estimate <= one.high for one in found().verdicts)
    assert len({one.statement for one in found().verdicts}) == len(found().verdicts)


def test_few_noisy_seeds_decide_nothing_about_selectivity() -> None:
    few = findings(made_rows(seeds=2, spread=0.3), GAP)
    assert {one.decision for one in few.verdicts if one.statement.startswith("facts: mlp")} == {"not decided"}
    (control,) = [one for one in few.verdicts if one.statement.startswith("positive")]
    assert control.decision == "not decided"


def test_equal_seeds_have_an_interval_from_their_examples() -> None:
    equal = findings(made_rows(seeds=2, spread=0), GAP)
    assert all(one.high - one.low > 0.01 for one in equal.verdicts)


def test_the_detectable_effect_is_found_with_a_power_of_80_percent() -> None:
    rng, hits, sizes = np.random.default_rng(0), 0, []
    own = findings(made_rows(), GAP).tables["Selectivity"].set_index(["Learner", "Stream"]).loc[("mlp", "facts")]
    error = (own["High"] - own["Low"]) / 2 / 2.262  # t of 9 degrees of freedom
    for _ in range(2000):
        sample = rng.normal(own["Detectable"], error * 10**0.5, 10)
        hits += abs(sample.mean()) / (sample.std(ddof=1) / 10**0.5) > 2.262
        sizes.append(sample.mean())
    assert 0.75 < hits / 2000 < 0.85


def test_incomplete_rows_are_refused() -> None:
    rows = made_rows(seeds=2)
    for wrong, message in (
        (rows[:0], "no rows"),
        (rows[rows["seed"] == 0], "1 seed"),
        (rows[rows["learner"] != "replay"], "replay"),
        (rows.drop(index=rows.index[0]), "expected 2 seeds of 5 x 5"),
    ):
        with pytest.raises(ValueError, match=message):
            findings(wrong, GAP)


def test_the_figure_has_a_matrix_a_learner_and_two_panels() -> None:
    figure = study_figure("forgetting", found())
    assert figure is not None
    assert len([axes for axes in figure.axes if axes.get_title(loc="left")]) == len(LEARNERS) + 2
