"""An office and the issuer's service over real HTTPS on loopback."""

from __future__ import annotations

import pytest
from tests.issuer import cards
from tests.issuer.desks import Desk
from tests.issuer.test_service_refuses import post

from mumei.issuer import wire
from mumei.issuer.issuance import IssuanceRefused, Reason
from mumei.issuer.office_ca import utc_now


def test_an_office_gets_its_signature_and_again_the_same(desk: Desk) -> None:
    asked = cards.request()

    with desk.client() as issuer:
        issuer.check_ready()
        first, second = issuer.issue(asked), issuer.issue(asked)
        assert issuer.key_id == first.key_id == desk.signer.key_id
        assert issuer.office == asked.office and issuer.days_left(utc_now()) in (89, 90)

    assert first == second and first.valid_until == asked.valid_until
    assert len(desk.ledger.by_record(asked.record)) == 1


def test_an_office_reports_its_own_cards_and_takes_it_back(desk: Desk) -> None:
    asked = cards.request()
    other = desk.certificates.office("Tokyo TEST", prefectures=(13,))
    with desk.client() as issuer, desk.client(other) as foreign:
        issuer.issue(asked)
        for who, record in ((foreign, asked.record), (issuer, bytes(16))):
            with pytest.raises(IssuanceRefused, match="through this office") as refused:
                who.report(record, reported=True)
            assert refused.value.reason is Reason.RIGHTS

        for reported in (True, False):
            issuer.report(asked.record, reported=reported)
            assert [entry.reported for entry in desk.ledger.by_record(asked.record)] == [reported]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        wire.Report(record=bytes(15), reported=True).to_octets(),
        wire.Report(record=bytes(16), reported=1).to_octets(),  # type: ignore[arg-type]
        wire.Report(record=bytes(16), reported=True).to_octets() + b"x",
    ],
    ids=["empty", "short", "number", "behind"],
)
def test_what_is_no_report_is_malformed(desk: Desk, body: bytes) -> None:
    assert post(desk, body, path=wire.REPORT).status_code == 400
