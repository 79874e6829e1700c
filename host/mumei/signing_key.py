"""ECDSA keys on P-256 at rest: who signs certificates and statements, each kind in a key file of its own."""

from __future__ import annotations

from pathlib import Path

from mumei.key_file import DEFAULT_LOG2_N, KeyFile, KeyFileError
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError


def save_key(
    key: SigningKey, path: Path, kind: str, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N
) -> None:
    """Write a new key file; its public part is the key's point. Raises as :meth:`KeyFile.seal`."""
    KeyFile.seal(path, kind, key.secret_octets, passphrase, key.point, log2_n=log2_n)


def load_key(path: Path, kind: str, passphrase: bytes) -> SigningKey:
    """Open a key file of this kind.

    Raises as :meth:`KeyFile.load` and :meth:`KeyFile.unseal`, and KeyFileError where it is of another kind or its
    secret and public part disagree.
    """
    octets = KeyFile.open(path, kind, passphrase)
    try:
        key = SigningKey(int.from_bytes(octets))
    except DecodingError as error:
        raise KeyFileError(f"{path.name} holds no private key") from error
    finally:
        octets[:] = bytes(len(octets))
    if key.point != KeyFile.load(path).public:
        raise KeyFileError(f"{path.name}: secret and public part disagree")
    return key
