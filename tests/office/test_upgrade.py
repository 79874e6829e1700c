"""A registry of before, with codes in clear: copied, sealed, swept; and whatever breaks off leaves it as it was."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from tests.fixtures.postgres import empty_postgresql
from tests.office.forms import TODAY, resident_with

from mumei.office.database import upgrading
from mumei.office.database.code_vault import RegistryKeyError, RegistryKeys
from mumei.office.database.engine import upgrade_database
from mumei.office.database.errors import RegistryUnavailableError
from mumei.office.database.models import VERSION_TABLE
from mumei.office.database.models_cards import CardState
from mumei.office.database.place import place_of, with_key
from mumei.office.database.registry_key import new_keys, save_keys
from mumei.office.database.schema import METADATA
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents

CLERK = "窓口 一"


def fill_as_before(connection: Connection) -> None:
    """Revision 0001 with the samples, one of whom was issued two cards."""
    config = Config()
    config.set_main_option("script_location", str(Path(upgrading.__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, upgrading.BEFORE_KEYS)
    for one in sample_residents(TODAY):
        connection.execute(
            text(
                "INSERT INTO resident (resident_code, family_name, given_name, family_reading, given_reading,"
                " sex, birth_date, address, prefecture, municipality, added_at) VALUES (:resident_code,"
                " :family_name, :given_name, :family_reading, :given_reading, :sex_number, :birth_date, :address,"
                " :prefecture, :municipality, '2026-01-01 00:00:00')"
            ),
            {"sex_number": int(one.sex), "prefecture": one.prefecture, **one.to_form()},
        )
    for number, valid_until in ((1, 53508), (2, 53692)):
        connection.execute(
            text(
                "INSERT INTO enrolment (resident_id, state, nonce, valid_until, started_at, changed_at) VALUES"
                " (1, 'STORED', :nonce, :until, '2026-01-02 00:00:00', '2026-01-02 00:00:00')"
            ),
            {"nonce": bytes((number,)) * 32, "until": valid_until},
        )
    connection.execute(
        text(
            "INSERT INTO audit_trail (at, clerk, action, resident_id) VALUES"
            " ('2026-01-01 00:00:00', 'sato', 'RESIDENT_ADDED', 1)"
        )
    )


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "ward.db"
    path.touch(mode=0o600)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        fill_as_before(connection)
    engine.dispose()
    return path


@pytest.fixture
def old_server(tmp_path: Path) -> Iterator[str]:
    with empty_postgresql() as url:
        where = with_key(url, tmp_path / "ward.key")
        engine = create_engine(place_of(where).url)
        with engine.begin() as connection:
            fill_as_before(connection)
        engine.dispose()
        yield where


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("old_file" if request.param == "sqlite" else "old_server"))


def test_everybody_and_every_card_is_still_there(old: str) -> None:
    upgrade_database(old)
    with Registry.open(old) as registry:
        assert [record.resident for record in registry.residents()] == list(sample_residents(TODAY))
        found = registry.resident_by_code(sample_residents(TODAY)[4].resident_code)
        assert found.number == 5
        assert len({record.record for record in registry.residents()}) == 12
        assert [card.state for card in registry.cards_of(1)] == [CardState.LOST, CardState.ISSUED]
        assert registry.history()[0].clerk == "sato"
        # Numbers go on behind the old ones.
        added = registry.add_resident(resident_with(), clerk=CLERK)
        assert added.number == 13


def test_migrations_make_what_the_models_say(old: str) -> None:
    upgrade_database(old)
    engine = create_engine(place_of(old).url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_no_code_is_left_in_the_file_and_a_copy_is(old_file: Path) -> None:
    code = sample_residents(TODAY)[7].resident_code.digits.encode()
    assert code in old_file.read_bytes()
    copy = upgrade_database(old_file)
    assert copy == old_file.with_name("ward.before-0001.db")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert code in copy.read_bytes()
    for left in old_file.parent.iterdir():
        assert left == copy or code not in left.read_bytes()


def test_without_a_key_file_it_says_what_to_do(old_file: Path) -> None:
    before = old_file.read_bytes()
    with pytest.raises(RegistryKeyError) as refused:
        Registry.open(old_file)
    assert "mumei office upgrade" in refused.value.hint
    assert old_file.read_bytes() == before


def test_with_a_key_file_opening_is_enough(old_file: Path) -> None:
    save_keys(new_keys(), old_file.with_suffix(".key"))
    with Registry.open(old_file) as registry:
        assert len(registry.residents()) == 12
    assert old_file.with_name("ward.before-0001.db").exists()


def test_a_registry_that_lost_its_key_does_not_get_another(old_file: Path) -> None:
    upgrade_database(old_file)
    old_file.with_suffix(".key").unlink()
    with pytest.raises(RegistryKeyError, match="no registry key"):
        upgrade_database(old_file)
    assert not old_file.with_suffix(".key").exists()


@pytest.mark.parametrize("broken_at", ["upgrade", "sweep"])
def test_what_broke_off_begins_anew(old_file: Path, broken_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut at the end of the change, and one between the change and the sweep."""
    whole = upgrading.upgrade

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    def nearly(connection: Connection, keys: RegistryKeys) -> None:
        whole(connection, keys)
        cut()

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, broken_at, nearly if broken_at == "upgrade" else cut)
        with pytest.raises(KeyboardInterrupt):
            upgrade_database(old_file)
    with Registry.open(old_file) as registry:
        assert [record.resident for record in registry.residents()] == list(sample_residents(TODAY))
    assert sample_residents(TODAY)[7].resident_code.digits.encode() not in old_file.read_bytes()


def test_nothing_is_changed_where_no_copy_can_be_made(old_file: Path) -> None:
    save_keys(new_keys(), old_file.with_suffix(".key"))
    before = old_file.read_bytes()
    old_file.with_name("ward.before-0001.db").mkdir()
    with pytest.raises(RegistryUnavailableError, match="not changed"):
        Registry.open(old_file)
    assert old_file.read_bytes() == before
