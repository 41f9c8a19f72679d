"""Transformer encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .network import RATES
from .parameters import choice, number
from .reader import Reader

if TYPE_CHECKING:
    from torch import Tensor, nn

LANES = 16
"""As in layers.py: for other widths the rounding of sums depends on the other networks of the stack."""

POSITIONS = ("learned", "sinusoidal", "none")


@dataclass(frozen=True)
class Transformer(Reader):
    """Transformer encoder: self-attention between all positions; order only by the positional encoding.

    If the output is as long as the input, output i is a readout of position i; otherwise of the mean over all
    positions.

    width      model width, a multiple of 16
    heads      attention heads; they divide the width
    depth      number of layers
    positions  learned: one embedding per position; sinusoidal: fixed encodings; none: no order information
    """

    name = "transformer"
    search_space = (("width", (32, 64)), ("depth", (1, 2)), ("rate", RATES))

    batch: int = number(32, at_least=1)
    width: int = number(32, at_least=1)
    heads: int = number(2, at_least=1)
    depth: int = number(1, at_least=1)
    positions: str = choice("learned", POSITIONS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % LANES:
            raise ValueError(f"width {self.width}; expected a multiple of {LANES}, so that stack-mates cannot matter")
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide the width {self.width}")

    def body(self, stack: int, length: int, channels: int, mask: Tensor | None = None) -> tuple[nn.Module, int]:
        from torch import nn  # noqa: PLC0415

        from .attention import Block, LayerNorm  # noqa: PLC0415
        from .places import LearnedPositions, PerPlace, SinusoidalPositions  # noqa: PLC0415

        layers: list[nn.Module] = [PerPlace(stack, channels, self.width)]
        if self.positions == "learned":
            layers.append(LearnedPositions(stack, length, self.width))
        elif self.positions == "sinusoidal":
            layers.append(SinusoidalPositions(length, self.width))
        layers += [Block(stack, self.width, self.heads, mask) for _ in range(self.depth)]
        return nn.Sequential(*layers, LayerNorm(stack, self.width)), self.width

    def summary(self) -> nn.Module:
        from .layers import Pool  # noqa: PLC0415

        return Pool(-2)
