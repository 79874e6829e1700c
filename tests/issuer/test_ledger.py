"""The issuer's ledger: nothing is forgotten, nothing serves twice, and its file tells no entropy."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from tests.fixtures import postgres
from tests.issuer.ledgers import beginning, terms

from mumei.issuer.issuance import IssuanceRefused, LedgerConflict, Purpose, Reason, Terms
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_database import LedgerUnavailableError
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.limits import TooManyError
from mumei.issuer.signing_log import Head
from mumei_core.errors import DataError, TrustError, UsageError

NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)
LEDGER_KEY = LedgerKey.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def opened(where: Path | str) -> DurableLedger:
    return DurableLedger.open(where, LEDGER_KEY, clock=lambda: NOON)


@pytest.fixture
def ledger(path: Path) -> Iterator[DurableLedger]:
    with opened(path) as found:
        yield found


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database of this module's own on this run's server: to make one takes longer than a test."""
    running, name = postgres.server(), "issuer_ledgers"
    try:
        yield running.create(name)
    finally:
        running.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, path: Path) -> Iterator[Path | str]:
    """Where an empty ledger is to be."""
    if request.param == "sqlite":
        yield path
        return
    url: str = request.getfixturevalue("database")
    yield url
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


@pytest.fixture
def either(place: Path | str) -> Iterator[DurableLedger]:
    """A ledger on both databases."""
    with opened(place) as found:
        yield found


