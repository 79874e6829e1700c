"""Objects that nobody can make: each limit of a message type, from both sides of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import AUDITOR, CVCA, SHOPS, party

from mumei_core.attestation import MakerCertificate, Purpose
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import MAX_PERMITTED, TerminalRights
from mumei_core.commands.trust import CardTrust, split_keys
from mumei_core.credential import attribute_scalars, decode_text, encode_text, uint_octets
from mumei_core.eac import der
from mumei_core.eac.cvc import MAX_CERTIFICATE, P256, Body, Certificate, DomainParameters, PublicKey
from mumei_core.eac.rights import VERSION, CertificateRights, RelyingParty
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, ApduError, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT, split
from mumei_core.statements import ContextRecord, DigitRecord

DESCRIPTION = TerminalDescription.from_octets(world.terminal(world.over(20)).description_octets)
ENTRY = LogEntry(sequence=1, date=0, display_name="Sake", context_hash=bytes(32))
PARTY = RelyingParty(rp_context=b"sake.example", display_name="Sake")
CONTEXT = party(SHOPS, AUDITOR).record(SHOPS.name)


def refused(make: Callable[..., Any], *arguments: Any, **changes: Any) -> str:
    with pytest.raises(DecodingError) as error:
        make(*arguments, **changes)
    return str(error.value)


class TestTerminalRights:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"rp_context": b""}, "1 to 255"),
            ({"rp_context": bytes(256)}, "1 to 255"),
            ({"display_name": ""}, "1 to 128"),
            ({"display_name": "酒" * 43}, "1 to 128"),
            ({"predicates": (world.over(20),) * (MAX_PERMITTED + 1)}, "at most"),
            ({"not_before": 2, "not_after": 1}, "before they begin"),
        ],
    )
    def test_a_limit(self, changes: dict[str, Any], words: str) -> None:
        assert words in refused(replace, DESCRIPTION, **changes)

    def test_the_longest_of_everything_passes(self) -> None:
        replace(
            DESCRIPTION,
            rp_context=bytes(255),
            display_name="é" * 64,
            predicates=(world.over(20),) * MAX_PERMITTED,
        )

    def test_a_pseudonym_needs_the_contexts_point(self) -> None:
        given = {"rp_context": b"x", "display_name": "x", "not_before": 0, "not_after": 0}
        assert "point" in refused(TerminalRights, **given, pseudonym=True)
        TerminalRights(rp_context=b"x", display_name="x", not_before=0, not_after=0)


class TestLogEntries:
    @pytest.mark.parametrize(
        "changes",
        [
            {"sequence": 0},
            {"sequence": 1 << 32},
            {"context_hash": bytes(31)},
            {"predicates": (world.over(20),) * 5},
            {"display_name": "酒" * 43},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_limit(self, changes: dict[str, Any]) -> None:
        refused(replace, ENTRY, **changes)


class TestAttributes:
    def test_a_number_has_four_octets(self) -> None:
        assert uint_octets((1 << 32) - 1) == b"\xff" * 4
        refused(uint_octets, 1 << 32)
        refused(uint_octets, -1)

    def test_a_credential_has_five_attributes_of_their_types(self) -> None:
        good = (bytes(4), bytes(4), bytes(4), b"\xa0", b"12345678901")
        assert len(attribute_scalars(good)) == 5
        refused(attribute_scalars, good[:4])
        refused(attribute_scalars, (bytes(3), *good[1:]))
        refused(attribute_scalars, (*good[:4], b"\xff"))
        refused(attribute_scalars, (*good[:3], bytes(0x1_0000), good[4]))

    def test_text_is_utf_8_and_leaves_in_normal_form(self) -> None:
        assert decode_text(encode_text("A\u0308")) == "\u00c4"
        refused(decode_text, b"\xc3")
        refused(encode_text, "\ud800")


class TestCertificates:
    OCTETS = CVCA.certificate.to_octets()

    def test_one_that_is_longer_than_any_is_not_read(self) -> None:
        assert "longer" in refused(Certificate.from_pso, bytes(MAX_CERTIFICATE + 1))

    @pytest.mark.parametrize("name", ["p", "a", "b", "order", "cofactor"])
    @pytest.mark.parametrize("value", [b"", b"\x00\x07"], ids=["none", "leading zero"])
    def test_domain_parameters_are_in_their_shortest_form(self, name: str, value: bytes) -> None:
        parameters: DomainParameters = replace(P256, **{name: value})
        key = PublicKey(point=CVCA.key.point, parameters=parameters).to_octets()
        assert "shortest" in refused(PublicKey.from_tlv, ber_tlv.parse(key)[0])

    @pytest.mark.parametrize("content", [b"", b"\x80\x00", b"\x06\x00"], ids=["empty", "no OID", "empty OID"])
    def test_an_extension_begins_with_its_object_identifier(self, content: bytes) -> None:
        bare = replace(CVCA.certificate.body, extensions=()).to_octets()
        inside = ber_tlv.parse(bare)[0].value
        extension = ber_tlv.encode(codes.TAG_EXTENSION, content)
        inside += ber_tlv.encode(codes.TAG_CERTIFICATE_EXTENSIONS, extension)
        octets = ber_tlv.encode(codes.TAG_CERTIFICATE_BODY, inside)
        assert Body.from_octets(bare).extensions == ()
        assert "object identifier" in refused(Body.from_octets, octets)

    def test_a_relying_party_has_a_context_a_name_and_for_the_auditor_a_point(self) -> None:
        assert "255" in refused(replace, PARTY, rp_context=b"")
        assert "128" in refused(replace, PARTY, display_name="")
        assert "no point" in refused(PARTY.record, SHOPS.name)
        nameless = ber_tlv.encode(codes.TAG_RIGHTS_RELYING_PARTY, der.octet_string(PARTY.rp_context))
        nameless = der.sequence(der.integer(VERSION), nameless)
        assert "context and a name" in refused(CertificateRights.from_octets, nameless)


class TestRecords:
    def test_a_context_is_hashed_from_its_label(self) -> None:
        assert ContextRecord.from_octets(CONTEXT.to_octets()) == CONTEXT
        octets = CONTEXT.to_octets().replace(b"MUMEI-CTX-V1", b"MUMEI-CTX-V2")
        assert "label" in refused(ContextRecord.from_octets, octets)

    def test_a_record_has_its_own_type_and_number_of_fields(self) -> None:
        digits = DigitRecord(X=bytes(96), table_hash=bytes(32), ages=(18, 20)).to_octets()
        refused(ContextRecord.from_octets, digits)
        items = der.read_sequence(digits)
        more = der.sequence(*(item.to_bytes() for item in items), der.integer(1))
        assert "number of fields" in refused(DigitRecord.from_octets, more)


class TestMakerCertificates:
    ROOT = standard.MAKER_ROOT.certificate

    def test_one_is_a_body_and_a_signature_and_short(self) -> None:
        octets = self.ROOT.to_octets()
        body, signature = der.read_sequence(octets)
        assert "too long" in refused(MakerCertificate.from_octets, bytes(257))
        for items in ((body,), (body, signature, signature)):
            message = refused(
                MakerCertificate.from_octets, der.sequence(*(item.to_bytes() for item in items))
            )
            assert "body and a signature" in message

    def test_its_purpose_is_one_that_is_known(self) -> None:
        octets = self.ROOT.to_octets().replace(der.integer(Purpose.ROOT), der.integer(7), 1)
        assert "unknown purpose" in refused(MakerCertificate.from_octets, octets)


class TestTrust:
    OCTETS = standard.card_trust().to_octets()

    def test_keys_have_65_octets_each(self) -> None:
        assert split_keys(b"") == ()
        refused(split_keys, bytes(66))

    def test_a_trust_point_has_to_be_one(self) -> None:
        wrong = self.OCTETS.replace(CVCA.certificate.to_octets(), b"")
        refused(CardTrust.from_octets, wrong)
        turned = bytearray(self.OCTETS)
        turned[self.OCTETS.index(CVCA.certificate.signature)] ^= 1
        refused(CardTrust.from_octets, bytes(turned))


def test_a_response_holds_what_iso_7816_4_lets_it() -> None:
    assert len(ResponseAPDU(bytes(MAX_EXTENDED_LE)).to_bytes()) == MAX_EXTENDED_LE + 2
    for arguments in ((bytes(MAX_EXTENDED_LE + 1),), (b"", 0x10000), (b"", -1)):
        with pytest.raises(ApduError):
            ResponseAPDU(*arguments)


def test_a_part_of_a_chain_is_not_split_and_a_part_holds_something() -> None:
    command = CommandAPDU(cla=CHAINING_BIT, ins=0x34, p1=0, p2=0, data=bytes(300))
    with pytest.raises(ApduError):
        split(command)
    with pytest.raises(ApduError):
        split(replace(command, cla=0), max_data=0)
