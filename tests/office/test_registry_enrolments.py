"""Enrolments step by step: each can break off and go on, none can be bent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.office.forms import TODAY

from mumei.issuer.issuance import Issuance
from mumei.office.database.models import AuditAction, EnrolmentState
from mumei.office.records import EnrolmentConflictError, EnrolmentRecord, NotFoundError
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei_core.dates import day_number
from mumei_core.errors import DataError, UsageError

CLERK = "窓口 一"
COMMITMENT = b"C" * 240
ENTROPY = b"E" * 32
KEY_ID = b"K" * 32
SIGNATURE = b"S" * 80
PROOF = b"P" * 64
PSEUDONYM = b"N" * 48
END = day_number(date(2031, 12, 31))


@pytest.fixture
def hanako(registry: Registry) -> int:
    return registry.add_resident(sample_residents(TODAY)[0], clerk=CLERK).number


@pytest.fixture
def taro(registry: Registry) -> int:
    return registry.add_resident(sample_residents(TODAY)[1], clerk=CLERK).number


def _terms(registry: Registry, number: int, end: int = END) -> EnrolmentRecord:
    return registry.record_valid_until(number, end, clerk=CLERK)


def _sign(registry: Registry, number: int, signature: bytes = SIGNATURE) -> EnrolmentRecord:
    issuance = Issuance(
        valid_until=END,
        key_id=KEY_ID,
        signature=signature,
        signer_nym_entropy=ENTROPY,
        common_key_proof=PROOF,
        renewal_pseudonym=PSEUDONYM,
    )
    return registry.record_issuance(number, issuance, clerk=CLERK)


def _signed(registry: Registry, resident: int, commitment: bytes = COMMITMENT) -> int:
    number = registry.begin_enrolment(resident, clerk=CLERK).number
    registry.record_commitment(number, commitment, clerk=CLERK)
    _terms(registry, number)
    return _sign(registry, number).number


def _stored(registry: Registry, resident: int) -> int:
    return registry.mark_stored(_signed(registry, resident), clerk=CLERK).number


def test_the_whole_way(registry: Registry, hanako: int) -> None:
    begun = registry.begin_enrolment(hanako, clerk=CLERK)
    assert (begun.state, len(begun.nonce), begun.commitment) == (EnrolmentState.STARTED, 32, None)
    committed = registry.record_commitment(begun.number, COMMITMENT, clerk=CLERK)
    assert (committed.state, committed.commitment) == (EnrolmentState.COMMITTED, COMMITMENT)
    terms = _terms(registry, begun.number)
    assert (terms.state, terms.valid_until, terms.signature) == (EnrolmentState.COMMITTED, END, None)
    signed = _sign(registry, begun.number)
    assert (signed.state, signed.signature, signed.common_key_proof) == (
        EnrolmentState.SIGNED,
        SIGNATURE,
        PROOF,
    )
    assert (signed.signer_nym_entropy, signed.key_id) == (ENTROPY, KEY_ID)
    stored = registry.mark_stored(begun.number, clerk=CLERK)
    assert stored.state is EnrolmentState.STORED
    assert registry.enrolment(begun.number) == stored
    assert registry.enrolments_of(hanako) == (stored,)


def test_every_step_leaves_its_entry_in_order(registry: Registry, hanako: int) -> None:
    number = _stored(registry, hanako)
    entries = registry.history(resident_number=hanako)
    assert [entry.action for entry in entries] == [
        AuditAction.RESIDENT_ADDED,
        AuditAction.ENROLMENT_STARTED,
        AuditAction.COMMITMENT_RECORDED,
        AuditAction.ISSUANCE_TERMS_RECORDED,
        AuditAction.SIGNATURE_RECORDED,
        AuditAction.CREDENTIAL_STORED,
    ]
    assert {entry.enrolment for entry in entries[1:]} == {number}
    assert {entry.clerk for entry in entries} == {CLERK}


def test_history_of_one_resident_holds_nobody_elses(registry: Registry, hanako: int, taro: int) -> None:
    _stored(registry, hanako)
    assert [entry.action for entry in registry.history(resident_number=taro)] == [AuditAction.RESIDENT_ADDED]
    first = registry.history(limit=3)
    assert registry.history(limit=3) + registry.history(after=first[-1].number) == registry.history()


@pytest.mark.parametrize("done", [0, 1, 2, 3], ids=["begun", "committed", "terms", "signed"])
def test_an_enrolment_that_broke_off_goes_on_in_another_process(
    registry: Registry, registry_path: Path, hanako: int, done: int
) -> None:
    begun = registry.begin_enrolment(hanako, clerk=CLERK)
    steps: list[Callable[[Registry], EnrolmentRecord]] = [
        lambda office: office.record_commitment(begun.number, COMMITMENT, clerk=CLERK),
        lambda office: _terms(office, begun.number),
        lambda office: _sign(office, begun.number),
        lambda office: office.mark_stored(begun.number, clerk=CLERK),
    ]
    for one in steps[:done]:
        one(registry)
    registry.close()
    with Registry.open(registry_path) as again:
        resumed = again.begin_enrolment(hanako, clerk=CLERK)
        assert (resumed.number, resumed.nonce) == (begun.number, begun.nonce)
        assert again.history()[-1].action is AuditAction.ENROLMENT_RESUMED
        for one in steps:
            last = one(again)
        assert last.state is EnrolmentState.STORED


def test_nonces_differ(registry: Registry, hanako: int, taro: int) -> None:
    assert (
        registry.begin_enrolment(hanako, clerk=CLERK).nonce
        != registry.begin_enrolment(taro, clerk=CLERK).nonce
    )


def test_the_same_step_again_changes_nothing(registry: Registry, hanako: int) -> None:
    number = _signed(registry, hanako)
    before, entries = registry.enrolment(number), registry.history()
    assert registry.record_commitment(number, COMMITMENT, clerk=CLERK) == before
    assert _terms(registry, number) == before
    assert _sign(registry, number) == before
    assert registry.history() == entries
    stored = registry.mark_stored(number, clerk=CLERK)
    assert registry.mark_stored(number, clerk=CLERK) == stored


def test_another_commitment_for_the_same_nonce_is_refused(registry: Registry, hanako: int) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    registry.record_commitment(number, COMMITMENT, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="another commitment") as refused:
        registry.record_commitment(number, b"D" * 240, clerk=CLERK)
    assert "card" in refused.value.hint
    assert registry.enrolment(number).commitment == COMMITMENT


def test_a_commitment_serves_one_enrolment(registry: Registry, hanako: int, taro: int) -> None:
    _signed(registry, hanako)
    other = registry.begin_enrolment(taro, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="belongs to another"):
        registry.record_commitment(other.number, COMMITMENT, clerk=CLERK)
    assert registry.enrolment(other.number) == other


def test_the_first_day_stays(registry: Registry, hanako: int) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    registry.record_commitment(number, COMMITMENT, clerk=CLERK)
    _terms(registry, number)
    assert _terms(registry, number, day_number(date(2032, 6, 30))).valid_until == END


def test_nothing_is_kept_of_an_issuer_that_was_not_asked(registry: Registry, hanako: int) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    with pytest.raises(EnrolmentConflictError, match="no commitment"):
        _terms(registry, number)
    registry.record_commitment(number, COMMITMENT, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="another day"):
        _sign(registry, number)
    _terms(registry, number, day_number(date(2032, 6, 30)))
    with pytest.raises(EnrolmentConflictError, match="another day"):
        _sign(registry, number)
    assert registry.enrolment(number).state is EnrolmentState.COMMITTED


def test_the_database_itself_refuses_a_signature_without_entropy(
    registry: Registry, registry_path: Path, hanako: int
) -> None:
    registry.begin_enrolment(hanako, clerk=CLERK)
    with sqlite3.connect(registry_path) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE enrolment SET signature = x'00'")


def test_another_signature_is_refused(registry: Registry, hanako: int) -> None:
    number = _signed(registry, hanako)
    with pytest.raises(EnrolmentConflictError, match="another signature"):
        _sign(registry, number, signature=b"T" * 80)
    assert registry.enrolment(number).signature == SIGNATURE


@pytest.mark.parametrize("steps", [0, 1])
def test_storing_before_signing_is_refused(registry: Registry, hanako: int, steps: int) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    if steps:
        registry.record_commitment(number, COMMITMENT, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="cannot become STORED"):
        registry.mark_stored(number, clerk=CLERK)


def test_a_cancelled_enrolment_takes_nothing_more(registry: Registry, hanako: int) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    cancelled = registry.cancel_enrolment(number, clerk=CLERK)
    assert registry.cancel_enrolment(number, clerk=CLERK) == cancelled
    with pytest.raises(EnrolmentConflictError, match="CANCELLED"):
        registry.record_commitment(number, COMMITMENT, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError, match="cannot become STORED"):
        registry.mark_stored(number, clerk=CLERK)
    assert registry.begin_enrolment(hanako, clerk=CLERK).number != number


def test_a_stored_enrolment_cannot_be_cancelled(registry: Registry, hanako: int) -> None:
    with pytest.raises(EnrolmentConflictError, match="cannot become CANCELLED"):
        registry.cancel_enrolment(_stored(registry, hanako), clerk=CLERK)


def test_nobody_gets_a_second_card_unawares(registry: Registry, hanako: int) -> None:
    first = _stored(registry, hanako)
    with pytest.raises(EnrolmentConflictError, match="valid until 2031-12-31") as refused:
        registry.begin_enrolment(hanako, clerk=CLERK)
    assert "replacement" in refused.value.hint
    second = registry.begin_enrolment(hanako, clerk=CLERK, replacement=True)
    assert second.number != first
    assert registry.history()[-1].action is AuditAction.REPLACEMENT_STARTED


def test_a_signed_and_cancelled_enrolment_counts_as_a_card(registry: Registry, hanako: int) -> None:
    registry.cancel_enrolment(_signed(registry, hanako), clerk=CLERK)
    with pytest.raises(EnrolmentConflictError):
        registry.begin_enrolment(hanako, clerk=CLERK)


def test_after_the_card_has_expired_a_new_one_is_no_replacement(
    registry: Registry, registry_path: Path, hanako: int
) -> None:
    _stored(registry, hanako)
    registry.close()
    later = datetime(2031, 12, 31, 15, 0, tzinfo=UTC)  # already 1 January in Japan
    with Registry.open(registry_path, clock=lambda: later) as again:
        assert again.begin_enrolment(hanako, clerk=CLERK).state is EnrolmentState.STARTED


@pytest.mark.parametrize("end", ["2026-06-30", "2031-12-30", "2031-06-29"])
def test_a_credential_ends_on_one_of_two_days_not_past(registry: Registry, hanako: int, end: str) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    with pytest.raises(DataError, match="30 June or 31 December"):
        _terms(registry, number, day_number(date.fromisoformat(end)))


@pytest.mark.parametrize("commitment", [b"", bytes(2049)])
def test_a_commitment_has_a_sensible_size(registry: Registry, hanako: int, commitment: bytes) -> None:
    number = registry.begin_enrolment(hanako, clerk=CLERK).number
    with pytest.raises(UsageError):
        registry.record_commitment(number, commitment, clerk=CLERK)


def test_steps_of_an_enrolment_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFoundError):
        registry.record_commitment(1, COMMITMENT, clerk=CLERK)
    with pytest.raises(NotFoundError):
        registry.cancel_enrolment(2**63, clerk=CLERK)


def test_the_audit_trail_cannot_be_rewritten(registry: Registry, registry_path: Path, hanako: int) -> None:
    entries = registry.history()
    for statement in ("UPDATE audit_trail SET clerk = 'x'", "DELETE FROM audit_trail"):
        with (
            sqlite3.connect(registry_path) as raw,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            raw.execute(statement)
    assert registry.history() == entries


def test_repr_of_a_record_shows_nothing_sensitive(registry: Registry, hanako: int) -> None:
    shown = repr(registry.enrolment(_signed(registry, hanako)))
    shown += repr(registry.issuing(1))
    for secret in (ENTROPY, SIGNATURE, PROOF, COMMITMENT, PSEUDONYM):
        assert repr(secret)[2:-1] not in shown
