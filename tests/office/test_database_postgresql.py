"""A registry on a server: the same families of trouble as a file, no password in any message, retries that help."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from psycopg import errors as psycopg_errors
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from tests.fixtures.postgres import empty_postgresql, key_file, postgresql_registry
from tests.office.conftest import noon
from tests.office.forms import resident_with

from mumei.office.database.errors import (
    ContentionError,
    DuplicateError,
    ForeignSchemaError,
    RegistryLockedError,
    RegistryUnavailableError,
    retrying,
    translated_errors,
)
from mumei.office.database.place import place_of, with_key
from mumei.office.registry import Registry
from mumei_core.errors import UsageError

CLERK = "窓口 一"


@pytest.fixture
def where() -> Iterator[str]:
    with postgresql_registry() as url:
        yield url


def test_what_is_no_registry_is_refused() -> None:
    with empty_postgresql() as url:
        engine = create_engine(place_of(url).url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE customers (name TEXT)"))
        engine.dispose()
        with pytest.raises(ForeignSchemaError, match="no mumei registry"):
            Registry.open(with_key(url, key_file()))
        with pytest.raises(DuplicateError, match="not empty"):
            Registry.create(with_key(url, key_file()))


def test_a_database_that_is_not_there(where: str) -> None:
    with pytest.raises(RegistryUnavailableError) as refused:
        Registry.open(where.replace("/registry_", "/no_registry_"))
    assert refused.value.hint


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    url = "postgresql://mumei:geheim123@/ward?host=/nowhere/at/all"
    with pytest.raises(RegistryUnavailableError) as refused:
        Registry.open(with_key(url, key_file()))
    assert "geheim123" not in str(refused.value) + refused.value.hint


def test_somebody_who_may_not_write(where: str) -> None:
    with Registry.open(where) as registry:
        registry.add_resident(resident_with(), clerk=CLERK)
    engine = create_engine(place_of(where).url)
    with engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS guest"))
        connection.execute(text("CREATE ROLE guest LOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest"))
    with Registry.open(where.replace("mumei@", "guest@")) as guest:
        assert len(guest.residents()) == 1
        with pytest.raises(RegistryUnavailableError, match="may not be read or written"):
            guest.add_resident(resident_with(resident_code="11111111113"), clerk=CLERK)
    with engine.begin() as connection:
        connection.execute(text("DROP OWNED BY guest"))
        connection.execute(text("DROP ROLE guest"))
    engine.dispose()


def test_who_waits_too_long_for_another_is_told(where: str) -> None:
    engine = create_engine(place_of(where).url)
    with (
        Registry.open(where, clock=noon, busy_timeout=0.05) as registry,
        engine.connect() as other,
        other.begin(),
    ):
        added = registry.add_resident(resident_with(), clerk=CLERK)
        other.execute(text("SELECT 1 FROM resident FOR UPDATE"))
        with pytest.raises(RegistryLockedError, match="another program") as refused:
            registry.begin_enrolment(added.number, clerk=CLERK)
        assert "try again" in refused.value.hint
        assert registry.resident(added.number) == added
    engine.dispose()


def test_a_connection_that_was_cut_is_made_anew(where: str) -> None:
    engine = create_engine(place_of(where).url)
    with Registry.open(where) as registry:
        added = registry.add_resident(resident_with(), clerk=CLERK)
        with engine.begin() as other:
            other.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert registry.residents() == (added,)
    engine.dispose()


def test_the_audit_trail_cannot_be_rewritten(where: str) -> None:
    with Registry.open(where) as registry:
        registry.add_resident(resident_with(), clerk=CLERK)
    engine = create_engine(place_of(where).url)
    for statement in (
        "UPDATE audit_trail SET clerk = 'x'",
        "DELETE FROM audit_trail",
        "TRUNCATE audit_trail",
    ):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("error", "family", "says"),
    [
        (psycopg_errors.SerializationFailure, ContentionError, "at this moment"),
        (psycopg_errors.DeadlockDetected, ContentionError, "at this moment"),
        (psycopg_errors.LockNotAvailable, RegistryLockedError, "another program"),
        (psycopg_errors.DiskFull, RegistryUnavailableError, "disk is full"),
        (psycopg_errors.InsufficientPrivilege, RegistryUnavailableError, "this user"),
        (psycopg_errors.InvalidPassword, RegistryUnavailableError, "password"),
        (psycopg_errors.TooManyConnections, RegistryUnavailableError, "too many"),
        (psycopg_errors.AdminShutdown, RegistryUnavailableError, "shut down"),
        (psycopg_errors.ReadOnlySqlTransaction, RegistryUnavailableError, "read-only"),
        (psycopg_errors.DataCorrupted, ForeignSchemaError, "damaged"),
        (psycopg_errors.RaiseException, DuplicateError, "refused"),
        (psycopg_errors.SyntaxError, RegistryUnavailableError, "does not answer"),
    ],
)
def test_families(error: type[Exception], family: type[Exception], says: str) -> None:
    with pytest.raises(family, match=says) as refused, translated_errors():
        raise OperationalError("SELECT", {}, error("'24727059608' is wrong"))
    assert "2472" not in str(refused.value)


def test_a_row_that_another_took_first_is_contention() -> None:
    with pytest.raises(ContentionError), translated_errors():
        raise StaleDataError


@pytest.mark.parametrize(("gives_way", "ends"), [(0, "done"), (2, "done"), (3, "gave way")])
def test_who_gave_way_is_tried_again_and_not_for_ever(gives_way: int, ends: str) -> None:
    tries: list[int] = []

    @retrying
    def transaction() -> str:
        tries.append(1)
        if len(tries) <= gives_way:
            raise ContentionError("gave way")
        return "done"

    try:
        assert transaction() == ends
    except ContentionError as error:
        assert str(error) == ends
    assert len(tries) == min(gives_way + 1, 3)


def test_what_trying_again_does_not_help_is_not_tried_again() -> None:
    tries: list[int] = []

    @retrying
    def transaction() -> None:
        tries.append(1)
        raise RegistryUnavailableError("away")

    with pytest.raises(RegistryUnavailableError):
        transaction()
    assert len(tries) == 1


def test_a_driver_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match="driver") as refused:
        Registry.open("postgresql+nosuch://mumei@/ward?registry_key=ward.key")
    assert re.search(r"mumei\[postgres\]", refused.value.hint)
