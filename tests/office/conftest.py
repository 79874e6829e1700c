"""A registry in a real file, on a day that does not move."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.fixtures.postgres import registry_url as registry_url
from tests.fixtures.postgres import sqlite_registry

from mumei.issuer.issuance import Issuance
from mumei.office.registry import Registry
from mumei_core.dates import day_number

END = day_number(date(2031, 12, 31))


def noon() -> datetime:
    """Noon in Japan on the tests' day, 2026-11-23."""
    return datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def registry_path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(registry_path: Path) -> Iterator[Registry]:
    where = sqlite_registry(registry_path.parent)
    with Registry.open(where, clock=noon, busy_timeout=0.05) as registry:
        yield registry


@pytest.fixture
def sign() -> Callable[[Registry, int], int]:
    """Bring an enrolment of a resident so far that it is signed; its number."""
    commitments = itertools.count(1)

    def signed(registry: Registry, resident_number: int) -> int:
        number = registry.begin_enrolment(resident_number, clerk="sato", replacement=True).number
        registry.record_commitment(number, next(commitments).to_bytes(240, "big"), clerk="sato")
        registry.record_valid_until(number, END, clerk="sato")
        issuance = Issuance(
            valid_until=END,
            key_id=b"K" * 32,
            signature=b"S" * 80,
            signer_nym_entropy=b"E" * 32,
            common_key_proof=b"P" * 64,
            renewal_pseudonym=b"N" * 48,
        )
        return registry.record_issuance(number, issuance, clerk="sato").number

    return signed


@pytest.fixture
def issue(sign: Callable[[Registry, int], int]) -> Callable[[Registry, int], int]:
    """Issue a card to a resident; the enrolment's number."""

    def issued(registry: Registry, resident_number: int) -> int:
        return registry.mark_stored(sign(registry, resident_number), clerk="sato").number

    return issued
