"""Resources: where a fit runs and how many networks it trains together change neither what a learner is nor its key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import grue
from grue.engine.store import Store
from grue.learners.base import Learner, Resources
from grue.learners.mlp import MLP
from grue.learners.tuned import tuned
from grue.runs.names import UsageError, make_learner
from grue.testing.learners import BITS, make_problem


def test_the_stack_size_changes_no_prediction() -> None:
    problems = [make_problem(BITS, BITS, n, seed=n) for n in (3, 20, 11)]
    tests = make_problem(BITS, BITS, 7, seed=99).inputs
    for learner in (MLP(max_steps=20), tuned(MLP(max_steps=5))):
        usual, alone = (learner.fit_many(problems, Resources(stack=stack)) for stack in (None, 1))
        for one, other in zip(usual, alone, strict=True):
            assert np.array_equal(one.predict(tests), other.predict(tests))


def test_the_device_is_not_a_parameter() -> None:
    assert "device" not in MLP().parameters()
    with pytest.raises(UsageError, match="unknown parameter 'device'"):
        make_learner("mlp:device=cuda")


def test_resources_are_in_the_provenance(tmp_path: Path) -> None:
    grue.run("smoke", tasks=["identity-bits"], learners=["lookup"], seeds=1, sizes=[16], out=tmp_path, jobs=0)
    ((_, metadata),) = Store(tmp_path).read().values()
    assert metadata["resources"] == {"device": "cpu", "threads": 1, "stack": None}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grue", "run", "--preset", "smoke", "--device", "cuda", "--out", "out"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "device 'cuda' is not available: torch" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_device_that_torch_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown device 'gpu'; expected cpu, cuda"):
        grue.run("smoke", device="gpu", out=tmp_path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", ["mlp", "cnn", "rnn", "transformer"])
def test_a_network_trained_on_cuda_predicts_about_the_same(name: str) -> None:
    problems = [make_problem(BITS, BITS, n, seed=n) for n in (3, 20, 11)]
    tests = make_problem(BITS, BITS, 7, seed=99).inputs
    learner = make_learner(f"{name}:max_steps=20").instance
    here, there = (learner.fit_many(problems, Resources(device)) for device in ("cpu", "cuda"))
    for one, other in zip(here, there, strict=True):
        assert np.allclose(one.predict(tests), other.predict(tests), atol=1e-2)


def test_learners_name_what_to_import_before_a_fit_is_timed() -> None:
    def preload(spec: str) -> tuple[str, ...]:
        return make_learner(spec).instance.preload

    assert preload("forest") == preload("forest@tuned") == ("sklearn.ensemble",)
    assert preload("mlp@tuned") == preload("transformer") == ("grue.learners.training",)
    assert preload("sklearn.tree:DecisionTreeClassifier") == ("sklearn.tree",)
    assert Learner.preload == ()


def test_a_device_on_a_cluster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="device 'cuda' cannot be combined with the scheduler local"):
        grue.run("smoke", device="cuda", scheduler="local", out=tmp_path)
