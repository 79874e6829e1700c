"""A process of its own that loads a revocation list and looks tokens up; prints what it took as JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from mumei.revocation.lists import ENTRY_LENGTH, RevocationList, entries_of, read_list
from mumei.revocation.lookup import LoadedList
from mumei_core.crypto.curve import POINT_LENGTH

_ASKED: Final = 50_000


def main() -> None:
    """``python -m tools.bench.loading_process FILE KEY``; KEY in hex."""
    path, key = Path(sys.argv[1]), bytes.fromhex(sys.argv[2])
    before = _held()
    begin = perf_counter()
    loaded = _load(path, key)
    seconds = perf_counter() - begin
    gc.collect()
    held = max(_held() - before, loaded.octets_in_memory)
    found = read_list(path.read_bytes())
    assert isinstance(found, RevocationList)  # noqa: S101 - a bench of our own file
    rest = bytes(POINT_LENGTH - ENTRY_LENGTH)
    wrong = sum(not loaded.holds(entry + rest) for entry in entries_of(found.body))
    random = Random(1)  # noqa: S311 - tokens to ask for
    on = random.sample([entry + rest for entry in entries_of(found.body)], _ASKED)
    off = [token[:8] + random.randbytes(8) + rest for token in on]
    print(
        json.dumps(
            {
                "load_seconds": seconds,
                "megabytes": held / 1e6,
                "look_up_hit": _each(loaded, on),
                "look_up_miss": _each(loaded, off),
                "wrong": wrong + sum(map(loaded.holds, off)),
            }
        )
    )


def _load(path: Path, key: bytes) -> LoadedList:
    found = read_list(path.read_bytes())
    if not isinstance(found, RevocationList):
        raise SystemExit("no full list")
    found.check([key])
    return LoadedList.of(found)


def _each(loaded: LoadedList, tokens: list[bytes]) -> float:
    begin = perf_counter()
    for token in tokens:
        loaded.holds(token)
    return (perf_counter() - begin) / len(tokens) * 1e6


def _held() -> int:
    """Octets in memory now, where the system says so; elsewhere 0."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
