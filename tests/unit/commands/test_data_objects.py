"""Any octets can be held against any field: the walk names what it finds, the check says what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.spec_cases import mutations, sample

from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.data_objects import check, walk
from mumei_core.commands.specification import DataObject, Field, Part, Presence, StatusWord
from mumei_core.errors import DecodingError
from mumei_core.iso7816.ber_tlv import encode

FIELDS = [
    field
    for spec in COMMANDS.values()
    for variant in spec.variants
    for field in (variant.data, variant.response)
]
TAGS = sorted({entry.tag for field in FIELDS for entry in field.objects})
OCTETS = (
    st.binary(max_size=80)
    | st.builds(encode, st.sampled_from(TAGS), st.binary(max_size=80))
    | st.sampled_from([sample(field) for field in FIELDS])
)


@given(st.sampled_from(FIELDS), OCTETS)
def test_a_walk_never_raises_and_stays_inside(field: Field, octets: bytes) -> None:
    for item in walk(field, octets):
        assert octets[item.start : item.start + len(item.value)] == item.value


@given(st.sampled_from(FIELDS), OCTETS)
def test_a_check_refuses_in_one_way_only(field: Field, octets: bytes) -> None:
    try:
        check(field, octets)
    except DecodingError:
        return
    assert all(not item.flaw for item in walk(field, octets))


@pytest.mark.parametrize("field", [field for field in FIELDS if field.objects], ids=lambda field: field.about)
def test_every_mutation_of_a_field_is_refused(field: Field) -> None:
    check(field, sample(field))
    for about, octets in mutations(field.objects, ordered=field.ordered):
        if octets:
            with pytest.raises(DecodingError):
                check(field, octets)
                pytest.fail(about)


def test_what_lies_before_and_behind_the_flexible_part_is_found() -> None:
    parts = (
        Part(name="a", shortest=1, longest=1),
        Part(name="b", shortest=0, longest=4),
        Part(name="c", shortest=2, longest=2),
    )
    field = Field(presence=Presence.REQUIRED, shortest=3, longest=7, parts=parts)
    found = [(item.name, item.value.hex()) for item in walk(field, bytes.fromhex("0102030405"))]
    assert found == [("a", "01"), ("b", "0203"), ("c", "0405")]


def test_the_octets_around_a_value_are_counted() -> None:
    assert DataObject(tag=0x80, name="a", shortest=0, longest=0).encoded(0) == 2
    assert DataObject(tag=0x80, name="a", shortest=0, longest=0).encoded(127) == 129
    assert DataObject(tag=0x7F49, name="a", shortest=0, longest=0).encoded(128) == 2 + 2 + 128
    assert DataObject(tag=0x80, name="a", shortest=0, longest=0).encoded(24_576) == 1 + 3 + 24_576


def test_a_status_word_shows_where_its_number_stands() -> None:
    assert StatusWord(value=0x63C0, mask=0xFFF0, when="").pattern == "63CX"
    assert StatusWord(value=0x6100, mask=0xFF00, when="").pattern == "61XX"
    assert StatusWord(value=0x9000, when="").pattern == "9000"
    assert StatusWord(value=0x63C0, mask=0xFFF0, when="").matches(0x63C2)
    assert not StatusWord(value=0x63C0, mask=0xFFF0, when="").matches(0x6300)
