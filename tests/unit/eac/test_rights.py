"""The rights extension: exact encoding, strict reading, and what is left along a chain."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.certificates import (
    AGES,
    ALL,
    AUDITOR,
    CVCA,
    SHOP_RIGHTS,
    SHOPS,
    over,
    party,
    root,
    shop,
    under,
)

from mumei_core.commands import codes
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.eac import der
from mumei_core.eac.chat import Chat, Right, Role, effective_rights
from mumei_core.eac.cvc import Extension
from mumei_core.eac.rights import ALL_FLAGS, CertificateRights, Flag, RelyingParty, rights_along, rights_of
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv


def test_the_encoding_is_that_of_the_asn1_module() -> None:
    rights = CertificateRights(
        predicates=(over(20), under(12)), attributes=(1, 2), flags=Flag.PSEUDONYM, pin=False
    )
    assert rights.to_octets().hex() == "3016020101a108800201148002020c820106830101840100"


def test_nothing_granted_is_the_version_alone_and_asks_for_the_pin() -> None:
    nothing = CertificateRights.from_octets(bytes.fromhex("3003020101"))
    assert nothing == CertificateRights()
    assert nothing.pin and not nothing.predicates and not nothing.attributes and not nothing.flags


RIGHTS = st.builds(
    CertificateRights,
    relying_party=st.none()
    | st.builds(
        RelyingParty,
        rp_context=st.binary(min_size=1, max_size=255),
        display_name=st.text("äÉ無名 abc", min_size=1, max_size=30),
        OP=st.none() | st.just(context_point(b"x").to_uncompressed()),
        verifier_key=st.none() | st.just(context_point(b"y").to_uncompressed()),
        auditor_signature=st.none() | st.binary(min_size=64, max_size=64),
    ),
    predicates=st.lists(st.sampled_from(AGES), unique=True).map(tuple),
    attributes=st.sets(st.integers(0, 4)).map(lambda found: tuple(sorted(found))),
    flags=st.integers(0, ALL_FLAGS).map(Flag),
    pin=st.booleans(),
)


@given(RIGHTS)
def test_what_is_written_is_read_again(rights: CertificateRights) -> None:
    assert CertificateRights.from_octets(rights.to_octets()) == rights


@given(RIGHTS, RIGHTS)
def test_an_issuer_never_adds(own: CertificateRights, issuer: CertificateRights) -> None:
    left = own.confined_by(issuer)
    assert left is not None
    assert set(left.predicates) == set(own.predicates) & set(issuer.predicates)
    assert set(left.attributes) == set(own.attributes) & set(issuer.attributes)
    assert left.flags == own.flags & issuer.flags
    assert left.pin == (own.pin or issuer.pin)
    assert left.relying_party == own.relying_party


@pytest.mark.parametrize(
    "octets",
    [
        "3003020102",  # version 2
        "3000",  # no version
        "300402020001",  # a version not in its shortest form
        "3005020101a100",  # an empty list
        "3006020101820100",  # an empty mask
        "3006020101820120",  # attribute 5
        "3006020101830100",  # no flag
        "3006020101830110",  # an unknown flag
        "3006020101840101",  # the default, encoded
        "3009020101840100830101",  # out of order
        "3009020101830101830101",  # twice
        "3006020101850100",  # unknown
        "300302010100",  # an octet behind
        "3009020101a10480020314",  # an unknown kind
        "300d020101a1088002011480020114",  # a predicate twice
        "300a020101a00504010078",  # a relying party without name
    ],
)
def test_anything_else_is_refused(octets: str) -> None:
    with pytest.raises(DecodingError):
        CertificateRights.from_octets(bytes.fromhex(octets))


def test_a_point_outside_the_subgroup_is_refused() -> None:
    """A point of order 3 times a point of the group: on the curve, and a leak of secrets if it were used."""
    outside = bytes(47) + b"\0" + bytes(47) + b"\2"  # (0, 2), of order 3
    relying = replace(party(SHOPS, None), OP=outside)
    with pytest.raises(DecodingError):
        CertificateRights.from_octets(CertificateRights(relying_party=relying).to_octets())


def test_every_octet_changed_is_refused_or_means_something_else() -> None:
    octets = SHOP_RIGHTS.to_octets()
    for position in range(len(octets)):
        changed = octets[:position] + bytes([octets[position] ^ 1]) + octets[position + 1 :]
        try:
            found = CertificateRights.from_octets(changed)
        except DecodingError:
            continue
        assert found != SHOP_RIGHTS
        assert found.to_octets() == changed


def test_two_extensions_or_a_strange_one_are_refused() -> None:
    good = SHOP_RIGHTS.to_extension()
    for extensions in (
        (good, good),
        (Extension(good.oid, ()),),
        (Extension(good.oid, (*good.content, *good.content)),),
        (Extension(good.oid, (Tlv(0x81, good.content[0].value),)),),
    ):
        member = shop()
        body = replace(member.certificate.body, extensions=extensions)
        with pytest.raises(DecodingError):
            rights_of(replace(member.certificate, body=body))


def test_a_link_without_the_extension_lets_nothing_pass() -> None:
    bare = root(rights=None)
    sector = bare.issue(b"JPSHOPS00001", Role.DV_NON_OFFICIAL, ALL)
    member = sector.issue(b"JPSAKE00001", Role.TERMINAL, SHOP_RIGHTS)
    assert rights_along((*member.above, member.certificate)) is None
    silent = CVCA.issue(b"JPSHOPS00001", Role.DV_NON_OFFICIAL, None)
    below = silent.issue(b"JPSAKE00001", Role.TERMINAL, SHOP_RIGHTS)
    assert rights_along((*below.above, below.certificate)) is None


def test_the_auditor_signs_name_and_sector_with_the_point() -> None:
    relying = party(SHOPS, AUDITOR)
    record = relying.record(SHOPS.name)
    items = der.read_sequence(record.to_octets())
    assert [item.tag for item in items] == [
        codes.TAG_DER_UTF8_STRING,
        codes.TAG_DER_INTEGER,
        codes.TAG_DER_OCTET_STRING,
        codes.TAG_DER_UTF8_STRING,
        codes.TAG_DER_OCTET_STRING,
        codes.TAG_DER_OCTET_STRING,
    ]
    assert [item.value for item in items[:5]] == [
        b"MUMEI-AUDIT-V1",
        b"\1",
        b"MUMEI-CTX-V1sake.example",
        b"Sake Shop",
        SHOPS.name,
    ]


class TestChat:
    def test_bits_are_where_the_standard_has_them(self) -> None:
        chat = Chat.of(Role.DV_OFFICIAL, Right.AGE_VERIFICATION | Right.CAN_ALLOWED)
        assert chat.to_octets().hex().upper() == "7F4C12060904007F00070301020253058000000011"
        assert Chat.from_octets(chat.to_octets()) == chat

    def test_types_that_differ_give_no_right(self) -> None:
        terminal = Chat.of(Role.TERMINAL, Right.AGE_VERIFICATION)
        inspection = Chat(codes.OID_ROLE_IS, b"\x01")
        assert effective_rights(terminal, inspection) == 0

    @pytest.mark.parametrize("rights", [1 << 30, 1 << 31, 1 << 38, -1])
    def test_reserved_and_role_bits_are_no_rights(self, rights: int) -> None:
        with pytest.raises(DecodingError):
            Chat.of(Role.TERMINAL, rights)

    @pytest.mark.parametrize("value", [b"", b"\x01", bytes(6)])
    def test_other_lengths_are_refused(self, value: bytes) -> None:
        inner = ber_tlv.encode(codes.TAG_OBJECT_IDENTIFIER, codes.OID_ROLE_AT)
        octets = ber_tlv.encode(codes.TAG_CHAT, inner + ber_tlv.encode(codes.TAG_CHAT_BITS, value))
        with pytest.raises(DecodingError):
            Chat.from_octets(octets)
