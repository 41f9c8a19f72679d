"""Analysis of the study of forgetting: score matrices R, continual-learning metrics, and the verdicts.

R[i, j] is the accuracy on stage j after stage i. Retention is read at the end of a gap, just before the facts of the
recurring kind reappear, and averaged over the last cycle; see metrics/forgetting.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from ..metrics import forgetting as metrics
from .findings import Decision, Findings, Verdict
from .intervals import interval, t_factor
from .paired import SIGNIFICANCE, Difference, holm, paired

MARGIN = 0.1
"""Selectivity, in accuracy, below which a learner is called not selective."""

POWER = 0.8
"""A difference is detectable if a two-sided test at 5 % finds it with this probability."""

UPDATES = ("mlp", "boosting")
"""Learners that change one function with every stage."""

MEMORIES = ("forest", "neighbours")
"""Learners that add to what they have stored."""

CONTROLS = {
    "replay": "replay keyed on the mark",
    "buffer": "one buffer for all facts",
    "buffer-per-mark": "a buffer for each mark",
}
"""Control memories, in words."""

MARKED, UNMARKED = "facts", "facts-unmarked"


@dataclass(frozen=True)
class Run:
    """All seeds of a learner on a stream in one training regime.

    scores  R by kind of fact: (seeds, stages, stages) each; the kind of a stream without facts is ""
    counts  examples of the probe of a stage, by kind: (stages,) each
    """

    scores: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]

    def each(self, metric: Callable[[np.ndarray], float]) -> np.ndarray:
        """A metric of R in every seed, (seeds,); both kinds of facts have the same weight."""
        return np.array([metric(scores) for scores in np.mean(list(self.scores.values()), axis=0)])

    def retention(self, metric: Callable[[np.ndarray, int], np.ndarray], kind: str, gap: int) -> np.ndarray:
        """A retention of one kind in every seed, the mean over the ends of the last cycle, (seeds,)."""
        return np.array([metric(scores, gap)[-gap:].mean() for scores in self.scores[kind]])


Runs = Mapping[tuple[str, str, str], Run]
"""The runs by stream, regime and learner."""


def runs_of(rows: pd.DataFrame) -> Runs:
    """The runs by stream, regime and learner, in the order of the rows.

    rows  one per (stream, regime, learner, seed, after, stage, kind), with `accuracy` and `count`

    Raises ValueError if there are no rows, a run has less than two seeds, or a matrix has a gap.
    """
    if rows.empty:
        raise ValueError("no rows; expected those of at least two seeds")
    keys: list[Any] = list(rows[["stream", "regime", "learner"]].drop_duplicates().itertuples(index=False, name=None))
    grouped = rows.groupby(["stream", "regime", "learner"])
    return {key: _run(" ".join(key), pd.DataFrame(grouped.get_group(key))) for key in keys}


def _run(name: str, rows: pd.DataFrame) -> Run:
    seeds = len(set(rows["seed"]))
    if seeds < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{name}: {seeds} seed; expected at least 2")
    scores, counts = {}, {}
    for kind, part in rows.sort_values(["seed", "after", "stage"]).groupby("kind"):
        stages = len(set(part["stage"]))
        if len(part) != seeds * stages**2:
            raise ValueError(f"{name}: {len(part)} scores; expected {seeds} seeds of {stages} x {stages}")
        scores[str(kind)] = part["accuracy"].to_numpy(float).reshape(seeds, stages, stages)
        counts[str(kind)] = part["count"].to_numpy(int)[:stages]
    return Run(scores, counts)


@dataclass(frozen=True)
class Claim:
    """A statement about the mean paired difference of two values of a seed.

    margin  None: the statement is that the difference is above `threshold`; else that it is less than this in size
    """

    statement: str
    difference: Difference
    detail: str
    p: float
    margin: float | None = None
    threshold: float = 0.0

    def decide(self, corrected: float) -> Verdict:
        """The verdict, from the p value after Holm's correction."""
        one = self.difference
        decision: Decision = "not decided"
        if corrected < SIGNIFICANCE and self.margin is None:
            decision = "supported" if one.mean > self.threshold else "contradicted"
        elif corrected < SIGNIFICANCE and self.margin is not None:
            decision = "equivalent" if abs(one.mean) < self.margin else "contradicted"
        detail = f"{self.detail}; {one.seeds} seeds, corrected p {corrected:.2g}"
        low, high = one.mean - one.half_width, one.mean + one.half_width
        return Verdict(self.statement, decision, one.mean, low, high, detail)


