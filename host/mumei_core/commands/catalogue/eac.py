"""The commands of apdu_specs/eac.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from typing import Final

from mumei_core.commands.specification import (
    CommandSpec,
    DataObject,
    Example,
    Field,
    Presence,
    StatusWord,
    Variant,
)

COMMANDS: Final[tuple[CommandSpec, ...]] = (
    CommandSpec(
        name="MANAGE SECURITY ENVIRONMENT",
        group="eac",
        cla=0x00,
        ins=0x22,
        clause="BSI TR-03110-3 v2.21 B.14.2, B.14.4",
        effect="begins PACE anew, or sets the key for what follows",
        variants=(
            Variant(
                name="SET AT FOR PACE",
                p1=frozenset({0xC1}),
                p2=frozenset({0xA4}),
                p1_about=(("C1", "mutual authentication"),),
                p2_about=(("A4", "Set AT"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=15,
                    longest=39,
                    objects=(
                        DataObject(tag=0x80, name="protocol", shortest=10, longest=10),
                        DataObject(
                            tag=0x83,
                            name="password",
                            shortest=1,
                            longest=1,
                            about="01 shop code, 02 CAN, 03 PIN, 04 PUK",
                        ),
                        DataObject(
                            tag=0x7F4C,
                            name="chat",
                            shortest=14,
                            longest=18,
                            optional=True,
                            children=(
                                DataObject(tag=0x06, name="terminal type", shortest=9, longest=9),
                                DataObject(tag=0x53, name="role and rights", shortest=1, longest=5),
                            ),
                            about="when Terminal Authentication is to follow",
                        ),
                        DataObject(
                            tag=0x84,
                            name="domain parameters",
                            shortest=1,
                            longest=1,
                            optional=True,
                            about="0C NIST P-256",
                        ),
                    ),
                    ordered=False,
                ),
                states=("PACE_POSSIBLE",),
                profiles=("standard",),
                layer="PACE",
            ),
            Variant(
                name="SET DST",
                p1=frozenset({0x81}),
                p2=frozenset({0xB6}),
                p1_about=(("81", "external authentication"),),
                p2_about=(("B6", "Set DST"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=9,
                    longest=18,
                    objects=(DataObject(tag=0x83, name="issuer's name", shortest=7, longest=16),),
                ),
                rights="CHANNEL_WITH_CHAT",
                profiles=("standard",),
                about="names the key that signed the next certificate",
            ),
            Variant(
                name="SET AT FOR TERMINAL AUTHENTICATION",
                p1=frozenset({0x81}),
                p2=frozenset({0xA4}),
                p1_about=(("81", "external authentication"),),
                p2_about=(("A4", "Set AT"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=55,
                    longest=1092,
                    objects=(
                        DataObject(tag=0x80, name="protocol", shortest=10, longest=10),
                        DataObject(
                            tag=0x83,
                            name="terminal's name",
                            shortest=7,
                            longest=16,
                            about="holder's name in its certificate",
                        ),
                        DataObject(tag=0x67, name="auxiliary data", shortest=2, longest=1024, optional=True),
                        DataObject(
                            tag=0x91,
                            name="ephemeral key",
                            shortest=32,
                            longest=32,
                            about="x of its PACE key",
                        ),
                    ),
                    ordered=False,
                ),
                rights="CHANNEL_WITH_CHAT",
                profiles=("standard",),
                about="names the terminal's certificate, and its key in this PACE",
            ),
        ),
        status_words=(
            StatusWord(
                value=0x9000,
                when="set; outside a CAN channel always for a password that the card has",
            ),
            StatusWord(
                value=0x63C0,
                mask=0xFFF0,
                when=(
                    "set, and X tries are left of fewer than all: 1 suspended, 0 blocked; inside a CAN "
                    "channel only"
                ),
            ),
            StatusWord(value=0x6700, when="no data field"),
            StatusWord(
                value=0x6982,
                when="P1 81 outside a channel with CHAT, or in one that has its terminal",
            ),
            StatusWord(
                value=0x6985,
                when=(
                    "PACE inside a channel, unless it is one of the CAN and the password is PIN or PUK; or "
                    "the terminal's key without its certificate"
                ),
            ),
            StatusWord(value=0x6A80, when="malformed, or protocol, CHAT or domain parameters not supported"),
            StatusWord(value=0x6A86, when="another P1-P2"),
            StatusWord(value=0x6A88, when="no such password or public key"),
            StatusWord(value=0x6D00, when="development profile"),
        ),
        examples=(
            Example(
                about="PACE with the CAN, no Terminal Authentication to follow",
                given="standard",
                steps=((bytes.fromhex("0022C1A40F800A04007F00070202040202830102"), "9000"),),
            ),
            Example(
                about="with a CHAT, domain parameters named, objects in another order",
                given="standard",
                steps=(
                    (
                        bytes.fromhex(
                            "0022C1A42784010C8301037F4C12060904007F00070301020253050000000010800A04007F000702"
                            "02040202"
                        ),
                        "9000",
                    ),
                ),
            ),
            Example(
                about="a password that no card has",
                given="standard",
                steps=((bytes.fromhex("0022C1A40F800A04007F00070202040202830105"), "6A88"),),
            ),
            Example(
                about="another protocol, as PACE with integrated mapping",
                given="standard",
                steps=((bytes.fromhex("0022C1A40F800A04007F00070202040402830102"), "6A80"),),
            ),
            Example(
                about=(
                    "for Terminal Authentication outside a channel: the issuer's name, then the terminal's"
                ),
                given="standard",
                steps=(
                    (bytes.fromhex("002281B60D830B4A50435643413030303031"), "6982"),
                    (
                        bytes.fromhex(
                            "002281A43B800A04007F00070202020203830B4A5053485030303030313191200000000000000000"
                            "000000000000000000000000000000000000000000000000"
                        ),
                        "6982",
                    ),
                ),
            ),
            Example(
                about="without data; another P2",
                given="standard",
                steps=(
                    (bytes.fromhex("0022C1A4"), "6700"),
                    (bytes.fromhex("0022C1B60F800A04007F00070202040202830102"), "6A86"),
                ),
            ),
            Example(
                about="not in the development profile",
                given="pin",
                steps=((bytes.fromhex("0022C1A40F800A04007F00070202040202830102"), "6D00"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="GENERAL AUTHENTICATE",
        group="eac",
        cla=0x00,
        ins=0x86,
        clause="BSI TR-03110-3 v2.21 B.14.1",
        effect=(
            "the last one counts a try before it compares; right: the channel begins with the next command"
        ),
        variants=(
            Variant(
                name="PACE",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=2,
                    longest=147,
                    objects=(
                        DataObject(
                            tag=0x7C,
                            name="dynamic authentication data",
                            shortest=0,
                            longest=144,
                            children=(
                                DataObject(
                                    tag=0x81,
                                    name="terminal's mapping key",
                                    shortest=65,
                                    longest=65,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="terminal's ephemeral key",
                                    shortest=65,
                                    longest=65,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="terminal's token",
                                    shortest=8,
                                    longest=8,
                                    optional=True,
                                ),
                            ),
                            about="empty, or one of",
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=2,
                    longest=201,
                    objects=(
                        DataObject(
                            tag=0x7C,
                            name="dynamic authentication data",
                            shortest=0,
                            longest=198,
                            children=(
                                DataObject(
                                    tag=0x80,
                                    name="encrypted nonce",
                                    shortest=16,
                                    longest=16,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="card's mapping key",
                                    shortest=65,
                                    longest=65,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="card's ephemeral key",
                                    shortest=65,
                                    longest=65,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="card's token",
                                    shortest=8,
                                    longest=8,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="trust point",
                                    shortest=7,
                                    longest=16,
                                    optional=True,
                                    about="most recent one, beside the token, when a CHAT was given",
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="trust point before",
                                    shortest=7,
                                    longest=16,
                                    optional=True,
                                ),
                            ),
                        ),
                    ),
                ),
                states=("PACE_BEGUN",),
                profiles=("standard",),
                layer="PACE",
                about=(
                    "four times: for the nonce, the mapping keys, the ephemeral keys, the tokens; class 10 "
                    "but for the last"
                ),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="done"),
            StatusWord(
                value=0x6300,
                when="the token is wrong; outside a CAN channel also: PIN or PUK suspended or blocked",
            ),
            StatusWord(
                value=0x63C0,
                mask=0xFFF0,
                when="wrong PIN or PUK inside a CAN channel, X tries left",
            ),
            StatusWord(value=0x6700, when="no data field or no Le"),
            StatusWord(
                value=0x6883,
                when="a step with the wrong class, or another command between the steps; PACE is over",
            ),
            StatusWord(value=0x6983, when="PIN or PUK blocked, inside a CAN channel"),
            StatusWord(value=0x6985, when="no PACE was begun"),
            StatusWord(
                value=0x6A80,
                when="malformed, not the object of this step, or not a point of the curve; PACE is over",
            ),
            StatusWord(value=0x6A86, when="P1 or P2 not 00"),
            StatusWord(value=0x6D00, when="development profile"),
        ),
        examples=(
            Example(
                about="the encrypted nonce, other each time",
                given="standard",
                steps=(
                    (bytes.fromhex("0022C1A40F800A04007F00070202040202830103"), "9000"),
                    (bytes.fromhex("10860000027C0000"), "7C128010................................9000"),
                ),
            ),
            Example(
                about="a mapping key that is no point of the curve ends PACE",
                given="standard",
                steps=(
                    (bytes.fromhex("0022C1A40F800A04007F00070202040202830103"), "9000"),
                    (bytes.fromhex("10860000027C0000"), "7C128010................................9000"),
                    (
                        bytes.fromhex(
                            "10860000457C43814104000000000000000000000000000000000000000000000000000000000000"
                            "0000000000000000000000000000000000000000000000000000000000000000000100"
                        ),
                        "6A80",
                    ),
                    (bytes.fromhex("10860000027C0000"), "6985"),
                ),
            ),
            Example(
                about="the last step's class at the first",
                given="standard",
                steps=(
                    (bytes.fromhex("0022C1A40F800A04007F00070202040202830103"), "9000"),
                    (bytes.fromhex("00860000027C0000"), "6883"),
                ),
            ),
            Example(
                about="PACE was not begun",
                given="standard",
                steps=((bytes.fromhex("10860000027C0000"), "6985"),),
            ),
            Example(
                about="without Le; with P1",
                given="standard",
                steps=(
                    (bytes.fromhex("10860000027C00"), "6700"),
                    (bytes.fromhex("10860100027C0000"), "6A86"),
                ),
            ),
            Example(
                about="not in the development profile",
                given="pin",
                steps=((bytes.fromhex("00860000027C0000"), "6D00"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
)
