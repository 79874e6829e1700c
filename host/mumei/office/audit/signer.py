"""Whose key signs entries at this desk: set once by the command that a clerk runs, found by the trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Signer(Protocol):
    """A clerk with a signing key."""

    @property
    def name(self) -> str:
        """As entries have it."""

    def sign(self, octets: bytes) -> bytes:
        """ECDSA P-256 with SHA-256, r || s, 64 octets."""


_CURRENT: ContextVar[Signer | None] = ContextVar("audit_signer", default=None)

SESSION_KEY: Final = "mumei_audit_signer"
"""Under this key a database session's ``info`` holds the signer, for threads that do not inherit the desk's."""


def current_signer() -> Signer | None:
    """Who signs here, if anyone."""
    return _CURRENT.get()


@contextmanager
def signing_as(signer: Signer | None) -> Iterator[None]:
    """Entries that name this clerk are signed by them as long as this lasts."""
    token = _CURRENT.set(signer)
    try:
        yield
    finally:
        _CURRENT.reset(token)
