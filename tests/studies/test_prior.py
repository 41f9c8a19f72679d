"""The prior over functions: theorems, published figures, exact counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grue.studies.function_counts import FunctionCounter, FunctionCounts, count, merge, pack, unpack
from grue.studies.prior import (
    BASE,
    FIRST,
    LEARNERS,
    NETWORKS,
    Prior,
    _zipf_verdict,
    fit_random_labels,
    networks,
    sample_networks,
)
from grue.studies.prior_statistics import another_run, perceptron_test, slopes_by_range, zipf_slope
from grue.studies.prior_table import OFTEN, PriorTable, combined, table_of
from grue.studies.random_functions import RandomNetwork, domain, sample_functions


def prior(network: RandomNetwork, samples: int, seed: int = 0) -> PriorTable:
    counts = merge([count(words) for words in sample_functions(network, samples, seed)])
    return table_of([counts], len(network.points), samples)


def bits_of(table: PriorTable) -> np.ndarray:
    """The functions of all samples, if these are no more than are drawn."""
    return unpack(table.drawn.words, table.points)


@pytest.mark.parametrize("n", [5, 6, 7])
@pytest.mark.parametrize("distribution", ["gaussian", "uniform"])
def test_a_random_perceptron_maps_every_number_of_points_to_1_equally_often(n: int, distribution: str) -> None:
    network = RandomNetwork(inputs=n, depth=0, distribution=distribution, sigma_w=1.0)
    test = perceptron_test(prior(network, 100_000, seed=1))
    assert test["p"] > 0.001
    assert 0.7 < test["lowest"] < 1 < test["highest"] < 1.3


def test_the_test_of_the_perceptron_rejects_one_on_other_inputs() -> None:
    with pytest.raises(ValueError, match="perceptron without biases"):
        perceptron_test(prior(RandomNetwork(depth=0, distribution="gaussian", sigma_b=1.0), 10_000))
    assert perceptron_test(prior(RandomNetwork(depth=0, distribution="gaussian", low=-1), 10_000))["p"] < 1e-6


def test_constant_functions_of_the_he_uniform_network_have_the_published_probability() -> None:
    table = prior(RandomNetwork(), FIRST, seed=3)
    for bit in (0, 1):
        estimate, low, high = table.share((bit,))
        assert abs(estimate - 0.1095) < np.hypot((high - low) / 2, 1.96 * 0.0014)
    assert abs(table.distinct / 36_231 - 1) < 0.01


def test_zero_initialisation_is_one_function() -> None:
    table = prior(RandomNetwork(distribution="zero"), 1000)
    assert table.distinct == 1
    assert table.share((0,))[0] == 1


def test_without_biases_the_point_zero_is_mapped_to_0() -> None:
    table = prior(RandomNetwork(distribution="gaussian"), 5000)
    assert not bits_of(table)[:, 0].any()
    assert table.share((1,))[0] == 0


def test_tanh_networks_with_inputs_minus_1_and_1_and_no_biases_are_odd() -> None:
    network = RandomNetwork(activation="tanh", distribution="uniform", low=-1, inputs=5)
    bits = bits_of(prior(network, 2000))
    assert (bits == 1 - bits[:, ::-1]).all()


@pytest.mark.parametrize("kind", ["dense", "recurrent"])
def test_functions_agree_with_a_network_computed_layer_by_layer(kind: str) -> None:
    from grue.studies import random_functions as module

    depth = 1 if kind == "recurrent" else 3
    network = RandomNetwork(depth=depth, activation="tanh", kind=kind, distribution="gaussian", sigma_b=0.5, width=6)
    make = module._Recurrent if kind == "recurrent" else module._Dense
    computed = make(network)
    outputs = computed(module.torch.Generator().manual_seed(0)).numpy().astype(float)
    x = domain(7).astype(float)
    flat = computed.buffer.numpy().astype(float)
    chunk, s = computed.chunk, network.sigma_w
    sizes = [7, 6, 6, 6, 1] if kind == "dense" else None
    for one in (0, chunk - 1):
        if sizes:
            end = chunk * 6 * 8
            first = flat[:end].reshape(chunk, 6, 8)[one]
            hidden = np.tanh(x @ first[:, :7].T * s / 7**0.5 + 0.5 * first[:, 7])
            for units in (6, 6, 1):
                start, end = end, end + chunk * units * 6
                matrix = flat[start:end].reshape(chunk, units, 6)[one]
                start, end = end, end + chunk * units
                out = hidden @ matrix.T * s / 6**0.5 + 0.5 * flat[start:end].reshape(chunk, units)[one]
                hidden = np.tanh(out)
        else:
            first, matrix, last, bias = np.split(flat, np.cumsum([12 * chunk, 36 * chunk, 6 * chunk]))
            u, b = first.reshape(chunk, 6, 2)[one].T
            recurrent = matrix.reshape(chunk, 6, 6)[one] * s / 6**0.5
            state = np.zeros((128, 6))
            for step in range(7):
                state = np.tanh(state @ recurrent.T + x[:, [step]] * u * s + 0.5 * b)
            out = state @ last.reshape(chunk, 6, 1)[one] * s / 6**0.5 + 0.5 * bias[one]
        np.testing.assert_allclose(outputs[one], out[:, 0], atol=1e-4)


@pytest.mark.parametrize(("depth", "inputs", "low"), [(1, 7, 0), (2, 7, -1), (3, 5, 0), (2, 1, 0)])
def test_convolutional_functions_agree_with_those_of_a_loop_of_modules(depth: int, inputs: int, low: int) -> None:
    from torch import nn

    from grue.studies import random_functions as module

    torch = module.torch
    width, shape = 6, {"inputs": inputs, "depth": depth, "low": low}
    network = RandomNetwork(
        kind="convolutional", activation="tanh", distribution="gaussian", sigma_b=0.5, width=width, **shape
    )
    computed = module._Convolutional(network)
    outputs = computed(torch.Generator().manual_seed(0)).clone()
    convolutions = [nn.Conv1d(width if layer else 1, width, 3, padding=1) for layer in range(depth)]
    readout = nn.Linear(width * inputs, 1)
    x = torch.from_numpy(domain(inputs, low))[:, None]
    for one in (0, computed.chunk - 1):
        first = computed.first.view(computed.chunk, width, 4)[one]
        hidden = [(first[:, :3], first[:, 3]), *[(matrix[one], bias[one, :, 0]) for matrix, bias in computed.layers]]
        with torch.no_grad():
            for convolution, (weight, bias) in zip(convolutions, hidden, strict=True):
                fan_in = 3 * convolution.in_channels
                convolution.weight.copy_(weight.reshape(convolution.weight.shape) * (2 / fan_in) ** 0.5)
                assert convolution.bias is not None
                convolution.bias.copy_(bias * 0.5)
            readout.weight.copy_(computed.readout[one].T.reshape(1, -1) * (2 / (width * inputs)) ** 0.5)
            readout.bias.copy_(computed.bias[one, 0] * 0.5)
            layers = [part for convolution in convolutions for part in (convolution, nn.Tanh())]
            expected = nn.Sequential(*layers, nn.Flatten(), readout)(x)[:, 0]
        torch.testing.assert_close(outputs[one], expected, atol=1e-5, rtol=1e-4)


def test_counts_are_those_of_brute_force() -> None:
    network = RandomNetwork(inputs=4)
    words = np.concatenate(list(sample_functions(network, 3000, 5)))
    brute = Counter(bytes(row) for row in unpack(words, 16))
    table = count(words)
    assert {bytes(row): int(n) for row, n in zip(unpack(table.words, 16), table.counts, strict=True)} == brute
    assert table.total == 3000
    assert table.singletons == sum(n == 1 for n in brute.values())
    assert table.count_of(np.zeros(16)) == brute[bytes(16)]


@pytest.mark.parametrize("points", [2, 16, 64, 128, 256])
def test_packing_keeps_the_bits_and_their_order(points: int) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (50, points)).astype(np.uint8)
    np.testing.assert_array_equal(unpack(pack(bits), points), bits)
    table = count(pack(bits))
    rows = [tuple(row) for row in unpack(table.words, points)]
    assert rows == sorted(set(rows))


def test_the_same_seed_gives_the_same_functions_in_any_block() -> None:
    network = RandomNetwork(inputs=5)
    long, again, short = (
        np.concatenate(list(sample_functions(network, samples, 7, block=block)))
        for samples, block in ((500, 65_536), (500, 64), (123, 10))
    )
    np.testing.assert_array_equal(long, again)
    np.testing.assert_array_equal(long[:123], short)
    other = np.concatenate(list(sample_functions(network, 500, 8)))
    assert (long != other).any()


def test_merging_does_not_depend_on_order_or_grouping() -> None:
    parts = [count(words) for words in sample_functions(RandomNetwork(inputs=4), 2000, 0, block=300)]
    once = merge(parts)
    for other in (merge(parts[::-1]), merge([merge(parts[:2]), merge(parts[2:])])):
        np.testing.assert_array_equal(once.words, other.words)
        np.testing.assert_array_equal(once.counts, other.counts)
    assert once.total == 2000


def test_counts_on_disk_are_those_in_memory(tmp_path: Path) -> None:
    counter = FunctionCounter(tmp_path, limit=500)
    blocks = list(sample_functions(RandomNetwork(), 5000, 0, block=400))
    for words in blocks:
        counter.add(words)
    assert len(list(tmp_path.iterdir())) > 1
    parts = list(counter.parts())
    spilled, plain = merge(parts), count(np.concatenate(blocks))
    assert sum(part.distinct for part in parts) == plain.distinct
    np.testing.assert_array_equal(spilled.words, plain.words)
    np.testing.assert_array_equal(spilled.counts, plain.counts)


def test_the_slope_of_a_zipf_law_is_found_and_its_interval_covers_it() -> None:
    covered = 0
    for seed in range(40):
        counts = np.maximum(np.random.default_rng(seed).poisson(3e4 / np.arange(1, 3000)), 1)
        made = FunctionCounts(np.arange(len(counts), dtype=np.uint64)[:, None], counts)
        slope, low, high = zipf_slope(table_of([made], 64, int(counts.sum())))
        assert slope == pytest.approx(-1, abs=0.02)
        covered += low < -1 < high
    assert covered >= 32  # 90 of 100 in a simulation


def test_a_zipf_law_is_supported_and_with_a_bend_it_depends_on_the_range() -> None:
    ranks = np.arange(1, 3000)
    curves = {
        "supported": 1e6 / ranks,
        "not decided": np.minimum(1e6 / ranks, 1e9 / ranks**2.5),
        "contradicted": 1e6 / ranks**0.7,
    }
    for decision, counts in curves.items():
        made = FunctionCounts(ranks.astype(np.uint64)[:, None], np.maximum(counts.astype(np.int64), 1))
        table = table_of([made], 64, int(made.counts.sum()))
        slopes = slopes_by_range(table)
        assert len(slopes) > 3
        assert (np.ptp(slopes["slope"]) > 0.1) == (decision == "not decided")
        assert _zipf_verdict(table).decision == decision


def test_a_slope_needs_functions_that_were_seen_often() -> None:
    assert np.isnan(zipf_slope(table_of([count(np.arange(100, dtype=np.uint64)[:, None])], 64, 100))).all()


def test_a_table_from_parts_is_that_of_all_counts() -> None:
    words = np.concatenate(list(sample_functions(RandomNetwork(), 30_000, 0)))
    whole = count(words)
    halves = [FunctionCounts(whole.words[start::2], whole.counts[start::2]) for start in (0, 1)]
    one, two = (table_of(parts, 128, 30_000) for parts in ([whole], halves))
    pd.testing.assert_frame_equal(one.ranks(), two.ranks())
    assert one.entropy() == two.entropy()
    assert (one.total, one.distinct, one.singletons) == (30_000, whole.distinct, whole.singletons)
    assert one.most_frequent(50).tolist() == whole.ranked().counts[:50].tolist()
    assert one.seen(3) == whole.seen(3).distinct
    np.testing.assert_array_equal(one.often.words, whole.seen(OFTEN).words)
    for table in (one, two):
        assert table.drawn.total == 10_000
        assert abs(table.mean_complexity()[0] - one.mean_complexity()[0]) < 4 * one.mean_complexity()[1]


def test_samples_are_drawn_without_replacement_and_evenly() -> None:
    counts = np.array([4000, 1, 16_000, 30_000])
    made = FunctionCounts(np.arange(4, dtype=np.uint64)[:, None], counts)
    parts = [FunctionCounts(made.words[:1], counts[:1]), FunctionCounts(made.words[1:], counts[1:])]
    drawn = table_of(parts, 64, int(counts.sum())).drawn
    assert drawn.total == 10_000
    for word, seen in zip(drawn.words[:, 0], drawn.counts, strict=True):
        expected = counts[int(word)] / 5
        assert seen <= counts[int(word)]
        assert abs(seen - expected) < 4 * expected**0.5 + 1


def test_jobs_of_several_priors_are_added_up_in_any_order_and_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {BASE: 128, "(4,40,40,1) ReLU": 16}
    tables = [
        sample_networks({"source": source, "network": NETWORKS[source], "samples": 2000, "job": job})
        for source in points
        for job in (0, 1)
    ]
    plain = combined(iter(tables), points)
    for source in points:
        own = pd.concat([table for table in tables if (table["source"] == source).all()])
        brute = own.groupby(["word 0", "word 1"])["count"].sum()
        table = PriorTable.from_rows(plain[plain["source"] == source])
        assert (table.total, table.distinct, table.jobs) == (4000, len(brute), tuple(
            (2000, len(one)) for one in tables if (one["source"] == source).all()
        ))  # fmt: skip
        assert table.most_frequent(10**6).tolist() == sorted(brute.tolist(), reverse=True)
        pd.testing.assert_frame_equal(table.rows(source), plain[plain["source"] == source].reset_index(drop=True))
    monkeypatch.setattr("grue.studies.prior_table.IN_MEMORY", 700)
    spilled = combined(iter(tables[::-1]), points)
    exact = [rows[rows["part"].isin(["ones", "times"])].reset_index(drop=True) for rows in (plain, spilled)]
    pd.testing.assert_frame_equal(*exact)
    keys = ["source", "word 0", "word 1"]
    often = [rows.loc[rows["part"] == "often"].sort_values(by=keys).reset_index(drop=True) for rows in (plain, spilled)]
    pd.testing.assert_frame_equal(*often)


def test_another_run_of_the_same_size_is_predicted() -> None:
    mean, low, high = another_run([98, 100, 102])
    assert (mean, low + high) == (100, 200)
    assert high - mean == pytest.approx(4.303 * 2 * (4 / 3) ** 0.5, rel=1e-3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_of_random_labels_keeps_most_of_them(learner: str) -> None:
    settings = {"source": learner, "learner": LEARNERS[learner], "samples": 5, "job": 0}
    rows = fit_random_labels(settings)
    assert rows["count"].sum() == 5
    pd.testing.assert_frame_equal(rows, fit_random_labels(settings))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"inputs": 30}, "cannot be enumerated"),
        ({"activation": "sine"}, "relu, tanh"),
        ({"distribution": "cauchy"}, "he-uniform"),
        ({"low": 3}, "0 or -1"),
        ({"kind": "recurrent"}, "expected depth 1"),
        ({"kind": "convolutional", "depth": 0}, "expected depth 1 or more"),
        ({"sigma_b": -1.0}, "no negative"),
    ],
)
def test_a_network_that_cannot_be_sampled_is_refused(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        RandomNetwork(**wrong)


def test_the_analysis_needs_rows_of_all_sources_and_gives_verdicts() -> None:
    shared = {"samples": 1000, "job": 0}
    parts = [sample_networks({"source": name, "network": NETWORKS[name], **shared}) for name in networks()]
    with pytest.raises(ValueError, match="no rows of forest, boosting, neighbours"):
        Prior().analyse(Prior().combine(iter(parts)))
    parts += [
        fit_random_labels({"source": name, "learner": spec, "samples": 3, "job": 0}) for name, spec in LEARNERS.items()
    ]
    findings = Prior().analyse(Prior().combine(iter(parts)))
    priors = findings.tables["Priors over functions"].set_index("source")
    assert priors.loc["zero initialisation", "distinct functions"] == 1
    assert priors.loc[BASE, "samples"] == 1000
    assert {"equivalent", "not decided"} >= {one.decision for one in findings.verdicts if "perceptron" in one.statement}


def test_jobs_of_a_scale_have_names_of_their_own() -> None:
    for scale in ("quick", "default", "full"):
        jobs = Prior().jobs(scale)
        assert len({job.name for job in jobs}) == len(jobs)
        assert sum(job.settings["samples"] for job in jobs if job.settings["source"] == BASE) % FIRST == 0
