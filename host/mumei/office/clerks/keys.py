"""Clerks' signing keys (ECDSA P-256): wrapped under the password at rest, under the session's token at work.

The registry keeps every public key there ever was; each is named in the audit trail, by SHA-256 of its point,
when it is made: so an auditor knows offline whose it is.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.clerks.passwords import PasswordCost, unwrap, wrap
from mumei.office.database.models_clerks import ClerkKeyRow, ClerkRow
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DataError

TOKEN_SIZE: Final = 32
_NONCE_SIZE: Final = 12
_CONTEXT: Final = b"MUMEI-CLERK-KEY-V1"


def fingerprint(point: bytes) -> bytes:
    """How the audit trail names a public key: SHA-256 of 04 || X || Y."""
    return hashlib.sha256(point).digest()


def wrapped_key(key: SigningKey, password: str, cost: PasswordCost) -> bytes:
    """The key as it is kept. It takes as long as a password's comparison: not while the registry is locked."""
    return wrap(key.secret_octets, password, cost, context=_CONTEXT + key.point)


def keep_new_key(
    session: Session, row: ClerkRow, key: SigningKey, wrapped: bytes, now: datetime, *, clerk: str
) -> None:
    """Put a clerk's new key in place of an earlier one, and have the trail name it."""
    drop_key(session, row)
    session.add(ClerkKeyRow(clerk_id=row.id, point=key.point, wrapped=wrapped, made_at=now))
    record(
        session,
        at=now,
        clerk=clerk,
        action=AuditAction.CLERK_KEY_SET,
        about=row.name,
        digest=fingerprint(key.point),
    )


def drop_key(session: Session, row: ClerkRow) -> None:
    """Forget the private part of a clerk's key."""
    session.execute(update(ClerkKeyRow).where(ClerkKeyRow.clerk_id == row.id).values(wrapped=None))


def current_key(session: Session, row: ClerkRow) -> ClerkKeyRow | None:
    """The row of the key that the clerk's password opens, if there is one."""
    return session.scalar(
        select(ClerkKeyRow).where(ClerkKeyRow.clerk_id == row.id, ClerkKeyRow.wrapped.is_not(None))
    )


def open_key(point: bytes, wrapped: bytes, password: str) -> SigningKey:
    """Raises WrongPasswordError, and DataError where somebody put another key into the registry."""
    return _checked(unwrap(wrapped, password, context=_CONTEXT + point), point)


def seal_for_session(key: SigningKey, token: bytes) -> bytes:
    """The key as a session keeps it: point, nonce, AES-256-GCM under a key that only the token gives."""
    nonce = secrets.token_bytes(_NONCE_SIZE)
    return key.point + nonce + AESGCM(_session_key(token)).encrypt(nonce, key.secret_octets, key.point)


def open_for_session(sealed: bytes, token: bytes) -> SigningKey:
    """The inverse. Raises DataError."""
    point, nonce, ciphertext = sealed[:65], sealed[65:77], sealed[77:]
    try:
        return _checked(AESGCM(_session_key(token)).decrypt(nonce, ciphertext, point), point)
    except (InvalidTag, ValueError):
        raise DataError(
            "a session's key is not on record as it should be", hint="Log out and in again."
        ) from None


def _session_key(token: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"MUMEI-SESSION-KEY-V1").derive(token)


def _checked(secret: bytes, point: bytes) -> SigningKey:
    key = SigningKey(int.from_bytes(secret))
    if key.point != point:
        raise DataError("a clerk's key and its public part disagree", hint="IT can reset it.")
    return key
