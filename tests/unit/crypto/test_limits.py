"""What the drafts forbid at the edges of key generation, hashing, points and proofs; and what `repr` shows."""

from __future__ import annotations

import pytest

from mumei_core.crypto.bbs.issuer import key_gen
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.bbs.prover import ProofRandoms
from mumei_core.crypto.curve import BP1, IDENTITY, R
from mumei_core.crypto.hashing import SHA_256, expand_message_xmd, expand_message_xof
from mumei_core.errors import DecodingError, UsageError


class TestKeyGen:
    def test_32_octets_of_material_are_the_least(self) -> None:
        assert 0 < key_gen(SHA_256, bytes(32)) < R
        with pytest.raises(UsageError):
            key_gen(SHA_256, bytes(31))

    def test_key_info_has_two_octets_of_length(self) -> None:
        longest = key_gen(SHA_256, bytes(32), bytes(65_535))
        assert longest != key_gen(SHA_256, bytes(32))
        with pytest.raises(UsageError):
            key_gen(SHA_256, bytes(32), bytes(65_536))


class TestExpandMessage:
    """RFC 9380, 5.3.1 step 2 and 5.3.2 step 1."""

    def test_xmd(self) -> None:
        assert len(expand_message_xmd(b"", b"DST", 255 * 32)) == 255 * 32
        for dst, length in ((b"DST", 255 * 32 + 1), (bytes(256), 32)):
            with pytest.raises(ValueError, match="too long"):
                expand_message_xmd(b"", dst, length)

    def test_xof(self) -> None:
        assert len(expand_message_xof(b"", b"DST", 65_535)) == 65_535
        for dst, length in ((b"DST", 65_536), (bytes(256), 32)):
            with pytest.raises(ValueError, match="too long"):
                expand_message_xof(b"", dst, length)


def test_the_identity_has_no_affine_coordinates() -> None:
    assert len(BP1.to_uncompressed()) == 96
    with pytest.raises(DecodingError, match="identity"):
        IDENTITY.to_uncompressed()


def test_a_proof_takes_as_many_randoms_as_it_hides_messages_and_five_more() -> None:
    randoms = ProofRandoms.from_sequence(range(1, 9), (0, 2, 4))
    assert randoms.m_tilde == {0: 6, 2: 7, 4: 8}
    for count in (7, 9):
        with pytest.raises(ValueError, match="5 \\+ U"):
            ProofRandoms.from_sequence(range(1, count + 1), (0, 2, 4))


def test_a_signature_shows_nothing_of_itself_and_a_point_only_its_beginning() -> None:
    e = 0x123456789ABCDEF
    shown = repr(Signature(A=BP1, e=e))
    assert f"{e:x}" not in shown and BP1.to_octets().hex()[:16] not in shown
    assert repr(BP1).startswith(f"Point({BP1.to_octets().hex()[:16]}")
