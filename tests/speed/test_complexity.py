"""Strings a second of the Lempel-Ziv complexity, 128 bits each, on one core, and functions a second of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grue.metrics.complexity import average_sensitivity, entropy, fourier_mass, lempel_ziv

STRINGS = 20_000


def test_complexity(benchmark: Any, rate: Callable[..., float], log: Callable[[str], None]) -> None:
    tables = np.random.default_rng(0).integers(0, 2, (STRINGS, 128)).astype(bool)
    rates = {
        name: rate(lambda run=run: run(tables), STRINGS)
        for name, run in (
            ("Lempel-Ziv", lempel_ziv),
            ("entropy", entropy),
            ("sensitivity", average_sensitivity),
            ("Fourier mass", fourier_mass),
        )
    }
    benchmark.pedantic(lambda: lempel_ziv(tables), rounds=1)
    benchmark.extra_info.update(rates)
    log("complexity of 128-bit strings: " + ", ".join(f"{name} {found:,.0f} a second" for name, found in rates.items()))
