"""Keys of resident codes: without them the database says nothing, and the right file is told from others."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from Crypto.Cipher import AES
from tests.fixtures.postgres import copy_registry
from tests.office.forms import TODAY, resident_with

from mumei.office.database.code_vault import RegistryKeyError
from mumei.office.database.models import AuditAction
from mumei.office.database.registry_key import (
    RegistryKeyExposedError,
    load_keys,
    new_keys,
    save_keys,
    with_new_key,
)
from mumei.office.registry import Registry
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.resident_events import ResidentChange
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError, UsageError

CLERK = "窓口 一"
CODE = "24727059608"
OTHER_CODE = "11111111113"


def everything_in(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


class TestWhatIsKept:
    def test_the_database_holds_no_code(self, registry: Registry, registry_path: Path) -> None:
        registry.import_residents(sample_residents(TODAY), clerk=CLERK)
        kept = everything_in(registry_path)
        assert not any(one.resident_code.digits.encode() in kept for one in sample_residents(TODAY))

    def test_the_format_is_the_one_that_is_written_down(
        self, registry: Registry, registry_path: Path
    ) -> None:
        """Opened with another library's AES-SIV and the standard library's HMAC: RFC 5297, 5869, 2104."""
        registry.add_resident(resident_with(), clerk=CLERK)
        with sqlite3.connect(registry_path) as raw:
            record, sealed, index = raw.execute(
                "SELECT record, code_sealed, code_index FROM resident"
            ).fetchone()
        secret = load_keys(registry_path.with_suffix(".key")).secrets[1]
        siv = AES.new(_hkdf(secret, b"MUMEI-REGISTRY-SEAL-V1", 64), AES.MODE_SIV)
        siv.update(b"\0\1resident_code")
        siv.update(record)
        assert sealed[:2] == b"\0\1"
        assert siv.decrypt_and_verify(sealed[18:], sealed[2:18]) == CODE.encode()
        assert index == hmac.digest(_hkdf(secret, b"MUMEI-REGISTRY-INDEX-V1", 32), CODE.encode(), "sha256")

    def test_a_sealed_code_opens_in_its_own_row_only(self, registry: Registry, registry_path: Path) -> None:
        one, other = registry.import_residents(sample_residents(TODAY)[:2], clerk=CLERK)
        with sqlite3.connect(registry_path) as raw:
            raw.execute(
                "UPDATE resident SET code_sealed = (SELECT code_sealed FROM resident WHERE id = ?) WHERE id = ?",
                (other.number, one.number),
            )
        with pytest.raises(DataError, match="moved from another record") as refused:
            registry.resident(one.number)
        assert "backup" in refused.value.hint
        assert registry.resident(other.number) == other

    def test_an_altered_one_is_noticed(self, registry: Registry, registry_path: Path) -> None:
        added = registry.add_resident(resident_with(), clerk=CLERK)
        with sqlite3.connect(registry_path) as raw:
            (sealed,) = raw.execute("SELECT code_sealed FROM resident").fetchone()
            altered = sealed[:-1] + bytes((sealed[-1] ^ 1,))
            raw.execute("UPDATE resident SET code_sealed = ?", (altered,))
        with pytest.raises(DataError, match="altered"):
            registry.resident(added.number)

    def test_two_registries_make_two_texts_and_two_indexes_of_one_code(self) -> None:
        one, other = new_keys().vault(1), new_keys().vault(1)
        code, record = ResidentCode(digits=CODE), bytes(16)
        assert one.seal(code, record) != other.seal(code, record)
        assert one.index(code) != other.index(code)
        assert one.seal(code, record) != one.seal(code, b"R" * 16)

    def test_keyed_hashes_depend_on_label_and_key(self) -> None:
        keys = new_keys()
        assert keys.keyed_hash("ab", b"c") != keys.keyed_hash("a", b"bc")
        assert keys.keyed_hash("a", b"b") != new_keys().keyed_hash("a", b"b")
        assert with_new_key(keys).keyed_hash("a", b"b") == keys.keyed_hash("a", b"b")

    def test_repr_shows_no_key(self) -> None:
        keys = new_keys()
        shown = repr(keys) + repr(keys.vault(1))
        assert repr(keys.secrets[1])[2:-1] not in shown and repr(keys.hash_secret)[2:-1] not in shown


def _hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and no salt."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    block, out = b"", b""
    for counter in range(1, length // 32 + 1):
        block = hmac.digest(extracted, block + info + bytes((counter,)), "sha256")
        out += block
    return out


class TestKeyFile:
    def test_it_is_private_and_survives(self, tmp_path: Path) -> None:
        path, keys = tmp_path / "ward.key", with_new_key(new_keys())
        save_keys(keys, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert load_keys(path) == keys

    def test_it_is_never_overwritten(self, tmp_path: Path) -> None:
        path = tmp_path / "ward.key"
        save_keys(new_keys(), path)
        before = path.read_bytes()
        with pytest.raises(UsageError):
            save_keys(new_keys(), path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            pytest.param(lambda octets: octets[:-1], "damaged", id="cut"),
            pytest.param(lambda octets: octets + b"\n", "damaged", id="longer"),
            pytest.param(lambda octets: octets[:40] + b"X" + octets[41:], "damaged", id="altered"),
            pytest.param(lambda octets: octets.replace(b"key 1", b"key 2"), "newer", id="newer"),
            pytest.param(lambda _: b"", "no registry key", id="empty"),
            pytest.param(lambda _: b"my diary\n" * 9, "no registry key", id="something else"),
            pytest.param(lambda _: _sealed(b"\xa0"), "damaged", id="no entries"),
            pytest.param(lambda _: _sealed(b"\xa2\x64hash\x41A\x64keys\xa0"), "damaged", id="wrong sizes"),
        ],
    )
    def test_what_is_no_key_file_is_told_apart(
        self, tmp_path: Path, change: Callable[[bytes], bytes], says: str
    ) -> None:
        path = tmp_path / "ward.key"
        save_keys(new_keys(), path)
        path.write_bytes(change(path.read_bytes()))
        with pytest.raises(RegistryKeyError, match=says) as refused:
            load_keys(path)
        assert refused.value.hint

    def test_others_must_not_read_it(self, registry: Registry, registry_path: Path) -> None:
        registry.close()
        registry_path.with_suffix(".key").chmod(0o640)
        with pytest.raises(RegistryKeyExposedError, match="0640") as refused:
            Registry.open(registry_path)
        assert "chmod 600" in refused.value.hint

    def test_without_it_the_registry_does_not_open(self, registry: Registry, registry_path: Path) -> None:
        registry.close()
        registry_path.with_suffix(".key").unlink()
        with pytest.raises(RegistryKeyError, match="no registry key") as refused:
            Registry.open(registry_path)
        assert "--registry-key" in refused.value.hint

    def test_another_registrys_is_refused(self, registry: Registry, registry_path: Path) -> None:
        registry.close()
        key = registry_path.with_suffix(".key")
        key.unlink()
        save_keys(new_keys(), key)
        with pytest.raises(RegistryKeyError, match="another registry's"):
            Registry.open(registry_path)

    def test_it_may_lie_elsewhere(self, tmp_path: Path) -> None:
        folder = tmp_path / "safe"
        folder.mkdir()
        where = f"sqlite:///{tmp_path / 'ward.db'}?registry_key={folder / 'keys'}"
        with Registry.create(where) as made:
            added = made.add_resident(resident_with(), clerk=CLERK)
        assert {path.name for path in tmp_path.iterdir()} == {"safe", "ward.db"}
        with Registry.open(where) as again:
            assert again.resident(added.number) == added

    def test_a_server_needs_to_be_told(self) -> None:
        with pytest.raises(UsageError, match="key file") as refused:
            Registry.open("postgresql://mumei@/ward")
        assert "--registry-key" in refused.value.hint


def _sealed(document: bytes) -> bytes:
    body = b"mumei registry key 1\n" + document
    return body + hashlib.sha256(body).digest()


class TestChange:
    def test_all_codes_are_under_the_new_key(self, registry_url: str) -> None:
        with Registry.open(registry_url) as registry:
            added = registry.import_residents(sample_residents(TODAY), clerk=CLERK)
            registry.correct(
                1, ResidentChange(resident_code=ResidentCode(digits=OTHER_CODE)), on=TODAY, clerk=CLERK
            )
            assert registry.change_key(clerk=CLERK) == 2
            assert registry.change_key(clerk=CLERK) == 3
            assert [one.resident for one in registry.residents()][1:] == [one.resident for one in added][1:]
            assert registry.resident_by_code(ResidentCode(digits=OTHER_CODE)).number == 1
            assert registry.events_of(1)[-1].before == {"resident_code": "another one"}
            assert registry.history()[-1].action is AuditAction.REGISTRY_KEY_CHANGED
        with Registry.open(registry_url) as again:
            assert again.resident_by_code(added[1].resident.resident_code) == added[1]

    def test_an_office_that_has_it_open_goes_on(self, registry: Registry, registry_path: Path) -> None:
        added = registry.add_resident(resident_with(), clerk=CLERK)
        with Registry.open(registry_path) as other:
            registry.change_key(clerk=CLERK)
            assert other.resident_by_code(added.resident.resident_code) == added
            other.add_resident(resident_with(resident_code=OTHER_CODE), clerk=CLERK)
        assert registry.resident_by_code(ResidentCode(digits=OTHER_CODE)).number == 2

    def test_a_machine_without_the_new_file_says_so(self, registry: Registry, registry_path: Path) -> None:
        old = registry_path.with_suffix(".key").read_bytes()
        registry.change_key(clerk=CLERK)
        registry.close()
        registry_path.with_suffix(".key").write_bytes(old)
        with pytest.raises(RegistryKeyError, match="key number 2") as refused:
            Registry.open(registry_path)
        assert "copy" in refused.value.hint

    def test_a_change_that_broke_off_leaves_the_old_key_in_use(
        self, registry: Registry, registry_path: Path
    ) -> None:
        added = registry.add_resident(resident_with(), clerk=CLERK)

        def power_cut(_done: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            registry.change_key(clerk=CLERK, progress=power_cut)
        with Registry.open(registry_path) as again:
            assert again.resident_by_code(added.resident.resident_code) == added
            assert again.change_key(clerk=CLERK) == 2
        assert sorted(load_keys(registry_path.with_suffix(".key")).secrets) == [1, 2]

    def test_an_older_backup_opens_with_the_new_file(
        self, registry: Registry, registry_path: Path, tmp_path: Path
    ) -> None:
        added = registry.add_resident(resident_with(), clerk=CLERK)
        registry.close()
        backup = copy_registry(registry_path, tmp_path / "backup.db")
        with Registry.open(registry_path) as again:
            again.change_key(clerk=CLERK)
        backup.with_suffix(".key").write_bytes(registry_path.with_suffix(".key").read_bytes())
        with Registry.open(backup) as old:
            assert old.resident(added.number) == added
