"""Networks with an optional identity initialisation, to test whether training preserves it."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import Spec
from .encodings import encode, resolve
from .network import Network
from .parameters import choice, number

if TYPE_CHECKING:
    from torch import nn

INITIALISATIONS = ("random", "identity")


@dataclass(frozen=True)
class IdentityInitialised(Network):
    """A network that can be initialised to the identity function (every output is its input).

    initialisation  random, or identity: initial weights that copy the input (learners/passthrough.py)
    initial_margin  with initialisation=identity, the initial difference in nats between the logit of the correct class
                    and the next
    """

    renamed: ClassVar[Mapping[str, str]] = {**Network.renamed, "start": "initialisation", "margin": "initial_margin"}

    initialisation: str = choice("random", INITIALISATIONS)
    initial_margin: float = number(10.0, above=0)

    @abc.abstractmethod
    def hidden_capacity(self, inputs: Space) -> tuple[int, int]:
        """Number of input positions that a first-layer unit can distinguish, and number of units per hidden layer."""

    def accepts(self, spec: Spec) -> str | None:
        reason = super().accepts(spec)
        if reason or self.initialisation == "random":
            return reason
        if (spec.inputs.shape, spec.inputs.alphabet) != (spec.outputs.shape, spec.outputs.alphabet):
            return "initialisation=identity needs outputs that are the positions of the input, with the same alphabet"
        if getattr(self, "readout", "auto") != "auto":
            return "initialisation=identity needs readout=auto"
        if resolve(self.encoding, spec.inputs) == "counts":
            return "initialisation=identity copies each position; the encoding counts discards positions"
        positions, units = self.hidden_capacity(spec.inputs)
        required = positions * _passthrough_weights(spec.inputs, self.encoding).shape[1]
        if required > units:
            return (
                f"initialisation=identity needs {required} hidden units a layer to pass on the input; there are {units}"
            )
        return None

    def initialised(self, body: nn.Module, inputs: Space, outputs: Space) -> nn.Module:
        """The network `body` with its initialisation; raises ValueError if identity initialisation is not possible."""
        if self.initialisation == "random":
            return body
        from .passthrough import PassThrough  # noqa: PLC0415 -- loads torch

        if reason := self.accepts(Spec(inputs, outputs)):
            raise ValueError(reason)
        copies = np.eye(self.hidden_capacity(inputs)[0], dtype=np.float32)
        passthrough = _passthrough_weights(inputs, self.encoding)
        weights, biases = _readout(inputs, self.encoding, self.initial_margin)
        return PassThrough(
            body,
            input_weights=np.kron(copies, passthrough),
            readout_weights=np.kron(copies, passthrough.T @ weights),
            bias=np.tile(biases, len(copies)),
        )


def _passthrough_weights(space: Space, encoding: str) -> np.ndarray:
    """Input weights of the units that pass one position through, (channels, units).

    Numbers that may be negative take two units each, for the positive and the negative part, because of the ReLU.
    """
    codes = _codes(space, encoding)
    unit = np.eye(codes.shape[1], dtype=np.float32)
    return np.concatenate([unit, -unit], axis=1) if not space.symbolic or codes.min() < 0 else unit


def _readout(space: Space, encoding: str, initial_margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Readout weights (channels, classes) and biases (classes,) from the encoding of a position to logits, or value.

    Up to a constant shared by all classes, a logit is the negative squared distance to the encoding of its token,
    scaled so that the nearest two differ by `initial_margin`.
    """
    if not space.symbolic:
        return np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    codes = _codes(space, encoding)
    distances = np.square(codes[:, None] - codes).sum(-1)
    scale = np.float32(initial_margin / distances[distances > 0].min())
    return 2 * scale * codes.T, -scale * np.square(codes).sum(1)


def _codes(space: Space, encoding: str) -> np.ndarray:
    """The encoding of each token, (tokens, channels); for real numbers, that of 0, which is 0."""
    tokens = np.arange(space.alphabet) if space.alphabet else np.zeros(1)
    return encode(np.tile(tokens[:, None], (1, space.size)), space, encoding)[:, 0]
