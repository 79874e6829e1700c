"""Residents: what a clerk may enter, what is refused, and what goes into a credential."""

from __future__ import annotations

import json
from datetime import date, timedelta

import cbor2
import pytest
from tests.office.forms import GOOD_FORM, TODAY, resident_with

from mumei.office.residents.resident import Resident, Sex, credential_attributes, residents_from_json
from mumei.office.residents.samples import sample_residents
from mumei_core.dates import age_on, cutoff, day_number
from mumei_core.errors import DataError


def test_a_good_form_becomes_a_resident() -> None:
    hanako = resident_with()
    assert (hanako.name, hanako.reading) == ("岐阜 花子", "ギフ ハナコ")
    assert (hanako.sex, hanako.prefecture, hanako.birth_date) == (Sex.FEMALE, 21, date(2004, 2, 29))


def test_a_form_is_tidied() -> None:
    hanako = resident_with(
        family_name="\u3000岐阜 ",
        given_name="カ\u3099ラシャ",
        family_reading="ｷﾞﾌ",
        given_reading="はなこ",
        address="岐阜県\u3000岐阜市",
    )
    assert (hanako.name, hanako.reading) == ("岐阜 ガラシャ", "ギフ ハナコ")
    assert hanako.address == "岐阜県 岐阜市"


def test_to_form_and_from_form_are_inverse() -> None:
    for resident in sample_residents(TODAY):
        assert Resident.from_form(resident.to_form(), today=TODAY) == resident


@pytest.mark.parametrize(
    ("entry", "typed", "message"),
    [
        ("resident_code", "24727059600", "check digit is wrong"),
        ("resident_code", "２４７２７０５９６０８", "FULLWIDTH DIGIT TWO"),
        ("resident_code", 24727059608, "resident_code is missing or no text"),
        ("family_name", "", "family name is empty"),
        ("family_name", "花\ud83d", "unpaired surrogate .U.D83D"),
        ("given_name", "\udc00", "unpaired surrogate"),
        ("given_name", "花\n子", "control character .U.000A"),
        ("given_name", "花\x00子", "control character"),
        ("given_name", "花\u202e子", "format character .U.202E RIGHT-TO-LEFT OVERRIDE"),
        ("given_name", "花\u200b子", "format character"),
        ("given_name", "\ue000", "private-use"),
        ("given_name", "花\ufffe", "unassigned"),
        ("given_name", "花" * 51, "51 characters; 50 are the most"),
        ("given_name", "12", "no letter"),
        ("family_reading", "岐阜", "no katakana"),
        ("given_reading", "", "is empty"),
        ("address", "岐阜市\ud800", "unpaired surrogate"),
        ("address", "岐阜市\u2028", "line separator"),
        ("address", "岐" * 201, "200 are the most"),
        ("sex", "femme", "sex is none"),
        ("municipality", "212015", "check digit is wrong"),
        ("prefecture", "23", "not in 愛知県"),
        ("prefecture", "２１", "two digits"),
        ("prefecture", "48", "no prefecture 48"),
        ("birth_date", "1879-12-31", "before 1880"),
        ("birth_date", "2026-11-24", "after today"),
        ("birth_date", "2023-02-29", "no such day"),
        ("birth_date", "1900-02-29", "no such day"),
        ("birth_date", "２００４-02-29", "YYYY-MM-DD"),
        ("birth_date", "2004/02/29", "YYYY-MM-DD"),
        ("birth_date", "20040229", "YYYY-MM-DD"),
        ("birth_date", "平成16年2月29日", "YYYY-MM-DD"),
        ("birth_date", "2004-W09-7", "YYYY-MM-DD|no such day"),
        ("nickname", "hana", "unknown name"),
    ],
)
def test_a_wrong_entry_is_refused_and_named(entry: str, typed: object, message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        resident_with(**{entry: typed})
    assert refused.value.hint
    (refused.value.message + refused.value.hint).encode("utf-8")


@pytest.mark.parametrize("entry", sorted(GOOD_FORM))
def test_every_entry_is_needed(entry: str) -> None:
    with pytest.raises(DataError, match=f"{entry} is missing"):
        Resident.from_form({k: v for k, v in GOOD_FORM.items() if k != entry}, today=TODAY)


@pytest.mark.parametrize("typed", ["1880-01-01", "2000-02-29", "2026-11-23"])
def test_birth_dates_at_the_edges_are_accepted(typed: str) -> None:
    assert resident_with(birth_date=typed).birth_date.isoformat() == typed


def test_the_constructor_takes_only_what_is_already_tidy() -> None:
    good = resident_with()
    entries = {name: getattr(good, name) for name in Resident.__dataclass_fields__}
    with pytest.raises(DataError, match="normalisation form C"):
        Resident(**{**entries, "given_name": "カ\u3099ラシャ"})
    with pytest.raises(DataError, match="begins or ends"):
        Resident(**{**entries, "given_name": " 花子"})


def test_a_variant_written_as_variation_sequence_is_kept() -> None:
    assert resident_with(family_name="葛\U000e0100城").family_name == "葛\U000e0100城"


def test_repr_shows_nothing_of_the_person() -> None:
    assert repr(resident_with()) == "Resident()"


def test_credential_attributes_in_the_credentials_order() -> None:
    hanako = resident_with()
    birth, prefecture, municipality, identity, code = credential_attributes(hanako)
    assert int.from_bytes(birth, "big") == day_number(date(2004, 2, 29))
    assert (birth, prefecture, municipality) == tuple(
        number.to_bytes(4, "big") for number in (day_number(hanako.birth_date), 21, 212016)
    )
    assert code == b"24727059608"
    assert cbor2.loads(identity) == {
        "name": ["岐阜", "花子"],
        "reading": ["ギフ", "ハナコ"],
        "sex": 2,
        "address": "岐阜県岐阜市架空町1番地",
    }


def test_a_municipality_with_leading_zero_is_a_number() -> None:
    hakodate = resident_with(municipality="012025")
    assert credential_attributes(hakodate)[2] == (12025).to_bytes(4, "big")


def test_civil_identity_is_deterministic_cbor() -> None:
    identity = resident_with(address="a", given_name="b", family_name="c").civil_identity()
    expected = (
        b"\xa4\x63sex\x02\x64name\x82\x61c\x61b\x67address\x61a\x67reading\x82"
        b"\x66\xe3\x82\xae\xe3\x83\x95\x69\xe3\x83\x8f\xe3\x83\x8a\xe3\x82\xb3"
    )
    assert identity == expected


def test_the_longest_civil_identity_stays_small() -> None:
    wide = "\U00020000"
    longest = resident_with(
        family_name=wide * 50,
        given_name=wide * 50,
        family_reading="ア" * 100,
        given_reading="ア" * 100,
        address=wide * 200,
    )
    assert len(longest.civil_identity()) < 2000


def test_residents_from_json() -> None:
    samples = sample_residents(TODAY)
    document = json.dumps([resident.to_form() for resident in samples]).encode()
    assert residents_from_json(document, today=TODAY) == samples


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"\xff\xfe[]", "not UTF-8 JSON"),
        (b"[", "not UTF-8 JSON"),
        (b"[" * 100_000, "not UTF-8 JSON"),
        (b"{}", "no JSON array"),
        (b"[1]", "entry 1: not a JSON object"),
        (b'[{"sex": "male", "sex": "female"}]', "one entry twice"),
    ],
)
def test_a_bad_json_document_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        residents_from_json(document, today=TODAY)
    assert refused.value.hint


