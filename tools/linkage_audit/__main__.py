"""``python -m tools.linkage_audit``: runs the audit and prints its report.

Exit codes: 0 nothing found, and every planted leak found; 1 otherwise; 2 usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from tools.linkage_audit import report
from tools.linkage_audit.audit import FULL, SMALL, AuditResult, Size, run_audit
from tools.linkage_audit.planted import PLANTS
from tools.linkage_audit.profiles import WAYS

from mumei_core.dates import today

_DESCRIPTION = """\
Drives many cards at many relying parties through the product's own code, keeps every octet that anyone sees, and
looks for anything that tells cards apart. Then does the same to cards with a leak planted in them, which must be
found. Prints a page for the data-protection officer.
"""

_EPILOG = """\
examples:
  python -m tools.linkage_audit                             the full form, about a minute on two processors
  python -m tools.linkage_audit --small                     12 cards, 3 relying parties, 2 visits
  python -m tools.linkage_audit --cards 1000 --no-plants    more cards, no self-test
  python -m tools.linkage_audit --small --plant 'a serial number in FCI'
                                                            how the report of a leaky card reads (exit code 1)
  python -m tools.linkage_audit --json > audit.json         for programs

exit codes: 0 nothing found and every planted leak found; 1 otherwise; 2 usage
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the audit; gives the exit code."""
    options = _parser().parse_args(arguments)
    form = SMALL if options.small else FULL
    size = Size(
        cards=options.cards or form.cards,
        parties=options.parties or form.parties,
        visits=options.visits or form.visits,
        every_object=form.every_object,
    )
    product = _run(options, size, options.plant)
    plants = []
    if not options.no_plants and options.plant is None:
        plants = [_run(options, SMALL, name) for name in PLANTS]
    if options.json:
        text = json.dumps(report.as_json(product, plants), indent=2) + "\n"
    else:
        text = report.markdown(product, plants)
    if options.output is None:
        sys.stdout.write(text)
    else:
        options.output.write_text(text, encoding="utf-8")
    return 0 if report.passed(product, plants) else 1


def _run(options: argparse.Namespace, size: Size, plant: str | None) -> AuditResult:
    what = "the product's own card" if plant is None else f"planted: {plant}"
    print(f"{what}: {size.cards} cards x {size.parties} parties x {size.visits} visits ...", file=sys.stderr)
    result = run_audit(
        size, way=options.profile, today=options.today, seed=options.seed, plant=plant, jobs=options.jobs
    )
    leaks = len(report.leaks(result.findings))
    print(f"  {result.seconds:.1f} s, {leaks or 'no'} leak{'' if leaks == 1 else 's'}", file=sys.stderr)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.linkage_audit",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--small", action="store_true", help="the form that is part of the test run")
    parser.add_argument("--cards", type=_positive, metavar="N", help=f"default: {FULL.cards}")
    parser.add_argument(
        "--parties", type=_positive, metavar="N", help=f"relying parties; default: {FULL.parties}"
    )
    parser.add_argument("--visits", type=_positive, metavar="N", help=f"at each; default: {FULL.visits}")
    parser.add_argument(
        "--profile", choices=sorted(WAYS), default=next(iter(WAYS)), help="of the cards; default: %(default)s"
    )
    parser.add_argument(
        "--plant", choices=sorted(PLANTS), metavar="NAME", help="audit the card with this leak"
    )
    parser.add_argument("--no-plants", action="store_true", help="leave out the self-test")
    parser.add_argument("--seed", type=int, default=1, help="of the invented residents; default: %(default)s")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=today(), metavar="DATE", help="day of the visits"
    )
    parser.add_argument("--jobs", type=_positive, metavar="N", help="processes; default: one per processor")
    parser.add_argument("--json", action="store_true", help="for programs, instead of the page")
    parser.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
