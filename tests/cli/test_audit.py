"""``mumei audit``: sealed by itself, taken away in one file, verified without the registry."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.clerks import cheap_passwords
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Place, mumei, mumei_json

from mumei.office.registry import Registry
from mumei.signing_key import save_key
from mumei_core.eac.signature import SigningKey


@pytest.fixture
def audited(place: Place) -> Place:
    """A registry with an audit key."""
    made = mumei("audit", "init", "--registry", place.registry)
    assert made.exit_code == 0 and "ward.audit.pub" in made.stdout
    return place


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    cheap_passwords(monkeypatch)
    yield


def at_hour(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    def then() -> datetime:
        return world.noon() + timedelta(hours=hours)

    for method in (Registry.create, Registry.open):
        monkeypatch.setitem(method.__func__.__kwdefaults__, "clock", then)  # type: ignore[attr-defined]


def key_of(place: Place) -> Path:
    return place.folder / "ward.audit.pub"


def verify(place: Place, file: Path, *options: str | Path, expect: int = 0) -> dict[str, object]:
    return mumei_json("audit", "verify", file, "--key", key_of(place), *options, expect=expect)


def export(place: Place, name: str) -> Path:
    file = place.folder / name
    assert mumei("audit", "export", file, "--registry", place.registry).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    return file


def test_sealed_exported_and_verified_elsewhere(audited: Place, tmp_path: Path) -> None:
    sealed = mumei("audit", "seal", "--registry", audited.registry)
    assert sealed.exit_code == 0 and "seal 1" in sealed.stdout and "13 entries" in sealed.stdout
    assert "nothing new" in mumei("audit", "seal", "--registry", audited.registry).stdout
    file = export(audited, "trail.cbor")
    elsewhere = tmp_path / "auditor"
    elsewhere.mkdir()
    for path in (file, key_of(audited)):
        shutil.copy(path, elsewhere)
    audited.registry.unlink()
    found = mumei_json("audit", "verify", elsewhere / "trail.cbor", "--key", elsewhere / "ward.audit.pub")
    assert found["sound"] is True and (found["entries"], found["seals"], found["unsealed"]) == (13, 1, 0)
    text = mumei("audit", "verify", file, "--key", key_of(audited)).stdout
    assert text.startswith("the audit trail is whole: 13 entries")


def test_the_hour_that_is_over_is_sealed_by_the_next_command(
    audited: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    mumei("office", "residents", "--registry", audited.registry)
    assert verify(audited, export(audited, "one"))["seals"] == 0
    at_hour(monkeypatch, 1)
    mumei("office", "residents", "--registry", audited.registry)
    found = verify(audited, export(audited, "two"))
    assert (found["seals"], found["unsealed"], found["sound"]) == (1, 0, True)


def test_an_hour_that_cannot_be_sealed_keeps_nobody_from_work(
    audited: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (audited.folder / "ward.audit.key").chmod(0o644)
    at_hour(monkeypatch, 1)
    result = mumei("office", "residents", "--registry", audited.registry)
    assert result.exit_code == 0 and "warning: the audit trail was not sealed" in result.stderr


def test_what_somebody_changed_is_named(audited: Place) -> None:
    mumei("audit", "seal", "--registry", audited.registry)
    tamper(audited.registry, "UPDATE audit_trail SET clerk = 'nobody' WHERE id = 5")
    file = export(audited, "trail.cbor")
    found = verify(audited, file, expect=1)
    assert found["sound"] is False
    assert found["findings"] == [
        {"trouble": "changed", "first": 5, "last": 5, "sentence": "line 5 was changed"}
    ]
    text = mumei("audit", "verify", file, "--key", key_of(audited))
    assert text.exit_code == 1
    assert text.stdout.startswith("THE AUDIT TRAIL WAS ALTERED") and "- line 5 was changed" in text.stdout
    own = mumei("audit", "verify", "--registry", audited.registry, "--key", key_of(audited))
    assert own.exit_code == 1 and "line 5" in own.stdout


def test_a_cut_off_end_is_found_by_an_earlier_export(audited: Place) -> None:
    shutil.copy(audited.registry, audited.folder / "before.db")
    for suffix in ("-wal", "-shm"):
        beside = audited.registry.with_name(audited.registry.name + suffix)
        if beside.exists():
            shutil.copy(beside, audited.folder / f"before.db{suffix}")
    mumei("office", "cancel", "1", "--registry", audited.registry)
    mumei("audit", "seal", "--registry", audited.registry)
    october = export(audited, "october.cbor")
    # The registry as it was before: whole in itself.
    shutil.copy(audited.folder / "ward.key", audited.folder / "before.key")
    november = audited.folder / "november.cbor"
    mumei("audit", "export", november, "--registry", audited.folder / "before.db")
    assert verify(audited, november)["sound"] is True
    found = verify(audited, november, "--since", october, expect=1)
    assert found["sound"] is False


def test_another_key_and_other_files(audited: Place) -> None:
    mumei("audit", "seal", "--registry", audited.registry)
    file = export(audited, "trail.cbor")
    other = audited.folder / "other.pub"
    other.write_bytes(b"\x04" + bytes(64))
    assert mumei("audit", "verify", file, "--key", other).exit_code == 5
    other.write_bytes(SigningKey(5).point)
    foreign = mumei("audit", "verify", file, "--key", other)
    assert foreign.exit_code == 1 and "not signed by the audit key" in foreign.stdout
    assert mumei("audit", "verify", file, "--key", audited.folder / "none").exit_code == 5
    assert mumei("audit", "verify", audited.registry, "--key", key_of(audited)).exit_code == 2
    assert mumei("audit", "verify", "--key", key_of(audited)).exit_code == 2
    assert mumei("audit", "verify", audited.folder / "none", "--key", key_of(audited)).exit_code == 2
    assert mumei("audit", "export", file, "--registry", audited.registry).exit_code == 2


def test_a_key_under_a_passphrase_seals_on_request_only(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(save_key.__kwdefaults__, "log2_n", CHEAP)  # type: ignore[arg-type]
    key = place.folder / "safe.key"
    passphrase: list[str | Path] = ["--passphrase-file", place.secret("audit-passphrase", PASSPHRASE)]
    options: list[str | Path] = ["--registry", place.registry, "--key", key, *passphrase]
    assert mumei("audit", "init", "--protected", *options).exit_code == 0
    at_hour(monkeypatch, 2)
    mumei("office", "residents", "--registry", place.registry)
    sealed = mumei_json("audit", "seal", *options)
    assert sealed["made"] is True and sealed["seal"] == 1


def test_show_filters(audited: Place) -> None:
    def shown(*options: str) -> list[dict[str, object]]:
        found = mumei_json("audit", "show", "--registry", audited.registry, *options)["entries"]
        assert isinstance(found, list)
        return found

    assert len(shown()) == 13
    assert len(shown("--by", "sato")) == len(shown("--action", "resident_added")) == 12
    assert [entry["resident"] for entry in shown("--resident", "3")] == [3]
    assert len(shown("--after", "10", "--limit", "2")) == 2
    assert len(shown("--day", "2026-11-23")) == 13 and shown("--day", "2026-11-22") == []
    text = mumei("audit", "show", "--registry", audited.registry, "--resident", "3").stdout
    assert text.count("\n") == 1 and "RESIDENT_ADDED  resident 3" in text
    assert mumei("audit", "show", "--registry", audited.registry, "--limit", "0").exit_code == 2


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{trigger}"')
        assert raw.execute(statement).rowcount == 1
        raw.commit()
