"""What both sides of an SCP03 channel share: levels, the answer to INITIALIZE UPDATE, session keys, MACs and
encryption (GlobalPlatform Amendment D v1.1.2, 4.1.5, 5.1, 6.2, 7.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from mumei_core.commands import codes
from mumei_core.errors import DecodingError, ProtocolError
from mumei_core.gp.kdf import Constant, aes_cmac, scp03_derive
from mumei_core.gp.keys import BLOCK, StaticKeys
from mumei_core.iso7816.apdu import MAX_SHORT_DATA, CommandAPDU
from mumei_core.metering import count_aes

SECURE_MESSAGING_BIT: Final = 0x04
_CHANNEL_BITS: Final = 0x03
SEQUENCE_OCTETS: Final = 3
_DIVERSIFICATION_OCTETS: Final = 10
_PAD_MARK: Final = b"\x80"


class Scp03Error(ProtocolError):
    """The channel is not, or no longer, what it should be. ``sw``: what a card answers."""

    def __init__(self, message: str, *, sw: int) -> None:
        super().__init__(message)
        self.sw = sw


class CryptogramError(Scp03Error):
    """The other side does not know the static keys."""


class Mode(Enum):
    """S8 and S16: octets of challenges, cryptograms and MACs (6.2.5, parameter i bit 1)."""

    S8 = 8
    S16 = 16


class Level(IntFlag):
    """Security level, P1 of EXTERNAL AUTHENTICATE (7.1.2.1)."""

    NONE = 0x00
    C_MAC = 0x01
    C_ENC = 0x02
    R_MAC = 0x10
    R_ENC = 0x20
    C_MAC_C_ENC = 0x03
    C_MAC_R_MAC = 0x11
    C_MAC_C_ENC_R_MAC = 0x13
    ALL = 0x33


LEVELS: Final = frozenset(
    {Level.NONE, Level.C_MAC, Level.C_MAC_C_ENC, Level.C_MAC_R_MAC, Level.C_MAC_C_ENC_R_MAC, Level.ALL}
)


class Parameter(IntFlag):
    """Parameter i in the answer to INITIALIZE UPDATE (5.1, table 5-1)."""

    S16 = 0x01
    PSEUDO_RANDOM_CHALLENGE = 0x10
    R_MAC = 0x20
    R_ENC = 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class InitializeUpdateAnswer:
    """The card's answer to INITIALIZE UPDATE (7.1.1.6).

    ``diversification_data`` 10 octets · ``key_version`` · ``parameter`` i · ``challenge`` and ``cryptogram``
    of 8 or 16 octets · ``sequence_counter`` 3 octets, empty where the card's challenges are truly random.
    """

    diversification_data: bytes
    key_version: int
    parameter: int
    challenge: bytes
    cryptogram: bytes
    sequence_counter: bytes = b""

    @classmethod
    def from_bytes(cls, octets: bytes) -> InitializeUpdateAnswer:
        """Raises DecodingError for another protocol or length: 29, 32, 45 or 48 octets."""
        at = _DIVERSIFICATION_OCTETS
        head = octets[at : at + 3]
        if len(head) != 3 or head[1] != codes.SCP03_IDENTIFIER:
            raise DecodingError("the card does not answer in SCP03")
        parameter = Parameter(head[2])
        size = (Mode.S16 if parameter & Parameter.S16 else Mode.S8).value
        counter = SEQUENCE_OCTETS if parameter & Parameter.PSEUDO_RANDOM_CHALLENGE else 0
        body = octets[at + 3 :]
        if len(body) != 2 * size + counter:
            raise DecodingError("the answer to INITIALIZE UPDATE is not as long as its parameter i says")
        return cls(
            diversification_data=octets[:at],
            key_version=head[0],
            parameter=head[2],
            challenge=body[:size],
            cryptogram=body[size : 2 * size],
            sequence_counter=body[2 * size :],
        )

    def to_bytes(self) -> bytes:
        head = bytes((self.key_version, codes.SCP03_IDENTIFIER, self.parameter))
        return self.diversification_data + head + self.challenge + self.cryptogram + self.sequence_counter


def card_challenge(k_enc: bytes, sequence_counter: bytes, aid: bytes, mode: Mode) -> bytes:
    """The pseudo-random card challenge (6.2.2.1), 8 or 16 octets."""
    context = sequence_counter + aid
    return scp03_derive(k_enc, Constant.CARD_CHALLENGE, bits=8 * mode.value, context=context)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """S-ENC, S-MAC, S-RMAC of one session, and both cryptograms (6.2.1, 6.2.2)."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    rmac: bytes = field(repr=False)
    card_cryptogram: bytes = field(repr=False)
    host_cryptogram: bytes = field(repr=False)

    @classmethod
    def derive(cls, static: StaticKeys, host_challenge: bytes, challenge: bytes) -> SessionKeys:
        """Both challenges of one length, 8 or 16 octets."""
        context = host_challenge + challenge
        # S-RMAC too comes from K_MAC (table 4-1).
        mac = scp03_derive(static.mac, Constant.S_MAC, bits=static.bits, context=context)
        bits = 8 * len(challenge)
        return cls(
            enc=scp03_derive(static.enc, Constant.S_ENC, bits=static.bits, context=context),
            mac=mac,
            rmac=scp03_derive(static.mac, Constant.S_RMAC, bits=static.bits, context=context),
            card_cryptogram=scp03_derive(mac, Constant.CARD_CRYPTOGRAM, bits=bits, context=context),
            host_cryptogram=scp03_derive(mac, Constant.HOST_CRYPTOGRAM, bits=bits, context=context),
        )


