"""The pages of the site, and writing them to a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from ...analysis.findings import StudyRun
from ...analysis.quality import TaskQuality
from ...engine.durable import write_file
from ...runs.probe_text import ProbeText
from ..atlas import AtlasReport
from ..claims import Standing
from ..escaping.files import file_names
from ..fingerprint import fingerprint_tables
from ..leaderboard import Leaderboard
from ..notes import MissingCells
from ..provenance import long_lines, short_line
from ..tables import Table, task_tables
from .curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of
from .grid import Grid, Link, grid_of, linked
from .learner import learner_page
from .overview import atlas_grids, board_grids, claim_views, quality_grid, ranking_grid, tasks_grid
from .studies import study_view

ROOT = files("grue.reports.page")

ASSETS = ("page.css", "page.js")

NAVIGATION = (
    ("index.html", "Board"),
    ("tasks.html", "Tasks"),
    ("learners.html", "Learners"),
    ("atlas.html", "Atlas"),
    ("claims.html", "Claims"),
    ("quality.html", "Quality"),
)


@dataclass(frozen=True)
class SiteData:
    """Everything that the site shows.

    points     the learning curves (`analysis.points.curve_points`)
    probes     probe examples with answers
    atlas      None where no two learners can be compared
    standings  the claims with verdicts
    qualities  of the tasks on the common scale
    studies    findings of studies
    """

    board: Leaderboard
    points: pd.DataFrame
    probes: Sequence[ProbeText]
    atlas: AtlasReport | None
    standings: Sequence[Standing]
    qualities: Sequence[TaskQuality]
    studies: Sequence[StudyRun] = ()


def write_site(data: SiteData, folder: Path) -> list[Path]:
    """Write the site; returns the paths of its files. Files of the same names are overwritten."""
    pages = render_site(data)
    for name, text in pages.items():
        write_file(folder / name, text.encode())
    return [folder / name for name in pages]


def render_site(data: SiteData) -> dict[str, str]:
    """The files of the site by their path in it."""
    board, catalogue = data.board, data.board.results.catalogue
    tasks = file_names(task.name for task in (*board.tasks, *board.riddles))
    learners = file_names(catalogue.learners)
    environment = _environment()
    navigation = (*NAVIGATION, ("studies.html", "Studies")) if data.studies else NAVIGATION
    shared = {"navigation": navigation, "source": short_line(board.results), "warnings": board.warnings}

    def page(template: str, name: str, **values: Any) -> None:
        depth = "../" * name.count("/")
        found[name] = environment.get_template(template).render(shared | {"root": depth, "here": name} | values)

    found: dict[str, str] = {}
    page(
        "index.html",
        "index.html",
        ranking=ranking_grid(board, linked(learners, "learners/")),
        boards=board_grids(board, linked(learners, "learners/"), linked(tasks, "tasks/")),
        provenance=long_lines(board.results),
        counts=_counts(data),
    )
    page("tasks.html", "tasks.html", grid=tasks_grid(board, linked(tasks, "tasks/")))
    page("learners.html", "learners.html", groups=_learner_groups(board, linked(learners, "learners/")))
    atlas = atlas_grids(data.atlas, linked(learners, "learners/")) if data.atlas else []
    page("atlas.html", "atlas.html", grids=atlas)
    page("claims.html", "claims.html", claims=claim_views(data.standings))
    page("quality.html", "quality.html", grid=quality_grid(data.qualities, board, linked(tasks, "tasks/")))
    to_learners, to_tasks = linked(learners, "../learners/"), linked(tasks, "../tasks/")
    tables = {table.label: table for table in task_tables(board, "")}
    riddles = dict(zip((one.name for one in board.riddles), fingerprint_tables(board), strict=True))
    missing = MissingCells(board.results)
    for task, name in tasks.items():
        table = tables.get(task) or riddles.get(task)
        page(
            "task.html",
            f"tasks/{name}.html",
            task=task,
            info=catalogue.tasks[task],
            status=board.listed.get(task, "riddle" if task in riddles else "not on the common scale"),
            grid=_values(table, to_learners) if table else None,
            chart=chart_of(data.points, catalogue, task) if task in tables else None,
            size={"w": WIDTH, "h": HEIGHT, "l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM},
            probes=[one for one in data.probes if one.task == task],
            kinds={label: one.kind for label, one in catalogue.learners.items()},
            link=to_learners,
            missing=missing.notes(task),
        )
    for label, name in learners.items():
        page("learner.html", f"learners/{name}.html", **learner_page(board, data.atlas, label, to_tasks, to_learners))
    if data.studies:
        views = [study_view(run, number) for number, run in enumerate(data.studies, 1)]
        page("studies.html", "studies.html", studies=views)
        found |= {view.file: view.figure for view in views if view.figure}
    return found | {name: (ROOT / "assets" / name).read_text(encoding="utf-8") for name in ASSETS}


def _values(table: Table, link: Link) -> Grid:
    grid = grid_of(table, "learner", link, name="values", filters=True)
    return replace(grid, caption="Values of every learner")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (ROOT / "templates" / name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(label: str) -> Markup:
    """A label, escaped, that lines may break after the marks between its parts."""
    return Markup(re.sub(r"([:,=])", r"\1<wbr>", str(escape(label))))  # noqa: S704 -- it is escaped


def _counts(data: SiteData) -> dict[str, int]:
    catalogue = data.board.results.catalogue
    return {
        "tasks": len(catalogue.by_task),
        "learners": len(catalogue.of_kind("learner")),
        "seeds": len(catalogue.seeds),
        "cells": len(catalogue.by_key),
    }


def _learner_groups(board: Leaderboard, link: Link) -> Mapping[str, list[dict[str, Any]]]:
    infos, pairs = board.results.catalogue.learners, board.results.catalogue.by_pair
    return {
        kind: [
            {
                "label": name,
                "href": link(name),
                "tasks": sum(learner == name for _, learner in pairs),
                "info": infos[name],
            }
            for name in names
        ]
        for kind, names in board.order.items()
        if names
    }
