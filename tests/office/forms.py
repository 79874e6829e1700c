"""A form that a clerk filled in without mistake; tests change one entry at a time."""

from __future__ import annotations

from datetime import date

from mumei.office.residents.resident import Resident

TODAY = date(2026, 11, 23)

GOOD_FORM: dict[str, object] = {
    "resident_code": "24727059608",
    "family_name": "岐阜",
    "given_name": "花子",
    "family_reading": "ギフ",
    "given_reading": "ハナコ",
    "sex": "female",
    "birth_date": "2004-02-29",
    "address": "岐阜県岐阜市架空町1番地",
    "municipality": "212016",
}


def resident_with(**entries: object) -> Resident:
    """The good form's resident with some entries replaced."""
    return Resident.from_form({**GOOD_FORM, **entries}, today=TODAY)
