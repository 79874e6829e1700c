"""Selecting and reading: application, files, data objects (ISO/IEC 7816-4:2005 clause 7).

Everything here is the same on every card of a profile: nothing before authentication marks a card.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumei_card.applet import security_domain
from mumei_card.errors import CardError
from mumei_card.os.answer_to_reset import CARD_CAPABILITIES, CARD_SERVICE_DATA, life_cycle_status
from mumei_card.os.context import CardContext
from mumei_card.os.lifecycle import life_cycle_of
from mumei_card.os.registry import Registry
from mumei_core.commands import codes
from mumei_core.eac.card_access import CARD_ACCESS
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode

_BY_NAME = 0x04
_OCCURRENCE = 0x03
_FIRST_OR_LAST = (0x00, 0x01)
_FCI, _FCP, _NO_DATA = 0x00, 0x04, 0x0C

_DESCRIPTOR_DF = b"\x38"
_DESCRIPTOR_TRANSPARENT_EF = b"\x01"
_ACTIVATED = b"\x05"
_LABEL = b"mumei"

_SFI_FLAG = 0x80
_SFI_MASK = 0x1F


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementaryFile:
    """A transparent file that anyone may read and nobody may write. ``fid``: 2 octets. ``sfi``: 5 bits."""

    fid: int
    sfi: int
    content: bytes

    def control_parameters(self) -> bytes:
        """The objects inside FCP (clause 5.3.3)."""
        return (
            encode(codes.TAG_FILE_SIZE, len(self.content).to_bytes(2))
            + encode(codes.TAG_FILE_DESCRIPTOR, _DESCRIPTOR_TRANSPARENT_EF)
            + encode(codes.TAG_FILE_IDENTIFIER, self.fid.to_bytes(2))
            + encode(codes.TAG_SHORT_FILE_IDENTIFIER, bytes((self.sfi << 3,)))
            + encode(codes.TAG_LIFE_CYCLE, _ACTIVATED)
        )


def _length_information() -> bytes:
    """ICAO Doc 9303-10 (8th ed.) 3.11.1: two integers, octets of a whole command and of a whole response."""
    integers = (size.to_bytes(2) for size in (codes.MAX_COMMAND, codes.MAX_RESPONSE))
    return b"".join(encode(codes.TAG_DER_INTEGER, integer) for integer in integers)


def _data_objects(context: CardContext) -> dict[int, bytes]:
    """The historical bytes' objects and the card's longest APDUs, by tag, in the order of EF.ATR/INFO."""
    return {
        codes.TAG_CARD_SERVICE_DATA: CARD_SERVICE_DATA,
        codes.TAG_CARD_CAPABILITIES: CARD_CAPABILITIES,
        codes.TAG_LIFE_CYCLE_STATUS: life_cycle_status(life_cycle_of(context.nvm)),
        codes.TAG_EXTENDED_LENGTH_INFORMATION: _length_information(),
    }


def _ef_atr(context: CardContext) -> ElementaryFile:
    """EF.ATR/INFO, clause 8.2.1.1."""
    objects = _data_objects(context).items()
    content = b"".join(encode(tag, value) for tag, value in objects)
    return ElementaryFile(fid=codes.FID_EF_ATR, sfi=codes.SFI_EF_ATR, content=content)


EF_DIR = ElementaryFile(
    fid=codes.FID_EF_DIR,
    sfi=codes.SFI_EF_DIR,
    content=encode(
        codes.TAG_APPLICATION_TEMPLATE,
        encode(codes.TAG_AID, codes.AID) + encode(codes.TAG_APPLICATION_LABEL, _LABEL),
    ),
)
EF_CARD_ACCESS = ElementaryFile(
    fid=codes.FID_EF_CARD_ACCESS, sfi=codes.SFI_EF_CARD_ACCESS, content=CARD_ACCESS
)


def register(registry: Registry) -> None:
    """SELECT, READ BINARY, GET DATA. GET RESPONSE is the kernel's."""
    registry.bind("SELECT", select)
    registry.bind("READ BINARY", read_binary)
    registry.bind("GET DATA", get_data)


def select(command: CommandAPDU, context: CardContext) -> bytes:
    """SELECT, clause 7.1.1. The application is the card's default, so its files work without it too."""
    if command.p1 == _BY_NAME:
        return _select_application(command, context)
    return _select_file(command, context)


