"""Files of residents to import, and a desk that imports them."""

from __future__ import annotations

from pathlib import Path

from mumei.office.registry import Registry
from mumei.office.registry_import import ImportOptions, ImportReport
from mumei.office.residents.import_check import RowProblem, Severity
from mumei.office.residents.import_text import CsvFile, Encoding
from mumei.office.residents.resident_code import check_digit

CLERK = "窓口 一"
HEADING = "住民票コード,氏名,フリガナ,性別,生年月日,住所,市区町村コード"
HANAKO = "24727059608,岐阜 花子,ギフ ハナコ,女,平成16年2月29日,岐阜県岐阜市架空町1番地,212016"
TARO = "11111111113,見本　太郎,ﾐﾎﾝ ﾀﾛｳ,1,1990/1/9,岐阜県大垣市架空町2番地,212024"


class Desk:
    """Writes files and imports them; keeps what was said about rows."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry, self.path = registry, folder / "jumin.csv"
        self.said: list[RowProblem] = []

    def take(
        self,
        *rows: str,
        encoding: str = "utf-8",
        end: str = "\r\n",
        read_as: Encoding = Encoding.AUTO,
        **options: bool,
    ) -> ImportReport:
        self.path.write_bytes((end.join((HEADING, *rows)) + end).encode(encoding))
        return self.again(read_as=read_as, **options)

    def again(self, *, read_as: Encoding = Encoding.AUTO, **options: bool) -> ImportReport:
        self.said.clear()
        return self.registry.import_file(
            CsvFile(self.path, read_as),
            clerk=CLERK,
            options=ImportOptions(**options),
            on_problem=self.said.append,
        )

    @property
    def errors(self) -> list[tuple[int, str]]:
        return sorted((one.row, one.field) for one in self.said if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> list[tuple[int, str]]:
        return sorted((one.row, one.field) for one in self.said if one.severity is Severity.WARNING)


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    found = (report.added, report.changed, report.unchanged, report.repeated, report.refused)
    assert sum(found) == report.rows
    return found


def change(row: str, place: int, entry: str) -> str:
    fields = row.split(",")
    fields[place] = entry
    return ",".join(fields)


def many(count: int) -> list[str]:
    """Rows of a file; all codes differ."""
    codes = (f"{10**9 + place}" for place in range(count))
    return [
        f"{code}{check_digit(code)},架空 某{place},カクウ ボウ,9,2000-01-01,架空町{place}番地,212016"
        for place, code in enumerate(codes)
    ]
