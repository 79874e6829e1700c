"""EF.CardAccess: which PACE a card offers (TR-03110-3 v2.21, A.1.1.1 and A.1.2; ICAO Doc 9303-11, 8th ed., 9.2).

``SET OF SecurityInfo``, of which only PACEInfo is read here: ``SEQUENCE{OID, INTEGER version, [INTEGER id]}``. The
file is not authenticated: the host knows the value that its cards have and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumei_core.commands.codes import (
    PACE_VERSION,
    PARAMETERS_P256,
    TAG_DER_INTEGER,
    TAG_DER_SEQUENCE,
    TAG_DER_SET,
    TAG_OBJECT_IDENTIFIER,
)
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.errors import DecodingError
from mumei_core.iso7816.ber_tlv import Tlv, encode, parse, parse_one


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceInfo:
    """One PACEInfo. ``parameter_id``: standardised domain parameters, 0..31; None where the file has none."""

    algorithm: PaceAlgorithm
    parameter_id: int | None

    def to_bytes(self) -> bytes:
        inner = encode(TAG_OBJECT_IDENTIFIER, self.algorithm.value) + encode(
            TAG_DER_INTEGER, bytes((PACE_VERSION,))
        )
        if self.parameter_id is not None:
            inner += encode(TAG_DER_INTEGER, bytes((self.parameter_id,)))
        return encode(TAG_DER_SEQUENCE, inner)


def build_card_access(infos: tuple[PaceInfo, ...]) -> bytes:
    """EF.CardAccess with these infos; a SET OF in DER is sorted (X.690, 11.6)."""
    return encode(TAG_DER_SET, b"".join(sorted(info.to_bytes() for info in infos)))


def parse_card_access(octets: bytes) -> tuple[PaceInfo, ...]:
    """The PACEInfos of protocols known here, in the file's order; other SecurityInfos are passed over.

    Raises :class:`DecodingError` for what is no SET OF SecurityInfo, or a malformed PACEInfo.
    """
    infos = (_pace_info(entry) for entry in parse_one(octets, TAG_DER_SET).children())
    return tuple(info for info in infos if info is not None)


def _pace_info(entry: Tlv) -> PaceInfo | None:
    if entry.tag != TAG_DER_SEQUENCE:
        raise DecodingError("a SecurityInfo is a sequence")
    parts = parse(entry.value)
    if not parts or parts[0].tag != TAG_OBJECT_IDENTIFIER:
        raise DecodingError("a SecurityInfo begins with an object identifier")
    try:
        algorithm = PaceAlgorithm.from_oid(parts[0].value)
    except DecodingError:
        return None
    if len(parts) not in (2, 3) or any(part.tag != TAG_DER_INTEGER for part in parts[1:]):
        raise DecodingError("a PACEInfo holds a version and at most one parameter")
    version, *parameter = (_integer(part) for part in parts[1:])
    if version != PACE_VERSION:
        raise DecodingError("a PACEInfo of another version")
    return PaceInfo(algorithm=algorithm, parameter_id=parameter[0] if parameter else None)


def _integer(part: Tlv) -> int:
    """A small INTEGER of one octet, as all of these are."""
    if len(part.value) != 1 or part.value[0] > 0x7F:
        raise DecodingError("a number in a PACEInfo is not one of 0..127")
    return part.value[0]


CARD_ACCESS = build_card_access((PaceInfo(algorithm=PaceAlgorithm.AES_128, parameter_id=PARAMETERS_P256),))
"""EF.CardAccess of every mumei card."""
