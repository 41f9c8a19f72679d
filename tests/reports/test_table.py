"""Tables for papers: what is in them, that they load with one call of pandas, and what macros are called."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from grue.cli import app
from grue.reports.escaping.latex import escape, running, width, wrapped
from grue.reports.paper.bibliography import bibliography, references
from grue.reports.paper.content import base_of
from grue.reports.paper.formats import WHAT, make_sheets, render_sheets
from grue.reports.paper.layout import WIDTHS, lay_out
from grue.reports.paper.macros import macro_name, macros
from grue.reports.paper.sheet import Cell, Figure, Sheet
from grue.runs.results import Results

SCORES = ("summary", "task", "curves", "exposure")


CACHE: dict[str, list[Sheet]] = {}


def sheets_of(results: Results, what: str) -> list[Sheet]:
    """The sheets of the results of conftest.py, which are always the same."""
    if what not in CACHE:
        CACHE[what] = make_sheets(results, what, {})
    return CACHE[what]


def cells_of(sheet: Sheet, learner: str) -> list[Cell]:
    row = next(row for block in sheet.blocks for row in block.rows if row.label == learner)
    return [cell for own in row.cells for cell in own]


def test_the_summary_has_the_scores_at_the_largest_size(results: Results) -> None:
    (sheet,) = sheets_of(results, "summary")
    assert [column.head for column in sheet.columns] == ["identity", "scramble", "maze"]
    assert [cell.text for cell in cells_of(sheet, "mlp")] == ["97", "0", "80", "40", "60", "10"]
    assert [cell.text for cell in cells_of(sheet, "forest")][-2:] == ["n/a", "n/a"]
    assert [cell.text for cell in cells_of(sheet, "best heuristic")] == ["100", "0", "–", "–", "80", "10"]
    assert "mean over 3 seeds" in sheet.caption
    assert "grue 0.1.0" in sheet.caption


def test_bold_is_the_best_and_never_a_control(results: Results) -> None:
    (sheet,) = sheets_of(results, "summary")
    bold = {row.label: [cell.bold for own in row.cells for cell in own] for block in sheet.blocks for row in block.rows}
    assert bold["cnn"][:2] == [True, True]
    assert bold["mlp"][:2] == [True, False]  # the same curve ID: no difference
    assert not any(bold["oracle"] + bold["lookup"] + bold["best heuristic"])


def test_cells_that_did_not_fit_are_marked_and_not_bold(results: Results) -> None:
    scores = results.scores.copy()
    scores.loc[scores["learner"] == "cnn", "status"] = "budget"
    (sheet,) = make_sheets(replace(results, scores=scores), "summary", {})
    assert cells_of(sheet, "cnn")[0].marks.startswith("†")
    assert not any(cell.bold for cell in cells_of(sheet, "cnn"))
    assert any("not tested" in note for note in sheet.notes)


@pytest.mark.parametrize("what", SCORES)
def test_one_seed_has_no_test_and_no_bold(build_results: Callable[..., Results], what: str) -> None:
    for sheet in make_sheets(build_results(1, errors=0.01), what, {}):
        assert not any(cell.bold for block in sheet.blocks for row in block.rows for own in row.cells for cell in own)
        assert "1 seed, hence no test" in sheet.caption


def test_one_learner_has_nothing_to_be_better_than(results: Results) -> None:
    (sheet,) = make_sheets(results, "summary", {}, ["mlp"])
    assert [row.label for block in sheet.blocks for row in block.rows] == ["mlp"]
    assert not any(cell.bold for cell in cells_of(sheet, "mlp"))


@pytest.mark.parametrize(("what", "why"), [("factors", "same two views"), ("pairs", "two learners")])
def test_what_there_is_nothing_to_show_of_says_why(results: Results, what: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_sheets(results, what, {}, ["mlp"])


@pytest.mark.parametrize("what", [*SCORES, "pairs"])
def test_csv_and_json_load_with_one_call_and_agree(results: Results, what: str, tmp_path: Path) -> None:
    sheets = sheets_of(results, what)
    for form in ("csv", "json"):
        (tmp_path / f"table.{form}").write_text(render_sheets(sheets, results, form, "text", ""), encoding="utf-8")
    table, document = pd.read_csv(tmp_path / "table.csv"), pd.read_json(tmp_path / "table.json")
    assert list(table.columns) == list(document.columns)
    assert len(table) == len(document) == sum(len(sheet.records) for sheet in sheets)
    for name in table.columns:
        assert list(table[name].isna()) == list(document[name].isna()), name
        kept = table[name].notna()
        if pd.api.types.is_float_dtype(table[name]):
            assert list(table.loc[kept, name]) == pytest.approx(list(document.loc[kept, name]))
        else:
            assert list(table.loc[kept, name]) == list(document.loc[kept, name])


def test_the_tidy_rows_of_curves_are_the_means_of_the_scores(results: Results) -> None:
    text = render_sheets(sheets_of(results, "curves"), results, "csv", "text", "")
    table = pd.read_csv(io.StringIO(text)).set_index(["task", "learner", "split", "size"])
    assert table.loc[("scramble-bag", "mlp", "ood", 64), "value"] == pytest.approx(0.92)


def test_a_name_that_a_spreadsheet_would_run_has_an_apostrophe(results: Results) -> None:
    sheets = [replace(sheet, records=({"task": "=1+1", "value": -0.5},)) for sheet in sheets_of(results, "summary")]
    table = pd.read_csv(io.StringIO(render_sheets(sheets, results, "csv", "text", "")))
    assert list(table["task"]) == ["'=1+1"]
    assert list(table["value"]) == [-0.5]


@pytest.mark.parametrize("what", [*SCORES, "pairs"])
@pytest.mark.parametrize("kind", sorted(WIDTHS))
def test_a_layout_loses_no_cell(results: Results, what: str, kind: str) -> None:
    for sheet in sheets_of(results, what):
        whole = [cell for block in sheet.blocks for row in block.rows for own in row.cells for cell in own]
        parts = [part for one in lay_out(sheet, kind).floats for part in one]
        placed = [cell for part in parts for group in part.groups for line in group for cell in line.cells]
        assert sorted(map(str, whole)) == sorted(map(str, placed))


@pytest.mark.parametrize("what", [*SCORES, "pairs"])
def test_every_format_ends_with_a_newline_and_names_the_command(results: Results, what: str) -> None:
    sheets = sheets_of(results, what)
    for form in ("tex", "md", "csv", "json"):
        text = render_sheets(sheets, results, form, "column", "grue table --what x")
        assert text.endswith("\n")
        assert text == render_sheets(sheets, results, form, "column", "grue table --what x")
    assert "% Printed by: grue table --what x" in render_sheets(sheets, results, "tex", "text", "grue table --what x")


def test_latex_is_ascii_and_rows_have_as_many_cells_as_columns(results: Results) -> None:
    text = render_sheets(sheets_of(results, "summary"), results, "tex", "text", "")
    assert text.isascii()
    tabulars = re.findall(r"\\begin\{tabular\}\{@\{\}(l?r+)(?:@\{\})?\}\n(.*?)\\end\{tabular\}", text, flags=re.DOTALL)
    for columns, body in tabulars:
        rows = [line for line in body.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert {len(re.split(r"(?<!\\)&", line)) for line in rows} == {len(columns)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b%&#{}", r"a\_b\%\&\#\{\}"),
        ("-14", "$-$14"),
        ("--x", "{-}{-}x"),
        ("12 ± 3", r"12 $\pm$ 3"),
        ("é", r"\'{e}"),
        ("漢", "{[}U+6F22]"),
        ("[-1, 2]", "{[}$-$1, 2]"),
    ],
)
def test_text_is_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_a_long_word_may_be_broken_and_no_line_is_wider_than_the_limit() -> None:
    assert running("x" * 50).count(r"\allowbreak{}") == 2
    for text in ("W" * 40, "a:b,c d", "transformer:encoding=value,depth=3", ""):
        lines = wrapped(text, 5)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(width(line) <= 5 for line in lines)


def test_a_variant_is_indented_below_its_base_alone() -> None:
    learners = ["cnn", "cnn:depth=5", "cnn:depth=6", "mlp", "cnn:view=untied"]
    assert [base_of(name, learners) for name in learners] == ["", "cnn", "cnn", "", ""]


def test_macro_names_are_letters_and_distinct_by_law() -> None:
    one, two, other = (
        Figure(("s", "a-b"), "1"),
        Figure(("s", "a_b"), "2"),
        Figure(("s", "cnn:depth=5"), "-3", ("budget",)),
    )
    assert macro_name(other) == "grueSCnnDepthFive"
    sheet = Sheet("x", "", "", "", (), (), (), figures=(one, two, other))
    lines = macros([sheet], ["made by"]).splitlines()
    names = re.findall(r"newcommand\{\\([^}]*)\}", "\n".join(lines))
    assert all(name.isalpha() and name.isascii() for name in names)
    assert len(set(names)) == 3
    assert lines[-1] == r"\newcommand{\grueSCnnDepthFive}{\ensuremath{-}3} % budget"
    assert names[0] in macros([replace(sheet, figures=(two, one))], [])


def test_macros_have_the_figures_of_the_table(results: Results) -> None:
    text = macros(sheets_of(results, "summary"), [])
    assert r"\newcommand{\grueSummaryScrambleBagMlpOod}{40}" in text
    assert len(re.findall("newcommand", text)) == len(set(re.findall(r"\\grue\w+", text)))


def test_every_reference_is_complete_and_used() -> None:
    known = references()
    used = {
        key for what in ("families", "tasks", "learners", "statistics") for keys in known[what].values() for key in keys
    }
    assert used == set(known["entries"])
    for entry in known["entries"].values():
        venue = {"journal", "booktitle", "publisher", "howpublished"} & set(entry)
        assert {"type", "author", "title", "year"} <= set(entry)
        assert len(venue) == 1
        assert all(value.count("{") == value.count("}") for value in map(str, entry.values()))


def test_what_was_used_is_cited_once(results: Results) -> None:
    text = bibliography(results)
    assert text.count("@") == len(re.findall(r"^@\w+\{", text, flags=re.MULTILINE))
    assert "@misc{grue," in text
    assert "version 0.1.0" in text
    assert text.count("{breiman2001,") == 1
    assert "marcus1998" in text
    assert "chen2016" not in text
    assert "without a source of their own: task scramble-bag" in text


def test_the_commands_print_the_reference_and_refuse_what_they_cannot_show(tmp_path: Path) -> None:
    runner = CliRunner()
    macro_file = tmp_path / "macros.tex"
    done = runner.invoke(
        app, ["table", "--family", "identity", "--learner", "mlp", "--learner", "cnn", "--macros", str(macro_file)]
    )
    assert done.exit_code == 0, done.output
    assert r"\toprule" in done.output
    assert r"\grueSummaryIdentityBitsCnnOod" in macro_file.read_text()
    assert runner.invoke(app, ["cite", "--task", "identity-bits"]).exit_code == 0
    refused = runner.invoke(app, ["leaderboard", "reference", "--format", "tex"])
    assert refused.exit_code == 2
    assert "grue table" in refused.output
    assert "did you mean" in str(runner.invoke(app, ["table", "--learner", "mpl"]).exception)
    assert set(WHAT) >= {"summary", "task", "curves", "exposure", "pairs", "factors"}
