"""Builds the commands of card.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import octet, raw
from mumei_core.iso7816.apdu import CommandAPDU


def select_by_name(*, p2: int, application_identifier: bytes) -> CommandAPDU:
    """SELECT: BY NAME (ISO/IEC 7816-4:2005 7.1.1): the application by its identifier, or by the first octets
    of it.

    ``p2``: 00..03 FCI; 00 first, 01 last, 02 next, 03 previous occurrence; 04..07 FCP, occurrences likewise.
    ``application_identifier``: 1 to 16 octets, or its first octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_SELECT,
        p1=0x04,
        p2=octet("P2", p2, frozenset(range(0x08))),
        data=raw("application identifier", application_identifier, 1, 16),
        le=256,
    )


def select_by_name_without_data(*, p2: int, application_identifier: bytes) -> CommandAPDU:
    """SELECT: BY NAME WITHOUT DATA (ISO/IEC 7816-4:2005 7.1.1): the same, with no answer but the status word.

    ``p2``: 0C..0F no data; occurrences as above.
    ``application_identifier``: 1 to 16 octets, or its first octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_SELECT,
        p1=0x04,
        p2=octet("P2", p2, frozenset({0x0C, 0x0D, 0x0E, 0x0F})),
        data=raw("application identifier", application_identifier, 1, 16),
    )


def select_file(*, p1: int, p2: int, file_identifier: bytes) -> CommandAPDU:
    """SELECT: FILE (ISO/IEC 7816-4:2005 7.1.1): an elementary file by its identifier; it becomes the current
    one.

    ``p1``: 00 by file identifier; 02 an elementary file under the application.
    ``p2``: 00 FCI; 04 FCP.
    ``file_identifier``: 2 octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_SELECT,
        p1=octet("P1", p1, frozenset({0x00, 0x02})),
        p2=octet("P2", p2, frozenset({0x00, 0x04})),
        data=raw("file identifier", file_identifier, 2, 2),
        le=256,
    )


def select_file_without_data(*, p1: int, file_identifier: bytes) -> CommandAPDU:
    """SELECT: FILE WITHOUT DATA (ISO/IEC 7816-4:2005 7.1.1): the same, with no answer but the status word.

    ``p1``: 00 by file identifier; 02 an elementary file under the application.
    ``file_identifier``: 2 octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_SELECT,
        p1=octet("P1", p1, frozenset({0x00, 0x02})),
        p2=0x0C,
        data=raw("file identifier", file_identifier, 2, 2),
    )


def read_binary_by_short_identifier(*, p1: int, offset: int, le: int = 256) -> CommandAPDU:
    """READ BINARY: BY SHORT IDENTIFIER (ISO/IEC 7816-4:2005 7.2.3).

    ``p1``: 80..9F bit 8 set: short file identifier in bits 5-1; 80 is the current file.
    ``offset``: 00..FF offset.
    ``le``: octets of the answer, at most 65,536.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_READ_BINARY,
        p1=octet("P1", p1, frozenset(range(0x80, 0xA0))),
        p2=offset,
        le=le,
    )


def read_binary_at_offset(*, p1: int, p2: int, le: int = 256) -> CommandAPDU:
    """READ BINARY: AT OFFSET (ISO/IEC 7816-4:2005 7.2.3).

    ``p1``: 00..7F bit 8 not set: upper seven bits of the offset.
    ``p2``: 00..FF lower eight bits of the offset.
    ``le``: octets of the answer, at most 65,536.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_READ_BINARY,
        p1=octet("P1", p1, frozenset(range(0x80))),
        p2=p2,
        le=le,
    )


def get_challenge(*, le: int = 256) -> CommandAPDU:
    """GET CHALLENGE (ISO/IEC 7816-4:2005 7.5.3).

    ``le``: octets of the answer, at most 256.
    """
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_CHALLENGE, p1=0x00, p2=0x00, le=le)


def get_data_card_service_data() -> CommandAPDU:
    """GET DATA: CARD SERVICE DATA (ISO/IEC 7816-4:2005 7.4.2)."""
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_DATA, p1=0x00, p2=0x43, le=256)


def get_data_card_capabilities() -> CommandAPDU:
    """GET DATA: CARD CAPABILITIES (ISO/IEC 7816-4:2005 7.4.2)."""
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_DATA, p1=0x00, p2=0x47, le=256)


def get_data_life_cycle_status() -> CommandAPDU:
    """GET DATA: LIFE CYCLE STATUS (ISO/IEC 7816-4:2005 7.4.2)."""
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_DATA, p1=0x00, p2=0x48, le=256)


def get_data_length_information() -> CommandAPDU:
    """GET DATA: LENGTH INFORMATION (ISO/IEC 7816-4:2005 7.4.2)."""
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_DATA, p1=0x7F, p2=0x66, le=65_536)


def get_data_operation_counters() -> CommandAPDU:
    """GET DATA: OPERATION COUNTERS (ISO/IEC 7816-4:2005 7.4.2): what the card has computed and written since
    power-up."""
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_DATA, p1=0x00, p2=0xE7, le=256)


def get_response(*, le: int = 256) -> CommandAPDU:
    """GET RESPONSE (ISO/IEC 7816-4:2005 7.6.1).

    ``le``: octets of the answer, at most 65,536.
    """
    return CommandAPDU(cla=0x00, ins=codes.INS_GET_RESPONSE, p1=0x00, p2=0x00, le=le)
