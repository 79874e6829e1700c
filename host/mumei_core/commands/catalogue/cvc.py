"""The commands of apdu_specs/cvc.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from typing import Final

from mumei_core.commands.specification import (
    CommandSpec,
    DataObject,
    Example,
    Field,
    Part,
    Presence,
    StatusWord,
    Variant,
)

COMMANDS: Final[tuple[CommandSpec, ...]] = (
    CommandSpec(
        name="PERFORM SECURITY OPERATION",
        group="cvc",
        cla=0x00,
        ins=0x2A,
        clause="TR-03110-3 v2.21 B.3, PSO: Verify Certificate",
        effect=(
            "a link certificate adds a trust point, any other certificate gives a temporary key; both may "
            "move the card's date forward; date and trust points change in one commit; a refused certificate "
            "changes nothing"
        ),
        variants=(
            Variant(
                name="VERIFY CERTIFICATE",
                p1=frozenset({0x00}),
                p2=frozenset({0xBE}),
                p1_about=(("00", ""),),
                p2_about=(("BE", "self-descriptive certificate"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=81,
                    longest=3814,
                    objects=(
                        DataObject(
                            tag=0x7F4E,
                            name="certificate body",
                            shortest=73,
                            longest=3673,
                            children=(
                                DataObject(tag=0x5F29, name="certificate profile", shortest=1, longest=1),
                                DataObject(tag=0x42, name="issuer's name", shortest=7, longest=16),
                                DataObject(tag=0x7F49, name="public key", shortest=12, longest=512),
                                DataObject(tag=0x5F20, name="holder's name", shortest=7, longest=16),
                                DataObject(
                                    tag=0x7F4C,
                                    name="chat",
                                    shortest=14,
                                    longest=18,
                                    children=(
                                        DataObject(tag=0x06, name="terminal type", shortest=9, longest=9),
                                        DataObject(tag=0x53, name="role and rights", shortest=1, longest=5),
                                    ),
                                ),
                                DataObject(tag=0x5F25, name="valid from", shortest=6, longest=6),
                                DataObject(tag=0x5F24, name="valid to", shortest=6, longest=6),
                                DataObject(
                                    tag=0x65,
                                    name="certificate extensions",
                                    shortest=2,
                                    longest=3072,
                                    optional=True,
                                ),
                            ),
                        ),
                        DataObject(tag=0x5F37, name="signature", shortest=2, longest=132),
                    ),
                    about="a CV certificate without its outer 7F21",
                ),
                states=("ISSUER_KEY_SET",),
                rights="CHANNEL_WITH_CHAT",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="accepted"),
            StatusWord(value=0x6700, when="no data"),
            StatusWord(
                value=0x6982,
                when="not inside PACE, PACE without CHAT, or the session has its terminal",
            ),
            StatusWord(
                value=0x6984,
                when="the certificate, or its trust point, is expired on the card's date",
            ),
            StatusWord(value=0x6985, when="no key was set"),
            StatusWord(
                value=0x6A80,
                when=(
                    "malformed, wrong signature, a role or type that its issuer may not certify, another "
                    "curve or hash"
                ),
            ),
            StatusWord(value=0x6A86, when="P1-P2 not 00BE"),
            StatusWord(value=0x6A88, when="the issuer's key is not known"),
            StatusWord(value=0x6A89, when="the certificate names its holder as a trust point is named"),
            StatusWord(value=0x6D00, when="development profile"),
        ),
        examples=(
            Example(
                about="outside PACE; without data; with another P2",
                given="standard",
                steps=(
                    (bytes.fromhex("002A00BE037F4E00"), "6982"),
                    (bytes.fromhex("002A00BE"), "6700"),
                    (bytes.fromhex("002A00AE037F4E00"), "6A86"),
                ),
            ),
            Example(
                about="not in the development profile",
                given="pin",
                steps=((bytes.fromhex("002A00BE037F4E00"), "6D00"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="EXTERNAL AUTHENTICATE",
        group="cvc",
        cla=0x00,
        ins=0x82,
        clause="TR-03110-3 v2.21 B.3",
        effect=(
            "the challenge serves one attempt; after success the session has the terminal's effective rights "
            "until the channel ends"
        ),
        variants=(
            Variant(
                name="SIGNATURE",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=255,
                    parts=(
                        Part(
                            name="signature",
                            shortest=1,
                            longest=255,
                            about=(
                                "r || s, 64 octets, over the card's key, its challenge, the terminal's key, "
                                "and the auxiliary data; one of another length is a wrong one"
                            ),
                        ),
                    ),
                ),
                states=("TERMINAL_KEY_SET", "CHALLENGE_GIVEN"),
                rights="CHANNEL_WITH_CHAT",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="the terminal has shown itself"),
            StatusWord(value=0x6300, when="wrong signature; the channel stays"),
            StatusWord(value=0x6700, when="no signature"),
            StatusWord(
                value=0x6982,
                when=(
                    "not inside PACE, the session has its terminal, or a terminal that this password does not "
                    "admit"
                ),
            ),
            StatusWord(value=0x6985, when="no key set, no challenge, or a terminal type other than PACE's"),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
            StatusWord(value=0x6D00, when="development profile"),
        ),
        examples=(
            Example(
                about="outside PACE; without a signature; another P2",
                given="standard",
                steps=(
                    (
                        bytes.fromhex(
                            "00820000400000000000000000000000000000000000000000000000000000000000000000000000"
                            "0000000000000000000000000000000000000000000000000000000000"
                        ),
                        "6982",
                    ),
                    (bytes.fromhex("00820000"), "6700"),
                    (bytes.fromhex("008200010100"), "6A86"),
                ),
            ),
            Example(
                about="not in the development profile",
                given="pin",
                steps=((bytes.fromhex("008200000100"), "6D00"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
)
