"""Networks with an optional identity initialisation, to test whether training preserves it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..tasks.spaces import Space
from .base import Spec
from .encodings import encode, resolve
from .network import Network
from .parameters import choice, number

if TYPE_CHECKING:
    from torch import nn

STARTS = ("random", "rule")


@dataclass(frozen=True)
class Starting(Network):
    """A network that can be initialised to the identity function (every output is its input).

    start   random: random initialisation; rule: identity initialisation (learners/carry.py)
    margin  with start=rule, the initial difference in nats between the logit of the correct class and the next
    """

    start: str = choice("random", STARTS)
    margin: float = number(10.0, above=0)

    @abc.abstractmethod
    def room(self, inputs: Space) -> tuple[int, int]:
        """Number of input positions that a first-layer unit can distinguish, and number of units per hidden layer."""

    def accepts(self, spec: Spec) -> str | None:
        reason = super().accepts(spec)
        if reason or self.start == "random":
            return reason
        if (spec.inputs.shape, spec.inputs.alphabet) != (spec.outputs.shape, spec.outputs.alphabet):
            return "start=rule copies: it needs outputs that are the places of the input, with the same alphabet"
        if resolve(self.encoding, spec.inputs) == "counts":
            return "start=rule copies place by place; the encoding counts forgets the places"
        places, units = self.room(spec.inputs)
        wanted = places * _carriers(spec.inputs, self.encoding).shape[1]
        if wanted > units:
            return f"start=rule needs {wanted} units in a hidden layer to carry the input through; there are {units}"
        return None

    def started(self, body: nn.Module, inputs: Space, outputs: Space) -> nn.Module:
        """The network `body` with its initialisation; raises ValueError if identity initialisation is not possible."""
        if self.start == "random":
            return body
        from .carry import Carrying  # noqa: PLC0415 -- loads torch

        if reason := self.accepts(Spec(inputs, outputs)):
            raise ValueError(reason)
        each = np.eye(self.room(inputs)[0], dtype=np.float32)
        carriers = _carriers(inputs, self.encoding)
        weights, biases = _reading(inputs, self.encoding, self.margin)
        return Carrying(body, np.kron(each, carriers), np.kron(each, carriers.T @ weights), np.tile(biases, len(each)))


def _carriers(space: Space, encoding: str) -> np.ndarray:
    """Input weights of the units that pass one position through, (channels, units).

    Numbers that may be negative take two units each, for the positive and the negative part, because of the ReLU.
    """
    codes = _codes(space, encoding)
    one = np.eye(codes.shape[1], dtype=np.float32)
    return np.concatenate([one, -one], axis=1) if not space.symbolic or codes.min() < 0 else one


def _reading(space: Space, encoding: str, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Readout weights (channels, classes) and biases (classes,) from the encoding of a position to logits, or value.

    Up to a constant shared by all classes, a logit is the negative squared distance to the encoding of its token,
    scaled so that the nearest two differ by `margin`.
    """
    if not space.symbolic:
        return np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    codes = _codes(space, encoding)
    apart = np.square(codes[:, None] - codes).sum(-1)
    scale = np.float32(margin / apart[apart > 0].min())
    return 2 * scale * codes.T, -scale * np.square(codes).sum(1)


def _codes(space: Space, encoding: str) -> np.ndarray:
    """The encoding of each token, (tokens, channels); for real numbers, that of 0, which is 0."""
    tokens = np.arange(space.alphabet) if space.alphabet else np.zeros(1)
    return encode(np.tile(tokens[:, None], (1, space.size)), space, encoding)[:, 0]
