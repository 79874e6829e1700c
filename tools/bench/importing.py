"""The bar of imports: 100,000 residents from a CSV file in CP932, on SQLite and PostgreSQL; time and memory."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools import postgres_runner
from tools.bench.bars import Bar, Details, Progress, Section

from mumei.office.database.place import with_key
from mumei.office.residents.resident_code import check_digit

_ROWS: Final = 100_000
_FEW: Final = 10_000
_SECONDS: Final = 60.0
_FLAT: Final = 16.0
"""MB by which ten times the rows may raise the peak: what a database's own cache takes, and nothing by the row."""

_HEADING: Final = ("住民票コード", "氏名", "フリガナ", "性別", "生年月日", "住所", "市区町村コード")
_FAMILIES: Final = (
    "佐藤 サトウ",
    "鈴木 スズキ",
    "高橋 タカハシ",
    "田中 タナカ",
    "伊藤 イトウ",
    "渡辺 ワタナベ",
    "山本 ヤマモト",
)
_GIVEN: Final = ("花子 ハナコ", "太郎 タロウ", "健 ケン", "みどり ミドリ", "恵 メグミ")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """``peak``: the most memory the process ever held, MB of a million octets."""

    rows: int
    seconds: float
    peak: float


def measure(folder: Path, say: Progress) -> Section:
    """Time on both databases; memory on SQLite, where the database works inside the process."""
    folder.mkdir()
    few, all_of_them = folder / "few.csv", folder / "all.csv"
    _write(few, _FEW)
    _write(all_of_them, _ROWS)
    say(f"importing {_FEW} residents, then {_ROWS}, into SQLite")
    small = _import(few, str(folder / "few.db"))
    large = _import(all_of_them, str(folder / "all.db"))
    say(f"importing {_ROWS} residents into PostgreSQL")
    missing = postgres_runner.missing()
    with _server() as server:
        served = (
            None
            if server is None
            else _import(all_of_them, with_key(server.create("imports"), folder / "all.key"))
        )
    return Section(
        bars=(
            Bar(
                what="import of 100,000 residents, SQLite",
                measured=large.seconds,
                limit=_SECONDS,
                unit="s",
                digits=1,
                strict=True,
            ),
            Bar(
                what="import of 100,000 residents, PostgreSQL",
                measured=None if served is None else served.seconds,
                limit=_SECONDS,
                unit="s",
                digits=1,
                strict=True,
                note=missing,
            ),
            Bar(
                what="memory of 100,000 above that of 10,000",
                measured=max(0.0, large.peak - small.peak),
                limit=_FLAT,
                unit="MB",
                digits=0,
            ),
        ),
        details=(
            Details(
                title="import",
                columns=("residents", "seconds", "residents/s", "peak MB"),
                rows=tuple(
                    (f"{run.rows}", f"{run.seconds:.1f}", f"{run.rows / run.seconds:.0f}", f"{run.peak:.0f}")
                    for run in (small, large, *((served,) if served else ()))
                ),
                said=(
                    "The file is read twice, first to look at every row, then to put all on record in one"
                    " transaction; every code is sealed and indexed. The last line is PostgreSQL.",
                ),
            ),
        ),
    )


@contextmanager
def _server() -> Iterator[postgres_runner.Postgres | None]:
    with nullcontext() if postgres_runner.missing() else postgres_runner.Postgres() as server:
        yield server


def _write(path: Path, rows: int) -> None:
    with path.open("w", encoding="cp932", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADING)
        for place in range(rows):
            first_ten = f"{10**9 + place * 7919:010d}"
            family, family_kana = _FAMILIES[place % len(_FAMILIES)].split()
            given, given_kana = _GIVEN[place // len(_FAMILIES) % len(_GIVEN)].split()
            writer.writerow(
                (
                    first_ten + str(check_digit(first_ten)),
                    f"{family} {given}",
                    f"{family_kana} {given_kana}",
                    "女" if place % 2 else "男",
                    f"{1940 + place % 80}/{1 + place % 12}/{1 + place % 28}",
                    f"岐阜県岐阜市架空町{place // 10}番地{place % 10}",
                    "212016",
                )
            )


def _import(file: Path, where: str) -> _Run:
    """In a process of its own, so that memory is that of one import."""
    command = [sys.executable, "-m", "tools.bench.importing_process", str(file), where]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    rows, seconds, peak = json.loads(finished.stdout)
    return _Run(rows=rows, seconds=seconds, peak=peak)
