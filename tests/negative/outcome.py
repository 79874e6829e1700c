"""What our verifier says to a forgery."""

from __future__ import annotations

import pytest
from tests.fixtures.crypto_world import verifier

from mumei_core.errors import InvalidProof


def accepted(octets: bytes, wire: bytes) -> bool:
    """Whether the verifier, mutant or not, takes it."""
    try:
        verifier().verify(octets, wire)
    except InvalidProof:
        return False
    return True


def reason(octets: bytes, wire: bytes) -> str:
    """The logged reason of a refusal; to be accepted fails the test."""
    with pytest.raises(InvalidProof) as caught:
        verifier().verify(octets, wire)
    return str(caught.value.reason)
