"""The frozen vectors of the card's interface: made again octet for octet, and verified as what they are: history.

A presentations file of an older version only has to keep verifying, with every intermediate as it was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mumei_core.commands.request import Request
from mumei_core.common_key.check import check_common_key
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.credential import attribute_scalar
from mumei_core.crypto.bbs.messages import Signature, calculate_challenge
from mumei_core.crypto.bbs.verifier import core_verify, proof_verify_init
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import GROUP, FixedBase, Point
from mumei_core.crypto.generators import ALL, BLIND, G_D
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.verifier import birth_date_response, digit_commitment
from mumei_core.crypto.pseudonym.verifier import pseudonym_proof_verify_init
from mumei_core.presentation.messages import Presentation, context_id, extra_octets, presentation_header
from mumei_core.presentation.verifier import Verifier

from . import make_frozen
from .reference import mumei as reference


def load(name: str) -> Any:
    return json.loads((make_frozen.FOLDER / name).read_text(encoding="utf-8"))


PRESENTATION_FILES = sorted(make_frozen.FOLDER.glob("presentations-*.json"))
CASES = [
    pytest.param(load(path.name), case, id=f"{path.stem}: {case['title']}")
    for path in PRESENTATION_FILES
    for case in load(path.name)["presentations"]
]


@pytest.mark.parametrize("name", ["generators.json", "digit_table.json", "issuance.json"])
def test_constants_and_issuance_come_out_as_they_were(name: str) -> None:
    assert make_frozen.documents()[name] == load(name)


def test_the_prover_makes_the_same_presentations_of_this_version() -> None:
    name = f"presentations-{make_frozen.VERSION}.json"

    assert make_frozen.documents()[name] == load(name)


def test_every_version_up_to_this_one_is_still_here() -> None:
    """A released version's file is never deleted or renumbered."""
    expected = [f"presentations-{version}.json" for version in range(1, make_frozen.VERSION + 1)]

    assert [path.name for path in PRESENTATION_FILES] == expected
    assert [load(path.name)["protocol_version"] for path in PRESENTATION_FILES] == list(
        range(1, make_frozen.VERSION + 1)
    )
    assert all(isinstance(path, Path) for path in PRESENTATION_FILES)


@pytest.mark.parametrize(("file", "case"), CASES)
def test_frozen_presentations_keep_verifying(file: Any, case: Any) -> None:
    ours = Verifier(
        [bytes.fromhex(file["PK"])], bytes.fromhex(file["X"]), bytes.fromhex(file["digit_table_hash"])
    )
    claim = ours.verify(bytes.fromhex(case["request"]), bytes.fromhex(case["wire"]))

    assert {str(i): value.hex() for i, value in claim.disclosed.items()} == case["shown"]["disclosed"]
    assert (claim.pseudonym.hex() if claim.pseudonym else None) == case["shown"]["pseudonym"]


@pytest.mark.parametrize(("file", "case"), CASES)
def test_a_verifier_rebuilds_every_intermediate(file: Any, case: Any) -> None:
    octets = bytes.fromhex(case["request"])
    request = Request.from_octets(octets)
    wire = Presentation.from_octets(bytes.fromhex(case["wire"]), request)
    birth_date = birth_date_response(request.date_predicates(), wire.digits, wire.c) if wire.digits else None
    disclosed = {i: attribute_scalar(i, value) for i, value in wire.disclosed.items()}
    init = proof_verify_init(
        wire.standard_proof(birth_date),
        int(case["domain"], 16),
        FixedBase(MUMEI.suite.p1),
        [FixedBase(point) for point in ALL],
        disclosed,
    )
    for name in ("Abar", "Bbar", "D", "T1", "T2"):
        assert getattr(init, name).to_octets().hex() == case[name], name

    moves = [[digit_commitment(digit, wire.c, FixedBase(G_D)) for digit in digits] for digits in wire.digits]
    assert [[move.t.to_octets().hex() for move in row] for row in moves] == case["t"]
    extra = extra_octets(moves)
    ph = presentation_header(octets, extra)
    assert (extra.hex(), ph.hex()) == (case["extra"], case["presentation_header"])

    nym = None
    if wire.pseudonym is not None:
        context, OP = context_id(request.rp_context), context_point(request.rp_context)
        assert (context.hex(), OP.to_octets().hex()) == (case["context_id"], case["OP"])
        Uv = pseudonym_proof_verify_init(
            MUMEI, wire.pseudonym, FixedBase(OP), context, (wire.m_hat[7],), wire.c
        )
        assert Uv.to_octets().hex() == case["Ut"]
        nym = (wire.pseudonym, Uv, context)
    c = calculate_challenge(MUMEI, init, disclosed, ph, pseudonym=nym)
    assert c == int(case["challenge"], 16) == wire.c


@pytest.mark.parametrize(("file", "case"), CASES)
def test_the_reference_accepts_what_is_frozen(file: Any, case: Any) -> None:
    shown = reference.verify(
        bytes.fromhex(file["PK"]),
        bytes.fromhex(file["X"]),
        bytes.fromhex(case["request"]),
        bytes.fromhex(case["wire"]),
        table_hash=bytes.fromhex(file["digit_table_hash"]),
    )

    assert {str(i): value.hex() for i, value in shown.attributes.items()} == case["shown"]["disclosed"]


def test_the_frozen_issuance_verifies() -> None:
    frozen = load("issuance.json")
    offered = CommitmentWithProof.from_octets(bytes.fromhex(frozen["commitment"]["commitment_with_proof"]))
    core_commit_verify(MUMEI, offered, BLIND)
    signature = Signature.from_octets(bytes.fromhex(frozen["signature"]))
    secrets = (
        frozen["commitment"]["randoms"]["secret_prover_blind"],
        frozen["commitment"]["revocation_handle"],
        frozen["nym_secret"],
    )
    messages = [int(a["scalar"], 16) for a in frozen["attributes"]] + [int(value, 16) for value in secrets]
    core_verify(MUMEI, bytes.fromhex(frozen["PK"]), signature, ALL, bytes.fromhex(frozen["header"]), messages)
    check_common_key(
        GROUP,
        Point.from_octets(bytes.fromhex(frozen["W1"])),
        signature,
        Point.from_octets(bytes.fromhex(frozen["B"])),
        CommonKeyProof.from_octets(bytes.fromhex(frozen["common_key"]["proof"])),
    )
