"""Command and response APDUs, ISO/IEC 7816-4:2005 clause 5.1: the four cases, short and extended.

Lengths are those of clause 5.1: Lc 1..255 short or 1..65,535 extended; Le 1..256 short or 1..65,536 extended
(an encoded zero is the largest value). Short and extended lengths never mix in one command.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumei_core.commands.codes import SW_OK, SW_WRONG_LENGTH
from mumei_core.errors import DecodingError

MAX_SHORT_DATA = 255
MAX_SHORT_LE = 256
MAX_EXTENDED_DATA = 65_535
MAX_EXTENDED_LE = 65_536


class ApduError(DecodingError):
    """Octets are no APDU, or a field does not fit. ``sw`` is what a card answers: 67 00, wrong length."""

    sw = SW_WRONG_LENGTH


def _require_octet(name: str, value: int) -> None:
    if not 0 <= value <= 0xFF:
        raise ApduError(f"{name} is not one octet")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAPDU:
    """One command. ``le`` None means that no answer data are asked for (cases 1 and 3); else 1..65,536.

    The data may hold a PIN, so ``repr`` shows their number only.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("CLA", self.cla), ("INS", self.ins), ("P1", self.p1), ("P2", self.p2)):
            _require_octet(name, value)
        if len(self.data) > MAX_EXTENDED_DATA:
            raise ApduError("the data field is longer than 65,535 octets")
        if self.le is not None and not 1 <= self.le <= MAX_EXTENDED_LE:
            raise ApduError("Le is not in 1..65,536")

    def __repr__(self) -> str:
        return (
            f"CommandAPDU({self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}, "
            f"{len(self.data)} octets of data, le={self.le})"
        )

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2, 4 octets."""
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def fits_short(self) -> bool:
        """Whether the short form can carry it."""
        return len(self.data) <= MAX_SHORT_DATA and (self.le is None or self.le <= MAX_SHORT_LE)

    def to_bytes(self, *, extended: bool = False) -> bytes:
        """The octets to send. Raises :class:`ApduError` when they need the extended form and may not have it.

        Case 1 (no data, no Le) is the bare header in both forms.
        """
        if extended:
            return self.header + self._extended_body()
        if not self.fits_short:
            raise ApduError("the command needs extended length fields")
        body = bytes((len(self.data),)) + self.data if self.data else b""
        return self.header + body + (b"" if self.le is None else bytes((self.le % 256,)))

    def _extended_body(self) -> bytes:
        # Extended Le takes three octets without a data field and two after one (clause 5.1, table 2).
        le = b"" if self.le is None else (self.le % 65_536).to_bytes(2)
        if self.data:
            return b"\x00" + len(self.data).to_bytes(2) + self.data + le
        return b"\x00" + le if le else b""

    @classmethod
    def from_bytes(cls, octets: bytes) -> CommandAPDU:
        """Reads a whole command; trailing or missing octets raise :class:`ApduError`."""
        if len(octets) < 4:
            raise ApduError("a command has at least four octets")
        data, le = _parse_body(octets[4:])
        return cls(cla=octets[0], ins=octets[1], p1=octets[2], p2=octets[3], data=data, le=le)


def _parse_body(body: bytes) -> tuple[bytes, int | None]:
    """(data, le) of what follows the header, by the decoding conventions of clause 5.1."""
    if not body:
        return b"", None  # case 1
    if len(body) == 1:
        return b"", body[0] or MAX_SHORT_LE  # case 2 short: a lone 00 is Le = 256, not Lc
    if body[0]:
        return _split(body[1:], body[0], le_octets=1)
    if len(body) < 3:
        raise ApduError("Lc 00 is no short length, and an extended one has two more octets")
    length = int.from_bytes(body[1:3])
    if len(body) == 3:
        return b"", length or MAX_EXTENDED_LE  # case 2 extended
    if not length:
        raise ApduError("an extended Lc is not 0")
    return _split(body[3:], length, le_octets=2)


def _split(rest: bytes, length: int, *, le_octets: int) -> tuple[bytes, int | None]:
    """Case 3 or 4: data of the length said, then nothing or Le in the same form."""
    if len(rest) == length:
        return rest, None
    if len(rest) != length + le_octets:
        raise ApduError("the data field is not as long as Lc says")
    return rest[:length], int.from_bytes(rest[length:]) or 256**le_octets


@dataclass(frozen=True, slots=True)
class ResponseAPDU:
    """One response: 0..65,536 octets of data, then SW1-SW2 as one number (clause 5.1.3)."""

    data: bytes = b""
    sw: int = SW_OK

    def __post_init__(self) -> None:
        if len(self.data) > MAX_EXTENDED_LE:
            raise ApduError("a response holds at most 65,536 octets")
        if not 0 <= self.sw <= 0xFFFF:
            raise ApduError("SW1-SW2 are two octets")

    def __repr__(self) -> str:
        return f"ResponseAPDU({len(self.data)} octets of data, sw={self.sw:04X})"

    def to_bytes(self) -> bytes:
        return self.data + self.sw.to_bytes(2)

    @classmethod
    def from_bytes(cls, octets: bytes) -> ResponseAPDU:
        """Raises :class:`ApduError` when the status word is missing."""
        if len(octets) < 2:
            raise ApduError("a response ends with two status octets")
        return cls(octets[:-2], int.from_bytes(octets[-2:]))
