"""The audit trail as it is written: one chain whatever happens, on both databases; sealed when the hour is over."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from tests.fixtures import world
from tests.fixtures.clerks import Clock, log_in, name_clerks, noon_clock
from tests.fixtures.postgres import DATABASES, empty_postgresql
from tests.office.trails import KEY, Trail, whole_trail
from tests.vectors.reference import audit_chain

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.audit_key import is_open, load_audit_key, save_audit_key
from mumei.office.audit.entry import AuditEntry
from mumei.office.audit.seals import BrokenTrailError, Sealer
from mumei.office.audit.signer import signing_as
from mumei.office.audit.trail import record
from mumei.office.audit.trail_file import Item, TrailReader, read_items, write_items
from mumei.office.audit.verify import Report, verify_trail
from mumei.office.database import upgrading
from mumei.office.database.engine import ForeignSchemaError, upgrade_database
from mumei.office.database.place import place_of, with_key
from mumei.office.registry import Registry
from mumei.office.registry_base import RegistryBase
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DataError, HostEnvironmentError, MumeiError, TrustError, UsageError


def verified(registry: Registry) -> Report:
    return verify_trail(TrailReader(registry).items(), keys=[KEY.point])


def add(registry: RegistryBase, *, clerk: str = "root", times: int = 1) -> None:
    for _ in range(times):
        with registry._writing(clerk) as session:
            record(session, at=registry._clock(), clerk=clerk, action=AuditAction.LOGGED_OUT)


def test_work_is_chained_sealed_and_whole_on_both_databases(registry_url: str) -> None:
    clock = noon_clock()
    with Registry.open(registry_url, clock=clock) as registry:
        sealer = Sealer(registry)
        sealer.adopt_key(KEY, clerk="root")
        registry.import_residents(world.residents()[:3], clerk="root")
        assert sealer.seal(KEY) is not None
        sessions = name_clerks(registry)
        with signing_as(sessions["sato"]):
            registry.begin_enrolment(1, clerk="sato")
        report = verified(registry)
    assert report.findings == ()
    assert report.seals == 1 and report.unsealed > 10 and report.signed >= 4


def test_the_chain_is_as_the_reference_computes_it() -> None:
    trail = whole_trail()
    link = audit_chain.first_link(trail.head.trail_id)
    for line in trail.lines:
        entry = line.entry
        at = round((entry.at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
        fields = [entry.number, at, entry.clerk, str(entry.action), entry.resident, entry.enrolment]
        fields += [entry.card, entry.order, entry.plan, entry.case, entry.approval, entry.about, entry.digest]
        link = audit_chain.next_link(fields, link, entry.signature or b"")
        assert line.link == link
    assert trail.head.link == link
    for seal in trail.seals:
        at = round((seal.at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
        body = audit_chain.seal_body(seal.trail_id, seal.number, at, seal.entries, seal.link, seal.previous)
        assert seal.to_body() == body


def test_a_transaction_that_is_taken_back_leaves_no_gap(registry_url: str) -> None:
    with Registry.open(registry_url) as registry:
        add(registry)
        with pytest.raises(RuntimeError), registry._writing("root") as session:
            record(session, at=registry._clock(), clerk="root", action=AuditAction.LOGGED_OUT)
            raise RuntimeError
        with registry._writing("root") as session:
            with pytest.raises(RuntimeError), session.begin_nested():
                record(session, at=registry._clock(), clerk="x", action=AuditAction.LOGGED_OUT)
                raise RuntimeError
            record(session, at=registry._clock(), clerk="root", action=AuditAction.LOGGED_IN)
        assert [entry.number for entry in registry.history()] == [1, 2]
        assert verified(registry).findings == ()


def test_offices_that_write_at_once_make_one_chain(registry_url: str) -> None:
    with (
        Registry.open(registry_url, busy_timeout=20) as one,
        Registry.open(registry_url, busy_timeout=20) as two,
    ):
        offices = [threading.Thread(target=add, args=(one,), kwargs={"clerk": "a", "times": 15})]
        offices += [threading.Thread(target=add, args=(two,), kwargs={"clerk": "b", "times": 15})]
        for office in offices:
            office.start()
        for office in offices:
            office.join()
        entries = one.history()
        assert [entry.number for entry in entries] == list(range(1, 31))
        assert {entry.clerk for entry in entries} == {"a", "b"}
        assert verified(one).findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trail SET clerk = 'x'",
        "DELETE FROM audit_trail",
        "UPDATE audit_seal SET entries = 1",
        "DELETE FROM audit_seal",
        "DELETE FROM audit_head",
        "INSERT OR REPLACE INTO audit_trail SELECT * FROM audit_trail WHERE id = 1",
        "INSERT OR REPLACE INTO audit_seal SELECT * FROM audit_seal WHERE id = 1",
        "TRUNCATE audit_trail",
    ],
)
def test_the_database_itself_refuses_change_and_removal(registry_url: str, statement: str) -> None:
    with Registry.open(registry_url) as registry:
        Sealer(registry).adopt_key(KEY, clerk="root")
        Sealer(registry).seal(KEY)
        before = Trail.of(TrailReader(registry).items())
        with pytest.raises(MumeiError), registry._writing("root") as session:
            session.execute(text(statement))
        assert Trail.of(TrailReader(registry).items()) == before


class TestSigning:
    def test_a_clerk_s_own_entries_are_signed_and_nobody_else_s(self, registry_url: str) -> None:
        with Registry.open(registry_url) as registry:
            sessions = name_clerks(registry)
            last = registry.history()[-1].number
            with signing_as(sessions["sato"]):
                add(registry, clerk="sato")
                add(registry, clerk="kato")
            add(registry, clerk="sato")
            signed = [entry.signature is not None for entry in registry.history(after=last)]
            assert signed == [True, False, False]
            assert verified(registry).findings == ()

    def test_threads_of_a_registry_sign_as_the_desk_it_was_opened_at(self, registry_url: str) -> None:
        with Registry.open(registry_url) as registry:
            sato = name_clerks(registry)["sato"]
        with signing_as(sato), Registry.open(registry_url) as registry:
            worker = threading.Thread(target=add, args=(registry,), kwargs={"clerk": "sato"})
            worker.start()
            worker.join()
            assert registry.history()[-1].signature is not None


class TestSeals:
    def test_one_is_due_when_an_hour_is_over_in_which_something_was_done(self, registry_url: str) -> None:
        clock = Clock(now=datetime(2026, 11, 23, 3, 59, tzinfo=UTC))
        with Registry.open(registry_url, clock=clock) as registry:
            sealer = Sealer(registry)
            assert not sealer.is_due()
            sealer.adopt_key(KEY, clerk="root")
            assert not sealer.is_due()
            clock.forward(minutes=1)
            assert sealer.is_due()
            made = sealer.seal(KEY)
            assert made is not None and (made.number, made.entries) == (1, 1)
            assert not sealer.is_due() and sealer.seal(KEY) is None
            clock.forward(hours=5)
            assert not sealer.is_due() and sealer.last() == made

    def test_only_under_the_key_that_the_trail_names(self, registry_url: str) -> None:
        with Registry.open(registry_url) as registry:
            sealer, other = Sealer(registry), SigningKey(7)
            with pytest.raises(TrustError, match="another key"):
                sealer.seal(KEY)
            sealer.adopt_key(KEY, clerk="root")
            sealer.adopt_key(KEY, clerk="root")
            assert len(registry.history()) == 1
            sealer.seal(KEY)
            sealer.adopt_key(other, clerk="root")
            with pytest.raises(TrustError):
                sealer.seal(KEY)
            sealer.seal(other)
            report = verify_trail(TrailReader(registry).items(), keys=[KEY.point, other.point])
            assert report.findings == () and report.seals == 2
            assert verified(registry).findings

    def test_what_was_altered_is_not_sealed_over(self, registry: Registry, registry_path: Path) -> None:
        sealer = Sealer(registry)
        sealer.adopt_key(KEY, clerk="root")
        sealer.seal(KEY)
        add(registry, times=3)
        tamper(registry_path, "UPDATE audit_trail SET clerk = 'x' WHERE id = 3")
        with pytest.raises(BrokenTrailError, match="entry 3") as refused:
            sealer.seal(KEY)
        assert "auditor" in refused.value.hint

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_trail SET clerk = 'x' WHERE id = 2",
            "DELETE FROM audit_trail WHERE id = 2",
            "UPDATE audit_trail SET id = id + 10 WHERE id = 3",
            "DELETE FROM audit_trail WHERE id = 4",
            "UPDATE audit_seal SET entries = 2",
            "UPDATE audit_trail SET action = 'NOTHING' WHERE id = 2",
            "UPDATE audit_trail SET at = '2020-01-01 00:00:00.000000' WHERE id = 2",
        ],
    )
    def test_somebody_with_the_database_alone_is_found(
        self, registry: Registry, registry_path: Path, statement: str
    ) -> None:
        sealer = Sealer(registry)
        sealer.adopt_key(KEY, clerk="root")
        add(registry, times=3)
        sealer.seal(KEY)
        assert verified(registry).findings == ()
        tamper(registry_path, statement)
        assert verified(registry).findings

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_trail SET at = 'yesterday' WHERE id = 2",
            "UPDATE audit_trail SET clerk = x'00' WHERE id = 2",
            "UPDATE audit_trail SET resident_id = 'x' WHERE id = 2",
            "UPDATE audit_trail SET link = 'x' WHERE id = 2",
            "UPDATE audit_seal SET entries = 'x'",
            "UPDATE audit_seal SET signature = 'x'",
            "DELETE FROM audit_head",
        ],
    )
    def test_what_cannot_be_read_any_more_is_said(
        self, registry: Registry, registry_path: Path, statement: str
    ) -> None:
        Sealer(registry).adopt_key(KEY, clerk="root")
        add(registry, times=3)
        Sealer(registry).seal(KEY)
        tamper(registry_path, statement)
        with pytest.raises(ForeignSchemaError) as refused:
            verified(registry)
        assert refused.value.hint

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_trail SET at = 'yesterday' WHERE id = 2",
            "UPDATE audit_trail SET clerk = x'00' WHERE id = 2",
            "UPDATE audit_trail SET link = 'x' WHERE id = 2",
            "DELETE FROM audit_head",
        ],
    )
    def test_nor_is_it_sealed(self, registry: Registry, registry_path: Path, statement: str) -> None:
        Sealer(registry).adopt_key(KEY, clerk="root")
        add(registry, times=3)
        tamper(registry_path, statement)
        with pytest.raises(DataError) as refused:
            Sealer(registry).seal(KEY)
        assert refused.value.hint


def tamper(path: Path, statement: str) -> None:
    """As somebody who may write to the database, and so takes its guards away."""
    with sqlite3.connect(path) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{trigger}"')
        assert raw.execute(statement).rowcount > 0
    raw.close()


class TestFile:
    def test_written_and_read_back(self, tmp_path: Path) -> None:
        items = whole_trail().items()
        with (tmp_path / "trail").open("wb") as out:
            assert write_items(iter(items), out) == len(whole_trail().lines)
        assert list(read_items(tmp_path / "trail")) == items

    def test_it_names_no_resident(self, tmp_path: Path) -> None:
        with (tmp_path / "trail").open("wb") as out:
            write_items(iter(whole_trail().items()), out)
        octets = (tmp_path / "trail").read_bytes()
        for resident in world.residents():
            for told in (resident.family_name, resident.resident_code.digits, resident.address):
                assert told.encode() not in octets

    def test_what_is_cut_short_or_no_trail(self, tmp_path: Path) -> None:
        file = tmp_path / "trail"
        with file.open("wb") as out:
            write_items(iter(whole_trail().items()), out)
        octets = file.read_bytes()
        for content in (b"", b"mumei", octets[:-1], octets + b"\x00", octets[:40] + octets[45:], b"x" * 999):
            file.write_bytes(content)
            with pytest.raises(DataError) as refused:
                list(read_items(file))
            assert refused.value.hint
        with pytest.raises(MumeiError):
            list(read_items(tmp_path / "none"))
        with pytest.raises(HostEnvironmentError):
            list(read_items(tmp_path))

    def test_items_out_of_their_order(self, tmp_path: Path) -> None:
        trail = whole_trail()
        head, key, line, seal = trail.head, trail.keys[0], trail.lines[0], trail.seals[0]
        disorders: tuple[list[Item], ...] = (
            [line],
            [key, head],
            [head, head],
            [head, seal, line],
            [head, line, key],
            [head, line, head],
        )
        for items in disorders:
            with (tmp_path / "trail").open("wb") as out:
                write_items(iter(items), out)
            with pytest.raises(DataError):
                list(read_items(tmp_path / "trail"))

    @pytest.mark.parametrize("number", [1, 5])
    def test_the_body_is_strict(self, number: int) -> None:
        line = whole_trail().line(number)
        body = line.entry.to_body(line.previous)
        assert AuditEntry.from_body(body, line.entry.signature) == (line.entry, line.previous)
        for wrong in (
            b"",
            body + b"\0",
            body[:-1],
            b"\x80",
            body.replace(b"RESIDENT", b"XESIDENT", 1) + b"\0",
        ):
            with pytest.raises(DataError):
                AuditEntry.from_body(wrong, None)


class TestKeyFile:
    def test_open_and_under_a_passphrase(self, tmp_path: Path) -> None:
        public = save_audit_key(KEY, tmp_path / "ward.audit.key")
        assert public.read_bytes() == KEY.point and public.name == "ward.audit.pub"
        assert is_open(tmp_path / "ward.audit.key")
        assert load_audit_key(tmp_path / "ward.audit.key").point == KEY.point
        with pytest.raises(UsageError):
            save_audit_key(SigningKey(9), tmp_path / "ward.audit.key")
        assert public.read_bytes() == KEY.point

    def test_others_must_not_read_it(self, tmp_path: Path) -> None:
        file = tmp_path / "ward.audit.key"
        save_audit_key(KEY, file)
        file.chmod(0o640)
        with pytest.raises(HostEnvironmentError, match="0640"):
            load_audit_key(file)

    def test_what_is_no_key(self, tmp_path: Path) -> None:
        file = tmp_path / "ward.audit.key"
        for octets in (b"", b"mumei audit key 1\n", b"mumei audit key 1\n" + bytes(32)):
            file.write_bytes(octets)
            file.chmod(0o600)
            with pytest.raises(TrustError):
                load_audit_key(file)


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a schema, and where its key file is to be."""
    if request.param == "sqlite":
        file = tmp_path / "registry.db"
        file.touch(mode=0o600)
        yield str(file)
        return
    with empty_postgresql() as url:
        yield with_key(url, tmp_path / "registry.key")


