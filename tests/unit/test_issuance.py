"""What travels between office and issuer, strictly; and an issuer without the key that it began with (2.2)."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from tests.fixtures.crypto_world import TODAY
from tests.negative.enrolling import MAKER, Chip, a_request, an_issuer, asks, holder, issuer_key, renews

from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.issuance import (
    Beginning,
    Issuance,
    IssuanceRefused,
    IssuanceRequest,
    Purpose,
    Reason,
    Terms,
)
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, LinkedShares
from mumei_core.errors import DecodingError, UsageError
from mumei_core.iso7816 import ber_tlv

LEDGER = MemoryLedger()
OLD = holder(an_issuer(LEDGER))
RENEWAL = renews(OLD)


@pytest.mark.parametrize("request_", [OLD.request, RENEWAL], ids=["enrolment", "renewal"])
def test_a_request_comes_back_and_has_one_encoding(request_: IssuanceRequest) -> None:
    octets = request_.to_octets()
    assert IssuanceRequest.from_octets(octets) == request_
    assert cbor2.dumps(cbor2.loads(octets), canonical=True) == octets
    for wrong in (b"", octets[:-1], octets + b"\0", b"\xa0", bytes(20_000)):
        with pytest.raises(DecodingError):
            IssuanceRequest.from_octets(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("office", ""),
        ("office", "x" * 65),
        ("office", b"Gifu"),
        ("record", bytes(15)),
        ("purpose", 3),
        ("purpose", int(Purpose.RENEW)),
        ("nonce", "nonce"),
        ("attributes", [b"", b"", b"", b""]),
        ("attributes", [1, 2, 3, 4, 5]),
        ("valid_until", True),
        ("trustees", None),
        ("renewal", [b"request"]),
        ("renewal", [b"request", b"presentation"]),
        ("more", 1),
    ],
)
def test_what_is_no_request(name: str, value: object) -> None:
    document = {**cbor2.loads(OLD.request.to_octets()), name: value}
    with pytest.raises(DecodingError):
        IssuanceRequest.from_octets(cbor2.dumps(document, canonical=True))


def test_an_issuance_comes_back_and_says_no_secret() -> None:
    issuance = OLD.issuance
    assert Issuance.from_octets(issuance.to_octets()) == issuance
    assert issuance.signer_nym_entropy.hex() not in repr(issuance) and repr(OLD.request).find("24727") < 0
    document = cbor2.loads(issuance.to_octets())
    for name, value in (("signature", bytes(79)), ("valid_until", "soon"), ("key_id", 5)):
        with pytest.raises(DecodingError):
            Issuance.from_octets(cbor2.dumps({**document, name: value}, canonical=True))


def test_an_issuer_has_a_key() -> None:
    with pytest.raises(UsageError):
        EmbeddedIssuer([], MemoryLedger())


def test_for_genuine_cards_nobody_is_a_trustee_by_default() -> None:
    """The development profile's trustees have keys that everybody has: real cards' issuers are told of others."""
    issuer = EmbeddedIssuer([issuer_key()], MemoryLedger(), maker_root=MAKER.certificate, today=lambda: TODAY)
    with pytest.raises(IssuanceRefused, match="trustees") as caught:
        issuer.issue(asks())
    assert caught.value.reason is Reason.TRUSTEES


class TestKeysThatChange:
    def test_what_was_begun_is_finished_under_the_key_that_began_it(self) -> None:
        """The process died between the ledger's entry and the signature; meanwhile the key has changed."""
        ledger, request, next_key = MemoryLedger(), asks(), IssuerKey.generate()

        class Dying(MemoryLedger):
            begin = ledger.begin

            def finish(self, *_: bytes) -> None:  # type: ignore[override]
                raise ConnectionAbortedError

        with pytest.raises(ConnectionAbortedError):
            an_issuer(Dying()).issue(request)
        with pytest.raises(IssuanceRefused, match="not here any more") as caught:
            EmbeddedIssuer([next_key], ledger, today=lambda: TODAY).issue(request)
        assert caught.value.reason is Reason.CONFLICT and caught.value.hint
        both = EmbeddedIssuer([next_key, issuer_key()], ledger, today=lambda: TODAY)
        assert both.key_id == next_key.key_id
        assert both.issue(request).key_id == issuer_key().key_id

    def test_credentials_under_a_former_key_are_renewed_under_the_new(self) -> None:
        next_key = IssuerKey.generate()
        with pytest.raises(IssuanceRefused) as caught:
            EmbeddedIssuer([next_key], LEDGER, today=lambda: TODAY).issue(RENEWAL)
        assert caught.value.reason is Reason.RENEWAL
        knowing = EmbeddedIssuer(
            [next_key], LEDGER, former_keys=[issuer_key().public_key], today=lambda: TODAY
        )
        assert knowing.issue(RENEWAL).key_id == next_key.key_id


def test_terms_are_made_once_for_a_commitment() -> None:
    ledger, made = MemoryLedger(), []

    def terms() -> Terms:
        made.append(1)
        return Terms(signer_nym_entropy=bytes(32), renewal_pseudonym=bytes(48), key_id=bytes(32))

    beginning = Beginning(
        commitment=b"C",
        digest=bytes(32),
        office="Gifu",
        record=bytes(16),
        purpose=Purpose.ENROL,
        nonce=bytes(32),
        F_0=bytes(48),
        attestation_key_hash=None,
        valid_until=0,
    )
    assert ledger.begin(beginning, terms) == ledger.begin(beginning, terms)
    assert made == [1]
    first = ledger.finish(b"C", b"one", b"proof")
    assert ledger.finish(b"C", b"two", b"proof") == first


def test_shares_come_with_their_proof_or_not_at_all() -> None:
    answer = Chip().answer(bytes(32))
    items = ber_tlv.parse_one(answer.to_octets(), codes.TAG_ENROL).children()
    for dropped in (codes.TAG_ENROL_LINK_PROOF, codes.TAG_ENROL_SEALED_SHARES, codes.TAG_ENROL_TRUSTEE_LIST):
        rest = b"".join(item.to_bytes() for item in items if item.tag != dropped)
        with pytest.raises(DecodingError, match="or the reverse"):
            EnrolmentAnswer.from_octets(ber_tlv.encode(codes.TAG_ENROL, rest))
    assert answer.linked is not None
    for wrong in ({"F": ()}, {"sealed": b""}, {"sealed": bytes(112)}):
        with pytest.raises(DecodingError):
            replace(answer.linked, **wrong)
    assert isinstance(answer.linked, LinkedShares)


def test_a_malformed_answer_is_refused_in_the_issuers_words() -> None:
    with pytest.raises(IssuanceRefused) as caught:
        an_issuer().issue(replace(a_request(Chip().answer(bytes(32)), bytes(32)), answer=b"\xe3\x00"))
    assert caught.value.reason is Reason.MALFORMED
