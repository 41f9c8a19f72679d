"""Transformer with a scratchpad: it generates the intermediate steps autoregressively before the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..tasks.spaces import Space
from .base import Predictor, Problem, Spec
from .encodings import encode
from .network import PREDICTION_BATCH, NetworkPredictor
from .parameters import choice
from .transformer import Transformer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .decoder import Decoder
    from .training import Data

SCRATCHPADS = ("steps", "auxiliary", "shuffled")


@dataclass(frozen=True)
class TransformerScratchpad(Transformer):
    """Transformer with a scratchpad: decodes the intermediate steps token by token, then the answer.

    The network of `transformer`, with its parameters, attends to the input and to the tokens generated so far. It is
    trained with teacher forcing, with equal weight in the loss for every step token and every output. At test time
    decoding is greedy and conditions on its own tokens. In addition to the weights of `transformer` it has an embedding
    for each step token and each step position, and an output projection for step tokens.

    Two controls have the same information in training, to tell what the scratchpad itself contributes:

    scratchpad  steps: as above; shuffled: the same, with the steps of each training example in a random order of its
                own; auxiliary: no decoding, the encoder reads the input only and predicts the answer and, with further
                heads, the steps, with equal weight in the loss for each step and output
    """

    name = "transformer-scratchpad"
    search_space = ()

    scratchpad: str = choice("steps", SCRATCHPADS)

    def accepts(self, spec: Spec) -> str | None:
        if spec.scratchpad is None:
            return "needs intermediate steps (a scratchpad) to learn from; the task provides none"
        if not spec.outputs.symbolic:
            return "decodes tokens; the targets are real numbers"
        if self.readout != "auto":
            return "readout=flattened has no meaning for a decoder"
        return super().accepts(spec)

    def data(self, problem: Problem) -> Data:
        from .training import Data  # noqa: PLC0415 -- loads torch

        steps, space = _steps(problem)
        prompt = _prompt(problem.inputs, problem.input_space, self.input_encoding(problem.input_space))
        if self.scratchpad == "shuffled":
            steps = np.random.default_rng(problem.seed).permuted(steps, axis=1)
        if self.scratchpad == "auxiliary":
            targets = np.concatenate([steps, problem.targets], axis=1, dtype=np.int64)
            return Data(prompt, targets, problem.seed)
        decoded = np.eye(_tokens(space) + 1, dtype=np.float32)[_decoder_inputs(steps, space)]
        targets = np.concatenate([steps, problem.targets], axis=1, dtype=np.int64)
        return Data(_concatenate(prompt, decoded), targets, problem.seed)

    def module(self, stack: int, features: tuple[int, ...], problem: Problem) -> nn.Module:
        from .decoder import Decoder  # noqa: PLC0415

        _, space = _steps(problem)
        length, channels = features
        if self.scratchpad == "auxiliary":
            from .auxiliary import AuxiliaryHeads  # noqa: PLC0415

            positions = None if problem.input_space.layout == "grid" else length
            backbone, width = self.encoder(stack, length, channels)
            return AuxiliaryHeads(stack, backbone, width, positions, space, problem.output_space)
        prompt_length = length - space.size - 1
        backbone, width = self.encoder(stack, length, channels, Decoder.mask(prompt_length, length))
        return Decoder(stack, backbone, width, prompt_length, _tokens(space), problem.output_space)

    def predictor(self, module: nn.Module, problem: Problem, record: dict[str, Any]) -> Predictor:
        _, space = _steps(problem)
        if self.scratchpad == "auxiliary":
            return AuxiliaryPredictor(self, module, problem.input_space, problem.output_space, record=record)
        decoder = cast("Decoder", module)
        return ScratchpadPredictor(self, decoder, problem.input_space, space, problem.output_space, record=record)


@dataclass
class ScratchpadPredictor(Predictor):
    """A trained scratchpad transformer, which decodes the intermediate steps before the answer."""

    learner: TransformerScratchpad
    module: Decoder
    inputs: Space
    steps: Space
    outputs: Space

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.decode(inputs)[1]

    def decode(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The decoded steps, (n, length) tokens, and the answers, probabilities (n, outputs, classes)."""
        import torch  # noqa: PLC0415

        from .training import use_threads  # noqa: PLC0415

        with torch.inference_mode(), use_threads(1):
            parts = [
                self._decode(inputs[start : start + PREDICTION_BATCH])
                for start in range(0, len(inputs), PREDICTION_BATCH)
            ]
        decoded, answers = zip(*parts, strict=True)
        return np.concatenate(decoded), np.concatenate(answers)

    def _decode(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch  # noqa: PLC0415

        prompt = _prompt(inputs, self.inputs, self.learner.input_encoding(self.inputs))
        tokens, length = _tokens(self.steps), self.steps.size
        empty = np.zeros((len(inputs), length + 1, tokens + 1), np.float32)
        empty[:, 0, tokens] = 1.0
        sequence = torch.from_numpy(_concatenate(prompt, empty))[None].to(next(self.module.parameters()).device)
        decoded = torch.zeros(len(inputs), length, dtype=torch.int64, device=sequence.device)
        rows = torch.arange(len(inputs), device=sequence.device)
        with self.module.incremental() as encode_next:
            position = prompt.shape[1]  # the first decoder position
            encoded = encode_next(sequence[:, :, : position + 1])[:, :, -1:]
            for step in range(length):
                decoded[:, step] = self.module.token_logits(encoded)[0, :, 0].argmax(-1)
                position += 1
                sequence[0, rows, position, prompt.shape[2] + decoded[:, step]] = 1.0
                encoded = encode_next(sequence[:, :, position : position + 1])
            answers = self.module.answer_logits(encoded[:, :, -1])[0].softmax(-1)
        return decoded.cpu().numpy(), answers.cpu().numpy()


@dataclass
class AuxiliaryPredictor(NetworkPredictor):
    """A trained network with auxiliary heads, of which only the answers are used."""

    def features(self, inputs: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(_prompt(inputs, self.inputs, self.learner.input_encoding(self.inputs)))

    def answers(self, outputs: Tensor) -> Tensor:
        return outputs[:, -self.outputs.size :, : self.outputs.alphabet].softmax(-1)


def _steps(problem: Problem) -> tuple[np.ndarray, Space]:
    """The intermediate steps of a problem, and their Space; raises ValueError if there are none."""
    if problem.scratchpad is None or problem.scratchpad_space is None:
        raise ValueError(
            "the problem has no intermediate steps; "
            "transformer-scratchpad needs Problem.scratchpad and Problem.scratchpad_space"
        )
    return problem.scratchpad, problem.scratchpad_space


def _tokens(space: Space) -> int:
    """The number of step tokens, which is also the index of the start token."""
    return space.alphabet or 0


def _decoder_inputs(steps: np.ndarray, space: Space) -> np.ndarray:
    """Decoder inputs: the start token, then the step tokens, (n, length) -> (n, 1 + length)."""
    start = np.full((len(steps), 1), _tokens(space))
    return np.concatenate([start, steps], axis=1)


def _prompt(inputs: np.ndarray, space: Space, encoding: str) -> np.ndarray:
    """The encoded input as a sequence, (n, positions, channels); the rows of a grid are its positions."""
    encoded = encode(inputs, space, encoding)
    if space.layout == "grid":
        return encoded.transpose(0, 2, 1, 3).reshape(len(inputs), encoded.shape[2], -1)
    return encoded


def _concatenate(prompt: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Concatenate input positions and decoder positions, each kind in its own channels."""
    n, positions, channels = prompt.shape
    sequence = np.zeros((n, positions + decoded.shape[1], channels + decoded.shape[2]), np.float32)
    sequence[:, :positions, :channels] = prompt
    sequence[:, positions:, channels:] = decoded
    return sequence
