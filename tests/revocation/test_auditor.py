"""The auditor signs what it has recomputed, in its time, and nothing else (types 2 to 5)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.revocation.lists import AUTHORITY, EPOCH, TODAY
from tests.revocation.world import AUDITOR, ROOT

from mumei.auditor.epochs import sign_epoch, verify_epoch
from mumei.auditor.issuing import sign_issuing, verify_issuing
from mumei.revocation.statements import (
    UNAUDITED,
    HalfSigned,
    recognise_record,
    slot_record,
    stem_of,
    write_statements,
)
from mumei_core.crypto.curve import BP1
from mumei_core.crypto.hash_to_curve import slot_points
from mumei_core.crypto.revocation.tree import SlotTree
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.signature import SigningKey
from mumei_core.epoch_statements import EpochRecord
from mumei_core.errors import TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement

KEYS = (AUTHORITY.point,)
BOTH = {"authority_keys": KEYS, "auditor_keys": (AUDITOR.point,)}
ISSUING = {"root_keys": (ROOT.point,), "auditor_keys": (AUDITOR.point,)}
MEMBERS = tuple(SigningKey(number).point for number in (5, 6, 7))


def half(record: EpochRecord, key: SigningKey = AUTHORITY) -> HalfSigned:
    return HalfSigned(record=record, signature=key.sign(record.to_octets()))


def sign(record: EpochRecord, *, day: int = TODAY) -> SignedStatement:
    return sign_epoch(half(record), AUDITOR, authority_keys=KEYS, day=day)


def issuer_key() -> IssuerKeyRecord:
    key = world.issuer().key
    return IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=TODAY, last_day=TODAY + 365)


@pytest.mark.parametrize(
    "record", [slot_record(EPOCH, 5), recognise_record(EPOCH, b"shop.example")], ids=stem_of
)
def test_right_points_are_signed_and_anyone_can_check(record: EpochRecord) -> None:
    statement = sign(record)
    assert verify_epoch(statement, **BOTH) == record
    with pytest.raises(TrustError, match="not signed as it must be"):
        verify_epoch(replace(statement, auditor=statement.authority), **BOTH)


def test_points_of_somebodys_choice_are_not_signed() -> None:
    """Q_1 = Q_0 * 2: every token of a card in one slot gives that in the other."""
    points = list(slot_points(EPOCH, 5))
    points[1] = points[0] * 2
    related = replace(slot_record(EPOCH, 5), root=SlotTree(points).root)
    chosen = replace(recognise_record(EPOCH, b"shop.example"), R=(BP1 * 7).to_uncompressed())
    elsewhere = replace(slot_record(EPOCH, 5), root=slot_record(EPOCH, 6).root)
    for record in (related, chosen, elsewhere):
        with pytest.raises(TrustError, match="not those of their labels"):
            sign(record)
        octets = record.to_octets()
        signed = SignedStatement(
            record=octets, authority=AUTHORITY.sign(octets), auditor=AUDITOR.sign(octets)
        )
        with pytest.raises(TrustError, match="not those of their labels"):
            verify_epoch(signed, **BOTH)


@pytest.mark.parametrize(
    ("day", "good"), [(TODAY - 1, False), (TODAY, True), (TODAY + 6, True), (TODAY + 7, False)]
)
def test_a_statement_is_signed_in_its_own_week_only(day: int, good: bool, tmp_path: Path) -> None:
    if good:
        sign(slot_record(EPOCH, 5), day=day)
        assert write_statements(EPOCH, AUTHORITY, tmp_path, day=day, contexts=[b"shop.example"]) == 65
        assert len(list(tmp_path.glob(f"*{UNAUDITED}"))) == 65
        assert HalfSigned.load(tmp_path / f"{EPOCH}-bucket005{UNAUDITED}").record == slot_record(EPOCH, 5)
    else:
        with pytest.raises(UsageError):
            sign(slot_record(EPOCH, 5), day=day)
        with pytest.raises(UsageError):
            write_statements(EPOCH, AUTHORITY, tmp_path, day=day)
        assert not list(tmp_path.iterdir())


def test_what_the_authority_has_not_signed_is_not_signed() -> None:
    with pytest.raises(TrustError, match="not signed by the revocation authority"):
        sign_epoch(half(slot_record(EPOCH, 5), AUDITOR), AUDITOR, authority_keys=KEYS, day=TODAY)


def test_a_file_that_is_no_half_statement_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.unaudited").write_bytes(sign(slot_record(EPOCH, 5)).to_octets())
    with pytest.raises(TrustError, match="holds no unaudited statement"):
        HalfSigned.load(tmp_path / "a.unaudited")


def test_an_issuers_key_and_trustees_are_signed_by_root_and_auditor() -> None:
    trustees = TrusteeListRecord(version=1, t=2, keys=MEMBERS)
    for record in (issuer_key(), trustees):
        statement = sign_issuing(record, root=ROOT, auditor=AUDITOR)
        assert verify_issuing(statement, **ISSUING) == record
        with pytest.raises(TrustError, match="not signed as it must be"):
            verify_issuing(replace(statement, authority=statement.auditor), **ISSUING)


def test_a_w1_that_would_name_people_is_not_signed() -> None:
    good = issuer_key()
    for wrong in (BP1.to_octets(), (BP1 * 7).to_octets(), bytes([0xC0]) + bytes(47)):
        with pytest.raises(TrustError):
            sign_issuing(replace(good, W1=wrong), root=ROOT, auditor=AUDITOR)
    with pytest.raises(TrustError):
        sign_issuing(replace(good, PK=bytes(96)), root=ROOT, auditor=AUDITOR)


def test_one_trustee_is_not_enough_for_a_list() -> None:
    alone = TrusteeListRecord(version=1, t=1, keys=MEMBERS)
    with pytest.raises(TrustError, match="one trustee alone"):
        sign_issuing(alone, root=ROOT, auditor=AUDITOR)


def test_a_trustee_with_a_published_key_is_none() -> None:
    """'mumei trustee init --development' makes a trustee whose key everybody has: never one of real cards."""
    published = TrusteeListRecord(version=1, t=2, keys=(*MEMBERS, development_trustees().keys[1]))
    with pytest.raises(TrustError, match="everybody has"):
        sign_issuing(published, root=ROOT, auditor=AUDITOR)


def test_a_statement_about_something_else_is_said() -> None:
    trustees = sign_issuing(TrusteeListRecord(version=1, t=2, keys=MEMBERS), root=ROOT, auditor=AUDITOR)
    with pytest.raises(TrustError, match="no statement about an epoch"):
        verify_epoch(trustees, **BOTH)
    with pytest.raises(TrustError, match="no statement about issuing"):
        verify_issuing(sign(slot_record(EPOCH, 5)), **ISSUING)
