"""Builds the commands of identity.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import octet, raw, whole
from mumei_core.iso7816.apdu import CommandAPDU


def enrol(*, enrolment: bytes) -> CommandAPDU:
    """ENROL (project 2.2).

    ``enrolment``: the whole object E3.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_ENROL,
        p1=0x00,
        p2=0x00,
        data=whole("enrolment", 0xE3, enrolment),
        le=65_536,
    )


def store_credential(*, credential: bytes) -> CommandAPDU:
    """STORE CREDENTIAL (project 2.2).

    ``credential``: the whole object E4, secret.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_STORE_CREDENTIAL,
        p1=0x00,
        p2=0x00,
        data=whole("credential", 0xE4, credential),
        le=256,
    )


def present_request(*, request: bytes, statement: bytes | None = None) -> CommandAPDU:
    """PRESENT: REQUEST (project 2.3, 2.5).

    ``request``: the whole object E1.
    ``statement``: the whole object 30, of authority and auditor about an epoch's slots; where a token to
    recognise by is asked, about its point.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_PRESENT,
        p1=0x00,
        p2=0x00,
        data=whole("request", 0xE1, request) + whole("statement", 0x30, statement),
        le=65_536,
    )


def present_prepared(*, slot: bytes) -> CommandAPDU:
    """PRESENT: PREPARED (project 2.3, 2.5): answers the request that PREPARE has accepted.

    ``slot``: the whole object ED.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_PRESENT,
        p1=0x00,
        p2=0x01,
        data=whole("slot", 0xED, slot),
        le=65_536,
    )


def prepare(*, request: bytes, statement: bytes) -> CommandAPDU:
    """PREPARE (project 2.5): a request with a token under a slot; all that PRESENT would check is checked
    here.

    ``request``: the whole object E1.
    ``statement``: the whole object 30, of authority and auditor about an epoch's slots.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_PREPARE,
        p1=0x00,
        p2=0x00,
        data=whole("request", 0xE1, request) + whole("statement", 0x30, statement),
        le=256,
    )


def log(*, entry: int) -> CommandAPDU:
    """LOG (project 2.6).

    ``entry``: 00..1F which entry: 00 the newest, 01 the one before.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_LOG,
        p1=0x00,
        p2=octet("entry", entry, frozenset(range(0x20))),
        le=256,
    )


def settings(*, settings: bytes | None = None) -> CommandAPDU:
    """SETTINGS (project 2.6): without data reads; with data sets both.

    ``settings``: the whole object E7.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_SETTINGS,
        p1=0x00,
        p2=0x00,
        data=whole("settings", 0xE7, settings),
        le=256,
    )


def describe_terminal(*, terminal: bytes) -> CommandAPDU:
    """DESCRIBE TERMINAL (project 2.6, development profile only).

    ``terminal``: the whole object E2.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_DESCRIBE_TERMINAL,
        p1=0x00,
        p2=0x00,
        data=whole("terminal", 0xE2, terminal),
    )


def store_data_more_blocks(*, block_number: int, block: bytes) -> CommandAPDU:
    """STORE DATA: MORE BLOCKS (GlobalPlatform Card Specification 2.3, 11.11).

    ``block_number``: 00..FF block number; 00 begins anew.
    ``block``: 1 to 4,087 octets.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_STORE_DATA,
        p1=0x00,
        p2=block_number,
        data=raw("block", block, 1, 4087),
    )


def store_data_last_block(*, block_number: int, block: bytes) -> CommandAPDU:
    """STORE DATA: LAST BLOCK (GlobalPlatform Card Specification 2.3, 11.11).

    ``block_number``: 00..FF block number; 00 begins anew.
    ``block``: 1 to 4,087 octets.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_STORE_DATA,
        p1=0x80,
        p2=block_number,
        data=raw("block", block, 1, 4087),
    )
