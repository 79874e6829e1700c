"""What a ledger is told: issuances that differ in everything, unless a test says otherwise."""

from __future__ import annotations

import secrets
from typing import Any

from mumei.issuer.issuance import Beginning, Purpose, Terms

KEY_ID = bytes(32)


def beginning(**fields: Any) -> Beginning:
    """An issuance of a card never seen before."""
    fresh: dict[str, Any] = {
        "commitment": secrets.token_bytes(176),
        "digest": secrets.token_bytes(32),
        "office": "Gifu ward TEST",
        "record": secrets.token_bytes(16),
        "purpose": Purpose.ENROL,
        "nonce": secrets.token_bytes(32),
        "F_0": secrets.token_bytes(48),
        "attestation_key_hash": secrets.token_bytes(32),
        "valid_until": 54_000,
    }
    return Beginning(**(fresh | fields))


def terms() -> Terms:
    """Fresh terms."""
    return Terms(
        signer_nym_entropy=secrets.token_bytes(32), renewal_pseudonym=secrets.token_bytes(48), key_id=KEY_ID
    )
