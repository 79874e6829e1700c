"""Clerks' passwords: Argon2id (RFC 9106), as argon2-cffi has it, and keys derived from them for wrapping.

A password is compared in Unicode form NFKC (NIST SP 800-63B, 3.1.1.2): keyboards differ in what they send for one
character.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

import cbor2
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mumei.files import decode_document
from mumei_core.errors import DataError, HostEnvironmentError, UsageError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200
_SALT_SIZE: Final = 16
_NONCE_SIZE: Final = 12
_KEY_SIZE: Final = 32
#: What a registry may make us spend: 1 GiB, ten passes, sixteen lanes.
_HIGHEST: Final = (10, 1 << 20, 16)


class WrongPasswordError(HostEnvironmentError):
    """Name and password do not go together; which of the two is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(
            "name and password do not go together",
            hint="Check name, keyboard layout and caps lock. Forgotten? IT can set a temporary password.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCost:
    """What one try costs: passes over the memory, memory in KiB (8 a lane at least), lanes."""

    passes: int
    memory: int
    lanes: int


DEFAULT_COST: Final = PasswordCost(passes=3, memory=64 * 1024, lanes=4)
"""RFC 9106, 4: the second recommended choice, 64 MiB."""

LOWEST_COST: Final = PasswordCost(passes=1, memory=8, lanes=1)
"""The least that Argon2 knows. It guards nothing: for tests."""


def check_new_password(password: str) -> None:
    """Raise UsageError for one that is too short or too long to be chosen."""
    length = len(_normal(password))
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        raise UsageError(
            f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters",
            hint="Several words in a row are easy to type and hard to guess.",
        )


def hash_password(password: str, cost: PasswordCost) -> str:
    """Argon2id's encoded form, with its parameters and a fresh salt."""
    return _hasher(cost).hash(_octets(password))


def verify_password(encoded: str, password: str) -> None:
    """Raise WrongPasswordError; DataError if the registry holds no hash of a password there."""
    try:
        PasswordHasher().verify(encoded, _octets(password))
    except VerifyMismatchError:
        raise WrongPasswordError from None
    except (InvalidHashError, VerificationError):
        raise DataError(
            "a clerk's password is not on record as it should be", hint="IT can set it anew."
        ) from None


def is_outdated(encoded: str, cost: PasswordCost) -> bool:
    """Whether the hash was made at another cost than is asked for today."""
    return _hasher(cost).check_needs_rehash(encoded)


def wrap(secret: bytes, password: str, cost: PasswordCost, *, context: bytes) -> bytes:
    """Encrypt under a key derived from the password: Argon2id, AES-256-GCM; ``context`` is authenticated.

    CBOR [passes, memory, lanes, salt, nonce, ciphertext and tag].
    """
    salt, nonce = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(_NONCE_SIZE)
    ciphertext = AESGCM(_derive(password, salt, cost)).encrypt(nonce, secret, context)
    return cbor2.dumps([cost.passes, cost.memory, cost.lanes, salt, nonce, ciphertext], canonical=True)


def unwrap(wrapped: bytes, password: str, *, context: bytes) -> bytes:
    """The inverse. Raises WrongPasswordError, and DataError for what :func:`wrap` did not write."""
    try:
        fields = decode_document(wrapped)
        if not isinstance(fields, list) or len(fields) != 6:
            raise ValueError("six fields")
        *numbers, salt, nonce, ciphertext = fields
        if not all(0 < n <= most for n, most in zip(numbers, _HIGHEST, strict=True)):
            raise ValueError("a cost out of bounds")
        cost = PasswordCost(passes=numbers[0], memory=numbers[1], lanes=numbers[2])
        return AESGCM(_derive(password, salt, cost)).decrypt(nonce, ciphertext, context)
    except InvalidTag:
        raise WrongPasswordError from None
    except (ValueError, TypeError):
        raise DataError("a clerk's key is not on record as it should be", hint="IT can reset it.") from None


def _derive(password: str, salt: bytes, cost: PasswordCost) -> bytes:
    return hash_secret_raw(_octets(password), salt, cost.passes, cost.memory, cost.lanes, _KEY_SIZE, Type.ID)


def _hasher(cost: PasswordCost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _octets(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")
