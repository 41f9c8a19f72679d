"""Bottom-up enumeration of programs by increasing length, pruned by observational equivalence.

Two programs with the same values on all rows of the search are treated as the same function. Only the first, which is
the shortest, is kept and used in larger programs (Albarghouthi, Gulwani & Kincaid 2013).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from .language import (
    NUMBER,
    SYMBOL_BITS,
    UNBOUNDED,
    EvaluationRows,
    Program,
    choice_bits,
    compute,
    evaluate,
    gamma_bits,
)

CHUNK = 4096
"""Number of candidates evaluated at a time: their values on 128 rows are a megabyte, which fits one core's cache."""

BANK_SIZE = 2**18
"""Maximum number of different functions, the shortest, from which programs are composed; limited by memory."""

MAX_BODIES = 1000
"""Number of candidates for the body of a fold, separately for truth values and for numbers."""

STATES = 8
"""Bodies of folds over numbers are compared on the states 0..STATES-1."""


@dataclass(frozen=True)
class Leaf:
    """A program that is not composed of functions found by the search.

    truth  whether its value is a truth value
    cost   number of candidates that it counts as: a fold counts as one per position
    """

    bits: int
    program: Program
    truth: bool
    cost: int = 1


@dataclass(frozen=True)
class Operation:
    """A symbol with arguments.

    truths     takes truth values only; otherwise numbers, including truth values
    truth      its value is a truth value
    symmetric  commutative in its two arguments
    numeric    redundant for two truth values, where another symbol computes the same
    parameter  the modulus of an addition
    """

    symbol: str
    bits: int
    arguments: int = 2
    truths: bool = False
    truth: bool = False
    symmetric: bool = False
    numeric: bool = False
    parameter: int = 0


@dataclass(frozen=True)
class ProgramBlock:
    """Different functions of one length, in the order in which they were found.

    values      (functions, rows) NUMBER
    truth       (functions,): whether each is a truth value
    bits        their length
    candidates  number of candidates evaluated up to the end of this block
    program     returns the shortest program of a function, by its index in the block
    """

    values: np.ndarray
    truth: np.ndarray
    bits: int
    candidates: int
    program: Callable[[int], Program]


def enumerate_programs(rows: EvaluationRows, outputs: int, classes: int, max_candidates: int) -> Iterator[ProgramBlock]:
    """All programs on `rows`, up to a maximum number of candidates.

    outputs, classes  of a target; the order of enumeration depends only on the arguments
    """
    positions = rows.tokens.shape[1]
    bit = rows.alphabet == 2  # noqa: PLR2004 -- tokens of an alphabet of two are truth values
    position_bits = SYMBOL_BITS + choice_bits(positions)
    leaves = [Leaf(position_bits, ("read", position), bit) for position in range(positions)]
    leaves += _constants(max(rows.alphabet, classes, positions + 1))
    if outputs > 1:
        leaves += [Leaf(SYMBOL_BITS, ("output",), truth=False), Leaf(SYMBOL_BITS, ("copy",), bit)]
        leaves += [Leaf(position_bits, ("shift", step), bit) for step in range(1, positions)]
    moduli = {rows.alphabet, classes, positions}
    leaves += _folds(positions, rows.alphabet, frozenset(moduli - {positions}))  # positions are cyclic, counts are not
    look_up = [Operation("at", SYMBOL_BITS, 1, truth=bit), Operation("find", SYMBOL_BITS, 1)]
    yield from _Search(rows, leaves, look_up + _operations(moduli), max_candidates).blocks()


def _constants(count: int) -> list[Leaf]:
    return [Leaf(SYMBOL_BITS + gamma_bits(number), ("constant", number), truth=False) for number in range(count)]


def _operations(moduli: Iterable[int]) -> list[Operation]:
    """The symbols with arguments, used in programs and in the bodies of folds."""
    useful = [*sorted(modulus for modulus in moduli if modulus > 2), UNBOUNDED]  # noqa: PLR2004 -- modulo 2 is xor
    add_bits = SYMBOL_BITS + choice_bits(len(useful))
    return [
        Operation("not", SYMBOL_BITS, 1, truths=True, truth=True),
        Operation("and", SYMBOL_BITS, truths=True, truth=True, symmetric=True),
        Operation("or", SYMBOL_BITS, truths=True, truth=True, symmetric=True),
        Operation("xor", SYMBOL_BITS, truths=True, truth=True, symmetric=True),
        Operation("equal", SYMBOL_BITS, truth=True, symmetric=True, numeric=True),
        Operation("less", SYMBOL_BITS, truth=True, numeric=True),
        *(Operation("add", add_bits, symmetric=True, parameter=modulus) for modulus in useful),
    ]


