"""Facts about the study of overtraining: bins from the prior, changes paired by network, distances to the boundary."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from grue.studies import overtraining as study
from grue.studies.boolean_networks import Layers
from grue.studies.boolean_problems import TrainingSet, training_set
from grue.studies.boundary import boundary_distances
from grue.studies.function_counts import FunctionCounts, unpack
from grue.studies.overtraining import CHOSEN, Overtraining
from grue.studies.overtraining_statistics import CHANGES, findings, mass_quantile, networks_by_age
from grue.studies.posterior import RECIPES
from grue.studies.random_functions import RandomNetwork

NAME = "n = 4, x1, S0"
GIVEN = training_set(4, "x1", 0)


def as_words(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint64)[:, None]


# Bins


def test_quantiles_are_the_x_likely_functions() -> None:
    prior = FunctionCounts(as_words([1, 2, 3, 4]), np.array([50, 10, 10, 30]))
    found = mass_quantile(prior, as_words([1, 2, 3, 4, 9]))
    assert found == pytest.approx([1.0, 0.2, 0.2, 0.5, 0.0]), "equals are at most as likely; never seen: 0"


# Changes


def made_up(moves: bool) -> pd.DataFrame:  # noqa: FBT001
    """40 networks of each recipe that move from rare functions to the likely one, or stay; the prior has both."""
    rare, likely = np.arange(100, 120, dtype=np.uint64), np.uint64(7)
    prior = {"source": "prior", "problem": NAME, "word 1": np.uint64(0)}
    parts = [
        pd.DataFrame({"word 0": np.append(rare, likely), "count": [10] * 20 + [800]}).assign(**prior),
        pd.DataFrame({"word 0": [np.uint64(0)], "count": [10_000]}).assign(**{**prior, "source": "samples"}),
    ]
    for source in CHOSEN:
        for age in (0, 100):
            words = np.full(40, likely) if moves and age else np.tile(rare, 2)
            one = pd.DataFrame({"word 0": words, "word 1": np.uint64(0), "number": np.arange(40), "age": age})
            margins = np.linspace(1, 2, 40) * (10 if age and moves else 1)
            parts.append(one.assign(source=source, problem=NAME, count=1, margin=margins, reached=5))
    near = {"source": "volume", "problem": NAME, "word 0": np.uint64(0), "word 1": np.uint64(0), "count": 1}
    for width, relative in ((5, 0.01), (10, 0.0001)):
        volume = pd.DataFrame({"distance": [0.1] * 150, "relative": relative, "margin": 0.1, "width": width})
        parts.append(volume.assign(**near))
    return pd.concat(parts, ignore_index=True)


def test_networks_that_move_to_likely_functions_contradict_the_hypothesis() -> None:
    found = findings(made_up(moves=True), {NAME: GIVEN}, CHOSEN, {4: 1})
    changes = found.tables["Change after zero training error"].set_index(["source", "age"])
    for source in CHOSEN:
        row = changes.loc[(source, 100)]
        assert row[CHANGES["unlikely"]] == -1
        assert row[CHANGES["likely"]] == 1
        assert row[CHANGES["entropy"]] == pytest.approx(-np.log2(20), abs=0.4)
        assert row[CHANGES["margin"]] == pytest.approx(1)
        assert row[CHANGES["changed"]] == 1
        # Null: half of the networks are swapped, so both ages have half of them at the likely function.
        assert row[CHANGES["drift"]] == pytest.approx(0.9, abs=0.1)
    decisions = {one.statement.partition(": ")[2][:31]: one.decision for one in found.verdicts}
    assert decisions["functions that are unlikely unde"[:31]] == "contradicted"
    assert decisions["the distribution over functions"] == "supported"
    volume = found.verdicts[-2:]
    assert [one.decision for one in volume] == ["supported", "not decided"]


def test_networks_that_stay_change_nothing() -> None:
    found = findings(made_up(moves=False), {NAME: GIVEN}, CHOSEN, {4: 1})
    own = found.verdicts[: 5 * len(CHOSEN)]
    assert all(one.estimate == 0 or "drifts" in one.statement for one in own)
    assert all(one.decision == "not decided" for one in own if "drifts" not in one.statement)
    assert all(one.decision == "contradicted" for one in own if "drifts" in one.statement)


def test_a_posterior_of_functions_seen_once_is_not_identified() -> None:
    rows = made_up(moves=True)
    once = (rows["source"] == "prior") & (rows["word 0"] != 7)
    rows.loc[once, "count"] = 1
    rows.loc[(rows["source"] == "prior") & ~once, "count"] = 50
    with pytest.raises(ValueError, match="70 of 10,000 prior samples are right on S; expected 100: about 14,285"):
        findings(rows, {NAME: GIVEN}, CHOSEN, {4: 1})
    more = pd.concat([rows[once].assign(**{"word 0": rows.loc[once, "word 0"] + place}) for place in (100, 200)])
    found = findings(pd.concat([rows, more], ignore_index=True), {NAME: GIVEN}, CHOSEN, {4: 1})
    assert found.tables["Training sets"]["identified"].tolist() == ["not identified"]
    assert {one.decision for one in found.verdicts if "likely under" in one.statement} == {"not decided"}
    assert {one.decision for one in found.verdicts if "sharper" in one.statement} == {"supported"}


def test_networks_without_a_pair_are_refused() -> None:
    rows = made_up(moves=True)
    own = rows[rows["source"] == "SGD"]
    with pytest.raises(ValueError, match="every network at all ages"):
        networks_by_age(own.iloc[:-1], ["word 0"])
    with pytest.raises(ValueError, match="0 networks reached zero training error"):
        networks_by_age(own.assign(reached=-1), ["word 0"])


# The boundary


def test_the_distance_of_a_perceptron_is_exact() -> None:
    """Of a linear function, the parameters at which it is 0 at a point are a plane."""
    network = RandomNetwork(inputs=2, depth=0, distribution="gaussian", sigma_w=2.0, sigma_b=0.5)
    given = TrainingSet(2, (1, 2), (0, 1), (0, 0, 1, 1))
    numbers = [np.random.default_rng(number) for number in range(50)]
    found = boundary_distances(network, given, numbers)
    layers = Layers(network, 50).initialise([np.random.default_rng(number) for number in range(50)])
    weights, biases = layers.weights[0][:, 0].double().numpy(), layers.biases[0][:, 0].double().numpy()
    values = np.concatenate([weights, biases], axis=1)  # (networks, 3)
    points = np.array([[0, 1, 1], [1, 0, 1]])
    outputs = values @ points.T
    right = ((outputs > 0) == np.array(given.labels)).all(axis=1)
    scales = np.array([*[2 / np.sqrt(2)] * 2, 0.5])
    distance = (np.abs(outputs) / np.linalg.norm(points * scales, axis=1)).min(axis=1)[right]
    assert found["distance"].to_numpy() == pytest.approx(distance, rel=1e-4)
    assert found["relative"].to_numpy() == pytest.approx(
        distance / np.linalg.norm(values / scales, axis=1)[right], rel=1e-4
    )


def test_the_first_order_distance_reaches_the_boundary() -> None:
    """Half of the distance along the gradient leaves the region of S, or not: it scales as it should."""
    network = RandomNetwork(inputs=4, width=20)
    found = boundary_distances(network, GIVEN, [np.random.default_rng(number) for number in range(3000)])
    assert 3 < len(found) < 100
    assert (found["distance"] > found["relative"]).all()
    assert (found > 0).all().all()


# The study


@cache
def rows() -> pd.DataFrame:
    """All kinds of jobs, small."""
    parts = [study.sample_prior({"inputs": 4, "samples": 40_000, "job": 0})]
    for source in CHOSEN:
        own = {"source": source, "problem": NAME, "recipe": RECIPES[source], "ages": [0, 50]}
        parts.append(study.train_networks({**own, "first": 0, "networks": 60}))
    parts += [
        study.measure_volume({"problem": NAME, "width": width, "first": 0, "samples": 26_000}) for width in (10, 12)
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_analysis_of_a_small_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "problems", lambda: {NAME: GIVEN})
    found = Overtraining().analyse(rows())
    sets = found.tables["Training sets"].iloc[0]
    assert sets["samples"] == 40_000
    assert sets["identified"] == "yes"
    changes = found.tables["Change after zero training error"]
    assert (changes.loc[changes["age"] == 0, CHANGES["changed"]] == 0).all()
    assert (changes.loc[changes["age"] == 50, CHANGES["margin"]] > 0).all()
    assert len(found.verdicts) == 5 * len(CHOSEN) + 2
    assert all(one.agrees is None for one in found.published)


def test_all_ages_are_right_on_s_at_zero_and_words_are_exact() -> None:
    own = rows()[(rows()["source"] == "Adam") & (rows()["age"] == 0)]
    bits = unpack(own["word 0"].to_numpy(np.uint64)[:, None], 16)
    assert (bits[:, list(GIVEN.rows)] == np.array(GIVEN.labels)).all()
    with pytest.raises(ValueError, match="no rows of volume"):
        Overtraining().analyse(rows()[rows()["source"] != "volume"])


def test_jobs_have_names_of_their_own_at_every_scale() -> None:
    for scale in ("quick", "default", "full"):
        jobs = Overtraining().jobs(scale)
        assert len({job.name for job in jobs}) == len(jobs)


def test_widths_have_the_parameters_of_their_networks() -> None:
    network = RandomNetwork(inputs=4, width=20)
    total = sum(one[0].numel() for one in Layers(network, 1).tensors)
    volume = findings(made_up(moves=True), {NAME: GIVEN}, CHOSEN, {4: 1}).tables["Volume near the boundary"]
    assert total == 4 * 20 + 20 + 20 * 20 + 20 + 20 + 1
    assert volume["parameters"].tolist() == [4 * w + w + w * w + w + w + 1 for w in (5, 10)]
    assert torch.isfinite(Layers(network, 1).buffer).all()
