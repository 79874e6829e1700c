"""Secret keys at rest, encrypted under a passphrase (scrypt of RFC 7914; AES-256-GCM of SP 800-38D).

A key file, version 1, is::

    "mumei key file 1\\n" || CBOR [ header (bstr), ciphertext and tag (bstr) ] || SHA-256 of all before

    header = deterministic CBOR of
             { "kind": text, "public": bstr, "log2_n": uint, "salt": 16 octets, "nonce": 12 octets }
    key    = scrypt(passphrase, salt, N = 2^log2_n, r = 8, p = 1, 32 octets)
    associated data = the first line || header

The checksum finds accidents before anyone blames the passphrase; it keeps no secret and stops no attacker,
that is the tag's work. The public part can be read without passphrase, and is only trustworthy after
decryption.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from mumei.files import write_new_file
from mumei_core.errors import DataError, HostEnvironmentError, TrustError, UsageError

_T = TypeVar("_T", str, bytes, int)

_FIRST_LINE: Final = b"mumei key file 1\n"
_ANY_VERSION: Final = b"mumei key file "
_CHECKSUM_SIZE: Final = 32
_TAG_SIZE: Final = 16
_SALT_SIZE: Final = 16
_NONCE_SIZE: Final = 12

DEFAULT_LOG2_N: Final = 17
"""scrypt's cost for new files: 128 MiB and about half a second."""

LOG2_N_RANGE: Final = range(10, 19)
"""Costs accepted on reading: a hostile file can make us use 256 MiB, not more. Tests write cheap files."""

MAX_FILE_SIZE: Final = 256 * 1024
MIN_PASSPHRASE_SIZE: Final = 8


class KeyFileError(DataError):
    """The file is no key file, not one of ours, damaged, or of another kind than asked for."""


class WrongPassphraseError(KeyFileError):
    """The file is whole, and the passphrase does not open it (or someone altered file and checksum)."""


