"""Secure messaging with AES (TR-03110-3 v2.21, F.3-F.6; ICAO Doc 9303-11, 8th edition, 9.8).

Every command and every answer goes encrypted (AES-CBC, IV = E(K_Enc, SSC)) and authenticated (first 8 octets of
CMAC over SSC and everything sent). The send sequence counter SSC has 16 octets, begins at 0 and goes up by one
before each command and before each answer. A first error is the last thing that happens: both classes then wipe
their keys.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from mumei_core.commands import codes
from mumei_core.errors import ProtocolError
from mumei_core.iso7816.apdu import (
    MAX_EXTENDED_LE,
    MAX_SHORT_DATA,
    MAX_SHORT_LE,
    CommandAPDU,
    ResponseAPDU,
)
from mumei_core.iso7816.ber_tlv import Tlv, TlvError, encode, parse
from mumei_core.metering import count_aes, count_cmac

SECURE_MESSAGING_BITS: Final = 0x0C
"""CLA bits 4 and 3: secure messaging, command header authenticated (ISO/IEC 7816-4:2005, 5.1.1)."""

BLOCK: Final = 16
MAC_LENGTH: Final = 8
_PADDING_INDICATOR: Final = b"\x01"
_MAC_OBJECT: Final = 2 + MAC_LENGTH
_MAX_SSC: Final = (1 << 128) - 1


class SecureMessagingError(ProtocolError):
    """A message is not protected as it must be. ``sw``: what a card answers in plain, 69 87 or 69 88."""

    def __init__(self, message: str, *, sw: int) -> None:
        super().__init__(message, hint="The session with the card is over; begin anew.")
        self.sw = sw


def is_protected(cla: int) -> bool:
    """Whether a command's class says that it is protected with an authenticated header."""
    return cla & SECURE_MESSAGING_BITS == SECURE_MESSAGING_BITS