def _select_application(command: CommandAPDU, context: CardContext) -> bytes:
    if security_domain.is_reachable(context) and codes.ISD_AID.startswith(command.data):
        return security_domain.select(command, context)
    if not codes.AID.startswith(command.data):
        raise CardError(codes.SW_NOT_FOUND, "no application with this name")
    if command.p2 & _OCCURRENCE not in _FIRST_OR_LAST:
        raise CardError(codes.SW_NOT_FOUND, "there is only one application")
    context.security_status.select()
    name = encode(codes.TAG_DF_NAME, codes.AID)
    template = command.p2 & ~_OCCURRENCE
    if template == _FCI:
        own = encode(codes.TAG_FCI_APPLICATION_VERSION, bytes((codes.APPLICATION_VERSION,)))
        own += encode(codes.TAG_FCI_PROFILE, bytes((context.profile,)))
        return encode(codes.TAG_FCI, name + encode(codes.TAG_PROPRIETARY_INFORMATION, own))
    if template == _FCP:
        descriptor = encode(codes.TAG_FILE_DESCRIPTOR, _DESCRIPTOR_DF)
        life_cycle = encode(codes.TAG_LIFE_CYCLE, life_cycle_status(life_cycle_of(context.nvm)))
        return encode(codes.TAG_FCP, descriptor + name + life_cycle)
    return b""


def _select_file(command: CommandAPDU, context: CardContext) -> bytes:
    file = _find(context, fid=int.from_bytes(command.data))
    context.security_status.current_file = file.fid
    if command.p2 == _NO_DATA:
        return b""
    tag = codes.TAG_FCI if command.p2 == _FCI else codes.TAG_FCP
    return encode(tag, file.control_parameters())


def _find(context: CardContext, *, fid: int | None = None, sfi: int | None = None) -> ElementaryFile:
    # The development profile has no PACE, so nothing to say of it.
    present: tuple[ElementaryFile, ...] = (
        () if context.profile == codes.PROFILE_DEVELOPMENT else (EF_CARD_ACCESS,)
    )
    for file in (_ef_atr(context), EF_DIR, *present):
        if fid == file.fid or sfi == file.sfi:
            return file
    raise CardError(codes.SW_NOT_FOUND, "no such file")


def _current(context: CardContext) -> ElementaryFile:
    current = context.security_status.current_file
    if current is None:
        raise CardError(codes.SW_NO_CURRENT_FILE, "no file is selected")
    return _find(context, fid=current)


def read_binary(command: CommandAPDU, context: CardContext) -> ResponseAPDU:
    """READ BINARY, clause 7.2.3, even instruction: offset in P1-P2, or short file identifier in P1."""
    if command.p1 & _SFI_FLAG:
        # Number 0 is the current file (5.3.1.1).
        number = command.p1 & _SFI_MASK
        file = _find(context, sfi=number) if number else _current(context)
        offset = command.p2
    else:
        file = _current(context)
        offset = command.p1 << 8 | command.p2
    if offset >= len(file.content):
        raise CardError(codes.SW_WRONG_OFFSET, "the offset lies outside the file")
    context.security_status.current_file = file.fid
    wanted = _le(command)
    data = file.content[offset : offset + wanted]
    # The largest Le asks for all there is; any other one asks for that many octets.
    cut_short = len(data) < wanted and wanted not in (MAX_SHORT_LE, MAX_EXTENDED_LE)
    return ResponseAPDU(data, codes.SW_END_OF_FILE if cut_short else codes.SW_OK)


def get_data(command: CommandAPDU, context: CardContext) -> bytes:
    """GET DATA, clause 7.4.2, even instruction: the data object whose tag is P1-P2."""
    tag = command.p1 << 8 | command.p2
    if tag == codes.TAG_OPERATION_COUNTERS and context.profile == codes.PROFILE_DEVELOPMENT:
        return _operation_counters(context)
    value = _data_objects(context).get(tag)
    if value is None:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no such data object")
    return encode(tag, value)


def _operation_counters(context: CardContext) -> bytes:
    counters = context.counters
    counts = (
        (codes.TAG_COUNT_G1_MULTIPLICATIONS, counters.g1_multiplications),
        (codes.TAG_COUNT_G1_ADDITIONS, counters.g1_additions),
        (codes.TAG_COUNT_HASH_TO_CURVE, counters.hash_to_curve),
        (codes.TAG_COUNT_HASH_TO_SCALAR, counters.hash_to_scalar),
        (codes.TAG_COUNT_NVM_WRITES, counters.nvm_writes),
        (codes.TAG_COUNT_RANDOM_OCTETS, counters.random_octets),
    )
    inner = b"".join(encode(tag, count.to_bytes(4)) for tag, count in counts)
    return encode(codes.TAG_OPERATION_COUNTERS, inner)


def _le(command: CommandAPDU) -> int:
    """Le of a command that Admission let through with one."""
    return command.le or 0
