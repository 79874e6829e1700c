"""A process that verifies as a terminal's would: FOLDER PRESENTATIONS; prints its peak memory before and after.

It imports what a terminal needs and no more.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Final

from mumei.terminal.trust import Terminal
from mumei_core.presentation.verifier import Verified

_STATUS: Final = Path("/proc/self/status")


def verify(folder: Path, presentations: Path) -> None:
    terminal = Terminal.load(folder)
    items = [(bytes.fromhex(a), bytes.fromhex(b)) for a, b in json.loads(presentations.read_text())]
    before = peak()
    terminal.verifier.prepare(terminal.rights.rp_context)
    for item in items:
        terminal.verifier.verify(*item)
    if not all(isinstance(outcome, Verified) for outcome in terminal.verifier.verify_batch(items)):
        raise RuntimeError("a presentation of the batch was refused")
    print(json.dumps([before, peak()]))


def peak() -> float:
    """The most memory this process ever held, megabytes.

    ru_maxrss is taken over from the process that started this one (Linux, exec), so it only serves elsewhere.
    """
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return kibibytes * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    verify(Path(sys.argv[1]), Path(sys.argv[2]))
