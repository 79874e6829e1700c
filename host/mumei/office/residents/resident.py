"""A resident as the registry keeps one, and what of it a credential holds (mumei protocol 2.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Final, Self

import cbor2

from mumei.office.residents.japan_codes import MunicipalityCode, check_consistent
from mumei.office.residents.kana import check_reading, to_katakana
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.text import check_text, tidy
from mumei_core.dates import day_number
from mumei_core.errors import DataError

NAME_LIMIT: Final = 50
READING_LIMIT: Final = 100
ADDRESS_LIMIT: Final = 200
"""Longest entries in characters. Together they keep ``civil_identity`` under 2,000 octets."""

_FORM_FIELDS: Final = (
    "resident_code", "family_name", "given_name", "family_reading", "given_reading",
    "sex", "birth_date", "address", "municipality",
)  # fmt: skip


class Sex(IntEnum):
    """ISO/IEC 5218:2022."""

    NOT_KNOWN = 0
    MALE = 1
    FEMALE = 2
    NOT_APPLICABLE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One resident, every entry checked. ``repr`` shows nothing of the person.

    Texts are NFC and single-line (at most 50 characters a name, 100 a reading, 200 an address); readings
    are full-width katakana; ``prefecture`` is 1..47 and the one that ``municipality`` lies in;
    ``birth_date`` is 1880-01-01 or later. Whether it lies in the future, :meth:`check_born_by` says, since
    a value knows no clock. The constructor takes only what is already so; :meth:`from_form` takes what
    people type. Raises DataError.
    """

    resident_code: ResidentCode = field(repr=False)
    family_name: str = field(repr=False)
    given_name: str = field(repr=False)
    family_reading: str = field(repr=False)
    given_reading: str = field(repr=False)
    sex: Sex = field(repr=False)
    birth_date: date = field(repr=False)
    address: str = field(repr=False)
    prefecture: int = field(repr=False)
    municipality: MunicipalityCode = field(repr=False)

    def __post_init__(self) -> None:
        check_name("family name", self.family_name)
        check_name("given name", self.given_name)
        check_reading("reading of the family name", self.family_reading, limit=READING_LIMIT)
        check_reading("reading of the given name", self.given_reading, limit=READING_LIMIT)
        check_text("address", self.address, limit=ADDRESS_LIMIT)
        check_consistent(self.prefecture, self.municipality)
        day_number(self.birth_date)

    @classmethod
    def from_form(cls, form: Mapping[str, object], *, today: date) -> Self:
        """A resident from the texts of a form or a JSON object; the names are this class's own.

        Tidied: NFC, ideographic spaces, spaces at the ends; hiragana and half-width readings become
        full-width katakana. Refused, never repaired: codes in anything but ASCII digits. ``sex`` is
        ``male``, ``female``, ``not known`` or ``not applicable``; ``birth_date`` is ``YYYY-MM-DD`` and not
        after ``today``; ``prefecture`` may be left out and, where given, must be the municipality's. Raises
        DataError.
        """
        texts = _texts_of(form)
        municipality = MunicipalityCode(digits=texts["municipality"])
        resident = cls(
            resident_code=ResidentCode(digits=texts["resident_code"]),
            family_name=tidy(texts["family_name"]),
            given_name=tidy(texts["given_name"]),
            family_reading=to_katakana(texts["family_reading"]),
            given_reading=to_katakana(texts["given_reading"]),
            sex=_parse_sex(texts["sex"]),
            birth_date=parse_date(texts["birth_date"]),
            address=tidy(texts["address"]),
            prefecture=_parse_prefecture(texts.get("prefecture"), municipality),
            municipality=municipality,
        )
        resident.check_born_by(today)
        return resident

    def to_form(self) -> dict[str, str]:
        """The form that :meth:`from_form` reads back into an equal resident."""
        return {
            "resident_code": self.resident_code.digits,
            "family_name": self.family_name,
            "given_name": self.given_name,
            "family_reading": self.family_reading,
            "given_reading": self.given_reading,
            "sex": self.sex.name.lower().replace("_", " "),
            "birth_date": self.birth_date.isoformat(),
            "address": self.address,
            "municipality": self.municipality.digits,
        }

    def check_born_by(self, today: date) -> None:
        """Raise DataError if the birth date is after ``today``."""
        if self.birth_date > today:
            raise DataError(
                f"the birth date is after today, {today.isoformat()}",
                hint="Check the year of birth, and this computer's clock.",
            )

    @property
    def name(self) -> str:
        """Family name, a space, given name."""
        return f"{self.family_name} {self.given_name}"

    @property
    def reading(self) -> str:
        """The same in katakana."""
        return f"{self.family_reading} {self.given_reading}"

    def civil_identity(self) -> bytes:
        """Who this is, in deterministic CBOR (RFC 8949 section 4.2.1): attribute 3, disclosed whole.

        A map of ``name`` and ``reading`` (arrays of family and given name), ``sex`` (ISO/IEC 5218) and
        ``address``.
        """
        identity = {
            "name": [self.family_name, self.given_name],
            "reading": [self.family_reading, self.given_reading],
            "sex": int(self.sex),
            "address": self.address,
        }
        # cbor2 sorts shorter keys first (RFC 7049); for text under 24 octets that is RFC 8949's order too.
        return cbor2.dumps(identity, canonical=True)


