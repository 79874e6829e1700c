"""An office and the issuer's service over real HTTPS on loopback."""

from __future__ import annotations

from tests.issuer import cards
from tests.issuer.desks import Desk


def test_an_office_gets_its_signature_and_again_the_same(desk: Desk) -> None:
    asked = cards.request()

    with desk.client() as issuer:
        issuer.check_ready()
        first, second = issuer.issue(asked), issuer.issue(asked)
        assert issuer.key_id == first.key_id == desk.signer.key_id

    assert first == second and first.valid_until == asked.valid_until
    assert len(desk.ledger.by_record(asked.record)) == 1
