"""The request in the data of PREPARE and PRESENT; an epoch statement may stand behind it (mumei protocol 2.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU

ASKING: Final = frozenset({codes.INS_PREPARE, codes.INS_PRESENT})
"""Commands that carry one."""
_OF_PREPARED = 0x01


def request_in(data: bytes) -> Request:
    """Raises DecodingError where there is none, as in a PRESENT that answers a prepared request."""
    items = ber_tlv.parse(data)
    if not items or items[0].tag != codes.TAG_REQUEST:
        raise DecodingError("no request")
    return Request.from_octets(items[0].to_bytes())


def begins_plainly(data: bytes) -> bool:
    """Whether the first pieces of a chain already show that no transaction hash is in it.

    True where the whole request is there and signs nothing, and for what holds no request at all.
    """
    if data[:1] != bytes((codes.TAG_REQUEST,)):
        return bool(data)
    # DER: one octet, or 81 or 82 and one or two more; a request is never longer.
    more = max(data[1] - 0x80, 0) if len(data) > 1 else 0
    length = int.from_bytes(data[2 : 2 + more]) if more else int.from_bytes(data[1:2])
    head = 2 + more
    try:
        return Request.from_octets(data[: head + length]).transaction is None
    except DecodingError:
        return False


def answers_prepared(command: CommandAPDU) -> bool:
    """Whether this PRESENT brings the point of a slot that PREPARE has named."""
    return command.ins == codes.INS_PRESENT and command.p2 == _OF_PREPARED


def rebound(command: CommandAPDU, binding: bytes) -> CommandAPDU:
    """The same command, its request bound to another channel; as it is where it holds no request."""
    try:
        request = request_in(command.data)
        others = ber_tlv.parse(command.data)[1:]
    except DecodingError:
        return command
    whole = replace(request, channel_binding=binding).to_octets()
    return replace(command, data=whole + b"".join(item.to_bytes() for item in others))
