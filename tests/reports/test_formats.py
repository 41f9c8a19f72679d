"""What a reader or a program finds in each format."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from grue.reports.formats import FORMATS, render
from grue.reports.leaderboard import make_leaderboard, summary_of
from grue.reports.provenance import long_lines, short_line
from grue.runs.results import Results


def row(text: str, table: str, learner: str) -> list[str]:
    """The cells of a learner's row in the Markdown table under a heading."""
    below = text.split(f"{table}\n", 1)[1]
    line = next(line for line in below.splitlines() if line.startswith(f"| {learner} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_markdown_opens_with_the_ranking_and_has_the_board_and_the_families_next(results: Results) -> None:
    text = render(make_leaderboard(results), "md")
    assert text.startswith("## Ranking by OOD\n")
    assert row(text, "## Leaderboard", "mlp")[1:] == ["97/0", "80/40", "60/10"]
    assert row(text, "### By family", "cnn")[1] == "0.86 ± 0.13 ¶"
    assert row(text, "### By family", "forest")[-2:] == ["n/a", "n/a"]


def test_markdown_marks_censored_missing_and_refused_figures(results: Results) -> None:
    text = render(make_leaderboard(results), "md")
    identity = "### identity-bits (family identity)"
    assert row(text, identity, "mlp")[6:9] == ["256", ">1024", "64 [64,64]"]
    assert row(text, identity, "linear")[8] == ">64 ◇9/9"
    assert row(text, "### maze-graph (family maze)", "forest")[1:] == ["n/a"] * 9
    assert "n/a: forest: too many targets for a_tree & co." in text


def test_markdown_explains_every_symbol_it_uses_and_no_other(results: Results) -> None:
    text = render(make_leaderboard(results), "md")
    for table in re.split(r"^#+ ", text, flags=re.MULTILINE)[1:-1]:
        grid = "\n".join(line for line in table.splitlines() if line.startswith("|"))
        legend = {line[0] for line in table.splitlines() if line[:1] in "†‡◇§¶∥°" and line}
        assert legend == set(re.findall("[†‡◇§¶∥°]", grid))


def test_markdown_tables_are_aligned(results: Results) -> None:
    text = render(make_leaderboard(results), "md")
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({len(line) for line in block.splitlines()}) == 1


def test_provenance_closes_every_markdown_table(results: Results) -> None:
    text = render(make_leaderboard(results), "md")
    assert text.count("*Made by grue 0.1.0, commit 0123456789ab; seeds 0-2; grue run --preset quick.*") == 8
    assert "- Versions: grue 0.1.0, python 3.11.7, numpy 2.4.6, torch 2.13.0" in text


def test_markdown_labels_an_interval_within_the_cell(build_results: Callable[..., Results]) -> None:
    text = render(make_leaderboard(build_results(1, errors=0.01)), "md")
    assert row(text, "### identity-bits (family identity)", "mlp")[1] == "0.69 ± 0.02 °"
    assert "° one seed only" in text


def test_a_warning_is_the_first_thing_to_be_read(results: Results) -> None:
    other = {**results.provenance[0], "versions": {"torch": "2.12.0"}}
    text = render(make_leaderboard(replace(results, provenance=[*results.provenance, other])), "md")
    assert text.startswith("> **Warning: mixed versions of torch: 2.13.0, 2.12.0**")


def test_csv_and_json_hold_the_same_figures(results: Results) -> None:
    board = make_leaderboard(results)
    from_csv = pd.read_csv(io.StringIO(render(board, "csv")), keep_default_na=False, na_values={"value": [""]})
    document = json.loads(render(board, "json"))
    from_json = pd.DataFrame(document["entries"])
    assert from_csv["value"].to_numpy() == pytest.approx(from_json["value"].to_numpy(dtype=float), nan_ok=True)
    assert from_csv["flags"].tolist() == from_json["flags"].tolist()
    assert set(from_csv["provenance"]) == {
        "Made by grue 0.1.0, commit 0123456789ab; seeds 0-2; grue run --preset quick"
    }
    assert document["provenance"] == results.provenance
    assert document["tasks"]["maze-graph"]["ood"] == "far"


def asked_for_some_tasks(results: Results, name: str) -> Results:
    """Add a learner like mlp that takes part in scramble-bag alone."""
    own = results.scores[(results.scores["task"] == "scramble-bag") & (results.scores["learner"] == "mlp")]
    scores = pd.concat([results.scores, own.assign(learner=name, key=own["key"] + name)])
    catalogue = results.catalogue
    more = [replace(cell, learner=name, key=cell.key + name) for cell in catalogue.by_pair["scramble-bag", "mlp"]]
    learners = {**catalogue.learners, name: catalogue.learners["mlp"]}
    catalogue = replace(catalogue, cells=(*catalogue.cells, *more), learners=learners)
    return replace(results, scores=scores, catalogue=catalogue)


def test_a_learner_that_was_not_planned_has_a_dash_and_one_that_is_not_applicable_says_so(results: Results) -> None:
    text = render(make_leaderboard(asked_for_some_tasks(results, "mlp:width=64")), "md")
    assert row(text, "## Leaderboard", "mlp:width=64")[1:] == ["–", "80/40", "–"]
    assert row(text, "## Leaderboard", "forest")[3] == "n/a"
    board = text.split("## Leaderboard")[1].split("###")[0]
    names = [line.split("|")[1].strip() for line in board.splitlines() if line.startswith("|")]
    assert names.index("mlp:width=64") < names.index("*controls*")
    assert "–: not planned." in board
    assert "mlp:width=64" not in text.split("### maze-graph")[1].split("###")[0]


def test_a_planned_cell_that_is_not_there_is_not_run_rather_than_not_planned(results: Results) -> None:
    results = asked_for_some_tasks(results, "mlp:width=64")
    gone = replace(results, scores=results.scores[results.scores["learner"] != "mlp:width=64"])
    found = row(render(make_leaderboard(gone), "md"), "## Leaderboard", "mlp:width=64")
    assert found[1:] == ["–", "not run", "–"]


@pytest.mark.parametrize(("kind", "word"), [("timeout", "timeout"), ("error", "failed"), ("crash", "failed")])
def test_a_size_that_was_asked_for_and_failed_says_so(results: Results, kind: str, word: str) -> None:
    cells = results.catalogue.by_pair["maze-graph", "cnn"]
    keys = [cell.key for cell in cells if cell.size == 1024]
    scores = results.scores[~results.scores["key"].isin(keys)]
    failure = {"task": "maze-graph", "learner": "cnn", "keys": keys, "kind": kind, "message": "no"}
    text = render(make_leaderboard(replace(results, scores=scores, failures=[failure])), "md")
    assert row(text, "## Leaderboard", "cnn")[3] == word
    found = row(text, "### maze-graph (family maze)", "cnn")
    assert found[3:6] == [word, word, word]
    assert f"failed: cnn, {len(keys)} cells: {kind}: no" in text


def test_heuristics_that_have_not_been_run_are_not_unplanned(results: Results) -> None:
    scores = results.scores[results.scores["learner"] != "all-but-frozen"]
    text = render(make_leaderboard(replace(results, scores=scores)), "md")
    assert row(text, "## Leaderboard", "best heuristic")[1] == "not run"


def test_the_board_flags_what_was_not_fitted_at_the_largest_size_and_no_other(results: Results) -> None:
    text = render(summary_of(make_leaderboard(results)), "text")
    scores = results.scores
    assert set(scores.loc[scores["status"] == "capacity", "learner"]) == {"linear"}
    flagged = [line.split()[0] for line in text.splitlines() if "◇" in line and "/" in line]
    assert flagged == ["linear"]


def test_the_board_in_text_fits_a_terminal_and_more_than_eight_tasks_make_two_tables(results: Results) -> None:
    catalogue = results.catalogue
    names = [f"another-long-name-{number}:with=parameters" for number in range(7)]
    more = [
        replace(cell, task=name, key=cell.key + name)
        for name in names
        for cell in catalogue.cells
        if cell.task == "identity-bits"
    ]
    tasks = {**catalogue.tasks, **dict.fromkeys(names, catalogue.tasks["identity-bits"])}
    catalogue = replace(catalogue, tasks=tasks, cells=(*catalogue.cells, *more))
    text = render(summary_of(make_leaderboard(replace(results, catalogue=catalogue))), "text")
    assert text.count("Leaderboard, part") == 2
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_summary_holds_the_board_alone_and_says_where_it_comes_from(results: Results, form: str) -> None:
    text = render(summary_of(make_leaderboard(results)), form)
    assert "overall" not in text
    assert "fit seconds" not in text
    assert "identity" in text
    assert "grue run --preset quick" in text


def test_a_summary_in_markdown_is_the_ranking_and_one_table_with_the_whole_provenance_in_one_line(
    results: Results,
) -> None:
    text = render(summary_of(make_leaderboard(results)), "md")
    assert text.count("## ") == len(["ranking", "board"])
    assert text.splitlines()[-1] == (
        "*Command: grue run --preset quick; seeds 0-2; commit: 0123456789abcdef; versions: grue 0.1.0, python 3.11.7, "
        "numpy 2.4.6, torch 2.13.0; machine: processor 8-core x86_64, system Linux.*"
    )


def test_without_a_task_on_the_common_scale_there_is_no_summary(results: Results) -> None:
    catalogue = results.catalogue
    tasks = {name: replace(task, metric="accuracy", ranked=False) for name, task in catalogue.tasks.items()}
    with pytest.raises(ValueError, match=r"none of the tasks is on the common scale \(identity-bits"):
        summary_of(make_leaderboard(replace(results, catalogue=replace(catalogue, tasks=tasks))))


def test_markdown_shows_signs_that_it_would_read_as_marks(results: Results) -> None:
    results.failures[0]["message"] = "<class 'list'> has no *args, __init__ or a_name | `x`"
    text = render(make_leaderboard(results), "md")
    assert r"\<class 'list'> has no \*args, \_\_init\_\_ or a_name \| \`x\`." in text


def test_provenance_of_many_runs_stays_short(results: Results) -> None:
    runs = [
        {**results.provenance[0], "commit": f"{number}" * 12, "command": f"grue run --seeds {number}"}
        for number in range(1, 6)
    ]
    mixed = replace(results, provenance=runs)
    assert short_line(mixed) == (
        "Made by grue 0.1.0, commits 111111111111, 222222222222, 333333333333 and 2 more; seeds 0-2; "
        "grue run --seeds 1; and 4 other commands"
    )
    assert "Commands: grue run --seeds 1; grue run --seeds 2; " in long_lines(mixed)[0]
    assert len(long_lines(mixed)) == len(long_lines(results))


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_ends_with_a_newline_and_does_not_change(results: Results, form: str) -> None:
    text = render(make_leaderboard(results), form)
    assert text.endswith("\n")
    assert text == render(make_leaderboard(results), form)


def test_an_unknown_format_is_refused_with_those_there_are(results: Results) -> None:
    with pytest.raises(ValueError, match="unknown format 'html'; expected one of text, md, csv, json"):
        render(make_leaderboard(results), "html")
