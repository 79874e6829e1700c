"""Every published vector of the pseudonym draft, both ciphersuites, with 1 and 10 nym secrets.

Where text and vectors part, the vectors decide: index 0 is disclosed though the text's ABORT refuses it;
e = hash_to_scalar(serialize((SK, B))); files 005 and 006 print scalars without their leading zeros.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mumei_core.crypto.bbs.messages import Proof, calculate_domain
from mumei_core.crypto.hash_to_curve import blind_generators
from mumei_core.crypto.pseudonym.interface import PseudonymBBS
from mumei_core.crypto.pseudonym.messages import evaluate

from .published import MISSING, ROOT, MockedRng, files, integer, suite_of, unhex

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=MISSING)


def name(path: Path) -> str:
    return "/".join(path.relative_to(ROOT).parts[1:])


def load(path: Path) -> dict[str, Any]:
    """sha-256/nymSignature001.json has a stray "s" at the end of the hexadecimal string trace.B."""
    text = re.sub(r'("B": "[0-9a-f]{96})s"', r'\1"', path.read_text())
    data: dict[str, Any] = json.loads(text)
    return data


@pytest.mark.parametrize("path", files("pseudonym/*/generators.json"), ids=name)
def test_generators(path: Path) -> None:
    v = load(path)
    nym = PseudonymBBS(suite_of(path))
    generators = nym.generators(len(v["generators"]["MsgGenerators"]), 0)
    assert nym.interface.suite.p1.to_octets().hex() == v["generators"]["P1"]
    assert generators[0].to_octets().hex() == v["generators"]["Q1"]
    assert [g.to_octets().hex() for g in generators[1:-1]] == v["generators"]["MsgGenerators"]
    expected = [v["blindGenerators"]["Q1"], *v["blindGenerators"]["MsgGenerators"]]
    made = blind_generators(nym.interface, len(expected))
    assert [g.to_octets().hex() for g in made] == expected


@pytest.mark.parametrize("path", files("pseudonym/*/nymCommit/*.json"), ids=name)
def test_commitment(path: Path) -> None:
    v = load(path)
    rng = MockedRng.of(path, v, "commit")
    committed = [unhex(m) for m in v["committedMessages"]]
    nyms = [integer(x) for x in v["proverNyms"]]
    octets, secret_prover_blind = PseudonymBBS(suite_of(path)).commit_with_nym(committed, nyms, rng)
    assert octets.hex() == v["commitmentWithProof"]
    assert secret_prover_blind == integer(v["proverBlind"])
    trace = v["trace"]["random_scalars"]
    assert list(rng.given[1:]) == [integer(trace["s_tilde"]), *map(integer, trace["m_tildes"])]


@pytest.mark.parametrize("path", files("pseudonym/*/nymSignature/*.json"), ids=name)
def test_signature(path: Path) -> None:
    v = load(path)
    nym = PseudonymBBS(suite_of(path))
    pk, header = unhex(v["signerKeyPair"]["publicKey"]), unhex(v["header"])
    messages = [unhex(m) for m in v["messages"]]
    committed = [unhex(m) for m in v["committedMessages"]]
    nyms = [integer(x) for x in v["proverNyms"]]
    entropy = integer(v["signer_nym_entropy"])
    signature, B = nym.blind_sign_with_nym(
        integer(v["signerKeyPair"]["secretKey"]),
        pk,
        unhex(v["commitmentWithProof"]),
        len(nyms),
        entropy,
        header,
        messages,
    )
    assert signature.hex() == v["signature"]
    assert B.to_octets().hex() == v["trace"]["B"]
    generators = nym.generators(len(messages), len(committed) + len(nyms))
    domain = calculate_domain(nym.interface, pk, generators, header + len(nyms).to_bytes(8, "big"))
    assert domain == integer(v["trace"]["domain"])
    secrets = nym.verify_finalize_with_nym(
        pk, signature, header, messages, committed, nyms, entropy, integer(v["proverBlind"])
    )
    assert secrets == tuple(integer(x) for x in v["nym_secrets"])


@pytest.mark.parametrize("path", files("pseudonym/*/nymProof/*.json"), ids=name)
def test_proof(path: Path) -> None:
    v = load(path)
    nym = PseudonymBBS(suite_of(path))
    pk, header, ph = unhex(v["signerPublicKey"]), unhex(v["header"]), unhex(v["presentationHeader"])
    disclosed = {int(i): unhex(m) for i, m in v["revealedMessages"].items()}
    disclosed_committed = {int(i): unhex(m) for i, m in v["revealedCommittedMessages"].items()}
    context_id = unhex(v["context_id"])
    secrets = [integer(x) for x in v["nym_secrets"]]
    nym.proof_verify_with_nym(
        pk,
        unhex(v["proof"]),
        header,
        ph,
        unhex(v["pseudonym"]),
        context_id,
        len(secrets),
        v["L"],
        disclosed,
        disclosed_committed,
    )
    rng = MockedRng.of(path, v, "proof")
    proof, pseudonym = nym.proof_gen_with_nym(
        pk,
        unhex(v["signature"]),
        header,
        ph,
        secrets,
        context_id,
        [unhex(m) for m in v["messages"]],
        [unhex(m) for m in v["committedMessages"]],
        sorted(disclosed),
        sorted(disclosed_committed),
        integer(v["proverBlind"]),
        rng,
    )
    assert proof.hex() == v["proof"]
    assert pseudonym.hex() == v["pseudonym"]
    trace = v["trace"]
    decoded = Proof.from_octets(proof)
    for letter in ("Abar", "Bbar", "D"):
        assert getattr(decoded, letter).to_octets().hex() == trace[letter]
    assert decoded.c == integer(trace["challenge"])
    if "OP" in trace:
        assert nym.context_point(context_id).to_octets().hex() == trace["OP"]
        assert evaluate(nym.interface, context_id, secrets) == integer(trace["poly_eval_pseudo"])
