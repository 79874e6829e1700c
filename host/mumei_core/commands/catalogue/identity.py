"""The commands of apdu_specs/identity.yaml. Written by tools/gen_commands.py; do not edit."""

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
        name="ENROL",
        group="identity",
        cla=0x80,
        ins=0x30,
        clause="project 2.2",
        effect=(
            "draws handle, nym secret and blind, seals shares of the handle to the trustees, proves that all "
            "is of one commitment, signs it by the attestation key, and keeps all with the answer; the same "
            "nonce gets the same answer again. On a card with a credential, for a terminal that may renew: a "
            "new handle, the same nym secret, no attestation; the credential stays"
        ),
        variants=(
            Variant(
                name="COMMIT",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=39,
                    longest=39,
                    objects=(
                        DataObject(
                            tag=0xE3,
                            name="enrolment",
                            shortest=37,
                            longest=37,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="nonce",
                                    shortest=32,
                                    longest=32,
                                    about="the issuer's, for one record of its registry",
                                ),
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=253,
                    longest=3379,
                    objects=(
                        DataObject(
                            tag=0xE3,
                            name="enrolment",
                            shortest=250,
                            longest=3375,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x82,
                                    name="commitment with proof",
                                    shortest=176,
                                    longest=176,
                                    secret=True,
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="hash of the issuer's key",
                                    shortest=32,
                                    longest=32,
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="hash of the digit table",
                                    shortest=32,
                                    longest=32,
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="card's certificate",
                                    shortest=1,
                                    longest=256,
                                    secret=True,
                                    optional=True,
                                    about=(
                                        "the card maker's; with the signature or not at all, cards of "
                                        "development without"
                                    ),
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="card's signature",
                                    shortest=64,
                                    longest=64,
                                    secret=True,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="points of the shares",
                                    shortest=48,
                                    longest=768,
                                    secret=True,
                                    optional=True,
                                    about="from version 2 on, as all that follows",
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="point for renewal",
                                    shortest=48,
                                    longest=48,
                                    secret=True,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x89,
                                    name="link proof",
                                    shortest=128,
                                    longest=128,
                                    secret=True,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8A,
                                    name="sealed shares",
                                    shortest=113,
                                    longest=1808,
                                    secret=True,
                                    optional=True,
                                ),
                                DataObject(
                                    tag=0x8B,
                                    name="hash of the list of trustees",
                                    shortest=32,
                                    longest=32,
                                    optional=True,
                                ),
                            ),
                        ),
                    ),
                ),
                states=("PARAMETERS_PINNED", "NO_CREDENTIAL"),
                rights="ISSUING",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="committed, or the answer given once more"),
            StatusWord(value=0x6100, mask=0xFF00, when="the same, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(
                value=0x6982,
                when=(
                    "neither inside SCP03 with C-MAC and C-ENC nor a terminal that may renew, with the PIN "
                    "verified; development: a terminal that may renew, without the PIN"
                ),
            ),
            StatusWord(value=0x6985, when="the card is locked or terminated"),
            StatusWord(value=0x6A80, when="malformed"),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
            StatusWord(value=0x6A88, when="no parameters, or no list of trustees"),
            StatusWord(value=0x6A89, when="the card has a credential, and the terminal may not renew it"),
        ),
        examples=(
            Example(
                about="a standard card, in plain",
                given="maker",
                steps=((bytes.fromhex("8030000008E30680010181010000"), "6982"),),
            ),
            Example(
                about="a card without parameters",
                given="pin",
                steps=(
                    (
                        bytes.fromhex(
                            "8030000027E3258001018120000102030405060708090A0B0C0D0E0F101112131415161718191A1B"
                            "1C1D1E1F00"
                        ),
                        "6A88",
                    ),
                ),
            ),
            Example(
                about="malformed: a nonce of one octet",
                given="pin",
                steps=((bytes.fromhex("8030000008E30680010181010000"), "6A80"),),
            ),
            Example(
                about="without Le; another P1",
                given="pin",
                steps=(
                    (bytes.fromhex("8030000008E306800101810100"), "6700"),
                    (bytes.fromhex("8030010008E30680010181010000"), "6A86"),
                ),
            ),
            Example(
                about="inside SCP03, on a card without parameters",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848203001063819C2EEA8E33E28A73C19FB2F249FC"), "9000"),
                    (
                        bytes.fromhex(
                            "8430000038CA2797C3C0C4ADFDD6C3F1A46FA5860F63627C8C8A3FEFFCE64F73802996D6A0A43FF5"
                            "33D90C6125E657117E164B2D3CD5068C9CCF620F5200"
                        ),
                        "6A88",
                    ),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
    ),
    CommandSpec(
        name="STORE CREDENTIAL",
        group="identity",
        cla=0x80,
        ins=0x32,
        clause="project 2.2",
        effect=(
            "computes B, checks the subgroup of A and the common-key proof under one of the card's issuer "
            "keys, then swaps pending and attestation key, or the old credential, for the new one in one "
            "commit; the same data again gets the same answer"
        ),
        variants=(
            Variant(
                name="CREDENTIAL",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=271,
                    longest=2322,
                    objects=(
                        DataObject(
                            tag=0xE4,
                            name="credential",
                            shortest=267,
                            longest=2318,
                            secret=True,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(tag=0x81, name="valid until", shortest=4, longest=4),
                                DataObject(
                                    tag=0x82,
                                    name="hash of the issuer's key",
                                    shortest=32,
                                    longest=32,
                                ),
                                DataObject(
                                    tag=0xA3,
                                    name="attributes",
                                    shortest=34,
                                    longest=2083,
                                    secret=True,
                                    children=(
                                        DataObject(
                                            tag=0x80,
                                            name="birth date",
                                            shortest=4,
                                            longest=4,
                                            secret=True,
                                        ),
                                        DataObject(
                                            tag=0x81,
                                            name="prefecture",
                                            shortest=4,
                                            longest=4,
                                            secret=True,
                                        ),
                                        DataObject(
                                            tag=0x82,
                                            name="municipality",
                                            shortest=4,
                                            longest=4,
                                            secret=True,
                                        ),
                                        DataObject(
                                            tag=0x83,
                                            name="civil identity",
                                            shortest=1,
                                            longest=2048,
                                            secret=True,
                                            about="deterministic CBOR",
                                        ),
                                        DataObject(
                                            tag=0x84,
                                            name="resident code",
                                            shortest=11,
                                            longest=11,
                                            secret=True,
                                        ),
                                    ),
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="signature",
                                    shortest=80,
                                    longest=80,
                                    secret=True,
                                    about="A and e",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="signer's nym entropy",
                                    shortest=32,
                                    longest=32,
                                    secret=True,
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="common-key proof",
                                    shortest=64,
                                    longest=64,
                                    secret=True,
                                ),
                                DataObject(tag=0x87, name="issuance date", shortest=4, longest=4),
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=39,
                    longest=39,
                    objects=(
                        DataObject(
                            tag=0xE4,
                            name="receipt",
                            shortest=37,
                            longest=37,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x88,
                                    name="hash of the command's data",
                                    shortest=32,
                                    longest=32,
                                    secret=True,
                                    about="SHA-256",
                                ),
                            ),
                        ),
                    ),
                ),
                states=("PARAMETERS_PINNED", "ENROLLED"),
                rights="ISSUING",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="stored, or stored before"),
            StatusWord(value=0x6100, mask=0xFF00, when="the same, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(
                value=0x6982,
                when=(
                    "neither inside SCP03 with C-MAC and C-ENC nor a terminal that may renew, with the PIN "
                    "verified; development: a terminal that may renew, without the PIN"
                ),
            ),
            StatusWord(value=0x6985, when="not enrolled, or the card is locked or terminated"),
            StatusWord(value=0x6A80, when="malformed, or a check failed; nothing changed"),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
            StatusWord(value=0x6A88, when="no parameters"),
            StatusWord(
                value=0x6A89,
                when="the card has another credential, and the terminal may not renew it",
            ),
        ),
        examples=(
            Example(
                about="a standard card, in plain",
                given="maker",
                steps=((bytes.fromhex("8032000002E40000"), "6982"),),
            ),
            Example(
                about="malformed: no objects",
                given="pin",
                steps=((bytes.fromhex("8032000002E40000"), "6A80"),),
            ),
            Example(
                about="without Le; another P2",
                given="pin",
                steps=(
                    (bytes.fromhex("8032000002E400"), "6700"),
                    (bytes.fromhex("8032000102E40000"), "6A86"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
    ),
    CommandSpec(
        name="PRESENT",
        group="identity",
        cla=0x80,
        ins=0x34,
        clause="project 2.3, 2.5",
        effect=(
            "commits a counter, an entry in the card's log and the calendar, and uses up the session's one "
            "presentation before anything is computed, then the entry's outcome before it answers; what is "
            "refused before that changes nothing. Whole request or nothing. After PREPARE it answers the "
            "request prepared, once, whatever it brings"
        ),
        variants=(
            Variant(
                name="REQUEST",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=82,
                    longest=1246,
                    objects=(
                        DataObject(
                            tag=0xE1,
                            name="request",
                            shortest=80,
                            longest=444,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(tag=0x81, name="rp_context", shortest=1, longest=255),
                                DataObject(
                                    tag=0x82,
                                    name="nonce",
                                    shortest=32,
                                    longest=32,
                                    about="the terminal's, fresh",
                                ),
                                DataObject(tag=0x83, name="date", shortest=4, longest=4, about="day"),
                                DataObject(
                                    tag=0xA4,
                                    name="predicates",
                                    shortest=4,
                                    longest=24,
                                    optional=True,
                                    children=(
                                        DataObject(
                                            tag=0x80,
                                            name="age",
                                            shortest=2,
                                            longest=2,
                                            optional=True,
                                            repeated=True,
                                            about="kind, years",
                                        ),
                                        DataObject(
                                            tag=0x81,
                                            name="day",
                                            shortest=4,
                                            longest=4,
                                            optional=True,
                                            repeated=True,
                                            about="kind, day in 3 octets",
                                        ),
                                    ),
                                    about="one to four, in any mixture",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="disclosed attributes",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="mask",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="pseudonym",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="01",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="revocation token",
                                    shortest=5,
                                    longest=7,
                                    optional=True,
                                    about=(
                                        "01, epoch in 4 octets, bucket in 2: under a slot; 02, epoch in 4 "
                                        "octets: to recognise"
                                    ),
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="transaction hash",
                                    shortest=32,
                                    longest=32,
                                    optional=True,
                                ),
                                DataObject(tag=0x89, name="channel binding", shortest=32, longest=32),
                                DataObject(
                                    tag=0x8A,
                                    name="hash of the digit table",
                                    shortest=32,
                                    longest=32,
                                    optional=True,
                                    about="with predicates, and only with them",
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x30,
                            name="statement",
                            shortest=212,
                            longest=794,
                            optional=True,
                            about=(
                                "of authority and auditor about an epoch's slots; where a token to recognise "
                                "by is asked, about its point"
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=4094,
                    secret=True,
                    parts=(Part(name="presentation", shortest=1, longest=4094, secret=True),),
                    about="828 octets for one predicate, 48 more with a pseudonym, 65 with a token",
                ),
                states=("CREDENTIAL_STORED", "NOT_PRESENTED"),
                rights="TERMINAL",
            ),
            Variant(
                name="PREPARED",
                p1=frozenset({0x00}),
                p2=frozenset({0x01}),
                p1_about=(("00", ""),),
                p2_about=(("01", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=235,
                    longest=235,
                    objects=(
                        DataObject(
                            tag=0xED,
                            name="slot",
                            shortest=232,
                            longest=232,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="point",
                                    shortest=96,
                                    longest=96,
                                    about="of the slot that PREPARE has named, uncompressed",
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="path",
                                    shortest=128,
                                    longest=128,
                                    about="four hashes, the leaf's sibling first",
                                ),
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=4094,
                    secret=True,
                    parts=(Part(name="presentation", shortest=1, longest=4094, secret=True),),
                    about="828 octets for one predicate, 48 more with a pseudonym, 65 with a token",
                ),
                states=("CREDENTIAL_STORED", "PREPARED"),
                rights="TERMINAL",
                about="answers the request that PREPARE has accepted",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="proven"),
            StatusWord(value=0x6100, mask=0xFF00, when="proven, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(
                value=0x6982,
                when=(
                    "no terminal described, not among its rights, or the PIN is needed by its rights or the "
                    "holder's settings"
                ),
            ),
            StatusWord(
                value=0x6984,
                when=(
                    "a statement not signed by both, of another bucket or context, of an epoch that has "
                    "passed or beyond the credential; no statement where a token is asked; date outside the "
                    "statement's days or the terminal's validity, or, without a statement, before the card's "
                    "last known one"
                ),
            ),
            StatusWord(value=0x6985, when="cannot prove, whatever the reason; it was a presentation"),
            StatusWord(value=0x6986, when="the session's one presentation is used, or nothing is prepared"),
            StatusWord(
                value=0x6A80,
                when=(
                    "malformed; another channel, context, digit table or epoch; a token under a slot that was "
                    "not prepared; not the slot's point with its path"
                ),
            ),
            StatusWord(value=0x6A86, when="P1 not 00, or P2 neither 00 nor 01"),
            StatusWord(value=0x6A88, when="no credential, or no parameters"),
        ),
        examples=(
            Example(
                about="20 or over, asked by nobody in particular",
                given="pin",
                steps=(
                    (
                        bytes.fromhex(
                            "8034000086E18183800101810C73616B652E6578616D706C658220000102030405060708090A0B0C"
                            "0D0E0F101112131415161718191A1B1C1D1E1F83040000D194A404800201148920C45425F0BC87EC"
                            "87A6C886241EA7E3D15FCB162C8637865F39C7998C64F0E2DD8A2000000000000000000000000000"
                            "0000000000000000000000000000000000000000"
                        ),
                        "6982",
                    ),
                ),
            ),
            Example(
                about="20 or over, on a card without parameters",
                given="pin",
                steps=(
                    (
                        bytes.fromhex(
                            "803E000096E28193800101810C73616B652E6578616D706C65820953616B652053686F708360092D"
                            "9D0C16A090FB3C5AC26A1FEDBDECE9E09BFCB4D03387D7CAD315EB0381B7354C1C5EAFC891A2D767"
                            "027B5DF51C850C366253F86B2F66D1B2E9F145BEA762F6C35EFEB7F25BBEBAE00B2D305B014EAD4E"
                            "7964F850A9E4D80FBB98F5FEF41FA4048002011487010088040000D19489040000D1B6"
                        ),
                        "9000",
                    ),
                    (
                        bytes.fromhex(
                            "8034000086E18183800101810C73616B652E6578616D706C658220000102030405060708090A0B0C"
                            "0D0E0F101112131415161718191A1B1C1D1E1F83040000D194A404800201148920C45425F0BC87EC"
                            "87A6C886241EA7E3D15FCB162C8637865F39C7998C64F0E2DD8A2000000000000000000000000000"
                            "0000000000000000000000000000000000000000"
                        ),
                        "6A88",
                    ),
                ),
            ),
            Example(
                about="malformed: an empty request",
                given="pin",
                steps=((bytes.fromhex("8034000002E10000"), "6A80"),),
            ),
            Example(
                about="without Le; another P1; a standard card in plain",
                given="pin",
                steps=(
                    (bytes.fromhex("8034000002E100"), "6700"),
                    (bytes.fromhex("8034010002E10000"), "6A86"),
                    (bytes.fromhex("8034000202E10000"), "6A86"),
                ),
            ),
            Example(
                about="a slot's point, where nothing is prepared",
                given="pin",
                steps=(
                    (
                        bytes.fromhex(
                            "80340001EBED81E88001018160000102030405060708090A0B0C0D0E0F101112131415161718191A"
                            "1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142"
                            "434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F8281800000000000000000"
                            "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                            "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                            "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                            "00"
                        ),
                        "6986",
                    ),
                ),
            ),
            Example(
                about="a standard card that nobody was let into",
                given="standard",
                steps=((bytes.fromhex("8034000002E10000"), "6982"),),
            ),
        ),
        life_cycle=("SECURED",),
    ),
    CommandSpec(
        name="PREPARE",
        group="identity",
        cla=0x80,
        ins=0x36,
        clause="project 2.5",
        effect=(
            "burns a slot, drawn at random, and commits it with a counter, an entry in the card's log and the "
            "calendar, before it answers; uses up the session's one presentation. What is refused before that "
            "changes nothing"
        ),
        variants=(
            Variant(
                name="REQUEST",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=297,
                    longest=667,
                    objects=(
                        DataObject(
                            tag=0xE1,
                            name="request",
                            shortest=80,
                            longest=444,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(tag=0x81, name="rp_context", shortest=1, longest=255),
                                DataObject(
                                    tag=0x82,
                                    name="nonce",
                                    shortest=32,
                                    longest=32,
                                    about="the terminal's, fresh",
                                ),
                                DataObject(tag=0x83, name="date", shortest=4, longest=4, about="day"),
                                DataObject(
                                    tag=0xA4,
                                    name="predicates",
                                    shortest=4,
                                    longest=24,
                                    optional=True,
                                    children=(
                                        DataObject(
                                            tag=0x80,
                                            name="age",
                                            shortest=2,
                                            longest=2,
                                            optional=True,
                                            repeated=True,
                                            about="kind, years",
                                        ),
                                        DataObject(
                                            tag=0x81,
                                            name="day",
                                            shortest=4,
                                            longest=4,
                                            optional=True,
                                            repeated=True,
                                            about="kind, day in 3 octets",
                                        ),
                                    ),
                                    about="one to four, in any mixture",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="disclosed attributes",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="mask",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="pseudonym",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="01",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="revocation token",
                                    shortest=5,
                                    longest=7,
                                    optional=True,
                                    about=(
                                        "01, epoch in 4 octets, bucket in 2: under a slot; 02, epoch in 4 "
                                        "octets: to recognise"
                                    ),
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="transaction hash",
                                    shortest=32,
                                    longest=32,
                                    optional=True,
                                ),
                                DataObject(tag=0x89, name="channel binding", shortest=32, longest=32),
                                DataObject(
                                    tag=0x8A,
                                    name="hash of the digit table",
                                    shortest=32,
                                    longest=32,
                                    optional=True,
                                    about="with predicates, and only with them",
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x30,
                            name="statement",
                            shortest=212,
                            longest=216,
                            about="of authority and auditor about an epoch's slots",
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=1,
                    parts=(Part(name="slot", shortest=1, longest=1),),
                    about="k, 00 to 0F, whose point PRESENT wants",
                ),
                states=("CREDENTIAL_STORED", "NOT_PRESENTED"),
                rights="TERMINAL",
                about="a request with a token under a slot; all that PRESENT would check is checked here",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="prepared"),
            StatusWord(value=0x6100, mask=0xFF00, when="prepared, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6581, when="memory could not be written; nothing changed"),
            StatusWord(value=0x6700, when="no data or no Le"),
            StatusWord(
                value=0x6982,
                when=(
                    "no terminal described, not among its rights, or the PIN is needed: by its rights, by the "
                    "holder's settings, or because this relying party has used up its slots of the epoch"
                ),
            ),
            StatusWord(
                value=0x6984,
                when=(
                    "a statement not signed by both, of another bucket, of an epoch that has passed or beyond "
                    "the credential; date outside its days or the terminal's validity"
                ),
            ),
            StatusWord(value=0x6986, when="the session's one presentation is used"),
            StatusWord(
                value=0x6A80,
                when=(
                    "malformed; another channel, context, digit table, epoch or bucket; no token under a slot "
                    "is asked"
                ),
            ),
            StatusWord(
                value=0x6A84,
                when="no slot is left, and this relying party has seen none in the epoch",
            ),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
            StatusWord(value=0x6A88, when="no credential, or no parameters"),
        ),
        examples=(
            Example(
                about="malformed: an empty request",
                given="pin",
                steps=((bytes.fromhex("8036000002E10000"), "6A80"),),
            ),
            Example(
                about="without Le; another P1",
                given="pin",
                steps=(
                    (bytes.fromhex("8036000002E100"), "6700"),
                    (bytes.fromhex("8036010002E10000"), "6A86"),
                ),
            ),
            Example(
                about="a standard card that nobody was let into",
                given="standard",
                steps=((bytes.fromhex("8036000002E10000"), "6982"),),
            ),
        ),
        life_cycle=("SECURED",),
    ),
    CommandSpec(
        name="LOG",
        group="identity",
        cla=0x80,
        ins=0x38,
        clause="project 2.6",
        variants=(
            Variant(
                name="READ ENTRY",
                p1=frozenset({0x00}),
                p2=frozenset(range(0x20)),
                p1_about=(("00", ""),),
                p2_about=(("00..1F", "which entry: 00 the newest, 01 the one before"),),
                p2_name="entry",
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=215,
                    longest=215,
                    objects=(
                        DataObject(
                            tag=0xE6,
                            name="log entry",
                            shortest=212,
                            longest=212,
                            secret=True,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="sequence number",
                                    shortest=4,
                                    longest=4,
                                    secret=True,
                                ),
                                DataObject(tag=0x82, name="day", shortest=4, longest=4, secret=True),
                                DataObject(
                                    tag=0x83,
                                    name="outcome",
                                    shortest=1,
                                    longest=1,
                                    secret=True,
                                    about="00 interrupted, 01 proven, 02 cannot prove",
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="circumstances",
                                    shortest=1,
                                    longest=1,
                                    secret=True,
                                    about="01 pseudonym, 02 transaction, 04 PIN used",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="disclosed attributes",
                                    shortest=1,
                                    longest=1,
                                    secret=True,
                                    about="mask",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="predicates",
                                    shortest=20,
                                    longest=20,
                                    secret=True,
                                    about="four places of tag, kind, value in 3 octets",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="hash of rp_context",
                                    shortest=32,
                                    longest=32,
                                    secret=True,
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="display name",
                                    shortest=129,
                                    longest=129,
                                    secret=True,
                                    about="length, UTF-8, zeros",
                                ),
                            ),
                        ),
                    ),
                    about="215 octets, whatever it says",
                ),
                rights="HOLDER",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="an entry"),
            StatusWord(value=0x6100, mask=0xFF00, when="an entry, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6700, when="data, or no Le"),
            StatusWord(
                value=0x6982,
                when="PIN not verified, or a terminal has shown its rights in this session",
            ),
            StatusWord(value=0x6A83, when="the log has no such entry"),
            StatusWord(value=0x6A86, when="P1 not 00, or P2 above 1F"),
        ),
        examples=(
            Example(
                about=(
                    "without the PIN, then with it on a card that nobody has asked yet (the PIN is 123456)"
                ),
                given="pin",
                steps=(
                    (bytes.fromhex("8038000000"), "6982"),
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                    (bytes.fromhex("8038000000"), "6A83"),
                ),
            ),
            Example(
                about="malformed: more entries than there are places; no Le",
                given="pin",
                steps=((bytes.fromhex("8038002000"), "6A86"), (bytes.fromhex("80380000"), "6700")),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
    ),
    CommandSpec(
        name="SETTINGS",
        group="identity",
        cla=0x80,
        ins=0x3A,
        clause="project 2.6",
        effect=(
            "PRESENT wants the PIN for every predicate where age without PIN is 00, for everything where "
            "always PIN is 01; a new card has 01 and 00"
        ),
        variants=(
            Variant(
                name="READ OR SET",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.OPTIONAL,
                    shortest=11,
                    longest=11,
                    objects=(
                        DataObject(
                            tag=0xE7,
                            name="settings",
                            shortest=9,
                            longest=9,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="age without PIN",
                                    shortest=1,
                                    longest=1,
                                    about="01 on, 00 off",
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="always PIN",
                                    shortest=1,
                                    longest=1,
                                    about="01 on, 00 off",
                                ),
                            ),
                        ),
                    ),
                ),
                response=Field(
                    presence=Presence.REQUIRED,
                    shortest=11,
                    longest=11,
                    objects=(
                        DataObject(
                            tag=0xE7,
                            name="settings",
                            shortest=9,
                            longest=9,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="age without PIN",
                                    shortest=1,
                                    longest=1,
                                    about="01 on, 00 off",
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="always PIN",
                                    shortest=1,
                                    longest=1,
                                    about="01 on, 00 off",
                                ),
                            ),
                        ),
                    ),
                    about="as the settings now are",
                ),
                rights="HOLDER",
                about="without data reads; with data sets both",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="read, or set"),
            StatusWord(value=0x6100, mask=0xFF00, when="read or set, and the rest waits for GET RESPONSE"),
            StatusWord(value=0x6581, when="memory could not be written; nothing changed"),
            StatusWord(value=0x6700, when="no Le"),
            StatusWord(
                value=0x6982,
                when="PIN not verified, or a terminal has shown its rights in this session",
            ),
            StatusWord(value=0x6A80, when="malformed"),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
        ),
        examples=(
            Example(
                about="without the PIN, then read and set (the PIN is 123456)",
                given="pin",
                steps=(
                    (bytes.fromhex("803A000000"), "6982"),
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                    (bytes.fromhex("803A000000"), "E7098001018101018201009000"),
                    (bytes.fromhex("803A00000BE70980010181010082010100"), "E7098001018101008201019000"),
                    (bytes.fromhex("803A000000"), "E7098001018101008201019000"),
                ),
            ),
            Example(
                about="malformed: half of them",
                given="pin",
                steps=(
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                    (bytes.fromhex("803A000008E70680010181010000"), "6A80"),
                ),
            ),
            Example(
                about="without Le; another P1",
                given="pin",
                steps=((bytes.fromhex("803A0000"), "6700"), (bytes.fromhex("803A010000"), "6A86")),
            ),
            Example(
                about="with an Le that is too small",
                given="pin",
                steps=(
                    (bytes.fromhex("0020000306313233343536"), "9000"),
                    (bytes.fromhex("803A000004"), "E70980016107"),
                    (bytes.fromhex("00C0000007"), "018101018201009000"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
    ),
    CommandSpec(
        name="DESCRIBE TERMINAL",
        group="identity",
        cla=0x80,
        ins=0x3E,
        clause="project 2.6, development profile only",
        effect=(
            "the session takes the terminal's rights from it; every right not named is refused. Once after "
            "SELECT or reset"
        ),
        variants=(
            Variant(
                name="DESCRIPTION",
                p1=frozenset({0x00}),
                p2=frozenset({0x00}),
                p1_about=(("00", ""),),
                p2_about=(("00", ""),),
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=124,
                    longest=616,
                    objects=(
                        DataObject(
                            tag=0xE2,
                            name="terminal",
                            shortest=122,
                            longest=612,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(tag=0x81, name="rp_context", shortest=1, longest=255),
                                DataObject(
                                    tag=0x82,
                                    name="display name",
                                    shortest=1,
                                    longest=128,
                                    about="UTF-8",
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="OP",
                                    shortest=96,
                                    longest=96,
                                    about="the context's point, uncompressed",
                                ),
                                DataObject(
                                    tag=0xA4,
                                    name="predicates",
                                    shortest=4,
                                    longest=96,
                                    optional=True,
                                    children=(
                                        DataObject(
                                            tag=0x80,
                                            name="age",
                                            shortest=2,
                                            longest=2,
                                            optional=True,
                                            repeated=True,
                                            about="kind, years",
                                        ),
                                        DataObject(
                                            tag=0x81,
                                            name="day",
                                            shortest=4,
                                            longest=4,
                                            optional=True,
                                            repeated=True,
                                            about="kind, day in 3 octets",
                                        ),
                                    ),
                                    about="at most 16",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="attributes",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="mask",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="pseudonym",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="01",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="holder verification",
                                    shortest=1,
                                    longest=1,
                                    about="00 none, 01 PIN",
                                ),
                                DataObject(tag=0x88, name="not before", shortest=4, longest=4, about="day"),
                                DataObject(tag=0x89, name="not after", shortest=4, longest=4, about="day"),
                                DataObject(
                                    tag=0x8A,
                                    name="recognise",
                                    shortest=1,
                                    longest=1,
                                    optional=True,
                                    about="01",
                                ),
                            ),
                        ),
                    ),
                ),
                states=("NO_TERMINAL",),
                profiles=("development",),
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="taken"),
            StatusWord(value=0x6700, when="no data"),
            StatusWord(value=0x6985, when="the session has its terminal"),
            StatusWord(value=0x6A80, when="malformed, or OP not in the subgroup"),
            StatusWord(value=0x6A86, when="P1-P2 not 0000"),
            StatusWord(value=0x6D00, when="not the development profile"),
        ),
        examples=(
            Example(
                about="a shop that may ask 20 or over; a second description in the session",
                given="pin",
                steps=(
                    (
                        bytes.fromhex(
                            "803E000096E28193800101810C73616B652E6578616D706C65820953616B652053686F708360092D"
                            "9D0C16A090FB3C5AC26A1FEDBDECE9E09BFCB4D03387D7CAD315EB0381B7354C1C5EAFC891A2D767"
                            "027B5DF51C850C366253F86B2F66D1B2E9F145BEA762F6C35EFEB7F25BBEBAE00B2D305B014EAD4E"
                            "7964F850A9E4D80FBB98F5FEF41FA4048002011487010088040000D19489040000D1B6"
                        ),
                        "9000",
                    ),
                    (
                        bytes.fromhex(
                            "803E000096E28193800101810C73616B652E6578616D706C65820953616B652053686F708360092D"
                            "9D0C16A090FB3C5AC26A1FEDBDECE9E09BFCB4D03387D7CAD315EB0381B7354C1C5EAFC891A2D767"
                            "027B5DF51C850C366253F86B2F66D1B2E9F145BEA762F6C35EFEB7F25BBEBAE00B2D305B014EAD4E"
                            "7964F850A9E4D80FBB98F5FEF41FA4048002011487010088040000D19489040000D1B6"
                        ),
                        "6985",
                    ),
                ),
            ),
            Example(
                about="malformed: no objects",
                given="pin",
                steps=((bytes.fromhex("803E000002E200"), "6A80"),),
            ),
            Example(
                about="without data; another P1",
                given="pin",
                steps=((bytes.fromhex("803E0000"), "6700"), (bytes.fromhex("803E010002E200"), "6A86")),
            ),
            Example(
                about="not in the standard profile",
                given="standard",
                steps=((bytes.fromhex("803E000002E200"), "6D00"),),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED", "LOCKED"),
    ),
    CommandSpec(
        name="STORE DATA",
        group="identity",
        cla=0x80,
        ins=0xE2,
        clause="GlobalPlatform Card Specification 2.3, 11.11",
        effect=(
            "the last block decodes and checks everything and pins it in one commit, once in the card's life. "
            "Together the blocks are E5, the issuer's parameters, or E8, what the card trusts; or a statement "
            "of root and auditor about an issuer key or the trustees, which a newer one may follow; a newer "
            "list of trustees voids a commitment that has no credential yet"
        ),
        variants=(
            Variant(
                name="MORE BLOCKS",
                p1=frozenset({0x00}),
                p2=ANY_OCTET,
                p1_about=(("00", "more blocks follow"),),
                p2_about=(("00..FF", "block number; 00 begins anew"),),
                p2_name="block number",
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=4087,
                    parts=(Part(name="block", shortest=1, longest=4087),),
                    carries=(
                        DataObject(
                            tag=0xE5,
                            name="issuer's parameters",
                            shortest=49420,
                            longest=50599,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="profile",
                                    shortest=1,
                                    longest=1,
                                    about="of the cards that they are for",
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="PK",
                                    shortest=96,
                                    longest=96,
                                    about="the issuer's key in G2",
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="W1",
                                    shortest=48,
                                    longest=48,
                                    about="the issuer's key in G1",
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="X",
                                    shortest=96,
                                    longest=96,
                                    about="key of the digit table",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="table A",
                                    shortest=24576,
                                    longest=24576,
                                    about="256 points, uncompressed",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="table W",
                                    shortest=24576,
                                    longest=24576,
                                    about="256 points, uncompressed",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="ages",
                                    shortest=0,
                                    longest=150,
                                    about="answered without PIN, one octet each, ascending",
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="date",
                                    shortest=4,
                                    longest=4,
                                    about="day of personalisation",
                                ),
                                DataObject(
                                    tag=0x89,
                                    name="statement",
                                    shortest=1,
                                    longest=1024,
                                    optional=True,
                                    about=(
                                        "root's and auditor's about X, tables and ages; where the card has "
                                        "pinned their keys it must be there"
                                    ),
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0xE8,
                            name="what the card trusts",
                            shortest=146,
                            longest=8614,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="date",
                                    shortest=4,
                                    longest=4,
                                    about="day of personalisation",
                                ),
                                DataObject(
                                    tag=0xA2,
                                    name="trust points",
                                    shortest=68,
                                    longest=8202,
                                    children=(
                                        DataObject(
                                            tag=0x7F21,
                                            name="CVCA certificate",
                                            shortest=64,
                                            longest=4096,
                                            repeated=True,
                                            about="self-signed",
                                        ),
                                    ),
                                    about="one or two",
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="auditor's keys",
                                    shortest=65,
                                    longest=130,
                                    about="one or two points of P-256",
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="root's keys",
                                    shortest=65,
                                    longest=130,
                                    optional=True,
                                    about="of the issuer's root, one or two points of P-256",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="authority's keys",
                                    shortest=65,
                                    longest=130,
                                    optional=True,
                                    about="of the revocation authority, one or two points of P-256",
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x30,
                            name="statement",
                            shortest=69,
                            longest=65535,
                            children=(
                                DataObject(tag=0x30, name="record", shortest=1, longest=2048),
                                DataObject(
                                    tag=0x04,
                                    name="signature",
                                    shortest=64,
                                    longest=64,
                                    repeated=True,
                                    about="the root's, then the auditor's",
                                ),
                            ),
                            about=(
                                "signed by root and auditor, apdu_specs/mumei.asn1: type 4, an issuer key; "
                                "type 5, the trustees, in a higher version than the card's; type 6, signed by "
                                "the old key and the auditor, a pinned key's successor"
                            ),
                        ),
                    ),
                    about="the next octets",
                ),
                states=("NOT_PINNED",),
                rights="ISSUING",
            ),
            Variant(
                name="LAST BLOCK",
                p1=frozenset({0x80}),
                p2=ANY_OCTET,
                p1_about=(("80", "last block"),),
                p2_about=(("00..FF", "block number; 00 begins anew"),),
                p2_name="block number",
                data=Field(
                    presence=Presence.REQUIRED,
                    shortest=1,
                    longest=4087,
                    parts=(Part(name="block", shortest=1, longest=4087),),
                    carries=(
                        DataObject(
                            tag=0xE5,
                            name="issuer's parameters",
                            shortest=49420,
                            longest=50599,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="profile",
                                    shortest=1,
                                    longest=1,
                                    about="of the cards that they are for",
                                ),
                                DataObject(
                                    tag=0x82,
                                    name="PK",
                                    shortest=96,
                                    longest=96,
                                    about="the issuer's key in G2",
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="W1",
                                    shortest=48,
                                    longest=48,
                                    about="the issuer's key in G1",
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="X",
                                    shortest=96,
                                    longest=96,
                                    about="key of the digit table",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="table A",
                                    shortest=24576,
                                    longest=24576,
                                    about="256 points, uncompressed",
                                ),
                                DataObject(
                                    tag=0x86,
                                    name="table W",
                                    shortest=24576,
                                    longest=24576,
                                    about="256 points, uncompressed",
                                ),
                                DataObject(
                                    tag=0x87,
                                    name="ages",
                                    shortest=0,
                                    longest=150,
                                    about="answered without PIN, one octet each, ascending",
                                ),
                                DataObject(
                                    tag=0x88,
                                    name="date",
                                    shortest=4,
                                    longest=4,
                                    about="day of personalisation",
                                ),
                                DataObject(
                                    tag=0x89,
                                    name="statement",
                                    shortest=1,
                                    longest=1024,
                                    optional=True,
                                    about=(
                                        "root's and auditor's about X, tables and ages; where the card has "
                                        "pinned their keys it must be there"
                                    ),
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0xE8,
                            name="what the card trusts",
                            shortest=146,
                            longest=8614,
                            children=(
                                DataObject(tag=0x80, name="version", shortest=1, longest=1),
                                DataObject(
                                    tag=0x81,
                                    name="date",
                                    shortest=4,
                                    longest=4,
                                    about="day of personalisation",
                                ),
                                DataObject(
                                    tag=0xA2,
                                    name="trust points",
                                    shortest=68,
                                    longest=8202,
                                    children=(
                                        DataObject(
                                            tag=0x7F21,
                                            name="CVCA certificate",
                                            shortest=64,
                                            longest=4096,
                                            repeated=True,
                                            about="self-signed",
                                        ),
                                    ),
                                    about="one or two",
                                ),
                                DataObject(
                                    tag=0x83,
                                    name="auditor's keys",
                                    shortest=65,
                                    longest=130,
                                    about="one or two points of P-256",
                                ),
                                DataObject(
                                    tag=0x84,
                                    name="root's keys",
                                    shortest=65,
                                    longest=130,
                                    optional=True,
                                    about="of the issuer's root, one or two points of P-256",
                                ),
                                DataObject(
                                    tag=0x85,
                                    name="authority's keys",
                                    shortest=65,
                                    longest=130,
                                    optional=True,
                                    about="of the revocation authority, one or two points of P-256",
                                ),
                            ),
                        ),
                        DataObject(
                            tag=0x30,
                            name="statement",
                            shortest=69,
                            longest=65535,
                            children=(
                                DataObject(tag=0x30, name="record", shortest=1, longest=2048),
                                DataObject(
                                    tag=0x04,
                                    name="signature",
                                    shortest=64,
                                    longest=64,
                                    repeated=True,
                                    about="the root's, then the auditor's",
                                ),
                            ),
                            about=(
                                "signed by root and auditor, apdu_specs/mumei.asn1: type 4, an issuer key; "
                                "type 5, the trustees, in a higher version than the card's; type 6, signed by "
                                "the old key and the auditor, a pinned key's successor"
                            ),
                        ),
                    ),
                    about="the last octets",
                ),
                states=("NOT_PINNED",),
                rights="ISSUING",
            ),
        ),
        status_words=(
            StatusWord(value=0x9000, when="taken; with 80 in P1: checked and stored"),
            StatusWord(value=0x6700, when="no data"),
            StatusWord(
                value=0x6982,
                when=(
                    "neither inside SCP03 with C-MAC and C-ENC nor a terminal that may renew, with the PIN "
                    "verified"
                ),
            ),
            StatusWord(
                value=0x6985,
                when=(
                    "a block missing or repeated, pinned already, or an older list of trustees than the "
                    "card's"
                ),
            ),
            StatusWord(
                value=0x6A80,
                when=(
                    "malformed, of another profile, a point outside the curve or the subgroup, or a signature "
                    "or statement that does not hold"
                ),
            ),
            StatusWord(value=0x6A84, when="longer than any parameters"),
            StatusWord(value=0x6A86, when="P1 neither 00 nor 80"),
        ),
        examples=(
            Example(
                about="a standard card, in plain",
                given="maker",
                steps=((bytes.fromhex("80E2800002E500"), "6982"),),
            ),
            Example(
                about="a block out of order",
                given="pin",
                steps=((bytes.fromhex("80E2000102E500"), "6985"),),
            ),
            Example(
                about="malformed: one block that is all",
                given="pin",
                steps=((bytes.fromhex("80E2800002E500"), "6A80"),),
            ),
            Example(
                about="in two blocks, malformed all the same",
                given="pin",
                steps=((bytes.fromhex("80E2000001E5"), "9000"), (bytes.fromhex("80E280010100"), "6A80")),
            ),
            Example(
                about="without data; another P1",
                given="pin",
                steps=((bytes.fromhex("80E28000"), "6700"), (bytes.fromhex("80E2400002E500"), "6A86")),
            ),
            Example(
                about="inside SCP03, malformed: two blocks",
                given="maker",
                steps=(
                    (
                        bytes.fromhex("8050300008000102030405060700"),
                        "00000000000000000000300370B1E15634C09B877FFA8480C1D42240C60000019000",
                    ),
                    (bytes.fromhex("848203001063819C2EEA8E33E28A73C19FB2F249FC"), "9000"),
                    (bytes.fromhex("84E2000018ADABE3C7D217FE8A097A03417716E6CC4BC53C80336BE8C7"), "9000"),
                    (bytes.fromhex("84E2800118EBC98FC13603D589BC6DE36D8271A21FB4208BD10BC5AEA3"), "6A80"),
                ),
            ),
        ),
        life_cycle=("OP_READY", "INITIALIZED", "SECURED"),
    ),
)
