"""Key files: only the passphrase opens them, nothing replaces them, each refusal says what is wrong."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path

import cbor2
import pytest

from mumei import key_file
from mumei.key_file import KeyFile, KeyFileError, KeyFileExposedError, WrongPassphraseError
from mumei_core.errors import HostEnvironmentError, MumeiError, TrustError, UsageError

KIND = "issuer-key"
SECRET = bytes(range(32))
PASSPHRASE = "正しい合言葉".encode()
CHEAP = 10


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "issuer.key"
    KeyFile.seal(path, KIND, SECRET, PASSPHRASE, public=b"public key", log2_n=CHEAP)
    return path


def _with_header(path: Path, **changes: object) -> None:
    """Rewrite the file as a hostile but skilled hand would: header changed, checksum right again."""
    first_line, rest = path.read_bytes()[:-32].split(b"\n", 1)
    header, ciphertext = cbor2.loads(rest)
    fields = {**cbor2.loads(header), **changes}
    rewritten = cbor2.dumps([cbor2.dumps(fields, canonical=True), ciphertext], canonical=True)
    body = first_line + b"\n" + rewritten
    path.write_bytes(body + hashlib.sha256(body).digest())


def test_the_passphrase_opens_it(sealed: Path) -> None:
    assert KeyFile.open(sealed, KIND, PASSPHRASE) == bytearray(SECRET)


def test_the_secret_can_be_overwritten(sealed: Path) -> None:
    secret = KeyFile.open(sealed, KIND, PASSPHRASE)
    secret[:] = bytes(len(secret))
    assert not any(secret)


def test_kind_and_public_part_are_read_without_passphrase(sealed: Path) -> None:
    found = KeyFile.load(sealed)
    assert (found.kind, found.public) == (KIND, b"public key")


def test_a_new_file_has_the_full_cost(tmp_path: Path) -> None:
    KeyFile.seal(tmp_path / "k", KIND, SECRET, PASSPHRASE)
    assert KeyFile.load(tmp_path / "k").log2_n == 17


def test_only_its_owner_may_read_the_file_and_nothing_else_is_left_behind(sealed: Path) -> None:
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o600
    assert [entry.name for entry in sealed.parent.iterdir()] == ["issuer.key"]


def test_neither_file_nor_repr_shows_the_secret(sealed: Path) -> None:
    assert SECRET not in sealed.read_bytes()
    shown = repr(KeyFile.load(sealed))
    assert "salt" not in shown and "ciphertext" not in shown


def test_the_same_secret_is_sealed_differently_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        KeyFile.seal(tmp_path / name, KIND, SECRET, PASSPHRASE, log2_n=CHEAP)
    assert (tmp_path / "a").read_bytes()[60:] != (tmp_path / "b").read_bytes()[60:]


def test_a_wrong_passphrase_is_told_from_damage(sealed: Path) -> None:
    with pytest.raises(WrongPassphraseError, match="passphrase does not open") as refused:
        KeyFile.open(sealed, KIND, PASSPHRASE + b"!")
    assert refused.value.hint


def test_another_kind_of_key_is_refused_before_the_passphrase(sealed: Path) -> None:
    with pytest.raises(KeyFileError, match="another kind: 'issuer-key', not 'auditor-key'") as refused:
        KeyFile.open(sealed, "auditor-key", b"wrong anyway")
    assert not isinstance(refused.value, WrongPassphraseError)


def test_an_existing_key_is_never_overwritten(sealed: Path) -> None:
    before = sealed.read_bytes()
    with pytest.raises(UsageError, match="there already"):
        KeyFile.seal(sealed, KIND, secrets.token_bytes(32), PASSPHRASE, log2_n=CHEAP)
    assert sealed.read_bytes() == before
    assert [entry.name for entry in sealed.parent.iterdir()] == ["issuer.key"]


def test_any_flipped_bit_is_found(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for place in range(len(whole)):
        sealed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(KeyFileError) as refused:
            KeyFile.open(sealed, KIND, PASSPHRASE)
        assert not isinstance(refused.value, WrongPassphraseError)


def test_any_cut_and_any_addition_is_found(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for octets in [*(whole[:length] for length in range(len(whole))), whole + b"\0", whole + whole]:
        sealed.write_bytes(octets)
        with pytest.raises(KeyFileError):
            KeyFile.open(sealed, KIND, PASSPHRASE)


@pytest.mark.parametrize("changes", [{"kind": "auditor-key"}, {"public": b"another"}, {"nonce": bytes(12)}])
def test_a_header_changed_on_purpose_does_not_decrypt(sealed: Path, changes: dict[str, object]) -> None:
    _with_header(sealed, **changes)
    with pytest.raises(WrongPassphraseError):
        KeyFile.load(sealed).unseal(PASSPHRASE)


@pytest.mark.parametrize(
    "changes",
    [
        {"log2_n": 9},
        {"log2_n": 19},
        {"log2_n": 2**63},
        {"log2_n": -1},
        {"log2_n": True},
        {"log2_n": "17"},
        {"salt": b""},
        {"salt": bytes(17)},
        {"nonce": bytes(11)},
        {"kind": b"issuer-key"},
        {"r": 1024},
    ],
    ids=str,
)
def test_parameters_out_of_bounds_are_refused_before_any_work(
    sealed: Path, changes: dict[str, object]
) -> None:
    _with_header(sealed, **changes)
    with pytest.raises(KeyFileError, match=r"bounds|not made like"):
        KeyFile.load(sealed)


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "no mumei key file"),
        (b"-----BEGIN PRIVATE KEY-----\n", "no mumei key file"),
        (b"mumei key file 2\nwhatever comes", "newer version"),
        (b"mumei key file 1\n", "damaged"),
        (bytes(key_file.MAX_FILE_SIZE + 1), "too large"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, octets: bytes, message: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(octets)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=message) as refused:
        KeyFile.open(path, KIND, PASSPHRASE)
    assert refused.value.hint


@pytest.mark.parametrize(
    "inner", [b"", b"\x80", b"\xf7", b"\x82\x40\x40", b"\x82\x40\x40\x00", b"\x9f" * 5000]
)
def test_nonsense_with_a_good_checksum_is_refused(tmp_path: Path, inner: bytes) -> None:
    path = tmp_path / "crafted"
    body = b"mumei key file 1\n" + inner
    path.write_bytes(body + hashlib.sha256(body).digest())
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        KeyFile.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o644])
def test_a_file_that_others_may_read_or_write_is_refused(sealed: Path, mode: int) -> None:
    sealed.chmod(mode)
    with pytest.raises(KeyFileExposedError, match=f"mode {mode:04o}") as refused:
        KeyFile.open(sealed, KIND, PASSPHRASE)
    assert "chmod 600 issuer.key" in refused.value.hint


def test_a_missing_file_and_things_that_are_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="no key file missing"):
        KeyFile.load(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(MumeiError) as refused:
            KeyFile.load(path)
        assert refused.value.hint


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(HostEnvironmentError, match="cannot be written"):
        KeyFile.seal(tmp_path / "nowhere" / "k", KIND, SECRET, PASSPHRASE, log2_n=CHEAP)


@pytest.mark.parametrize(
    ("kind", "secret", "passphrase", "log2_n"),
    [
        ("", SECRET, PASSPHRASE, CHEAP),
        (KIND, b"", PASSPHRASE, CHEAP),
        (KIND, SECRET, b"short", CHEAP),
        (KIND, SECRET, PASSPHRASE, 9),
        (KIND, SECRET, PASSPHRASE, 19),
        (KIND, bytes(key_file.MAX_FILE_SIZE), PASSPHRASE, CHEAP),
    ],
    ids=["kind", "secret", "passphrase", "cheap", "dear", "large"],
)
def test_what_cannot_be_sealed(
    tmp_path: Path, kind: str, secret: bytes, passphrase: bytes, log2_n: int
) -> None:
    with pytest.raises(UsageError):
        KeyFile.seal(tmp_path / "k", kind, secret, passphrase, log2_n=log2_n)
    assert not any(tmp_path.iterdir())
