"""Standard proofs of other interfaces read as ours, and ours read as theirs (mumei protocol 2.9: own api_id)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fixtures.crypto_world import (
    PUBLIC_KEY,
    SECRET_KEY,
    SHOP,
    VALID_UNTIL,
    ask,
    card,
    random_scalar,
    show,
)
from tests.negative.outcome import accepted, reason

from mumei_core import credential as credential_module
from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.interface import BBS, core_proof_gen
from mumei_core.crypto.bbs.issuer import core_sign
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.bbs.verifier import core_proof_verify
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hash_to_curve import blind_generators, create_generators
from mumei_core.crypto.hashing import MUMEI, SHA_256, Interface
from mumei_core.errors import InvalidProof
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.presentation.messages import Presentation, context_id, presentation_header
from mumei_core.presentation.prover import Credential
from mumei_core.presentation.verifier import Reason

# Proofs of other interfaces


def standard_parts(credential: Credential, interface: Interface, octets: bytes) -> bytes:
    """A presentation of ours around a standard proof made under ``interface`` with our generators."""
    header = credential_module.credential_header(PUBLIC_KEY, credential.valid_until)
    proof = core_proof_gen(
        interface,
        PUBLIC_KEY,
        credential.signature,
        ALL,
        header,
        presentation_header(octets, b""),
        credential.messages,
        (),
        lambda count: [random_scalar() for _ in range(count)],
    )
    return credential.valid_until.to_bytes(4, "big") + credential.key_id[:8] + proof.to_octets()


FOREIGN = Interface(suite=SHA_256, name=hashing.NYM_H2G_HM2S)


def test_a_proof_under_another_api_id_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Same key, same messages, same generators, same ph: only api_id differs, in domain and challenge."""
    foreign_card = replace(card(), signature=_sign_under(FOREIGN))
    octets = ask().to_octets()
    wire = standard_parts(foreign_card, FOREIGN, octets)

    assert accepted(octets, standard_parts(card(), MUMEI, octets))
    assert reason(octets, wire) == Reason.CHALLENGE
    monkeypatch.setattr(presentation_verifier, "MUMEI", FOREIGN)
    assert accepted(octets, wire)


def _sign_under(interface: Interface) -> Signature:

    header = credential_module.credential_header(PUBLIC_KEY, VALID_UNTIL)
    return core_sign(interface, SECRET_KEY, PUBLIC_KEY, ALL, header, card().messages)


def test_ours_is_not_a_proof_of_the_drafts_interfaces() -> None:
    request = ask()
    octets, wire = show(request)
    proof = Presentation.from_octets(wire, request).standard_proof(None)
    header = credential_module.credential_header(PUBLIC_KEY, VALID_UNTIL)
    ph = presentation_header(octets, b"")

    core_proof_verify(MUMEI, PUBLIC_KEY, proof, ALL, header, ph, {})  # and yet it is a standard proof
    with pytest.raises(InvalidProof):
        BBS(SHA_256).proof_verify(PUBLIC_KEY, proof.to_octets(), header, ph, {})
    for name in (hashing.BBS_H2G_HM2S, hashing.BLIND_H2G_HM2S, hashing.NYM_H2G_HM2S):
        other = Interface(suite=SHA_256, name=name)
        theirs = (*create_generators(SHA_256, 6, other.api_id), *blind_generators(other, 3))
        for generators in (ALL, theirs):
            with pytest.raises(InvalidProof):
                core_proof_verify(other, PUBLIC_KEY, proof, generators, header, ph, {})


def test_a_presentation_with_a_pseudonym_is_no_proof_without_one() -> None:
    """The Nym challenge hashes more: its parts cannot be read as a plain BBS proof of the same statement."""
    with_nym = ask(pseudonym=True)
    octets, wire = show(with_nym)
    proof = Presentation.from_octets(wire, with_nym).standard_proof(None)
    header = credential_module.credential_header(PUBLIC_KEY, VALID_UNTIL)

    with pytest.raises(InvalidProof):
        core_proof_verify(MUMEI, PUBLIC_KEY, proof, ALL, header, presentation_header(octets, b""), {})
    assert context_id(SHOP).endswith(SHOP)
