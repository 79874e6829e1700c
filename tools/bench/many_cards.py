"""A process that has many cards in as many readers: FOLDER; prints its memory before and with all of them open.

Every card of the folder is opened through the provider, as the product does, and asked for its application.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.transport.simulator import open_simulator

_STATUS: Final = Path("/proc/self/status")
#: Standard input, output and the like, beside one lock a card.
_SPARE_FILES: Final = 100


def open_all(folder: Path) -> None:
    files = sorted(folder.glob("*.card"))
    _allow_files(len(files) + _SPARE_FILES)
    with ExitStack() as readers:
        first = readers.enter_context(open_simulator(files[0]))
        Application.identify(Channel(first))
        before = resident()
        for file in files[1:]:
            Application.identify(Channel(readers.enter_context(open_simulator(file))))
        print(json.dumps([before, resident(), len(files)]))


def resident() -> float:
    """Memory of this process now, megabytes; the most it ever had where the system tells only that."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _allow_files(count: int) -> None:
    """Every open card holds its file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count if hard < 0 else min(count, hard), hard))


if __name__ == "__main__":
    open_all(Path(sys.argv[1]))
