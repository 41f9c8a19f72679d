"""Transformer with a scratchpad: it generates the intermediate steps autoregressively before the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..tasks.spaces import Space
from .base import Predictor, Problem, Spec
from .encodings import encode
from .network import ROWS
from .transformer import Transformer

if TYPE_CHECKING:
    from torch import nn

    from .training import Data
    from .writer import Writer


@dataclass(frozen=True)
class TransformerSteps(Transformer):
    """Transformer with a scratchpad: decodes the intermediate steps token by token, then the answer.

    The network of `transformer`, with its parameters, attends to the input and to the tokens generated so far. It is
    trained with teacher forcing, with equal weight in the loss for every step token and every output. At test time
    decoding is greedy and conditions on its own tokens. In addition to the weights of `transformer` it has an embedding
    for each step token and each step position, and an output projection for step tokens.
    """

    name = "transformer-steps"
    search_space = ()

    def accepts(self, spec: Spec) -> str | None:
        if spec.scratchpad is None:
            return "needs worked solutions to learn from; the task gives none"
        if not spec.outputs.symbolic:
            return "writes tokens; the targets are real numbers"
        return super().accepts(spec)

    def data(self, problem: Problem) -> Data:
        from .training import Data  # noqa: PLC0415 -- loads torch

        steps, space = _steps(problem)
        read = _places(problem.inputs, problem.input_space, self.sees(problem.input_space))
        written = np.eye(_tokens(space) + 1, dtype=np.float32)[_written(steps, space)]
        targets = np.concatenate([steps, problem.targets], axis=1, dtype=np.int64)
        return Data(_side_by_side(read, written), targets, problem.seed)

    def module(self, stack: int, features: tuple[int, ...], problem: Problem) -> nn.Module:
        from .writer import Writer  # noqa: PLC0415

        _, space = _steps(problem)
        length, channels = features
        reads = length - space.size - 1
        body, width = self.body(stack, length, channels, Writer.mask(reads, length))
        return Writer(stack, body, width, reads, _tokens(space), problem.output_space)

    def predictor(self, module: nn.Module, problem: Problem, record: dict[str, Any]) -> Predictor:
        _, space = _steps(problem)
        writer = cast("Writer", module)
        return StepsPredictor(self, writer, problem.input_space, space, problem.output_space, record=record)


@dataclass
class StepsPredictor(Predictor):
    """A trained scratchpad transformer, which decodes the intermediate steps before the answer."""

    learner: TransformerSteps
    module: Writer
    inputs: Space
    steps: Space
    outputs: Space

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.think(inputs)[1]

    def think(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The decoded steps, (n, length) tokens, and the answers, probabilities (n, outputs, classes)."""
        import torch  # noqa: PLC0415

        from .training import use_threads  # noqa: PLC0415

        with torch.inference_mode(), use_threads(1):
            parts = [self._think(inputs[start : start + ROWS]) for start in range(0, len(inputs), ROWS)]
        written, answers = zip(*parts, strict=True)
        return np.concatenate(written), np.concatenate(answers)

    def _think(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch  # noqa: PLC0415

        read = _places(inputs, self.inputs, self.learner.sees(self.inputs))
        tokens, length = _tokens(self.steps), self.steps.size
        blank = np.zeros((len(inputs), length + 1, tokens + 1), np.float32)
        blank[:, 0, tokens] = 1.0
        page = torch.from_numpy(_side_by_side(read, blank))[None].to(next(self.module.parameters()).device)
        written = torch.zeros(len(inputs), length, dtype=torch.int64, device=page.device)
        rows = torch.arange(len(inputs), device=page.device)
        with self.module.piece_by_piece() as see:
            place = read.shape[1]  # the first decoder position
            seen = see(page[:, :, : place + 1])[:, :, -1:]
            for step in range(length):
                written[:, step] = self.module.write(seen)[0, :, 0].argmax(-1)
                place += 1
                page[0, rows, place, read.shape[2] + written[:, step]] = 1.0
                seen = see(page[:, :, place : place + 1])
            answers = self.module.answer(seen[:, :, -1])[0].softmax(-1)
        return written.cpu().numpy(), answers.cpu().numpy()


def _steps(problem: Problem) -> tuple[np.ndarray, Space]:
    """The intermediate steps of a problem, and their Space; raises ValueError if there are none."""
    if problem.scratchpad is None or problem.scratchpad_space is None:
        raise ValueError("no intermediate steps: transformer-steps needs Problem.scratchpad and scratchpad_space")
    return problem.scratchpad, problem.scratchpad_space


def _tokens(space: Space) -> int:
    """The number of step tokens, which is also the index of the start token."""
    return space.alphabet or 0


def _written(steps: np.ndarray, space: Space) -> np.ndarray:
    """Decoder inputs: the start token, then the step tokens, (n, length) -> (n, 1 + length)."""
    nothing = np.full((len(steps), 1), _tokens(space))
    return np.concatenate([nothing, steps], axis=1)


def _places(inputs: np.ndarray, space: Space, encoding: str) -> np.ndarray:
    """The encoded input as a sequence, (n, positions, channels); the rows of a grid are its positions."""
    encoded = encode(inputs, space, encoding)
    if space.layout == "grid":
        return encoded.transpose(0, 2, 1, 3).reshape(len(inputs), encoded.shape[2], -1)
    return encoded


def _side_by_side(read: np.ndarray, written: np.ndarray) -> np.ndarray:
    """Concatenate input positions and decoder positions, each kind in its own channels."""
    n, places, channels = read.shape
    page = np.zeros((n, places + written.shape[1], channels + written.shape[2]), np.float32)
    page[:, :places, :channels] = read
    page[:, places:, channels:] = written
    return page
