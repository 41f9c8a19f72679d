"""The command line `grue`: one file a command, put together here.

May import: tasks, learners, metrics, runs, engine, analysis, reports, studies; most of them inside the command.
"""

from __future__ import annotations

import gc
import sys
import warnings
from typing import Annotated

import typer

from .. import __version__
from ..engine.errors import UnreadableWarning
from ..engine.printable import PrintableStream, printable
from . import faults
from .atlas import atlas
from .cite import cite
from .claims import claims
from .compact import compact
from .compare import compare
from .decompose import decompose
from .doctor import doctor
from .encoding import make_readable
from .explain import explain
from .export import export
from .failures import failures
from .forget import forget
from .import_ import import_
from .leaderboard import leaderboard
from .listing import listing
from .merge import merge
from .page import page
from .plot import plot
from .quality import quality
from .rules import rules
from .run import run
from .scores import scores
from .show import show
from .study import studies
from .table import table
from .verify import verify

EXIT_CODES = (
    "Exit codes: 0 all cells are done or not applicable (n/a); 1 some cells failed (grue failures DIR shows the errors)"
    " or are missing, a file could not be read and was skipped, or a check found a problem (compare --fail-on, doctor, "
    "merge, verify); 2 the command is invalid or "
    "cannot continue; 130 interrupted by Ctrl-C, repeat the command to continue."
)

app = typer.Typer(
    name="grue",
    help="Contrast the inductive biases of learning algorithms: which rule does a learner infer when several rules "
    "fit its training data?",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command("list")(listing)
app.command()(leaderboard)
app.command()(table)
app.command()(cite)
app.command()(scores)
app.command()(plot)
app.command()(page)
app.command()(quality)
app.command()(decompose)
app.command()(compare)
app.command()(claims)
app.command()(explain)
app.command()(atlas)
app.command()(show)
app.command()(export)
app.command("import")(import_)
app.command()(rules)
app.command()(failures)
app.command()(forget)
app.command()(merge)
app.command()(compact)
app.command()(verify)
app.command()(doctor)
app.add_typer(studies, name="study")


def _print_version(value: bool) -> None:  # noqa: FBT001 -- typer calls it
    if value:
        print(f"grue {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: FBT002 -- its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command line; an error that a person can mend is one line on standard error, with exit code 2.

    A command that skipped a file which it could not read ends with exit code 1. With GRUE_TRACEBACK=1 in the
    environment, an error is shown with its traceback.
    """
    streams = sys.stdout, sys.stderr
    make_readable(*streams)
    sys.stdout, sys.stderr = map(PrintableStream, streams)
    sys.excepthook = faults.print_traceback
    try:
        code = _run()
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":
            code = 0  # typer put it there, since the reader of our output, `head` say, has seen enough
        sys.exit(faults.flushed(streams, code))
    finally:
        sys.stdout, sys.stderr = streams


def _run() -> int | str | None:
    """Run the command and print what went wrong; returns the exit code."""
    gc.set_threshold(100_000, 50, 100)  # else a tenth of the time of a plan of 10^5 cells goes into looking for garbage
    shown: dict[str, type[Warning]] = {}

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        # a line for the reader, once, without the place in our code
        if str(message) not in shown:
            kind = "skipped" if issubclass(category, UnreadableWarning) else "warning"
            print(f"grue: {kind}: {printable(str(message))}", file=sys.stderr)
        shown[str(message)] = category

    warnings.showwarning = show
    try:
        faults.refuse_empty(sys.argv[1:])
        app()
    except SystemExit as end:
        skipped = any(issubclass(category, UnreadableWarning) for category in shown.values())
        return end.code or int(skipped)
    except Exception as error:
        line = faults.line_of(error)
        if line is None or faults.wanted():
            raise
        print(f"grue: {printable(line)}", file=sys.stderr)
    return 2
