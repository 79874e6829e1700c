"""``python -m tools.coverage``: run tests under coverage, print both packages' figures and what is not reached.

``--data FILE`` measures nothing and reads what a run of the tests has left: ``pytest --cov`` writes ``.coverage``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tools.coverage.figures import BRANCHES, LINES, PACKAGES, Figures, figures_of

#: Tests of other folders run in processes of their own, or are about the product and its offices.
FOLDERS: Final = ("tests/unit", "tests/flow", "tests/vectors", "tests/negative", "tests/tear", "tests/fuzz")
_ROOT: Final = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where both packages are at or above both bars, 1 where not, 2 where the tests fail."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.coverage",
        description=f"Bars: {LINES:.0%} of lines and {BRANCHES:.0%} of branches of {' and '.join(PACKAGES)}.",
    )
    parser.add_argument(
        "folders", nargs="*", default=FOLDERS, help=f"of tests (default: {' '.join(FOLDERS)})"
    )
    parser.add_argument("--data", type=Path, help="read this coverage file instead of running tests")
    parser.add_argument("--brief", action="store_true", help="name what is not reached only below a bar")
    parser.add_argument("--json", action="store_true", help="figures for programs")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mumei-coverage-") as folder:
        data = options.data or Path(folder) / "coverage"
        if options.data is None and _run_tests(options.folders, data):
            return 2
        try:
            figures = figures_of(_report(data, Path(folder) / "coverage.json"))
        except subprocess.CalledProcessError:
            print(f"there is no coverage in {data}: run pytest --cov --cov-report= first", file=sys.stderr)
            return 2
    if options.json:
        print(json.dumps([asdict(each) | {"holds": each.holds} for each in figures], indent=2))
    else:
        print(_text(figures, brief=options.brief))
    return 0 if all(each.holds for each in figures) else 1


def _run_tests(folders: Sequence[str], data: Path) -> int:
    there = [name for name in folders if (_ROOT / name).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "--cov", "--cov-report=", *there]
    environment = {"COVERAGE_FILE": str(data)}
    return _python(command, environment).returncode


def _report(data: Path, to: Path) -> str:
    command = [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={data}", f"-o{to}"]
    _python(command, {}).check_returncode()
    return to.read_text(encoding="utf-8")


def _python(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    # What tests print goes to stderr: the figures alone are the output.
    return subprocess.run(  # noqa: S603 - pytest and coverage, of this environment
        command, cwd=_ROOT, env={**os.environ, **environment}, stdout=sys.stderr, check=False
    )


def _text(figures: Sequence[Figures], *, brief: bool) -> str:
    named = [each for each in figures if not (brief and each.holds)]
    lines = [f"{place.file}: {place.text()}" for each in named for place in each.places]
    if lines:
        lines.append("")
    for each in figures:
        verdict = "met" if each.holds else "MISSED"
        lines.append(
            f"{each.package:12} {each.lines:7.2%} of {each.line_count:,} lines (bar {LINES:.0%}),"
            f" {each.branches:7.2%} of {each.branch_count:,} branches (bar {BRANCHES:.0%}): {verdict}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