def max_plain_data(max_protected: int, *, le: bool) -> int:
    """Octets of plain data whose protected data field still fits in ``max_protected`` octets.

    ``le``: the command has an Le. 223 and 239 in short commands; 0 where nothing fits.
    """
    extended = max_protected > MAX_SHORT_DATA
    room = max_protected - _MAC_OBJECT - (2 + 1 + extended if le else 0) - len(_PADDING_INDICATOR)
    room -= 4 if extended else 3
    return max(room // BLOCK * BLOCK - 1, 0)


class _Channel:
    """Keys, counter, and the objects that both directions share."""

    def __init__(self, k_enc: bytes, k_mac: bytes) -> None:
        self._k_enc, self._k_mac = bytearray(k_enc), bytearray(k_mac)
        self._ssc = 0

    @property
    def is_open(self) -> bool:
        """Whether there are keys still."""
        return bool(self._k_enc)

    def wipe(self) -> None:
        """Overwrite the keys; nothing passes any more. May be repeated."""
        for key in (self._k_enc, self._k_mac):
            key[:] = bytes(len(key))
            key.clear()

    def _fail(self, message: str, sw: int = codes.SW_SM_OBJECT_WRONG) -> SecureMessagingError:
        self.wipe()
        return SecureMessagingError(message, sw=sw)

    def _count(self) -> None:
        if not self.is_open:
            raise SecureMessagingError("the channel is closed", sw=codes.SW_SM_OBJECT_WRONG)
        if self._ssc == _MAX_SSC:
            raise self._fail("the send sequence counter is used up")
        self._ssc += 1

    def _mac(self, octets: bytes) -> bytes:
        count_cmac(BLOCK + len(octets))
        cmac = CMAC(algorithms.AES(bytes(self._k_mac)))
        cmac.update(self._ssc.to_bytes(BLOCK) + octets)
        return cmac.finalize()[:MAC_LENGTH]

    def _cipher(self) -> Cipher[modes.CBC]:
        count_aes(BLOCK)
        key = algorithms.AES(bytes(self._k_enc))
        encryptor = Cipher(key, modes.ECB()).encryptor()  # noqa: S305 - one block: the IV is E(K_Enc, SSC)
        return Cipher(key, modes.CBC(encryptor.update(self._ssc.to_bytes(BLOCK))))

    def _encrypt(self, data: bytes, ins: int) -> bytes:
        """The cryptogram as DO 87 (85 with an odd instruction); nothing for no data."""
        if not data:
            return b""
        padded = _pad(data)
        count_aes(len(padded))
        encryptor = self._cipher().encryptor()
        cryptogram = encryptor.update(padded) + encryptor.finalize()
        if ins & 1:
            return encode(codes.TAG_SM_CRYPTOGRAM_ODD, cryptogram)
        return encode(codes.TAG_SM_CRYPTOGRAM, _PADDING_INDICATOR + cryptogram)

    def _decrypt(self, cryptogram: Tlv, ins: int) -> bytes:
        value = cryptogram.value
        if not ins & 1:
            if value[:1] != _PADDING_INDICATOR:
                raise self._fail("an unknown padding indicator")
            value = value[1:]
        if not value or len(value) % BLOCK:
            raise self._fail("a cryptogram is not whole blocks")
        count_aes(len(value))
        decryptor = self._cipher().decryptor()
        padded = decryptor.update(value) + decryptor.finalize()
        data = padded.rstrip(b"\x00")
        if data[-1:] != b"\x80" or len(padded) - len(data) >= BLOCK:
            raise self._fail("the padding is wrong")
        if len(data) == 1:
            raise self._fail("a cryptogram of no data")
        return data[:-1]

    def _objects(self, octets: bytes, order: tuple[int, ...]) -> dict[int, Tlv]:
        """Tag to object of a protected data field: known ones only, each once, in this order, MAC last."""
        try:
            objects = parse(octets)
        except TlvError as error:
            raise self._fail(f"no data objects of secure messaging: {error}") from error
        tags = [item.tag for item in objects]
        if codes.TAG_SM_MAC not in tags:
            raise self._fail("the MAC is missing", codes.SW_SM_OBJECT_MISSING)
        places = [order.index(tag) if tag in order else -1 for tag in tags]
        if -1 in places or places != sorted(set(places)):
            raise self._fail("an object of secure messaging is unknown, doubled or out of order")
        return dict(zip(tags, objects, strict=True))

    def _check_mac(self, octets: bytes, header: bytes, mac: Tlv) -> None:
        """``octets``: the protected data field; its last object is the MAC, over all before it."""
        before = octets[: -len(mac.to_bytes())]
        if not hmac.compare_digest(mac.value, self._mac(_mac_input(header, before))):
            raise self._fail("the MAC is wrong")


class TerminalChannel(_Channel):
    """The terminal's side. ``k_enc``, ``k_mac``: 16, 24 or 32 octets, from PACE; the counter begins at 0."""

    _ins = 0

    def wrap(self, command: CommandAPDU, *, extended: bool) -> CommandAPDU:
        """The protected command. ``extended``: whether extended lengths may be used where they are needed.

        Raises :class:`SecureMessagingError` when the channel is closed; ApduError where the data do not fit.
        """
        self._count()
        self._ins = command.ins
        cla = command.cla | SECURE_MESSAGING_BITS
        objects = self._encrypt(command.data, command.ins)
        if command.le is not None:
            objects += encode(codes.TAG_SM_LE, _encode_le(command.le))
        header = bytes((cla, *command.header[1:]))
        data = objects + encode(codes.TAG_SM_MAC, self._mac(_mac_input(_pad(header), objects)))
        long = extended and (len(data) > MAX_SHORT_DATA or (command.le or 0) > MAX_SHORT_LE)
        return replace(command, cla=cla, data=data, le=MAX_EXTENDED_LE if long else MAX_SHORT_LE)

    def unwrap(self, response: ResponseAPDU) -> ResponseAPDU:
        """The plain answer to the last command. Raises :class:`SecureMessagingError` and wipes the keys."""
        self._count()
        if not response.data:
            raise self._fail(f"the card answered {response.sw:04X} in plain", codes.SW_SM_OBJECT_MISSING)
        cryptogram_tag = codes.TAG_SM_CRYPTOGRAM_ODD if self._ins & 1 else codes.TAG_SM_CRYPTOGRAM
        order = (cryptogram_tag, codes.TAG_SM_STATUS, codes.TAG_SM_MAC)
        found = self._objects(response.data, order)
        if codes.TAG_SM_STATUS not in found:
            raise self._fail("the status word is not protected", codes.SW_SM_OBJECT_MISSING)
        self._check_mac(response.data, b"", found[codes.TAG_SM_MAC])
        if found[codes.TAG_SM_STATUS].value != response.sw.to_bytes(2):
            raise self._fail("the protected status word is another one than the plain one")
        cryptogram = found.get(cryptogram_tag)
        return ResponseAPDU(self._decrypt(cryptogram, self._ins) if cryptogram else b"", response.sw)


class CardChannel(_Channel):
    """The card's side; as :class:`TerminalChannel`."""

    _ins = 0

    def unwrap(self, command: CommandAPDU) -> CommandAPDU:
        """The plain command; a chaining bit stays. Raises :class:`SecureMessagingError` and wipes the keys."""
        self._count()
        if not is_protected(command.cla):
            raise self._fail("a plain command", codes.SW_SM_OBJECT_MISSING)
        self._ins = command.ins
        cryptogram_tag = codes.TAG_SM_CRYPTOGRAM_ODD if command.ins & 1 else codes.TAG_SM_CRYPTOGRAM
        found = self._objects(command.data, (cryptogram_tag, codes.TAG_SM_LE, codes.TAG_SM_MAC))
        self._check_mac(command.data, _pad(command.header), found[codes.TAG_SM_MAC])
        le, cryptogram = found.get(codes.TAG_SM_LE), found.get(cryptogram_tag)
        if le is not None and len(le.value) not in (1, 2):
            raise self._fail("an Le is not one or two octets")
        return replace(
            command,
            cla=command.cla & ~SECURE_MESSAGING_BITS,
            data=self._decrypt(cryptogram, command.ins) if cryptogram else b"",
            le=_decode_le(le.value) if le else None,
        )

    def wrap(self, response: ResponseAPDU) -> ResponseAPDU:
        """The protected answer to the last command, whatever its status word."""
        self._count()
        objects = self._encrypt(response.data, self._ins)
        objects += encode(codes.TAG_SM_STATUS, response.sw.to_bytes(2))
        return ResponseAPDU(objects + encode(codes.TAG_SM_MAC, self._mac(_pad(objects))), response.sw)


def _pad(octets: bytes) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then zeros up to whole blocks; at least one octet."""
    return octets + b"\x80" + bytes(-(len(octets) + 1) % BLOCK)


def _mac_input(header: bytes, objects: bytes) -> bytes:
    """Padded header, then padded objects; no objects, no further padding (F.4, figure 5)."""
    return header + (_pad(objects) if objects else b"")


def _encode_le(le: int) -> bytes:
    return (le % MAX_EXTENDED_LE).to_bytes(2) if le > MAX_SHORT_LE else bytes((le % MAX_SHORT_LE,))


def _decode_le(octets: bytes) -> int:
    return int.from_bytes(octets) or 256 ** len(octets)
