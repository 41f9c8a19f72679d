"""What is known of the right answers of a task decides its oracle, its metric and whether it is ranked."""

from __future__ import annotations

import numpy as np
import pytest

from grue.metrics.metric import PosteriorDistance
from grue.runs.data import sample_split
from grue.runs.names import make_task


@pytest.mark.parametrize(
    ("task", "metric", "ranked", "oracle"),
    [
        ("identity-bits", "score", True, True),
        ("identity-reals", "score", True, True),
        ("scramble-bag", "score", True, True),
        ("boolean:function=random", "score", False, True),
        ("tabular", "accuracy", False, False),
        ("text", "bits", False, False),
        ("riddle-token", "rules", False, False),
        ("gotu", "rules", False, False),
    ],
)
def test_the_truth_of_a_task(task: str, metric: str, *, ranked: bool, oracle: bool) -> None:
    truth = make_task(task).instance.truth
    assert (truth.metric.name, truth.ranked, truth.oracle is not None) == (metric, ranked, oracle)
    assert truth.metric.greater_is_better == (metric != "bits")
    assert (truth.metric.chance == 0) == (metric == "score"), "on the common scale alone chance is the same everywhere"


def test_the_values_per_example_are_those_of_a_score_that_is_there() -> None:
    for name in ("identity-bits", "identity-reals", "scramble-bag", "tabular", "text", "riddle-token", "gotu"):
        task = make_task(name).instance
        training, tested = sample_split(task, "train", 32, 0), sample_split(task, "id", 16, 0)
        classes = task.outputs.alphabet
        shape = (16, task.outputs.size, classes) if classes else (16, task.outputs.size)
        scored = task.truth.score(np.full(shape, 1 / (classes or 1)), "id", tested, training)
        assert task.truth.metric_on("id").per_example_metric in scored.metrics
        assert len(scored.per_example) == 16


def test_a_riddle_is_scored_by_its_rules_only_where_they_part() -> None:
    truth = make_task("riddle-position").instance.truth
    assert [truth.metric_on(split).name for split in ("train", "id", "apart")] == ["accuracy", "accuracy", "rules"]
    truth = make_task("gotu").instance.truth
    assert [truth.metric_on(split).name for split in ("train", "id", "apart")] == ["score", "score", "rules"]


def test_which_metrics_need_probabilities() -> None:
    names = {
        name: make_task(name).instance.truth.metric for name in ("identity-bits", "scramble-bag", "tabular", "text")
    }
    assert [name for name, metric in names.items() if metric.needs_probabilities] == ["scramble-bag", "text"]


def test_an_ambiguous_task_must_store_its_posterior() -> None:
    task = make_task("identity-bits").instance
    examples = sample_split(task, "id", 4, 0)
    expected = task.truth.expected("id", examples, examples)
    with pytest.raises(ValueError, match=r"expected Examples\.posterior"):
        PosteriorDistance().score(np.full((4, 20, 2), 0.5), expected)
