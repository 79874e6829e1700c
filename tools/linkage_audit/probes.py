"""Probes: commands that a curious reader may send to any card, each with a name (ISO/IEC 7816-4:2005 clause 7).

None of them changes what the card remembers; those that do are in :mod:`.states`. A card that has taken
part in nothing yet and one with a long history must answer alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from mumei_core.commands import codes
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, CommandAPDU


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """``octets`` as they go to the card; some are no command at all."""

    name: str
    octets: bytes


_BY_NAME: Final = 0x04
_SFI: Final = 0x80
_NAMES: Final = {
    "our name": codes.AID,
    "half our name": codes.AID[:5],
    "another application": bytes.fromhex("A0000002471001"),
    "the security domain": bytes.fromhex("A000000151000000"),
    "the payment environment": b"2PAY.SYS.DDF01",
}
_FILES: Final = {
    "MF": 0x3F00,
    "EF.DIR": codes.FID_EF_DIR,
    "EF.ATR/INFO": codes.FID_EF_ATR,
    "EF.GDO": 0x2F02,
    "EF.CardAccess": 0x011C,
    "EF.CardSecurity": 0x011D,
    "EF.ChipSecurity": 0x011B,
    "no file": 0xDEAD,
}
#: Where cards of the world keep numbers of their own.
_TELLING_TAGS: Final = {
    "card production data": 0x9F7F,
    "issuer's number": 0x0042,
    "card's number": 0x0045,
    "card data": 0x0066,
    "diversification data": 0x00CF,
    "key information": 0x00E0,
    "sequence counter": 0x00C1,
    "card number, ISO": 0x005A,
    "serial number": 0x5F24,
    "certificate": 0x7F21,
    "name of the holder": 0x5F20,
    "extended length": codes.TAG_EXTENDED_LENGTH_INFORMATION,
    "capabilities": codes.TAG_CARD_CAPABILITIES,
    "operation counters": codes.TAG_OPERATION_COUNTERS,
    "application version": 0x0080,
    "FCI discretionary": 0xBF0C,
}
_PROTOCOLS: Final = {
    "MSE: Set AT": "0022C1A40F800A04007F00070202040202830101",
    "GENERAL AUTHENTICATE": "10860000027C0000",
    "PSO: verify certificate": "002A00BE047F4E0000",
    "EXTERNAL AUTHENTICATE": "0082000004DEADBEEF",
    "INTERNAL AUTHENTICATE": "0088000004DEADBEEF00",
    "INITIALIZE UPDATE": "8050000008010203040506070800",
    "GET STATUS": "80F28000024F0000",
    "GP GET DATA, card production data": "80CA9F7F00",
    "GP EXTERNAL AUTHENTICATE": "84820000100102030405060708090A0B0C0D0E0F10",
    "MANAGE CHANNEL": "0070000001",
    "READ RECORD": "00B2010C00",
    "SEARCH RECORD": "00A2010C0100",
    "UPDATE BINARY": "00D6000001FF",
    "GET UID of a reader": "FFCA000000",
    "GET RESPONSE": "00C0000000",
    "GET CHALLENGE, 8": "0084000008",
    "GET CHALLENGE, 16": "0084000010",
    "GET CHALLENGE, 256": "0084000000",
    "GET CHALLENGE, extended": "00840000000101",
    "class of another channel": "01A4040000",
    "secure messaging without keys": "0CB0810000",
    "secure messaging, objects": "0CB081000D97010A8E08000102030405060700",
    "chained SELECT, first part": "10A4040002F06D",
    "ENROL, empty": "8030000000",
    "ENROL, no object": "80300000040001020300",
    "STORE CREDENTIAL, no object": "80320000040001020300",
    "STORE DATA, block 7": "80E2000704DEADBEEF",
    "PRESENT, no object": "80340000040001020300",
    "PRESENT, empty object": "8034000002E10000",
    "PREPARE": "80360000040001020300",
    "LOG": "8038000000",
    "SETTINGS": "803A000000",
    "LINK": "803C0000040001020300",
    "DESCRIBE TERMINAL, no object": "803E00000400010203",
    "VERIFY, what of the PIN": "00200003",
    "VERIFY, what of the PUK": "00200004",
    "VERIFY, what of another": "00200001",
    "VERIFY, P1 01": "00200103",
    "SELECT, P2 20": "00A4042002F06D00",
    "VERIFY, too short": "0020000303313233",
    "VERIFY, letters": "0020000306414243444546",
    "CHANGE REFERENCE DATA, too short": "0024000303313233",
    "RESET RETRY COUNTER, too short": "002C000303313233",
    "one octet": "00",
    "header cut": "00A404",
    "Lc without data": "00A4040007",
    "Lc too large": "00A40400FFF06D",
    "more data than Lc": "00A4040002F06D756D",
    "extended Lc zero": "00A4040000000000",
}


_AT_EVERY_VISIT: Final = frozenset(
    {
        "SELECT our name, P2 00",
        "SELECT our name, P2 04",
        "SELECT the security domain, P2 00",
        "SELECT EF.CardAccess",
        f"READ BINARY, short identifier {codes.SFI_EF_ATR:02X}",
        f"READ BINARY, short identifier {codes.SFI_EF_DIR:02X}",
        "READ BINARY, short identifier 1C",
        "READ BINARY, current file",
        "GET CHALLENGE, 8",
        "GET CHALLENGE, 16",
        "MSE: Set AT",
        "GENERAL AUTHENTICATE",
        "PSO: verify certificate",
        "INITIALIZE UPDATE",
        "GET STATUS",
        "GET UID of a reader",
        "ENROL, empty",
        "PRESENT, no object",
        "LOG",
        "SETTINGS",
        "VERIFY, what of the PIN",
        "VERIFY, what of the PUK",
        "VERIFY, P1 01",
        "header cut",
    }
)


@cache
def short_battery() -> tuple[Probe, ...]:
    """About a hundred: for every state of every card."""
    return tuple(_short())


@cache
def visit_battery() -> tuple[Probe, ...]:
    """The most telling of the short battery: for every visit."""
    telling = {f"GET DATA, {name}" for name in _TELLING_TAGS} | _AT_EVERY_VISIT
    return tuple(probe for probe in short_battery() if probe.name in telling)


@cache
def long_battery() -> tuple[Probe, ...]:
    """Every instruction, every class, every data object of one octet, every short file identifier."""
    probes = list(_short())
    for cla in (codes.CLA_ISO, codes.CLA_PROPRIETARY):
        probes += (_plain(f"instruction {ins:02X} of class {cla:02X}", cla, ins) for ins in range(0x100))
    probes += (_plain(f"class {cla:02X}", cla, codes.INS_SELECT) for cla in range(0x100))
    probes += (_get_data(f"object {tag:02X}", tag) for tag in range(0x100))
    probes += (_get_data(f"object 5F{tag:02X}", 0x5F00 | tag) for tag in range(0x100))
    probes += (_get_data(f"object 7F{tag:02X}", 0x7F00 | tag) for tag in range(0x100))
    probes += (_get_data(f"object 9F{tag:02X}", 0x9F00 | tag) for tag in range(0x100))
    return tuple(probes)


def every_data_object() -> Iterator[Probe]:
    """GET DATA of all 65,536 tags."""
    return (_get_data(f"object {tag:04X}", tag) for tag in range(0x10000))


def present(name: str, request: bytes) -> Probe:
    """PRESENT with a request of the prober's choice."""
    command = CommandAPDU(
        cla=codes.CLA_PROPRIETARY, ins=codes.INS_PRESENT, p1=0, p2=0, data=request, le=MAX_EXTENDED_LE
    )
    return Probe(name=f"PRESENT, {name}", octets=command.to_bytes(extended=True))


