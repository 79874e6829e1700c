"""What an office does with an answer of the issuer that is not what was asked: the card never sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.fixtures import world
from tests.issuer import cards
from tests.issuer.desks import (
    Certificates,
    Desk,
    running,
)
from tests.issuer.signers import signer

from mumei.issuer import wire
from mumei.issuer.check_issuance import WrongIssuanceError
from mumei.issuer.issuance import Issuance, IssuanceRequest
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.signing import SigningService
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.curve import R, scalar_from_octets, scalar_to_octets


@pytest.fixture(scope="module")
def asked() -> IssuanceRequest:
    return cards.request()


@pytest.fixture(scope="module")
def right(asked: IssuanceRequest) -> Issuance:
    return signer(MemoryLedger()).issue(asked)


@pytest.fixture(scope="module")
def liar(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[tuple[Desk, dict[str, Any]]]:
    lie: dict[str, Any] = {}

    class Liar:
        key_id = world.issuer().key.key_id

        def issue(self, request: IssuanceRequest) -> Any:
            return lie["answer"]

    folder = tmp_path_factory.mktemp("liar")
    with running(folder, certificates, signer=lambda _: Liar()) as desk:
        yield desk, lie


class TestAnAnswerThatIsNotWhatWasAsked:
    """The service, or whoever sits in its place with its certificate, answers as it likes."""

    def refused(self, liar: tuple[Desk, dict[str, Any]], asked: IssuanceRequest, answer: Any) -> str:
        desk, lie = liar
        lie["answer"] = answer
        with desk.client() as issuer, pytest.raises(WrongIssuanceError) as error:
            issuer.issue(asked)
        assert error.value.hint
        return error.value.message

    def test_is_taken_where_it_is_right(
        self, liar: tuple[Desk, dict[str, Any]], asked: IssuanceRequest, right: Issuance
    ) -> None:
        desk, lie = liar
        lie["answer"] = right
        with desk.client() as issuer:
            assert issuer.issue(asked) == right

    def test_ends_on_another_day(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        assert "another day" in self.refused(liar, asked, replace(right, valid_until=right.valid_until + 184))

    def test_is_signed_under_another_key(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        other = world.issuer("Elsewhere TEST")
        assert "does not know" in self.refused(liar, asked, replace(right, key_id=other.key.key_id))

    def test_is_signed_by_another_key_than_it_says(
        self, liar: Any, asked: IssuanceRequest, right: Issuance
    ) -> None:
        """What would mark a card: a private key of its own."""
        issued = SigningService(IssuerKey.generate()).issue(
            asked.attributes,
            EnrolmentAnswer.from_octets(asked.answer).commitment,
            signer_nym_entropy=right.signer_nym_entropy,
            valid_until=right.valid_until,
        )
        marked = replace(
            right,
            signature=issued.signature.to_octets(),
            common_key_proof=issued.common_key_proof.to_octets(),
        )
        assert "does not verify" in self.refused(liar, asked, marked)

    def test_is_for_other_attributes(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        assert "does not verify" in self.refused(
            liar, replace(asked, attributes=(bytes(4), *asked.attributes[1:])), right
        )

    def test_is_for_another_card(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        other = signer(MemoryLedger()).issue(cards.request())
        assert "do not belong together" in self.refused(liar, asked, other)

    def test_has_another_renewal_pseudonym(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        other = signer(MemoryLedger()).issue(cards.request())
        lie = replace(right, renewal_pseudonym=other.renewal_pseudonym)
        assert "do not belong together" in self.refused(liar, asked, lie)

    def test_has_other_entropy(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        entropy = scalar_to_octets((scalar_from_octets(right.signer_nym_entropy) + 1) % R)
        lie = replace(right, signer_nym_entropy=entropy)
        assert "do not belong together" in self.refused(liar, asked, lie)

    def test_has_a_proof_of_something_else(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        c, z = right.common_key_proof[:32], right.common_key_proof[32:]
        for proof in (z + c, c + scalar_to_octets((scalar_from_octets(z) + 1) % R)):
            assert "common key" in self.refused(liar, asked, replace(right, common_key_proof=proof))

    def test_is_no_point_or_no_scalar(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        for lie in (
            replace(right, signature=bytes(80)),
            replace(right, signer_nym_entropy=bytes(32)),
            replace(right, renewal_pseudonym=bytes(48)),
            replace(right, common_key_proof=bytes(64)),
        ):
            assert self.refused(liar, asked, lie)

    def test_is_no_issuance_at_all(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        class Octets:
            def __init__(self, octets: bytes) -> None:
                self._octets = octets

            def to_octets(self) -> bytes:
                return self._octets

        good = right.to_octets()
        for octets in (b"", good[:-1], good + b"\0", b"\xa0", bytes(wire.MAX_ANSWER_OCTETS + 1)):
            assert self.refused(liar, asked, Octets(octets))

    def test_differs_from_the_answer_before(self, liar: Any, asked: IssuanceRequest, right: Issuance) -> None:
        """Both verify: the issuer has forgotten its ledger, and one card could become two."""
        desk, lie = liar
        with desk.client() as issuer:
            lie["answer"] = right
            issuer.issue(asked)
            lie["answer"] = signer(MemoryLedger()).issue(asked)
            with pytest.raises(WrongIssuanceError, match="twice"):
                issuer.issue(asked)
