"""transformer-steps: it learns to write the solution down, reads what it wrote, and needs solutions to learn from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from grue.learners.base import Problem, Spec
from grue.learners.steps import StepsPredictor, TransformerSteps
from grue.learners.transformer import Transformer
from grue.learners.writer import Writer
from grue.tasks.identity import IdentityBits
from grue.tasks.maze_graph import MazeGraph
from grue.tasks.spaces import Space
from grue.testing.learners import CLASS, REALS, SCRATCHPAD, SEQUENCE, make_problem

STATES, ROUNDS = 4, 4
SHIFTS = Space((1 + ROUNDS,), STATES, "sequence")
STATE = Space((1,), STATES)


def chains(n: int, seed: int) -> Problem:
    """A state and four shifts, added up modulo 4: the steps are the states on the way, the answer is the last."""
    inputs = np.random.default_rng(seed).integers(0, STATES, (n, 1 + ROUNDS))
    states = np.cumsum(inputs, axis=1) % STATES
    steps = Space((ROUNDS - 1,), STATES, "sequence")
    return Problem(inputs, states[:, -1:], SHIFTS, STATE, seed, states[:, 1:-1], steps)


def test_a_chain_is_solved_by_writing_and_not_at_one_glance() -> None:
    train, test = chains(1000, seed=0), chains(300, seed=1)
    budget = {"steps": 400, "rate": 5e-3, "batch": 32}
    thinker = TransformerSteps(**budget).fit(train)
    assert isinstance(thinker, StepsPredictor)
    written, answers = thinker.think(test.inputs)
    assert (written == test.scratchpad).mean() > 0.95
    assert (answers.argmax(-1) == test.targets).mean() > 0.95
    glance = Transformer(**budget).fit(train).predict(test.inputs).argmax(-1)
    assert (glance == test.targets).mean() < 0.7


def test_the_answer_depends_on_what_was_written() -> None:
    train = chains(200, seed=0)
    predictor = TransformerSteps(steps=200, rate=5e-3).fit(train)
    assert isinstance(predictor, StepsPredictor)
    page = torch.from_numpy(predictor.learner.data(train).features)[None]
    right = predictor.module(page)[0, :, -1]
    page[..., -1, :] = page[..., -1, :].roll(1, -1)  # another last step
    assert (predictor.module(page)[0, :, -1] - right).abs().max() > 0.1


def test_reading_and_writing_places_see_what_they_may() -> None:
    seen = Writer.mask(reads=2, length=5).int().tolist()
    assert seen == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]


def test_what_is_written_at_a_place_does_not_look_ahead() -> None:
    problem = make_problem(SEQUENCE, CLASS, 20, scratchpad=SCRATCHPAD)
    predictor = TransformerSteps(steps=20).fit(problem)
    assert isinstance(predictor, StepsPredictor)
    page = torch.from_numpy(predictor.learner.data(problem).features)[None]
    other = page.clone()
    other[:, :, 8 + 2 :] = other[:, :, 8 + 2 :].roll(1, -1)  # eight tokens are read, then the places of the steps come
    one, two = predictor.module(page), predictor.module(other)
    torch.testing.assert_close(one[:, :, :2], two[:, :, :2])
    assert (one - two)[:, :, 2:].nan_to_num().abs().max() > 1e-3


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
def test_place_by_place_it_writes_what_a_pass_over_the_whole_page_tells(positions: str) -> None:
    problem = make_problem(SEQUENCE, CLASS, 20, scratchpad=SCRATCHPAD)
    predictor = TransformerSteps(steps=20, depth=2, positions=positions).fit(problem)
    assert isinstance(predictor, StepsPredictor)
    written, answers = predictor.think(problem.inputs)
    page = torch.from_numpy(predictor.learner.data(replace(problem, scratchpad=written)).features)[None]
    logits = predictor.module(page)[0].detach()
    assert (logits[:, :-1, : SCRATCHPAD.alphabet].argmax(-1).numpy() == written).all()
    np.testing.assert_allclose(logits[:, -1:, : CLASS.alphabet].softmax(-1), answers, rtol=1e-4, atol=1e-6)


def test_its_body_is_that_of_transformer() -> None:
    problem = chains(10, seed=0)
    thinker, plain = (one.fit(problem) for one in (TransformerSteps(steps=1), Transformer(steps=1)))
    sizes = [sum(p.numel() for p in one.module.parameters()) for one in (thinker, plain)]  # pyright: ignore[reportAttributeAccessIssue]
    vectors = 32 * ROUNDS  # for the places of four written tokens
    padding = 16 * 33  # the logits of the steps; embeddings of tokens fit into the padding of 16 channels
    assert sizes[0] - sizes[1] == vectors + padding


def test_tasks_without_steps_are_refused_in_one_line() -> None:
    learner = TransformerSteps()
    assert learner.accepts(Spec(SEQUENCE, CLASS)) == "needs worked solutions to learn from; the task gives none"
    assert learner.accepts(Spec(SEQUENCE, REALS, SCRATCHPAD)) == "writes tokens; the targets are real numbers"
    assert learner.accepts(Spec(SEQUENCE, CLASS, SCRATCHPAD)) is None
    task = IdentityBits()
    assert learner.accepts(Spec(task.inputs, task.outputs, task.scratchpad)) is not None
    with pytest.raises(ValueError, match="no intermediate steps"):
        learner.fit(make_problem(SEQUENCE, CLASS, 5))


@pytest.mark.parametrize("split", ["train", "far", "size-10"])
def test_mazes_write_the_path_out(split: str) -> None:
    task = MazeGraph()
    examples = task.sample(split, 300, np.random.default_rng(0))
    assert examples.scratchpad is not None
    assert task.scratchpad.shape == (6,), "the longest path of all splits"
    task.scratchpad.check(examples.scratchpad, "scratchpad")
    for maze, path, target, length in zip(
        examples.inputs, examples.scratchpad, examples.targets, examples.slices["length"], strict=True
    ):
        edges = {frozenset(edge) for edge in maze[:-2].reshape(-1, 2).tolist()}
        walk = [maze[-2], *path[:length]]
        assert all(frozenset(move) in edges for move in pairwise(walk))
        assert walk[-1] == maze[-1]
        assert walk[1] == target[0]
        assert (path[length:] == task.labels).all()
