"""The registry's file: private, never overwritten, and every unusable one is told apart."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from tests.office.forms import resident_with

from mumei.office.database.engine import (
    DuplicateError,
    ForeignSchemaError,
    RegistryLockedError,
    RegistryUnavailableError,
)
from mumei.office.database.models import VERSION_TABLE, Base
from mumei.office.registry import Registry
from mumei_core.errors import DataError, HostEnvironmentError, UsageError

CLERK = "窓口 一"


def test_only_its_owner_may_read_the_file_and_its_companions(registry: Registry, registry_path: Path) -> None:
    registry.add_resident(resident_with(), clerk=CLERK)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in registry_path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ("registry.db", "registry.db-wal", "registry.db-shm", "registry.key"), 0o600
    )


@pytest.mark.parametrize("form", ["{path}", "sqlite:///{path}"])
def test_a_registry_is_named_by_path_or_url(tmp_path: Path, form: str) -> None:
    where = form.format(path=tmp_path / "50%.db")
    with Registry.create(where) as made:
        added = made.add_resident(resident_with(), clerk=CLERK)
    with Registry.open(where) as again:
        assert again.resident(added.number) == added


def test_migrations_make_what_the_models_say(registry: Registry, registry_path: Path) -> None:
    engine = create_engine(f"sqlite:///{registry_path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_registry_is_never_overwritten(registry: Registry, registry_path: Path) -> None:
    added = registry.add_resident(resident_with(), clerk=CLERK)
    with pytest.raises(DuplicateError, match="there already"):
        Registry.create(registry_path)
    assert registry.residents() == (added,)


def test_nothing_is_left_of_a_creation_that_failed(tmp_path: Path) -> None:
    with pytest.raises(HostEnvironmentError, match="cannot be made"):
        Registry.create(tmp_path / "nowhere" / "registry.db")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_registry_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailableError, match=r"no registry registry\.db") as refused:
        Registry.open(tmp_path / "registry.db")
    assert "create" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_registry_open_to_others_is_refused(registry: Registry, registry_path: Path, mode: int) -> None:
    registry.close()
    registry_path.chmod(mode)
    with pytest.raises(RegistryUnavailableError, match=f"mode {mode:04o}") as refused:
        Registry.open(registry_path)
    assert "chmod 600" in refused.value.hint


def test_a_folder_is_no_registry(tmp_path: Path) -> None:
    with pytest.raises(ForeignSchemaError, match="no file"):
        Registry.open(tmp_path)


@pytest.mark.parametrize("octets", [b"", b"SQLite format 3\0", b"this is a letter, not a database" * 100])
def test_a_file_that_is_no_registry_is_refused(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(octets)
    path.chmod(0o600)
    with pytest.raises(DataError) as refused:
        Registry.open(path)
    assert refused.value.hint
    assert path.read_bytes() == octets


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE customers (name TEXT)")
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(ForeignSchemaError, match="holds no mumei registry"):
        Registry.open(path)
    assert path.read_bytes() == before


def test_a_half_written_registry_is_refused(registry: Registry, registry_path: Path) -> None:
    registry.add_resident(resident_with(), clerk=CLERK)
    registry.close()
    whole = registry_path.read_bytes()
    registry_path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ForeignSchemaError, match="damaged") as refused:
        Registry.open(registry_path)
    assert "backup" in refused.value.hint


def test_a_registry_of_a_newer_mumei_is_refused_unchanged(registry: Registry, registry_path: Path) -> None:
    registry.close()
    with sqlite3.connect(registry_path) as raw:
        raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(ForeignSchemaError, match="newer mumei") as refused:
        Registry.open(registry_path)
    assert "Update" in refused.value.hint


def test_missing_tables_are_noticed(registry: Registry, registry_path: Path) -> None:
    registry.close()
    with sqlite3.connect(registry_path) as raw:
        raw.execute("DROP TABLE audit_trail")
    with pytest.raises(ForeignSchemaError, match="missing"):
        Registry.open(registry_path)


def test_a_locked_registry_is_said_and_nothing_changed(registry: Registry, registry_path: Path) -> None:
    other = sqlite3.connect(registry_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RegistryLockedError, match="another program") as refused:
        registry.add_resident(resident_with(), clerk=CLERK)
    assert "try again" in refused.value.hint
    assert registry.residents() == ()
    other.execute("ROLLBACK")
    other.close()
    registry.add_resident(resident_with(), clerk=CLERK)


def test_reading_goes_on_while_another_program_writes(registry: Registry, registry_path: Path) -> None:
    added = registry.add_resident(resident_with(), clerk=CLERK)
    other = sqlite3.connect(registry_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert registry.residents() == (added,)
    other.close()


def test_two_offices_at_one_registry_see_each_others_work(registry: Registry, registry_path: Path) -> None:
    with Registry.open(registry_path) as second:
        added = registry.add_resident(resident_with(), clerk=CLERK)
        with pytest.raises(DuplicateError):
            second.add_resident(resident_with(), clerk="窓口 二")
        begun = second.begin_enrolment(added.number, clerk="窓口 二")
        assert registry.begin_enrolment(added.number, clerk=CLERK).number == begun.number


@pytest.mark.parametrize(
    "where", ["sqlite://", "sqlite:///:memory:", "://", "nosuchdb://u:pass@h/d", "oracle+nosuch://u:pass@h/d"]
)
def test_what_is_no_usable_url_is_refused_without_its_password(where: str) -> None:
    with pytest.raises(UsageError) as refused:
        Registry.create(where)
    assert "pass" not in str(refused.value) + refused.value.hint
