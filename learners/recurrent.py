"""Recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .network import LEARNING_RATES
from .parameters import number
from .sequence_encoder import SequenceEncoder

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class RNN(SequenceEncoder):
    """Recurrent network (GRU): the same update at every step, a fixed-size state, biased to recent tokens.

    If the output is as long as the input, output i is a readout of the hidden state after step i, which does not depend
    on later steps. Otherwise the readout is from the final state.

    width  units of the hidden state
    """

    name = "rnn"
    search_space = (("width", (32, 16, 64, 128)), ("learning_rate", LEARNING_RATES))

    width: int = number(32, at_least=1)

    def encoder(self, stack: int, length: int, channels: int) -> tuple[nn.Module, int]:  # noqa: ARG002
        from .gru import GRU  # noqa: PLC0415

        return GRU(stack, channels, self.width), self.width

    def pooling(self) -> nn.Module:
        from .positions import LastPosition  # noqa: PLC0415

        return LastPosition()
