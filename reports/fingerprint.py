"""Tables of fingerprints: one per riddle, with the share of predictions of each learner that follow each rule."""

from __future__ import annotations

from ..analysis.fingerprint import shares_of
from .leaderboard import KINDS, Leaderboard, TaskHeader
from .provenance import short_line
from .tables import HEADINGS, INTERVALS, Column, RowGroup, Table, entry_cell

FOOTNOTE = (
    "Two rules fit the training data, and neither counts as correct. Columns with the name of a rule, and neither: "
    "share of the predictions that follow the rule, on inputs where the rules disagree; the inputs are the same for "
    "every seed. agreement: share of equal predictions, mean over pairs of seeds; kappa: agreement above chance "
    "(Cohen's kappa; n/a: one seed, or all seeds always follow the same rule); interpolation, of real targets: mean "
    "position between the values of the two rules, 0 at the first; accuracy (score, if targets are real): on "
    f"inputs where the rules agree, unseen (ID) and training examples. {INTERVALS}"
)


def fingerprint_tables(board: Leaderboard) -> list[Table]:
    """One table per riddle, in the order of the plan."""
    return [_table(board, riddle) for riddle in board.riddles]


def _table(board: Leaderboard, riddle: TaskHeader) -> Table:
    by_column = {
        (entry.learner, entry.metric, entry.split): entry
        for entry in board.entries
        if entry.scope == "task" and entry.name == riddle.name
    }
    present = {learner for learner, *_ in by_column}
    fit_metric = "score" if any(metric == "score" for _, metric, _ in by_column) else "accuracy"
    columns = _columns(board, riddle, fit_metric)
    row_groups: list[RowGroup] = []
    for kind in KINDS:
        rows = [
            (
                name,
                tuple(entry_cell(board, by_column.get((name, *key)), interval=key[1] == "ood") for _, key in columns),
            )
            for name in board.order[kind]
            if name in present
        ]
        row_groups += [(HEADINGS[kind], tuple(rows))] if rows else []
    return Table(
        label=riddle.name,
        title=f"{riddle.name}: which rule do the predictions follow?",
        columns=tuple(column for column, _ in columns),
        row_groups=tuple(row_groups),
        footnote=FOOTNOTE,
        caption=f"n = {riddle.sizes[-1]}; not ranked, and not included in any mean.",
        notes=riddle.notes,
        source=short_line(board.results),
    )


def _columns(board: Leaderboard, riddle: TaskHeader, fit_metric: str) -> list[tuple[Column, tuple[str, str]]]:
    """The columns, each with its metric and split."""
    shares = [
        (Column(_rule_name(share), "predictions that follow", _rule_name(share)), (share, "ood"))
        for share in shares_of(board.results.catalogue, riddle.name)
    ]
    interpolation = (Column("interpolation", "between the rules", "interpolation"), ("interpolation", "ood"))
    return [
        *shares,
        *([interpolation] if fit_metric == "score" else []),
        (Column("agreement", "between seeds", "agreement"), ("agreement", "ood")),
        (Column("kappa", "between seeds", "kappa"), ("kappa", "ood")),
        (Column(f"{fit_metric} ID", fit_metric, "ID"), (fit_metric, "id")),
        (Column("train", fit_metric, "train"), (fit_metric, "train")),
    ]


def _rule_name(share: str) -> str:
    """The name of the rule in "follows[rule]"; "neither" is unchanged."""
    return share.removeprefix("follows[").removesuffix("]")
