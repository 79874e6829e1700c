"""Builds the commands of eac.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import primitive, whole
from mumei_core.iso7816.apdu import CommandAPDU


def manage_security_environment_set_at_for_pace(
    *, protocol: bytes, password: bytes, chat: bytes | None = None, domain_parameters: bytes | None = None
) -> CommandAPDU:
    """MANAGE SECURITY ENVIRONMENT: SET AT FOR PACE (BSI TR-03110-3 v2.21 B.14.2, B.14.4).

    ``protocol``: 10 octets.
    ``password``: 1 octet, 01 shop code, 02 CAN, 03 PIN, 04 PUK.
    ``chat``: the whole object 7F4C, when Terminal Authentication is to follow.
    ``domain_parameters``: 1 octet, 0C NIST P-256.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_MANAGE_SECURITY_ENVIRONMENT,
        p1=0xC1,
        p2=0xA4,
        data=b"".join(
            (
                primitive("protocol", 0x80, protocol, 10, 10),
                primitive("password", 0x83, password, 1, 1),
                whole("chat", 0x7F4C, chat),
                primitive("domain parameters", 0x84, domain_parameters, 1, 1),
            )
        ),
    )


def manage_security_environment_set_dst(*, issuer_name: bytes) -> CommandAPDU:
    """MANAGE SECURITY ENVIRONMENT: SET DST (BSI TR-03110-3 v2.21 B.14.2, B.14.4): names the key that signed
    the next certificate.

    ``issuer_name``: 7 to 16 octets.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_MANAGE_SECURITY_ENVIRONMENT,
        p1=0x81,
        p2=0xB6,
        data=primitive("issuer's name", 0x83, issuer_name, 7, 16),
    )


def manage_security_environment_set_at_for_terminal_authentication(
    *, protocol: bytes, terminal_name: bytes, ephemeral_key: bytes, auxiliary_data: bytes | None = None
) -> CommandAPDU:
    """MANAGE SECURITY ENVIRONMENT: SET AT FOR TERMINAL AUTHENTICATION (BSI TR-03110-3 v2.21 B.14.2, B.14.4):
    names the terminal's certificate, and its key in this PACE.

    ``protocol``: 10 octets.
    ``terminal_name``: 7 to 16 octets, holder's name in its certificate.
    ``auxiliary_data``: the whole object 67.
    ``ephemeral_key``: 32 octets, x of its PACE key.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_MANAGE_SECURITY_ENVIRONMENT,
        p1=0x81,
        p2=0xA4,
        data=b"".join(
            (
                primitive("protocol", 0x80, protocol, 10, 10),
                primitive("terminal's name", 0x83, terminal_name, 7, 16),
                whole("auxiliary data", 0x67, auxiliary_data),
                primitive("ephemeral key", 0x91, ephemeral_key, 32, 32),
            )
        ),
    )


def general_authenticate(*, dynamic_authentication_data: bytes) -> CommandAPDU:
    """GENERAL AUTHENTICATE (BSI TR-03110-3 v2.21 B.14.1): four times: for the nonce, the mapping keys, the
    ephemeral keys, the tokens; class 10 but for the last.

    ``dynamic_authentication_data``: the whole object 7C, empty, or one of.
    """
    return CommandAPDU(
        cla=0x00,
        ins=codes.INS_GENERAL_AUTHENTICATE,
        p1=0x00,
        p2=0x00,
        data=whole("dynamic authentication data", 0x7C, dynamic_authentication_data),
        le=256,
    )
