"""Tables of fingerprints: one per riddle, with the share of predictions of each learner that follow each rule."""

from __future__ import annotations

from ..analysis.fingerprint import shares_of
from .leaderboard import BLOCKS, Leaderboard, TaskHead
from .provenance import short_line
from .tables import HEADINGS, INTERVALS, Block, Column, Table, figure_cell

READING = (
    "No answer is right: two rules fit the training data. Where they part: shares of the answers that follow each, "
    "or neither; every seed is asked the same. agreement: mean share of equal answers over pairs of seeds; "
    "kappa: the same above chance, 0 where seeds with such shares would agree as often by accident (n/a: one seed, or "
    f"all follow one rule throughout); accuracy: where the rules agree, on unseen and on training examples. {INTERVALS}"
)


def fingerprint_tables(board: Leaderboard) -> list[Table]:
    """One table per riddle, in the order of the plan."""
    return [_table(board, riddle) for riddle in board.riddles]


def _table(board: Leaderboard, riddle: TaskHead) -> Table:
    found = {
        (entry.learner, entry.measure, entry.side): entry
        for entry in board.entries
        if entry.scope == "task" and entry.of == riddle.name
    }
    present = {learner for learner, *_ in found}
    wanted = _columns(board, riddle)
    blocks: list[Block] = []
    for block in BLOCKS:
        rows = [
            (
                name,
                tuple(figure_cell(board, found.get((name, *place)), interval=place[1] == "ood") for _, place in wanted),
            )
            for name in board.order[block]
            if name in present
        ]
        blocks += [(HEADINGS[block], tuple(rows))] if rows else []
    return Table(
        label=riddle.name,
        title=f"{riddle.name}: which rule?",
        columns=tuple(column for column, _ in wanted),
        blocks=tuple(blocks),
        reading=READING,
        caption=f"n = {riddle.sizes[-1]}; in no ranking and no mean.",
        notes=riddle.notes,
        source=short_line(board.results),
    )


def _columns(board: Leaderboard, riddle: TaskHead) -> list[tuple[Column, tuple[str, str]]]:
    """The columns, each with its measure and side."""
    shares = [
        (Column(_spoken(share), "answers that follow", _spoken(share)), (share, "ood"))
        for share in shares_of(board.results.catalogue, riddle.name)
    ]
    return [
        *shares,
        (Column("agreement", "between seeds", "agreement"), ("agreement", "ood")),
        (Column("kappa", "between seeds", "kappa"), ("kappa", "ood")),
        (Column("accuracy ID", "accuracy", "ID"), ("accuracy", "id")),
        (Column("train", "accuracy", "train"), ("accuracy", "train")),
    ]


def _spoken(share: str) -> str:
    """The name of the rule in "follows[rule]"; "neither" is unchanged."""
    return share.removeprefix("follows[").removesuffix("]")
