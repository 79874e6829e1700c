"""A process that imports: FILE REGISTRY; makes the registry, prints rows, seconds and its peak memory in MB."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tools.bench.verifying_process import peak

from mumei.office.registry import Registry
from mumei.office.residents.import_text import CsvFile


def main(file: str, where: str) -> None:
    """Time is that of the import alone; memory the most that the process ever held."""
    with Registry.create(where) as registry:
        begun = time.perf_counter()
        report = registry.import_file(CsvFile(Path(file)), clerk="bench")
        seconds = time.perf_counter() - begun
    if report.added != report.rows:
        raise SystemExit(f"{report.rows - report.added} rows were not put on record")
    print(json.dumps([report.rows, seconds, peak()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
