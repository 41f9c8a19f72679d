"""Complexity of Boolean functions: Lempel-Ziv, entropy, sensitivity, Fourier degree and mass, minimal DNF size.

A function of n variables is its truth table: 2^n truth values, in the order of the inputs read as binary numbers, the
first variable being the most significant bit. All measures take a batch of them, (functions, 2^n) bool.

The Lempel-Ziv measure reads the table as a string and depends on the order of the variables; the others do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Literal, get_args

import numpy as np

Convention = Literal["all-bits", "first-bit-skipped"]
"""How the words of a string are counted by `lempel_ziv`; both are found in code of Valle-Perez et al.

all-bits           of their Python code (KC_LZ.py of simpbias-tools; complexities.py of nn-pacbayes) and of their papers
first-bit-skipped  of their C++ code (KC.h of nnbias): the scan is written for strings that start at index 1 and is
                   given one that starts at 0, so that the first bit is never read and the byte behind the end is. The
                   last symbol of a scan does not affect the number of words (`word_count`), so the result is
                   well defined. It differs from the other in the forward scan only.
"""

DNF_VARIABLES = 4
"""Largest number of variables for which the minimal DNF of all functions is tabulated."""

WORD_BITS = 64

CHUNK = 4096
"""Strings scanned together: the state of a scan of 128 bits is then 64 kB a word, which stays in cache."""

Costs = Literal["terms", "literals"]


def lempel_ziv(tables: np.ndarray, convention: Convention = "all-bits") -> np.ndarray:
    """Lempel-Ziv complexity K_LZ of truth tables, in bits: (functions,) float.

    log2(m) for a constant string of m = 2^n bits, otherwise log2(m) (N(x) + N(reversed x)) / 2, where N is the number
    of words of the exhaustive history (`word_count`; Lempel & Ziv 1976, Dingle, Camargo & Louis 2018).
    """
    tables = checked(tables)
    if convention not in get_args(Convention):
        raise ValueError(f"convention {convention!r}; expected one of {', '.join(get_args(Convention))}")
    length = tables.shape[1]
    forward = tables if convention == "all-bits" else np.roll(tables, -1, axis=1)  # any bit may stand in the last place
    words = word_count(forward) + word_count(tables[:, ::-1])
    constant = tables.all(axis=1) | ~tables.any(axis=1)
    return np.log2(length) * np.where(constant, 1.0, words / 2)


def word_count(strings: np.ndarray) -> np.ndarray:
    """Number of words of the exhaustive history of bit strings (Lempel & Ziv 1976): (strings,) int.

    strings  (strings, length) bool

    A word is the shortest string that does not begin at an earlier position, where the earlier copy may overlap the
    word; an unfinished last word counts, as in the scan of Kaspar & Schuster (1987). Hence the last bit does not affect
    the number: it ends a word, is one, or belongs to the unfinished one.
    """
    strings = np.asarray(strings, dtype=bool)
    if strings.ndim != 2 or strings.shape[1] == 0:  # noqa: PLR2004 -- rows and columns
        raise ValueError(f"an array of shape {strings.shape}; expected (strings, length) with length of at least 1")
    parts = [_scan(strings[start : start + CHUNK]) for start in range(0, len(strings), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _scan(strings: np.ndarray) -> np.ndarray:
    """The same for one chunk. All strings are scanned in step, one position at a time.

    `ends` is the set of earlier positions, as bits, that the current position is compared with: those that continue a
    copy of the word so far. When no such position holds the same bit, the word is complete.
    """
    count, length = strings.shape
    columns = np.ascontiguousarray(strings.T)  # (length, strings)
    packed = _packed(columns)  # (words of 64 bits, strings)
    ends = np.zeros_like(packed)
    found, differs = np.zeros_like(packed), np.empty(count, dtype=np.uint64)
    carry, complete = np.empty_like(differs), np.empty(count, dtype=bool)
    begin = np.empty_like(differs)  # all bits set where a word begins next
    words = np.zeros(count, dtype=np.int64)
    one, high = np.uint64(1), np.uint64(WORD_BITS - 1)
    complete[:] = True
    for position in range(length):
        used = position // WORD_BITS + 1  # later words of 64 bits are empty
        np.subtract(columns[position], one, out=differs, dtype=np.uint64, casting="unsafe")  # 0 for a 1, all bits for 0
        np.bitwise_xor(packed[:used], differs, out=found[:used])
        found[:used] &= ends[:used]
        np.equal(np.bitwise_or.reduce(found[:used], axis=0), 0, out=complete)
        words += complete
        np.negative(complete.astype(np.uint64), out=begin)
        for word in range((position + 1) // WORD_BITS + 1 if position + 1 < length else 0):
            np.left_shift(found[word], one, out=ends[word])
            if word:
                np.right_shift(found[word - 1], high, out=carry)
                ends[word] |= carry
            first = min(max(position + 1 - word * WORD_BITS, 0), WORD_BITS)  # positions up to this one
            np.bitwise_and(begin, np.uint64(2**first - 1), out=carry)
            ends[word] |= carry
    return words + ~complete


def _packed(columns: np.ndarray) -> np.ndarray:
    """Bits as unsigned words, the first position in the lowest bit: (length, strings) -> (words, strings)."""
    length, count = columns.shape
    words = -(-length // WORD_BITS)
    padded = np.zeros((words * WORD_BITS, count), dtype=np.uint64)
    padded[:length] = columns
    shifts = np.arange(WORD_BITS, dtype=np.uint64)[:, None]
    return np.bitwise_or.reduce(padded.reshape(words, WORD_BITS, count) << shifts, axis=1)


def entropy(tables: np.ndarray) -> np.ndarray:
    """Entropy of the share of ones, in bits, 0 to 1: (functions,)."""
    share = checked(tables).mean(axis=1)
    both = np.stack([share, 1 - share])
    return -(both * np.log2(np.where(both > 0, both, 1))).sum(axis=0) + 0.0


def average_sensitivity(tables: np.ndarray) -> np.ndarray:
    """Mean over the inputs of the number of variables whose flip changes the value, 0 to n: (functions,).

    It is the total influence, and the mean degree of the Fourier mass (O'Donnell 2014, section 2.3).
    """
    return influences(tables).sum(axis=1)


def influences(tables: np.ndarray) -> np.ndarray:
    """Influence of each variable: the share of inputs at which its flip changes the value, (functions, n)."""
    tables = checked(tables)
    count = variables(tables)
    flips = []
    for variable in range(count):
        pairs = tables.reshape(len(tables), 2**variable, 2, -1)
        flips.append((pairs[:, :, 0] != pairs[:, :, 1]).mean(axis=(1, 2)))
    return np.stack(flips, axis=1) if flips else np.zeros((len(tables), 0))


def fourier_coefficients(tables: np.ndarray) -> np.ndarray:
    """Fourier coefficients times 2^n, as integers: (functions, 2^n), by the fast Walsh-Hadamard transform.

    The function is read as -1 (true) and 1 (false). Coefficient s belongs to the set of variables whose bits are set in
    s, in the order of the inputs.
    """
    tables = checked(tables)
    values = 1 - 2 * tables.astype(np.int32)
    for variable in range(variables(tables)):
        pairs = values.reshape(len(values), 2**variable, 2, -1)
        values = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
    return values.reshape(tables.shape)


def fourier_mass(tables: np.ndarray) -> np.ndarray:
    """Fourier mass by degree: sum of the squared coefficients of each degree, (functions, n + 1); a row sums to 1."""
    coefficients = fourier_coefficients(tables)
    size = coefficients.shape[1]
    of_degree = _degrees(size)[:, None] == np.arange(size.bit_length())  # (2^n, n + 1)
    return (coefficients.astype(float) / size) ** 2 @ of_degree.astype(float)


def fourier_degree(tables: np.ndarray) -> np.ndarray:
    """Degree of the function as a real polynomial: the largest with a coefficient that is not zero, (functions,)."""
    coefficients = fourier_coefficients(tables)
    return np.where(coefficients != 0, _degrees(coefficients.shape[1]), 0).max(axis=1)


def _degrees(size: int) -> np.ndarray:
    """Number of bits that are set in 0 .. size - 1, (size,)."""
    return np.array([index.bit_count() for index in range(size)])


def minimal_dnf(tables: np.ndarray, costs: Costs = "terms") -> np.ndarray:
    """Size of the smallest disjunctive normal form, exact, for n <= 4: (functions,) int.

    costs  "terms": the fewest terms, 0 for the constant false, 1 for the constant true (the empty term);
           "literals": the fewest literals, 0 for both constants. The minima may be attained by different forms
    """
    tables = checked(tables)
    if costs not in get_args(Costs):
        raise ValueError(f"costs {costs!r}; expected one of {', '.join(get_args(Costs))}")
    count = variables(tables)
    if count > DNF_VARIABLES:
        raise ValueError(f"functions of {count} variables; the minimal DNF is exact for at most {DNF_VARIABLES}")
    return _dnf_sizes(count, costs)[_index(tables)]


def _index(tables: np.ndarray) -> np.ndarray:
    """The table of a function of few variables as an integer, the value at input 0 in the lowest bit: (functions,)."""
    return tables @ (1 << np.arange(tables.shape[1]))


@cache
def _dnf_sizes(count: int, costs: Costs) -> np.ndarray:
    """The size of every function of `count` variables, by its index: (2^2^count,) int.

    Shortest paths from the constant false, where an edge adds one of the 3^n terms: the minimum over all covers of
    the function by its implicants.
    """
    inputs = np.array(list(product((False, True), repeat=count))).reshape(2**count, count)
    terms = [
        (int(_index(np.all([(bit is None) | (inputs[:, at] == bit) for at, bit in enumerate(term)], axis=0)[None])[0]),
         sum(bit is not None for bit in term))
        for term in product((None, False, True), repeat=count)
    ]  # fmt: skip
    functions = np.arange(2**2**count)
    sizes = np.full(len(functions), np.iinfo(np.int32).max, dtype=np.int64)
    sizes[0] = 0
    changed = functions[:1]
    while len(changed):
        before = sizes.copy()
        for index, literals in terms:
            np.minimum.at(sizes, changed | index, before[changed] + (literals if costs == "literals" else 1))
        changed = np.flatnonzero(sizes < before)
    sizes.setflags(write=False)
    return sizes


def all_functions(count: int) -> np.ndarray:
    """All functions of `count` variables, at most 4: (2^2^count, 2^count) bool, by the index of their table."""
    if not 0 < count <= DNF_VARIABLES:
        raise ValueError(f"all functions of {count} variables; expected 1 to {DNF_VARIABLES}")
    return (np.arange(2**2**count)[:, None] >> np.arange(2**count) & 1).astype(bool)


def measures(tables: np.ndarray, program_lengths: np.ndarray | None = None) -> Mapping[str, np.ndarray]:
    """Every measure of the functions by its name, (functions,) each.

    program_lengths  (functions,): length of the shortest program known, in bits, where the caller has it

    The minimal DNF is among them for n <= 4 only. Of the Fourier mass it is the share above degree n / 2 (its mean
    degree is the average sensitivity).
    """
    tables = checked(tables)
    count = variables(tables)
    found: dict[str, np.ndarray] = {
        "LZ": lempel_ziv(tables),
        "LZ, first bit skipped": lempel_ziv(tables, "first-bit-skipped"),
        "entropy": entropy(tables),
        "sensitivity": average_sensitivity(tables),
        "Fourier degree": fourier_degree(tables).astype(float),
        "high-degree mass": fourier_mass(tables)[:, count // 2 + 1 :].sum(axis=1),
    }
    if count <= DNF_VARIABLES:
        found["DNF terms"] = minimal_dnf(tables).astype(float)
        found["DNF literals"] = minimal_dnf(tables, "literals").astype(float)
    if program_lengths is not None:
        lengths = np.asarray(program_lengths, dtype=float)
        if lengths.shape != (len(tables),):
            raise ValueError(f"program lengths of shape {lengths.shape} for {len(tables)} functions")
        found["program length"] = lengths
    return found


def variables(tables: np.ndarray) -> int:
    """Number of variables n of tables of 2^n values."""
    return tables.shape[1].bit_length() - 1


def checked(tables: np.ndarray) -> np.ndarray:
    """The truth tables as bool; raises ValueError if they are not (functions, 2^n) with values 0 and 1 only."""
    tables = np.asarray(tables)
    if tables.ndim != 2 or tables.shape[1] < 2 or tables.shape[1] & (tables.shape[1] - 1):  # noqa: PLR2004 -- n >= 1
        raise ValueError(f"truth tables of shape {tables.shape}; expected (functions, 2^n) with n of at least 1")
    if tables.dtype != bool and not np.isin(tables, (0, 1)).all():
        raise ValueError("truth tables with values other than 0 and 1")
    return tables.astype(bool)
