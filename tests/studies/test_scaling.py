"""Facts about lookup on Zipf data and prefixes of forests, and the analysis of scaling on laws that are known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from grue.learners.base import Problem
from grue.learners.forest import Forest
from grue.learners.lookup import Lookup
from grue.reports.figures_of_studies.scaling import draw
from grue.reports.style import theme
from grue.runs.data import sample_split
from grue.runs.names import make_task
from grue.studies import law_statistics
from grue.studies.base import Findings, Verdict
from grue.studies.claims import Claim, decide
from grue.studies.law_statistics import Fit, Replicated, held_out, replicated_means
from grue.studies.scaling import ZIPF, Scaling, octaves, predicted_by_prefixes, run_lookup, run_text
from grue.studies.scaling_laws import LEARNERS, LIMIT, MARGIN, SAME, TREES, analyse
from grue.studies.zipf import expected_errors, known_exponent, lookup_errors, sample_items
from grue.tasks.spaces import Space

SEEDS = 4
CHANCE = 4.13
TRUE = {"ngram": (0.9, 8, 0.2), "forest": (0.8, 8, 0.2), "boosting": (0.5, 8, 0.2), "mlp": (0.5, 8, 0.2),
        "transformer": (0.0, 6, 0.05)}  # fmt: skip
"""c, a and b by learner; the exponent of the transformer is another one."""

TREE_COUNTS = (1, 2, 4, 8, 16, 32, 64, 100)


def made_rows(noise: float = 0.002) -> pd.DataFrame:
    """Rows like those of the jobs, of learners whose laws are known; the forest also has 2 bits / trees."""
    rng = np.random.default_rng(0)
    settings = {"sizes": list(octaves(8, 15)), "seeds": 60}
    parts = [run_lookup({**settings, "a": a, "noise": share}) for a, share in ZIPF]
    rows = []
    for learner, (c, a, b) in TRUE.items():
        for seed in range(SEEDS):
            ease = np.exp(rng.normal(0, 0.01))
            for n in octaves(8, 15):
                counts = (*TREE_COUNTS, 128, 256) if n == 1024 else TREE_COUNTS
                for trees in counts if learner == "forest" else (0,):
                    error = (c + a * n**-b + (2 / trees if trees else 0)) * ease * np.exp(rng.normal(0, noise))
                    place = {"series": learner, "seed": seed, "n": n, "trees": trees, "error": error, "status": "ok"}
                    rows.append({**place, "chance": CHANCE, "accuracy": 0.5, "steps": 10})
    return pd.concat([*parts, pd.DataFrame(rows)], ignore_index=True)


@pytest.fixture(autouse=True, scope="module")
def fewer_resamples() -> Iterator[None]:
    """A tenth of the resamples: the analysis takes a second instead of some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(law_statistics, "RESAMPLES", 100)
        law_statistics.resamples.cache_clear()
        yield
    law_statistics.resamples.cache_clear()


@cache
def found() -> Findings:
    return analyse(made_rows())


def verdict(findings: Findings, statement: str) -> Verdict:
    (one,) = [one for one in findings.verdicts if one.statement == statement]
    return one


# Lookup on Zipf data


def test_lookup_of_the_suite_is_wrong_on_exactly_the_mass_that_the_simulation_gives() -> None:
    items = np.minimum(sample_items(1.0, 200, np.random.default_rng(0)), 10**9)
    inputs, targets = items[:, None].astype(float), items[:, None].astype(float)
    real = Space((1,), None)
    predictor = Lookup().fit(Problem(inputs, targets, real, real, seed=0))
    asked = np.arange(1, 5001, dtype=float)[:, None]
    wrong = (predictor.predict(asked) != asked).ravel()
    p = asked.ravel() ** -2 / (np.pi**2 / 6)
    right = p[~wrong].sum() + sum(float(item) ** -2 / (np.pi**2 / 6) for item in set(items.tolist()) if item > 5000)
    assert 1 - right == pytest.approx(lookup_errors(items, 1.0, [200])[0])


@pytest.mark.parametrize("a", [0.5, 1.0, 2.0])
def test_the_simulation_has_the_expected_error_and_that_falls_with_hutters_exponent(a: float) -> None:
    sizes = [100, 1000]
    errors = [lookup_errors(sample_items(a, 1000, np.random.default_rng(seed)), a, sizes) for seed in range(300)]
    expected = expected_errors(a, np.array(sizes))
    spread = np.std(errors, axis=0) / 300**0.5
    assert np.abs(np.mean(errors, axis=0) - expected).max() < 4 * spread.max()
    far = expected_errors(a, np.array([10**6, 10**8]))
    assert np.log(far[0] / far[1]) / np.log(100) == pytest.approx(known_exponent(a), abs=0.002)


