"""Plans that are too large to be made: refused at once, with what they would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..engine.memory import GIB
from ..engine.progress import duration
from .cells import Pair
from .errors import UsageError
from .estimate import guess

MAX_CELLS = 1_500_000
"""Cells of the largest plan: plan.json has up to 350 bytes a cell, and readers take files of at most 512 MiB."""

MAX_EXAMPLES = 64 * GIB
"""Bytes that the examples of a single cell may take, with 8 bytes a number, of a split or of the training set."""

DISK = 4_000
"""Bytes of the files of a cell, measured over the 16,701 cells of the preset standard."""


@dataclass(frozen=True)
class Row:
    """The cells of a pair before there are any: every (size, exposed) with each of so many seeds."""

    pair: Pair
    sizes: list[tuple[int, int]]
    seeds: int


def check_rows(rows: Sequence[Row]) -> None:
    """Raise UsageError for more cells than a plan holds, and for a cell with more examples than any machine."""
    for row in rows:
        width = 8 * row.pair.task.instance.inputs.size
        largest = max(size + exposed for size, exposed in row.sizes)
        for option, count, what in (
            ("--sizes", largest, "a training set"),
            ("--test-size", _tested(row.pair), "a test split"),
        ):
            if count * width > MAX_EXAMPLES:
                raise UsageError(
                    f"{what} of {count:,} examples of {row.pair.task.label} takes {count * width / GIB:,.0f} GiB; "
                    f"expected at most {MAX_EXAMPLES // GIB} GiB, which are {MAX_EXAMPLES // width:,} examples: "
                    f"choose smaller ones ({option})"
                )
    cells = sum(len(row.sizes) * row.seeds for row in rows)
    if cells > MAX_CELLS:
        seconds = sum(row.seeds * guess(row.pair, size + exposed) for row in rows for size, exposed in row.sizes)
        raise UsageError(
            f"{cells:,} cells: about {_time(seconds)} of one process and {_bytes(cells * DISK)} of disk by a rough "
            f"guess; a folder holds at most {MAX_CELLS:,}: choose fewer --seeds or --sizes, or a part (--task, "
            "--learner) in a folder of its own (--out), and look at it with --dry-run first"
        )


def _tested(pair: Pair) -> int:
    """Examples of the largest test split: a split that has fewer gives what it has."""
    task = pair.task.instance
    counts = [task.capacity(split.name) for split in task.splits if split.name not in ("train", "exposed")]
    return max((min(pair.test_size, count or pair.test_size) for count in counts), default=0)


def _time(seconds: float) -> str:
    days = seconds / 86_400
    if days < 1:
        return duration(seconds)
    return f"{days:,.0f} days" if days < 1000 else f"{days / 365.25:,.0f} years"  # noqa: PLR2004 -- days of 3 years


def _bytes(count: float) -> str:
    return f"{count / 1e9:,.0f} GB" if count < 1e13 else f"{count / 1e12:,.0f} TB"  # noqa: PLR2004 -- in round numbers
