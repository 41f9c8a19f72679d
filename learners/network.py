"""Base class of all neural networks: encoding, stacking, training and prediction.

A new architecture is a subclass with one method, `build`, which composes stacked layers.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import BUDGET, CPU, TOLERANCE, VALIDATED, Learner, Predictor, Problem, Resources, Spec
from .encodings import ENCODINGS, encode, refusal
from .folds import FOLDS, folds
from .parameters import choice, number

if TYPE_CHECKING:  # torch takes seconds to import, and planning a run does not need it
    from torch import Tensor, nn

    from .training import Data, Recipe

LEARNING_RATES = (1e-3, 3e-4, 3e-3, 1e-2)
"""Learning rates in the search space, the default first."""

OPTIMIZERS = ("adam", "sgd")

MONITORS = ("loss", "error")

READOUTS = ("auto", "flattened")
"""auto: position by position where there is an output for each position, else pooled; flattened: linear in all."""

PREDICTION_BATCH = 512
"""Batch size of prediction."""


@dataclass(frozen=True)
class Network(Learner):
    """A neural network trained by minibatch gradient descent over shuffled epochs.

    encoding       input encoding (learners/encodings.py)
    max_steps      maximum number of gradient steps
    batch_size     examples per gradient step
    learning_rate  step size of the optimiser
    optimizer      adam, or sgd with momentum 0.9
    tolerance      training stops once the mean loss over the whole training set, in nats per output, is at most this
                   and every prediction is right; 0: no early stopping
    monitor        loss: as above; error: training stops once every prediction is right, whatever the loss
    age            further steps after the fit, or after the number that cross-validation chose
    patience       in cross-validation: number of checks without a lower validation loss after which training stops

    The training set is checked every 50 steps, or once an epoch where that is longer (learners/early_stopping.py). On
    noisy and real targets the number of steps is chosen by 4-fold cross-validation (learners/folds.py).
    """

    preload = (f"{__package__}.training",)
    kind = "network"
    version = 2
    renamed: ClassVar[Mapping[str, str]] = {
        "steps": "max_steps",
        "batch": "batch_size",
        "rate": "learning_rate",
        "optimiser": "optimizer",
        "enough": "tolerance",
        "until": "monitor",
    }

    encoding: str = choice("auto", ENCODINGS)
    max_steps: int = number(3000, at_least=1)
    batch_size: int = number(64, at_least=1)
    learning_rate: float = number(1e-3, at_least=0)
    optimizer: str = choice("adam", OPTIMIZERS)
    tolerance: float = number(TOLERANCE, at_least=0)
    monitor: str = choice("loss", MONITORS)
    age: int = number(0, at_least=0)
    patience: int = number(10, at_least=1)

    @abc.abstractmethod
    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        """Stacked layers from (stack, batch, *features) to (stack, batch, outputs * classes).

        features  shape of one encoded example: (length, channels), or (channels, height, width) for a grid
        """

    def accepts(self, spec: Spec) -> str | None:
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        return self.fit_many([problem])[0]

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:
        return self.fit_learning_rates(problems, [self.learning_rate] * len(problems), resources)

    def partial_fit(self, predictor: Any, problem: Problem) -> Predictor:
        """Train until the new training set is fitted, from the predictor's weights; the optimiser state is reset."""
        if predictor is None:
            return self.fit(problem)
        from .training import train  # noqa: PLC0415

        data = replace(self.data(problem), learning_rate=self.learning_rate, max_steps=self.max_steps)
        module = self.module(1, data.features.shape[1:], problem)
        module.load_state_dict(predictor.module.state_dict())
        (record,) = train(module, [data], self._recipe(), new_weights=False)
        return self.predictor(module, problem, record)

    def fit_learning_rates(
        self, problems: Sequence[Problem], rates: Sequence[float], resources: Resources = CPU
    ) -> list[Predictor]:
        """Like `fit_many`, with one learning rate per problem; fastest if equal ones are adjacent."""
        size = self._stack_size(problems, resources)
        chosen = self._choose_steps(problems, rates, size, resources)
        data = [
            replace(
                self.data(problem),
                learning_rate=rate,
                max_steps=chosen[index] + self.age if index in chosen else self.max_steps,
                stops=index not in chosen,
            )
            for index, (problem, rate) in enumerate(zip(problems, rates, strict=True))
        ]
        predictors = [
            predictor
            for start in range(0, len(problems), size)
            for predictor in self._fit_stack(problems[start : start + size], data[start : start + size], resources)
        ]
        for index, steps in chosen.items():
            predictors[index].record["stopped"] = BUDGET if steps >= self.max_steps else VALIDATED
        return predictors

    def input_encoding(self, space: Space) -> str:  # noqa: ARG002
        """The encoding used for inputs of a space."""
        return self.encoding

    def data(self, problem: Problem) -> Data:
        """The encoded training set."""
        from .training import Data  # noqa: PLC0415 -- loads torch

        dtype = np.int64 if problem.output_space.symbolic else np.float32
        features = encode(problem.inputs, problem.input_space, self.input_encoding(problem.input_space))
        return Data(features, problem.targets.astype(dtype), problem.seed)

    def module(self, stack: int, features: tuple[int, ...], problem: Problem) -> nn.Module:
        """The module to train: `build`, with outputs as (stack, batch, outputs, classes), or unchanged if real."""
        from torch import nn  # noqa: PLC0415

        from .layers import check_stacked  # noqa: PLC0415

        outputs = problem.output_space
        shape = (outputs.size, outputs.alphabet) if outputs.alphabet else (outputs.size,)
        body = self.build(stack, features, problem.input_space, outputs)
        check_stacked(body, type(self).__name__)
        return nn.Sequential(body, nn.Unflatten(2, shape))

    def predictor(self, module: nn.Module, problem: Problem, record: dict[str, Any]) -> Predictor:
        """The predictor for a trained module, a stack of one."""
        return NetworkPredictor(self, module, problem.input_space, problem.output_space, record=record)

    def _stack_size(self, problems: Sequence[Problem], resources: Resources) -> int:
        """Number of networks to train as one stack.

        It does not affect results: a network is the same whatever else is in its stack.
        """
        from .stacks import stack_size  # noqa: PLC0415

        problem, longest = problems[0], max(map(len, problems))
        scratchpad = None if problem.scratchpad is None else problem.scratchpad[:1]
        one = self.data(replace(problem, inputs=problem.inputs[:1], targets=problem.targets[:1], scratchpad=scratchpad))
        alone = self.module(1, one.features.shape[1:], problem)
        return stack_size(alone, one.features, self.batch_size, longest, resources)

    def _choose_steps(
        self, problems: Sequence[Problem], rates: Sequence[float], size: int, resources: Resources
    ) -> dict[int, int]:
        """The number of steps that cross-validation chooses for each problem with noisy or real targets, by its index.

        The maximum where there are fewer examples than folds.
        """
        from .training import choose_steps  # noqa: PLC0415

        chosen: dict[int, int] = {}
        groups: list[list[Data]] = []
        for index, problem in enumerate(problems):
            if problem.cross_validated:
                chosen[index] = self.max_steps
                groups.append(self._folds(problem, index, rates[index]))
        together = max(size // FOLDS, 1)
        for start in range(0, len(groups), together):
            stack = [fold for group in groups[start : start + together] for fold in group]
            if stack:
                module = self.module(len(stack), stack[0].features.shape[1:], problems[stack[0].group])
                chosen |= choose_steps(
                    module, stack, self._recipe(), device=resources.device, threads=resources.threads
                )
        return chosen

    def _folds(self, problem: Problem, group: int, rate: float) -> list[Data]:
        from .early_stopping import check_interval  # noqa: PLC0415

        found: list[Data] = []
        for fitted, held_out in folds(problem):
            validation = self.data(problem.take(held_out, len(held_out)))
            found.append(
                replace(
                    self.data(problem.take(fitted, len(fitted))),
                    learning_rate=rate,
                    max_steps=self.max_steps,
                    held_out=(validation.features, validation.targets),
                    group=group,
                    interval=check_interval(len(problem), self.batch_size),
                )
            )
        return found

    def _fit_stack(self, problems: Sequence[Problem], data: Sequence[Data], resources: Resources) -> list[Predictor]:
        from .training import train  # noqa: PLC0415

        features = data[0].features.shape[1:]
        module = self.module(len(problems), features, problems[0])
        records = train(module, data, self._recipe(), device=resources.device, threads=resources.threads)
        weights, predictors = module.state_dict(), []
        for index, (problem, record) in enumerate(zip(problems, records, strict=True)):
            alone = self.module(1, features, problem)
            alone.load_state_dict({name: stacked[index : index + 1] for name, stacked in weights.items()})
            predictors.append(self.predictor(alone.to(resources.device), problem, record))
        return predictors

    def _recipe(self) -> Recipe:
        """How a stack is trained with this learner's parameters."""
        from .early_stopping import Criterion  # noqa: PLC0415
        from .training import Recipe  # noqa: PLC0415

        criterion = Criterion(self.tolerance, self.monitor, self.age, self.patience)
        return Recipe(self.batch_size, self.optimizer, criterion)


@dataclass
class NetworkPredictor(Predictor):
    """A trained network."""

    learner: Network
    module: nn.Module
    inputs: Space
    outputs: Space

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        import torch  # noqa: PLC0415

        from .training import use_threads  # noqa: PLC0415

        parts, device = [], next(self.module.parameters()).device
        with torch.inference_mode(), use_threads(1):
            for start in range(0, len(inputs), PREDICTION_BATCH):
                features = torch.from_numpy(self.features(inputs[start : start + PREDICTION_BATCH]))
                parts.append(self.answers(self.module(features[None].to(device))[0]).cpu().numpy())
        return np.concatenate(parts)

    def features(self, inputs: np.ndarray) -> np.ndarray:
        """The encoded inputs, as `Network.data` gives them."""
        return encode(inputs, self.inputs, self.learner.input_encoding(self.inputs))

    def answers(self, outputs: Tensor) -> Tensor:
        """Predictions from the outputs of the module: (batch, outputs, classes), or real values (batch, outputs)."""
        return outputs.softmax(-1) if self.outputs.symbolic else outputs
