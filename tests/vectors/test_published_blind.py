"""Every published vector of the Blind BBS draft, both ciphersuites, with its intermediate values.

Where text and vectors part, the vectors decide; each such place is asserted here:
e = hash_to_scalar(serialize((SK, B))) · B starts from P1 + Q_1 * domain · the domain counts Q_2 · M = 0 and
L = 0 are legal · sha-256/signature003 prints the signed B in the place of the domain, and another point as B.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mumei_core.crypto.bbs.messages import Proof, calculate_domain
from mumei_core.crypto.blind.interface import BlindBBS
from mumei_core.crypto.hash_to_curve import blind_generators

from .published import MISSING, ROOT, MockedRng, files, integer, load, suite_of, unhex

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=MISSING)


def name(path: Path) -> str:
    return "/".join(path.relative_to(ROOT).parts[1:])


@pytest.mark.parametrize("path", files("blind/*/generators.json"), ids=name)
def test_generators(path: Path) -> None:
    v = load(path)
    blind = BlindBBS(suite_of(path))
    generators = blind.generators(len(v["generators"]["MsgGenerators"]), 0)
    assert blind.interface.suite.p1.to_octets().hex() == v["generators"]["P1"]
    assert generators[0].to_octets().hex() == v["generators"]["Q1"]
    assert [g.to_octets().hex() for g in generators[1:-1]] == v["generators"]["MsgGenerators"]
    expected = [v["blindGenerators"]["Q1"], *v["blindGenerators"]["MsgGenerators"]]
    made = blind_generators(blind.interface, len(expected))
    assert [g.to_octets().hex() for g in made] == expected


@pytest.mark.parametrize("path", files("blind/*/commit/*.json"), ids=name)
def test_commitment(path: Path) -> None:
    v = load(path)
    rng = MockedRng.of(path, v, "commit")
    committed = [unhex(m) for m in v["committedMessages"]]
    octets, secret_prover_blind = BlindBBS(suite_of(path)).commit(committed, rng)
    assert octets.hex() == v["commitmentWithProof"]
    assert secret_prover_blind == integer(v["proverBlind"])
    trace = v["trace"]["random_scalars"]
    assert list(rng.given[1:]) == [integer(trace["s_tilde"]), *map(integer, trace["m_tildes"])]


@pytest.mark.parametrize("path", files("blind/*/signature/*.json"), ids=name)
def test_signature(path: Path) -> None:
    v = load(path)
    blind = BlindBBS(suite_of(path))
    pk, header = unhex(v["signerKeyPair"]["publicKey"]), unhex(v["header"])
    messages = [unhex(m) for m in v["messages"]]
    committed = [unhex(m) for m in v["committedMessages"] or ()]
    signature, B = blind.blind_sign(
        integer(v["signerKeyPair"]["secretKey"]), pk, unhex(v["commitmentWithProof"] or ""), header, messages
    )
    assert signature.hex() == v["signature"]
    domain = calculate_domain(blind.interface, pk, blind.generators(len(messages), len(committed)), header)
    if path.parts[-3:] == ("bls12-381-sha-256", "signature", "signature003.json"):
        assert B.to_octets().hex() == v["trace"]["domain"] != v["trace"]["B"]
    else:
        assert f"{domain:064x}" == v["trace"]["domain"]
        assert B.to_octets().hex() == v["trace"]["B"]
    prover_blind = integer(v["proverBlind"]) if v["proverBlind"] else 0
    blind.verify_blind_sign(pk, signature, header, messages, committed, prover_blind)


@pytest.mark.parametrize("path", files("blind/*/proof/*.json"), ids=name)
def test_proof(path: Path) -> None:
    v = load(path)
    blind = BlindBBS(suite_of(path))
    pool = load(ROOT / "blind" / "messages.json")
    pk, header, ph = unhex(v["signerPublicKey"]), unhex(v["header"]), unhex(v["presentationHeader"])
    disclosed = {int(i): unhex(m) for i, m in v["revealedMessages"].items()}
    disclosed_committed = {int(i): unhex(m) for i, m in (v["revealedCommittedMessages"] or {}).items()}
    blind.blind_proof_verify(pk, unhex(v["proof"]), header, ph, v["L"], disclosed, disclosed_committed)

    messages = [unhex(m) for m in pool["messages"]][: v["L"]]
    M = (
        len(Proof.from_octets(unhex(v["proof"])).m_hat)
        + len(disclosed)
        + len(disclosed_committed)
        - v["L"]
        - 1
    )
    committed = [unhex(m) for m in pool["committedMessages"]][:M]
    rng = MockedRng.of(path, v, "proof")
    proof = blind.blind_proof_gen(
        pk,
        unhex(v["signature"]),
        header,
        ph,
        messages,
        committed,
        sorted(disclosed),
        sorted(disclosed_committed),
        integer(v["proverBlind"]) if v["proverBlind"] else 0,
        rng,
    )
    assert proof.hex() == v["proof"]
    trace = v["trace"]["random_scalars"]
    assert list(rng.given) == [
        *(integer(trace[k]) for k in ("r1", "r2", "e_tilde", "r1_tilde", "r3_tilde")),
        *map(integer, trace["m_tilde_scalars"]),
    ]
    decoded = Proof.from_octets(proof)
    for letter in ("Abar", "Bbar", "D"):
        assert getattr(decoded, letter).to_octets().hex() == v["trace"][letter]
    assert f"{decoded.c:064x}" == v["trace"]["challenge"]
