"""Certificate holder authorisation template (CHAT): role and rights of a terminal, TR-03110-3 v2.21, C.1.5 and C.4;
bits of authentication terminals: TR-03110-4 v2.21, 2.2.3.2.

Rights of mumei's own are not here but in an extension (:mod:`mumei_core.eac.rights`); of the bits the project uses
``CAN_ALLOWED``, ``PIN_MANAGEMENT``, ``AGE_VERIFICATION`` and ``RESTRICTED_IDENTIFICATION``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import MappingProxyType
from typing import Final

from mumei_core.commands import codes
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv


class Role(IntEnum):
    """The two highest bits."""

    TERMINAL = 0b00
    DV_NON_OFFICIAL = 0b01
    """A non-official or foreign document verifier; here: the sector authorities of shops."""
    DV_OFFICIAL = 0b10
    """An official domestic document verifier."""
    CVCA = 0b11

    @property
    def is_dv(self) -> bool:
        return self in (Role.DV_NON_OFFICIAL, Role.DV_OFFICIAL)


class Right(IntFlag):
    """Single bits of an authentication terminal's CHAT, TR-03110-4 v2.21, 2.2.3.2."""

    AGE_VERIFICATION = 1 << 0
    COMMUNITY_ID = 1 << 1
    RESTRICTED_IDENTIFICATION = 1 << 2
    PRIVILEGED = 1 << 3
    CAN_ALLOWED = 1 << 4
    PIN_MANAGEMENT = 1 << 5
    INSTALL_CERTIFICATE = 1 << 6
    INSTALL_QUALIFIED_CERTIFICATE = 1 << 7


#: Octets of the bit map, by terminal type: inspection system, authentication terminal, signature terminal.
_LENGTHS: Final = MappingProxyType({codes.OID_ROLE_IS: 1, codes.OID_ROLE_AT: 5, codes.OID_ROLE_ST: 1})
# b31-30 of an authentication terminal are reserved: to be ignored.
_AT_RIGHTS: Final = ((1 << 38) - 1) & ~(0b11 << 30)
_ROLE_BITS: Final = 2


@dataclass(frozen=True, slots=True)
class Chat:
    """One CHAT. ``oid``: value octets of the terminal type; ``octets``: its bit map, most significant first."""

    oid: bytes
    octets: bytes

    def __post_init__(self) -> None:
        if self.oid not in _LENGTHS:
            raise DecodingError("unknown type of terminal")
        if len(self.octets) != _LENGTHS[self.oid]:
            raise DecodingError(f"the bit map of this terminal type has {_LENGTHS[self.oid]} octets")

    @classmethod
    def of(cls, role: Role, rights: int) -> Chat:
        """An authentication terminal's. ``rights``: bits 0..37; see :class:`Right`."""
        if rights & ~_AT_RIGHTS:
            raise DecodingError("reserved bits, or the role's, are no rights")
        length = _LENGTHS[codes.OID_ROLE_AT]
        return cls(codes.OID_ROLE_AT, (role << (8 * length - _ROLE_BITS) | rights).to_bytes(length))

    @property
    def role(self) -> Role:
        return Role(self.octets[0] >> 6)

    @property
    def is_authentication_terminal(self) -> bool:
        return self.oid == codes.OID_ROLE_AT

    @property
    def rights(self) -> int:
        """The rights without role and reserved bits."""
        bits = int.from_bytes(self.octets) & ((1 << (8 * len(self.octets) - _ROLE_BITS)) - 1)
        return bits & _AT_RIGHTS if self.is_authentication_terminal else bits

    def to_octets(self) -> bytes:
        """The data object 7F4C."""
        inner = ber_tlv.encode(codes.TAG_OBJECT_IDENTIFIER, self.oid) + ber_tlv.encode(
            codes.TAG_CHAT_BITS, self.octets
        )
        return ber_tlv.encode(codes.TAG_CHAT, inner)

    @classmethod
    def from_octets(cls, octets: bytes) -> Chat:
        """Reads 7F4C { 06, 53 }. Raises :class:`DecodingError`."""
        children = ber_tlv.parse_one(octets, codes.TAG_CHAT).children()
        if [item.tag for item in children] != [codes.TAG_OBJECT_IDENTIFIER, codes.TAG_CHAT_BITS]:
            raise DecodingError("a CHAT is an object identifier and a bit map")
        return cls(children[0].value, children[1].value)


def effective_rights(first: Chat, *others: Chat) -> int:
    """The AND of all: certificates of a chain, and the CHAT given in PACE (TR-03110-3 v2.21, 2.7).

    Types that differ give no right at all.
    """
    if any(other.oid != first.oid for other in others):
        return 0
    rights = first.rights
    for other in others:
        rights &= other.rights
    return rights
