"""Networks with one hidden layer, trained on squared loss without early stopping: one stack over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..learners.training import use_threads

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's decay rates and term of the denominator, as in PyTorch."""


@dataclass(frozen=True)
class HiddenLayer:
    """Parameters of a stack of networks: outputs = relu(inputs @ first + bias) @ second + output_bias.

    first (stack, dimensions, width), bias (stack, 1, width), second (stack, width, outputs),
    output_bias (stack, 1, outputs)
    """

    first: torch.Tensor
    bias: torch.Tensor
    second: torch.Tensor
    output_bias: torch.Tensor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs, (stack, examples, dimensions) -> (stack, examples, outputs)."""
        with torch.no_grad(), use_threads(1):
            return self(torch.from_numpy(inputs.astype(np.float32))).numpy()

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        """The same for tensors."""
        hidden = torch.baddbmm(self.bias, inputs, self.first).relu()
        return torch.baddbmm(self.output_bias, hidden, self.second)

    @property
    def norms(self) -> np.ndarray:
        """Norm of the weights of both layers, (stack,)."""
        squares = self.first.square().sum(dim=(1, 2)) + self.second.square().sum(dim=(1, 2))
        return squares.sqrt().detach().numpy()


def parameter_count(dimensions: int, width: int, outputs: int) -> int:
    """Number of weights and biases of one network."""
    return (dimensions + 1) * width + (width + 1) * outputs


def train_hidden_layer(
    inputs: np.ndarray,
    targets: np.ndarray,
    width: int,
    max_steps: int,
    learning_rate: float,
    generators: list[np.random.Generator],
) -> HiddenLayer:
    """Train a stack with Adam on full batches; the learning rate falls to 0 along a cosine.

    inputs      (stack, examples, dimensions)
    targets     (stack, examples, outputs)
    generators  one a network, for its initialisation: He normal weights, zero biases
    """
    stack, dimensions, outputs = len(inputs), inputs.shape[2], targets.shape[2]
    if width < 1 or max_steps < 1 or len(generators) != stack:
        raise ValueError(
            f"width {width}, {max_steps} steps, {len(generators)} generators for {stack} networks; expected at least 1 "
            "of each and one generator a network"
        )
    first = np.stack([one.normal(scale=np.sqrt(2 / dimensions), size=(dimensions, width)) for one in generators])
    second = np.stack([one.normal(scale=np.sqrt(1 / width), size=(width, outputs)) for one in generators])
    arrays = [first, np.zeros((stack, 1, width)), second, np.zeros((stack, 1, outputs))]
    network = HiddenLayer(*[torch.from_numpy(one.astype(np.float32)).requires_grad_() for one in arrays])
    parameters = [network.first, network.bias, network.second, network.output_bias]
    x, y = (torch.from_numpy(one.astype(np.float32)) for one in (inputs, targets))
    optimizer = torch.optim.Adam(parameters, lr=learning_rate, betas=BETAS, eps=EPSILON)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max_steps)
    with use_threads(1):
        for _ in range(max_steps):
            optimizer.zero_grad()
            # a mean over the examples and a sum over the stack: no network sees the others
            (network(x) - y).square().sum(dim=2).mean(dim=1).sum().backward()
            optimizer.step()
            schedule.step()
    return network