class TestOneCommitment:
    def test_keeps_its_terms_and_its_first_signature_also_in_another_process(
        self, place: Path | str, either: DurableLedger
    ) -> None:
        asked = beginning()
        first = either.begin(asked, terms)
        either.close()

        with opened(place) as again:
            known = again.begin(asked, lambda: pytest.fail("terms are made once"))
            signed = again.finish(asked.commitment, b"s" * 80, b"p" * 64)
            later = again.finish(asked.commitment, b"S" * 80, b"P" * 64)

        assert known == first and known.signature is None
        assert signed == later == replace(known, signature=b"s" * 80, common_key_proof=b"p" * 64)

    def test_serves_one_request(self, either: DurableLedger) -> None:
        asked = beginning()
        either.begin(asked, terms)

        with pytest.raises(LedgerConflict, match="another request"):
            either.begin(replace(asked, digest=bytes(32)), terms)

    @pytest.mark.parametrize("shared", ["nonce", "F_0", "attestation_key_hash"])
    def test_shares_with_no_other(self, either: DurableLedger, shared: str) -> None:
        asked = beginning()
        either.begin(asked, terms)

        with pytest.raises(LedgerConflict) as refused:
            either.begin(beginning(**{shared: getattr(asked, shared)}), terms)

        assert refused.value.reason is Reason.CONFLICT and refused.value.hint
        assert either.head().number == 1

    def test_may_show_no_attestation_key_as_others_do(self, either: DurableLedger) -> None:
        for _ in range(2):
            either.begin(beginning(attestation_key_hash=None), terms)

        assert either.head().number == 2

    def test_whose_terms_cannot_be_made_leaves_nothing(self, either: DurableLedger) -> None:
        def broken() -> Terms:
            raise IssuanceRefused(Reason.LINK, "no")

        asked = beginning()
        with pytest.raises(IssuanceRefused):
            either.begin(asked, broken)

        assert either.by_record(asked.record) == () and either.head() == Head()
        assert either.begin(asked, terms).signature is None

    def test_that_was_never_begun_cannot_be_finished(self, either: DurableLedger) -> None:
        with pytest.raises(DataError):
            either.finish(b"unknown", bytes(80), bytes(64))

    def test_asked_for_by_many_at_once_gets_one_entry(self, either: DurableLedger) -> None:
        asked, found = beginning(), []
        threads = [
            threading.Thread(target=lambda: found.append(either.begin(asked, terms))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 6 and len({entry.terms.signer_nym_entropy for entry in found}) == 1
        assert either.verify().number == 1


class TestARecord:
    def test_has_its_issuances_in_order(self, either: DurableLedger) -> None:
        first = beginning()
        either.begin(first, terms)
        either.begin(beginning(), terms)
        second = beginning(record=first.record, purpose=Purpose.RENEW, renews=first.commitment)
        either.begin(second, terms)

        assert [entry.beginning for entry in either.by_record(first.record)] == [first, second]
        assert either.by_record(bytes(16)) == ()

    def test_that_is_reported_is_not_renewed_until_it_is_found(self, either: DurableLedger) -> None:
        card = beginning()
        either.begin(card, terms)
        renewal = beginning(record=card.record, purpose=Purpose.RENEW, renews=card.commitment)
        either.report(card.record, reported=True)

        with pytest.raises(IssuanceRefused) as refused:
            either.begin(renewal, terms)
        either.begin(beginning(record=card.record), terms)
        assert refused.value.reason is Reason.REPORTED
        assert [entry.reported for entry in either.by_record(card.record)] == [True, False]

        either.report(card.record, reported=False)
        either.begin(renewal, terms)

    def test_unknown_is_not_renewed(self, either: DurableLedger) -> None:
        with pytest.raises(IssuanceRefused) as refused:
            either.begin(beginning(purpose=Purpose.RENEW, renews=b"none"), terms)

        assert refused.value.reason is Reason.RENEWAL


class TestTheFile:
    def test_is_private_and_does_not_tell_entropy_or_pseudonym(
        self, path: Path, ledger: DurableLedger
    ) -> None:
        made = ledger.begin(beginning(), terms).terms
        ledger.close()

        octets = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert made.signer_nym_entropy not in octets and made.renewal_pseudonym not in octets

    def test_survives_a_crash_right_after_the_terms(self, ledger: DurableLedger, path: Path) -> None:
        asked = beginning()
        made = ledger.begin(asked, terms)
        # As a killed process leaves it: the write-ahead log is not folded in, nothing was closed.
        copies = {file.name: file.read_bytes() for file in path.parent.iterdir()}
        crashed = path.parent / "crashed"
        crashed.mkdir()
        for name, octets in copies.items():
            (crashed / name).write_bytes(octets)
            (crashed / name).chmod(0o600)

        with opened(crashed / "ledger.db") as again:
            assert again.begin(asked, terms) == made

    def test_of_another_issuer_is_not_opened(self, path: Path, ledger: DurableLedger) -> None:
        asked = beginning()
        ledger.begin(asked, terms)

        with DurableLedger.open(path, LedgerKey.generate()) as foreign, pytest.raises(TrustError) as refused:
            foreign.begin(asked, terms)
        assert "back-up" in refused.value.hint

    def test_open_to_others_is_refused(self, path: Path, ledger: DurableLedger) -> None:
        ledger.close()
        path.chmod(0o644)

        with pytest.raises(LedgerUnavailableError, match="0644"):
            opened(path)

    def test_that_is_no_ledger_is_refused(self, path: Path) -> None:
        path.write_bytes(b"not a database at all" * 100)
        path.chmod(0o600)
        with pytest.raises(TrustError):
            opened(path)

        path.unlink()
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE residents (name TEXT)")
        path.chmod(0o600)
        with pytest.raises(DataError, match="no issuer's ledger"):
            opened(path)

    def test_of_a_newer_version_is_left_alone(self, path: Path, ledger: DurableLedger) -> None:
        ledger.close()
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("UPDATE issuer_ledger SET version = 99")
            raw.commit()

        with pytest.raises(DataError, match="another version"):
            opened(path)

    def test_that_somebody_else_writes_is_waited_for_and_then_said(self, path: Path) -> None:
        with DurableLedger.open(path, LEDGER_KEY, busy_limit=0.05) as ledger:
            with closing(sqlite3.connect(path)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(LedgerUnavailableError, match="another program"):
                    ledger.check_ready()
            ledger.check_ready()

    def test_that_is_full_signs_nothing(self, path: Path, ledger: DurableLedger) -> None:
        ledger.begin(beginning(), terms)
        with ledger._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        ledger.close()
        full = opened(path)
        with full._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        asked = [beginning() for _ in range(60)]

        with pytest.raises(LedgerUnavailableError, match="disk is full"):
            for one in asked:
                full.begin(one, terms)

        assert full.verify().number < 61
        full.close()

    def test_on_a_server_that_is_away_is_said(self) -> None:
        with pytest.raises(LedgerUnavailableError) as refused:
            DurableLedger.open("postgresql://nobody@127.0.0.1:1/ledger", LEDGER_KEY)
        assert "nothing was signed" in refused.value.hint

    def test_in_memory_or_behind_an_unknown_driver_is_refused(self) -> None:
        for where in ("sqlite://", "sqlite:///:memory:", "nonsense://x/y", "://"):
            with pytest.raises(UsageError) as refused:
                DurableLedger.open(where, LEDGER_KEY)
            assert refused.value.hint


class TestTheSigningLog:
    @pytest.fixture
    def written(self, ledger: DurableLedger) -> DurableLedger:
        for office in ("Gifu ward TEST", "Gifu ward TEST", "Tokyo TEST"):
            ledger.begin(beginning(office=office), terms)
        return ledger

    def test_has_a_line_for_each_signature(self, written: DurableLedger) -> None:
        lines = list(written.log())

        assert [line.office for line in lines] == ["Gifu ward TEST", "Gifu ward TEST", "Tokyo TEST"]
        assert written.verify() == Head(number=3, hash=lines[-1].hash) == written.head()
        assert Head.from_text(written.head().text()) == written.head()

    def test_limits_an_office_in_an_hour_also_after_a_restart(self, path: Path) -> None:
        moment = [NOON]
        asked = [beginning() for _ in range(4)]

        def again() -> DurableLedger:
            return DurableLedger.open(path, LEDGER_KEY, clock=lambda: moment[0])

        with again() as ledger, ledger.at_most(2):
            ledger.begin(asked[0], terms)
            moment[0] += timedelta(minutes=20)
            ledger.begin(asked[1], terms)
        with again() as ledger, ledger.at_most(2):
            with pytest.raises(TooManyError, match="2 signatures") as refused:
                ledger.begin(asked[2], terms)
            ledger.begin(asked[0], lambda: pytest.fail("it is on record"))
            ledger.begin(beginning(office="Tokyo TEST"), terms)
            assert refused.value.after == 40 * 60 and "40 minutes" in refused.value.hint

            moment[0] += timedelta(minutes=40)
            ledger.begin(asked[2], terms)
            with pytest.raises(TooManyError):
                ledger.begin(asked[3], terms)
        with again() as ledger:
            ledger.begin(asked[3], terms)

    def test_cannot_be_changed_by_a_slip(self, path: Path, written: DurableLedger) -> None:
        with closing(sqlite3.connect(path)) as raw:
            for slip in (
                "DELETE FROM issuer_signing_log",
                "UPDATE issuer_signing_log SET at = 0",
            ):
                with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                    raw.execute(slip)

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE issuer_signing_log SET office = 'Tokyo TEST' WHERE number = 1",
            "UPDATE issuer_signing_log SET at = at - 1 WHERE number = 2",
            "UPDATE issuer_signing_log SET digest = zeroblob(32) WHERE number = 2",
            "UPDATE issuer_signing_log SET key_id = randomblob(32) WHERE number = 3",
            "UPDATE issuer_signing_log SET purpose = 2 WHERE number = 3",
            "DELETE FROM issuer_signing_log WHERE number = 2",
            "DELETE FROM issuer_signing_log WHERE number = 3",
            "UPDATE issuer_signing_log SET number = 4 - number + 100; "
            "UPDATE issuer_signing_log SET number = number - 100",
        ],
        ids=["office", "time", "digest", "key", "purpose", "removed", "cut-off", "reordered"],
    )
    def test_shows_what_was_tampered_with(self, path: Path, written: DurableLedger, tampering: str) -> None:
        with closing(sqlite3.connect(path)) as raw:
            for trigger in ("update", "delete"):
                raw.execute(f"DROP TRIGGER issuer_signing_log_no_{trigger}")
            for statement in tampering.split("; "):
                raw.execute(statement)
            raw.commit()

        with pytest.raises(TrustError) as found:
            written.verify()
        assert "back-up" in found.value.hint
        removed = tampering == "DELETE FROM issuer_signing_log WHERE number = 2"
        assert (found.value.message == "line 2 of the signing log is missing, or out of order") == removed

    def test_that_was_written_anew_misses_the_head_that_was_noted(self, tmp_path: Path) -> None:
        with opened(tmp_path / "a.db") as true, opened(tmp_path / "b.db") as false:
            for ledger in (true, false):
                for _ in range(3):
                    ledger.begin(beginning(), terms)
            noted = true.head()
            true.begin(beginning(), terms)

            assert true.verify(noted=noted).number == 4
            assert true.verify(noted=Head()).number == 4
            with pytest.raises(TrustError, match="noted"):
                false.verify(noted=noted)

    def test_is_one_chain_for_several_services_on_both_databases(
        self, place: Path | str, either: DurableLedger
    ) -> None:
        with opened(place) as other:
            threads = [
                threading.Thread(
                    target=lambda ledger=ledger: [ledger.begin(beginning(), terms) for _ in range(5)]
                )
                for ledger in (either, other, either, other)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert either.verify() == other.head() and other.head().number == 20

    def test_on_postgresql_cannot_be_changed_by_a_slip_either(
        self, place: Path | str, either: DurableLedger
    ) -> None:
        either.begin(beginning(), terms)
        for slip in ("DELETE FROM issuer_signing_log", "UPDATE issuer_signing_log SET at = 0"):
            with pytest.raises(DBAPIError, match="only ever added to"), either._engine.begin() as connection:
                connection.exec_driver_sql(slip)

    @pytest.mark.parametrize("text", ["", "3", "x:00", "3:00", "-1:" + "00" * 32])
    def test_takes_no_malformed_head(self, text: str) -> None:
        with pytest.raises(UsageError):
            Head.from_text(text)