def test_the_wrong_entry_of_a_json_document_is_named() -> None:
    bad = json.dumps([GOOD_FORM, {**GOOD_FORM, "given_name": "\ud83d"}]).encode()
    with pytest.raises(DataError, match="entry 2: given name: character 1 is an unpaired surrogate"):
        residents_from_json(bad, today=TODAY)


_SAMPLE_DAYS = [TODAY, date(2024, 2, 28), date(2024, 2, 29), date(2025, 2, 28), date(2027, 12, 31)]


@pytest.mark.parametrize("today", _SAMPLE_DAYS, ids=str)
def test_sample_residents_have_the_promised_ages(today: date) -> None:
    hanako, taro, uruu, ichiro, kodomo, *others = sample_residents(today)
    now, tomorrow = day_number(today), day_number(today + timedelta(days=1))
    assert (hanako.name, hanako.reading, hanako.prefecture) == ("岐阜 花子", "ギフ ハナコ", 21)
    assert day_number(hanako.birth_date) == cutoff(20, now)
    born = day_number(taro.birth_date)
    assert (age_on(born, now), age_on(born, tomorrow)) == (19, 20)
    assert (uruu.birth_date.month, uruu.birth_date.day) == (2, 29)
    assert age_on(day_number(ichiro.birth_date), now) == 67
    assert age_on(day_number(kodomo.birth_date), now) == 11
    assert {resident.prefecture for resident in others} > {1, 13, 47}
    assert len({resident.resident_code for resident in sample_residents(today)}) == 12
    assert all("架空" in resident.address for resident in sample_residents(today))


def test_samples_are_the_same_for_the_same_day() -> None:
    assert sample_residents(TODAY) == sample_residents(TODAY)


def test_samples_for_a_day_before_one_was_born_are_refused() -> None:
    with pytest.raises(DataError, match="after today"):
        sample_residents(date(2003, 1, 1))
