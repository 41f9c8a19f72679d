"""State merging: a finite automaton inferred from labelled words, by the evidence-driven algorithm EDSM."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ..tasks.spaces import Space
from .base import BUDGET, Learner, Predictor, Problem, Spec
from .parameters import choice, number

ENCODING = "symbols"

MAX_EXAMPLES = 10_000
"""The time grows faster than the number of words: of text, 4,096 words take 11 s and 65,536 would take minutes."""

NONE = -1
"""No state, and no class."""

Edge = tuple[int, int]
"""A transition: the state that it starts from, and the symbol that it reads."""


@dataclass(frozen=True)
class StateMerging(Learner):
    """State merging (EDSM): the training words as a tree of states, which are merged as long as no class disagrees.

    The tree has a state for each prefix of a training word, and the state at the end of a word has its class (a Moore
    machine, so there may be more than two classes). States are merged in the red-blue framework: red states are kept;
    blue states are their other successors, the roots of trees. If a blue state cannot be merged with any red one, the
    shallowest such state becomes red; otherwise the red-blue pair with most evidence is merged, the evidence being the
    number of states of equal class that are joined when successors are merged too, until the automaton is
    deterministic. Ties go to the first in breadth-first order, so there is no randomness. Lang, Pearlmutter & Price,
    "Results of the Abbadingo One DFA learning competition and a new evidence-driven state merging algorithm",
    ICGI 1998.

    Predicted is the class of the state that the word leads to; the training marginal where there is no transition, or
    no training word ended in that state. Of several classes of the same word the most frequent one counts.

    If exactly one token, the last of the alphabet, stands for no number while the others do, it is a blank: blanks
    before and behind a word are no part of it.

    max_states  maximum number of red states; beyond it the rest of the tree is left unmerged, which still gives the
                class of each training word, and the record has `stopped: budget`
    encoding    symbols as they are: equal or not
    """

    name = "merging"

    max_states: int = number(32, at_least=1)
    encoding: str = choice(ENCODING, [ENCODING])

    def accepts(self, spec: Spec) -> str | None:
        if spec.inputs.layout != "sequence":
            return f"an automaton reads symbols in order; the inputs are a {spec.inputs.layout}"
        if spec.inputs.alphabet is None:
            return "an automaton reads symbols; the inputs are real numbers"
        if spec.outputs.alphabet is None or spec.outputs.size != 1:
            return "an automaton gives one class, that of its last state"
        if spec.n is not None and spec.n > MAX_EXAMPLES:
            return f"compares pairs of states; {spec.n} examples are more than {MAX_EXAMPLES}"
        return None

    def fit(self, problem: Problem) -> Predictor:
        words = words_of(problem.inputs, problem.input_space)
        classes = problem.output_space.alphabet or 0
        automaton = prefix_tree(words, problem.targets[:, 0])
        red = automaton.merge(self.max_states)
        marginal = np.bincount(problem.targets[:, 0], minlength=classes) / len(problem)
        record: dict[str, object] = {"states": len(automaton.reachable())}
        if len(red) > self.max_states:
            record["stopped"] = BUDGET
        return MergingPredictor(problem.input_space, automaton, marginal, record=record)


@dataclass
class MergingPredictor(Predictor):
    """An inferred automaton, and the training marginal (classes,) where it gives no class."""

    space: Space
    automaton: Automaton
    marginal: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        labels = np.array([self.automaton.label_after(word) for word in words_of(inputs, self.space)])
        return np.where(labels[:, None] == NONE, self.marginal, np.eye(len(self.marginal))[labels])[:, None]


@dataclass
class Automaton:
    """A deterministic automaton with a class for some states; state 0 is the initial state.

    successors  of each state, by symbol
    labels      the class of each state; NONE where it is not known
    """

    successors: list[dict[int, int]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add_state(self) -> int:
        """Add a state without transitions and class."""
        self.successors.append({})
        self.labels.append(NONE)
        return len(self.labels) - 1

    def label_after(self, word: list[int]) -> int:
        """The class of the state that a word leads to; NONE if there is no such state or class."""
        state = 0
        for symbol in word:
            if symbol not in self.successors[state]:
                return NONE
            state = self.successors[state][symbol]
        return self.labels[state]

    def reachable(self) -> list[int]:
        """The states that words lead to, in breadth-first order."""
        found, seen = [0], {0}
        for state in found:
            new = [following for _, following in sorted(self.successors[state].items()) if following not in seen]
            found += dict.fromkeys(new)
            seen.update(new)
        return found

    def merge(self, max_states: int) -> list[int]:
        """Merge states of a prefix tree in place; returns the red states, more than `max_states` if these are too few.

        Two states that cannot be merged cannot be merged after other merges either, and a score is valid until the next
        merge; so neither is computed twice.
        """
        red, refused, scores = [0], set[tuple[int, int]](), dict[tuple[int, int], int]()
        while len(red) <= max_states:
            best: tuple[int, Edge, int] | None = None
            promoted = NONE
            for edge in self._blue(red):
                blue, mergeable = self.successors[edge[0]][edge[1]], False
                for state in red:
                    pair = (state, blue)
                    if pair in refused:
                        continue
                    if pair not in scores:
                        score = self.fold(edge, state, keep=False)
                        if score is None:
                            refused.add(pair)
                            continue
                        scores[pair] = score
                    mergeable = True
                    if best is None or scores[pair] > best[0]:
                        best = scores[pair], edge, state
                if not mergeable:
                    promoted = blue
                    break
            if promoted != NONE:
                red.append(promoted)
            elif best is not None:
                self.fold(best[1], best[2], keep=True)
                scores.clear()
            else:
                break
        return red

    def fold(self, edge: Edge, state: int, *, keep: bool) -> int | None:
        """Merge the tree behind a transition into a state; the evidence, or None if two classes disagree.

        keep  whether the automaton stays so; it does not if classes disagree
        """
        source, symbol = edge
        blue = self.successors[source][symbol]
        self.successors[source][symbol] = state
        pending, evidence = [(state, blue)], 0
        labelled: list[int] = []
        grafted: list[Edge] = []
        while pending:
            kept, merged = pending.pop()
            label, known = self.labels[merged], self.labels[kept]
            if label not in (NONE, known):
                if known != NONE:
                    keep, evidence = False, NONE
                    break
                self.labels[kept] = label
                labelled.append(kept)
            elif label != NONE:
                evidence += 1
            own = self.successors[kept]
            for read, following in self.successors[merged].items():
                if read in own:
                    pending.append((own[read], following))
                else:
                    own[read] = following
                    grafted.append((kept, read))
        if not keep:
            for kept in labelled:
                self.labels[kept] = NONE
            for kept, read in grafted:
                del self.successors[kept][read]
            self.successors[source][symbol] = blue
        return None if evidence == NONE else evidence

    def _blue(self, red: list[int]) -> list[Edge]:
        """The transitions to blue states: successors of red states that are not red themselves."""
        inside = set(red)
        return [
            (state, symbol)
            for state in red
            for symbol, following in sorted(self.successors[state].items())
            if following not in inside
        ]


def prefix_tree(words: list[list[int]], classes: np.ndarray) -> Automaton:
    """The automaton with a state for each prefix of the words, of classes (n,)."""
    counts: dict[tuple[int, ...], Counter[int]] = {}
    for word, one in zip(words, classes.tolist(), strict=True):
        counts.setdefault(tuple(word), Counter())[one] += 1
    tree = Automaton()
    tree.add_state()
    for word in sorted(counts):
        state = 0
        for symbol in word:
            if symbol not in tree.successors[state]:
                tree.successors[state][symbol] = tree.add_state()
            state = tree.successors[state][symbol]
        tree.labels[state] = min(counts[word].items(), key=lambda item: (-item[1], item[0]))[0]
    return tree


def words_of(inputs: np.ndarray, space: Space) -> list[list[int]]:
    """The inputs, (n, length), without the blanks around the word, if the space has a blank."""
    alphabet, values = space.alphabet or 0, space.values or ()
    if [token for token, value in enumerate(values) if value is None] != [alphabet - 1]:
        return inputs.tolist()
    words = []
    for row in inputs:
        there = np.flatnonzero(row != alphabet - 1)
        words.append(row[there[0] : there[-1] + 1].tolist() if len(there) else [])
    return words
