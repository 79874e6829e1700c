"""The terminal's side of a token: rebuild its first move (mumei protocol 2.5)."""

from __future__ import annotations

from mumei_core.crypto.curve import Point
from mumei_core.crypto.revocation.messages import Token


def token_digest(token: Token, point: Point, m_hat: int, challenge: int) -> bytes:
    """SHA-256(salt || k || K || t_K) with t_K = Q_k * m^_rev - K * c, 32 octets.

    ``point``: Q_k or R, which the verifier computes itself from its label; ``m_hat``: the credential's response for
    the revocation handle, and no other.
    """
    return token.digest(point * m_hat - token.K * challenge)