def test_unpredictable_labels_are_the_floor_of_lookup() -> None:
    items = sample_items(2.0, 5000, np.random.default_rng(0))
    clean, noisy = (lookup_errors(items, 2.0, [10, 5000], noise) for noise in (0.0, 0.2))
    assert noisy == pytest.approx(0.2 + 0.8 * clean)
    with pytest.raises(ValueError, match="noise 1"):
        lookup_errors(items, 2.0, [10], 1.0)
    with pytest.raises(ValueError, match="expected more than 0"):
        sample_items(0.0, 10, np.random.default_rng(0))


# Learners on text


@pytest.mark.parametrize("count", [1, 3, 7])
def test_the_first_trees_of_a_forest_predict_as_a_smaller_forest(count: int) -> None:
    task = make_task("text").instance
    examples = sample_split(task, "train", 80, 0)
    problem = Problem(np.array(examples.inputs), np.array(examples.targets), task.inputs, task.outputs, 5, noisy=True)
    asked = sample_split(task, "id", 50, 0).inputs
    large, small = (Forest(n_estimators=trees).fit(problem) for trees in (7, count))
    *_, predicted = predicted_by_prefixes(large, sorted({1, 3, 7} & set(range(count + 1))), asked)
    assert predicted == pytest.approx(small.predict(asked))
    with pytest.raises(ValueError, match="of 7"):
        list(predicted_by_prefixes(large, [8], asked))
    with pytest.raises(TypeError, match="no trees"):
        list(predicted_by_prefixes(Lookup().fit(problem), [1], asked))


def test_a_job_on_text_gives_a_row_per_seed_and_number_of_trees() -> None:
    settings = {"learner": "forest", "parameters": {}, "n": 64, "trees": [1, 4], "seeds": [0, 1]}
    rows = run_text(settings)
    assert list(zip(rows["seed"], rows["trees"], strict=True)) == [(0, 1), (0, 4), (1, 1), (1, 4)]
    assert (rows["chance"] > 3.9).all()
    pd.testing.assert_frame_equal(rows, run_text(settings))


def test_every_learner_sees_the_same_windows_at_every_scale() -> None:
    for scale in ("quick", "default", "full"):
        settings = [job.settings for job in Scaling().jobs(scale) if "learner" in job.settings]
        assert {one["learner"] for one in settings} == set(LEARNERS)
        seeds = {(one["learner"], one["n"]): [] for one in settings}
        for one in settings:
            seeds[one["learner"], one["n"]] += one["seeds"]
        assert len({tuple(sorted(own)) for own in seeds.values()}) == 1


# The analysis, where the truth is known


def test_the_fit_recovers_the_known_exponents_and_the_floor() -> None:
    calibrations = [one for one in found().verdicts if one.statement.startswith("calibration")]
    assert len(calibrations) == 5
    for one in calibrations:
        assert one.decision != "contradicted"
        known = float(one.statement.split(" = ")[1].split(" of ")[0])
        assert one.low - 0.001 <= known <= one.high + 0.001
    floor = verdict(found(), "calibration: the fit recovers c = 0.2 of lookup, a = 1, noise 0.2")
    assert floor.decision == "supported"
    assert [row.published for row in found().published] == ["0.333", "0.500", "0.667"]


def test_exponents_of_laws_that_are_known_are_within_their_intervals() -> None:
    laws = found().tables["Laws"].set_index("Series")
    for name in ("forest", "ngram", "boosting"):
        c, _, b = TRUE[name]
        assert laws.loc[name, "b low"] - 0.01 <= b <= laws.loc[name, "b high"] + 0.01
        # The forest of 100 trees has 2 / 100 bits on top.
        assert laws.loc[name, "c low"] - 0.02 <= c <= laws.loc[name, "c high"] + 0.02
    assert laws.loc[TREES, "b"] == pytest.approx(1, abs=0.05)


def test_a_learner_with_another_exponent_contradicts_the_claim_over_all() -> None:
    other = verdict(found(), f"{SAME}: forest and transformer, law without offset")
    assert other.decision == "contradicted"
    assert other.low > MARGIN
    assert verdict(found(), SAME).decision == "contradicted"


def test_equal_exponents_support_it() -> None:
    rows = made_rows()
    forest = rows.loc[(rows["series"] == "forest") & (rows["trees"] == 100)]
    copies = [forest.assign(series=name, trees=0) for name in LEARNERS if name != "forest"]
    kept = rows.loc[(rows["series"] == "forest") | (rows["series"] == "lookup")]
    assert verdict(analyse(pd.concat([kept, *copies])), SAME).decision == "supported"


def test_the_extrapolation_widens_and_covers_what_the_known_law_gives() -> None:
    far = found().tables["Extrapolation"]
    far = far.loc[far["Series"] == LIMIT]
    widths = (far["High"] - far["Low"]).to_numpy()
    assert widths[-1] > 1.3 * widths[2] > 0
    c, a, b = TRUE["forest"]
    last = far.iloc[-1]
    assert last["n"] == 10**9
    assert last["Low"] - 0.05 <= c + a * 1e9**-b <= last["High"] + 0.05


