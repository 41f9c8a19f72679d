"""Facts about the trainer of stacks of Boolean networks, against autograd and PyTorch's optimisers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from grue.runs.seeds import generator
from grue.studies import boolean_networks
from grue.studies.boolean_networks import NEVER, Layers, Recipe, Trained, train_to_zero_error
from grue.studies.boolean_problems import training_set
from grue.studies.function_counts import unpack
from grue.studies.random_functions import RandomNetwork, sample_functions

GIVEN = training_set(4, "x1 x2 or x3 x4", 0)
LABELS = np.array(GIVEN.labels)
SMALL = RandomNetwork(inputs=4, width=10)


def seeds(numbers: range | list[int]) -> list[np.random.Generator]:
    return [generator(part="test", number=number) for number in numbers]


def train(numbers: range | list[int], recipe: Recipe, ages: tuple[int, ...] = (0, 30)) -> Trained:
    return train_to_zero_error(SMALL, recipe, GIVEN.points, LABELS, seeds(numbers), ages=ages)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_gradients_are_those_of_autograd(activation: str, depth: int) -> None:
    network = RandomNetwork(inputs=4, width=6, depth=depth, activation=activation)
    layers = Layers(network, 3).initialise(seeds(range(3)))
    inputs = torch.from_numpy(GIVEN.points.T.astype(np.float32))
    targets = torch.from_numpy(LABELS.astype(np.float32))
    leaves = [one.clone().requires_grad_() for one in layers.tensors]
    values = inputs.expand(3, -1, -1)
    for place, (weights, biases) in enumerate(zip(leaves[::2], leaves[1::2], strict=True)):
        values = weights @ values + biases
        if place < depth:
            values = values.relu() if activation == "relu" else values.tanh()
    functional.binary_cross_entropy_with_logits(values[:, 0], targets.expand(3, -1), reduction="sum").backward()
    gradients = Layers(network, 3)
    with torch.no_grad():
        outputs = layers.forward(inputs)
        assert torch.allclose(outputs[-1], values, atol=1e-6)
        layers.backward(inputs, outputs, torch.sigmoid(outputs[-1]) - targets, gradients)
    for own, leaf in zip(gradients.tensors, leaves, strict=True):
        assert torch.allclose(own, leaf.grad, atol=1e-5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_the_optimisers_are_those_of_pytorch(optimizer: str) -> None:
    steps, rate = 12, 0.02
    layers = Layers(SMALL, 1).initialise(seeds([0]))
    leaves = [one.clone().requires_grad_() for one in layers.tensors]
    update = (
        torch.optim.Adam(leaves, lr=rate)
        if optimizer == "adam"
        else torch.optim.SGD(leaves, lr=rate, momentum=0.9 if optimizer == "momentum" else 0)
    )
    inputs = torch.from_numpy(GIVEN.points.T.astype(np.float32))
    targets = torch.from_numpy(LABELS.astype(np.float32))

    def logits() -> torch.Tensor:
        values = inputs
        for weights, biases in zip(leaves[::2], leaves[1::2], strict=True):
            values = weights[0] @ (values if values is inputs else values.relu()) + biases[0]
        return values[0]

    first = None
    for step in range(200):
        outputs = logits()
        if first is None and bool(((outputs > 0) == (targets > 0)).all()):
            first = step
        if first is not None and step == first + steps:
            break
        update.zero_grad()
        functional.binary_cross_entropy_with_logits(outputs, targets).backward()
        update.step()
    ours = train([0], Recipe(optimizer, rate), (steps,))
    assert ours.reached.tolist() == [first]
    product = np.prod(
        [
            float((weights.square().sum() + biases.square().sum()).detach().sqrt())
            for weights, biases in zip(leaves[::2], leaves[1::2], strict=True)
        ]
    )
    assert ours.margins[0, 0] == pytest.approx(float(logits().detach().abs().min()) / product, rel=1e-3)


@pytest.mark.parametrize("recipe", [Recipe("sgd", 0.1), Recipe("momentum", 0.01, 3), Recipe("adam", 0.001, 2)])
def test_trained_networks_are_right_on_s_and_do_not_depend_on_the_others(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(range(40), recipe)
    assert whole.fitted.all()
    assert (unpack(whole.words[:, 0], 16)[:, list(GIVEN.rows)] == LABELS).all()
    again = train(range(40), recipe)
    monkeypatch.setattr(boolean_networks, "STACK", 7)
    for other, numbers in ((again, range(40)), (train(range(40), recipe), range(40)), (train([9, 3], recipe), [9, 3])):
        assert (other.reached == whole.reached[list(numbers)]).all()
        assert (other.words == whole.words[list(numbers)]).all()
        assert (other.margins == whole.margins[list(numbers)]).all(), "to the last bit"


def test_the_first_age_does_not_depend_on_later_ones() -> None:
    recipe = Recipe("adam", 0.01)
    short, long = train(range(20), recipe, (0,)), train(range(20), recipe, (0, 5, 200))
    assert (short.words[:, 0] == long.words[:, 0]).all()
    assert (long.margins[:, 2] > long.margins[:, 0]).mean() > 0.9


def test_members_are_the_only_points_that_a_network_learns() -> None:
    members = np.zeros((30, 16), bool)
    for row, rng in zip(members, seeds(range(30)), strict=True):
        row[rng.permutation(16)[:8]] = True
    target = np.array(GIVEN.target)
    points = RandomNetwork(inputs=4).points
    recipe = Recipe("adam", 0.01, 3)
    right = train_to_zero_error(SMALL, recipe, points, target, seeds(range(30)), members=members)
    assert right.fitted.all()
    bits = unpack(right.words[:, 0], 16)
    assert ((bits == target) | ~members).all()
    assert not (bits == target).all(), "labels outside a network's own set do not reach it"
    flipped = np.where(members[0], target, 1 - target)
    one = train_to_zero_error(SMALL, recipe, points, flipped, seeds([0]), members=members[:1])
    assert (one.words == right.words[:1]).all()


def test_networks_that_are_given_up_are_counted() -> None:
    trained = train(range(10), Recipe("sgd", 0.1, max_steps=2))
    assert (trained.reached[~trained.fitted] == NEVER).all()
    assert (~trained.fitted).sum() > 0
    assert np.isnan(trained.margins[~trained.fitted]).all()


def test_from_zero_no_gradient_reaches_a_hidden_layer() -> None:
    network = RandomNetwork(inputs=4, width=10, distribution="zero")
    trained = train_to_zero_error(network, Recipe("sgd", 0.1, max_steps=50), GIVEN.points, LABELS, seeds(range(3)))
    assert not trained.fitted.any()


def test_initial_functions_are_those_of_the_prior() -> None:
    """A training set of one point: half of all networks are right on it before the first step."""
    count = 4000
    one = train_to_zero_error(SMALL, Recipe("sgd", 0.1, max_steps=0), GIVEN.points[:1], LABELS[:1], seeds(range(count)))
    words = np.concatenate(list(sample_functions(SMALL, 20_000, 0)))
    bits = unpack(words, 16)
    prior = bits[bits[:, GIVEN.rows[0]] == LABELS[0]]
    ours = unpack(one.words[one.fitted, 0], 16)
    assert one.fitted.mean() == pytest.approx(len(prior) / len(bits), abs=0.03)
    assert ours.mean(axis=0) == pytest.approx(prior.mean(axis=0), abs=0.05)
    constant = [(part.min(axis=1) == part.max(axis=1)).mean() for part in (ours, prior)]
    assert constant[0] == pytest.approx(constant[1], abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'"),
        ({"learning_rate": 0.0}, "positive learning rate"),
    ],
)
def test_a_wrong_recipe_is_refused(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Recipe(**wrong)  # pyright: ignore[reportArgumentType]


def test_wrong_data_are_refused() -> None:
    recipe = Recipe()
    with pytest.raises(ValueError, match="a 0 or 1 for each point"):
        train_to_zero_error(SMALL, recipe, GIVEN.points, LABELS[:3], seeds([0]))
    with pytest.raises(ValueError, match="ascending numbers of steps"):
        train([0], recipe, (5, 0))
    with pytest.raises(ValueError, match="non-empty set"):
        train_to_zero_error(SMALL, recipe, GIVEN.points, LABELS, seeds([0]), members=np.zeros((1, 8), bool))
    with pytest.raises(ValueError, match="no generators"):
        train([], recipe)
    recurrent = RandomNetwork(inputs=4, depth=1, kind="recurrent")
    with pytest.raises(ValueError, match="recurrent network"):
        train_to_zero_error(recurrent, recipe, GIVEN.points, LABELS, seeds([0]))