def findings(rows: pd.DataFrame, gap: int) -> Findings:
    """Tables, and verdicts with Holm's correction over all of them.

    gap  stages after which recurring facts reappear

    Raises ValueError where runs or seeds are missing.
    """
    runs = runs_of(rows)
    try:
        claims = [*_digits(runs), *_selectivity(runs, gap), *_controls(runs, gap), *_repetition(runs, gap)]
    except KeyError as error:
        raise ValueError(f"no rows of {error}; expected all learners and controls of the study") from error
    corrected = holm([one.p for one in claims])
    verdicts = tuple(one.decide(float(p)) for one, p in zip(claims, corrected, strict=True))
    tables = {
        "Continual learning": _metrics(runs),
        "Selectivity": _selectivities(runs, gap),
        "Repetition": _repetitions(runs, gap),
    }
    for stream in dict.fromkeys(stream for stream, _, _ in runs):
        tables[f"Score matrices of {stream}"] = _matrices(runs, stream)
    return Findings(tables, verdicts)


def _digits(runs: Runs) -> Iterator[Claim]:
    """Learners that update a function against those that add to a memory."""
    for update in UPDATES:
        for memory in MEMORIES:
            pair = [runs["digits", "continued", name] for name in (update, memory)]
            first, second = (one.each(metrics.forgetting) for one in pair)
            found = paired(first, second, *map(_errors_of_forgetting, pair))
            statement = f"class-incremental digits: {update} forgets more than {memory}"
            yield Claim(statement, found, "difference of forgetting; above 0", found.p)


def _selectivity(runs: Runs, gap: int) -> Iterator[Claim]:
    own = [learner for stream, regime, learner in runs if (stream, regime) == (MARKED, "continued")]
    for learner in dict.fromkeys((*UPDATES, *MEMORIES, *(name for name in own if name not in CONTROLS))):
        statement = f"facts: {learner} is not selective, it retains facts that will recur like others"
        yield _within(statement, selectivity_of(runs[MARKED, "continued", learner], gap))


def _controls(runs: Runs, gap: int) -> Iterator[Claim]:
    """What the measure must say: of memories without foresight, of one with it, and of facts without a mark."""
    replay = runs[MARKED, "continued", "replay"]
    found = selectivity_of(replay, gap, MARGIN)
    yield Claim(
        f"positive control: {CONTROLS['replay']} is selective",
        selectivity_of(replay, gap),
        f"selectivity among facts shown once; above {MARGIN:g}",
        found.p,
        threshold=MARGIN,
    )
    for control in ("buffer", "buffer-per-mark"):
        statement = f"control without foresight: {CONTROLS[control]} is not selective"
        yield _within(statement, selectivity_of(runs[MARKED, "continued", control], gap))
    for learner in (*UPDATES, *MEMORIES, "replay"):
        statement = f"negative control, facts without marks: {learner} is not selective"
        yield _within(statement, selectivity_of(runs[UNMARKED, "continued", learner], gap))


def _repetition(runs: Runs, gap: int) -> Iterator[Claim]:
    for learner in (*UPDATES, "forest"):  # neighbours retain everything
        found = repetition_of(runs[UNMARKED, "continued", learner], gap)
        statement = f"facts without marks: {learner} retains repeated facts longer than those shown once"
        yield Claim(statement, found, "retention of these minus that of recurring facts shown once; above 0", found.p)


def _within(statement: str, found: Difference) -> Claim:
    """The claim that a selectivity is within the margin, by two one-sided tests, or beyond it, by a two-sided one.

    Only one of the two can be wrong, whatever the truth is; so they count as one test.
    """
    detail = f"selectivity among facts shown once; within {MARGIN:g} of 0"
    return Claim(statement, found, detail, min(found.equivalence_p, _p_beyond(found)), MARGIN)


def _p_beyond(found: Difference) -> float:
    """Two-sided p value of the hypothesis that the mean is at the margin, of a mean beyond it; 1 for one within."""
    distance = abs(found.mean) - MARGIN
    return 1.0 if distance <= 0 else 2 * float(stdtr(found.seeds - 1, -distance / _error(found)))


def selectivity_of(run: Run, gap: int, threshold: float = 0.0) -> Difference:
    """Retention of recurring facts shown once minus that of single facts, and the test of its mean.

    threshold  subtracted from it
    """
    recurring, single = (run.retention(metrics.retention_shown_once, kind, gap) for kind in ("recurring", "single"))
    errors = [_errors(values, run.counts["recurring"], gap) for values in (recurring, single)]
    return paired(recurring - threshold, single, *errors, margin=MARGIN)


def repetition_of(run: Run, gap: int) -> Difference:
    """Retention of recurring facts shown more than once minus that of recurring facts shown once."""
    again = run.retention(metrics.retention_shown_again, "recurring", gap)
    once = run.retention(metrics.retention_shown_once, "recurring", gap)
    errors = [_errors(values, run.counts["recurring"], gap) for values in (again, once)]
    return paired(again, once, *errors)