def store_credential(data: bytes) -> Probe:
    """STORE CREDENTIAL with an issuer's data."""
    command = CommandAPDU(
        cla=codes.CLA_PROPRIETARY, ins=codes.INS_STORE_CREDENTIAL, p1=0, p2=0, data=data, le=MAX_SHORT_LE
    )
    return Probe(name="STORE CREDENTIAL", octets=command.to_bytes(extended=True))


def _short() -> Iterator[Probe]:
    for name, octets in _NAMES.items():
        for p2 in (0x00, 0x04, 0x0C):
            command = CommandAPDU(
                cla=codes.CLA_ISO, ins=codes.INS_SELECT, p1=_BY_NAME, p2=p2, data=octets, le=MAX_SHORT_LE
            )
            yield Probe(name=f"SELECT {name}, P2 {p2:02X}", octets=command.to_bytes())
    for name, fid in _FILES.items():
        yield Probe(
            name=f"SELECT {name}",
            octets=CommandAPDU(
                cla=codes.CLA_ISO,
                ins=codes.INS_SELECT,
                p1=2,
                p2=0,
                data=fid.to_bytes(2, "big"),
                le=MAX_SHORT_LE,
            ).to_bytes(),
        )
    for sfi in range(1, 0x1F):
        yield _read(f"READ BINARY, short identifier {sfi:02X}", _SFI | sfi, 0, MAX_SHORT_LE)
    yield _read("READ BINARY, current file", 0, 0, MAX_SHORT_LE)
    yield _read("READ BINARY, extended", 0, 0, MAX_EXTENDED_LE)
    yield _read("READ BINARY, past the end", 0x7F, 0xFF, MAX_SHORT_LE)
    for name, tag in _TELLING_TAGS.items():
        yield _get_data(name, tag)
    for name, text in _PROTOCOLS.items():
        yield Probe(name=name, octets=bytes.fromhex(text))


def _read(name: str, p1: int, p2: int, le: int) -> Probe:
    command = CommandAPDU(cla=codes.CLA_ISO, ins=codes.INS_READ_BINARY, p1=p1, p2=p2, le=le)
    return Probe(name=name, octets=command.to_bytes(extended=le > MAX_SHORT_LE))


def _get_data(name: str, tag: int) -> Probe:
    command = CommandAPDU(
        cla=codes.CLA_ISO, ins=codes.INS_GET_DATA, p1=tag >> 8, p2=tag & 0xFF, le=MAX_SHORT_LE
    )
    return Probe(name=f"GET DATA, {name}", octets=command.to_bytes())


def _plain(name: str, cla: int, ins: int) -> Probe:
    return Probe(name=name, octets=CommandAPDU(cla=cla, ins=ins, p1=0, p2=0).to_bytes())
