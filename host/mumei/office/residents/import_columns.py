"""Which column is which, in Japanese and English headings, and what their entries mean.

Names and readings may stand in one column each, family and given name divided by a space. Dates are western
(2004-02-29, 2004/2/29, 20040229, 2004年2月29日) or by era (平成16年2月29日, H16.2.29); an era's dates are
checked against its days. Digits of codes and dates are half-width only: a repaired code can be somebody else's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from mumei.office.residents.characters import rare_characters, replaced_by_nfc
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.kana import check_reading, to_katakana
from mumei.office.residents.resident import ADDRESS_LIMIT, READING_LIMIT, Resident, check_name, parse_date
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.text import check_text, tidy
from mumei_core.dates import day_number
from mumei_core.errors import DataError

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "resident_code": ("resident_code", "code", "住民票コード"),
        "name": ("name", "full_name", "氏名", "名前"),
        "reading": ("reading", "full_reading", "氏名カナ", "氏名フリガナ", "フリガナ", "カナ氏名"),
        "family_name": ("family_name", "surname", "last_name", "氏", "姓"),
        "given_name": ("given_name", "first_name", "名"),
        "family_reading": ("family_reading", "氏カナ", "姓カナ", "氏フリガナ", "姓フリガナ", "セイ"),
        "given_reading": ("given_reading", "名カナ", "名フリガナ", "メイ"),
        "sex": ("sex", "gender", "性別"),
        "birth_date": ("birth_date", "date_of_birth", "生年月日"),
        "address": ("address", "住所"),
        "prefecture": ("prefecture", "都道府県コード"),
        "municipality": (
            "municipality", "municipality_code",
            "市区町村コード", "市町村コード", "全国地方公共団体コード", "団体コード",
        ),
    }
)  # fmt: skip
_FIELD_OF: Final = MappingProxyType({alias: field for field, all_of in _HEADINGS.items() for alias in all_of})
_REQUIRED: Final = ("resident_code", "sex", "birth_date", "address", "municipality")
_PAIRS: Final = MappingProxyType(
    {"name": ("family_name", "given_name"), "reading": ("family_reading", "given_reading")}
)
_SEX: Final = MappingProxyType(
    {
        word: sex
        for sex, words in {
            "male": ("male", "m", "男", "男性", "1"),
            "female": ("female", "f", "女", "女性", "2"),
            "not known": ("not known", "unknown", "不明", "0"),
            "not applicable": ("not applicable", "9"),
        }.items()
        for word in words
    }
)
_ERAS: Final = MappingProxyType(
    {
        era: (first, last)
        for eras, first, last in (
            (("明治", "M"), date(1868, 1, 25), date(1912, 7, 29)),
            (("大正", "T"), date(1912, 7, 30), date(1926, 12, 24)),
            (("昭和", "S"), date(1926, 12, 25), date(1989, 1, 7)),
            (("平成", "H"), date(1989, 1, 8), date(2019, 4, 30)),
            (("令和", "R"), date(2019, 5, 1), date.max),
        )
        for era in eras
    }
)
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WESTERN: Final = re.compile(r"([0-9]{4})(?:年|[-/.])([0-9]{1,2})(?:月|[-/.])([0-9]{1,2})日?|([0-9]{8})")
_BY_ERA: Final = re.compile(
    r"(明治|大正|昭和|平成|令和|[MTSHR])([0-9]{1,2}|元)(?:年|[-/.])([0-9]{1,2})(?:月|[-/.])([0-9]{1,2})日?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field of a row, and what to do. No value of the row is part of it."""

    field: str
    problem: str
    hint: str