class KeyFileExposedError(HostEnvironmentError):
    """Other users of this machine may read or write the key file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A key file as read, still sealed.

    ``kind`` says what the secret is for (``issuer-key``); ``public`` is what may be known without passphrase.
    Neither is authenticated before :meth:`unseal` has returned.
    """

    kind: str
    public: bytes
    log2_n: int
    _salt: bytes = field(repr=False)
    _nonce: bytes = field(repr=False)
    _header: bytes = field(repr=False)
    _ciphertext: bytes = field(repr=False)

    @staticmethod
    def seal(
        path: str | os.PathLike[str],
        kind: str,
        secret: bytes | bytearray,
        passphrase: bytes,
        public: bytes = b"",
        *,
        log2_n: int = DEFAULT_LOG2_N,
    ) -> None:
        """Write a new key file, mode 0600, whole or not at all.

        The secret is 1 octet or more, the passphrase 8 or more. Raises UsageError for shorter ones, for a
        cost outside 10..18 and for a file of that name that is there already (it is left as it was);
        HostEnvironmentError where the folder cannot be written.
        """
        check_passphrase(passphrase)
        if not secret or not kind:
            raise UsageError("a key file needs a kind and a secret")
        if log2_n not in LOG2_N_RANGE:
            raise UsageError(f"the cost of a key file is 2^{LOG2_N_RANGE.start} to 2^{LOG2_N_RANGE.stop - 1}")
        salt, nonce = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_NONCE_SIZE)
        header = cbor2.dumps(
            {"kind": kind, "public": public, "log2_n": log2_n, "salt": salt, "nonce": nonce}, canonical=True
        )
        key = _derive(passphrase, salt, log2_n)
        ciphertext = AESGCM(key).encrypt(nonce, bytes(secret), _FIRST_LINE + header)
        body = _FIRST_LINE + cbor2.dumps([header, ciphertext], canonical=True)
        octets = body + hashlib.sha256(body).digest()
        if len(octets) > MAX_FILE_SIZE:
            raise UsageError(f"a key file holds at most {MAX_FILE_SIZE} octets")
        write_new_file(Path(path), octets, mode=0o600)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key file without opening it.

        Raises TrustError if there is none, KeyFileExposedError if others may read or write it, KeyFileError
        if it is damaged, of a newer version or no key file, HostEnvironmentError if this user may not read
        it.
        """
        return cls._parse(Path(path).name, _read_private(Path(path)))

    @classmethod
    def open(cls, path: str | os.PathLike[str], kind: str, passphrase: bytes) -> bytearray:
        """The secret of a key file of this kind, for the caller to overwrite after use.

        Raises as :meth:`load` and :meth:`unseal`, and KeyFileError if the file is of another kind: it is said
        before the passphrase is tried.
        """
        found = cls.load(path)
        if found.kind != kind:
            raise KeyFileError(
                f"{Path(path).name} is a key file of another kind: {found.kind!a}, not {kind!a}",
                hint=f"Name the file that holds the {kind}.",
            )
        return found.unseal(passphrase)

    def unseal(self, passphrase: bytes) -> bytearray:
        """Decrypt. Raises WrongPassphraseError.

        Overwriting the answer does not reach the copy that the cryptographic library made.
        """
        key = _derive(passphrase, self._salt, self.log2_n)
        try:
            return bytearray(AESGCM(key).decrypt(self._nonce, self._ciphertext, _FIRST_LINE + self._header))
        except InvalidTag:
            raise WrongPassphraseError(
                "the passphrase does not open the key file",
                hint="Check keyboard layout and caps lock. A lost passphrase cannot be recovered.",
            ) from None

    @classmethod
    def _parse(cls, name: str, octets: bytes) -> Self:
        if not octets.startswith(_FIRST_LINE):
            if octets.startswith(_ANY_VERSION):
                raise KeyFileError(
                    f"{name} is a key file of a newer version", hint="Update mumei on this computer."
                )
            raise KeyFileError(f"{name} is no mumei key file", hint="Name the key file itself.")
        body, checksum = octets[:-_CHECKSUM_SIZE], octets[-_CHECKSUM_SIZE:]
        if not hmac.compare_digest(hashlib.sha256(body).digest(), checksum):
            raise KeyFileError(
                f"{name} is damaged or cut short", hint="Restore the key file from its backup."
            )
        try:
            header, ciphertext = _two_strings(body[len(_FIRST_LINE) :])
            fields = _decode_whole(header)
            if not isinstance(fields, dict) or fields.keys() != {"kind", "public", "log2_n", "salt", "nonce"}:
                raise ValueError
            found = cls(
                kind=_typed(fields["kind"], str),
                public=_typed(fields["public"], bytes),
                log2_n=_typed(fields["log2_n"], int),
                _salt=_typed(fields["salt"], bytes),
                _nonce=_typed(fields["nonce"], bytes),
                _header=header,
                _ciphertext=ciphertext,
            )
        except (cbor2.CBORError, ValueError, RecursionError):
            raise KeyFileError(
                f"{name} is not made like a key file", hint="Restore the key file from its backup."
            ) from None
        sizes = (len(found._salt), len(found._nonce), len(ciphertext) > _TAG_SIZE)
        if sizes != (_SALT_SIZE, _NONCE_SIZE, True) or found.log2_n not in LOG2_N_RANGE:
            raise KeyFileError(
                f"{name} has parameters outside the bounds of a key file",
                hint="Do not use this file: it was not written by mumei.",
            )
        return found


def check_passphrase(passphrase: bytes) -> None:
    """Raises UsageError for one that is too short for a new key file."""
    if len(passphrase) < MIN_PASSPHRASE_SIZE:
        raise UsageError(
            f"a passphrase has {MIN_PASSPHRASE_SIZE} octets or more",
            hint="Choose a longer passphrase: several words.",
        )


def _derive(passphrase: bytes, salt: bytes, log2_n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << log2_n, r=8, p=1).derive(passphrase)


def _decode_whole(octets: bytes) -> object:
    decoded: object = cbor2.loads(octets)
    # One encoding only: what follows, or is not deterministic, does not come back the same.
    if cbor2.dumps(decoded, canonical=True) != octets:
        raise ValueError("trailing data or not deterministic")
    return decoded


def _two_strings(octets: bytes) -> tuple[bytes, bytes]:
    decoded = _decode_whole(octets)
    if not isinstance(decoded, list) or len(decoded) != 2:
        raise ValueError("not two strings")
    return _typed(decoded[0], bytes), _typed(decoded[1], bytes)


def _typed(value: object, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise ValueError("wrong type")
    return value


def _read_private(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe in the file's place would hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise TrustError(
            f"there is no key file {path.name}", hint="Check the path, or make the key first."
        ) from None
    except OSError as error:
        raise HostEnvironmentError(
            f"{path.name} cannot be read: {error.strerror}", hint="Run as the user that owns the key file."
        ) from None
    try:
        _check_status(path.name, os.fstat(descriptor))
        return os.read(descriptor, MAX_FILE_SIZE)
    finally:
        os.close(descriptor)


def _check_status(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"{name} is no file", hint="Name the key file itself.")
    if status.st_mode & 0o077:
        raise KeyFileExposedError(
            f"other users may read or write {name} (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"Run: chmod 600 {name}  - and replace the key if others had access.",
        )
    if status.st_size > MAX_FILE_SIZE:
        raise KeyFileError(f"{name} is too large for a key file", hint="Name the key file itself.")
