"""Every published vector of draft-irtf-cfrg-bbs-signatures, both ciphersuites, with its intermediate values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.interface import BBS, core_proof_gen, messages_to_scalars
from mumei_core.crypto.bbs.issuer import key_gen, public_key
from mumei_core.crypto.bbs.messages import Proof, Signature, calculate_challenge, calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.bbs.verifier import proof_verify_init
from mumei_core.crypto.curve import GROUP, FixedBase
from mumei_core.errors import MumeiError

from .published import (
    MISSING,
    ROOT,
    files,
    integer,
    load,
    seeded_random_scalars,
    suite_of,
    unhex,
)

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=MISSING)


def name(path: Path) -> str:
    return "/".join(path.relative_to(ROOT).parts[1:])


@pytest.mark.parametrize("path", files("bbs/*/keypair.json"), ids=name)
def test_key_pair(path: Path) -> None:
    v = load(path)
    secret = key_gen(suite_of(path), unhex(v["keyMaterial"]), unhex(v["keyInfo"]), unhex(v["keyDst"]))
    assert secret == integer(v["keyPair"]["secretKey"])
    assert public_key(secret).hex() == v["keyPair"]["publicKey"]


@pytest.mark.parametrize("path", files("bbs/*/h2s.json"), ids=name)
def test_hash_to_scalar(path: Path) -> None:
    v = load(path)
    assert suite_of(path).hash_to_scalar(unhex(v["message"]), unhex(v["dst"])) == integer(v["scalar"])


@pytest.mark.parametrize("path", files("bbs/*/mockedRng.json"), ids=name)
def test_mocked_rng(path: Path) -> None:
    v = load(path)
    scalars = seeded_random_scalars(suite_of(path), unhex(v["seed"]), unhex(v["dst"]), v["count"])
    assert scalars == [integer(s) for s in v["mockedScalars"]]


@pytest.mark.parametrize("path", files("bbs/*/MapMessageToScalarAsHash.json"), ids=name)
def test_messages_to_scalars(path: Path) -> None:
    v = load(path)
    interface = BBS(suite_of(path)).interface
    assert interface.dst(hashing.MAP_MESSAGE).hex() == v["dst"]
    scalars = messages_to_scalars(interface, [unhex(case["message"]) for case in v["cases"]])
    assert scalars == tuple(integer(case["scalar"]) for case in v["cases"])
    # each message by itself: the position does not matter
    assert messages_to_scalars(interface, [unhex(v["cases"][-1]["message"])]) == scalars[-1:]


@pytest.mark.parametrize("path", files("bbs/*/generators.json"), ids=name)
def test_generators(path: Path) -> None:
    v = load(path)
    suite = suite_of(path)
    Q_1, *H = BBS(suite).generators(len(v["MsgGenerators"]))
    assert suite.p1.to_octets().hex() == v["P1"]
    assert Q_1.to_octets().hex() == v["Q1"]
    assert [point.to_octets().hex() for point in H] == v["MsgGenerators"]


def test_messages_file() -> None:
    v = json.loads((ROOT / "bbs" / "messages.json").read_text())
    signed = load(ROOT / "bbs" / "bls12-381-sha-256" / "signature" / "signature004.json")
    assert v == signed["messages"]


@pytest.mark.parametrize("path", files("bbs/*/signature/*.json"), ids=name)
def test_signature(path: Path) -> None:
    v = load(path)
    bbs = BBS(suite_of(path))
    pk, header = unhex(v["signerKeyPair"]["publicKey"]), unhex(v["header"])
    messages = [unhex(m) for m in v["messages"]]
    if not v["result"]["valid"]:
        with pytest.raises(MumeiError):
            bbs.verify(pk, unhex(v["signature"]), header, messages)
        return
    secret = integer(v["signerKeyPair"]["secretKey"])
    assert bbs.sign(secret, pk, header, messages).hex() == v["signature"]
    bbs.verify(pk, unhex(v["signature"]), header, messages)
    trace = v.get("trace", {})
    scalars = messages_to_scalars(bbs.interface, messages)
    generators = bbs.generators(len(messages))
    domain = calculate_domain(bbs.interface, pk, generators, header)
    B = calculate_b(GROUP, bbs.interface.suite.p1, generators, domain, scalars)
    assert trace.get("domain", f"{domain:064x}") == f"{domain:064x}"
    assert trace.get("B", B.to_octets().hex()) == B.to_octets().hex()


@pytest.mark.parametrize("path", files("bbs/*/proof/*.json"), ids=name)
def test_proof(path: Path) -> None:
    v = load(path)
    bbs = BBS(suite_of(path))
    pk, header, ph = unhex(v["signerPublicKey"]), unhex(v["header"]), unhex(v["presentationHeader"])
    messages = [unhex(m) for m in v["messages"]]
    disclosed = {i: messages[i] for i in v["disclosedIndexes"]}
    if not v["result"]["valid"]:
        with pytest.raises(MumeiError):
            bbs.proof_verify(pk, unhex(v["proof"]), header, ph, disclosed)
        return
    bbs.proof_verify(pk, unhex(v["proof"]), header, ph, disclosed)
    trace = v["trace"]
    scalars = messages_to_scalars(bbs.interface, messages)
    generators = bbs.generators(len(messages))
    randoms = [
        *(trace["random_scalars"][k] for k in ("r1", "r2", "e_tilde", "r1_tilde", "r3_tilde")),
        *trace["random_scalars"]["m_tilde_scalars"],
    ]
    proof = core_proof_gen(
        bbs.interface,
        pk,
        Signature.from_octets(unhex(v["signature"])),
        generators,
        header,
        ph,
        scalars,
        v["disclosedIndexes"],
        lambda count: [integer(x) for x in randoms[:count]],
    )
    assert proof.to_octets().hex() == v["proof"]
    shown = {i: scalars[i] for i in disclosed}
    domain = calculate_domain(bbs.interface, pk, generators, header)
    init = proof_verify_init(
        Proof.from_octets(unhex(v["proof"])),
        domain,
        FixedBase(bbs.interface.suite.p1),
        [FixedBase(point) for point in generators],
        shown,
    )
    assert f"{domain:064x}" == trace["domain"]
    for letter in ("T1", "T2", "D", "Abar", "Bbar"):
        if letter in trace:
            assert getattr(init, letter).to_octets().hex() == trace[letter], letter
    challenge = calculate_challenge(bbs.interface, init, shown, ph)
    assert f"{challenge:064x}" == trace["challenge"]
