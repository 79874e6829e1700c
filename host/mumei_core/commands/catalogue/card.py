"""The commands of apdu_specs/card.yaml. Written by tools/gen_commands.py; do not edit."""

from __future__ import annotations

from typing import Final

from mumei_core.commands.specification import (
    ANY_OCTET,
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
        name="SELECT",
        group="card",
        cla=0x00,
        ins=0xA4,
        clause="ISO/IEC 7816-4:2005 7.1.1",
        effect=(
            "selecting the application ends what the session had, PIN verified and pending request; inside a "
            "channel of PACE both stay. A refused SELECT changes nothing"
        ),
        variants=(
            Variant(
                name="BY NAME",
                p1=frozenset({0x04}),
                p2=frozenset(range(0x08)),
                p1_about=(("04", "by application identifier"),),
                p2_about=(
                    ("00..03", "FCI; 00 first, 01 last, 02 next, 03 previous occurrence"),
                    ("04..07", "FCP, occurrences likewise"),
                ),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=16,
                    parts=(
                        Part(
                            name="application identifier",
                            shortest=1,
                            longest=16,
                            about="or its first octets",
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.OPTIONAL,
                    longest=142,
                    objects=(
                        DataObject(
                            tag=0x6F,
                            name="FCI template",
                            shortest=0,
                            longest=69,
                            optional=True,
                            children=(
                                DataObject(tag=0x80, name="file size", shortest=2, longest=2, optional=True),
                                DataObject(
                                    tag=0x82,
                                    name="file descriptor",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="file identifier",
                                    shortest=2,
                                    longest=2,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="application identifier",
                                    shortest=5,
                                    longest=16,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="short file identifier",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8A,
                                    name="life cycle",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0xA5,
                                    name="proprietary information",
                                    shortest=0,
                                    longest=32,
                                    optional=True,
                                    about=(
                                        "80 version of the application, 81 profile of the card; of the "
                                        "security domain: 9F65"
                                    ),
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x62,
                            name="FCP template",
                            shortest=0,
                            longest=69,
                            optional=True,
                            children=(
                                DataObject(tag=0x80, name="file size", shortest=2, longest=2, optional=True),
                                DataObject(
                                    tag=0x82,
                                    name="file descriptor",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="file identifier",
                                    shortest=2,
                                    longest=2,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="application identifier",
                                    shortest=5,
                                    longest=16,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="short file identifier",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8A,
                                    name="life cycle",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0xA5,
                                    name="proprietary information",
                                    shortest=0,
                                    longest=32,
                                    optional=True,
                                    about=(
                                        "80 version of the application, 81 profile of the card; of the "
                                        "security domain: 9F65"
                                    ),
                                ),
                            ),
                        ),
                    ),
                    about="the template that P2 asks for; without Le it waits for GET RESPONSE",
                ),
                about="the application by its identifier, or by the first octets of it",
            ),
            Variant(
                name="BY NAME WITHOUT DATA",
                p1=frozenset({0x04}),
                p2=frozenset({0x0C, 0x0D, 0x0E, 0x0F}),
                p1_about=(("04", "by application identifier"),),
                p2_about=(("0C..0F", "no data; occurrences as above"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=16,
                    parts=(
                        Part(
                            name="application identifier",
                            shortest=1,
                            longest=16,
                            about="or its first octets",
                        ),
                    ),
                ),
                about="the same, with no answer but the status word",
            ),
            Variant(
                name="FILE",
                p1=frozenset({0x00, 0x02}),
                p2=frozenset({0x00, 0x04}),
                p1_about=(("00", "by file identifier"), ("02", "an elementary file under the application")),
                p2_about=(("00", "FCI"), ("04", "FCP")),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=2,
                    longest=2,
                    parts=(Part(name="file identifier", shortest=2, longest=2),),
                    wrong_length=0x6A87,
                ),
                response=Field(
                    presence=Presence.OPTIONAL,
                    longest=142,
                    objects=(
                        DataObject(
                            tag=0x6F,
                            name="FCI template",
                            shortest=0,
                            longest=69,
                            optional=True,
                            children=(
                                DataObject(tag=0x80, name="file size", shortest=2, longest=2, optional=True),
                                DataObject(
                                    tag=0x82,
                                    name="file descriptor",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="file identifier",
                                    shortest=2,
                                    longest=2,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="application identifier",
                                    shortest=5,
                                    longest=16,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="short file identifier",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8A,
                                    name="life cycle",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0xA5,
                                    name="proprietary information",
                                    shortest=0,
                                    longest=32,
                                    optional=True,
                                    about=(
                                        "80 version of the application, 81 profile of the card; of the "
                                        "security domain: 9F65"
                                    ),
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x62,
                            name="FCP template",
                            shortest=0,
                            longest=69,
                            optional=True,
                            children=(
                                DataObject(tag=0x80, name="file size", shortest=2, longest=2, optional=True),
                                DataObject(
                                    tag=0x82,
                                    name="file descriptor",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="file identifier",
                                    shortest=2,
                                    longest=2,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="application identifier",
                                    shortest=5,
                                    longest=16,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="short file identifier",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8A,
                                    name="life cycle",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0xA5,
                                    name="proprietary information",
                                    shortest=0,
                                    longest=32,
                                    optional=True,
                                    about=(
                                        "80 version of the application, 81 profile of the card; of the "
                                        "security domain: 9F65"
                                    ),
                                ),
                            ),
                        ),
                    ),
                    about="the template that P2 asks for",
                ),
                about="an elementary file by its identifier; it becomes the current one",
            ),
            Variant(
                name="FILE WITHOUT DATA",
                p1=frozenset({0x00, 0x02}),
                p2=frozenset({0x0C}),
                p1_about=(("00", "by file identifier"), ("02", "an elementary file under the application")),
                p2_about=(("0C", "no data"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=2,
                    longest=2,
                    parts=(Part(name="file identifier", shortest=2, longest=2),),
                    wrong_length=0x6A87,
                ),
                about="the same, with no answer but the status word",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="selected"),
            StatusWord(
                value=0x6100,
                mask=0xFF00,
                when=(
                    "selected, and no Le, or a smaller one than the template: XX octets wait for GET RESPONSE"
                ),
            ),
            StatusWord(value=0x6283, when="the application is locked; nothing is selected"),
            StatusWord(value=0x6700, when="no data field, or a name of more than 16 octets"),
            StatusWord(value=0x6A82, when="no such application, file, or further occurrence"),
            StatusWord(value=0x6A86, when="another P1 or P2"),
            StatusWord(value=0x6A87, when="a file identifier that is not two octets"),
        ),
        examples=(
            Example(
                about="first selection with the whole identifier",
                given="pin",
                steps=(
                    (
                        bytes.fromhex("00A4040008F06D756D6569010100"),
                        "6F128408F06D756D65690101A5068001018101019000",
                    ),
                ),
            ),
            Example(
                about="by the first octets, FCP",
                given="pin",
                steps=(
                    (bytes.fromhex("00A4040406F06D756D656900"), "62108201388408F06D756D656901018A01059000"),
                ),
            ),
            Example(
                about="no data wanted",
                given="pin",
                steps=((bytes.fromhex("00A4040C08F06D756D65690101"), "9000"),),
            ),
            Example(
                about="without Le the template waits",
                given="pin",
                steps=(
                    (bytes.fromhex("00A4040008F06D756D65690101"), "6114"),
                    (bytes.fromhex("00C0000014"), "6F128408F06D756D65690101A5068001018101019000"),
                ),
            ),
            Example(
                about="another application; a second occurrence of this one",
                given="pin",
                steps=(
                    (bytes.fromhex("00A4040007A000000247100100"), "6A82"),
                    (bytes.fromhex("00A4040208F06D756D6569010100"), "6A82"),
                ),
            ),
            Example(
                about="a name that is too long, and one that is missing",
                given="pin",
                steps=(
                    (bytes.fromhex("00A4040011F06D756D65690101000000000000000000"), "6700"),
                    (bytes.fromhex("00A40400"), "6700"),
                ),
            ),
            Example(
                about="an elementary file, then read",
                given="pin",
                steps=(
                    (bytes.fromhex("00A4020C022F00"), "9000"),
                    (bytes.fromhex("00B0000000"), "61114F08F06D756D6569010150056D756D65699000"),
                ),
            ),
            Example(
                about=(
                    "an elementary file with its FCP; a file that is not there; three octets for an "
                    "identifier"
                ),
                given="pin",
                steps=(
                    (bytes.fromhex("00A40004022F0000"), "62118002001382010183022F008801F08A01059000"),
                    (bytes.fromhex("00A40204023F0000"), "6A82"),
                    (bytes.fromhex("00A4020C032F0000"), "6A87"),
                ),
            ),
            Example(
                about="P1 that is none of these",
                given="pin",
                steps=((bytes.fromhex("00A40100022F00"), "6A86"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="READ BINARY",
        group="card",
        cla=0x00,
        ins=0xB0,
        clause="ISO/IEC 7816-4:2005 7.2.3",
        effect="a short file identifier makes its file the current one",
        variants=(
            Variant(
                name="BY SHORT IDENTIFIER",
                p1=frozenset(range(0x80, 0xA0)),
                p2=ANY_OCTET,
                p1_about=(
                    ("80..9F", "bit 8 set: short file identifier in bits 5-1; 80 is the current file"),
                ),
                p2_about=(("00..FF", "offset"),),
                p2_name="offset",
                response=Field(
                    presence=Presence.REQUIRED,
                    longest=65536,
                    parts=(Part(name="content", shortest=0, longest=65536),),
                    by_le=True,
                    about="as many octets as Le says, or fewer at the end of the file",
                ),
            ),
            Variant(
                name="AT OFFSET",
                p1=frozenset(range(0x80)),
                p2=ANY_OCTET,
                p1_about=(("00..7F", "bit 8 not set: upper seven bits of the offset"),),
                p2_about=(("00..FF", "lower eight bits of the offset"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    longest=65536,
                    parts=(Part(name="content", shortest=0, longest=65536),),
                    by_le=True,
                    about="as many octets as Le says, or fewer at the end of the file",
                ),
                states=("CURRENT_FILE",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="read"),
            StatusWord(value=0x6282, when="the file ended before an Le that is not the largest"),
            StatusWord(value=0x6700, when="no Le, or a data field"),
            StatusWord(value=0x6986, when="no current file"),
            StatusWord(value=0x6A82, when="no file with this short identifier"),
            StatusWord(value=0x6A86, when="bits 7-6 of P1 set beside bit 8"),
            StatusWord(value=0x6B00, when="the offset lies outside the file"),
        ),
        examples=(
            Example(
                about="EF.ATR/INFO by short identifier, right after reset",
                given="pin",
                steps=((bytes.fromhex("00B0810000"), "4301F94703C401E04801057F660802021000020210009000"),),
            ),
            Example(about="behind the end", given="pin", steps=((bytes.fromhex("00B081FF00"), "6B00"),)),
            Example(
                about="the rest of the current file; more than there is",
                given="pin",
                steps=(
                    (bytes.fromhex("00B0810003"), "4301F99000"),
                    (bytes.fromhex("00B0000300"), "4703C401E04801057F660802021000020210009000"),
                    (bytes.fromhex("00B0001010"), "1000020210006282"),
                ),
            ),
            Example(
                about="no file is current after reset",
                given="pin",
                steps=((bytes.fromhex("00B0000000"), "6986"),),
            ),
            Example(
                about="without Le; with bits of P1 that mean nothing",
                given="pin",
                steps=((bytes.fromhex("00B08100"), "6700"), (bytes.fromhex("00B0E10000"), "6A86")),
            ),
            Example(
                about="EF.CardAccess does not exist in the development profile",
                given="pin",
                steps=((bytes.fromhex("00B09C0000"), "6A82"),),
            ),
            Example(
                about=(
                    "EF.CardAccess as stock clients read it, right after reset, asking for more than there is"
                ),
                given="standard",
                steps=(
                    (bytes.fromhex("00B09C00DF"), "31143012060A04007F0007020204020202010202010C6282"),
                    (bytes.fromhex("00B09C0000"), "31143012060A04007F0007020204020202010202010C9000"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="GET CHALLENGE",
        group="card",
        cla=0x00,
        ins=0x84,
        clause="ISO/IEC 7816-4:2005 7.5.3",
        effect="eight octets inside a channel with CHAT are the challenge of the next EXTERNAL AUTHENTICATE",
        variants=(
            Variant(
                name="RANDOM OCTETS",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=256,
                    parts=(Part(name="challenge", shortest=1, longest=256),),
                    by_le=True,
                    about="Le random octets",
                ),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="always"),
            StatusWord(value=0x6700, when="no Le, more than 256, or a data field"),
            StatusWord(value=0x6A86, when="P1 or P2 not 00"),
        ),
        examples=(
            Example(
                about="eight octets, as Terminal Authentication wants them",
                given="pin",
                steps=((bytes.fromhex("0084000008"), "................9000"),),
            ),
            Example(
                about="without Le; with P2",
                given="pin",
                steps=((bytes.fromhex("00840000"), "6700"), (bytes.fromhex("0084000108"), "6A86")),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="GET DATA",
        group="card",
        cla=0x00,
        ins=0xCA,
        clause="ISO/IEC 7816-4:2005 7.4.2",
        variants=(
            Variant(
                name="CARD SERVICE DATA",
                p1=frozenset({0x00}),
                p2=frozenset({0x43}),
                p1_about=(("00", "upper octet of the tag 0043"),),
                p2_about=(("43", "lower octet"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=3,
                    longest=3,
                    objects=(
                        DataObject(
                            tag=0x43,
                            name="card service data",
                            shortest=1,
                            longest=1,
                            about="selection by full and partial name; EF.DIR and EF.ATR/INFO are there",
                        ),
                    ),
                ),
            ),
            Variant(
                name="CARD CAPABILITIES",
                p1=frozenset({0x00}),
                p2=frozenset({0x47}),
                p1_about=(("00", "upper octet of the tag 0047"),),
                p2_about=(("47", "lower octet"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=5,
                    longest=5,
                    objects=(
                        DataObject(
                            tag=0x47,
                            name="card capabilities",
                            shortest=3,
                            longest=3,
                            about="selection methods, data coding, command chaining and extended length",
                        ),
                    ),
                ),
            ),
            Variant(
                name="LIFE CYCLE STATUS",
                p1=frozenset({0x00}),
                p2=frozenset({0x48}),
                p1_about=(("00", "upper octet of the tag 0048"),),
                p2_about=(("48", "lower octet"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=3,
                    longest=3,
                    objects=(
                        DataObject(
                            tag=0x48,
                            name="life cycle status",
                            shortest=1,
                            longest=1,
                            about="05 in use; 03 being made, 04 locked, 0C terminated",
                        ),
                    ),
                ),
            ),
            Variant(
                name="LENGTH INFORMATION",
                p1=frozenset({0x7F}),
                p2=frozenset({0x66}),
                p1_about=(("7F", "upper octet of the tag 7F66"),),
                p2_about=(("66", "lower octet"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=7,
                    longest=65535,
                    objects=(
                        DataObject(
                            tag=0x7F66,
                            name="extended length information",
                            shortest=4,
                            longest=65535,
                            children=(
                                DataObject(
                                    tag=0x02,
                                    name="longest command",
                                    shortest=2,
                                    longest=2,
                                    repeated=True,
                                    about=(
                                        "octets of a whole command APDU; the second one: of a response APDU"
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
            Variant(
                name="OPERATION COUNTERS",
                p1=frozenset({0x00}),
                p2=frozenset({0xE7}),
                p1_about=(("00", "upper octet of the tag 00E7"),),
                p2_about=(("E7", "lower octet"),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=38,
                    longest=38,
                    objects=(
                        DataObject(
                            tag=0xE7,
                            name="operation counters",
                            shortest=36,
                            longest=36,
                            children=(
                                DataObject(tag=0x80, name="count g1 multiplications", shortest=4, longest=4),
                                DataObject(tag=0x81, name="count g1 additions", shortest=4, longest=4),
                                DataObject(tag=0x82, name="count hash to curve", shortest=4, longest=4),
                                DataObject(tag=0x83, name="count hash to scalar", shortest=4, longest=4),
                                DataObject(tag=0x84, name="count nvm writes", shortest=4, longest=4),
                                DataObject(tag=0x85, name="count random octets", shortest=4, longest=4),
                            ),
                        ),
                    ),
                ),
                profiles=("development",),
                about="what the card has computed and written since power-up",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="found"),
            StatusWord(value=0x6100, mask=0xFF00, when="found, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="no Le, or a data field"),
            StatusWord(value=0x6A88, when="no such data object"),
        ),
        examples=(
            Example(
                about="card service data, right after reset",
                given="pin",
                steps=((bytes.fromhex("00CA004300"), "4301F99000"),),
            ),
            Example(
                about="card capabilities",
                given="pin",
                steps=((bytes.fromhex("00CA004700"), "4703C401E09000"),),
            ),
            Example(
                about="state, longest command and response: in use, 4,096 octets each",
                given="pin",
                steps=(
                    (bytes.fromhex("00CA004800"), "4801059000"),
                    (bytes.fromhex("00CA7F6600"), "7F660802021000020210009000"),
                ),
            ),
            Example(
                about="a new session has computed nothing",
                given="pin",
                steps=(
                    (
                        bytes.fromhex("00CA00E700"),
                        "E7248004000000008104000000008204000000008304000000008404000000008504000000009000",
                    ),
                ),
            ),
            Example(
                about="a serial number is not there; counters are for development only",
                given="standard",
                steps=((bytes.fromhex("00CA9F7F00"), "6A88"), (bytes.fromhex("00CA00E700"), "6A88")),
            ),
            Example(
                about="without Le; with one that is too small",
                given="pin",
                steps=(
                    (bytes.fromhex("00CA0047"), "6700"),
                    (bytes.fromhex("00CA004702"), "47036103"),
                    (bytes.fromhex("00C0000003"), "C401E09000"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
        other_p1=0x6A88,
        other_p2=0x6A88,
    ),
    CommandSpec(
        name="GET RESPONSE",
        group="card",
        cla=0x00,
        ins=0xC0,
        clause="ISO/IEC 7816-4:2005 7.6.1",
        effect="any other command throws the waiting octets away; class 80 is taken too",
        variants=(
            Variant(
                name="NEXT OCTETS",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=65536,
                    secret=True,
                    parts=(Part(name="next octets", shortest=1, longest=65536),),
                    by_le=True,
                    about="up to Le of the octets that wait",
                ),
                states=("RESPONSE_WAITS",),
                layer="response chaining",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="these were the last"),
            StatusWord(value=0x6100, mask=0xFF00, when="more wait; 00 says 256 or more"),
            StatusWord(value=0x6700, when="no Le, or a data field"),
            StatusWord(value=0x6985, when="nothing waits"),
            StatusWord(value=0x6A86, when="P1 or P2 not 00"),
        ),
        examples=(
            Example(
                about="in two pieces",
                given="pin",
                steps=(
                    (bytes.fromhex("00CA004702"), "47036103"),
                    (bytes.fromhex("00C0000003"), "C401E09000"),
                ),
            ),
            Example(
                about="in three, the card says how many are left each time",
                given="pin",
                steps=(
                    (bytes.fromhex("00CA004701"), "476104"),
                    (bytes.fromhex("00C0000002"), "03C46102"),
                    (bytes.fromhex("00C0000000"), "01E09000"),
                ),
            ),
            Example(about="nothing waits", given="pin", steps=((bytes.fromhex("00C0000000"), "6985"),)),
            Example(
                about="without Le; with P1",
                given="pin",
                steps=((bytes.fromhex("00C00000"), "6700"), (bytes.fromhex("00C0010000"), "6A86")),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
)
