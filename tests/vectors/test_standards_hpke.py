"""HPKE base mode on P-256 with AES-128-GCM: RFC 9180's own vector, the slow reference, the library's HPKE."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hpke as library
from cryptography.hazmat.primitives.asymmetric import ec

from mumei_core.crypto.sealing import messages
from mumei_core.crypto.sealing.open import open_sealed
from mumei_core.crypto.sealing.seal import seal
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, InvalidProof

from .published import MISSING, ROOT, load, unhex
from .reference import hpke as reference
from .reference.encoding import Invalid

FILE = ROOT / "standards" / "hpke_p256_sha256_aes128gcm_base.json"
published = pytest.mark.skipif(not FILE.is_file(), reason=MISSING)
SUITE = library.Suite(library.KEM.P256, library.KDF.HKDF_SHA256, library.AEAD.AES_128_GCM)
RECIPIENT = SigningKey(int.from_bytes(b"recipient"))
INFO, AAD, TEXT = b"info", b"what goes with it", b"thirty-two octets of one message"


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    return load(FILE)


def given(octets: bytes) -> Callable[[int], bytes]:
    return lambda length: octets[:length]


def sealed_by_us() -> bytes:
    return seal(P256_GROUP, secrets.token_bytes, RECIPIENT.point, info=INFO, aad=AAD, plaintext=TEXT)


@published
def test_the_published_message_is_sealed_octet_for_octet_and_opened(vector: dict[str, Any]) -> None:
    first = vector["encryptions"][0]
    info, aad, text = unhex(vector["info"]), unhex(first["aad"]), unhex(first["pt"])
    expected = unhex(vector["enc"]) + unhex(first["ct"])
    random = given(unhex(vector["skEm"]))
    assert seal(P256_GROUP, random, unhex(vector["pkRm"]), info=info, aad=aad, plaintext=text) == expected
    assert open_sealed(unhex(vector["skRm"]), expected, info=info, aad=aad) == text
    secret = int.from_bytes(unhex(vector["skEm"]))
    assert reference.seal_base(unhex(vector["pkRm"]), info, aad, text, sk_e=secret) == expected


@published
def test_key_and_nonce_on_the_way(vector: dict[str, Any]) -> None:
    enc, recipient = unhex(vector["enc"]), unhex(vector["pkRm"])
    keys = messages.key_schedule(unhex(vector["dh"]), enc, recipient, unhex(vector["info"]))
    assert (keys.key, keys.nonce) == (unhex(vector["key"]), unhex(vector["base_nonce"]))


def test_the_reference_opens_ours_and_we_open_its() -> None:
    secret = int.from_bytes(RECIPIENT.secret_octets)
    assert reference.open_base(secret, sealed_by_us(), INFO, AAD) == TEXT
    theirs = reference.seal_base(RECIPIENT.point, INFO, AAD, TEXT, sk_e=12345)
    assert open_sealed(RECIPIENT.secret_octets, theirs, info=INFO, aad=AAD) == TEXT


def test_the_librarys_own_hpke_interoperates() -> None:
    """Its interface has no associated data."""
    key = ec.derive_private_key(int.from_bytes(RECIPIENT.secret_octets), ec.SECP256R1())
    ours = seal(P256_GROUP, secrets.token_bytes, RECIPIENT.point, info=INFO, aad=b"", plaintext=TEXT)
    assert SUITE.decrypt(ours, key, INFO) == TEXT
    theirs = SUITE.encrypt(TEXT, key.public_key(), INFO)
    assert open_sealed(RECIPIENT.secret_octets, theirs, info=INFO, aad=b"") == TEXT


def test_every_message_has_a_key_of_its_own() -> None:
    assert len({sealed_by_us()[: messages.ENC_LENGTH] for _ in range(4)}) == 4


@pytest.mark.parametrize("wrong", ["info", "aad", "recipient", "ciphertext", "tag", "enc"])
def test_nothing_else_opens(wrong: str) -> None:
    sealed = bytearray(sealed_by_us())
    secret, info, aad = RECIPIENT.secret_octets, INFO, AAD
    if wrong == "info":
        info = INFO + b"\0"
    elif wrong == "aad":
        aad = b""
    elif wrong == "recipient":
        secret = SigningKey(2).secret_octets
    elif wrong == "enc":
        sealed[: messages.ENC_LENGTH] = SigningKey(3).point
    else:
        sealed[messages.ENC_LENGTH if wrong == "ciphertext" else -1] ^= 1
    with pytest.raises(InvalidProof):
        open_sealed(secret, bytes(sealed), info=info, aad=aad)
    with pytest.raises(Invalid):
        reference.open_base(int.from_bytes(secret), bytes(sealed), info, aad)


@pytest.mark.parametrize("octets", [b"", bytes(80), bytes(113), b"\x04" + bytes(112)])
def test_what_is_not_sealed_at_all(octets: bytes) -> None:
    with pytest.raises(DecodingError):
        open_sealed(RECIPIENT.secret_octets, octets, info=INFO, aad=AAD)
