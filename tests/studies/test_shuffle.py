"""The study of shuffling: its data, one small learner a domain, and its verdicts on rows made by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context

from grue.reports.figures_of_studies import shuffle as figure
from grue.reports.style import theme
from grue.studies.mnist1d import PUBLISHED, installed, network, run_signals, signals
from grue.studies.shuffle import REFERENCE, Shuffle, mixed, run_predictor
from grue.studies.shuffle_statistics import ARITHMETIC, CONTRAST, LANGUAGE, findings, signal_row, survival
from grue.studies.word_order import DOMAINS, VISIBLE, VOCABULARY, sample, shuffled, spaces
from grue.tasks.scramble import ScrambleOrdered

LEARNERS = ("mlp", "forest")


def made(text: float, equations: float, seeds: int = 6, gain: float = 4.0) -> pd.DataFrame:
    """Rows whose share of the gain in both measures is `text` and `equations`, give or take a hundredth."""
    rows: list[dict[str, Any]] = []
    for domain, learner, seed in product(DOMAINS, (*LEARNERS, REFERENCE), range(seeds)):
        share = (text if domain == "text" else equations) + 0.01 * np.sin(5 * seed + len(learner))
        for presentation in ("in order", "shuffled"):
            kept = 1.0 if presentation == "in order" else share
            rows.append(
                {
                    "domain": domain,
                    "learner": learner,
                    "seed": seed,
                    "presentation": presentation,
                    "bits": 6 - gain * kept,
                    "constant_bits": 6.0,
                    "floor": 1.3,
                    "accuracy": 0.1 + 0.15 * gain * kept,
                    "constant_accuracy": 0.1,
                }
            )
    return pd.DataFrame(rows)


# The data


def test_shuffling_keeps_the_tokens_of_every_example_and_changes_their_order_alone() -> None:
    inputs = sample("equations", 200, 10, 0).inputs
    mixed_up = shuffled(inputs, 0)
    assert np.array_equal(np.sort(mixed_up, axis=1), np.sort(inputs, axis=1))
    assert (mixed_up != inputs).any(axis=1).mean() > 0.8
    assert np.array_equal(mixed_up, shuffled(inputs, 0))
    assert not np.array_equal(mixed_up, shuffled(inputs, 1))


def test_in_order_the_four_visible_tokens_determine_the_hidden_number() -> None:
    data, task = sample("equations", 500, 100, 3), ScrambleOrdered()
    plus, equals, zero = 4 * task.limit + 1, 4 * task.limit + 2, 2 * task.limit
    for tokens, target in zip(data.inputs, data.targets[:, 0], strict=True):
        signs = [int(np.flatnonzero(tokens == sign)[0]) for sign in (plus, equals)]
        x, y = (int(token) - zero for token in tokens if token < plus)
        hidden = {(0, 2): y - x, (1, 2): y - x, (1, 3): x + y}[signs[0], signs[1]]
        assert hidden == target - zero


def test_without_order_up_to_three_numbers_are_possible() -> None:
    floor = sample("equations", 10, 2000, 0).floor
    assert 1 < floor < np.log2(3)


def test_the_words_in_the_middle_are_hidden_and_the_nearest_are_shown_last() -> None:
    data = sample("text", 3000, 300, 0)
    inputs, outputs = spaces("text")
    inputs.check(data.inputs, "inputs")
    outputs.check(data.targets, "targets")
    assert data.inputs.shape == (3000, VISIBLE)
    assert np.bincount(data.targets[:, 0]).argmax() in (0, 1), "token 0 is the most frequent word"
    alone = [
        len({(token, target) for token, target in zip(data.inputs[:, position], data.targets[:, 0], strict=True)})
        for position in range(VISIBLE)
    ]
    assert max(alone[2:]) < min(alone[:2]), "a neighbour says more about the word than the word after the next"
    assert (data.inputs <= VOCABULARY).all()


def test_more_examples_than_there_are_and_unknown_domains_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most"):
        sample("text", 10_000_000, 10, 0)
    with pytest.raises(ValueError, match="expected one of text, equations"):
        sample("music", 10, 10, 0)


# The measure


def test_a_certain_and_right_prediction_costs_what_is_mixed_in_and_a_wrong_one_is_replaced_by_the_constant() -> None:
    targets, constant = np.arange(40) % 4, np.full(4, 0.25)
    bits, weight = mixed(np.eye(4)[targets], constant, targets)
    assert (bits, weight) == (pytest.approx(-np.log2(0.95 + 0.05 / 4)), pytest.approx(0.05))
    bits, weight = mixed(np.eye(4)[(targets + 1) % 4], constant, targets)
    assert (bits, weight) == (pytest.approx(2), pytest.approx(1))


def test_counts_of_tokens_are_the_same_in_any_order() -> None:
    """So the reference learner has one loss, whatever it was trained on."""
    rows = run_predictor({"domain": "equations", "learner": REFERENCE, "n": 256, "tests": 100, "seed": 0})
    assert rows["bits"].iloc[0] == rows["bits"].iloc[1]
    assert rows["presentation"].tolist() == ["in order", "shuffled"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_an_n_gram_model_loses_by_shuffling(domain: str) -> None:
    settings = {"domain": domain, "learner": "ngram", "n": 2048, "tests": 1000, "seed": 0}
    rows = run_predictor(settings)
    ordered, mixed_up = rows["bits"]
    assert ordered < mixed_up - 0.3 < rows["constant_bits"].iloc[0]
    pd.testing.assert_frame_equal(rows, run_predictor(settings))


# Verdicts


def test_the_statements_of_the_claim_are_stable() -> None:
    """`grue claims` finds them by these words."""
    assert LANGUAGE["bits"] == "language: training on shuffled words keeps most of the gain in bits"
    assert ARITHMETIC["bits"] == "arithmetic: training on shuffled equations loses most of the gain in bits"
    assert LANGUAGE["accuracy"].replace("accuracy", "bits") == LANGUAGE["bits"]
    assert ARITHMETIC["accuracy"].replace("accuracy", "bits") == ARITHMETIC["bits"]


@pytest.mark.parametrize(
    ("text", "equations", "expected"),
    [
        (0.93, 0.2, ("supported", "supported", "supported")),
        (0.4, 0.7, ("contradicted", "contradicted", "contradicted")),
        (0.75, 0.5, ("not decided", "not decided", "supported")),
    ],
)
def test_the_verdicts_follow_the_shares(text: float, equations: float, expected: tuple[str, str, str]) -> None:
    found = {one.statement: one for one in findings(made(text, equations)).verdicts}
    for measure in ("bits", "accuracy"):
        statements = (LANGUAGE[measure], ARITHMETIC[measure], CONTRAST[measure])
        assert tuple(found[one].decision for one in statements) == expected
        assert found[LANGUAGE[measure]].estimate == pytest.approx(text, abs=0.01)


def test_shares_need_a_gain_in_order_and_two_seeds_of_every_learner() -> None:
    assert survival(made(0.5, 0.5), "text", "bits").shape == (6, len(LEARNERS))
    with pytest.raises(ValueError, match=r"gains 0\.010 in bits"):
        findings(made(0.5, 0.5, gain=0.01))
    with pytest.raises(ValueError, match="expected 2 or more"):
        findings(made(0.5, 0.5, seeds=1))
    rows = made(0.5, 0.5)
    with pytest.raises(ValueError, match="no rows of forest on text, shuffled"):
        findings(rows[(rows["learner"] != "forest") | (rows["presentation"] != "shuffled")])


def test_a_published_accuracy_agrees_within_the_sampling_error_only() -> None:
    own = pd.DataFrame({"accuracy": [0.93, 0.94], "best": [0.94, 0.95]})
    assert signal_row("cnn", "in order", 94, own).agrees
    assert signal_row("cnn", "in order", 80, own).agrees is False
    assert signal_row("cnn", "in order", 94, own.iloc[:0]).agrees is None


def test_the_figure_is_drawn_from_findings_alone() -> None:
    found = findings(made(0.6, 0.4))
    with_signals = replace(found, tables={**found.tables, "MNIST-1D": pd.DataFrame({"learner": ["cnn"]})})
    row = signal_row("cnn", "in order", 94, pd.DataFrame({"accuracy": [0.93, 0.94], "best": [0.94, 0.95]}))
    both = (row, replace(row, figure=row.figure.replace("in order", "shuffled")))
    with rc_context(theme()):
        assert len(figure.draw(found).axes) == 2
        assert len(figure.draw(replace(with_signals, published=both)).axes) == 3


# MNIST-1D


@pytest.mark.parametrize(("model", "parameters"), [("logistic", 410), ("mlp", 15_210), ("cnn", 5210), ("gru", 5134)])
def test_the_models_have_as_many_parameters_as_published(model: str, parameters: int) -> None:
    import torch

    built = network(model)
    assert built(torch.zeros(3, 40)).shape == (3, 10)
    assert sum(one.numel() for one in built.parameters()) == parameters


@pytest.mark.skipif(not installed(), reason="needs the package mnist1d")
def test_one_permutation_of_the_features_is_nothing_to_a_linear_model() -> None:
    assert [one.shape for one in signals()] == [(4000, 40), (4000,), (1000, 40), (1000,)]
    rows = run_signals({"model": "logistic", "seed": 0, "steps": 500})
    assert rows["accuracy"].tolist() == pytest.approx([0.32, 0.32], abs=0.03)
    with pytest.raises(ValueError, match="expected one of logistic, mlp, cnn, gru"):
        network("lstm")


def test_every_scale_has_jobs_of_both_domains_and_full_has_all_models() -> None:
    study = Shuffle()
    assert {job.settings.get("domain") for job in study.jobs("quick")} == set(DOMAINS)
    if installed():
        assert {job.settings.get("model") for job in study.jobs("full")} - {None} == set(PUBLISHED)