@dataclass(slots=True, kw_only=True)
class Session:
    """What both sides keep of an open channel: keys, level, MAC chain, counter. ``counter`` 0 is EXTERNAL
    AUTHENTICATE; each later command has the next number, with data or without."""

    keys: SessionKeys = field(repr=False)
    mode: Mode
    level: Level = Level.NONE
    chain: bytes = field(default=bytes(BLOCK), repr=False)
    counter: int = 0

    def command_mac(self, command: CommandAPDU) -> bytes:
        """The next C-MAC chaining value, 16 octets, over a command whose data are final but for the MAC (6.2.4)."""
        length = len(command.data) + self.mode.value
        lc = bytes((length,)) if length <= MAX_SHORT_DATA else b"\x00" + length.to_bytes(2)
        cla = (command.cla | SECURE_MESSAGING_BIT) & ~_CHANNEL_BITS
        header = bytes((cla, command.ins, command.p1, command.p2))
        return aes_cmac(self.keys.mac, self.chain + header + lc + command.data)

    def response_mac(self, data: bytes, sw: int) -> bytes:
        """R-MAC, 8 or 16 octets, under the chaining value of the command it answers (6.2.5)."""
        return aes_cmac(self.keys.rmac, self.chain + data + sw.to_bytes(2))[: self.mode.value]

    def cipher(self, *, response: bool) -> Cipher[CBC]:
        """AES-CBC under the counter of this exchange (6.2.6, 6.2.7)."""
        count_aes(BLOCK)
        block = bytearray(self.counter.to_bytes(BLOCK))
        if response:
            block[0] = 0x80
        encryptor = Cipher(AES(self.keys.enc), ECB()).encryptor()  # noqa: S305 - one block: the ICV
        return Cipher(AES(self.keys.enc), CBC(encryptor.update(bytes(block)) + encryptor.finalize()))

    def encrypt(self, data: bytes, *, response: bool = False) -> bytes:
        padded = data + _PAD_MARK
        padded += bytes(-len(padded) % BLOCK)
        count_aes(len(padded))
        encryptor = self.cipher(response=response).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, data: bytes, *, response: bool = False) -> bytes:
        """Raises DecodingError. More padding than needed is taken: some cards add a whole block."""
        if len(data) % BLOCK:
            raise DecodingError("encrypted data do not fill their blocks")
        count_aes(len(data))
        decryptor = self.cipher(response=response).decryptor()
        unpadded = (decryptor.update(data) + decryptor.finalize()).rstrip(b"\x00")
        if not unpadded.endswith(_PAD_MARK):
            raise DecodingError("encrypted data have no padding")
        return unpadded[:-1]


def carries_mac(sw: int) -> bool:
    """Whether a response with this status word carries an R-MAC: 90 00 and warnings only (6.2.5)."""
    return sw == codes.SW_OK or sw >> 8 in (0x62, 0x63)
