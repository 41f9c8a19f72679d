"""An encoder with two heads: one for the answer, one for the intermediate steps as an auxiliary target."""

from __future__ import annotations

from torch import Tensor, nn

from ..tasks.spaces import Space
from .decoder import concatenate_logits
from .layers import Linear, MeanPool
from .positions import Positionwise


class AuxiliaryHeads(nn.Module):
    """Heads on an encoder: (stack, batch, positions, channels) -> logits (stack, batch, steps + outputs, classes).

    A head for as many tokens as there are positions reads token i from position i, with shared weights; otherwise it
    reads all tokens from the mean over positions.

    positions  number of positions of the input; None if its tokens are no positions, as in a grid
    """

    def __init__(
        self, stack: int, encoder: nn.Module, width: int, positions: int | None, steps: Space, outputs: Space
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleList(_head(stack, width, positions, space) for space in (steps, outputs))

    def forward(self, x: Tensor) -> Tensor:
        encoded = self.encoder(x)
        return concatenate_logits([head(encoded) for head in self.heads])


def _head(stack: int, width: int, positions: int | None, space: Space) -> nn.Module:
    classes = space.alphabet or 1
    if space.size == positions:
        return Positionwise(stack, width, classes)
    return nn.Sequential(
        MeanPool(-2), Linear(stack, width, space.size * classes), nn.Unflatten(2, (space.size, classes))
    )
