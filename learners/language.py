"""A small typed domain-specific language for program induction: syntax, description length and evaluation.

A program is a nested tuple, (symbol, arguments...), and computes one number for one output of one example.
`("xor", ("read", 3), ("not", ("copy",)))` is the bit at position 3, xor the negated bit at the output's own position.
Because a program may use the output's index, copying a whole sequence is one short program, `("copy",)`.

    read p        the token at position p              copy          the token at the output's own position
    constant c    the number c                         shift k       the token k positions later, cyclically
    output        the index of the output              at e          look-up: the token at the position given by e
    find e        the first position of token e; the number of positions if it does not occur
    add m a b     a + b modulo m                       equal, less   comparisons of numbers
    and, or, xor, not                                  logic, on truth values
    fold i f      left fold over positions: state = f(state, token), initially i; the result is the last state

Types: truth values (0, 1), which are also numbers, and numbers. Tokens of an alphabet of two are truth values.
Positions are cyclic, so every program has a value on every input. In the body of a fold the only variables are
("state",) and ("token",).

The length of a program is in bits: SYMBOL_BITS for each symbol, a uniform code for positions and moduli, and Elias's
gamma code for other numbers (Elias 1975), so that small numbers are short whatever the alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

LANGUAGE_VERSION = 1
"""Version of symbols, semantics and lengths. It is frozen, so that the language is not fitted to further tasks: another
language is another version, and another version of the learner `program`. tests/learners/test_program.py pins it."""

Program = tuple[Any, ...]

SYMBOL_BITS = 4
"""The language has 15 symbols; in the body of a fold, its variables replace others."""

UNBOUNDED = 4096
"""Addition modulo this number is ordinary addition for all values that occur here, and fits in 16 bits."""

NUMBER = np.int16
"""Number type of programs: small, because many programs are evaluated on many rows."""


@dataclass(frozen=True)
class EvaluationRows:
    """Inputs on which programs are evaluated: one row per output of each example.

    tokens    (rows, positions) NUMBER
    outputs   (rows,) NUMBER, the index of the output
    alphabet  number of tokens
    """

    tokens: np.ndarray
    outputs: np.ndarray
    alphabet: int

    @cached_property
    def index(self) -> np.ndarray:
        """0, 1, ..., rows - 1."""
        return np.arange(len(self.tokens))

    @cached_property
    def first(self) -> np.ndarray:
        """(rows, alphabet) NUMBER: first position of each token; the number of positions if it does not occur."""
        positions = self.tokens.shape[1]
        first = np.full((len(self.tokens), self.alphabet), positions, NUMBER)
        for position in range(positions - 1, -1, -1):
            first[self.index, self.tokens[:, position]] = position
        return first

    def at(self, positions: np.ndarray) -> np.ndarray:
        """The token at a cyclic position of each row: (..., rows) -> (..., rows)."""
        return self.tokens[self.index, positions % self.tokens.shape[1]]

    def find(self, tokens: np.ndarray) -> np.ndarray:
        """The first position of a token in each row: (..., rows) -> (..., rows)."""
        found = self.first[self.index, np.minimum(tokens, self.alphabet - 1)]
        return np.where(tokens < self.alphabet, found, NUMBER(self.tokens.shape[1]))


def evaluate(
    program: Program, rows: EvaluationRows, state: np.ndarray | None = None, token: np.ndarray | None = None
) -> np.ndarray:
    """The values of a program, (rows,) NUMBER; `state` and `token` are the variables in the body of a fold."""
    symbol, *rest = program
    if symbol == "state" and state is not None:
        return state
    if symbol == "token" and token is not None:
        return token
    if symbol == "constant":
        return np.full(len(rows.outputs), rest[0], NUMBER)
    if symbol == "output":
        return rows.outputs
    if symbol == "read":
        return rows.tokens[:, rest[0]]
    if symbol == "copy":
        return rows.at(rows.outputs)
    if symbol == "shift":
        return rows.at(rows.outputs + NUMBER(rest[0]))
    if symbol == "fold":
        start, body = rest
        state = np.full(len(rows.outputs), start, NUMBER)
        for column in np.ascontiguousarray(rows.tokens.T):
            state = evaluate(body, rows, state, column)
        return state
    parameter = rest.pop(0) if symbol == "add" else 0
    return compute(symbol, parameter, rows, *(evaluate(argument, rows, state, token) for argument in rest))


def compute(
    symbol: str, parameter: int, rows: EvaluationRows, first: np.ndarray, second: np.ndarray | None = None
) -> np.ndarray:
    """Apply one symbol, for one program or many: arguments (..., rows) NUMBER -> (..., rows) NUMBER."""
    if second is None:
        if symbol == "not":
            return first ^ NUMBER(1)
        return rows.at(first) if symbol == "at" else rows.find(first)
    if symbol == "and":
        return first & second
    if symbol == "or":
        return first | second
    if symbol == "xor":
        return first ^ second
    if symbol == "equal":
        return (first == second).astype(NUMBER)
    if symbol == "less":
        return (first < second).astype(NUMBER)
    if symbol == "add":
        total = first + second
        # masking takes a fifth of the time of division
        return total & NUMBER(parameter - 1) if parameter == UNBOUNDED else total % NUMBER(parameter)
    raise ValueError(f"unknown symbol {symbol!r}; expected one of those that learners/language.py describes")


def gamma_bits(number: int) -> int:
    """Length in bits of a non-negative integer in Elias's gamma code."""
    return 2 * (number + 1).bit_length() - 1


def choice_bits(alternatives: int) -> int:
    """Length in bits of a choice among equally likely alternatives, rounded up."""
    return max(alternatives - 1, 0).bit_length()


def describe(program: Program) -> str:
    """A program as one line of text, such as "xor(read 3, not(copy))"."""
    symbol, *rest = program
    if symbol == "fold":
        return f"fold({rest[0]}, {describe(rest[1])})"
    if symbol in ("read", "constant", "shift"):
        return f"{symbol} {rest[0]}"
    name = symbol
    if symbol == "add":
        modulus = rest.pop(0)
        name = "add" if modulus == UNBOUNDED else f"add modulo {modulus}"
    return f"{name}({', '.join(describe(argument) for argument in rest)})" if rest else name
