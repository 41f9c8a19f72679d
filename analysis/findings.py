"""What a study found: tables, verdicts with intervals, and published figures beside ours; and of which run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Decision = Literal["supported", "contradicted", "equivalent", "not decided"]


@dataclass(frozen=True)
class Verdict:
    """What a study says about one statement.

    statement  in words, such as "the error of a forest peaks where it begins to interpolate"
    estimate   of the statistic, with its 95 % interval [low, high]; nan where there is none
    detail     how it was decided: the statistic, the threshold, the number of seeds or samples
    claim      name of the registered claim (runs/claims/claims.toml) of which the statement is the whole or a part;
               a claim that several verdicts name holds if all of them are supported
    """

    statement: str
    decision: Decision
    estimate: float
    low: float
    high: float
    detail: str
    claim: str = ""


@dataclass(frozen=True)
class Published:
    """A published figure beside ours (docs/science.md).

    agrees  None: not comparable, and `note` says why
    """

    figure: str
    source: str
    published: str
    ours: str
    agrees: bool | None
    note: str = ""


@dataclass(frozen=True)
class Findings:
    """What the analysis of a study gives: tables by title, verdicts, published figures beside ours."""

    tables: Mapping[str, pd.DataFrame]
    verdicts: tuple[Verdict, ...]
    published: tuple[Published, ...] = ()


@dataclass(frozen=True)
class StudyRun:
    """The findings of one run of a study, and where they come from.

    scale       how much was computed: quick, default or full
    version     of the study
    provenance  the distinct records of its jobs: versions, commit, machine, command
    analysed    the commit of the code that analysed the rows; "" where it is not known
    """

    study: str
    question: str
    scale: str
    version: int
    provenance: tuple[Mapping[str, Any], ...]
    analysed: str
    findings: Findings

    @property
    def commits(self) -> list[str]:
        """The commits that its jobs were run at, in order; "" where none is recorded."""
        return sorted({str(one.get("commit") or "") for one in self.provenance})
