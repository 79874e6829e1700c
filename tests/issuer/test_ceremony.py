"""What root and auditor signed after a ceremony is about the key that was witnessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fixtures import world

from mumei.auditor.audit import sign_digits
from mumei.auditor.issuing import sign_issuing
from mumei.issuer.ceremony import CeremonyRecord, check_record
from mumei_core.dates import day_number
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

ROOT, AUDITOR, OTHER = (SigningKey.generate() for _ in range(3))
PARAMETERS = world.issuer().parameters
RECORD = CeremonyRecord.of(
    PARAMETERS,
    at=datetime(2026, 11, 23, 3, tzinfo=UTC),
    witnesses=["A. Mori", "K. Ono"],
    issuer_root=ROOT.point,
    auditor=AUDITOR.point,
)


def key_statement(issuer_name: str = "Gifu TEST", root: SigningKey = ROOT) -> SignedStatement:
    key, day = world.issuer(issuer_name).key, day_number(world.TODAY)
    record = IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=day, last_day=day + 365)
    return sign_issuing(record, root=root, auditor=AUDITOR)


def check(*statements: SignedStatement, root: SigningKey = ROOT, issuer_name: str = "Gifu TEST") -> None:
    check_record(
        RECORD,
        world.issuer(issuer_name).parameters,
        statements,
        root_keys=[root.point],
        auditor_keys=[AUDITOR.point],
    )


def test_key_and_digits_are_checked_against_what_was_witnessed() -> None:
    check(key_statement(), sign_digits(PARAMETERS, ROOT, AUDITOR))


def test_another_issuer_s_parameters_or_statements_are_found() -> None:
    with pytest.raises(TrustError, match="not those of this ceremony"):
        check(issuer_name="Elsewhere TEST")
    other = world.issuer("Elsewhere TEST").parameters
    for statement in (key_statement("Elsewhere TEST"), sign_digits(other, ROOT, AUDITOR)):
        with pytest.raises(TrustError, match="another key or table"):
            check(statement)


def test_a_root_that_the_ceremony_did_not_name_is_found() -> None:
    with pytest.raises(TrustError, match="named another issuer's root"):
        check(key_statement(root=OTHER), root=OTHER)
    with pytest.raises(TrustError, match="not signed as it must be"):
        check(key_statement(root=OTHER))
    with pytest.raises(UsageError):
        check_record(RECORD, PARAMETERS, [key_statement()])


def test_a_record_is_read_as_it_was_written_and_its_code_stands_for_all_of_it(tmp_path: Path) -> None:
    RECORD.save(tmp_path)

    assert CeremonyRecord.load(tmp_path / "ceremony.json") == RECORD
    assert RECORD.code in (tmp_path / "ceremony.txt").read_text(encoding="utf-8")
    assert replace(RECORD, witnesses=("A. Mori", "K. Ueno")).code != RECORD.code
    with pytest.raises(UsageError, match="already"):
        RECORD.save(tmp_path)
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(TrustError, match="no record"):
        CeremonyRecord.load(tmp_path / "other.json")
