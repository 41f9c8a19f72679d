"""transformer-scratchpad: it decodes the intermediate steps before the answer, and needs them for training."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from grue.learners.base import Problem, Spec
from grue.learners.decoder import Decoder
from grue.learners.scratchpad import ScratchpadPredictor, TransformerScratchpad
from grue.learners.transformer import Transformer
from grue.tasks.identity import IdentityBits
from grue.tasks.maze_graph import MazeGraph
from grue.tasks.spaces import Space
from grue.testing.learners import CLASS, REALS, SCRATCHPAD, SEQUENCE, make_problem

STATES, ROUNDS = 4, 4
SHIFTS = Space((1 + ROUNDS,), STATES, "sequence")
STATE = Space((1,), STATES)


def chains(n: int, seed: int) -> Problem:
    """A state and four shifts, added up modulo 4: the steps are the intermediate states, the answer is the last."""
    inputs = np.random.default_rng(seed).integers(0, STATES, (n, 1 + ROUNDS))
    states = np.cumsum(inputs, axis=1) % STATES
    steps = Space((ROUNDS - 1,), STATES, "sequence")
    return Problem(inputs, states[:, -1:], SHIFTS, STATE, seed, states[:, 1:-1], steps)


def test_a_chain_is_solved_with_a_scratchpad_and_not_without() -> None:
    train, test = chains(1000, seed=0), chains(300, seed=1)
    budget = {"max_steps": 400, "learning_rate": 5e-3, "batch_size": 32}
    scratchpad = TransformerScratchpad(**budget).fit(train)
    assert isinstance(scratchpad, ScratchpadPredictor)
    decoded, answers = scratchpad.decode(test.inputs)
    assert (decoded == test.scratchpad).mean() > 0.95
    assert (answers.argmax(-1) == test.targets).mean() > 0.95
    direct = Transformer(**budget).fit(train).predict(test.inputs).argmax(-1)
    assert (direct == test.targets).mean() < 0.7


def test_shuffled_steps_keep_the_tokens_of_each_example_and_the_answer() -> None:
    train = chains(200, seed=0)
    learner = TransformerScratchpad(scratchpad="shuffled")
    targets = learner.data(train).targets
    assert train.scratchpad is not None
    assert np.array_equal(targets[:, -1:], train.targets)
    assert np.array_equal(np.sort(targets[:, :-1], axis=1), np.sort(train.scratchpad, axis=1))
    moved = (targets[:, :-1] != train.scratchpad).any(axis=1)
    assert 0.4 < moved.mean() < 0.9
    assert np.array_equal(learner.data(train).targets, targets), "the order is fixed by the seed"
    assert not np.array_equal(learner.data(replace(train, seed=1)).targets, targets)


def test_controls_see_the_steps_in_training_and_do_worse() -> None:
    train, test = chains(1000, seed=0), chains(300, seed=1)
    budget = {"max_steps": 400, "learning_rate": 5e-3, "batch_size": 32}
    for scratchpad in ("auxiliary", "shuffled"):
        predicted = TransformerScratchpad(scratchpad=scratchpad, **budget).fit(train).predict(test.inputs)
        assert (predicted.argmax(-1) == test.targets).mean() < 0.9


def test_the_auxiliary_loss_is_over_steps_and_answer_and_the_encoder_is_that_of_transformer() -> None:
    train = chains(20, seed=0)
    learner = TransformerScratchpad(max_steps=1, scratchpad="auxiliary")
    data = learner.data(train)
    assert data.features.shape[1] == 1 + ROUNDS, "the input only"
    module = learner.module(1, data.features.shape[1:], train)
    logits = module(torch.from_numpy(data.features)[None])
    assert logits.shape == (1, 20, ROUNDS - 1 + 1, STATES)
    plain = Transformer(max_steps=1).fit(train)
    extra = sum(p.numel() for p in module.parameters()) - sum(p.numel() for p in plain.module.parameters())  # pyright: ignore[reportAttributeAccessIssue]
    assert extra == (32 + 1) * 16, "the head for the steps, padded"
    changed = replace(train, scratchpad=1 - np.minimum(train.scratchpad, 1))  # pyright: ignore[reportArgumentType, reportCallIssue]
    one, other = (TransformerScratchpad(max_steps=20, scratchpad="auxiliary").fit(each) for each in (train, changed))
    assert not np.array_equal(one.predict(train.inputs), other.predict(train.inputs)), "the steps have an effect"


def test_the_answer_depends_on_the_decoded_steps() -> None:
    train = chains(200, seed=0)
    predictor = TransformerScratchpad(max_steps=200, learning_rate=5e-3).fit(train)
    assert isinstance(predictor, ScratchpadPredictor)
    sequence = torch.from_numpy(predictor.learner.data(train).features)[None]
    right = predictor.module(sequence)[0, :, -1]
    sequence[..., -1, :] = sequence[..., -1, :].roll(1, -1)  # another last step
    assert (predictor.module(sequence)[0, :, -1] - right).abs().max() > 0.1


def test_attention_mask() -> None:
    mask = Decoder.mask(prompt_length=2, length=5).int().tolist()
    assert mask == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_decoding_is_causal() -> None:
    problem = make_problem(SEQUENCE, CLASS, 20, scratchpad=SCRATCHPAD)
    predictor = TransformerScratchpad(max_steps=20).fit(problem)
    assert isinstance(predictor, ScratchpadPredictor)
    sequence = torch.from_numpy(predictor.learner.data(problem).features)[None]
    other = sequence.clone()
    other[:, :, 8 + 2 :] = other[:, :, 8 + 2 :].roll(1, -1)  # eight prompt positions, then the decoder positions
    one, two = predictor.module(sequence), predictor.module(other)
    torch.testing.assert_close(one[:, :, :2], two[:, :, :2])
    assert (one - two)[:, :, 2:].nan_to_num().abs().max() > 1e-3


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
def test_incremental_decoding_equals_a_pass_over_the_whole_sequence(positions: str) -> None:
    problem = make_problem(SEQUENCE, CLASS, 20, scratchpad=SCRATCHPAD)
    predictor = TransformerScratchpad(max_steps=20, depth=2, positions=positions).fit(problem)
    assert isinstance(predictor, ScratchpadPredictor)
    decoded, answers = predictor.decode(problem.inputs)
    sequence = torch.from_numpy(predictor.learner.data(replace(problem, scratchpad=decoded)).features)[None]
    logits = predictor.module(sequence)[0].detach()
    assert (logits[:, :-1, : SCRATCHPAD.alphabet].argmax(-1).numpy() == decoded).all()
    np.testing.assert_allclose(logits[:, -1:, : CLASS.alphabet].softmax(-1), answers, rtol=1e-4, atol=1e-6)


def test_its_network_is_that_of_transformer() -> None:
    problem = chains(10, seed=0)
    scratchpad, plain = (one.fit(problem) for one in (TransformerScratchpad(max_steps=1), Transformer(max_steps=1)))
    sizes = [sum(p.numel() for p in one.module.parameters()) for one in (scratchpad, plain)]  # pyright: ignore[reportAttributeAccessIssue]
    vectors = 32 * ROUNDS  # for the positions of four decoder tokens
    padding = 16 * 33  # the logits of the steps; embeddings of tokens fit into the padding of 16 channels
    assert sizes[0] - sizes[1] == vectors + padding


def test_tasks_without_steps_are_refused_in_one_line() -> None:
    learner = TransformerScratchpad()
    assert (
        learner.accepts(Spec(SEQUENCE, CLASS))
        == "needs intermediate steps (a scratchpad) to learn from; the task provides none"
    )
    assert learner.accepts(Spec(SEQUENCE, REALS, SCRATCHPAD)) == "decodes tokens; the targets are real numbers"
    assert learner.accepts(Spec(SEQUENCE, CLASS, SCRATCHPAD)) is None
    task = IdentityBits()
    assert learner.accepts(Spec(task.inputs, task.outputs, task.scratchpad)) is not None
    with pytest.raises(ValueError, match="has no intermediate steps"):
        learner.fit(make_problem(SEQUENCE, CLASS, 5))


@pytest.mark.parametrize("split", ["train", "far", "size-10"])
def test_the_steps_of_mazes_are_the_path_from_the_goal_backwards(split: str) -> None:
    task = MazeGraph()
    examples = task.sample(split, 300, np.random.default_rng(0))
    assert examples.scratchpad is not None
    assert task.scratchpad.shape == (6,), "the longest path of all splits"
    task.scratchpad.check(examples.scratchpad, "scratchpad")
    for maze, path, target, length in zip(
        examples.inputs, examples.scratchpad, examples.targets, examples.slices["length"], strict=True
    ):
        edges = {frozenset(edge) for edge in maze[:-2].reshape(-1, 2).tolist()}
        walk = [*path[:length], maze[-2]]
        assert all(frozenset(move) in edges for move in pairwise(walk))
        assert walk[0] == maze[-1]
        assert walk[-2] == target[0]
        assert (path[length:] == task.labels).all()
