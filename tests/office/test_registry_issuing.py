"""What the registry keeps of issuances: one card's answer for one enrolment, chips and handles that are new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.negative.enrolling import MAKER, TRUSTEES, Chip, asks
from tests.office.conftest import END, noon
from tests.office.forms import TODAY

from mumei.issuer.issuance import Issuance, Purpose, RenewalEvidence
from mumei.office.database.models import AuditAction
from mumei.office.database.models_cards import CardState
from mumei.office.delivery_note import DeliveryNote
from mumei.office.records import EnrolmentConflictError, NotFoundError
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei_core.attestation import AttestationKey
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import DataError, UsageError

CLERK = "窓口 一"
SHOWN = RenewalEvidence(request=b"request", presentation=b"shown")
ISSUED = Issuance(
    valid_until=END,
    key_id=b"K" * 32,
    signature=b"S" * 80,
    signer_nym_entropy=b"E" * 32,
    common_key_proof=b"P" * 64,
    renewal_pseudonym=b"N" * 48,
)


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """On SQLite and again on PostgreSQL, with residents."""
    with Registry.open(registry_url, clock=noon) as opened:
        opened.import_residents(sample_residents(TODAY)[:4], clerk=CLERK)
        yield opened


def begun(registry: Registry, resident: int = 1) -> int:
    return registry.begin_enrolment(resident, clerk=CLERK, replacement=True).number


def answered(
    registry: Registry, number: int, chip: Chip | None = None, key: AttestationKey | None = None
) -> EnrolmentAnswer:
    answer = (chip or Chip()).answer(registry.enrolment(number).nonce, attested=key)
    registry.record_answer(number, answer, TRUSTEES.octets, clerk=CLERK)
    return answer


def stored(registry: Registry, resident: int = 1) -> int:
    number = begun(registry, resident)
    answered(registry, number)
    registry.record_valid_until(number, END, clerk=CLERK)
    registry.record_issuance(number, replace(ISSUED, signature=bytes([number]) * 80), clerk=CLERK)
    return registry.mark_stored(number, clerk=CLERK).number


def test_an_answer_is_kept_whole_and_only_one(registry: Registry) -> None:
    number = begun(registry)
    answer = answered(registry, number)
    before = registry.history()
    registry.record_answer(number, answer, TRUSTEES.octets, clerk=CLERK)
    assert registry.history() == before
    kept = registry.issuing(number)
    assert kept is not None and kept.answer == answer and kept.trustees == TRUSTEES.octets
    assert (kept.purpose, kept.renews, kept.trustee_list) == (Purpose.ENROL, None, TRUSTEES.digest)
    with pytest.raises(EnrolmentConflictError, match="another commitment"):
        answered(registry, number)
    assert registry.issuings_of(1) == (kept,)


def test_a_handle_serves_one_enrolment(registry: Registry) -> None:
    answered(registry, begun(registry), Chip(handle=7))
    other = begun(registry, 2)
    with pytest.raises(EnrolmentConflictError, match="handle"):
        answered(registry, other, Chip(handle=7))
    assert registry.enrolment(other).commitment is None


def test_a_chip_serves_one_enrolment_unless_the_issuer_was_never_asked(registry: Registry) -> None:
    key, first, other = MAKER.new_attestation_key(), begun(registry), begun(registry, 2)
    answered(registry, first, key=key)
    with pytest.raises(EnrolmentConflictError, match="chip"):
        answered(registry, other, key=key)
    registry.cancel_enrolment(first, clerk=CLERK)
    answered(registry, other, key=key)
    registry.record_valid_until(other, END, clerk=CLERK)
    registry.cancel_enrolment(other, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="chip"):
        answered(registry, begun(registry, 3), key=key)


def test_the_chip_is_the_one_of_the_delivery_note(registry: Registry) -> None:
    """A genuine chip, but another: somebody has put it between desk and card."""
    number, key = begun(registry), MAKER.new_attestation_key()
    note = f"number,attestation\n{'11' * 10},{sha256(key.certificate.key).hex()}\n"
    registry.take_delivery(DeliveryNote.from_bytes(note.encode()), clerk=CLERK)
    registry.reserve_card(b"\x11" * 10, number, clerk=CLERK)
    for other in (MAKER.new_attestation_key(), None):
        with pytest.raises(EnrolmentConflictError, match="delivery note") as caught:
            answered(registry, number, key=other)
        assert caught.value.hint
    answered(registry, number, key=key)


@pytest.mark.parametrize(("asked", "state"), [(False, CardState.STOCK), (True, CardState.DESTROYED)])
def test_a_chip_that_the_issuer_may_have_seen_goes_to_nobody_else(
    registry: Registry, asked: bool, state: CardState
) -> None:
    number = begun(registry)
    registry.take_delivery(DeliveryNote.from_bytes(f"number\n{'11' * 10}\n".encode()), clerk=CLERK)
    card = registry.reserve_card(b"\x11" * 10, number, clerk=CLERK).card
    answered(registry, number, key=MAKER.new_attestation_key())
    if asked:
        registry.record_valid_until(number, END, clerk=CLERK)
    registry.cancel_enrolment(number, clerk=CLERK)
    assert registry.card(card).state is state


def test_an_answer_without_shares_is_never_on_record(registry: Registry) -> None:
    number = begun(registry)
    first = replace(Chip().answer(registry.enrolment(number).nonce), linked=None)
    with pytest.raises(UsageError):
        registry.record_answer(number, first, TRUSTEES.octets, clerk=CLERK)


class TestRenewal:
    def test_evidence_stays_until_the_issuer_has_signed(self, registry: Registry) -> None:
        stored(registry)
        number = registry.begin_renewal(1, clerk=CLERK).number
        with pytest.raises(EnrolmentConflictError, match="no renewal that a card has answered"):
            registry.record_evidence(number, SHOWN, clerk=CLERK)
        answered(registry, number)
        assert registry.record_evidence(number, SHOWN, clerk=CLERK) == SHOWN
        later = replace(SHOWN, presentation=b"again")
        assert registry.record_evidence(number, later, clerk=CLERK) == SHOWN
        registry.record_valid_until(number, END, clerk=CLERK)
        registry.record_issuance(number, ISSUED, clerk=CLERK)
        kept = registry.issuing(number)
        assert kept is not None and kept.evidence is None and kept.renewal_pseudonym == b"N" * 48

    def test_it_is_gone_on_with_and_names_what_it_renews(self, registry: Registry) -> None:
        first = stored(registry)
        number = registry.begin_renewal(1, clerk=CLERK).number
        assert registry.begin_renewal(1, clerk=CLERK).number == number
        kept = registry.issuing(number)
        assert kept is not None and (kept.purpose, kept.renews) == (Purpose.RENEW, first)
        actions = [entry.action for entry in registry.history(resident_number=1)]
        assert actions[-2:] == [AuditAction.RENEWAL_STARTED, AuditAction.ENROLMENT_RESUMED]
        registry.cancel_enrolment(number, clerk=CLERK)
        assert registry.begin_renewal(1, clerk=CLERK).number > number

    def test_an_enrolment_shows_no_evidence(self, registry: Registry) -> None:
        number = begun(registry)
        answered(registry, number)
        with pytest.raises(EnrolmentConflictError):
            registry.record_evidence(number, SHOWN, clerk=CLERK)

    def test_nobody_and_nothing_to_renew(self, registry: Registry) -> None:
        with pytest.raises(EnrolmentConflictError, match="no card"):
            registry.begin_renewal(2, clerk=CLERK)
        with pytest.raises(NotFoundError):
            registry.begin_renewal(99, clerk=CLERK)
        with pytest.raises(NotFoundError):
            registry.issuing(99)


def test_cards_enrolled_before_are_listed(registry: Registry) -> None:
    assert stored(registry)
    number = begun(registry, 2)
    registry.record_commitment(number, b"C" * 176, clerk=CLERK)
    registry.record_valid_until(number, END, clerk=CLERK)
    registry.record_issuance(number, ISSUED, clerk=CLERK)
    registry.mark_stored(number, clerk=CLERK)
    assert [record.number for record in registry.irrevocable()] == [number]


def test_a_request_of_the_same_record_is_the_same_octets(registry: Registry) -> None:
    """The issuer knows a request that comes again by them."""
    request = asks(office={"record": registry.resident(1).record})
    again = type(request).from_octets(request.to_octets())
    assert again == request and again.digest == request.digest
    with pytest.raises(DataError):
        type(request).from_octets(request.to_octets() + b"\0")
