"""Transformer encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .network import LEARNING_RATES
from .parameters import choice, number
from .sequence_encoder import SequenceEncoder

if TYPE_CHECKING:
    from torch import Tensor, nn

LANES = 16
"""As in layers.py: for other widths the rounding of sums depends on the other networks of the stack."""

POSITIONS = ("learned", "sinusoidal", "none")


@dataclass(frozen=True)
class Transformer(SequenceEncoder):
    """Transformer encoder: self-attention between all positions; order only by the positional encoding.

    If the output is as long as the input, output i is a readout of position i; otherwise of the mean over all
    positions.

    width      model width, a multiple of 16
    heads      attention heads; they divide the width
    depth      number of layers
    positions  learned: one embedding per position; sinusoidal: fixed encodings; none: no order information
    """

    name = "transformer"
    search_space = (("width", (32, 64)), ("depth", (1, 2)), ("learning_rate", LEARNING_RATES))

    batch_size: int = number(32, at_least=1)
    width: int = number(32, at_least=1)
    heads: int = number(2, at_least=1)
    depth: int = number(1, at_least=1)
    positions: str = choice("learned", POSITIONS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % LANES:
            raise ValueError(
                f"width {self.width}; expected a multiple of {LANES}, so that stacked networks are independent"
            )
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width {self.width}")

    def encoder(self, stack: int, length: int, channels: int, mask: Tensor | None = None) -> tuple[nn.Module, int]:
        from torch import nn  # noqa: PLC0415

        from .attention import LayerNorm, TransformerLayer  # noqa: PLC0415
        from .positions import LearnedPositions, Positionwise, SinusoidalPositions  # noqa: PLC0415

        layers: list[nn.Module] = [Positionwise(stack, channels, self.width)]
        if self.positions == "learned":
            layers.append(LearnedPositions(stack, length, self.width))
        elif self.positions == "sinusoidal":
            layers.append(SinusoidalPositions(length, self.width))
        layers += [TransformerLayer(stack, self.width, self.heads, mask) for _ in range(self.depth)]
        return nn.Sequential(*layers, LayerNorm(stack, self.width)), self.width

    def pooling(self) -> nn.Module:
        from .layers import MeanPool  # noqa: PLC0415

        return MeanPool(-2)
