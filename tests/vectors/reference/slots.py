"""Epochs, buckets, the slot tree and its statement, a second time, by their definitions (2.5)."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from .credential import hash_to_curve
from .curve import G1
from .encoding import i2osp


def epoch_of(day: date) -> int:
    """Weeks between this day's Monday and that of 1880-01-01."""
    first = date(1880, 1, 1)
    return ((day - timedelta(days=day.weekday())) - (first - timedelta(days=first.weekday()))).days // 7


def bucket_of(rp_context: bytes) -> int:
    number = 0
    for octet in hashlib.sha256(rp_context).digest():
        number = number * 256 + octet
    return number % 64


def slot_point(epoch: int, bucket: int, k: int) -> G1:
    return hash_to_curve(b"MUMEI-REV-V1" + i2osp(epoch, 4) + i2osp(bucket, 2) + i2osp(k, 1))


def uncompressed(point: G1) -> bytes:
    """x || y."""
    x, y = point.affine()
    return i2osp(x.n, 48) + i2osp(y.n, 48)


def root_of(leaves: list[bytes]) -> bytes:
    """By halves: the root of the left one and the root of the right one."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def path_of(leaves: list[bytes], k: int) -> list[bytes]:
    """The sibling next to the leaf first."""
    if len(leaves) == 1:
        return []
    half = len(leaves) // 2
    if k < half:
        return [*path_of(leaves[:half], k), root_of(leaves[half:])]
    return [*path_of(leaves[half:], k - half), root_of(leaves[:half])]


def leaves_of(points: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + i2osp(k, 1) + point).digest() for k, point in enumerate(points)]


def tlv(tag: int, value: bytes) -> bytes:
    """DER with a length of one octet."""
    assert len(value) < 0x80
    return bytes((tag, len(value))) + value


def integer(value: int) -> bytes:
    octets = value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
    return tlv(0x02, b"\0" + octets if octets[0] & 0x80 else octets)


def slots_record(epoch: int, bucket: int, root: bytes) -> bytes:
    body = tlv(0x0C, b"MUMEI-AUDIT-V1") + integer(2)
    body += tlv(0x04, b"MUMEI-REV-V1" + i2osp(epoch, 4) + i2osp(bucket, 2))
    return tlv(0x30, body + integer(epoch) + integer(bucket) + tlv(0x04, root))
