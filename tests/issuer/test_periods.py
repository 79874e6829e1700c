"""Issuer keys by period: the old one signs until its last day, the service serves both, no day is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.issuer import cards
from tests.issuer.desks import Certificates, running, trusted

from mumei.issuer.check_issuance import IssuerPublicKey, by_key_id
from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import Issuance
from mumei.issuer.keys import IssuerKey
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.periods import (
    Period,
    PeriodIssuer,
    begin_period,
    check_no_gap,
    load_periods,
    signs_on,
    waiting,
)
from mumei.key_file import WrongPassphraseError
from mumei_core.dates import day_number
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.errors import TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

PASSPHRASE = b"correct horse battery staple"
TODAY = day_number(world.TODAY)
ROOT, AUDITOR = development_key(DevelopmentRole.ISSUER_ROOT), development_key(DevelopmentRole.AUDITOR)
NEW = IssuerKey.generate()


def signed(key: IssuerKey | PublicParameters, first: int, last: int) -> bytes:
    """What root and auditor sign about a key's days."""
    record = IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=first, last_day=last).to_octets()
    return SignedStatement(
        record=record, authority=ROOT.sign(record), auditor=AUDITOR.sign(record)
    ).to_octets()


def period(key: IssuerKey, first: int, last: int, *, destroyed: bool = False) -> Period:
    record = IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=first, last_day=last)
    return Period(name=str(first), public_key=key.public_key, key=None if destroyed else key, record=record)


OLD_PERIOD = period(world.issuer().key, TODAY - 300, TODAY + 30)
NEW_PERIOD = period(NEW, TODAY - 10, TODAY + 395)


class TestWhichKeySigns:
    @pytest.mark.parametrize(
        ("day", "expected"),
        [(-300, OLD_PERIOD), (0, OLD_PERIOD), (30, OLD_PERIOD), (31, NEW_PERIOD), (395, NEW_PERIOD)],
    )
    def test_the_old_one_until_its_last_day(self, day: int, expected: Period) -> None:
        for periods in ((OLD_PERIOD, NEW_PERIOD), (NEW_PERIOD, OLD_PERIOD)):
            assert signs_on(periods, TODAY + day) is expected

    @pytest.mark.parametrize("day", [-301, 396])
    def test_none_outside_all_days(self, day: int) -> None:
        with pytest.raises(TrustError, match="no key of this issuer signs") as error:
            signs_on((OLD_PERIOD, NEW_PERIOD), TODAY + day)
        assert "rotate" in error.value.hint

    def test_a_key_without_days_signs_always(self) -> None:
        first = replace(OLD_PERIOD, record=None)
        assert signs_on((first,), TODAY + 10_000) is first

    def test_a_gap_is_found_before_it_comes(self) -> None:
        late = period(NEW, TODAY + 40, TODAY + 400)

        check_no_gap((OLD_PERIOD, NEW_PERIOD), TODAY)
        check_no_gap((period(NEW, TODAY + 31, TODAY + 400), OLD_PERIOD), TODAY)
        check_no_gap((OLD_PERIOD, late), TODAY + 50)
        with pytest.raises(TrustError, match="nobody signs after 2026-12-23 and before 2027-01-02"):
            check_no_gap((late, OLD_PERIOD), TODAY)


def test_the_service_serves_both_keys_and_changes_by_itself(
    tmp_path: Path, certificates: Certificates
) -> None:
    today = [TODAY]

    def signer(ledger: DurableLedger) -> PeriodIssuer:
        return PeriodIssuer((OLD_PERIOD, NEW_PERIOD), ledger, today=lambda: today[0])

    keys = by_key_id(*(IssuerPublicKey(public_key=k.public_key, W1=k.W1) for k in (world.issuer().key, NEW)))
    first, second = cards.request(), cards.request()
    with (
        running(tmp_path, certificates, signer=signer) as desk,
        RemoteIssuer(desk.url, certificates.office(), keys, patience=5.0) as knows_both,
        RemoteIssuer(desk.url, certificates.office(), trusted(), patience=5.0) as knows_the_old,
    ):
        before = knows_both.issue(first)
        today[0] = TODAY + 31
        after = knows_both.issue(second)
        # Begun under the old key, and answered as it was signed then.
        assert knows_both.issue(first) == before == knows_the_old.issue(first)
        with pytest.raises(Exception, match="does not know"):
            knows_the_old.issue(second)
        with pytest.raises(TrustError, match="does not know"):
            assert knows_the_old.key_id
        assert [line.key_id for line in desk.ledger.log()] == [before.key_id, after.key_id]

    assert (before.key_id, after.key_id) == (world.issuer().key.key_id, NEW.key_id)


