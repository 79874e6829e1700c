"""No check of the registry is there for nothing: each stops something that passes without it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import text
from tests.negative.mutants import Mutation
from tests.office.forms import TODAY, resident_with
from tests.office.import_desk import HANAKO, HEADING, TARO, Desk, change

from mumei.office import registry_events, registry_import
from mumei.office.database import engine, registry_key
from mumei.office.database.code_vault import CodeVault
from mumei.office.database.registry_key import load_keys, new_keys, replace_keys, save_keys
from mumei.office.delivery_note import DeliveryNote
from mumei.office.registry import Registry
from mumei.office.registry_cards import CardRegistry
from mumei.office.registry_enrolments import EnrolmentRegistry
from mumei.office.registry_events import ResidentEventRegistry
from mumei.office.registry_import import ImportRegistry
from mumei.office.registry_issuing import IssuingRegistry
from mumei.office.residents.import_check import Seen
from mumei.office.residents.import_text import CsvFile
from mumei_core.errors import DataError, MumeiError

CLERK = "窓口 一"
ADDRESS = "岐阜県岐阜市架空町9番地"
COMMITTED = b"C" * 240


@dataclass(frozen=True)
class Office:
    """A registry with one resident, 岐阜 花子, and where it lies."""

    registry: Registry
    path: Path

    @property
    def key(self) -> Path:
        return self.path.with_suffix(".key")

    def again(self) -> None:
        self.registry.close()
        Registry.open(self.path).close()

    def write(self, statement: str) -> None:
        with self.registry._writing("root") as session:
            session.execute(text(statement))

    def take(self, *rows: str, update: bool = False) -> None:
        """Import; a row that is refused raises."""
        report = Desk(self.registry, self.path.parent).take(*rows, update=update)
        if report.refused:
            raise DataError("a row was refused")


def a_card_for_the_dead(office: Office) -> None:
    office.registry.record_death(1, on=TODAY, clerk=CLERK)
    office.registry.begin_enrolment(1, clerk=CLERK)


def a_card_for_who_died_since(office: Office) -> None:
    number = office.registry.begin_enrolment(1, clerk=CLERK).number
    office.registry.record_commitment(number, COMMITTED, clerk=CLERK)
    office.registry.record_death(1, on=TODAY, clerk=CLERK)
    office.registry.record_valid_until(number, 55516, clerk=CLERK)


def the_dead_move_out(office: Office) -> None:
    office.registry.record_death(1, on=TODAY, clerk=CLERK)
    office.registry.move_out(1, on=TODAY, clerk=CLERK)


def the_dead_change_names(office: Office) -> None:
    office.registry.record_death(1, on=TODAY, clerk=CLERK)
    office.registry.move_within(1, address=ADDRESS, on=TODAY, clerk=CLERK)


def death_before_birth(office: Office) -> None:
    office.registry.record_death(1, on=date(2004, 2, 28), clerk=CLERK)


def death_tomorrow(office: Office) -> None:
    office.registry.record_death(1, on=date(2026, 11, 24), clerk=CLERK)


def over_somebody_elses_change(office: Office) -> None:
    seen = office.registry.resident(1)
    office.registry.move_within(1, address=ADDRESS, on=TODAY, clerk="窓口 二")
    office.registry.move_within(
        1, address="岐阜県岐阜市架空町8番地", on=TODAY, clerk=CLERK, version=seen.version
    )


def a_code_put_into_another_row(office: Office) -> None:
    """Sealed anew, so that rows made under the mutant are meant."""
    office.registry.change_key(clerk=CLERK)
    office.registry.add_resident(resident_with(resident_code="11111111113"), clerk=CLERK)
    office.write(
        "UPDATE resident SET code_sealed = (SELECT code_sealed FROM resident WHERE id = 2) WHERE id = 1"
    )
    office.registry.resident(1)


def another_registrys_key(office: Office) -> None:
    office.key.unlink()
    save_keys(new_keys(), office.key)
    office.again()


def a_key_file_that_others_read(office: Office) -> None:
    office.key.chmod(0o644)
    office.again()


def a_key_file_that_fell_apart(office: Office) -> None:
    """Another secret beside the right one: only the checksum sees it."""
    keys = registry_key.with_new_key(load_keys(office.key))
    replace_keys(keys, office.key)
    octets = office.key.read_bytes()
    secret = keys.secrets[2]
    office.key.write_bytes(octets.replace(secret, hashlib.sha256(secret).digest()))
    office.again()


def somebody_elses_card_from_the_stock(office: Office) -> None:
    registry = office.registry
    registry.take_delivery(DeliveryNote.from_bytes(b"number\n" + b"11" * 10), clerk=CLERK)
    registry.add_resident(resident_with(resident_code="11111111113"), clerk=CLERK)
    one, other = (registry.begin_enrolment(number, clerk=CLERK).number for number in (1, 2))
    registry.reserve_card(b"\x11" * 10, one, clerk=CLERK)
    registry.reserve_card(b"\x11" * 10, other, clerk=CLERK)


def a_file_that_contradicts_itself(office: Office) -> None:
    office.take(TARO, change(TARO, 5, ADDRESS))


def a_file_that_changes_a_record_unasked(office: Office) -> None:
    office.take(change(HANAKO, 5, ADDRESS))


def a_file_that_raises_the_dead(office: Office) -> None:
    office.registry.record_death(1, on=TODAY, clerk=CLERK)
    office.take(change(HANAKO, 5, ADDRESS), update=True)


def a_file_exchanged_between_its_readings(office: Office) -> None:
    path = office.path.with_name("file.csv")
    path.write_text(f"{HEADING}\n{TARO}\n", encoding="utf-8")

    def exchange(_rows: int, share: float) -> None:
        path.write_text(f"{HEADING}\n{change(TARO, 5, ADDRESS)}\n", encoding="utf-8")

    office.registry.import_file(CsvFile(path), clerk=CLERK, progress=exchange)


@dataclass(frozen=True)
class Check:
    """``attempt`` passes where in ``owner.name`` the text ``old`` is ``new``."""

    attempt: Callable[[Office], None]
    owner: ModuleType | type
    name: str
    old: str
    new: str = "False"


DEAD = "row.state == ResidentState.DECEASED"
CHECKS = [
    Check(
        a_card_for_the_dead,
        EnrolmentRegistry,
        "begin_enrolment",
        "check_lives_here(locked_resident_row(session, resident_number))",
        "locked_resident_row(session, resident_number)",
    ),
    Check(
        a_card_for_who_died_since,
        IssuingRegistry,
        "record_valid_until",
        "check_lives_here(resident_row(session, row.resident_id))",
        "None",
    ),
    Check(the_dead_move_out, ResidentEventRegistry, "_leave", f"{DEAD} or row.state == state"),
    Check(the_dead_change_names, ResidentEventRegistry, "_change", "kind is not EventKind.CORRECTED"),
    Check(death_before_birth, registry_events, "check_day", "on < resident.birth_date"),
    Check(death_tomorrow, registry_events, "check_day", "on > today"),
    Check(
        over_somebody_elses_change,
        ResidentEventRegistry,
        "_locked",
        "version is not None and version != row.version",
    ),
    Check(a_code_put_into_another_row, CodeVault, "open", "[number + _LABEL, record]", "[number + _LABEL]"),
    Check(
        another_registrys_key,
        engine,
        "_check_key",
        "not hmac.compare_digest(ring.vault(row.number).check_value(), row.check_value)",
    ),
    Check(a_key_file_that_others_read, registry_key, "_read", "status.st_mode & 0o077"),
    Check(
        a_key_file_that_fell_apart,
        engine,
        "load_keys",
        "not hmac.compare_digest(hashlib.sha256(body).digest(), checksum)",
    ),
    Check(
        somebody_elses_card_from_the_stock,
        CardRegistry,
        "reserve_card",
        "row.enrolment_id not in (None, enrolment.id)",
    ),
    Check(a_file_that_contradicts_itself, Seen, "_repeated", "before == content", "True"),
    Check(a_file_that_changes_a_record_unasked, registry_import, "_refusal", "or options.update", "or True"),
    Check(a_file_that_raises_the_dead, registry_import, "_refusal", DEAD),
    Check(a_file_exchanged_between_its_readings, ImportRegistry, "_put", "file.digest() != run.digest"),
]


@pytest.fixture
def office(registry: Registry, registry_path: Path) -> Office:
    registry.add_resident(resident_with(), clerk=CLERK)
    return Office(registry, registry_path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.attempt.__name__)
def test_no_check_is_there_for_nothing(check: Check, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # The mutant is decorated anew, in the module of the method and not of its decorator.
    bare = inspect.unwrap(inspect.getattr_static(check.owner, check.name))
    monkeypatch.setattr(check.owner, check.name, bare)
    Mutation(owner=check.owner, name=check.name, old=check.old, new=check.new).apply(monkeypatch)
    if check.owner is CodeVault:
        # Both sides of the seal.
        seal = Mutation(
            owner=CodeVault, name="seal", old="[number + _LABEL, record]", new="[number + _LABEL]"
        )
        seal.apply(monkeypatch)
        office.registry._ring.keys = new_keys()
        office.key.unlink()
        save_keys(office.registry._ring.keys, office.key)
        office.write("DELETE FROM resident_event")
        office.write("DELETE FROM resident")
        office.registry.add_resident(resident_with(), clerk=CLERK)
    check.attempt(office)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.attempt.__name__)
def test_with_the_check_it_is_refused(check: Check, office: Office) -> None:
    with pytest.raises(MumeiError):
        check.attempt(office)
