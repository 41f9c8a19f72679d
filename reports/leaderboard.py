"""The `Leaderboard`: entries, tasks, order of learners, notes and warnings, as input for all formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..analysis.entries import Entry
from ..analysis.fingerprint import fingerprints
from ..analysis.learning_curve import LearningCurve, learning_curves
from ..analysis.planned import anchors_of
from ..analysis.sharing import share
from ..analysis.summary import entries_of
from ..runs.results import Results
from .names import base_and_variant
from .notes import MissingCells
from .provenance import warnings_of
from .ranking import Ranking, RankingOptions, make_ranking

KINDS = ("learner", "control", "heuristic")
"""The blocks of every table, in this order: the learners that are compared, the controls, and the heuristics."""

STATUSES = {"measures": "tasks that measure", "frontier": "frontier tasks", "undecided": "undecided tasks"}
"""The status of a task on the list -> the heading of such tasks, which are listed apart, in this order."""


@dataclass(frozen=True)
class TaskHeader:
    """Metadata of a task for its table.

    ood             the headline split, or None: then there is no OOD column
    metric         "score" on the common scale; else "accuracy" or "bits" of a task without an oracle, which is
                    excluded from means
    greater_is_better  False if lower values are better
    sizes           the anchors, ascending: the training sizes that most learners were planned at
    max_exposed     the largest number of exposed examples that was planned
    notes           reasons why cells are n/a or missing, one sentence each
    """

    name: str
    family: str
    ood: str | None
    metric: str
    greater_is_better: bool
    sizes: tuple[int, ...]
    max_exposed: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Leaderboard:
    """The leaderboard: all data that a format needs to print it.

    entries   the values
    tasks     tasks without the riddles, in the order of the catalogue
    riddles   tasks without a correct answer, in the order of the catalogue; their entries are fingerprints
    families  families with a mean: over their tasks that measure, or over all ranked ones if none is decided
    ranked    names of the tasks on the common scale
    listed    of these, the status on the list: a key of STATUSES
    order     kind -> names of its learners in the order of the catalogue, variants after their base
    curves    the learning curves that the values were computed from
    ranking   the learners over all tasks, or None if none can be compared
    brief     True for the ranking and the board of tasks alone, without tables by family or task
    warnings  sentences on mixed versions in the results
    left_out  for several folders: the parts that only some of them have, which are not in `entries`
    appendix  the leaderboard of these parts
    missing_cells  reasons for missing cells
    results   the results that the leaderboard was made from
    """

    entries: tuple[Entry, ...]
    tasks: tuple[TaskHeader, ...]
    riddles: tuple[TaskHeader, ...]
    families: tuple[str, ...]
    ranked: tuple[str, ...]
    listed: dict[str, str]
    order: dict[str, list[str]]
    warnings: tuple[str, ...]
    missing_cells: MissingCells
    results: Results
    curves: tuple[LearningCurve, ...] = ()
    ranking: Ranking | None = None
    brief: bool = False
    left_out: tuple[str, ...] = ()
    appendix: Leaderboard | None = None

    @property
    def decided(self) -> bool:
        """Whether the status of a ranked task is decided. If not, all tasks are listed together and count in means."""
        return _decided(self.listed)

    @property
    def groups(self) -> dict[str, list[TaskHeader]]:
        """The ranked tasks by status, in the order of STATUSES; all of them under "" if none is decided."""
        ranked = [task for task in self.tasks if task.name in self.ranked]
        if not self.decided:
            return {"": ranked} if ranked else {}
        by_status = {status: [task for task in ranked if self.listed[task.name] == status] for status in STATUSES}
        return {status: tasks for status, tasks in by_status.items() if tasks}


def make_leaderboard(
    results: Results, listed: Mapping[str, str] | None = None, options: RankingOptions | None = None
) -> Leaderboard:
    """Make the leaderboard of results; for several folders, on the tasks and sizes that all of them have.

    listed   task -> its status on the list: measures, frontier or undecided, which is also that of all other tasks
    options  the learners and measures to show; None: all. A filter changes no value but those of the ranking

    Raises ValueError if nothing was planned, if there are two results of one cell with different settings, or if the
    options leave nothing.
    """
    options = options or RankingOptions()
    results.labels(options.learners)
    shared = share(results.catalogue, results.folders) if len(results.folders) > 1 else None
    if shared is None:
        return _leaderboard(results, listed or {}, options)
    board = _leaderboard(replace(results, catalogue=shared.common), listed or {}, options)
    selected = options.learners or options.top
    appendix = None if selected else _leaderboard(replace(results, catalogue=shared.rest), listed or {}, options)
    return replace(board, left_out=shared.left_out, appendix=appendix)


def _leaderboard(results: Results, listed: Mapping[str, str], options: RankingOptions) -> Leaderboard:
    catalogue = results.catalogue
    if not catalogue.cells:
        raise ValueError("nothing to report: no cell was planned")
    missing_cells = MissingCells(results)
    heads = [_head(task, results, missing_cells) for task in catalogue.by_task]
    infos = catalogue.tasks
    tasks = [task for task in heads if infos[task.name].has_curve]
    riddles = [task for task in heads if not infos[task.name].has_curve]
    ranked = tuple(task.name for task in tasks if infos[task.name].ranked)
    statuses = {name: listed.get(name, "undecided") for name in ranked}
    counted = [name for name in ranked if statuses[name] == "measures"] if _decided(statuses) else ranked
    curves = learning_curves(results.scores, catalogue)
    entries = entries_of(curves, catalogue, counted)
    entries += fingerprints(results.scores, results.answers, catalogue)
    ranking = make_ranking(curves, results, ranked if options.every_task else counted or ranked, options)
    board = Leaderboard(
        entries=tuple(entries),
        tasks=tuple(tasks),
        riddles=tuple(riddles),
        families=tuple(dict.fromkeys(infos[name].family for name in counted)),
        ranked=ranked,
        listed=statuses,
        order={kind: _ordered(catalogue.of_kind(kind)) for kind in KINDS},
        warnings=tuple(warnings_of(results)),
        missing_cells=missing_cells,
        results=results,
        curves=tuple(curves),
        ranking=ranking,
    )
    return _shown(board, options)


def _shown(board: Leaderboard, options: RankingOptions) -> Leaderboard:
    """The board with the learners that are asked for alone. Raises ValueError if none of them has a task."""
    kept = set(options.learners or board.results.catalogue.learners)
    if options.top is not None:
        if board.ranking is None or not board.ranking.learners:
            raise ValueError("no learner can be ranked on these tasks, so that there is no top; omit --top")
        kept -= set(board.order["learner"]) - set(board.ranking.learners)
    if kept >= board.results.catalogue.learners.keys():
        return board
    entries = tuple(entry for entry in board.entries if entry.learner in kept)
    with_entries = {entry.name for entry in entries if entry.scope == "task"}
    if not with_entries:
        tasks = ", ".join(board.results.catalogue.tasks)
        raise ValueError(f"nothing to report: {', '.join(options.learners)} was not planned on {tasks}")
    tasks, riddles = (
        tuple(
            replace(task, notes=board.missing_cells.notes(task.name, kept))
            for task in heads
            if task.name in with_entries
        )
        for heads in (board.tasks, board.riddles)
    )
    families = {task.family for task in tasks}
    return replace(
        board,
        entries=entries,
        tasks=tasks,
        riddles=riddles,
        families=tuple(name for name in board.families if name in families),
        ranked=tuple(name for name in board.ranked if name in with_entries),
        listed={name: status for name, status in board.listed.items() if name in with_entries},
        order={kind: [name for name in names if name in kept] for kind, names in board.order.items()},
    )


def ranking_of(board: Leaderboard) -> Leaderboard:
    """The ranking alone. Raises ValueError if no learner has a rank."""
    if board.ranking is None or not board.ranking.learners:
        raise ValueError(
            "no learner has a value on all of these tasks, so that none can be ranked; "
            "select tasks or learners (--task, --learner)"
        )
    return replace(board, brief=True, tasks=(), riddles=(), ranked=(), entries=(), appendix=None)


def summary_of(board: Leaderboard) -> Leaderboard:
    """The ranking and the board of tasks alone. Raises ValueError if no task is on the common scale."""
    if not board.ranked:
        named = ", ".join(task.name for task in (*board.tasks, *board.riddles))
        raise ValueError(f"no summary: none of the tasks is on the common scale ({named})")
    kept = [
        entry for entry in board.entries if (is_final(entry) or entry.metric == "solved") and entry.name in board.ranked
    ]
    return replace(board, brief=True, riddles=(), entries=tuple(kept), appendix=None)


def missing_word(board: Leaderboard, entry: Entry) -> str:
    """The word that is printed for an entry without a value."""
    flags = entry.flags.split(",")
    if "diverged" in flags or "n/a" in flags or entry.scope == "family":
        return next((flag for flag in ("diverged", "n/a") if flag in flags), "missing")
    sizes = next((task.sizes for task in (*board.tasks, *board.riddles) if task.name == entry.name), ())
    at_largest = entry.metric in ("final", "gap", "OOD examples to threshold")
    return board.missing_cells.status(entry.name, entry.learner, sizes[-1] if at_largest and sizes else None)


def status_note(board: Leaderboard) -> str:
    """The sentence that explains the headings of STATUSES; "" if no task is decided."""
    if not board.decided:
        return ""
    measures = "A task measures if it tells learners apart, as decided on suite seed 1 (grue quality)"
    undecided = "; of an undecided task this is not known yet" if "undecided" in board.groups else ""
    return f"{measures}; a frontier task does not{undecided}."


def is_final(entry: Entry) -> bool:
    """Whether an entry belongs to the board: a score at the largest size, or the entry of a learner that is n/a."""
    return entry.scope == "task" and (entry.metric == "final" or (entry.metric, entry.split) == ("area", ""))


def _decided(listed: Mapping[str, str]) -> bool:
    return any(status != "undecided" for status in listed.values())


def _head(task: str, results: Results, missing_cells: MissingCells) -> TaskHeader:
    info = results.catalogue.tasks[task]
    return TaskHeader(
        name=task,
        family=info.family,
        ood=info.headline,
        metric=info.metric,
        greater_is_better=info.greater_is_better,
        sizes=anchors_of(results.catalogue, task),
        max_exposed=max(cell.exposed for cells in results.catalogue.by_task[task].values() for cell in cells),
        notes=missing_cells.notes(task),
    )


def _ordered(names: list[str]) -> list[str]:
    """Names in the order of the catalogue, which is no ranking; variants after their base."""
    bases = [base_and_variant(name)[0] for name in names]
    first = {base: index for index, base in reversed(list(enumerate(bases)))}
    return [name for _, name in sorted(zip(bases, names, strict=True), key=lambda pair: first[pair[0]])]
