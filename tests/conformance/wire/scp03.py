"""The host's side of SCP03 (GlobalPlatform Amendment D v1.1.2), AES-128, S8. Nothing here imports the project."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .pace import cmac
from .secure_messaging import pad, split, unpad
from .tlv import command

_CARD_CRYPTOGRAM, _HOST_CRYPTOGRAM, _CARD_CHALLENGE, _ENC, _MAC, _RMAC = 0, 1, 2, 4, 6, 7


def derive(key: bytes, constant: int, bits: int, context: bytes) -> bytes:
    """4.1.5: one block of the counter-mode KDF, cut to ``bits``."""
    fixed = bytes(11) + bytes((constant, 0)) + bits.to_bytes(2, "big") + b"\x01" + context
    return cmac(key, fixed)[: bits // 8]


class Scp03:
    """One session. ``enc`` and ``mac``: static keys of 16 octets. ``answer``: of INITIALIZE UPDATE, 32 octets."""

    def __init__(self, enc: bytes, mac: bytes, challenge: bytes, answer: bytes, *, level: int = 0x33) -> None:
        assert len(answer) == 32, "29 octets and a sequence counter"
        self.diversification_data, self.key_version = answer[:10], answer[10]
        self.identifier, self.i = answer[11], answer[12]
        self.card_challenge, self.card_cryptogram, self.sequence = answer[13:21], answer[21:29], answer[29:]
        self.level = level
        context = challenge + self.card_challenge
        self._enc, self._mac, self._rmac = (
            derive(key, constant, 128, context) for key, constant in ((enc, _ENC), (mac, _MAC), (mac, _RMAC))
        )
        self.expected_cryptogram = derive(self._mac, _CARD_CRYPTOGRAM, 64, context)
        self.expected_challenge = derive(
            enc, _CARD_CHALLENGE, 64, self.sequence + bytes.fromhex("A000000151000000")
        )
        self._host_cryptogram = derive(self._mac, _HOST_CRYPTOGRAM, 64, context)
        self._chain = bytes(16)
        self._counter = 0

    def external_authenticate(self, cryptogram: bytes | None = None) -> bytes:
        """The command; another ``cryptogram`` than the right one gets a right MAC."""
        return self._with_mac(bytes((0x84, 0x82, self.level, 0)), cryptogram or self._host_cryptogram, None)

    def _with_mac(self, header: bytes, data: bytes, le: int | None) -> bytes:
        size = len(data) + 8
        length = bytes((size,)) if size < 256 else b"\x00" + size.to_bytes(2, "big")
        self._chain = cmac(self._mac, self._chain + header + length + data)
        return command(header.hex(), data + self._chain[:8], le)

    def _cipher(self, *, response: bool = False) -> Cipher[modes.CBC]:
        block = self._counter.to_bytes(16, "big")
        if response:
            block = b"\x80" + block[1:]
        iv = Cipher(algorithms.AES(self._enc), modes.ECB()).encryptor().update(block)
        return Cipher(algorithms.AES(self._enc), modes.CBC(iv))

    def wrap(self, plain: bytes) -> bytes:
        """The protected form of a plain APDU."""
        head, data, le = split(plain)
        self._counter += 1
        header = bytes((head[0] | 0x04,)) + head[1:]
        if data and self.level & 0x02:
            encryptor = self._cipher().encryptor()
            data = encryptor.update(pad(data)) + encryptor.finalize()
        if not self.level & 0x01:
            return command(header.hex(), data, le)
        if self.level & 0x10 and le is None:
            le = 256
        return self._with_mac(header, data, le)

    def unwrap(self, response: bytes) -> tuple[bytes, str]:
        """(data, status word); AssertionError for a wrong protection."""
        data, sw = response[:-2], response[-2:]
        word = sw.hex().upper()
        if not self.level & 0x10 or sw[0] not in (0x90, 0x62, 0x63):
            return data, word
        data, mac = data[:-8], data[-8:]
        assert mac == cmac(self._rmac, self._chain + data + sw)[:8], "the answer's R-MAC is wrong"
        if data and self.level & 0x20:
            decryptor = self._cipher(response=True).decryptor()
            data = unpad(decryptor.update(data) + decryptor.finalize())
        return data, word