class RowError(Exception):
    """A row that is no resident; every field that is wrong."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class Columns:
    """The columns of one file."""

    def __init__(self, heading: Sequence[str]) -> None:
        """Raises DataError for a heading that lacks columns or names one twice."""
        self._width = len(heading)
        self._places: dict[str, int] = {}
        unknown = []
        for place, title in enumerate(heading):
            field = _FIELD_OF.get(_plain(title))
            if field is None:
                unknown.append(title.strip())
            elif field in self._places:
                raise DataError(f"two columns are the {field}", hint="Remove one of the two.")
            else:
                self._places[field] = place
        #: Titles of columns that are passed over.
        self.unknown = tuple(filter(None, unknown))
        missing = [field for field in _REQUIRED if field not in self._places]
        for whole, parts in _PAIRS.items():
            if whole not in self._places:
                missing += [part for part in parts if part not in self._places]
        if missing:
            raise DataError(
                f"the heading lacks {', '.join(missing)}",
                hint="The first row names the columns: 住民票コード, 氏名, フリガナ, 性別, 生年月日, 住所,"
                " 市区町村コード.",
            )

    def resident(self, fields: list[str], *, today: date) -> Resident:
        """The resident of one row. Raises RowError with everything that is wrong."""
        if len(fields) != self._width:
            raise RowError(
                [
                    FieldProblem(
                        field="row",
                        problem=f"it has {len(fields)} fields, the heading {self._width}",
                        hint="A comma inside an entry wants quotation marks around the entry.",
                    )
                ]
            )
        form = self._form(fields)
        try:
            # Era and slashes become the form that Resident knows; most rows are right at once.
            return Resident.from_form(
                {**form, "sex": _sex(form["sex"]), "birth_date": _birth_date(form["birth_date"])}, today=today
            )
        except DataError as error:
            raise RowError(_problems(form, today, error)) from None

    def warnings(self, fields: list[str]) -> tuple[FieldProblem, ...]:
        """Characters of names and address that others may not have, and those that NFC replaced."""
        found = []
        for field in _KEPT_TEXTS:
            place = self._places.get(field)
            if place is None or (text := fields[place]).isascii():
                continue
            for character in replaced_by_nfc(text):
                found.append(
                    FieldProblem(
                        field=field,
                        problem=f"U+{ord(character):04X} was replaced by its unified form",
                        hint="If the old form has to stay, enter it as a variation sequence (IVS).",
                    )
                )
            found += [
                FieldProblem(
                    field=field,
                    problem=f"outside JIS X 0208: {character.words()}",
                    hint="It is kept as it is; a letter may print another form.",
                )
                for character in rare_characters(tidy(text))
            ]
        return tuple(found)

    def _form(self, fields: list[str]) -> dict[str, str]:
        form = {field: fields[place] for field, place in self._places.items()}
        for whole, parts in _PAIRS.items():
            if whole in form:
                family, _, given = tidy(form.pop(whole)).partition(" ")
                # Columns of their own count more.
                form.setdefault(parts[0], family)
                form.setdefault(parts[1], given.strip())
        if "prefecture" in form and not form["prefecture"]:
            del form["prefecture"]
        return form


_KEPT_TEXTS: Final = ("name", "family_name", "given_name", "address")
_CHECKS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "resident_code": lambda text: ResidentCode(digits=text),
        "family_name": lambda text: check_name("family name", tidy(text)),
        "given_name": lambda text: check_name("given name", tidy(text)),
        "family_reading": lambda text: check_reading("reading", to_katakana(text), limit=READING_LIMIT),
        "given_reading": lambda text: check_reading("reading", to_katakana(text), limit=READING_LIMIT),
        "sex": lambda text: _sex(text),
        "birth_date": lambda text: day_number(parse_date(_birth_date(text))),
        "address": lambda text: check_text("address", tidy(text), limit=ADDRESS_LIMIT),
        "municipality": lambda text: MunicipalityCode(digits=text),
    }
)


def _problems(form: Mapping[str, str], today: date, whole: DataError) -> list[FieldProblem]:
    """Every field's own trouble; where each is right by itself, what is wrong with them together."""
    found = []
    for field, check in _CHECKS.items():
        try:
            check(form[field])
        except DataError as error:
            found.append(FieldProblem(field=field, problem=error.message, hint=error.hint))
    if not found:
        field = "birth_date" if "birth date" in whole.message else "prefecture"
        found.append(FieldProblem(field=field, problem=whole.message, hint=whole.hint))
    return found


def _plain(title: str) -> str:
    return unicodedata.normalize("NFKC", title).strip().lower().replace(" ", "_")


def _sex(text: str) -> str:
    try:
        return _SEX[text.strip().lower()]
    except KeyError:
        raise DataError("sex is none of the words known", hint="Write 男, 女, 不明, or 1, 2, 0, 9.") from None


def _birth_date(text: str) -> str:
    """The date as YYYY-MM-DD; what is none of the forms comes back as it is, for the parser to refuse."""
    text = text.strip()
    if _ISO.fullmatch(text):
        return text
    if western := _WESTERN.fullmatch(text):
        year, month, day, together = western.groups()
        if together:
            year, month, day = together[:4], together[4:6], together[6:]
        return f"{year}-{int(month):02}-{int(day):02}"
    if by_era := _BY_ERA.fullmatch(text):
        era, year, month, day = by_era.groups()
        first, last = _ERAS[era]
        found = f"{first.year + (1 if year == '元' else int(year)) - 1:04}-{int(month):02}-{int(day):02}"
        if not first <= parse_date(found) <= last:
            raise DataError(
                "the era had no such day", hint="Check era and year; 昭和64年 ended on 7 January."
            )
        return found
    return text
