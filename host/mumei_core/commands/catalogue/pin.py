"""The commands of apdu_specs/pin.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from typing import Final

from mumei_core.commands.specification import (
    CommandSpec,
    Example,
    Field,
    Part,
    Presence,
    StatusWord,
    Variant,
)

COMMANDS: Final[tuple[CommandSpec, ...]] = (
    CommandSpec(
        name="VERIFY",
        group="pin",
        cla=0x00,
        ins=0x20,
        clause="ISO/IEC 7816-4:2005 7.5.6",
        effect=(
            "a wrong PIN costs a try, counted before comparing, and undoes an earlier success; a right one "
            "gives all tries back. In the standard profile 9000 or 6300, and no counter is told"
        ),
        variants=(
            Variant(
                name="PIN",
                p1=frozenset({0x00}),
                p2=frozenset({0x03}),
                p1_about=(("00", ""),),
                p2_about=(("03", "the PIN"),),
                data=Field(
                    presence=Presence.OPTIONAL,
                    shortest=6,
                    longest=6,
                    parts=(Part(name="PIN", shortest=6, longest=6, secret=True, about="digits in ASCII"),),
                ),
                states=("PIN_CHANGED",),
                rights="TERMINAL",
                about="with data compares, without says how things stand",
            ),
            Variant(
                name="PUK TRIES",
                p1=frozenset({0x00}),
                p2=frozenset({0x04}),
                p1_about=(("00", ""),),
                p2_about=(("04", "the PUK"),),
                data=Field(presence=Presence.FORBIDDEN, wrong_length=0x6A87),
                profiles=("development",),
                about="says how many tries the PUK has",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="right; or asked, and verified in this session"),
            StatusWord(
                value=0x6300,
                when="standard: wrong, suspended or blocked; or asked, and not verified in this session",
            ),
            StatusWord(
                value=0x63C0,
                mask=0xFFF0,
                when="wrong, or asked and not verified: X tries left; 63C0 is the attempt that blocked",
            ),
            StatusWord(value=0x6700, when="not six octets"),
            StatusWord(value=0x6982, when="standard: no terminal was let in"),
            StatusWord(value=0x6983, when="blocked"),
            StatusWord(value=0x6984, when="the transport PIN was not changed yet"),
            StatusWord(value=0x6A80, when="not digits; costs no try"),
            StatusWord(value=0x6A86, when="P1 not 00"),
            StatusWord(value=0x6A87, when="PUK with data"),
            StatusWord(value=0x6A88, when="another reference"),
        ),
        examples=(
            Example(
                about="standard: not in plain",
                given="standard",
                steps=((bytes.fromhex("0020000306313233343536"), "6982"),),
            ),
            Example(
                about="a new card",
                given="transport",
                steps=(
                    (bytes.fromhex("00200003"), "6984"),
                    (bytes.fromhex("0020000306313233343536"), "6984"),
                ),
            ),
            Example(
                about="wrong, then right (the PIN is 123456)",
                given="pin",
                steps=(
                    (bytes.fromhex("00200003"), "63C3"),
                    (bytes.fromhex("0020000306363534333231"), "63C2"),
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                    (bytes.fromhex("00200003"), "9000"),
                ),
            ),
            Example(
                about="wrong until blocked",
                given="pin",
                steps=(
                    (bytes.fromhex("0020000306303030303030"), "63C2"),
                    (bytes.fromhex("0020000306303030303030"), "63C1"),
                    (bytes.fromhex("0020000306303030303030"), "63C0"),
                    (bytes.fromhex("0020000306313233343536"), "6983"),
                ),
            ),
            Example(
                about="how many tries the PUK has; it is not compared here",
                given="pin",
                steps=(
                    (bytes.fromhex("00200004"), "63CA"),
                    (bytes.fromhex("00200004083132333435363738"), "6A87"),
                ),
            ),
            Example(
                about="refused before anything is compared: five octets, letters, another reference, P1",
                given="pin",
                steps=(
                    (bytes.fromhex("00200003053132333435"), "6700"),
                    (bytes.fromhex("0020000306616263646566"), "6A80"),
                    (bytes.fromhex("0020000106313233343536"), "6A88"),
                    (bytes.fromhex("0020010306313233343536"), "6A86"),
                    (bytes.fromhex("00200003"), "63C3"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
        other_p2=0x6A88,
    ),
    CommandSpec(
        name="CHANGE REFERENCE DATA",
        group="pin",
        cla=0x00,
        ins=0x24,
        clause="ISO/IEC 7816-4:2005 7.5.7",
        effect=(
            "a wrong old PIN costs a try as in VERIFY; a right one stores the new PIN and gives all tries "
            "back"
        ),
        variants=(
            Variant(
                name="PIN",
                p1=frozenset({0x00}),
                p2=frozenset({0x03}),
                p1_about=(("00", ""),),
                p2_about=(("03", "the PIN"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=11,
                    longest=12,
                    parts=(
                        Part(
                            name="old PIN",
                            shortest=5,
                            longest=6,
                            secret=True,
                            about="five digits in ASCII from the transport PIN, else six",
                        ),
                        Part(
                            name="new PIN",
                            shortest=6,
                            longest=6,
                            secret=True,
                            about="six digits in ASCII",
                        ),
                    ),
                ),
                profiles=("development",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="changed"),
            StatusWord(value=0x63C0, mask=0xFFF0, when="old PIN wrong: X tries left"),
            StatusWord(value=0x6700, when="not as long as old and new PIN"),
            StatusWord(value=0x6983, when="blocked"),
            StatusWord(value=0x6A80, when="not digits; costs no try"),
            StatusWord(value=0x6A86, when="P1 not 00"),
            StatusWord(value=0x6A88, when="another reference"),
            StatusWord(value=0x6D00, when="standard profile"),
        ),
        examples=(
            Example(
                about="the holder takes the card (transport PIN 12345)",
                given="transport",
                steps=(
                    (bytes.fromhex("002400030B3132333435313233343536"), "9000"),
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                ),
            ),
            Example(
                about="not in the standard profile",
                given="standard",
                steps=((bytes.fromhex("002400030C313233343536363534333231"), "6D00"),),
            ),
            Example(
                about="a wrong old PIN, until it is blocked",
                given="pin",
                steps=(
                    (bytes.fromhex("002400030C303030303030313131313131"), "63C2"),
                    (bytes.fromhex("002400030C303030303030313131313131"), "63C1"),
                    (bytes.fromhex("002400030C303030303030313131313131"), "63C0"),
                    (bytes.fromhex("002400030C313233343536313131313131"), "6983"),
                ),
            ),
            Example(
                about=(
                    "refused before anything is compared: too short for this PIN, letters, another reference, "
                    "P1"
                ),
                given="pin",
                steps=(
                    (bytes.fromhex("002400030B3132333435313233343536"), "6700"),
                    (bytes.fromhex("002400030C313233343536616263646566"), "6A80"),
                    (bytes.fromhex("002400040C313233343536313131313131"), "6A88"),
                    (bytes.fromhex("002401030C313233343536313131313131"), "6A86"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
        other_p2=0x6A88,
    ),
    CommandSpec(
        name="RESET RETRY COUNTER",
        group="pin",
        cla=0x00,
        ins=0x2C,
        clause="ISO/IEC 7816-4:2005 7.5.10; BSI TR-03110-3 v2.21 B.14.9",
        effect=(
            "a wrong PUK costs one of its ten tries; a right one stores the new PIN with all its tries. P1 02 "
            "stores the new PIN with all its tries; 03 gives the old one all its tries"
        ),
        variants=(
            Variant(
                name="WITH PUK",
                p1=frozenset({0x00}),
                p2=frozenset({0x03}),
                p1_about=(("00", "new PIN, PUK shown"),),
                p2_about=(("03", "the PIN"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=14,
                    longest=14,
                    parts=(
                        Part(name="PUK", shortest=8, longest=8, secret=True, about="digits in ASCII"),
                        Part(name="new PIN", shortest=6, longest=6, secret=True, about="digits in ASCII"),
                    ),
                ),
                profiles=("development",),
            ),
            Variant(
                name="CHANGE",
                p1=frozenset({0x02}),
                p2=frozenset({0x03}),
                p1_about=(("02", "change: new PIN, the old one opened the channel"),),
                p2_about=(("03", "the PIN"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=6,
                    longest=6,
                    parts=(
                        Part(name="new PIN", shortest=6, longest=6, secret=True, about="digits in ASCII"),
                    ),
                ),
                rights="PIN_CHANNEL",
                profiles=("standard",),
            ),
            Variant(
                name="UNBLOCK",
                p1=frozenset({0x03}),
                p2=frozenset({0x03}),
                p1_about=(("03", "unblock: the PIN stays, the PUK opened the channel"),),
                p2_about=(("03", "the PIN"),),
                rights="PUK_CHANNEL",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="unblocked"),
            StatusWord(value=0x63C0, mask=0xFFF0, when="PUK wrong: X tries left"),
            StatusWord(value=0x6700, when="not as many octets as P1 wants"),
            StatusWord(value=0x6982, when="standard: not inside such a channel"),
            StatusWord(value=0x6983, when="the PUK is blocked: the card is lost to its holder"),
            StatusWord(value=0x6A80, when="not digits; costs no try"),
            StatusWord(value=0x6A86, when="a P1 that the profile does not take"),
            StatusWord(value=0x6A88, when="another reference"),
        ),
        examples=(
            Example(
                about="unblock (the PUK is 12345678)",
                given="pin",
                steps=(
                    (bytes.fromhex("002C00030E3132333435363738363534333231"), "9000"),
                    (bytes.fromhex("0020000306363534333231"), "9000"),
                ),
            ),
            Example(
                about="standard: not in plain",
                given="standard",
                steps=(
                    (bytes.fromhex("002C030300"), "6982"),
                    (bytes.fromhex("002C020306363534333231"), "6982"),
                ),
            ),
            Example(
                about="a wrong PUK",
                given="pin",
                steps=((bytes.fromhex("002C00030E3030303030303030363534333231"), "63C9"),),
            ),
            Example(
                about=(
                    "refused before anything is compared: five octets, letters, another reference, the other "
                    "profile's P1"
                ),
                given="pin",
                steps=(
                    (bytes.fromhex("002C0003053132333435"), "6700"),
                    (bytes.fromhex("002C00030E3132333435363738616263646566"), "6A80"),
                    (bytes.fromhex("002C00040E3132333435363738363534333231"), "6A88"),
                    (bytes.fromhex("002C020306363534333231"), "6A86"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
        other_p2=0x6A88,
    ),
)
