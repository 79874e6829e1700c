"""All commands by class and instruction, and the words of their specs. Written by tools/gen_commands.py."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mumei_core.commands.catalogue import card, cvc, eac, gp, identity, pin
from mumei_core.commands.specification import CommandSpec, StatusWord

COMMANDS: Final[Mapping[tuple[int, int], CommandSpec]] = MappingProxyType(
    {
        (spec.cla, spec.ins): spec
        for spec in (
            *card.COMMANDS,
            *cvc.COMMANDS,
            *eac.COMMANDS,
            *gp.COMMANDS,
            *identity.COMMANDS,
            *pin.COMMANDS,
        )
    }
)

RESERVED: Final[Mapping[tuple[int, int], str]] = MappingProxyType({(0x80, 0x3C): "LINK"})
"""Instructions that later versions take."""

LAYER_STATUS_WORDS: Final[tuple[StatusWord, ...]] = (
    StatusWord(value=0x6E00, when="a class that the card does not know", clause="ISO/IEC 7816-4:2005 5.1.1"),
    StatusWord(
        value=0x6881,
        when="a logical channel other than the basic one",
        clause="ISO/IEC 7816-4:2005 5.1.1.2",
    ),
    StatusWord(
        value=0x6882,
        when="class bits of a secure messaging that is not there",
        clause="ISO/IEC 7816-4:2005 5.1.1",
    ),
    StatusWord(
        value=0x6883,
        when=(
            "a chain of commands, or of PACE's steps, was broken off by another command, which is not "
            "executed"
        ),
        clause="ISO/IEC 7816-4:2005 5.1.1.1",
    ),
    StatusWord(
        value=0x6884,
        when="a part of a chain, and the command takes no data",
        clause="ISO/IEC 7816-4:2005 5.1.1.1",
    ),
    StatusWord(
        value=0x6700,
        when="no command APDU, a longer one than the card takes, or a chain of more octets than that",
        clause="ISO/IEC 7816-4:2005 5.1",
    ),
    StatusWord(
        value=0x6987,
        when="inside a channel: an object of secure messaging is missing; the channel is over",
        clause="ISO/IEC 7816-4:2005 6; BSI TR-03110-3 v2.21 F.3",
    ),
    StatusWord(
        value=0x6988,
        when="inside a channel: an object of secure messaging is wrong; the channel is over",
        clause="ISO/IEC 7816-4:2005 6; BSI TR-03110-3 v2.21 F.3",
    ),
    StatusWord(
        value=0x6982,
        when="class bits of SCP03 without a channel of SCP03, or with a wrong C-MAC, which ends it",
        clause="GlobalPlatform Amendment D v1.1.2 6.2.4",
    ),
    StatusWord(
        value=0x6985,
        when="not in this state of the card's life cycle",
        clause="GlobalPlatform Card Specification 2.3, 5.1",
    ),
    StatusWord(
        value=0x6D00,
        when="an instruction that the card does not know, or not in this profile",
        clause="ISO/IEC 7816-4:2005 5.1.3",
    ),
    StatusWord(
        value=0x6581,
        when="memory could not be read or written; nothing changed",
        clause="ISO/IEC 7816-4:2005 5.1.3",
    ),
)
"""What any command may be answered by the layers below its handler."""

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CURRENT_FILE": "an elementary file was selected, or read by its short identifier",
        "RESPONSE_WAITS": "the answer before was longer than its Le",
        "PACE_POSSIBLE": (
            "no channel is open; or one of the CAN without terminal, and the password is PIN or PUK"
        ),
        "PACE_BEGUN": "MSE: Set AT for PACE was accepted, and no step has failed since",
        "ISSUER_KEY_SET": "MSE: Set DST has named the key that signed the certificate",
        "TERMINAL_KEY_SET": "MSE: Set AT has named the terminal's key, after its certificate",
        "CHALLENGE_GIVEN": "the last challenge was one of eight octets, and serves once",
        "PIN_CHANGED": "the holder has replaced the transport PIN",
        "SECURITY_DOMAIN": (
            "the card has a security domain, and it exists for this terminal: before the card is issued for "
            "everyone, later for terminals with the personalisation right"
        ),
        "CHALLENGES_EXCHANGED": "INITIALIZE UPDATE was the command before",
        "PARAMETERS_PINNED": "STORE DATA has brought the issuer's parameters",
        "NOT_PINNED": (
            "this object was not stored before: parameters and trust points are pinned once in a card's life; "
            "statements may follow one another"
        ),
        "NO_CREDENTIAL": "the card has no credential yet, or the terminal may renew it",
        "ENROLLED": "ENROL was answered, and the card has no other credential, or the terminal may renew it",
        "CREDENTIAL_STORED": "the card has its credential",
        "NOT_PRESENTED": "this session has had no presentation",
        "PREPARED": "PREPARE was answered in this session, and PRESENT has not answered since",
        "NO_TERMINAL": "this session has no terminal yet",
    }
)

RIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ANYONE": "anyone",
        "CHANNEL_WITH_CHAT": (
            "inside a channel of PACE that carried a CHAT, opened with anything but a transport PIN, and that "
            "has no terminal yet"
        ),
        "PIN_CHANNEL": (
            "inside a channel that was opened with the PIN, or transport PIN, and has no terminal"
        ),
        "PUK_CHANNEL": "inside a channel that was opened with the PUK, and has no terminal",
        "TERMINAL": (
            "a terminal that Terminal Authentication has let in; development: anyone, what the terminal may "
            "ask stands in its description"
        ),
        "HOLDER": "the holder: PIN verified, in a session in which no terminal has shown its rights",
        "SCP03_MAC": "inside SCP03 with C-MAC",
        "SCP03_MAC_ENC": "inside SCP03 with C-MAC and C-ENC",
        "ISSUING": (
            "inside SCP03 with C-MAC and C-ENC; or an official terminal with the renewal right, PIN verified; "
            "development: anyone, and on a card with a credential a terminal that names the context "
            "mumei:renewal, PIN verified"
        ),
    }
)

GIVEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pin": "a card of the development profile whose holder has set the PIN 123456; PUK 12345678",
        "transport": "a card of the development profile as delivered: transport PIN 12345, PUK 12345678",
        "maker": (
            "a card of the standard profile with a security domain, as its maker leaves it, with the keys of "
            "the published SCP03 transcripts"
        ),
        "standard": "a card of the standard profile: PIN and CAN 123456, shop code 00",
    }
)


def find(cla: int, ins: int) -> CommandSpec | None:
    """The command of a class octet with whatever transport bits: chaining, secure messaging, channel."""
    for known in (cla, cla & ~0x10, cla & 0xE0):
        spec = COMMANDS.get((known, ins))
        if spec is not None:
            return spec
    return None
