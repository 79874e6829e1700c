"""The terminal's side of secure messaging with AES: TR-03110-3 v2.21, F.3-F.6. Nothing here imports the project."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .pace import cmac
from .tlv import command, parse, tlv

_BLOCK = 16


def pad(data: bytes) -> bytes:
    """80, then 00 to whole blocks."""
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def unpad(data: bytes) -> bytes:
    """The reverse; AssertionError where there is no padding."""
    bare = data.rstrip(b"\x00")
    assert bare[-1:] == b"\x80", "the padding is wrong"
    return bare[:-1]


class SecureMessaging:
    """Keys and counter. ``counter`` may be turned by a test."""

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc, self._mac = enc, mac
        self.counter = 0

    def _cipher(self) -> Cipher[modes.CBC]:
        block = Cipher(algorithms.AES(self._enc), modes.ECB()).encryptor().update(self._ssc)
        return Cipher(algorithms.AES(self._enc), modes.CBC(block))

    @property
    def _ssc(self) -> bytes:
        return self.counter.to_bytes(_BLOCK, "big")

    def wrap(self, plain: bytes) -> bytes:
        """The protected form of a plain APDU; the counter moves on."""
        head, data, le = split(plain)
        self.counter += 1
        protected = bytes((head[0] | 0x0C,)) + head[1:]
        objects = b""
        if data:
            encryptor = self._cipher().encryptor()
            sealed = encryptor.update(pad(data)) + encryptor.finalize()
            objects = tlv("85", sealed) if head[1] & 1 else tlv("87", b"\x01" + sealed)
        if le is not None:
            objects += tlv("97", bytes((le % 256,)) if le <= 256 else (le % 65_536).to_bytes(2, "big"))
        return self.seal(protected, objects, long=(le or 0) > 256)

    def seal(self, header: bytes, objects: bytes, *, long: bool = False) -> bytes:
        """Header and objects with their MAC, as an APDU; the counter stays."""
        covered = pad(header) + (pad(objects) if objects else b"")
        body = objects + tlv("8E", cmac(self._mac, self._ssc + covered)[:8])
        extended = long or len(body) > 255
        return command(header.hex(), body, 65_536 if extended else 256, extended=extended)

    def unwrap(self, response: bytes) -> tuple[bytes, str]:
        """(data, status word) of a protected answer; AssertionError where its protection is wrong."""
        self.counter += 1
        body, outer = response[:-2], response[-2:]
        assert body, f"the card answered {outer.hex().upper()} in plain"
        objects = parse(body)
        found = dict(objects)
        assert [tag for tag, _ in objects] in (["99", "8E"], ["87", "99", "8E"], ["85", "99", "8E"])
        covered = b"".join(tlv(tag, value) for tag, value in objects[:-1])
        assert found["8E"] == cmac(self._mac, self._ssc + pad(covered))[:8], "the answer's MAC is wrong"
        assert found["99"] == outer, "the protected status word is not the plain one"
        sealed = found["87"][1:] if "87" in found else found.get("85", b"")
        if not sealed:
            return b"", outer.hex().upper()
        decryptor = self._cipher().decryptor()
        return unpad(decryptor.update(sealed) + decryptor.finalize()), outer.hex().upper()


def split(plain: bytes) -> tuple[bytes, bytes, int | None]:
    """(header, data, le) of an APDU that :func:`.tlv.command` could have made."""
    head, body = plain[:4], plain[4:]
    if not body:
        return head, b"", None
    if len(body) == 1:
        return head, b"", body[0] or 256
    if body[0]:
        data, rest, whole = body[1 : 1 + body[0]], body[1 + body[0] :], 256
    elif len(body) == 3:
        return head, b"", int.from_bytes(body[1:], "big") or 65_536
    else:
        size = int.from_bytes(body[1:3], "big")
        data, rest, whole = body[3 : 3 + size], body[3 + size :], 65_536
    return head, data, (int.from_bytes(rest, "big") or whole) if rest else None
