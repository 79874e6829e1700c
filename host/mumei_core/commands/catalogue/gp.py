"""The commands of apdu_specs/gp.yaml. Written by tools/gen_commands.py; do not edit."""

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
        name="INITIALIZE UPDATE",
        group="gp",
        cla=0x80,
        ins=0x50,
        clause="GlobalPlatform Amendment D v1.1.2, 7.1.1",
        effect="ends an open channel; counts the sequence counter, so that no challenge comes twice",
        variants=(
            Variant(
                name="EXCHANGE CHALLENGES",
                p1=ANY_OCTET,
                p2=frozenset({0x00}),
                p1_about=(("00", "the card's own keys"), ("01..FF", "key version number")),
                p2_about=(("00", ""),),
                p1_name="key version number",
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=8,
                    longest=16,
                    parts=(
                        Part(
                            name="host challenge",
                            shortest=8,
                            longest=16,
                            about="8 octets (S8) or 16 (S16)",
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=32,
                    longest=48,
                    parts=(
                        Part(
                            name="diversification data",
                            shortest=10,
                            longest=10,
                            secret=True,
                            about="the card's serial number",
                        ),
                        Part(name="key version number", shortest=1, longest=1),
                        Part(name="protocol", shortest=1, longest=1, about="03"),
                        Part(name="parameter i", shortest=1, longest=1, about="70, S16: 71"),
                        Part(
                            name="challenge and cryptogram",
                            shortest=16,
                            longest=32,
                            about="of the card, half each: 8 or 16 octets",
                        ),
                        Part(name="sequence counter", shortest=3, longest=3, secret=True),
                    ),
                ),
                states=("SECURITY_DOMAIN",),
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="the card's cryptogram is given"),
            StatusWord(value=0x6100, mask=0xFF00, when="the same, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="no challenge of 8 or 16 octets, or no Le"),
            StatusWord(value=0x6983, when="too many failed authentications"),
            StatusWord(value=0x6985, when="the sequence counter is used up"),
            StatusWord(value=0x6A86, when="P2 not 00"),
            StatusWord(value=0x6A88, when="another key version"),
            StatusWord(
                value=0x6D00,
                when="no security domain, not for this terminal, or the card is terminated",
            ),
        ),
        examples=(
            Example(
                about="a card without security domain",
                given="pin",
                steps=((bytes.fromhex("8050000008000102030405060700"), "6D00"),),
            ),
            Example(
                about="a new card with the keys of the published transcripts, S8",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                ),
            ),
            Example(
                about="S16",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050000010000102030405060708090A0B0C0D0E0F00"),
                        (
                            "00000000000000000000300371E1DABA6D41525F7EEAB11233E2F9F7A4452120FD54920952061B2B3"
                            "539D64F880000019000"
                        ),
                    ),
                ),
            ),
            Example(
                about="with an Le that is too small, as on T=0",
                given="maker",
                steps=(
                    (bytes.fromhex("805030000800010203040506070A"), "000000000000000000006116"),
                    (bytes.fromhex("00C0000016"), "300370B1E15634C09B877FFA8480C1D42240C60000019000"),
                ),
            ),
            Example(
                about="another key version; a challenge of nine octets, of seven; P2",
                given="maker",
                steps=(
                    (bytes.fromhex("8050310008000102030405060700"), "6A88"),
                    (bytes.fromhex("805000000900010203040506070800"), "6700"),
                    (bytes.fromhex("80500000070001020304050600"), "6700"),
                    (bytes.fromhex("8050000108000102030405060700"), "6A86"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="SCP03 EXTERNAL AUTHENTICATE",
        group="gp",
        cla=0x84,
        ins=0x82,
        clause="GlobalPlatform Amendment D v1.1.2, 7.1.2",
        effect=(
            "shows that the terminal knows the card's static keys; counts a try before comparing, a success "
            "gives all back. Any refusal ends the channel"
        ),
        variants=(
            Variant(
                name="OPEN CHANNEL",
                p1=frozenset({0x00, 0x01, 0x03, 0x11, 0x13, 0x33}),
                p2=frozenset({0x00}),
                p1_about=(
                    ("00", "no protection"),
                    ("01", "C-MAC"),
                    ("03", "C-MAC and C-ENC"),
                    ("11", "C-MAC and R-MAC"),
                    ("13", "C-MAC, C-ENC and R-MAC"),
                    ("33", "C-MAC, C-ENC, R-MAC and R-ENC"),
                ),
                p2_about=(("00", ""),),
                p1_name="security level",
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=16,
                    longest=32,
                    parts=(
                        Part(
                            name="host cryptogram and C-MAC",
                            shortest=16,
                            longest=32,
                            about="half each: 8 octets in S8, 16 in S16",
                        ),
                    ),
                ),
                states=("CHALLENGES_EXCHANGED",),
                profiles=("standard",),
                layer="SCP03",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="the channel is open"),
            StatusWord(value=0x6300, when="wrong host cryptogram"),
            StatusWord(value=0x6700, when="not as long as cryptogram and MAC"),
            StatusWord(value=0x6882, when="not directly after INITIALIZE UPDATE"),
            StatusWord(value=0x6982, when="wrong C-MAC, or a channel is open already, which it ends"),
            StatusWord(value=0x6983, when="too many failed authentications"),
            StatusWord(value=0x6A86, when="another security level, or P2 not 00"),
        ),
        examples=(
            Example(
                about="level 33, then nothing that is not protected",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848233001063819C2EEA8E33E20E15652257985D3A"), "9000"),
                    (bytes.fromhex("80F28002024F0000"), "6982"),
                    (bytes.fromhex("848233001063819C2EEA8E33E20E15652257985D3A"), "6882"),
                ),
            ),
            Example(
                about="a wrong cryptogram with the right MAC cannot be made; with a wrong MAC",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848233001063819C2EEA8E33E20E15652257985D3B"), "6982"),
                    (bytes.fromhex("848233001063819C2EEA8E33E20E15652257985D3A"), "6882"),
                ),
            ),
            Example(
                about="without INITIALIZE UPDATE",
                given="maker",
                steps=((bytes.fromhex("848233001063819C2EEA8E33E20E15652257985D3A"), "6882"),),
            ),
            Example(
                about="a security level that there is not; then half a cryptogram",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848202001063819C2EEA8E33E20E15652257985D3A"), "6A86"),
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370................................0000029000",
                    ),
                    (bytes.fromhex("848233000863819C2EEA8E33E2"), "6700"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="PUT KEY",
        group="gp",
        cla=0x80,
        ins=0xD8,
        clause="GlobalPlatform Card Specification 2.3 11.8, with Amendment D v1.1.2, 7.2",
        effect="the new keys replace the old ones in one commit; the open channel goes on with its own",
        variants=(
            Variant(
                name="THREE KEYS",
                p1=ANY_OCTET,
                p2=frozenset({0x81}),
                p1_about=(("00..FF", "the present key version number"),),
                p2_about=(("81", "all three keys, from identifier 01"),),
                p1_name="key version number",
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=255,
                    parts=(
                        Part(name="new key version number", shortest=1, longest=1, about="01..7F"),
                        Part(
                            name="keys",
                            shortest=0,
                            longest=254,
                            secret=True,
                            about=(
                                "three times 88, length, key length, AES-CBC(K_DEK, key), 03, check value 3; "
                                "69 octets with AES-128, 117 else; anything else is malformed"
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=10,
                    longest=10,
                    parts=(
                        Part(name="key version number", shortest=1, longest=1),
                        Part(name="check values", shortest=9, longest=9, about="three octets a key"),
                    ),
                ),
                states=("SECURITY_DOMAIN",),
                rights="SCP03_MAC_ENC",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="replaced"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(value=0x6982, when="not inside SCP03 with C-MAC and C-ENC"),
            StatusWord(value=0x6A80, when="malformed, or a check value does not fit its key"),
            StatusWord(value=0x6A86, when="P2 not 81"),
            StatusWord(value=0x6A88, when="P1 is not the present key version number"),
            StatusWord(
                value=0x6D00,
                when="no security domain, not for this terminal, or the card is terminated",
            ),
        ),
        examples=(
            Example(
                about="a card without security domain",
                given="pin",
                steps=((bytes.fromhex("80D8308100"), "6D00"),),
            ),
            Example(
                about="in plain; without data; P2",
                given="maker",
                steps=(
                    (bytes.fromhex("80D83081013100"), "6982"),
                    (bytes.fromhex("80D8308100"), "6700"),
                    (bytes.fromhex("80D83001013100"), "6A86"),
                ),
            ),
            Example(
                about=(
                    "inside SCP03 with C-MAC and C-ENC: another key version, a wrong check value, then new "
                    "keys"
                ),
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848203001063819C2EEA8E33E28A73C19FB2F249FC"), "9000"),
                    (
                        bytes.fromhex(
                            "84D82F81586AB08CF738141B9651AD4B67BB36A657876870B1D8F8E69129543DCFC3C19193486BCC"
                            "0AE283DADD14BB99E9F293277B1FFA1E6D4F0EDCA4F9F1DBA71F50E784C98AD5F44B5A75FB778201"
                            "9E133CEF4CCEAC08E3EED28DE200"
                        ),
                        "6A88",
                    ),
                    (
                        bytes.fromhex(
                            "84D830815848769B1398FF3BB7FFE741B5B885358CEAA490573BD21A5D1C21C73DB376DDCD315540"
                            "60F18E7F90B7D4A843ECDE9C43511E84C809A48EDD8AFD42966F85C468C588A50D69BD42987E6AAF"
                            "B363370FA2E0398C3A9FEA9F7D00"
                        ),
                        "6A80",
                    ),
                    (
                        bytes.fromhex(
                            "84D8308158B378DFE0D6604D3B8219EAAEA22B01F0023A2A59BFF5F817DFB973B85DA15CCCCF57BD"
                            "F4BA51DDF1433D57ECAD005E1588ACA62DD70BC4FDBC5576C1D308160C0AA902F78F6F8FAB3D6BAC"
                            "ABBC144F7C12CECA213AC432B500"
                        ),
                        "315EAADA504A77F2A8DF9000",
                    ),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="GET STATUS",
        group="gp",
        cla=0x80,
        ins=0xF2,
        clause="GlobalPlatform Card Specification 2.3 11.4",
        variants=(
            Variant(
                name="SECURITY DOMAIN",
                p1=frozenset({0x80}),
                p2=frozenset({0x02}),
                p1_about=(("80", "the issuer security domain"),),
                p2_about=(("02", "first or all occurrences, as TLV"),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=2,
                    longest=2,
                    objects=(DataObject(tag=0x4F, name="any application", shortest=0, longest=0),),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=13,
                    longest=24,
                    objects=(
                        DataObject(
                            tag=0xE3,
                            name="registry entry",
                            shortest=11,
                            longest=22,
                            children=(
                                DataObject(tag=0x4F, name="application identifier", shortest=5, longest=16),
                                DataObject(tag=0x9F70, name="life cycle", shortest=1, longest=1),
                            ),
                        ),
                    ),
                ),
                states=("SECURITY_DOMAIN",),
                rights="SCP03_MAC",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="given"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(value=0x6982, when="not inside SCP03"),
            StatusWord(value=0x6A80, when="data not 4F 00"),
            StatusWord(value=0x6A86, when="another P1-P2"),
            StatusWord(
                value=0x6D00,
                when="no security domain, not for this terminal, or the card is terminated",
            ),
        ),
        examples=(
            Example(
                about="a card without security domain",
                given="pin",
                steps=((bytes.fromhex("80F28002024F0000"), "6D00"),),
            ),
            Example(
                about="in plain; without Le; another P1",
                given="maker",
                steps=(
                    (bytes.fromhex("80F28002024F0000"), "6982"),
                    (bytes.fromhex("80F28002024F00"), "6700"),
                    (bytes.fromhex("80F24002024F0000"), "6A86"),
                ),
            ),
            Example(
                about="inside SCP03 with C-MAC, whose eight octets follow the data: a new card",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848201001063819C2EEA8E33E261AA4D7D39A2E1CF"), "9000"),
                    (
                        bytes.fromhex("84F280020A4F00F6B2DA000570DFDC00"),
                        "E30E4F08A0000001510000009F7001019000",
                    ),
                ),
            ),
            Example(
                about="inside SCP03, another query",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848201001063819C2EEA8E33E261AA4D7D39A2E1CF"), "9000"),
                    (bytes.fromhex("84F280020B4F01A090815C1D3A47B09A00"), "6A80"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="SET STATUS",
        group="gp",
        cla=0x80,
        ins=0xF0,
        clause="GlobalPlatform Card Specification 2.3 11.10",
        effect=(
            "one step of the life cycle: OP_READY to INITIALIZED with parameters pinned; INITIALIZED to "
            "SECURED with a credential stored; SECURED to LOCKED and back; anything to TERMINATED, which "
            "erases keys, credential and parameters in the same commit and cannot be undone"
        ),
        variants=(
            Variant(
                name="CARD",
                p1=frozenset({0x80}),
                p2=frozenset({0x01, 0x07, 0x0F, 0x7F, 0xFF}),
                p1_about=(("80", "the card"),),
                p2_about=(
                    ("01", "OP_READY, to which no step leads"),
                    ("07", "INITIALIZED"),
                    ("0F", "SECURED"),
                    ("7F", "LOCKED"),
                    ("FF", "TERMINATED"),
                ),
                p2_name="state",
                states=("SECURITY_DOMAIN",),
                rights="SCP03_MAC_ENC",
                profiles=("standard",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="the card is in the new state"),
            StatusWord(value=0x6700, when="a data field"),
            StatusWord(value=0x6982, when="not inside SCP03 with C-MAC and C-ENC"),
            StatusWord(value=0x6985, when="no such step from here, or something is missing for it"),
            StatusWord(value=0x6A86, when="another P1-P2"),
            StatusWord(
                value=0x6D00,
                when="no security domain, not for this terminal, or the card is terminated",
            ),
        ),
        examples=(
            Example(
                about="a card without security domain",
                given="pin",
                steps=((bytes.fromhex("80F0800F"), "6D00"),),
            ),
            Example(
                about="in plain; with data; another state",
                given="maker",
                steps=(
                    (bytes.fromhex("80F0800F"), "6982"),
                    (bytes.fromhex("80F0800F0100"), "6700"),
                    (bytes.fromhex("80F08003"), "6A86"),
                ),
            ),
            Example(
                about=(
                    "inside SCP03 with C-MAC and C-ENC: parameters are missing for INITIALIZED; then the end "
                    "of the card"
                ),
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848203001063819C2EEA8E33E28A73C19FB2F249FC"), "9000"),
                    (bytes.fromhex("84F08007081F8A4447389CA81C"), "6985"),
                    (bytes.fromhex("84F080FF0833433DD503E05DD9"), "9000"),
                    (bytes.fromhex("00A4040008F06D756D6569010100"), "6985"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
)
