"""What goes over HTTPS between offices and the issuer's service: paths, and refusals as JSON (RFC 8259).

``POST /v1/issue``: an IssuanceRequest's octets, answered by an Issuance's (both CBOR). ``POST /v1/report``: a
:class:`Report`. ``GET /v1/key``: what signs
today. ``GET /v1/health``: the process answers. ``GET /v1/ready``: it could sign now. Every refusal and failure is a
status of RFC 9110 with { "reason", "message", "hint" }.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cbor2

from mumei.files import decode_document
from mumei.issuer.issuance import RECORD_LENGTH, IssuanceRefused, LedgerConflict, Reason
from mumei_core.errors import DecodingError

ISSUE: Final = "/v1/issue"
REPORT: Final = "/v1/report"
KEY: Final = "/v1/key"
HEALTH: Final = "/v1/health"
READY: Final = "/v1/ready"
CBOR: Final = "application/cbor"
MAX_ANSWER_OCTETS: Final = 8 * 1024
#: The reason of an answer that says nothing about the request: the service cannot sign now.
UNAVAILABLE: Final = "unavailable"

STATUS: Final[Mapping[Reason, int]] = MappingProxyType(
    {
        Reason.MALFORMED: 400,
        Reason.RIGHTS: 403,
        Reason.CONFLICT: 409,
        Reason.BUSY: 429,
    }
)
_OTHER_STATUS: Final = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A refusal (``reason`` of :class:`Reason`), or UNAVAILABLE."""

    reason: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, refused: IssuanceRefused) -> Failure:
        """What an office is told."""
        return cls(reason=refused.reason.value, message=refused.message, hint=refused.hint)

    def to_octets(self) -> bytes:
        """JSON."""
        return json.dumps(
            {"reason": self.reason, "message": self.message, "hint": self.hint}, ensure_ascii=False
        ).encode()

    @classmethod
    def from_octets(cls, octets: bytes) -> Failure | None:
        """None for what no service of ours writes."""
        try:
            found = json.loads(octets)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or set(found) != {"reason", "message", "hint"}:
            return None
        if not all(isinstance(text, str) and len(text) <= 500 for text in found.values()):
            return None
        return cls(**found)

    def to_error(self) -> IssuanceRefused | None:
        """The refusal as the issuer raised it; None where the service could not sign."""
        try:
            reason = Reason(self.reason)
        except ValueError:
            return None
        if reason is Reason.CONFLICT:
            return LedgerConflict(self.message, hint=self.hint)
        return IssuanceRefused(reason, self.message, hint=self.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The cards that a record (16 octets) has had until now are reported, or found again."""

    record: bytes
    reported: bool

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        return cbor2.dumps({"record": self.record, "reported": self.reported}, canonical=True)

    @classmethod
    def from_octets(cls, octets: bytes) -> Report:
        """Raises :class:`DecodingError`."""
        try:
            found = decode_document(octets)
        except ValueError:
            found = None
        if not isinstance(found, dict) or set(found) != {"record", "reported"}:
            raise DecodingError("this is no report")
        record, reported = found["record"], found["reported"]
        if not isinstance(record, bytes) or len(record) != RECORD_LENGTH or not isinstance(reported, bool):
            raise DecodingError("this is no report")
        return cls(record=record, reported=reported)


def status_of(reason: Reason) -> int:
    """The status under which a refusal travels."""
    return STATUS.get(reason, _OTHER_STATUS)
