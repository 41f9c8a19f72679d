"""Variable binding: the value of a variable in a short program of assignments in random order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Variables(Task):
    """Value of the queried variable in a program whose assignments are in random order.

    Example: "b=a; a=3; e=d; c=b; d=7; ?c". c is assigned b, b is assigned a, and a is 3: the target is 3. The chain
    c, b, a has two links, c=b and b=a. The chain e, d has one link and ends in the literal 7; it is a distractor.

    A program has `chains` chains. Their numbers of links are independent and uniform over the same range, their
    literals are distinct, and no variable is assigned twice. The query is the end of one chain. So the position, the
    chain length and the frequency of a literal are uninformative about the target.

    A variable holds a value if the program assigns it that value, through any number of links. Pairs (variable, value)
    with variable = value (mod `held_out`) occur in no training program. In the split "unseen", all variables of the
    queried chain hold such values.

    An input is a table with one line for every assignment of the longest program, and a last line for the query. A
    line is one position of the grid, with its left side in one plane and its right side in another. Assignments are on
    random lines, the other lines are empty.

    links      fewest and most links of a chain in training
    far_links  fewest and most links of a chain in the split "far", whose severity is the most
    chains     number of chains of a program, at least three
    variables  number of variables, the letters a, b, ...
    values     literals are 0..values-1; also the number of classes
    held_out   one pair (variable, value) in this many is held out from training

    Raises ValueError for parameters that leave some chain without enough variables.
    """

    name: ClassVar[str] = "variables"
    family: ClassVar[str] = "variables"
    renamed: ClassVar[Mapping[str, str]] = {"far": "far_links"}
    planes: ClassVar[int] = 2  # the left side and the right side of an assignment

    links: tuple[int, int] = (1, 3)
    far_links: tuple[int, int] = (4, 6)
    chains: int = 3
    variables: int = 26
    values: int = 10
    held_out: int = 6

    def __post_init__(self) -> None:
        if not 1 <= self.links[0] <= self.links[1] < self.far_links[0] <= self.far_links[1]:
            raise ValueError(f"links={self.links}, far_links={self.far_links}; expected 1 <= low <= high < low <= high")
        if not 3 <= self.chains <= self.values:  # noqa: PLR2004 -- with two, each literal is right half the time
            raise ValueError(f"{self.chains} chains with {self.values} values; expected 3 to {self.values} chains")
        if self.variables > len(LETTERS):
            raise ValueError(f"{self.variables} variables; expected at most the {len(LETTERS)} letters")
        if self.held_out < 1 or self.variables // self.held_out <= self.links[1]:
            raise ValueError(
                f"held_out={self.held_out} of {self.variables} variables; expected at least 1, and so few that "
                f"{self.links[1] + 1} variables may hold a value in the split 'unseen'"
            )
        if self._free(self._lines - 1) < 1:
            raise ValueError(
                f"{self.variables} variables; too few for {self._lines} assignments without the pairs held out"
            )

    @property
    def inputs(self) -> Space:
        """Tokens are the variables, then the values, then "nothing" and "?", which marks the query."""
        return Space((self.planes, self._lines + 1, 1), alphabet=self._query + 1, layout="grid")

    @property
    def outputs(self) -> Space:
        """The value of the queried variable, (1,)."""
        return Space((1,), alphabet=self.values)

    @property
    def scratchpad(self) -> Space:
        """The variables of the queried chain, from the queried one to the literal, the literal; then "nothing"."""
        return Space((self.far_links[1] + 2,), self._query, "sequence")

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity of far: the most links; of unseen: 1, the share of held-out pairs in the queried chain."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("far", "length", float(self.far_links[1]), headline=True, region="far", share=(0.0, 0.5)),
            Split("unseen", "pairs", 1.0, region="unseen"),
            Split("exposed", region="far", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Three rules that use literals only, one that excludes held-out pairs, and two that follow few links."""
        return {
            "first-literal": self._first_literal,
            "last-literal": self._last_literal,
            "most-frequent-literal": self._most_frequent_literal,
            "last-seen-pair": self._last_seen_pair,
            "one-hop": lambda inputs: self._hops(inputs, 1),
            "two-hops": lambda inputs: self._hops(inputs, 2),
        }

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n programs of a region: numbers of links and literals, then a variable for each node of each chain.

        slices: "links", the links between the queried variable and its literal, (n,).
        """
        fewest, most = self.far_links if region == "far" else self.links
        links = rng.integers(fewest, most + 1, size=(n, self.chains))
        literals = rng.permuted(np.tile(np.arange(self.values), (n, 1)), axis=1)[:, : self.chains]
        added = self._additions((n, self.chains, most), rng)
        node = np.arange(most + 1)
        behind = np.where(node[:-1] < links[..., None], added, 0)
        total = np.pad(np.cumsum(behind[..., ::-1], axis=2)[..., ::-1], ((0, 0), (0, 0), (0, 1)))
        held = (literals[..., None] + total) % self.values  # (n, chains, nodes): the value of each node
        names = self._names(held, node <= links[..., None], region, rng)
        inputs = self._encode(names, links, literals, added, rng)
        scratchpad = self._scratchpad(names[:, 0], links[:, 0], literals[:, 0], held[:, 0])
        return Examples(inputs, held[:, 0, :1], scratchpad=scratchpad, slices={"links": links[:, 0]})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Follow the assignments from the queried variable to a literal: inputs -> (n, 1).

        Raises ValueError if they lead to no literal.
        """
        token, added = self._follow(inputs, self._lines)
        if len(lost := np.flatnonzero(~self._is_literal(token))):
            raise ValueError(f"example {lost[0]} leads to no literal: {self.describe(inputs[lost[0]])}")
        return ((token - self.variables + added) % self.values)[:, None]

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The right side of each variable, on any line, and the queried variable: (n, variables + 1)."""
        right, added = self._given(inputs)
        codes = 2 * right[:, : self.variables] + added[:, : self.variables]
        return np.concatenate([codes, _queried(inputs)[:, None]], axis=1)

    def capacity(self, split: str) -> int:
        """Half of a lower bound on the programs of the split: those with the shortest chains only."""
        source = self.split(split)
        shortest = (self.far_links if source.region == "far" else self.links)[0] + 1
        used = range(shortest * self.chains)
        counts = [self._free(taken) for taken in used]
        if source.region == "unseen":
            counts[:shortest] = [self.variables // self.held_out - taken for taken in range(shortest)]
        # the order of the chains that are not queried does not matter
        literals = math.perm(self.values, self.chains) // math.factorial(self.chains - 1)
        return int(literals * math.prod(counts) * (source.share[1] - source.share[0]) / 2)

    def describe(self, example: np.ndarray) -> str:
        """The program as text, such as "b=a; a=3; c=b; ?c"."""
        words = [*LETTERS[: self.variables], *map(str, range(self.values))]
        lines = [
            f"{words[left]}={words[right]}" + "+1" * (len(more) and more[0] == self._plus)
            for left, right, *more in example[:, :-1, 0].T.tolist()
            if left != self._nothing
        ]
        return "; ".join([*lines, f"?{words[example[0, -1, 0]]}"])

    def describe_target(self, target: np.ndarray) -> str:
        """The value."""
        return str(int(target[0]))

    @property
    def _lines(self) -> int:
        """Number of assignments of the longest program."""
        return self.chains * (self.far_links[1] + 1)

    @property
    def _nothing(self) -> int:
        return self.variables + self.values

    @property
    def _query(self) -> int:
        return self._nothing + 1

    @property
    def _plus(self) -> int:
        """The token of "+1" in the third plane: the literal 1."""
        return self.variables + 1

    def _free(self, used: int) -> int:
        """Least number of unused variables that may hold a value in training, after `used` variables are taken."""
        return self.variables - used - math.ceil(self.variables / self.held_out)

    def _additions(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:  # noqa: ARG002
        """The number that each link adds to the value."""
        return np.zeros(shape, np.int64)

    def _names(self, held: np.ndarray, there: np.ndarray, region: str, rng: np.random.Generator) -> np.ndarray:
        """Sample a variable for every node that is `there`, uniformly among unused ones that may hold its value.

        held, there, returned  (n, chains, nodes)
        """
        n, chains, nodes = held.shape
        letters, rows = np.arange(self.variables), np.arange(n)
        taken = np.zeros((n, self.variables), bool)
        names = np.empty_like(held)
        for chain, node in np.ndindex(chains, nodes):
            new_pair = (letters - held[:, chain, node, None]) % self.held_out == 0
            wanted = new_pair == (region == "unseen" and chain == 0)
            names[:, chain, node] = np.where(wanted & ~taken, rng.random(taken.shape), -1.0).argmax(axis=1)
            taken[rows, names[:, chain, node]] |= there[:, chain, node]
        return names

    def _encode(
        self, names: np.ndarray, links: np.ndarray, literals: np.ndarray, added: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Write every assignment to a random line of its own; the query is the end of the first chain."""
        n, chains, nodes = names.shape
        node, last = np.arange(nodes), links[..., None]
        right = np.where(node < last, np.roll(names, -1, axis=2), literals[..., None] + self.variables)
        plus = np.where((node < last) & np.pad(added == 1, ((0, 0), (0, 0), (0, 1))), self._plus, self._nothing)
        sides = np.stack([names, right, plus][: self.planes], axis=1)
        sides = np.where((node <= last)[:, None], sides, self._nothing).reshape(n, self.planes, -1)
        line = rng.permuted(np.tile(np.arange(self._lines), (n, 1)), axis=1)[:, : chains * nodes]
        inputs = np.full((n, *self.inputs.shape), self._nothing, np.uint8)
        np.put_along_axis(inputs[..., 0], line[:, None], sides.astype(np.uint8), axis=2)
        inputs[:, 0, -1, 0], inputs[:, 1, -1, 0] = names[:, 0, 0], self._query
        return inputs

    def _scratchpad(self, names: np.ndarray, links: np.ndarray, literals: np.ndarray, held: np.ndarray) -> np.ndarray:  # noqa: ARG002
        """The intermediate steps, from the variables (n, nodes) and the values (n, nodes) of the queried chains."""
        step, end = np.arange(self.scratchpad.size), links[:, None] + 1  # the literal is written at the end
        way = np.pad(names, ((0, 0), (0, self.scratchpad.size - names.shape[1])))
        after = np.where(step == end, literals[:, None] + self.variables, self._nothing)
        return np.where(step < end, way, after).astype(np.uint8)

    def _given(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The right side assigned to every token, and what is added to it, (n, tokens) each; else "nothing" and 0."""
        sides = inputs[:, :, :-1, 0].astype(np.int64)
        right = np.full((len(inputs), self._query), self._nothing)
        added = np.zeros_like(right)
        np.put_along_axis(right, sides[:, 0], sides[:, 1], axis=1)  # an empty line assigns nothing to "nothing"
        if self.planes > 2:  # noqa: PLR2004
            np.put_along_axis(added, sides[:, 0], sides[:, 2] == self._plus, axis=1)
        return right, added

    def _follow(self, inputs: np.ndarray, hops: int) -> tuple[np.ndarray, np.ndarray]:
        """The token after at most `hops` links from the queried variable, and the sum of what they add, (n,) each."""
        (right, added), rows = self._given(inputs), np.arange(len(inputs))
        token = _queried(inputs)
        total = np.zeros(len(inputs), np.int64)
        for _ in range(hops + 1):  # the last one to the literal
            on = token < self.variables
            total += np.where(on, added[rows, token], 0)
            token = np.where(on, right[rows, token], token)
        return token, total

    def _is_literal(self, tokens: np.ndarray) -> np.ndarray:
        return (tokens >= self.variables) & (tokens < self._nothing)

    def _hops(self, inputs: np.ndarray, hops: int) -> np.ndarray:
        """Follow at most `hops` links; if they lead to no literal, predict the last literal of the program."""
        token, added = self._follow(inputs, hops)
        found = (token - self.variables + added) % self.values
        return np.where(self._is_literal(token), found, self._last_literal(inputs)[:, 0])[:, None]

    def _first_literal(self, inputs: np.ndarray) -> np.ndarray:
        """The literal on the first line with a literal."""
        right = inputs[:, 1, :-1, 0].astype(np.int64)
        first = self._is_literal(right).argmax(axis=1)[:, None]
        return np.take_along_axis(right, first, axis=1) - self.variables

    def _last_literal(self, inputs: np.ndarray) -> np.ndarray:
        """The literal on the last line with a literal."""
        return self._first_literal(_upside_down(inputs))

    def _most_frequent_literal(self, inputs: np.ndarray) -> np.ndarray:
        """The most frequent literal, the smallest among several: as all occur once, the smallest."""
        literals = np.arange(self.variables, self._nothing)
        return (inputs[:, 1, :-1] == literals).sum(axis=1).argmax(axis=1)[:, None]

    def _last_seen_pair(self, inputs: np.ndarray) -> np.ndarray:
        """The last literal that the queried variable may hold in training; if there is none, the last literal."""
        right = inputs[:, 1].astype(np.int64)
        possible = self._is_literal(right) & (
            (right - self.variables - _queried(inputs)[:, None, None]) % self.held_out > 0
        )
        known = inputs.copy()
        known[:, 1] = np.where(possible | ~possible.any(axis=1, keepdims=True), right, self._nothing)
        return self._last_literal(known)


@dataclass(frozen=True)
class VariablesPlus(Variables):
    """Value of the queried variable, where every link adds 1 with probability 1/2.

    Example: "b=a+1; a=3; c=b; ?c". a is 3, b is 4, c is 4. Addition is modulo `values`: with ten values, 9 + 1 is 0. So
    the target need not be one of the literals of the program.
    """

    name: ClassVar[str] = "variables-plus"
    planes: ClassVar[int] = 3  # the third one says whether 1 is added

    @property
    def scratchpad(self) -> Space:
        """The variables and the literal as in `variables`, then the values on the way back, the target last."""
        return Space((2 * self.far_links[1] + 2,), self._query, "sequence")

    def _additions(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.integers(2, size=shape)

    def _scratchpad(self, names: np.ndarray, links: np.ndarray, literals: np.ndarray, held: np.ndarray) -> np.ndarray:
        down = super()._scratchpad(names, links, literals, held)
        step, end = np.arange(self.scratchpad.size), links[:, None] + 1
        back = np.clip(2 * end - step - 1, 0, held.shape[1] - 1)
        values = np.take_along_axis(held, back, axis=1) + self.variables
        return np.where((step > end) & (step < 2 * end), values, down).astype(np.uint8)


def _queried(inputs: np.ndarray) -> np.ndarray:
    """The variable on the last line, (n,)."""
    return inputs[:, 0, -1, 0].astype(np.int64)


def _upside_down(inputs: np.ndarray) -> np.ndarray:
    """The program with its lines in reverse order; the query stays last."""
    return np.concatenate([inputs[:, :, -2::-1], inputs[:, :, -1:]], axis=2)
