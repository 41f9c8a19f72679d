"""Results with names and messages that are an attack, through every command that reports, in every format."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
from markdown_it import MarkdownIt

from grue.cli import main
from grue.engine.parquet import read_file, to_bytes
from grue.engine.printable import COLOUR, is_unseen
from grue.reports.escaping.spreadsheet import is_formula
from grue.reports.text import COLOURS
from grue.runs.bundle import write_bundle
from grue.runs.probe_answers import probe_table
from grue.runs.reading import read

Call = Callable[..., tuple[int, str, str]]

TASKS = {
    "identity-bits": "x}\\input{../canary}\\label{y\x1b[31m",
    "slabs": "../../slabs<script>alert(1)</script>$x_{$\u202e\x00",
    "riddle-position": "=cmd|' /C calc'!A0\n0 failed cells",
}
LEARNERS = {
    "mlp": '"><img src=x onerror=alert(1)>',
    "cnn": "[click](javascript:alert(1)) http://a.b/ **x** `c`|d",
    "forest": "\x1b]0;owned\x07\x9b2J\r",
    "boosting": "-1+cmd|' /C calc'!A0",
    "gp": "n" * 300,
    "lookup": "nul",
    "copy-all-but-frozen": "@SUM(A1) &lt;b&gt; <!-- --> ---",
}
MESSAGE = "wrong\x1b[2J\nno failures\u2028[a](http://b.c)"
invariant = pytest.mark.invariant(
    "No name or message of a result folder reaches a terminal, a page or a file as a command, whatever is reported."
)

COMMANDS: dict[str, list[str]] = {
    "leaderboard": ["text", "md", "csv", "json"],
    "leaderboard --summary": ["text", "md"],
    "table": ["tex", "md", "csv", "json"],
    "table --what task": ["tex", "md"],
    "table --what pairs": ["tex", "csv"],
    "table --what curves": ["tex", "md"],
    "explain": ["text", "md", "csv", "json"],
    "atlas --min-id 0.2": ["text", "md", "csv", "json"],
    "quality": ["text", "md", "csv"],
    "claims": ["text", "md", "csv", "json"],
    "scores": ["csv", "json"],
    "compare given": ["text", "md", "csv", "json"],
    "failures": [""],
    "cite": [""],
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed folder of three tasks with hostile names; the largest size of one learner failed."""
    folder = tmp_path_factory.mktemp("hostile") / "given"
    results = read(["reference/quick"]).of_tasks(list(TASKS))
    lost = [cell for cell in results.catalogue.cells if (cell.task, cell.learner) == ("identity-bits", "gp")][-2:]
    keys = [cell.key for cell in lost]
    failure = {
        "job": "a",
        "task": "identity-bits",
        "learner": "gp",
        "keys": keys,
        "cells": [{"size": 1, "exposed": 0, "seed": 0, "key": key} for key in keys],
        "kind": "error",
        "message": MESSAGE,
        "traceback": f"Traceback\n  in \x1b[7m f\n{MESSAGE}",
        "when": "\x1b[5m",
    }
    results.failures.append(failure)
    results.provenance[0]["command"] = "grue run \x1b[31m --name '<b>' -->\n$x_{$ \\end{document}"
    results.provenance[0]["commit"] = "1}, note = {\\input{../canary}"
    held = results.scores.loc[~results.scores["key"].isin(keys)]
    predictions = probe_table(["reference/quick"], {cell.key for cell in results.catalogue.cells})
    write_bundle(type(results)(**{**vars(results), "scores": held}), folder, predictions)
    names = TASKS | LEARNERS
    document = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(_renamed(document, names)))
    table, metadata = read_file(folder / "scores.parquet")
    for column in ("task", "learner"):
        values = pa.array([names.get(value, value) for value in table[column].to_pylist()], pa.string())
        table = table.set_column(table.column_names.index(column), column, values)
    (folder / "scores.parquet").write_bytes(to_bytes(table, _renamed(metadata, names)))
    return folder


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(name, name): _renamed(one, names) for name, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def here(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the results in `given`."""
    work = tmp_path / "outside" / "work"
    work.mkdir(parents=True)
    shutil.copytree(given, work / "given")
    monkeypatch.chdir(work)
    return work


def sound(text: str) -> None:
    assert not [sign for sign in text if is_unseen(sign) and sign not in "\n\t"]


@invariant
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_format(
    command: str, here: Path, call: Call, figure: Callable[[str, int], None]
) -> None:
    name, *options = command.split()
    for form in COMMANDS[command]:
        code, out, err = call(name, "given", *options, *(["--format", form] if form else []))
        assert code == 0, err
        sound(out + err)
        CHECKS.get(form, lambda _: None)(out)
        figure("outputs", 1)
    if name == "failures":
        assert [line for line in out.splitlines() if line.startswith("no failures")] == []  # pyright: ignore[reportPossiblyUnboundVariable]
    assert {path.name for path in here.parent.parent.rglob("*")} <= {"outside", "work", *FILES}


FILES = ("given", "plan.json", "scores.parquet", "answers.parquet", "predictions.parquet")


def _csv(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    for value in (value for row in rows for value in row if is_formula(value)):
        float(value)  # raises for what is no number


def _markdown(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    found = {token.type for token in [*tokens, *(one for token in tokens for one in token.children or ())]}
    assert not found & {"html_inline", "link_open", "image", "s_open", "code_inline", "fence", "code_block"}
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"<!--((?!-->).)*-->\n", block) for block in blocks)


def _tex(text: str) -> None:
    assert text.isascii()
    assert "\\input" not in re.sub(r"(?m)^%.*", "", text)
    assert re.findall(r"\\(?:label|ref)\{(?![a-z0-9:-]+\})", text) == []


CHECKS: dict[str, Callable[[str], Any]] = {
    "csv": _csv,
    "md": _markdown,
    "tex": _tex,
    "json": lambda text: json.loads(text, parse_constant=pytest.fail),
}


@invariant
def test_on_a_terminal_only_our_colours_are_printed(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["grue", "leaderboard", "given", "--summary"])
    monkeypatch.setattr("warnings.showwarning", None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(SystemExit):
        main()
    text = capsys.readouterr().out
    colours = set(COLOUR.findall(text))
    assert "\x1b[0m" in colours
    assert colours <= {"\x1b[0m", *(f"\x1b[{colour}m" for colour in COLOURS.values())}
    sound(COLOUR.sub("", text))
    assert (here / "given").is_dir()


@invariant
def test_figures_are_inside_their_folder_and_their_text_is_text(here: Path, call: Call) -> None:
    for more in ([], ["--what", "families", "--what", "id-ood", "--what", "ladder"]):
        code, out, err = call("plot", "given", "--output", "figures", *more)
        assert code == 0, err
        sound(out + err)
    drawn = [path for path in here.parent.parent.rglob("*.svg") if path.parent == here / "figures"]
    assert len(drawn) == len(list(here.parent.parent.rglob("*.svg"))) >= 6
    for path in drawn:
        sound(path.read_text(encoding="utf-8"))
        assert not [node for node in ET.parse(path).iter() if node.tag.endswith("script")]  # noqa: S314 -- our file


class Tags(html.parser.HTMLParser):
    """The tags of a page, with the attributes that name an address or hold code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@invariant
def test_the_page_has_no_tag_of_a_name_and_no_address_outside(here: Path, call: Call) -> None:
    code, _, err = call("page", "given", "-o", "site")
    assert code == 0, err
    pages = list((here / "site").rglob("*.html"))
    assert len(pages) == len(list(here.parent.parent.rglob("*.html"))) > len(TASKS)
    for path in pages:
        text = path.read_text(encoding="utf-8")
        sound(text)
        tags = Tags()
        tags.feed(text)
        images = {attributes.get("src") for tag, attributes in tags.found if tag == "img"}
        assert all(re.fullmatch(r"study-\d+\.svg", source or "") for source in images), "those of our studies"
        assert not [tag for tag, _ in tags.found if tag in ("iframe", "object", "b")], path
        for tag, attributes in tags.found:
            assert not [name for name in attributes if name.startswith("on")]
            address = attributes.get("href") or attributes.get("src") or ""
            assert re.fullmatch(r"(\.\./)*[A-Za-z0-9./-]*(#[\w-]*)?|data:,", address), (path, tag, address)
