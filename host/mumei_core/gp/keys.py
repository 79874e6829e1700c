"""Static keys of SCP03, their check values, and how PUT KEY carries them.

GlobalPlatform Card Specification 2.3, 11.8 (PUT KEY), with Amendment D v1.1.2, 7.2 (AES keys).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from mumei_core.commands.codes import KEY_TYPE_AES, SCP03_MAX_KVN
from mumei_core.errors import DecodingError
from mumei_core.metering import count_aes

KEY_SIZES: Final = (16, 24, 32)
BLOCK: Final = 16
CHECK_VALUE_OCTETS: Final = 3
KEYS_IN_A_SET: Final = 3


class KeyDataError(DecodingError):
    """Octets are no keys, or not the keys whose check values they carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticKeys:
    """K_ENC, K_MAC, K_DEK of one card: AES keys of one size, 16, 24 or 32 octets. Never shown by ``repr``."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.enc) not in KEY_SIZES or {len(self.mac), len(self.dek)} != {len(self.enc)}:
            raise KeyDataError("static keys are three AES keys of one size: 16, 24 or 32 octets")

    @property
    def bits(self) -> int:
        """128, 192 or 256."""
        return 8 * len(self.enc)

    @classmethod
    def from_bytes(cls, octets: bytes) -> StaticKeys:
        """Reads enc || mac || dek, 48, 72 or 96 octets. Raises :class:`KeyDataError`."""
        size, rest = divmod(len(octets), KEYS_IN_A_SET)
        if rest:
            raise KeyDataError("three keys of one size are expected")
        return cls(enc=octets[:size], mac=octets[size : 2 * size], dek=octets[2 * size :])

    def to_bytes(self) -> bytes:
        return self.enc + self.mac + self.dek

    def check_values(self) -> bytes:
        """The three check values in PUT KEY's order, 9 octets."""
        return b"".join(key_check_value(key) for key in (self.enc, self.mac, self.dek))


def key_check_value(key: bytes) -> bytes:
    """KCV: the first 3 octets of AES(key, 01 x 16). DES's habit of zeros does not hold here (7.2)."""
    count_aes(BLOCK)
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, as the standard has it
    return (encryptor.update(b"\x01" * BLOCK) + encryptor.finalize())[:CHECK_VALUE_OCTETS]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutKeyData:
    """PUT KEY's data field: a whole key set under a new version number (1 octet, 01..7F)."""

    version: int
    keys: StaticKeys

    def to_bytes(self, dek: bytes) -> bytes:
        """version || per key 88 || length || key length || AES-CBC(dek, key) || 03 || KCV."""
        parts = (_key_object(key, dek) for key in (self.keys.enc, self.keys.mac, self.keys.dek))
        return bytes((self.version,)) + b"".join(parts)

    @classmethod
    def from_bytes(cls, octets: bytes, dek: bytes) -> PutKeyData:
        """Decrypts with the card's present ``dek`` and compares check values. Raises :class:`KeyDataError`."""
        if not octets or not 1 <= octets[0] <= SCP03_MAX_KVN:
            raise KeyDataError("a key version number is 01 to 7F")
        rest, keys = octets[1:], []
        for _ in range(KEYS_IN_A_SET):
            key, rest = _read_key_object(rest, dek)
            keys.append(key)
        if rest:
            raise KeyDataError("octets follow the third key")
        return cls(version=octets[0], keys=StaticKeys(enc=keys[0], mac=keys[1], dek=keys[2]))

    def confirmation(self) -> bytes:
        """What the card answers: version || three check values, 10 octets (11.8.3)."""
        return bytes((self.version,)) + self.keys.check_values()


def _key_object(key: bytes, dek: bytes) -> bytes:
    encryptor = Cipher(AES(dek), CBC(bytes(BLOCK))).encryptor()
    # 24 octets do not fill their blocks; the length in clear says where the key ends.
    encrypted = encryptor.update(key + bytes(-len(key) % BLOCK)) + encryptor.finalize()
    head = bytes((KEY_TYPE_AES, 1 + len(encrypted), len(key)))
    return head + encrypted + bytes((CHECK_VALUE_OCTETS,)) + key_check_value(key)


def _read_key_object(octets: bytes, dek: bytes) -> tuple[bytes, bytes]:
    """(the key, what follows its object). Bounds are checked before anything is read."""
    if len(octets) < 3 or octets[0] != KEY_TYPE_AES or octets[2] not in KEY_SIZES:
        raise KeyDataError("a key is not given as an AES key of 16, 24 or 32 octets")
    size = octets[2]
    encrypted_size = size + -size % BLOCK
    end = 3 + encrypted_size
    if octets[1] != 1 + encrypted_size or octets[end : end + 1] != bytes((CHECK_VALUE_OCTETS,)):
        raise KeyDataError("a key's lengths contradict each other")
    count_aes(encrypted_size)
    decryptor = Cipher(AES(dek), CBC(bytes(BLOCK))).decryptor()
    key = (decryptor.update(octets[3:end]) + decryptor.finalize())[:size]
    check_value = octets[end + 1 : end + 1 + CHECK_VALUE_OCTETS]
    if not hmac.compare_digest(check_value, key_check_value(key)):
        raise KeyDataError("a key's check value is not its own")
    return key, octets[end + 1 + CHECK_VALUE_OCTETS :]
