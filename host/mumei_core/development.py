"""Keys of the development profile, derived from published labels: **anybody has them**, by design.

A development card to which nobody has given trust points takes them for those of authority, auditor and root, so a
development terminal signs the statements that it needs itself. No other profile knows them.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import Final

from mumei_core.crypto.hashing import sha256
from mumei_core.eac.signature import ORDER, SigningKey

_LABEL: Final = b"MUMEI-DEVELOPMENT-KEY-V1:"


class DevelopmentRole(StrEnum):
    """Whose key."""

    AUTHORITY = "revocation authority"
    AUDITOR = "auditor"
    ISSUER_ROOT = "issuer's root"
    TRUSTEE = "revocation trustee"


@functools.cache
def development_key(role: DevelopmentRole, number: int = 0) -> SigningKey:
    """The P-256 key of ``role``; ``number``, below 256, tells several of one role apart. Worthless."""
    return SigningKey(int.from_bytes(development_secret(role, number)))


def development_secret(role: DevelopmentRole, number: int = 0) -> bytes:
    """Its private key: 0 < d < order of P-256, 32 octets."""
    digest = sha256(_LABEL + role.encode("ascii") + b":" + bytes([number]))
    return (int.from_bytes(digest) % (ORDER - 1) + 1).to_bytes(32)
