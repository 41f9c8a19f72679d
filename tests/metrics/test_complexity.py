"""Complexity of Boolean functions: published values, identities, invariances, and brute force for few variables."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from grue.metrics.complexity import (
    all_functions,
    average_sensitivity,
    entropy,
    fourier_coefficients,
    fourier_degree,
    fourier_mass,
    influences,
    lempel_ziv,
    measures,
    minimal_dnf,
    variables,
    word_count,
)
from grue.metrics.rank_agreement import agreement
from grue.studies.complexity import vectors

RNG = np.random.default_rng(0)
SAMPLE = RNG.random((200, 128)) < RNG.random((200, 1))
PARITY = np.array([[index.bit_count() % 2 == 1 for index in range(16)]])
DICTATOR = np.arange(16)[None] >= 8
CONSTANTS = np.array([[False] * 16, [True] * 16])


def exhaustive_history(text: str) -> list[str]:
    """The words by definition: each is the shortest that does not occur before its own last symbol."""
    words, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and text[start:end] in text[: end - 1]:
            end += 1
        words.append(text[start:end])
        start = end
    return words


def strings(tables: np.ndarray) -> list[str]:
    return ["".join(map(str, row)) for row in tables.astype(int).tolist()]


def permuted(tables: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    count = variables(tables)
    axes = (0, *(1 + one for one in order))
    return tables.reshape(-1, *(2,) * count).transpose(axes).reshape(tables.shape)


def test_example_of_lempel_and_ziv() -> None:
    assert exhaustive_history("0001101001000101") == ["0", "001", "10", "100", "1000", "101"]
    assert word_count(np.array([[c == "1" for c in "0001101001000101"]])).tolist() == [6]


@pytest.mark.parametrize(("name", "table", "value"), vectors())
def test_published_values_of_lempel_ziv(name: str, table: np.ndarray, value: float) -> None:
    assert lempel_ziv(table[None]).tolist() == [value], name


@pytest.mark.parametrize("length", [1, 2, 5, 63, 64, 65, 127, 128, 129, 200])
def test_words_are_those_of_the_definition(length: int) -> None:
    some = RNG.random((60, length)) < RNG.random((60, 1))
    assert word_count(some).tolist() == [len(exhaustive_history(text)) for text in strings(some)]


def test_last_bit_does_not_affect_the_number_of_words() -> None:
    flipped = SAMPLE.copy()
    flipped[:, -1] ^= True
    assert (word_count(flipped) == word_count(SAMPLE)).all()


def test_conventions_differ_in_the_forward_scan_only() -> None:
    expected = [
        len(exhaustive_history(f"{text[1:]}2")) + len(exhaustive_history(f"{text[:0:-1]}2"))  # 2: a byte behind the end
        for text in strings(SAMPLE)
    ]
    constant = SAMPLE.all(axis=1) | ~SAMPLE.any(axis=1)
    skipped = lempel_ziv(SAMPLE, "first-bit-skipped")
    assert (skipped == np.where(constant, 7, 3.5 * np.array(expected))).all()
    assert (skipped != lempel_ziv(SAMPLE)).any()


def test_lempel_ziv_ignores_negation_and_reversal() -> None:
    assert (lempel_ziv(~SAMPLE) == lempel_ziv(SAMPLE)).all()
    assert (lempel_ziv(SAMPLE[:, ::-1]) == lempel_ziv(SAMPLE)).all()


def test_chunks_do_not_matter() -> None:
    many = np.tile(SAMPLE[:50], (100, 1))
    assert (word_count(many).reshape(100, 50) == word_count(SAMPLE[:50])).all()
    assert len(word_count(SAMPLE[:0])) == 0


def test_parity_dictator_and_constants() -> None:
    both = np.concatenate([PARITY, DICTATOR, CONSTANTS])
    assert entropy(both).tolist() == [1, 1, 0, 0]
    assert average_sensitivity(both).tolist() == [4, 1, 0, 0]
    assert fourier_degree(both).tolist() == [4, 1, 0, 0]
    assert minimal_dnf(both).tolist() == [8, 1, 0, 1]
    assert minimal_dnf(both, "literals").tolist() == [32, 1, 0, 0]
    assert influences(DICTATOR).tolist() == [[1, 0, 0, 0]]


def test_fourier_coefficients_are_correlations_with_parities() -> None:
    tables = all_functions(3)
    signs = 1 - 2 * tables.astype(int)
    parities = np.array([[(-1) ** (s & x).bit_count() for x in range(8)] for s in range(8)])
    assert (fourier_coefficients(tables) == signs @ parities.T).all()


def test_mass_sums_to_one_and_its_mean_degree_is_the_sensitivity() -> None:
    mass = fourier_mass(SAMPLE)
    assert mass.sum(axis=1) == pytest.approx(np.ones(len(SAMPLE)))
    assert mass @ np.arange(8) == pytest.approx(average_sensitivity(SAMPLE))


def test_poincare_inequality() -> None:
    signs = 1 - 2 * SAMPLE.astype(float)
    assert (signs.var(axis=1) <= average_sensitivity(SAMPLE) + 1e-12).all()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_only_lempel_ziv_depends_on_the_order_of_the_variables(order: tuple[int, ...]) -> None:
    tables = all_functions(3)
    before, after = measures(tables), measures(permuted(tables, order))
    for name, values in before.items():
        if not name.startswith("LZ"):
            assert after[name] == pytest.approx(values), name


def test_lempel_ziv_depends_on_the_order_of_the_variables() -> None:
    tables = all_functions(3)
    assert (lempel_ziv(permuted(tables, (2, 1, 0))) != lempel_ziv(tables)).any()


@pytest.mark.parametrize(("costs", "of_term"), [("terms", lambda _: 1), ("literals", sum)])
def test_minimal_dnf_by_brute_force_over_covers(costs: str, of_term: object) -> None:
    inputs = list(product((0, 1), repeat=3))
    terms = list(product((None, 0, 1), repeat=3))
    covers = {
        term: frozenset(x for x in inputs if all(b is None or b == v for b, v in zip(term, x, strict=True)))
        for term in terms
    }
    cost = {term: of_term([bit is not None for bit in term]) for term in terms}  # pyright: ignore[reportCallIssue]
    best: dict[frozenset[tuple[int, ...]], int] = {}
    for size in range(5):  # no function of three variables needs more than four terms
        for chosen in combinations(terms, size):
            union = frozenset().union(*(covers[term] for term in chosen))
            total = sum(cost[term] for term in chosen)
            best[union] = min(best.get(union, total), total)
    tables = all_functions(3)
    expected = [best[frozenset(x for x, value in zip(inputs, row, strict=True) if value)] for row in tables]
    assert minimal_dnf(tables, costs).tolist() == expected  # pyright: ignore[reportArgumentType]


def test_dnf_sizes_of_all_functions_of_four_variables() -> None:
    terms = minimal_dnf(all_functions(4))
    assert len(terms) == 2**16
    # eight terms: the parity and its negation; either with one input more (16); two opposite inputs and the neighbours
    # of both (8), where no two of the ten inputs but a centre and its neighbour share a term
    assert (terms == 8).sum() == 2 + 16 + 8
    assert terms.max() == 8
    assert (terms == 1).sum() == 3**4


def test_a_disjunction_needs_no_more_terms_than_its_parts() -> None:
    tables = all_functions(4)
    terms = minimal_dnf(tables)
    half = np.arange(2**16) & 0xFF
    other = np.arange(2**16) & 0xFF00
    assert (terms <= terms[half] + terms[other]).all()


def test_program_lengths_are_passed_in() -> None:
    assert measures(PARITY, np.array([28]))["program length"].tolist() == [28]
    with pytest.raises(ValueError, match=r"shape \(2,\) for 1 functions"):
        measures(PARITY, np.array([28, 3]))


@pytest.mark.parametrize("wrong", [np.zeros(8), np.zeros((1, 7)), np.zeros((1, 1)), np.full((1, 8), 2)])
def test_tables_that_are_none(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="truth tables"):
        entropy(wrong)


def test_unknown_convention_costs_and_sizes() -> None:
    with pytest.raises(ValueError, match="all-bits, first-bit-skipped"):
        lempel_ziv(PARITY, "other")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="terms, literals"):
        minimal_dnf(PARITY, "other")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="7 variables"):
        minimal_dnf(SAMPLE)
    with pytest.raises(ValueError, match="expected 1 to 4"):
        all_functions(5)
    with pytest.raises(ValueError, match="shape"):
        word_count(np.zeros(3, bool))


def test_agreement_is_spearman() -> None:
    from scipy.stats import spearmanr

    values = RNG.integers(0, 6, (3, 200)) + RNG.integers(0, 3, 200)
    found = agreement(dict(zip("abc", values, strict=True)), np.random.default_rng(1), 200)
    assert found.correlations == pytest.approx(spearmanr(values.T).statistic)
    estimate, low, high = found.interval("a", "b")
    assert low < estimate < high
    copies = values[:, np.random.default_rng(2).integers(0, 200, 200)]
    assert abs(spearmanr(copies.T).statistic[0, 1] - estimate) < 3 * (high - low)


def test_a_resample_is_ranked_anew() -> None:
    from scipy.stats import spearmanr

    values = RNG.random((2, 40))
    found = agreement({"a": values[0], "b": values[1]}, np.random.default_rng(3), 1)
    drawn = np.random.default_rng(3).integers(0, 40, 40)
    assert found.resampled[0, 0, 1] == pytest.approx(spearmanr(*values[:, drawn]).statistic)


def test_a_population_has_no_sampling_error_and_a_constant_measure_no_rank() -> None:
    found = agreement({"a": np.arange(30), "b": -np.arange(30), "c": np.zeros(30)}, np.random.default_rng(0), 0)
    assert found.interval("a", "b") == pytest.approx((-1, -1, -1))
    assert np.isnan(found.interval("a", "c")[0])
    assert found.median(("a", "b", "c"))[0] == pytest.approx(-1)


def test_partial_correlation_is_that_of_the_residuals() -> None:
    from scipy.stats import rankdata  # the reference only

    given = RNG.random(300)
    values = {"a": given + RNG.random(300), "b": given + RNG.random(300), "given": given}
    ranks = {name: rankdata(value) for name, value in values.items()}
    residuals = [ranks[name] - np.polyval(np.polyfit(ranks["given"], ranks[name], 1), ranks["given"]) for name in "ab"]
    found = agreement(values, np.random.default_rng(0), 50).partial("given")
    assert found.names == ("a", "b")
    assert found.correlations[0, 1] == pytest.approx(np.corrcoef(residuals)[0, 1])
    assert found.resampled.shape == (50, 2, 2)


def test_agreement_of_too_little() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="at least two"):
        agreement({"a": np.arange(30)}, rng)
    with pytest.raises(ValueError, match="at least two of one shape"):
        agreement({"a": np.arange(30), "b": np.arange(29)}, rng)
    with pytest.raises(ValueError, match="19 items; expected at least 20"):
        agreement({"a": np.arange(19), "b": np.arange(19)}, rng)
    with pytest.raises(ValueError, match="NaN among the values of b"):
        agreement({"a": np.arange(30), "b": np.full(30, np.nan)}, rng)