def test_what_was_begun_under_the_old_key_is_finished_under_it() -> None:
    today, ledger = [TODAY + 30], MemoryLedger()
    issuer = PeriodIssuer((OLD_PERIOD, NEW_PERIOD), ledger, today=lambda: today[0])
    asked = cards.request()

    def forgotten(*_: bytes) -> None:
        raise ConnectionError

    finish, ledger.finish = ledger.finish, forgotten  # type: ignore[assignment, method-assign]
    with pytest.raises(ConnectionError):
        issuer.issue(asked)
    ledger.finish = finish  # type: ignore[method-assign]
    today[0] += 1

    issued: Issuance = issuer.issue(asked)
    assert issued.key_id == world.issuer().key.key_id and issuer.key_id == NEW.key_id


class TestAFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        world.issuer().key.save(tmp_path / "issuer.key", PASSPHRASE, log2_n=10)
        world.issuer().parameters.save(tmp_path / "parameters.cbor")
        return tmp_path

    def load(self, folder: Path) -> tuple[Period, ...]:
        return load_periods(folder, PASSPHRASE, root_keys=[ROOT.point], auditor_keys=[AUDITOR.point])

    def test_with_one_key_has_one_period_without_end(self, folder: Path) -> None:
        (only,) = self.load(folder)
        assert only.record is None and only.key == world.issuer().key

    def test_rotated_signs_when_both_keys_are_signed(self, folder: Path) -> None:
        made = begin_period(folder, "2027", PASSPHRASE)

        assert made.table_hash == world.issuer().parameters.table_hash
        made.audit()
        # Until then the old one goes on alone, also after a restart.
        (alone,) = self.load(folder)
        assert waiting(folder) == ("2027",) and alone.key == world.issuer().key
        (folder / "periods/2027/issuer-key.statement").write_bytes(signed(made, TODAY, TODAY + 400))
        assert waiting(folder) == ()
        with pytest.raises(TrustError, match="nobody has signed until when the first key"):
            self.load(folder)
        (folder / "issuer-key.statement").write_bytes(signed(world.issuer().key, TODAY - 300, TODAY + 30))
        periods = self.load(folder)
        assert [signs_on(periods, TODAY + d).public_key for d in (0, 31)] == [
            world.issuer().key.public_key,
            made.public_key,
        ]

        # Over and destroyed, but still known: what it has signed can be renewed.
        (folder / "issuer.key").unlink()
        with pytest.raises(TrustError, match="no ledger key"):
            DurableLedger.of_folder(folder, PASSPHRASE)
        begin_period(folder, "2028", PASSPHRASE)
        destroyed, alive = self.load(folder)
        assert destroyed.key is None and destroyed.public_key == world.issuer().key.public_key
        assert (
            PeriodIssuer((destroyed, alive), MemoryLedger(), today=lambda: TODAY + 31).key_id == made.key_id
        )

    def test_takes_no_statement_that_others_signed_or_about_another_key(self, folder: Path) -> None:
        path = folder / "issuer-key.statement"
        good = signed(world.issuer().key, TODAY, TODAY + 1)
        forged = good[:-1] + bytes([good[-1] ^ 1])
        for octets, why in (
            (forged, "does not hold"),
            (b"nonsense", "does not hold"),
            (signed(NEW, TODAY, TODAY + 1), "another key"),
        ):
            path.write_bytes(octets)
            with pytest.raises(TrustError, match=why):
                self.load(folder)

    def test_has_no_more_keys_than_a_card_can_know(self, folder: Path) -> None:
        begin_period(folder, "2027", PASSPHRASE)
        begin_period(folder, "2028", PASSPHRASE)
        with pytest.raises(UsageError, match="as many as a card can know"):
            begin_period(folder, "2029", PASSPHRASE)

    def test_has_no_half_a_period(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(IssuerKey, "save", full)
        with pytest.raises(OSError, match="No space"):
            begin_period(folder, "2027", PASSPHRASE)
        assert not (folder / "periods/2027").exists()

    def test_makes_nothing_under_a_wrong_passphrase_or_name(self, folder: Path) -> None:
        with pytest.raises(WrongPassphraseError):
            begin_period(folder, "2027", b"wrong passphrase")
        for name in ("", "../x", "a/b", "x" * 33, ".hidden"):
            with pytest.raises(UsageError):
                begin_period(folder, name, PASSPHRASE)
        assert not (folder / "periods").exists()
        begin_period(folder, "2027", PASSPHRASE)
        with pytest.raises(UsageError, match="already"):
            begin_period(folder, "2027", PASSPHRASE)
