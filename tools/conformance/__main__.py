"""``python -m tools.conformance``: prepare a bench, run the suite on a card, report by clause."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.conformance.prepare import prepare
from tools.conformance.report import as_json, as_markdown, as_text
from tools.conformance.results import Run, load

from mumei_core.errors import MumeiError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_ENVIRONMENT = 0, 1, 2, 3
_ROOT = Path(__file__).parents[2]
_SUITE = "tests/conformance"


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; gives 0, 1 where a check failed, 2 for usage, 3 where there is no card or service."""
    parser = _parser()
    given = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(given or ["run"])
    try:
        code: int = options.command(options)
    except MumeiError as error:
        print(f"conformance: {error}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return EXIT_USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser(
        "prepare", help="make authorities and test cards by the product's own commands, and a bench file"
    )
    make.add_argument("folder", type=Path, help="new folder; holds every secret of the bench's cards")
    make.set_defaults(command=_prepare)

    run = commands.add_parser(
        "run",
        help="run every check on a card and report",
        description="Runs every check. Without options: on software cards in this process, then through a real"
        " PC/SC service, then on each mutant of the card. A card in a reader is touched only if it is the test"
        " card of the bench: --card names it by the number of its personalisation keys (the bench file has it;"
        " 'development' for a card of the development profile), and it has to prove these keys first. No retry"
        " counter is brought to its end and nothing is done that cannot be undone, but with --destructive.",
    )
    run.add_argument("--on", choices=("software", "pcscd"), help="only there")
    run.add_argument(
        "--bench", type=Path, metavar="FILE", help="bench file; else a bench is made and thrown away"
    )
    run.add_argument("--reader", metavar="PATTERN", help="on the card in this reader: part of its name")
    run.add_argument("--card", metavar="SERIAL", help="which card that is")
    run.add_argument("--destructive", action="store_true", help="allow what wears the real card out")
    run.add_argument(
        "--thorough", action="store_true", help="run every check on every mutant, not the named ones"
    )
    run.add_argument("--results", type=Path, metavar="FILE", help="keep the results")
    _add_forms(run)
    run.add_argument("pytest", nargs="*", help="further arguments for pytest, after --")
    run.set_defaults(command=_run)

    report = commands.add_parser("report", help="print results as a table by clause; 1 where a check failed")
    report.add_argument("results", type=Path, help="from run --results")
    _add_forms(report)
    report.set_defaults(command=_report)
    return parser


def _add_forms(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", dest="form", const=as_json, help="as JSON")
    form.add_argument("--markdown", action="store_const", dest="form", const=as_markdown, help="as Markdown")
    parser.set_defaults(form=as_text)


def _prepare(options: argparse.Namespace) -> int:
    path = prepare(options.folder, progress=lambda line: print(line, file=sys.stderr))
    print(path)
    return EXIT_OK


def _report(options: argparse.Namespace) -> int:
    run = load(options.results)
    _print([run], options.form)
    return _code(run)


def _run(options: argparse.Namespace) -> int:
    if bool(options.reader) != bool(options.card) or (options.reader and not options.bench):
        print("conformance: a card in a reader wants --reader, --card and --bench together", file=sys.stderr)
        return EXIT_USAGE
    if options.reader and options.on:
        print("conformance: --reader says already where the card is", file=sys.stderr)
        return EXIT_USAGE
    places = ("reader",) if options.reader else (options.on,) if options.on else ("software", "pcscd")
    with tempfile.TemporaryDirectory() as folder:
        bench = options.bench.resolve() if options.bench else prepare(Path(folder) / "bench")
        codes, runs = zip(*(_run_on(place, bench, Path(folder), options) for place in places), strict=True)
        _print([run for run in runs if run is not None], options.form)
        if len(places) > 1:
            codes = (*codes, _run_mutants(bench, options))
    # A check that failed says more than a service that is not there.
    return EXIT_FAILED if EXIT_FAILED in codes else max(codes)


def _run_on(place: str, bench: Path, folder: Path, options: argparse.Namespace) -> tuple[int, Run | None]:
    """Exit code, and what became of the checks where there was a card."""
    results = options.results.resolve() if options.results else folder / "results.json"
    if options.results and not (options.on or options.reader):
        results = results.with_name(f"{results.stem}-{place}{results.suffix}")
    command = ["--on", place, "--bench", str(bench), "--results", str(results)]
    if options.reader:
        command += ["--reader", options.reader, "--card", options.card]
        command += ["--destructive"] if options.destructive else []
    done = _run_checks([*command, *options.pytest])
    if done not in (EXIT_OK, EXIT_FAILED) or not results.exists():
        return EXIT_ENVIRONMENT, None
    run = load(results)
    return max(_code(run), done), run


def _run_mutants(bench: Path, options: argparse.Namespace) -> int:
    """The suite on each mutant of the card; prints how many it finds."""
    thorough = ["--thorough"] if options.thorough else []
    command = _pytest([f"{_SUITE}/test_mutants.py", "-s", "--bench", str(bench), *thorough])
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            figure = line.startswith("mutants found:") and options.form is as_text
            print(line, end="", file=sys.stdout if figure else sys.stderr)
    return EXIT_FAILED if process.returncode else EXIT_OK


def _run_checks(arguments: list[str]) -> int:
    """In a process of its own, as tests run; what pytest says goes beside the report."""
    files = sorted(str(path.relative_to(_ROOT)) for path in (_ROOT / _SUITE).glob("test_[0-9]*.py"))
    done = subprocess.run(  # noqa: S603 - our own words
        _pytest([*files, *arguments]), cwd=_ROOT, stdout=sys.stderr, check=False
    )
    return done.returncode


def _pytest(arguments: list[str]) -> list[str]:
    options = ("-q", "-p", "tools.conformance.plugin", "--no-header", "--tb=no")
    return [sys.executable, "-m", "pytest", *options, *arguments]


def _print(runs: Sequence[Run], form: Callable[[Run], str]) -> None:
    texts = [form(run) for run in runs]
    if form is as_json and len(texts) > 1:
        print(f"[{','.join(texts)}]")
    elif texts:
        print("\n\n".join(texts))


def _code(run: Run) -> int:
    """A run without any check has failed too."""
    return EXIT_FAILED if run.failed or not run.results else EXIT_OK


if __name__ == "__main__":
    raise SystemExit(main())
