"""Builds the commands of cvc.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import primitive, raw, whole
from mumei_core.iso7816.apdu import CommandAPDU


def perform_security_operation(*, certificate_body: bytes, signature: bytes) -> CommandAPDU:
    """PERFORM SECURITY OPERATION (TR-03110-3 v2.21 B.3, PSO: Verify Certificate).

    ``certificate_body``: the whole object 7F4E.
    ``signature``: 2 to 132 octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_PERFORM_SECURITY_OPERATION,
        p1=0x00,
        p2=0xBE,
        data=b"".join(
            (
                whole("certificate body", 0x7F4E, certificate_body),
                primitive("signature", 0x5F37, signature, 2, 132),
            )
        ),
    )


def external_authenticate(*, signature: bytes) -> CommandAPDU:
    """EXTERNAL AUTHENTICATE (TR-03110-3 v2.21 B.3).

    ``signature``: 1 to 255 octets, r || s, 64 octets, over the card's key, its challenge, the terminal's key,
    and the auxiliary data; one of another length is a wrong one.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_EXTERNAL_AUTHENTICATE,
        p1=0x00,
        p2=0x00,
        data=raw("signature", signature, 1, 255),
    )