def _errors(values: np.ndarray, counts: np.ndarray, gap: int) -> np.ndarray:
    """Standard error of each retention over its facts: (seeds,).

    counts  facts of a probe of the recurring kind, which never has more than the single one: on the safe side
    """
    return _standard_errors(values, gap * int(counts.min()))


def _errors_of_forgetting(run: Run) -> np.ndarray:
    """Standard error of the forgetting in each seed over the test examples, of a stream of one kind: (seeds,)."""
    ((scores, counts),) = zip(run.scores.values(), run.counts.values(), strict=True)
    ends = np.stack([scores.max(axis=1), scores[:, -1]])[:, :, :-1]  # (best and last, seeds, stages before the last)
    return np.sqrt(np.square(_standard_errors(ends, counts[:-1])).sum(axis=(0, 2))) / ends.shape[2]


def _standard_errors(shares: np.ndarray, counts: np.ndarray | int) -> np.ndarray:
    """Standard errors of shares of so many examples; not 0 where the share is 0 or 1 (Agresti & Coull 1998)."""
    moved = (shares * counts + 2) / (counts + 4)
    return np.sqrt(moved * (1 - moved) / (counts + 4))


def _error(found: Difference) -> float:
    return found.half_width / float(t_factor(found.seeds))


def _detectable(found: Difference) -> float:
    """The smallest mean that a two-sided test at 5 % finds with a probability of `POWER`."""
    return _error(found) * float(t_factor(found.seeds) + stdtrit(found.seeds - 1, POWER))


def _metrics(runs: Runs) -> pd.DataFrame:
    """ACC, BWT and forgetting of every run: mean, and half a 95 % interval over seeds."""
    names = {"ACC": metrics.final_score, "BWT": metrics.backward_transfer, "Forgetting": metrics.forgetting}
    found = []
    for (stream, regime, learner), run in runs.items():
        row: dict[str, object] = {"Learner": learner, "Stream": stream, "Training": regime}
        for name, metric in names.items():
            values = run.each(metric)
            one = interval(values)
            row |= {name: one.mean, f"{name} ±": one.half_width, "Seeds": len(values)}
        found.append(row)
    return pd.DataFrame(found)


def _selectivities(runs: Runs, gap: int) -> pd.DataFrame:
    """Selectivity on the streams of facts, continued training.

    Detectable: with a power of 80 %, uncorrected. When shown: the same difference right after the facts were shown.
    """
    found = []
    for (stream, regime, learner), run in runs.items():
        if regime == "continued" and stream in (MARKED, UNMARKED):
            one = selectivity_of(run, gap)
            single = run.retention(metrics.retention_shown_once, "single", gap)
            due = run.retention(metrics.retention_before_recurrence, "recurring", gap)
            found.append(
                {
                    "Learner": learner,
                    "Stream": stream,
                    "Retention of single": single.mean(),
                    "Selectivity": one.mean,
                    "Low": one.mean - one.half_width,
                    "High": one.mean + one.half_width,
                    "Detectable": _detectable(one),
                    "With repeated": float((due - single).mean()),
                    "When shown": float((_when_shown(run, "recurring", gap) - _when_shown(run, "single", gap)).mean()),
                }
            )
    return pd.DataFrame(found)


def _when_shown(run: Run, kind: str, gap: int) -> np.ndarray:
    """Accuracy on the facts whose retention is measured, right after the stage that first showed them: (seeds,)."""
    return np.diagonal(run.scores[kind], axis1=1, axis2=2)[:, 1 - 2 * gap : 1 - gap].mean(axis=1)


def _repetitions(runs: Runs, gap: int) -> pd.DataFrame:
    """Retention of recurring facts by the number of presentations, continued training."""
    found = []
    for (stream, regime, learner), run in runs.items():
        if regime == "continued" and stream in (MARKED, UNMARKED):
            one = repetition_of(run, gap)
            again = run.retention(metrics.retention_shown_again, "recurring", gap)
            found.append(
                {
                    "Learner": learner,
                    "Stream": stream,
                    "Shown once": float(again.mean()) - one.mean,
                    "More than once": float(again.mean()),
                    "Difference": one.mean,
                    "Low": one.mean - one.half_width,
                    "High": one.mean + one.half_width,
                    "Detectable": _detectable(one),
                }
            )
    return pd.DataFrame(found)


def _matrices(runs: Runs, stream: str) -> pd.DataFrame:
    """R, the mean over seeds: a row per stage that was trained on last, a column per stage."""
    found = []
    for (own, regime, learner), run in runs.items():
        for kind, scores in run.scores.items() if own == stream else ():
            for after, accuracies in enumerate(scores.mean(axis=0)):
                row: dict[str, object] = {"Learner": learner, "Training": regime, "Kind": kind or "all", "After": after}
                found.append(row | {f"On {stage}": round(float(one), 4) for stage, one in enumerate(accuracies)})
    return pd.DataFrame(found)
