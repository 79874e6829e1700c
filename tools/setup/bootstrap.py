"""Sets up what one make target needs, stage by stage: `python3 -m tools.setup.bootstrap demo|test`.

A second run finds everything in place and returns at once. Exit codes: 0 ready, 2 usage, 3 the machine lacks
something (the text names it and the remedy).
"""

from __future__ import annotations

import argparse
import sys

from tools.setup import environment, system_packages
from tools.setup.console import SetupError

_EXIT_ENVIRONMENT = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="bootstrap", description="Set up what a make target needs.")
    parser.add_argument("target", choices=("demo", "test"))
    target = parser.parse_args().target
    packages, place = {
        "demo": (system_packages.for_demo, environment.DEMO),
        "test": (system_packages.for_test, environment.TEST),
    }[target]
    try:
        system_packages.ensure(packages())
        environment.ensure(place)
    except SetupError as trouble:
        print(trouble, file=sys.stderr)
        return _EXIT_ENVIRONMENT
    return 0


if __name__ == "__main__":
    sys.exit(main())
