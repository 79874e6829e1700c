"""Builds the commands of pin.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import raw
from mumei_core.iso7816.apdu import CommandAPDU


def verify_pin(*, pin: bytes = b"") -> CommandAPDU:
    """VERIFY: PIN (ISO/IEC 7816-4:2005 7.5.6): with data compares, without says how things stand.

    ``pin``: 6 octets, digits in ASCII, secret.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_VERIFY,
        p1=0x00,
        p2=0x03,
        data=raw("PIN", pin, 6, 6, optional=True),
    )


def verify_puk_tries() -> CommandAPDU:
    """VERIFY: PUK TRIES (ISO/IEC 7816-4:2005 7.5.6): says how many tries the PUK has."""
    return CommandAPDU(cla=0x00, ins=codes.INS_VERIFY, p1=0x00, p2=0x04)


def change_reference_data(*, old_pin: bytes, new_pin: bytes) -> CommandAPDU:
    """CHANGE REFERENCE DATA (ISO/IEC 7816-4:2005 7.5.7).

    ``old_pin``: 5 to 6 octets, five digits in ASCII from the transport PIN, else six, secret.
    ``new_pin``: 6 octets, six digits in ASCII, secret.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_CHANGE_REFERENCE_DATA,
        p1=0x00,
        p2=0x03,
        data=raw("old PIN", old_pin, 5, 6) + raw("new PIN", new_pin, 6, 6),
    )


def reset_retry_counter_with_puk(*, puk: bytes, new_pin: bytes) -> CommandAPDU:
    """RESET RETRY COUNTER: WITH PUK (ISO/IEC 7816-4:2005 7.5.10; BSI TR-03110-3 v2.21 B.14.9).

    ``puk``: 8 octets, digits in ASCII, secret.
    ``new_pin``: 6 octets, digits in ASCII, secret.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_RESET_RETRY_COUNTER,
        p1=0x00,
        p2=0x03,
        data=raw("PUK", puk, 8, 8) + raw("new PIN", new_pin, 6, 6),
    )


def reset_retry_counter_change(*, new_pin: bytes) -> CommandAPDU:
    """RESET RETRY COUNTER: CHANGE (ISO/IEC 7816-4:2005 7.5.10; BSI TR-03110-3 v2.21 B.14.9).

    ``new_pin``: 6 octets, digits in ASCII, secret.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_RESET_RETRY_COUNTER,
        p1=0x02,
        p2=0x03,
        data=raw("new PIN", new_pin, 6, 6),
    )


def reset_retry_counter_unblock() -> CommandAPDU:
    """RESET RETRY COUNTER: UNBLOCK (ISO/IEC 7816-4:2005 7.5.10; BSI TR-03110-3 v2.21 B.14.9)."""
    return CommandAPDU(cla=0x00, ins=codes.INS_RESET_RETRY_COUNTER, p1=0x03, p2=0x03)