@cache
def _folds(positions: int, alphabet: int, moduli: frozenset[int]) -> list[Leaf]:
    """Folds starting from 0 and from 1, with bodies found by a small search: over truth values, then over numbers."""
    folds = []
    for truth, states in ((True, 2), (False, STATES)):
        state, token = (grid.ravel().astype(NUMBER) for grid in np.meshgrid(range(states), range(alphabet)))
        rows = EvaluationRows(token[:, None], np.zeros(len(token), NUMBER), alphabet)
        leaves = [
            Leaf(SYMBOL_BITS, ("state",), truth),
            Leaf(SYMBOL_BITS, ("token",), alphabet == 2),  # noqa: PLR2004 -- as above
            *_constants(alphabet),
        ]
        for block in _Search(rows, leaves, _operations(moduli), MAX_BODIES, state=state, token=token).blocks():
            bodies = [block.program(index) for index in np.flatnonzero(block.truth == truth).tolist()]
            bits = SYMBOL_BITS + 1 + block.bits
            folds += [Leaf(bits, ("fold", start, body), truth, positions) for body in bodies for start in (0, 1)]
    return folds


class _Search:
    """Bottom-up search: programs of a length are its leaves, and operations on shorter functions."""

    def __init__(
        self,
        rows: EvaluationRows,
        leaves: list[Leaf],
        operations: list[Operation],
        max_candidates: int,
        *,
        state: np.ndarray | None = None,
        token: np.ndarray | None = None,
    ) -> None:
        self.rows, self.leaves, self.operations = rows, leaves, operations
        self.state, self.token = state, token
        self.remaining = max_candidates
        self.budget = max_candidates
        self.known = _FunctionSet(max_candidates)
        self.bank = np.empty((min(max_candidates, BANK_SIZE), len(rows.outputs)), NUMBER)
        self.programs: list[Program] = []  # programs of the functions in the bank
        self.levels: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # length -> bank indices of truth values, of numbers

    def blocks(self) -> Iterator[ProgramBlock]:
        """Blocks by increasing length, until the budget is used up or no new function is possible."""
        step = max(operation.bits for operation in self.operations)
        last_leaf = max(leaf.bits for leaf in self.leaves)
        for bits in itertools.count(1):
            if self.remaining <= 0 or bits > max(2 * max(self.levels, default=0) + step, last_leaf):
                return
            start, truth = len(self.programs), [np.empty(0, bool)]
            for block in self._level(bits):
                truth.append(block.truth)
                yield block
            positions = np.arange(start, len(self.programs))
            if len(positions):
                truths = np.concatenate(truth)[: len(positions)]
                self.levels[bits] = (positions[truths], positions[~truths])

    def _level(self, bits: int) -> Iterator[ProgramBlock]:
        for leaf in self.leaves:
            if leaf.bits == bits and self.remaining > 0:
                self.remaining -= leaf.cost
                values = evaluate(leaf.program, self.rows, self.state, self.token)[None]
                yield from self._new(values, bits, leaf.truth, lambda _, program=leaf.program: program)
        for operation in self.operations:
            for first, second in _chunks(self._arguments(operation, bits - operation.bits)):
                if self.remaining <= 0:
                    return
                yield from self._apply(operation, bits, first[: self.remaining], second[: self.remaining])

    def _arguments(self, operation: Operation, bits: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Bank indices of arguments with this total length, as pairs of lists to be combined as a Cartesian product."""
        if operation.arguments == 1:
            if bits in self.levels:
                truths, numbers = self.levels[bits]
                yield truths if operation.truths else np.concatenate([truths, numbers]), np.zeros(1, np.int64)
            return
        for length in [length for length in self.levels if bits - length in self.levels]:
            if operation.symmetric and length > bits - length:
                continue
            (truths, numbers), (other_truths, other_numbers) = self.levels[length], self.levels[bits - length]
            if operation.truths:
                yield truths, other_truths
                continue
            yield numbers, np.concatenate([other_truths, other_numbers])
            yield truths, other_numbers if operation.numeric else np.concatenate([other_truths, other_numbers])

    def _apply(self, operation: Operation, bits: int, first: np.ndarray, second: np.ndarray) -> Iterator[ProgramBlock]:
        self.remaining -= len(first)
        symbol, parameter, unary = operation.symbol, operation.parameter, operation.arguments == 1
        values = compute(symbol, parameter, self.rows, self.bank[first], None if unary else self.bank[second])

        def program(index: int) -> Program:
            head = (symbol, parameter) if parameter else (symbol,)
            arguments = (self.programs[position[index]] for position in ((first,) if unary else (first, second)))
            return (*head, *arguments)

        yield from self._new(values, bits, operation.truth, program)

    def _new(
        self,
        values: np.ndarray,
        bits: int,
        truth: bool,  # noqa: FBT001
        program: Callable[[int], Program],
    ) -> Iterator[ProgramBlock]:
        """The block of candidates, values (candidates, rows), that are not yet known; adds them to the bank."""
        new_functions = self.known.add(values)
        if not len(new_functions):
            return
        start = len(self.programs)
        stored = new_functions[: len(self.bank) - start]
        self.bank[start : start + len(stored)] = values[stored]
        self.programs += [program(index) for index in stored.tolist()]
        yield ProgramBlock(
            values[new_functions],
            np.full(len(new_functions), truth),
            bits,
            self.budget - self.remaining,
            lambda index: program(int(new_functions[index])),
        )


def _chunks(pieces: Iterator[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs from all pieces, in chunks of CHUNK and a shorter last one: pairs (chunk,), (chunk,)."""
    firsts: list[np.ndarray] = []
    seconds: list[np.ndarray] = []
    waiting = 0
    for first, second in pieces:
        pairs, done = len(first) * len(second), 0
        while done < pairs:
            taken = np.arange(done, min(pairs, done + CHUNK - waiting))
            firsts.append(first[taken // len(second)])
            seconds.append(second[taken % len(second)])
            done += len(taken)
            waiting += len(taken)
            if waiting == CHUNK:
                yield np.concatenate(firsts), np.concatenate(seconds)
                firsts, seconds, waiting = [], [], 0
    if waiting:
        yield np.concatenate(firsts), np.concatenate(seconds)


class _FunctionSet:
    """The functions found so far, as 64-bit hashes in an open-addressed table."""

    def __init__(self, capacity: int) -> None:
        self.table = np.zeros(1 << (2 * capacity).bit_length(), np.uint64)

    def add(self, values: np.ndarray) -> np.ndarray:
        """Indices, ascending, of the rows of `values` (functions, rows) that are new; of equal rows the first."""
        hashed, positions = np.unique(_hash(values), return_index=True)
        slot = hashed & np.uint64(len(self.table) - 1)
        new = np.zeros(len(hashed), bool)
        pending = np.arange(len(hashed))
        while len(pending):
            pending_hashes, pending_slots = hashed[pending], slot[pending]
            empty = self.table[pending_slots] == 0
            self.table[pending_slots[empty]] = pending_hashes[empty]  # on a collision the last write wins
            present = self.table[pending_slots] == pending_hashes
            new[pending[empty & present]] = True
            pending = pending[~present]
            slot[pending] = (slot[pending] + np.uint64(1)) & np.uint64(len(self.table) - 1)
        return np.sort(positions[new])


def _hash(values: np.ndarray) -> np.ndarray:
    """(functions, rows) NUMBER -> (functions,) uint64, none of them 0: multiply and fold, 64 bits at a time."""
    functions, rows = values.shape
    padded = np.zeros((functions, -(-rows // 4) * 4), NUMBER)
    padded[:, :rows] = values
    hashed = np.zeros(functions, np.uint64)
    for word in np.ascontiguousarray(padded.view(np.uint64).T):
        hashed = (hashed ^ word) * np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd
        hashed ^= hashed >> np.uint64(32)
    return np.maximum(hashed, np.uint64(1))
