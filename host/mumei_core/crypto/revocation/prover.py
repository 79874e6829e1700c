"""The card's side of a token: two multiplications under the credential's blinding (mumei protocol 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.revocation.messages import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The base of a token: ``point`` is Q_k out of a signed tree, or R with k = 255; ``salt``: 16 fresh octets."""

    k: int
    point: Point
    salt: bytes


def token_init(group: Group, slot: Slot, handle: int, m_tilde: int) -> tuple[Token, bytes]:
    """The token, and its digest with t_K for ``extra``: K = Q_k * handle, t_K = Q_k * m~.

    ``m_tilde`` blinds the revocation handle in the credential's own proof: the token has no response of its own, so
    it can hang on nothing else.
    """
    K = group.multiply(slot.point, handle)
    t_K = group.multiply(slot.point, m_tilde)
    token = Token(salt=slot.salt, k=slot.k, K=K)
    return token, token.digest(t_K)
