"""The registry's key file: secrets in clear, mode 0600, never in the database (mumei protocol 2.2, attribute 4).

Version 1::

    "mumei registry key 1\\n" || CBOR { "keys": { number: 32 octets }, "hash": 32 octets } || SHA-256 of all before

It is in clear because every command of a desk needs it; so it guards what leaves without it: a copied or stolen
database, its back-ups, its administrator. Keep it on another disk than back-ups, and a copy in a safe: without it
no resident is found by code and no card can be issued. A new key is added by :func:`with_new_key`; the old ones
stay, since older back-ups need them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

import cbor2

from mumei.files import decode_document, replace_file, write_new_file
from mumei.office.database.code_vault import SECRET_OCTETS, RegistryKeyError, RegistryKeys
from mumei_core.errors import HostEnvironmentError

_FIRST_LINE: Final = b"mumei registry key 1\n"
_ANY_VERSION: Final = b"mumei registry key "
_CHECKSUM_OCTETS: Final = 32
_LIMIT: Final = 64 * 1024
_NUMBERS: Final = range(1, 1 << 16)


class RegistryKeyExposedError(HostEnvironmentError):
    """Other users of this machine may read or write the key file."""


def new_keys() -> RegistryKeys:
    """Fresh secrets; the first key has number 1."""
    return RegistryKeys(
        secrets={1: secrets.token_bytes(SECRET_OCTETS)}, hash_secret=secrets.token_bytes(SECRET_OCTETS)
    )


def with_new_key(keys: RegistryKeys) -> RegistryKeys:
    """The same with one more key, of the next number."""
    return RegistryKeys(
        secrets={**keys.secrets, keys.newest + 1: secrets.token_bytes(SECRET_OCTETS)},
        hash_secret=keys.hash_secret,
    )


def save_keys(keys: RegistryKeys, path: Path) -> None:
    """Write a new key file. Raises UsageError where there is one, HostEnvironmentError."""
    write_new_file(path, _encode(keys), mode=0o600)


def replace_keys(keys: RegistryKeys, path: Path) -> None:
    """Write the key file anew, in one step. Raises HostEnvironmentError; the old one is whole then."""
    replace_file(path, _encode(keys), mode=0o600)


def load_keys(path: Path) -> RegistryKeys:
    """Read a key file.

    Raises RegistryKeyError if there is none, or it is damaged, newer or something else;
    RegistryKeyExposedError if others may read or write it; HostEnvironmentError if this user may not.
    """
    octets = _read(path)
    if not octets.startswith(_FIRST_LINE):
        newer = octets.startswith(_ANY_VERSION)
        raise RegistryKeyError(
            f"{path.name} is {'of a newer version' if newer else 'no registry key file'}",
            hint="Update mumei on this computer." if newer else "Name the key file with --registry-key.",
        )
    body, checksum = octets[:-_CHECKSUM_OCTETS], octets[-_CHECKSUM_OCTETS:]
    if not hmac.compare_digest(hashlib.sha256(body).digest(), checksum):
        raise _damaged(path)
    try:
        return _decode(decode_document(body[len(_FIRST_LINE) :]))
    except ValueError:
        raise _damaged(path) from None


def _encode(keys: RegistryKeys) -> bytes:
    document = {"keys": dict(keys.secrets), "hash": keys.hash_secret}
    body = _FIRST_LINE + cbor2.dumps(document, canonical=True)
    return body + hashlib.sha256(body).digest()


def _decode(document: object) -> RegistryKeys:
    if not isinstance(document, dict) or document.keys() != {"keys", "hash"}:
        raise ValueError("not a key file's entries")
    found, hash_secret = document["keys"], document["hash"]
    if not isinstance(found, dict) or not found or not _is_secret(hash_secret):
        raise ValueError("not a key file's entries")
    for number, secret in found.items():
        if type(number) is not int or number not in _NUMBERS or not _is_secret(secret):
            raise ValueError("not a key")
    return RegistryKeys(secrets=found, hash_secret=hash_secret)


def _is_secret(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == SECRET_OCTETS


def _read(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe in the file's place would hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise RegistryKeyError(
            f"there is no registry key {path}",
            hint="Name it with --registry-key, or restore it from its safe copy. A registry of before has none yet:"
            " mumei office upgrade makes it.",
        ) from None
    except OSError as error:
        raise HostEnvironmentError(
            f"{path.name} cannot be read: {error.strerror}", hint="Run as the user that owns the key file."
        ) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RegistryKeyError(f"{path.name} is no file", hint="Name the key file itself.")
        if status.st_mode & 0o077:
            raise RegistryKeyExposedError(
                f"other users may read or write {path.name} (mode {stat.S_IMODE(status.st_mode):04o})",
                hint=f"Run: chmod 600 {path.name}  - and change the key if others had access.",
            )
        return os.read(descriptor, _LIMIT)
    finally:
        os.close(descriptor)


def _damaged(path: Path) -> RegistryKeyError:
    return RegistryKeyError(
        f"{path.name} is damaged or cut short", hint="Restore the key file from its safe copy."
    )
