"""Any text in any format: a parser of the format gives the text back, and finds nothing else in it."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jinja2
import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from matplotlib.figure import Figure

from grue.engine.printable import COLOUR, PrintableStream, is_unseen, printable, printable_lines
from grue.reports.escaping.figures import save_figure
from grue.reports.escaping.files import RESERVED, figure_file, file_names
from grue.reports.escaping.json_text import json_text
from grue.reports.escaping.latex import bibtex, commented, escape, label, running
from grue.reports.escaping.markdown import code_span, comment, markdown, markdown_line
from grue.reports.escaping.spreadsheet import csv_text, frame_text, is_formula
from grue.reports.page.site import _environment  # pyright: ignore[reportPrivateUsage] -- the environment of every page
from grue.reports.style import theme

PIECES = (
    "[a](javascript:alert(1))", "![a](x)", "[a]: http://x.y", "<script>alert(1)</script>", "<https://a.b>",
    "<a@b.c>", "&lt;", "&#27;", "http://a.b/c", "www.a.b", "a@b.c", "**bold**", "__x__", "a_b", "~~x~~", "$x$",
    "`code`", "``", "|", "\\", "\\|", "\\`", "-->", "---", "===", "# a", "> a", "1. a", "2) b", "- [ ] a", "+ a",
    "```", "    a", "\t", "\n", "\r\n", "\r", "\x1b[31m", "\x1b]8;;x\x07", "\x00", "\x7f", "\x85", "\x9b2J",
    "\u202e", "\u2028", "\u200b", "\ud800", "\N{NO-BREAK SPACE}", "漢字", "é", "=cmd|' /C calc'!A0", "+1", "-1+2",
    "@SUM(A1)", " =1", "'", '"', ",", ";", "\\input{x}", "}", "{", "%", "^^M", "^^5cinput", "$x_{$", "#1", "~", "?`",
    "--", "..", "/", "CON", "nul.txt", "a" * 300, "]", "[", ":", "!", "*", "_", " ",
)  # fmt: skip
ANY = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=5).map("".join)
many = settings(max_examples=150, deadline=None)
invariant = pytest.mark.invariant("A name or message shows up as text in every format, and nothing of it is executed.")

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
GFM_LINK = re.compile(r"(?<!\\):(?=//)|(?<!\\)(?<=mailto):|\bwww\.|(?<!\\)@(?=[\w-]+\.)", re.IGNORECASE)
"""What GitHub makes a link of, apart from the links of CommonMark."""


def plain(text: str) -> str:
    return printable(text).strip()


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def kinds(tokens: list[Token]) -> list[str]:
    return [token.type for token in tokens]


@invariant
@given(ANY)
@many
def test_nothing_unseen_is_left_and_what_is_seen_stays(text: str) -> None:
    shown = printable(text)
    assert not any(map(is_unseen, shown))
    assert printable(shown) == shown
    shown.encode()
    assert "".join(sign for sign in text if not is_unseen(sign)) in (text, *[text]) or len(shown) > len(text)
    lines = printable_lines(text)
    assert lines.count("\n") == text.count("\n")
    assert not any(is_unseen(sign) for sign in lines if sign != "\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@invariant
@given(ANY)
@many
def test_no_command_reaches_a_terminal_but_colours(text: str) -> None:
    file, terminal = io.StringIO(newline=""), Terminal(newline="")
    for stream in (file, terminal):
        PrintableStream(stream).write(text)
    assert not any(is_unseen(sign) for sign in file.getvalue() if sign not in "\n\t")
    assert not any(is_unseen(sign) for sign in COLOUR.sub("", terminal.getvalue()) if sign not in "\n\t")


@invariant
@given(ANY)
@example("a`|b")
@many
def test_markdown_in_a_line_a_heading_a_list_and_a_cell(text: str) -> None:
    line, within = markdown_line(text), markdown(text)
    assert "\n" not in line
    assert not GFM_LINK.search(line)
    for before, after, outer in (
        ("", "", ["paragraph_open", "inline", "paragraph_close"]),
        ("## ", "", ["heading_open", "inline", "heading_close"]),
        ("word  \n", "  \nword", ["paragraph_open", "inline", "paragraph_close"]),
    ):
        tokens = PARSER.parse(before + line + after)
        if line:
            assert kinds(tokens) == outer, line
        parts = [token for token in inline(tokens) if token.type not in ("hardbreak", "softbreak")]
        assert set(kinds(parts)) <= {"text"}, line
        assert "".join(token.content for token in parts).replace("word", "") == plain(text).replace("word", "")
    tokens = PARSER.parse(f"- {line}x")
    assert set(kinds(inline(tokens))) == {"text"}
    assert kinds(tokens).count("list_item_open") == 1
    tokens = PARSER.parse(f"| a | b |\n|---|---|\n| {within} | *x* |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert "".join(token.content for token in cells[2].children or ()) == plain(text)
    assert set(kinds(cells[2].children or [])) <= {"text"}


@invariant
@given(ANY)
@many
def test_markdown_as_code_and_as_a_comment(text: str) -> None:
    tokens = PARSER.parse(f"| a | b |\n|---|---|\n| {code_span(text)} | x |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    found, *more = cells[2].children or []
    assert not more
    assert (found.type, found.content.strip()) == ("code_inline", printable(text).strip())
    shown = comment(text)
    assert shown.index("-->") == len(shown) - 3
    assert "--!>" not in shown
    assert kinds(PARSER.parse(f"{shown}\n\nword"))[:2] == ["html_block", "paragraph_open"]


@invariant
@given(ANY, st.floats(), st.integers())
@many
def test_csv_gives_texts_back_and_numbers_stay_numbers(text: str, number: float, whole: int) -> None:
    rows = [{"a": text, "b": number, "c": whole}]
    # A data frame holds no lone surrogate.
    frame = pd.DataFrame([{**rows[0], "a": text.encode("utf-8", "backslashreplace").decode()}])
    for written in (csv_text(("a", "b", "c"), rows), frame_text(frame)):
        (head, (a, b, c)) = csv.reader(io.StringIO(written, newline=""), strict=True)
        assert head == ["a", "b", "c"]
        assert a.removeprefix("'") == printable(text).removeprefix("'")
        assert not is_formula(a)
        assert math.isnan(number) or float(b) == number
        assert int(c) == whole


@invariant
@given(ANY, st.floats())
@many
def test_json_gives_texts_back_and_has_no_number_that_is_none(text: str, number: float) -> None:
    written = json_text({text: [text, number]})
    assert written.isascii()
    assert not any(is_unseen(sign) for sign in written if sign != "\n")
    ((name, (value, found)),) = json.loads(written, parse_constant=pytest.fail).items()
    assert name == value == text.encode("utf-8", "backslashreplace").decode()
    assert found == number if math.isfinite(number) else found is None


@invariant
@given(ANY)
@many
def test_html_as_text_and_in_an_attribute(text: str) -> None:
    page = _environment().from_string('<p title="{{ x }}">{{ x }}</p><b>{{ x|breakable }}</b>').render(x=text)
    found = re.fullmatch(r'<p title="([^"<>]*)">([^<>]*)</p><b>(.*)</b>', page, re.DOTALL)
    assert found
    assert html.unescape(found[1]) == html.unescape(found[2]) == html.unescape(jinja2.filters.escape(text))
    assert "<" not in found[3].replace("<wbr>", "")


@invariant
@given(ANY)
@many
def test_latex_is_ascii_and_has_no_command_of_the_text(text: str) -> None:
    for written in (escape(text), running(text), bibtex(text)):
        assert written.isascii()
        assert written.isprintable()
    # What is left without the commands of ours has no character that is special to LaTeX.
    ours = (
        r"\\[A-Za-z]+(?:\{\}|\{[A-Za-z]\}|\{\\[ij]\})?",  # \textbackslash{}, \c{c}
        r"\\[`'^~\"=.]\{[A-Za-z\\]+\}",  # \'{e}
        r"\\[&%$#_{}]|\$[^$]*\$|\{[-\[*]\}",
    )
    bare = re.sub("|".join(ours), "", escape(text))
    assert not re.search(r"[\\%$#&{}^_]", bare), bare
    assert re.fullmatch(r"tab:[a-z0-9-]*", label("tab:", text))
    assert all(re.fullmatch(r"% [ -~]*", line) for line in commented([text]))
    depth = 0
    for sign in bibtex(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0


@invariant
@given(st.lists(ANY, max_size=6, unique=True))
@many
def test_names_of_files_differ_and_stay_in_their_folder(texts: list[str]) -> None:
    names = list(file_names(texts).values())
    assert len(set(names)) == len(texts)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", name) and name not in RESERVED for name in names)
    for name in map(figure_file, texts):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_=,.+-]{0,149}", name)
        assert not name.endswith(".")
        assert name.partition(".")[0].lower() not in RESERVED


def test_names_of_files_that_were_documented_stay() -> None:
    assert figure_file("maze-graph:length=5") == "maze-graph-length=5"
    assert figure_file("module:Task") == "module-Task"
    assert figure_file("variables:far_links=3/4,links=1/2") == "variables-far_links=3-4,links=1-2"


@invariant
@given(ANY)
@settings(max_examples=25, deadline=None)
@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
def test_text_of_a_figure_is_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with mpl.rc_context(theme()):
        figure = Figure()
        figure.text(0.1, 0.5, text)
    path = tmp_path_factory.mktemp("figure") / "a.svg"
    save_figure(figure, path, "svg")
    tree = ET.parse(path)  # noqa: S314 -- our own file
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))
    written = "".join("".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "".join(written.split()) == "".join(printable(text, "\n").split())


@invariant
def test_files_of_hostile_names_are_inside_their_folder(tmp_path: Path, figure: Callable[[str, Any], None]) -> None:
    for text in PIECES:
        (tmp_path / f"{figure_file(text)}.svg").write_bytes(b"")
        (tmp_path / f"{file_names([text])[text]}.html").write_bytes(b"")
    assert {path.parent for path in tmp_path.rglob("*")} == {tmp_path}
    figure("hostile texts", len(PIECES))
