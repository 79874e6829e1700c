"""The key that seals the audit trail: a file beside the registry's keys, never in the database.

Open (mode 0600) on a machine that seals by itself every hour, or a key file under a passphrase. Where offices
share a registry, only a machine that no clerk works at should hold it.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from mumei.files import read_file, write_new_file
from mumei.signing_key import load_key, save_key
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, HostEnvironmentError, TrustError, UsageError

KIND: Final = "audit-key"
SUFFIX: Final = ".audit.key"
_FIRST_LINE: Final = b"mumei audit key 1\n"
_SECRET_SIZE: Final = 32
_LIMIT: Final = 4096


def save_audit_key(key: SigningKey, path: Path, passphrase: bytes | None = None) -> Path:
    """Write a new key, and its public part as ``.pub``, whose path is returned. Raises UsageError."""
    public = path.with_suffix(".pub")
    if public.exists():
        raise UsageError(f"{public.name} is there already", hint="Choose another name for the key.")
    if passphrase is None:
        write_new_file(path, _FIRST_LINE + key.secret_octets, mode=0o600)
    else:
        save_key(key, path, KIND, passphrase)
    write_new_file(public, key.point, mode=0o644)
    return public


def is_open(path: Path) -> bool:
    """Whether there is a key that needs no passphrase."""
    try:
        with path.open("rb") as file:
            return file.read(len(_FIRST_LINE)) == _FIRST_LINE
    except OSError:
        return False


def load_audit_key(path: Path, passphrase: bytes | None = None) -> SigningKey:
    """Read a key. Raises TrustError, HostEnvironmentError where others may read it, and as KeyFile.open."""
    if not is_open(path):
        if passphrase is None:
            raise TrustError(
                f"{path.name} is no audit key that opens without passphrase",
                hint="Make one with 'mumei audit init', or give --passphrase-file.",
            )
        return load_key(path, KIND, passphrase)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise HostEnvironmentError(
            f"other users may read {path.name} (mode {mode:04o})", hint=f"Run: chmod 600 {path.name}"
        )
    octets = read_file(path, what="audit key", limit=_LIMIT).removeprefix(_FIRST_LINE)
    try:
        if len(octets) != _SECRET_SIZE:
            raise DecodingError("32 octets")
        return SigningKey(int.from_bytes(octets))
    except DecodingError:
        raise TrustError(f"{path.name} holds no audit key", hint="Restore it from its backup.") from None
