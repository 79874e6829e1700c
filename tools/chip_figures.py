"""``python -m tools.chip_figures CLONE...``: does every figure of the chip profiles stand where it says?

CLONE: a git clone of crocs-muni/jcalgtest_results or of OpenCryptoProject/JCMathLib. What is cited from them is
read at the commit cited. Prints one line a profile and every row that is not there or has another figure; exits
with 1 where there is one, and with 2 where nothing could be compared.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import Figure, Source
from mumei_card.chip.profiles import CHIPS

#: Gives the text of a source's file.
Read = Callable[[Source], str]
_JCALGTEST_LENGTH = 256
_OF_LENGTH = re.compile(r"(?P<row>.*), (?P<octets>\d+) octets")
_OF_COLUMN = re.compile(r"(?P<row>.*), column (?P<column>.*)")


def main() -> int:
    """0 where all figures stand in their files, 1 where one does not, 2 where no clone has any."""
    parser = argparse.ArgumentParser(prog="python -m tools.chip_figures", description=__doc__)
    parser.add_argument("clones", metavar="CLONE", nargs="+", type=Path)
    repositories = {_repository(clone): clone for clone in parser.parse_args().clones}
    compared, wrong = 0, 0
    for chip in CHIPS.values():
        sources = [source for source in sources_of(chip) if _name(source) in repositories]
        problems = [
            problem
            for source in sources
            for problem in differences(source, lambda found: _read(repositories[_name(found)], found))
        ]
        rows = sum(len(source.rows) for source in sources)
        print(f"{chip.name}: {rows} rows compared, {len(problems)} differ")
        for problem in problems:
            print(f"  {problem}")
        compared += rows
        wrong += len(problems)
    if not compared:
        print("no clone has anything that a profile cites", file=sys.stderr)
        return 2
    return 1 if wrong else 0


def sources_of(chip: Chip) -> list[Source]:
    """Every source of the chip's figures, each once."""
    found: list[Source] = []
    for costs in chip.costs.values():
        for cost in costs.values():
            if isinstance(cost, Figure):
                found += [source for source in cost.sources if source not in found]
    return found


def differences(source: Source, read: Read) -> Iterator[str]:
    """What is wrong with each row that is not as cited."""
    text = read(source)
    figures = markdown_figures(text) if source.file.endswith(".md") else algtest_figures(text)
    for row, milliseconds in source.rows.items():
        there = figures.get(_key(row))
        if there != milliseconds:
            yield f"{source.file}: {row}: cited {milliseconds:g}, there {there}"


def algtest_figures(text: str) -> Mapping[tuple[str, str], float]:
    """(method, octets) to average milliseconds an operation, of a JCAlgTest performance table."""
    found: dict[tuple[str, str], float] = {}
    method, average = "", 0.0
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(";")]
        if fields[0] == "method name:":
            method = fields[1]
        elif fields[0] == "operation stats (ms/op):":
            average = float(fields[2])
        elif fields[0] == "operation info:":
            found[method, fields[2]] = average
    return found


def markdown_figures(text: str) -> Mapping[tuple[str, str], float]:
    """(row, column) to milliseconds, of a table in Markdown; columns without the day in brackets."""
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    head = [re.sub(r" \([\d.]+\)$", "", cell) for cell in lines[0]]
    return {
        (row, column): float(cell)
        for row, *cells in lines[2:]
        for column, cell in zip(head[1:], cells, strict=True)
        if cell != "--"
    }


def _key(row: str) -> tuple[str, str]:
    if found := _OF_LENGTH.fullmatch(row) or _OF_COLUMN.fullmatch(row):
        where, what = found.groups()
        return where, what
    return row, str(_JCALGTEST_LENGTH)


def _read(clone: Path, source: Source) -> str:
    """The one file of the clone, at the commit cited, whose path begins as the source says."""
    listed = _git(clone, "ls-tree", "-r", "--name-only", source.commit).splitlines()
    found = [path for path in listed if path.startswith(source.file)]
    if len(found) != 1:
        raise SystemExit(f"{source.file}: {len(found)} files of the commit begin like that")
    return _git(clone, "show", f"{source.commit}:{found[0]}")


def _repository(clone: Path) -> str:
    """A clone is told by what it holds, for its address may be anything."""
    listed = _git(clone, "ls-tree", "--name-only", "HEAD").split()
    return "jcalgtest_results" if "javacard" in listed else "JCMathLib"


def _name(source: Source) -> str:
    return source.repository.rpartition("/")[2]


def _git(clone: Path, *arguments: str) -> str:
    command = ["git", "-C", str(clone), *arguments]
    finished = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return finished.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
