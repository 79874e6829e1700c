"""Resident codes at rest: sealed with AES-SIV (RFC 5297), found again by a keyed blind index (mumei protocol 2.2).

With a registry key's secret of 32 octets, HKDF-SHA-256 (RFC 5869) without salt, and a resident's random record of
16 octets::

    seal key  = HKDF(secret, info "MUMEI-REGISTRY-SEAL-V1", 64 octets)
    index key = HKDF(secret, info "MUMEI-REGISTRY-INDEX-V1", 32 octets)
    sealed    = I2OSP(key number, 2) || AES-SIV(seal key, [I2OSP(key number, 2) || "resident_code", record], digits)
    index     = HMAC-SHA-256(index key, digits)

The record as associated data ties a sealed code to its row: swapped between rows it does not open. AES-SIV needs no
nonce; equal codes never stand in two rows, and two records make two ciphertexts of one. Who has the database
without the key learns who has the same code as whom nowhere, and cannot try codes.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mumei.office.residents.resident_code import ResidentCode
from mumei_core.errors import DataError, TrustError

RECORD_OCTETS: Final = 16
"""A resident's random name towards the issuer and the sealed code."""

SECRET_OCTETS: Final = 32
_NUMBER_OCTETS: Final = 2
_LABEL: Final = b"resident_code"


class RegistryKeyError(TrustError):
    """The registry's key file is missing, damaged, or another registry's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryKeys:
    """The secrets of a key file.

    ``secrets``: by key number, 1..65535, 32 octets each; the newest is in use or about to be, older ones open
    back-ups. ``hash_secret`` is 32 octets for :meth:`keyed_hash` and never changes.
    """

    secrets: Mapping[int, bytes] = field(repr=False)
    hash_secret: bytes = field(repr=False)

    @property
    def newest(self) -> int:
        """The highest key number."""
        return max(self.secrets)

    def has(self, number: int) -> bool:
        """Whether there is a key with this number."""
        return number in self.secrets

    def vault(self, number: int) -> CodeVault:
        """What seals and finds codes under the key with this number. Raises RegistryKeyError."""
        try:
            return _vault(number, self.secrets[number])
        except KeyError:
            raise RegistryKeyError(
                f"the registry is under key number {number}, which the key file does not hold",
                hint="The key was changed: copy the key file anew from the office that changed it.",
            ) from None

    def keyed_hash(self, label: str, octets: bytes) -> bytes:
        """HMAC-SHA-256, 32 octets, for what the registry recognises and must not know, such as spoken codes.

        ``label`` (at most 255 octets) keeps the uses apart. It stays the same when the codes' key is changed.
        """
        name = label.encode()
        return hmac.digest(self.hash_secret, bytes((len(name),)) + name + octets, "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeVault:
    """One registry key at work. Make it with :meth:`RegistryKeys.vault`."""

    number: int
    _siv: AESSIV = field(repr=False)
    _index_key: bytes = field(repr=False)

    def seal(self, code: ResidentCode, record: bytes) -> bytes:
        """The sealed code, 29 octets, for the row with this record (16 octets)."""
        number = self.number.to_bytes(_NUMBER_OCTETS, "big")
        return number + self._siv.encrypt(code.digits.encode("ascii"), [number + _LABEL, record])

    def open(self, sealed: bytes, record: bytes) -> ResidentCode:
        """The code. Raises DataError for one that was altered or belongs to another row, RegistryKeyError for one
        under another key.
        """
        number, ciphertext = sealed[:_NUMBER_OCTETS], sealed[_NUMBER_OCTETS:]
        if key_number(sealed) != self.number:
            raise RegistryKeyError(
                "the registry's key was changed at this moment", hint="Nothing was changed by you: try again."
            )
        try:
            digits = self._siv.decrypt(ciphertext, [number + _LABEL, record])
        except (InvalidTag, ValueError):
            raise DataError(
                "a sealed resident code does not open: it was altered, or moved from another record",
                hint="Restore the registry from its backup; tell whoever watches over it.",
            ) from None
        return ResidentCode(digits=digits.decode("ascii"))

    def index(self, code: ResidentCode) -> bytes:
        """By which the row is found, 32 octets."""
        return hmac.digest(self._index_key, code.digits.encode("ascii"), "sha256")

    def check_value(self) -> bytes:
        """16 octets by which a registry knows its key; they say nothing about it."""
        return hmac.digest(self._index_key, b"MUMEI-REGISTRY-CHECK-V1", "sha256")[:16]


def key_number(sealed: bytes) -> int:
    """Under which key a code is sealed."""
    return int.from_bytes(sealed[:_NUMBER_OCTETS], "big")


@functools.lru_cache(maxsize=8)
def _vault(number: int, secret: bytes) -> CodeVault:
    return CodeVault(
        number=number,
        _siv=AESSIV(_derive(secret, b"MUMEI-REGISTRY-SEAL-V1", 64)),
        _index_key=_derive(secret, b"MUMEI-REGISTRY-INDEX-V1", 32),
    )


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)
