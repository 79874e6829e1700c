"""The commands of PACE and what is in them (TR-03110-3 v2.21, B.1, B.14.1 and B.14.2; ICAO Doc 9303-11, 8th ed.,
4.4.4): one place that both sides build and read them with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.messages import eac as messages
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.iso7816.ber_tlv import Tlv, encode, parse, parse_one
from mumei_core.iso7816.chaining import CHAINING_BIT

_SET_AT_TAGS: Final = (
    codes.TAG_MECHANISM,
    codes.TAG_KEY_REFERENCE,
    codes.TAG_CHAT,
    codes.TAG_DOMAIN_PARAMETERS,
)


class Password(IntEnum):
    """The password of a PACE, as DO 83 names it (B.14.2)."""

    SHOP_CODE = codes.PASSWORD_SHOP_CODE
    CAN = codes.PASSWORD_CAN
    PIN = codes.PASSWORD_PIN
    PUK = codes.PASSWORD_PUK


class UnknownPassword(DecodingError):  # noqa: N818 - a finding, not a fault
    """DO 83 names a password that the card has not: 6A 88."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAt:
    """MSE:Set AT for PACE. ``chat``: the whole object 7F4C, or None. ``parameter_id``: DO 84, or None."""

    algorithm: PaceAlgorithm
    password: Password
    chat: bytes | None = None
    parameter_id: int | None = None

    def to_command(self) -> CommandAPDU:
        return messages.manage_security_environment_set_at_for_pace(
            protocol=self.algorithm.value,
            password=bytes((self.password,)),
            chat=self.chat,
            domain_parameters=None if self.parameter_id is None else bytes((self.parameter_id,)),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> SetAt:
        """Reads the data field; objects may come in any order, each once (B.14).

        Raises :class:`UnknownPassword`; :class:`DecodingError` for everything else that is wrong.
        """
        found = _each_once(parse(octets), _SET_AT_TAGS)
        missing = {codes.TAG_MECHANISM, codes.TAG_KEY_REFERENCE} - found.keys()
        if missing:
            raise DecodingError("MSE:Set AT names no protocol or no password")
        algorithm = PaceAlgorithm.from_oid(found[codes.TAG_MECHANISM].value)
        parameters = found.get(codes.TAG_DOMAIN_PARAMETERS)
        if parameters is not None and len(parameters.value) != 1:
            raise DecodingError("DO 84 is not one octet")
        chat = found.get(codes.TAG_CHAT)
        reference = found[codes.TAG_KEY_REFERENCE].value
        if len(reference) != 1 or reference[0] not in set(Password):
            raise UnknownPassword("no such password")
        return cls(
            algorithm=algorithm,
            password=Password(reference[0]),
            chat=chat.to_bytes() if chat else None,
            parameter_id=parameters.value[0] if parameters else None,
        )


def general_authenticate(tag: int | None, value: bytes = b"", *, last: bool = False) -> CommandAPDU:
    """One GENERAL AUTHENTICATE: ``7C{tag value}``, or an empty 7C; class 10 but for the last (B.13)."""
    inner = b"" if tag is None else encode(tag, value)
    command = messages.general_authenticate(
        dynamic_authentication_data=encode(codes.TAG_DYNAMIC_AUTHENTICATION, inner)
    )
    return command if last else replace(command, cla=command.cla | CHAINING_BIT)


def dynamic_data(
    octets: bytes, *, required: tuple[int, ...], optional: tuple[int, ...] = ()
) -> dict[int, bytes]:
    """Tag to value of the objects inside one 7C. Raises :class:`DecodingError` for any but the named ones."""
    objects = parse_one(octets, codes.TAG_DYNAMIC_AUTHENTICATION).children()
    found = _each_once(objects, required + optional)
    if set(required) - found.keys():
        raise DecodingError("the dynamic authentication data lack an object")
    return {tag: item.value for tag, item in found.items()}


def only_object(octets: bytes, tag: int) -> bytes:
    """Value of the one object inside one 7C. Raises :class:`DecodingError` for any other contents."""
    return dynamic_data(octets, required=(tag,))[tag]


def _each_once(objects: tuple[Tlv, ...], known: tuple[int, ...]) -> Mapping[int, Tlv]:
    found = {item.tag: item for item in objects}
    if len(found) != len(objects) or found.keys() - set(known):
        raise DecodingError("a data object is unknown here, or is there twice")
    return found
