"""Random networks (7,40,40,1) on all points of {0,1}^7: our chunks against one PyTorch module after another."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from grue.studies.function_counts import count
from grue.studies.random_functions import RandomNetwork, domain, sample_functions

MANY, FEW = 20_000, 500


def sample(network: RandomNetwork) -> None:
    for words in sample_functions(network, MANY, 0):
        count(words)


def loop() -> None:
    """A module after another, with PyTorch's own initialisation: its parameters are uniform as well."""
    points = torch.from_numpy(domain(7))
    seen: dict[bytes, int] = {}
    with torch.no_grad():
        for _ in range(FEW):
            model = nn.Sequential(nn.Linear(7, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
            function = (model(points) > 0).numpy().tobytes()
            seen[function] = seen.get(function, 0) + 1


def matrix_products() -> None:
    """As many floating-point operations as the networks need, at the rate of one core's large matrix product."""
    left = torch.rand(1024, 1024)
    for _ in range(max(1, round(MANY * 2 * 128 * (7 * 40 + 40 * 40 + 40) / (2 * 1024**3)))):
        torch.mm(left, left)


def test_random_networks(rate: Callable[[Callable[[], object], int], float], log: Callable[[str], None]) -> None:
    torch.set_num_threads(1)
    rates = {
        "ours, uniform": rate(lambda: sample(RandomNetwork()), MANY),
        "ours, Gaussian": rate(lambda: sample(RandomNetwork(distribution="gaussian")), MANY),
        "plain PyTorch loop": rate(loop, FEW),
        "the matrix products alone": rate(matrix_products, MANY),
    }
    log("random networks (7,40,40,1) sampled and counted (median of 5, one thread)")
    for name, value in rates.items():
        ratio = "" if name == "ours, uniform" else f"  {rates['ours, uniform'] / value:6.2f} x its rate is ours"
        log(f"    {name:<30} {value:10,.0f} networks a second{ratio}")
    assert rates["ours, uniform"] > 5 * rates["plain PyTorch loop"]
