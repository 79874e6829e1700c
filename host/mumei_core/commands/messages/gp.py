"""Builds the commands of gp.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.commands.building import octet, primitive, raw
from mumei_core.iso7816.apdu import CommandAPDU


def initialize_update(*, key_version_number: int, host_challenge: bytes) -> CommandAPDU:
    """INITIALIZE UPDATE (GlobalPlatform Amendment D v1.1.2, 7.1.1).

    ``key_version_number``: 00 the card's own keys; 01..FF key version number.
    ``host_challenge``: 8 to 16 octets, 8 octets (S8) or 16 (S16).
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_INITIALIZE_UPDATE,
        p1=key_version_number,
        p2=0x00,
        data=raw("host challenge", host_challenge, 8, 16),
        le=256,
    )


def scp03_external_authenticate(*, security_level: int, host_cryptogram_and_c_mac: bytes) -> CommandAPDU:
    """SCP03 EXTERNAL AUTHENTICATE (GlobalPlatform Amendment D v1.1.2, 7.1.2).

    ``security_level``: 00 no protection; 01 C-MAC; 03 C-MAC and C-ENC; 11 C-MAC and R-MAC; 13 C-MAC, C-ENC
    and R-MAC; 33 C-MAC, C-ENC, R-MAC and R-ENC.
    ``host_cryptogram_and_c_mac``: 16 to 32 octets, half each: 8 octets in S8, 16 in S16.
    """
    return CommandAPDU(
        cla=0x84,
        ins=codes.INS_SCP03_EXTERNAL_AUTHENTICATE,
        p1=octet("security level", security_level, frozenset({0x00, 0x01, 0x03, 0x11, 0x13, 0x33})),
        p2=0x00,
        data=raw("host cryptogram and C-MAC", host_cryptogram_and_c_mac, 16, 32),
    )


def put_key(*, key_version_number: int, new_key_version_number: bytes, keys: bytes) -> CommandAPDU:
    """PUT KEY (GlobalPlatform Card Specification 2.3 11.8, with Amendment D v1.1.2, 7.2).

    ``key_version_number``: 00..FF the present key version number.
    ``new_key_version_number``: 1 octet, 01..7F.
    ``keys``: 0 to 254 octets, three times 88, length, key length, AES-CBC(K_DEK, key), 03, check value 3; 69
    octets with AES-128, 117 else; anything else is malformed, secret.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_PUT_KEY,
        p1=key_version_number,
        p2=0x81,
        data=raw("new key version number", new_key_version_number, 1, 1) + raw("keys", keys, 0, 254),
        le=256,
    )


def get_status() -> CommandAPDU:
    """GET STATUS (GlobalPlatform Card Specification 2.3 11.4)."""
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_GET_STATUS,
        p1=0x80,
        p2=0x02,
        data=primitive("any application", 0x4F, b"", 0, 0),
        le=256,
    )


def set_status(*, state: int) -> CommandAPDU:
    """SET STATUS (GlobalPlatform Card Specification 2.3 11.10).

    ``state``: 01 OP_READY, to which no step leads; 07 INITIALIZED; 0F SECURED; 7F LOCKED; FF TERMINATED.
    """
    return CommandAPDU(
        cla=0x80,
        ins=codes.INS_SET_STATUS,
        p1=0x80,
        p2=octet("state", state, frozenset({0x01, 0x07, 0x0F, 0x7F, 0xFF})),
    )
