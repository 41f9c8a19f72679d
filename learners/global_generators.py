"""Seeding of the global random generators of Python, numpy and torch, for learners that use them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np


@contextmanager
def seeded_globally(seed: int) -> Iterator[None]:
    """Seed the global generators of random, numpy and torch (if it has been imported); restore their states afterwards.

    Learners of the suite use generators of their own. Learners from other libraries may not: skorch samples initial
    weights from torch's global generator.
    """
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 -- what other libraries use
    with ExitStack() as stack:
        torch = sys.modules.get("torch")
        if torch is not None:
            stack.enter_context(torch.random.fork_rng(range(torch.cuda.device_count() * torch.cuda.is_initialized())))
            torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002
