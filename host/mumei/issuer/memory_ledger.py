"""A ledger that lives as long as its process: for demonstrations and tests, never for real residents."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from dataclasses import replace

from mumei.issuer.issuance import Beginning, LedgerConflict, LedgerEntry, Terms, refuse_reported

_ANOTHER_CARD = "Use a new card; report this one to whoever runs the issuer."


class MemoryLedger:
    """The :class:`~mumei.issuer.issuance.Ledger` without a disk."""

    def __init__(self) -> None:
        self._entries: dict[bytes, LedgerEntry] = {}
        self._lock = threading.Lock()

    def begin(self, beginning: Beginning, make_terms: Callable[[], Terms]) -> LedgerEntry:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        with self._lock:
            known = self._entries.get(beginning.commitment)
            if known is not None:
                check_same(known.beginning, beginning)
                return known
            if beginning.renews is not None and self._entries[beginning.renews].reported:
                raise refuse_reported()
            for entry in self._entries.values():
                check_new(entry.beginning, beginning)
            entry = LedgerEntry(beginning=beginning, terms=make_terms())
            self._entries[beginning.commitment] = entry
            return entry

    def finish(self, commitment: bytes, signature: bytes, common_key_proof: bytes) -> LedgerEntry:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        with self._lock:
            entry = self._entries[commitment]
            if entry.signature is None:
                entry = replace(entry, signature=signature, common_key_proof=common_key_proof)
                self._entries[commitment] = entry
            return entry

    def by_record(self, record: bytes) -> tuple[LedgerEntry, ...]:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        with self._lock:
            return tuple(entry for entry in self._entries.values() if entry.beginning.record == record)

    def report(self, record: bytes, *, reported: bool) -> None:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        with self._lock:
            for commitment, entry in self._entries.items():
                if entry.beginning.record == record:
                    self._entries[commitment] = replace(entry, reported=reported)


def check_same(known: Beginning, asked: Beginning) -> None:
    """A commitment that came again came with the same request. Raises LedgerConflict."""
    if not hmac.compare_digest(known.digest, asked.digest):
        raise LedgerConflict(
            "this commitment was issued under another request",
            hint="Go on with the enrolment that the card began; its request is on record at the office.",
        )


def check_new(known: Beginning, asked: Beginning) -> None:
    """Nothing that names one card or one record serves a second commitment. Raises LedgerConflict."""
    if known.nonce == asked.nonce:
        raise LedgerConflict("the nonce has served another commitment", hint="Begin a new enrolment.")
    if known.F_0 == asked.F_0:
        raise LedgerConflict("the card's handle is another record's", hint=_ANOTHER_CARD)
    if asked.attestation_key_hash is not None and known.attestation_key_hash == asked.attestation_key_hash:
        raise LedgerConflict("the chip has shown itself for another commitment", hint=_ANOTHER_CARD)
