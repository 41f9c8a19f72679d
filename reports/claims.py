"""Verdicts on claims as text, Markdown, CSV or JSON: the claim in words, its tests, and the cells that they rest on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any

from ..analysis.claims import Judgement, Outcome
from ..analysis.findings import StudyRun
from ..analysis.findings import Verdict as StudyVerdict
from ..engine.printable import printable
from ..runs.registration import FILE, ClaimTest
from ..runs.results import Results
from .escaping.json_text import json_text
from .escaping.markdown import markdown_line
from .escaping.spreadsheet import csv_text
from .formats import markdown_table
from .provenance import full_line
from .studies import estimate_text, source_line
from .tables import NOT_PLANNED, Column, Table, TableCell, decimal
from .text import WIDTH, text_table

FOOTNOTE = (
    "estimate: a score, difference of scores, share of seeds, difference of rank correlations, exponent or log ratio; "
    "interval: 95 %, of a single test: t over seeds, Wilson's of shares of seeds (in brackets: the range, where t does "
    "not cover). expected: by the claim; '>= 0.9 in > 0.5': at least .9 in more than half of the seeds (exact binomial "
    "test). p: of the verdict, else that of the claim, after Holm's correction for all tests of all claims. A claim is "
    "supported if all its tests are, and contradicted if one is; equivalent: a difference is smaller than the margin. "
    "Cells that did not fit their training set (budget, plateau) decide nothing. (c): a condition of the claim, which "
    "is not decided where it is not met. registered: the cells are those that the claim was written down for, before "
    "they were computed; post hoc: others. words registered: a study decided; the claim was written down before its "
    "run, but statistic and threshold are those of the study, and its verdicts are corrected within the study."
)

CSV_COLUMNS: tuple[str, ...] = (
    "claim", "words", "source", "study", "verdict", "basis", "why", "digest", "test", "condition", "statistic",
    "expects", "threshold", "margin", "level", "side", "tasks", "learners", "sizes", "split", "exposed", "metric",
    "second", "estimate", "low", "high", "p", "p_against", "p_equivalent", "seeds", "cells", "flagged", "test_verdict",
)  # fmt: skip

SMALL_P = 0.001


@dataclass(frozen=True)
class Standing:
    """A judgement, and whether its cells are those that the claim was registered for.

    post_hoc   why the verdict is post hoc; empty if it is not
    unchecked  commits of the cells at which the text of the claim could not be read, where nothing is post hoc
    run        the run of the study that decided it; None: cells did, or nothing

    Of a study, the words of the claim are compared with those at the commits of its jobs. Its statistic and threshold
    are code, which no registration names.
    """

    judgement: Judgement
    post_hoc: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    run: StudyRun | None = None

    @property
    def basis(self) -> str:
        """Registered, post hoc, or registered but not checked, and the study that decided; "" without data."""
        if self.judgement.verdict == "no data yet":
            return ""
        registered = f"{'words ' if self.run else ''}registered{', not checked' if self.unchecked else ''}"
        study = f"study {self.run.study}, scale {self.run.scale}; " if self.run else ""
        return study + ("post hoc" if self.post_hoc else registered)

    @property
    def why(self) -> str:
        """Why the claim is not decided, why the verdict is post hoc, and what was not checked."""
        parts = [self.judgement.reason]
        if self.basis:
            parts += [f"post hoc: {'; '.join(self.post_hoc)}"] if self.post_hoc else []
            commits = ", ".join(commit or "none recorded" for commit in self.unchecked)
            what = "run" if self.run else "cells"
            parts += [f"the claims at the commit of the {what} cannot be read here ({commits})"] if commits else []
            parts += self._of_run()
        return "; ".join(filter(None, parts))

    def _of_run(self) -> list[str]:
        """What was not registered of a study, by what code it was analysed, and its provenance."""
        if self.run is None:
            return []
        parts = [] if self.post_hoc else ["statistic and threshold are those of the study's code, not registered"]
        if [self.run.analysed] != self.run.commits:
            parts.append(f"analysed at commit {self.run.analysed or 'not recorded'}")
        return [*parts, source_line(self.run)]


def render_claims(standings: Sequence[Standing], results: Results | None, committed: str | None, form: str) -> str:
    """The claims in the format "text", "md", "csv" or "json".

    results    the cells; None if there are none
    committed  the commit of the file of claims
    """
    if form == "csv":
        return _csv(standings)
    if form == "json":
        return _json(standings, results, committed)
    render = text_table if form == "text" else markdown_table
    source = full_line(results) if results else "No cells yet: grue run --preset claims"
    source = f"Claims: {FILE}, {f'commit {committed}' if committed else 'installed copy'}. Cells: {source}"
    parts = [render(_summary(standings, source), FOOTNOTE)]
    for one in standings:
        table = _without_source(render(_table(one), ""), form) if one.judgement.outcomes else ""
        parts.append(f"{_heading(one, form)}\n{table}")
    return "\n".join(parts)


def _heading(one: Standing, form: str) -> str:
    """The claim in words, who says it, and who predicts what."""
    claim = one.judgement.claim
    named = f"{claim.name}: {one.judgement.verdict}" + (f" ({one.basis})" if one.basis else "")
    lines = [f"Source: {claim.source}.", *(f"{who} predicts: {what}." for who, what in claim.predicts.items())]
    lines += [f"{one.why[:1].upper()}{one.why[1:]}."] if one.why else []
    lines += [study_verdict_text(verdict) for verdict in one.judgement.of_study]
    if form == "md":
        shown = [f"- {markdown_line(line)}" for line in lines]
        return "\n".join([f"### {markdown_line(named)}", "", f"**{markdown_line(claim.claim)}.**", "", *shown, ""])
    named, lines = printable(named), list(map(printable, lines))
    wrapped = [fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ") for line in lines]
    return "\n".join([named, "-" * min(len(named), WIDTH), fill(printable(f"{claim.claim}."), WIDTH), *wrapped])


def study_verdict_text(one: StudyVerdict) -> str:
    """A verdict of a study in one line: decision, statement, estimate with interval, and how it was decided."""
    numbers = "" if math.isnan(one.estimate) else f"{estimate_text(one)}; "
    return f"{one.decision}: {one.statement} ({numbers}{one.detail})"


def _without_source(table: str, form: str) -> str:
    """A rendered table without its title and its (empty) line of provenance."""
    lines = [line for line in table.splitlines() if line not in (".", "*.*", "### ")]
    return "\n".join(lines).strip("\n" if form == "text" else "\n ") + "\n"


def _summary(standings: Sequence[Standing], source: str) -> Table:
    count = Counter(one.judgement.verdict for one in standings)
    found = ", ".join(f"{number} {verdict}" for verdict, number in count.most_common())
    rows = []
    for one in standings:
        judgement = one.judgement
        texts = [judgement.verdict, one.basis, str(len(judgement.outcomes)), str(len(judgement.cells))]
        texts = [*texts, str(len(judgement.flagged))] if judgement.outcomes else [*texts[:2], *[""] * 3]
        rows.append((judgement.claim.name, tuple(TableCell(text or NOT_PLANNED) for text in texts)))
    return Table(
        label="claims",
        title=f"Claims: {found}",
        columns=tuple(Column(name, "", name) for name in ("verdict", "basis", "tests", "cells", "flagged")),
        row_groups=(("", tuple(rows)),),
        footnote="",
        caption="",
        notes=(),
        source=source,
    )


def _table(one: Standing) -> Table:
    names = ("estimate", "interval", "expected", "p", "seeds", "verdict")
    rows = tuple(
        (("(c) " if outcome.test.condition else "") + outcome.test.says, tuple(map(TableCell, outcome_texts(outcome))))
        for outcome in one.judgement.outcomes
    )
    return Table("claim", "", tuple(Column(name, "", name) for name in names), (("", rows),), "", "", (), "")


def outcome_texts(outcome: Outcome) -> list[str]:
    """Estimate, interval, expectation, p value, seeds and verdict of a test as text."""
    if math.isnan(outcome.estimate):
        return [NOT_PLANNED, NOT_PLANNED, expected_text(outcome.test), NOT_PLANNED, str(outcome.seeds), outcome.verdict]
    ends = f"{decimal(outcome.low)} to {decimal(outcome.high)}"
    shown = f"[{ends}]" if outcome.lacking else ends
    p = {"contradicted": outcome.against, "equivalent": outcome.equivalent}.get(outcome.verdict, outcome.p)
    p_text = NOT_PLANNED if math.isnan(p) else f"<{SMALL_P}" if p < SMALL_P else f"{p:.3f}"
    return [
        decimal(outcome.estimate), shown, expected_text(outcome.test), p_text, str(outcome.seeds), outcome.verdict,
    ]  # fmt: skip


def expected_text(test: ClaimTest) -> str:
    """What a test expects, such as "> 0.25", "0 ± 0.1", or ">= 0.9 with > 0.5 of seeds"."""
    if test.expects == "equal":
        return f"{test.threshold:g} ± {test.margin:g}"
    bound = f"{'>' if test.expects == 'above' else '<'} {test.threshold:g}"
    if test.statistic != "seeds":
        return bound
    side = {"above": f">= {test.level:g}", "below": f"<= {test.level:g}", "within": f"within {test.level:g}"}[test.side]
    return f"{side} in {bound}"


def _csv(standings: Sequence[Standing]) -> str:
    """CSV: a row a test, and one for a claim without tests."""
    rows = list[dict[str, Any]]()
    for one in standings:
        claim = one.judgement.claim
        shared = {"claim": claim.name, "words": claim.claim, "source": claim.source, "study": claim.study}
        shared |= {"verdict": one.judgement.verdict, "basis": one.basis, "why": one.why, "digest": claim.digest}
        own = [_row(outcome) for outcome in one.judgement.outcomes]
        own = own or [_row_of_study(verdict) for verdict in one.judgement.of_study] or [{}]
        rows += [{**shared, **row} for row in own]
    return csv_text(CSV_COLUMNS, rows)


def _row(outcome: Outcome) -> dict[str, Any]:
    test, first = outcome.test, outcome.test.first
    row = {
        "test": test.says,
        **{name: getattr(test, name) for name in ("condition", "statistic", "expects", "threshold", "margin")},
        **({"level": test.level, "side": test.side} if test.statistic == "seeds" else {}),
        "tasks": "; ".join(first.tasks),
        "learners": "; ".join(first.learners),
        "sizes": "; ".join(map(str, first.sizes)),
        **{name: getattr(first, name) for name in ("split", "exposed", "metric")},
        "second": "; ".join(_difference(test)),
        **{name: getattr(outcome, name) for name in ("estimate", "low", "high", "p", "seeds")},
        "p_against": outcome.against,
        "p_equivalent": outcome.equivalent,
        "cells": len(outcome.cells),
        "flagged": len(outcome.flagged),
        "test_verdict": outcome.verdict,
    }
    return {name: "" if value is None or _is_nan(value) else value for name, value in row.items()}


def _row_of_study(one: StudyVerdict) -> dict[str, Any]:
    numbers = {name: getattr(one, name) for name in ("estimate", "low", "high")}
    row = {"test": one.statement, "statistic": one.detail, **numbers, "test_verdict": one.decision}
    return {name: "" if _is_nan(value) else value for name, value in row.items()}


def _difference(test: ClaimTest) -> Iterator[str]:
    """In which fields the second selection of a test differs from the first."""
    if test.second is not None:
        first = asdict(test.first)
        for name, value in asdict(test.second).items():
            if value != first[name]:
                text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
                yield f"{name.removesuffix('s') if name != 'tasks' else 'task'} {text}"


def _json(standings: Sequence[Standing], results: Results | None, committed: str | None) -> str:
    """JSON: `claims` with their tests and the keys of their cells, the commit of the file, and the provenance."""
    claims = []
    for one in standings:
        claim = one.judgement.claim
        tests = [{**asdict(outcome.test), **_found(outcome)} for outcome in one.judgement.outcomes]
        head = {name: getattr(claim, name) for name in ("name", "claim", "source", "study", "digest")}
        head |= {"predicts": dict(claim.predicts), "verdict": one.judgement.verdict, "basis": one.basis}
        of_study = [
            {name: None if _is_nan(value) else value for name, value in asdict(verdict).items()}
            for verdict in one.judgement.of_study
        ]
        found = {"post_hoc": list(one.post_hoc), "tests": tests, "study_verdicts": of_study}
        claims.append({**head, "why": one.why, **found})
    document = {
        "file": {"path": FILE, "commit": committed},
        "provenance": results.provenance if results else [],
        "claims": claims,
    }
    return json_text(document)


def _found(outcome: Outcome) -> dict[str, Any]:
    found = {name: getattr(outcome, name) for name in ("estimate", "low", "high", "p", "against", "equivalent")}
    plain = {name: None if _is_nan(value) else value for name, value in found.items()}
    rest = {"seeds": outcome.seeds, "verdict": outcome.verdict, "lacking": outcome.lacking}
    return {**plain, **rest, "cells": list(outcome.cells), "flagged": list(outcome.flagged)}


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
