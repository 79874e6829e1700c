"""Who signs behind the service in these tests: the issuer, its key and a ledger, on the sample residents' day."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.fixtures import world

from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.issuance import Beginning, Ledger, LedgerEntry, Terms
from mumei.issuer.ledger import DurableLedger
from mumei_core.dates import day_number


def signer(ledger: Ledger) -> EmbeddedIssuer:
    """Signs with the key of "Gifu TEST"."""
    return EmbeddedIssuer([world.issuer().key], ledger, today=lambda: day_number(world.TODAY))


class MortalLedger:
    """Kills its process at one of two moments: the terms are on record, or the signature too."""

    def __init__(self, ledger: DurableLedger, *, before: str) -> None:
        self._ledger = ledger
        self._before = before

    def begin(self, beginning: Beginning, make_terms: Callable[[], Terms]) -> LedgerEntry:
        entry = self._ledger.begin(beginning, make_terms)
        if self._before == "signature":
            os.kill(os.getpid(), signal.SIGKILL)
        return entry

    def finish(self, commitment: bytes, signature: bytes, common_key_proof: bytes) -> LedgerEntry:
        entry = self._ledger.finish(commitment, signature, common_key_proof)
        if self._before == "answer":
            os.kill(os.getpid(), signal.SIGKILL)
        return entry

    def by_record(self, record: bytes) -> tuple[LedgerEntry, ...]:
        return self._ledger.by_record(record)

    def report(self, record: bytes, *, reported: bool) -> None:
        self._ledger.report(record, reported=reported)

    def at_most(self, per_hour: int) -> AbstractContextManager[None]:
        return self._ledger.at_most(per_hour)
