"""MNIST-1D, the example of docs/adding-a-task.md: it meets the contract, and shows the contrasts of its authors.

The training set of 4,000 signals, 400 steps for the CNN, a third of what it takes to fit. Full figures are in the page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grue.runs.cells import Batch, Cell, Pair
from grue.runs.execute import run_batch
from grue.runs.names import make_learner, make_task
from grue.testing.tasks import check_task

pytest.importorskip("mnist1d")

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-task.md"
SIZE = 4000
CNN = "cnn:depth=3,kernel_size=5,learning_rate=0.01,max_steps=400,tolerance=0"
MLP = "mlp:width=100,learning_rate=0.01,batch_size=100"
PRESENTATIONS = ("ordered", "shuffled")


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The task's name on the command line; the page's code lies in a file, as a reader would have it."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (code,) = (block for block in blocks if "class MNIST1D" in block)
    folder = tmp_path_factory.mktemp("page")
    (folder / "mnist1d_task.py").write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield "mnist1d_task:MNIST1D"
    sys.modules.pop("mnist1d_task", None)


def accuracy(task: str, presentation: str, learner: str) -> float:
    """On the 1,000 signals of the test set."""
    pair = Pair(make_task(f"{task}:presentation={presentation}"), make_learner(learner), 1000)
    rows = run_batch(Batch(pair, (Cell(pair, SIZE, 0, 0),)))["batches"]
    (found,) = rows[(rows["metric"] == "accuracy") & (rows["split"] == "id")]["value"]
    return found


@pytest.mark.parametrize("presentation", PRESENTATIONS)
def test_the_task_meets_the_contract(task: str, presentation: str) -> None:
    check_task(make_task(f"{task}:presentation={presentation}").instance)


def test_a_convolution_needs_the_order_of_the_features(task: str) -> None:
    ordered, shuffled = (accuracy(task, presentation, CNN) for presentation in PRESENTATIONS)
    assert ordered > 0.8
    assert shuffled < ordered - 0.3


def test_a_linear_model_and_an_mlp_do_not(task: str) -> None:
    linear = [accuracy(task, presentation, "linear") for presentation in PRESENTATIONS]
    assert linear == pytest.approx([0.32, 0.32], abs=0.02)
    mlp = [accuracy(task, presentation, MLP) for presentation in PRESENTATIONS]
    assert mlp == pytest.approx([0.66, 0.66], abs=0.04)