def test_an_older_trail_is_adopted_in_its_order(empty_url: str) -> None:
    """A registry of the first schema: its entries, numbered with gaps, become the chain's beginning."""
    engine = create_engine(place_of(empty_url).url)
    config = upgrading._config()
    resident = world.residents()[0]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO resident VALUES (1, :code, 'a', 'b', 'ア', 'イ', 1, '2000-01-01', 'c', 21,"
                " :municipality, '2026-01-02 03:04:05')"
            ),
            {"code": resident.resident_code.digits, "municipality": resident.municipality.digits},
        )
        for number, clerk in ((2, "sato"), (5, "kato"), (9, "sato")):
            connection.execute(
                text(
                    "INSERT INTO audit_trail (id, at, clerk, action, resident_id)"
                    " VALUES (:id, :at, :clerk, 'RESIDENT_ADDED', 1)"
                ),
                {"id": number, "at": "2026-01-02 03:04:05.000006", "clerk": clerk},
            )
    engine.dispose()
    upgrade_database(empty_url)
    with Registry.open(empty_url) as registry:
        entries = registry.history()
        assert [(entry.number, entry.clerk) for entry in entries] == [(1, "sato"), (2, "kato"), (3, "sato")]
        # A server reads a moment without zone as one of its own.
        assert entries[0].at.replace(hour=3) == datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
        add(registry)
        report = verified(registry)
        assert (report.entries, report.findings) == (4, ())


def test_the_same_clerk_at_two_desks_is_one_clerk(registry_url: str) -> None:
    with Registry.open(registry_url) as registry:
        name_clerks(registry)
        one, two = log_in(registry, "sato"), log_in(registry, "sato")
        assert one.token != two.token and one.session.sign(b"x") != b""
        assert one.session.key is not None and two.session.key is not None
        assert one.session.key.point == two.session.key.point
