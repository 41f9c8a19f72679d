"""Identity initialisation: the network copies its input before training, and can be trained like any other."""

from __future__ import annotations

import numpy as np
import pytest

from grue.learners.base import Problem, Spec
from grue.learners.cnn import CNN
from grue.learners.identity_initialisation import IdentityInitialised
from grue.learners.mlp import MLP
from grue.runs.names import make_learner, make_task
from grue.tasks.spaces import Space
from grue.testing.learners import make_problem

SYMBOLIC = ("identity-bits", "identity-tokens")
ENCODED = [(learner, encoding) for learner in (MLP, CNN) for encoding in ("auto", "onehot", "value")]
CLASS = Space((1,), 4)


def problem(task: str, n: int = 64, seed: int = 0) -> Problem:
    instance = make_task(task).instance
    examples = instance.sample("train", n, np.random.default_rng(seed))
    return Problem(examples.inputs, examples.targets, instance.inputs, instance.outputs, seed)


@pytest.mark.parametrize("task", SYMBOLIC)
@pytest.mark.parametrize(("learner", "encoding"), ENCODED)
@pytest.mark.parametrize("margin", [1.0, 10.0])
def test_before_training_the_network_copies_every_input_with_the_initial_margin(
    learner: type[IdentityInitialised], encoding: str, margin: float, task: str
) -> None:
    untrained = learner(
        encoding=encoding, initialisation="identity", initial_margin=margin, max_steps=1, learning_rate=0.0
    ).fit(problem(task))
    instance = make_task(task).instance
    for split in instance.splits:
        examples = instance.sample(split.name, 200, np.random.default_rng(1))
        logits = np.log(untrained.predict(examples.inputs).astype(np.float64) + 1e-300)
        assert (logits.argmax(-1) == examples.targets).all()
        ranked = np.sort(logits, axis=-1)
        assert (ranked[..., -1] - ranked[..., -2]).min() == pytest.approx(margin, abs=1e-3)


@pytest.mark.parametrize("learner", [MLP, CNN])
def test_real_numbers_are_copied_negative_ones_too(learner: type[IdentityInitialised]) -> None:
    untrained = learner(initialisation="identity", max_steps=1, learning_rate=0.0).fit(problem("identity-reals"))
    instance = make_task("identity-reals").instance
    for split in instance.splits:
        inputs = instance.sample(split.name, 200, np.random.default_rng(1)).inputs
        assert untrained.predict(inputs) == pytest.approx(inputs, abs=1e-5)


@pytest.mark.parametrize(
    "learner",
    [
        MLP(initialisation="identity", depth=1),
        MLP(initialisation="identity", depth=4),
        CNN(initialisation="identity", depth=1),
    ],
)
def test_any_number_of_hidden_layers(learner: IdentityInitialised) -> None:
    given = problem("identity-tokens")
    assert (learner.fit(given).predict(given.inputs).argmax(-1) == given.targets).all()


@pytest.mark.parametrize("learner", [MLP, CNN])
def test_another_function_can_be_learned_from_an_identity_initialisation(learner: type[IdentityInitialised]) -> None:
    given = problem("identity-bits", 256)
    inverted = Problem(given.inputs, 1 - given.targets, given.input_space, given.output_space, seed=0)
    trained = learner(initialisation="identity", initial_margin=2.0, max_steps=600).fit(inverted)
    assert (trained.predict(given.inputs).argmax(-1) == 1 - given.targets).mean() > 0.99


def test_the_other_units_are_initialised_from_the_networks_own_generator() -> None:
    learner = MLP(initialisation="identity", max_steps=30, learning_rate=0.01)
    one, again, other = (learner.fit(problem("identity-bits")) for _ in range(3))
    inputs = problem("identity-bits", seed=5).inputs
    np.testing.assert_array_equal(one.predict(inputs), again.predict(inputs))
    other = learner.fit(Problem(**{**vars(problem("identity-bits")), "seed": 1}))
    assert not np.array_equal(one.predict(inputs), other.predict(inputs))


@pytest.mark.parametrize(
    ("learner", "inputs", "outputs", "reason"),
    [
        (
            MLP(initialisation="identity"),
            Space((5,), 4, "sequence"),
            CLASS,
            "outputs that are the positions of the input",
        ),
        (MLP(initialisation="identity"), Space((5,), 4, "sequence"), Space((5,), 3), "with the same alphabet"),
        (
            CNN(initialisation="identity"),
            Space((1, 5, 5), 4, "grid"),
            Space((25,), 4),
            "outputs that are the positions of the input",
        ),
        (
            CNN(initialisation="identity"),
            Space((5,), 4, "bag"),
            Space((5,), 4),
            "the encoding counts discards positions",
        ),
        (
            MLP(initialisation="identity", width=64),
            Space((20,), 4, "sequence"),
            Space((20,), 4),
            "needs 80 hidden units.*there are 64",
        ),
        (
            MLP(initialisation="identity", depth=0),
            Space((2,), 4, "sequence"),
            Space((2,), 4),
            "needs 8 hidden units.*there are 0",
        ),
        (
            CNN(initialisation="identity", channels=16),
            Space((5,), 20, "sequence"),
            Space((5,), 20),
            "needs 20 hidden units",
        ),
    ],
)
def test_unsuitable_spaces_and_widths_are_refused(
    learner: IdentityInitialised, inputs: Space, outputs: Space, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        learner.fit(make_problem(inputs, outputs, 5))
    assert learner.accepts(Spec(inputs, outputs)) is not None
    assert type(learner)().accepts(Spec(inputs, outputs)) is None, "random initialisation is always possible"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"initialisation": "zero"}, "random, identity"), ({"initial_margin": 0}, "a number above 0")],
)
def test_invalid_values_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLP(**parameters)  # pyright: ignore[reportArgumentType]


def test_it_is_set_like_any_other_parameter() -> None:
    assert make_learner("mlp:initialisation=identity,initial_margin=20").instance == MLP(
        initialisation="identity", initial_margin=20.0
    )