def test_flagged_sizes_and_those_not_below_chance_are_not_fitted() -> None:
    rows = made_rows()
    flagged = (rows["series"] == "mlp") & (rows["n"] == 4096) & (rows["seed"] == 1)
    rows.loc[flagged, "status"] = "budget"
    rows.loc[(rows["series"] == "boosting") & (rows["n"] == 256), "error"] = CHANCE + 0.1
    left = analyse(rows).tables["Sizes that are not fitted"]
    assert {("mlp", 4096), ("boosting", 256)} <= set(zip(left["Series"], left["Size"], strict=True))


def test_a_check_with_too_few_sizes_is_not_decided_and_says_so() -> None:
    rows = made_rows()
    rows = rows.loc[(rows["series"] != "boosting") | (rows["n"] <= 2048)]
    rows = rows.loc[(rows["series"] != "mlp") | (rows["n"] <= 512)]
    findings = analyse(rows)
    one = verdict(findings, "boosting: the law predicts the largest size")
    assert one.decision == "not decided"
    assert "needs 5" in one.detail
    assert "mlp" not in set(findings.tables["Laws"]["Series"])
    assert verdict(findings, SAME).decision != "supported"


def test_learners_with_few_sizes_in_common_are_compared_without_offset_alone() -> None:
    """As at the quick scale, where the transformer has sizes between the powers of two of the forest."""
    rows = made_rows()
    rows = rows.loc[(rows["series"] != "transformer") | rows["n"].isin([8192, 16384, 32768])]
    rows.loc[(rows["series"] == "transformer") & (rows["n"] == 32768), "n"] = 11585
    pair = f"{SAME}: forest and transformer, law"
    findings = analyse(rows)
    assert "n = 8192 to 16384" in verdict(findings, f"{pair} without offset").detail
    assert "2 sizes in common" in verdict(findings, f"{pair} with offset").detail


def test_rows_that_do_not_do_are_refused() -> None:
    rows = made_rows()
    with pytest.raises(ValueError, match="no rows"):
        analyse(rows.iloc[:0])
    with pytest.raises(ValueError, match="without status"):
        analyse(rows.drop(columns="status"))
    with pytest.raises(ValueError, match="1 seeds"):
        analyse(rows.loc[(rows["series"] != "mlp") | (rows["seed"] == 0)])
    with pytest.raises(ValueError, match="forest: 2 sizes to fit"):
        analyse(rows.loc[(rows["series"] != "forest") | (rows["n"] <= 512)])


# Statistics


def test_a_law_predicts_held_out_sizes_of_its_own_curve_and_not_of_a_bent_one() -> None:
    sizes = 2.0 ** np.arange(8, 16)
    curve = 1 + 10 * sizes**-0.3
    ease = np.exp(np.random.default_rng(0).normal(0, 0.01, size=(5, 1)))
    bent = np.where(sizes > 2**13, curve * 1.3, curve)
    straight, broken = (held_out(Fit("made", sizes, replicated_means(one * ease), 5)) for one in (curve, bent))
    assert straight is not None
    assert broken is not None
    assert straight.miss.value == pytest.approx(0, abs=0.01)
    assert straight.gain.value > 0
    assert broken.miss.value < -0.2
    assert broken.gain.value < 0


def test_verdicts_follow_the_interval_and_are_open_where_nothing_is_identified() -> None:
    rng = np.random.default_rng(0)
    precise = Replicated(0.01 + 0.001 * rng.normal(size=1001), 6)
    rough = Replicated(0.01 + 0.1 * rng.normal(size=1001), 6)
    far = Replicated(0.5 + 0.001 * rng.normal(size=1001), 6)
    claims = [
        Claim("close", precise, "equal", "", margin=0.05),
        Claim("unclear", rough, "equal", "", margin=0.05),
        Claim("far", far, "equal", "", margin=0.05),
        Claim("above", far, "above", ""),
        Claim("below", far, "below", ""),
        Claim("open", far, "above", "", open="nothing is identified"),
    ]
    decisions = [one.decision for one in decide(claims)]
    assert decisions == ["supported", "not decided", "contradicted", "supported", "contradicted", "not decided"]


def test_the_figure_shows_the_laws_and_the_extrapolation() -> None:
    with mpl.rc_context(theme()):
        figure = draw(found())
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["Zipf data: b is known", "text, and a very large forest", "forest, n fixed", "exponents"]
    last = found().tables["Extrapolation"].query("Series == @LIMIT")["Error"].iloc[-1]
    assert f"{last:.2f}" in " ".join(text.get_text() for text in figure.axes[1].texts)