def credential_attributes(resident: Resident) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """The octets of attributes 0..4 of ``mumei-resident-1``, as they are disclosed (2.1, 2.2).

    Birth date (day number), prefecture and municipality are 4 octets big-endian each; then ``civil_identity``
    and the resident code's eleven ASCII digits.
    """
    return (
        day_number(resident.birth_date).to_bytes(4, "big"),
        resident.prefecture.to_bytes(4, "big"),
        resident.municipality.number.to_bytes(4, "big"),
        resident.civil_identity(),
        resident.resident_code.digits.encode("ascii"),
    )


def residents_from_json(document: bytes, *, today: date) -> tuple[Resident, ...]:
    """The residents of a UTF-8 JSON array of forms (:meth:`Resident.from_form`).

    Raises DataError naming the first entry that is wrong, counted from 1; nothing is returned then.
    """
    try:
        forms = json.loads(document.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise DataError("the file is not UTF-8 JSON", hint="Save it as JSON in UTF-8, without BOM.") from None
    if not isinstance(forms, list):
        raise DataError("the file holds no JSON array", hint="Put the residents' objects between [ and ].")
    residents = []
    for place, form in enumerate(forms, start=1):
        try:
            if not isinstance(form, dict):
                raise DataError("not a JSON object", hint="Each resident is an object of texts.")
            residents.append(Resident.from_form(form, today=today))
        except DataError as error:
            raise DataError(f"entry {place}: {error.message}", hint=error.hint) from None
    return tuple(residents)


def parse_date(text: str) -> date:
    """A date written ``YYYY-MM-DD`` in ASCII digits. Raises DataError for what is no such day."""
    hint = "Write it as YYYY-MM-DD, western year, half-width digits."
    if len(text) != 10 or not text.isascii() or text[4] != "-" or text[7] != "-":
        raise DataError("the birth date is not written YYYY-MM-DD", hint=hint)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("there is no such day", hint=f"{hint} 29 February is in leap years only.") from None


def check_name(field_name: str, name: str) -> None:
    """Raise DataError unless this is a name: 1..50 characters in NFC, one of them a letter."""
    check_text(field_name, name, limit=NAME_LIMIT)
    if not any(character.isalpha() for character in name):
        raise DataError(f"the {field_name} has no letter", hint="Enter the name as on the register.")


def _texts_of(form: Mapping[str, object]) -> dict[str, str]:
    unknown = form.keys() - {*_FORM_FIELDS, "prefecture"}
    if unknown:
        raise DataError("the form has entries of unknown name", hint=f"Known are {', '.join(_FORM_FIELDS)}.")
    texts = {}
    for name in (*_FORM_FIELDS, *(("prefecture",) if "prefecture" in form else ())):
        value = form.get(name)
        if not isinstance(value, str):
            raise DataError(f"{name} is missing or no text", hint=f"Enter {name} as text.")
        texts[name] = value
    return texts


def _parse_sex(text: str) -> Sex:
    for sex in Sex:
        if text == sex.name.lower().replace("_", " "):
            return sex
    raise DataError(
        "sex is none of the four entries", hint="Write male, female, not known or not applicable."
    )


def _parse_prefecture(text: str | None, municipality: MunicipalityCode) -> int:
    if text is None:
        return municipality.prefecture
    if len(text) != 2 or not text.isascii() or not text.isdigit():
        raise DataError("the prefecture is not two digits 0-9", hint="Write 01 to 47 in half-width digits.")
    return int(text)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DataError("a JSON object names one entry twice", hint="Remove one of the two.")
    return found
