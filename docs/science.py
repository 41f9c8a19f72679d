"""Run all studies, pack their findings, and write docs/science.md and the figures of studies: `make science`.

python docs/science.py [--quick|--full] [NAME...]   run what is missing in results/local/NAME, then pack
python docs/science.py --pack [NAME...]             pack results/local/NAME/findings.json as it is, run nothing
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from typer.testing import CliRunner

from grue.cli import app
from grue.reports.science import write_science
from grue.reports.study_files import DIGITS, packed_runs, read_run, to_json
from grue.studies.catalogue import STUDIES

ROOT = Path(__file__).parents[1]
LOCAL, PACKED = ROOT / "results" / "local", ROOT / "results" / "reference" / "studies"


def main(arguments: Sequence[str]) -> None:
    """Run or read the studies and write everything that is made of their findings; RuntimeError if one fails."""
    pack_only, scale = "--pack" in arguments, [one for one in arguments if one in ("--quick", "--full")]
    for name in [one for one in arguments if not one.startswith("--")] or list(STUDIES):
        folder = LOCAL / name
        if not pack_only:
            command = ["study", name, *scale]
            done = CliRunner().invoke(app, command)
            if done.exit_code:
                raise RuntimeError(f"grue {' '.join(command)} ended with exit code {done.exit_code}: {done.output}")
        PACKED.mkdir(parents=True, exist_ok=True)
        (PACKED / f"{name}.json").write_text(to_json(read_run(folder), digits=DIGITS), encoding="utf-8")
        sys.stdout.write(f"packed {name}\n")
    packed = packed_runs(PACKED)
    for path in write_science([packed[name] for name in STUDIES if name in packed], ROOT / "docs"):
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
