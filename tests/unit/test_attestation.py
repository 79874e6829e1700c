"""The card maker's certificates, the attested message, and how both travel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.fixtures import world

from mumei.maker.attestation_root import MakerRoot
from mumei_core.attestation import (
    MAX_CERTIFICATE_OCTETS,
    Attestation,
    AttestationKey,
    MakerCertificate,
    Purpose,
    attested_message,
)
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.generators import BLIND
from mumei_core.eac import der
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, InvalidProof, MumeiError
from mumei_core.iso7816 import ber_tlv

MAKER = MakerRoot.generate("Maker TEST")
ROOT = MAKER.certificate
KEY = MAKER.new_attestation_key()
CARD = KEY.certificate
COMMITMENT = bytes(range(176))
MESSAGE = attested_message(nonce=world.NONCE, commitment=COMMITMENT)


def test_certificates_are_read_as_they_were_written() -> None:
    for certificate in (ROOT, CARD):
        assert MakerCertificate.from_octets(certificate.to_octets()) == certificate
    ROOT.check_root()
    CARD.check_card(ROOT)


def test_the_encoding_of_a_certificate() -> None:
    body = (
        "3062" "0c0e" + b"MUMEI-MAKER-V1".hex() + "020101" "0c0a" + b"Maker TEST".hex() + "0441" + CARD.key.hex()
    )  # fmt: skip
    assert CARD.to_octets().hex() == "3081a6" + body + "0440" + CARD.signature.hex()


def test_the_longest_certificate_fits() -> None:
    root = MakerRoot.generate("x" * 64)
    assert len(root.new_attestation_key().certificate.to_octets()) <= MAX_CERTIFICATE_OCTETS
    with pytest.raises(MumeiError):
        MakerRoot.generate("x" * 65)


def test_no_octet_can_be_changed_dropped_or_added() -> None:
    octets = CARD.to_octets()

    def altered() -> Iterator[bytes]:
        for at in range(len(octets)):
            yield octets[:at] + bytes((octets[at] ^ 1,)) + octets[at + 1 :]
            yield octets[:at] + octets[at + 1 :]
            yield octets[:at]
        yield octets + b"\0"

    for wrong in altered():
        with pytest.raises((DecodingError, InvalidProof)):
            MakerCertificate.from_octets(wrong).check_card(ROOT)


@pytest.mark.parametrize(
    "fields",
    [
        lambda label, purpose, maker, key: (der.utf8_string("MUMEI-MAKER-V2"), purpose, maker, key),
        lambda label, purpose, maker, key: (label, der.integer(2), maker, key),
        lambda label, purpose, maker, key: (label, purpose, der.utf8_string(""), key),
        lambda label, purpose, maker, key: (label, purpose, maker, der.octet_string(bytes(65))),
        lambda label, purpose, maker, key: (label, purpose, maker, key, key),
        lambda label, purpose, maker, key: (label, purpose, maker),
    ],
)
def test_what_is_well_signed_is_read_strictly_all_the_same(fields: Callable[..., tuple[bytes, ...]]) -> None:
    body = der.sequence(
        *fields(
            der.utf8_string("MUMEI-MAKER-V1"),
            der.integer(1),
            der.utf8_string("Maker TEST"),
            der.octet_string(KEY.certificate.key),
        )
    )
    with pytest.raises(DecodingError):
        MakerCertificate.from_octets(der.sequence(body, der.octet_string(MAKER.key.sign(body))))


class TestWhoseCertificate:
    def test_another_makers_card(self) -> None:
        other = MakerRoot.generate("Maker TEST").new_attestation_key()
        with pytest.raises(InvalidProof):
            other.certificate.check_card(ROOT)

    def test_our_maker_under_another_name(self) -> None:
        renamed = MakerRoot.make("Another TEST", MAKER.key).new_attestation_key()
        with pytest.raises(InvalidProof) as caught:
            renamed.certificate.check_card(ROOT)
        assert "another card maker" in caught.value.reason

    def test_a_card_certifies_nobody(self) -> None:
        card = SigningKey(int.from_bytes(KEY.secret))
        forged = MakerCertificate.issue(Purpose.CARD, ROOT.maker, SigningKey.generate().point, card)
        for issuer in (CARD, ROOT):
            with pytest.raises(InvalidProof):
                forged.check_card(issuer)

    def test_neither_kind_passes_for_the_other(self) -> None:
        with pytest.raises(InvalidProof):
            ROOT.check_card(ROOT)
        with pytest.raises(InvalidProof):
            CARD.check_root()
        with pytest.raises(InvalidProof):
            CARD.check_card(CARD)
        with pytest.raises(DecodingError):
            AttestationKey(secret=MAKER.key.secret_octets, certificate=ROOT)

    def test_a_root_that_another_key_signed(self) -> None:
        other = SigningKey.generate()
        forged = MakerCertificate.issue(Purpose.ROOT, ROOT.maker, ROOT.key, other)
        with pytest.raises(InvalidProof):
            forged.check_root()
        with pytest.raises(InvalidProof):
            CARD.check_card(forged)


def test_no_private_key_is_shown() -> None:
    for shown in (repr(KEY), repr(MAKER)):
        assert KEY.secret.hex() not in shown
        assert repr(KEY.secret) not in shown


class TestMessage:
    def test_is_the_nonce_and_the_commitment_with_its_proof(self) -> None:
        assert MESSAGE == world.NONCE + COMMITMENT

    @pytest.mark.parametrize(
        "wrong", [{"nonce": bytes(31)}, {"nonce": bytes(33)}, {"commitment": bytes(175)}, {"commitment": b""}]
    )
    def test_of_other_lengths_there_is_none(self, wrong: dict[str, bytes]) -> None:
        with pytest.raises(DecodingError):
            attested_message(**{"nonce": world.NONCE, "commitment": COMMITMENT, **wrong})

    def test_a_signature_is_over_all_of_it(self) -> None:
        attestation = Attestation(certificate=CARD, signature=KEY.sign(MESSAGE))
        attestation.check_signature(MESSAGE)
        for at in range(len(MESSAGE)):
            with pytest.raises(InvalidProof):
                attestation.check_signature(MESSAGE[:at] + bytes((MESSAGE[at] ^ 1,)) + MESSAGE[at + 1 :])


class TestAnswer:
    @staticmethod
    def answer(attestation: Attestation | None) -> EnrolmentAnswer:
        commitment = CommitmentWithProof(C=BLIND[0], s_hat=2, m_hat=(3, 4), c=5)
        return EnrolmentAnswer(
            commitment=commitment, key_id=bytes(32), table_hash=bytes(32), attestation=attestation
        )

    @pytest.mark.parametrize("attested", [True, False])
    def test_comes_back(self, attested: bool) -> None:
        found = Attestation(certificate=CARD, signature=KEY.sign(MESSAGE)) if attested else None
        answer = self.answer(found)
        assert EnrolmentAnswer.from_octets(answer.to_octets()) == answer

    def test_certificate_and_signature_come_together_or_not_at_all(self) -> None:
        octets = self.answer(Attestation(certificate=CARD, signature=KEY.sign(MESSAGE))).to_octets()
        outer = ber_tlv.parse_one(octets, codes.TAG_ENROL)
        for dropped in (codes.TAG_ENROL_CERTIFICATE, codes.TAG_ENROL_ATTESTATION):
            rest = b"".join(item.to_bytes() for item in outer.children() if item.tag != dropped)
            with pytest.raises(DecodingError, match="reverse"):
                EnrolmentAnswer.from_octets(ber_tlv.encode(codes.TAG_ENROL, rest))

    @pytest.mark.parametrize("length", [0, 63, 65])
    def test_a_signature_of_another_length(self, length: int) -> None:
        with pytest.raises(DecodingError):
            Attestation(certificate=CARD, signature=bytes(length))
        with pytest.raises(DecodingError):
            replace(CARD, signature=bytes(length))
