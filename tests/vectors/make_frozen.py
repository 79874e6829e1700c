"""Writes tests/vectors/frozen/*.json: test vectors of the card's interface (mumei protocol 2.1-2.4), deterministic.

    python -m tests.vectors.make_frozen            writes what is missing or changed
    python -m tests.vectors.make_frozen --check    fails if anything would change

Every scalar that a prover draws is hash_to_scalar(name, "MUMEI-FROZEN-V1"), name being written beside it. Octets
are hex, scalars 32 octets of hex, counts and days plain numbers. VERSION names the format of the protocol's octets:
a change of it writes a new presentations file beside the old one, which has to keep verifying and is never edited.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from mumei_core.commands.request import AgePredicate, Predicate, Request
from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.credential import ATTRIBUTES, attribute_scalars, credential_header, key_id, uint_octets
from mumei_core.crypto.bbs.issuer import public_key
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.bbs.prover import ProofRandoms, proof_init
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import BP1, GROUP, Point, R, scalar_to_octets
from mumei_core.crypto.hash_to_curve import blind_generators, context_point, create_generators, digit_base
from mumei_core.crypto.hashing import MUMEI, SHA_256
from mumei_core.crypto.pairing import BP2
from mumei_core.crypto.predicate.issuer import DigitParameters, make_digit_parameters
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.crypto.predicate.prover import draw_base_moves, predicate_init
from mumei_core.dates import day_number
from mumei_core.presentation.messages import (
    context_id,
    extra_octets,
    presentation_header,
    undisclosed_indexes,
)
from mumei_core.presentation.prover import Credential, prepare, present

from .prover_order import prover_order

VERSION: Final = 1
FOLDER: Final = Path(__file__).parent / "frozen"

TODAY: Final = day_number(date(2026, 11, 23))
VALID_UNTIL: Final = day_number(date(2027, 12, 31))
BIRTH_DATE: Final = day_number(date(2004, 2, 29))
ENTRIES: Final = (0, 1, 2, 127, 128, 254, 255)
CONTEXTS: Final = (b"shop.example", b"forum.example", b"mumei:renewal", b"\x00")


def scalar(name: str) -> int:
    return SHA_256.hash_to_scalar(name.encode(), b"MUMEI-FROZEN-V1")


def text(value: Point | int | bytes) -> str:
    """A point, scalar or octets as hex."""
    if isinstance(value, Point):
        return value.to_octets().hex()
    return (scalar_to_octets(value) if isinstance(value, int) else value).hex()


SECRET_KEY: Final = scalar("issuer's secret key")
PUBLIC_KEY: Final = public_key(SECRET_KEY)
VALUES: Final = (
    uint_octets(BIRTH_DATE),
    uint_octets(13),
    uint_octets(131016),
    bytes.fromhex("a463616c6c6568656c6c6f"),
    b"24727059608",
)


def parameters() -> DigitParameters:
    return make_digit_parameters(scalar("digit key"))


def generators() -> dict[str, Any]:
    """Recomputed from their seeds, not read from the generated module."""
    signer = create_generators(MUMEI.suite, 6, MUMEI.api_id)
    blind = blind_generators(MUMEI, 3)
    names = ("Q_1", "H_1", "H_2", "H_3", "H_4", "H_5", "Q_2", "J_1", "J_2")
    return {
        "api_id": MUMEI.api_id.decode(),
        "P1": text(MUMEI.suite.p1),
        "BP1": text(BP1),
        "BP2": BP2.to_octets().hex(),
        "generators": {name: text(point) for name, point in zip(names, (*signer, *blind), strict=True)},
        "G_d": text(digit_base()),
        "OP": {context.hex(): text(context_point(context)) for context in CONTEXTS},
    }


def digit_table() -> dict[str, Any]:
    made = parameters()
    return {
        "x": text(scalar("digit key")),
        "X": made.X.hex(),
        "hash": made.hash.hex(),
        "A": {str(d): text(made.A[d]) for d in ENTRIES},
        "W": {str(d): text(made.W[d]) for d in ENTRIES},
    }


def issuance() -> dict[str, Any]:
    """Mapping, header, commitment, blind signature and the proof that it is under the common key."""
    names = ("secret_prover_blind", "s~", "handle~", "nym~")
    randoms = tuple(scalar(name) for name in names)
    handle, nym, entropy, k = (
        scalar(name) for name in ("revocation handle", "prover_nym", "signer_nym_entropy", "common key k")
    )
    commitment = core_commit(GROUP, MUMEI, blind_generators(MUMEI, 3), (handle, nym), randoms)
    card = credential()
    S = card.signature.A * SECRET_KEY
    c = common_key_challenge(BP1 * SECRET_KEY, card.signature.A, S, BP1 * k, card.signature.A * k)
    proof = CommonKeyProof(c=c, z=(k + c * SECRET_KEY) % R)
    return {
        "secret_key": text(SECRET_KEY),
        "PK": PUBLIC_KEY.hex(),
        "W1": text(BP1 * SECRET_KEY),
        "attributes": [
            {
                "name": attribute.name,
                "type": attribute.type.value,
                "octets": octets.hex(),
                "scalar": text(card.messages[attribute.index]),
            }
            for attribute, octets in zip(ATTRIBUTES, VALUES, strict=True)
        ],
        "valid_until": VALID_UNTIL,
        "header": credential_header(PUBLIC_KEY, VALID_UNTIL).hex(),
        "domain": text(card.domain),
        "commitment": {
            "revocation_handle": text(handle),
            "prover_nym": text(nym),
            "randoms": {name: text(value) for name, value in zip(names, randoms, strict=True)},
            "C": text(commitment.C),
            "commitment_with_proof": commitment.to_octets().hex(),
        },
        "signer_nym_entropy": text(entropy),
        "nym_secret": text(card.messages[7]),
        "B": text(card.B),
        "signature": card.signature.to_octets().hex(),
        "common_key": {"k": text(k), "S": text(S), "T1": text(BP1 * k), "proof": proof.to_octets().hex()},
    }


def credential() -> Credential:
    """The card of the vectors, issued blindly."""
    handle, nym, entropy = (
        scalar(name) for name in ("revocation handle", "prover_nym", "signer_nym_entropy")
    )
    randoms = [scalar(name) for name in ("secret_prover_blind", "s~", "handle~", "nym~")]
    signer = create_generators(MUMEI.suite, 6, MUMEI.api_id)
    blind = blind_generators(MUMEI, 3)
    commitment = core_commit(GROUP, MUMEI, blind, (handle, nym), randoms)
    header = credential_header(PUBLIC_KEY, VALID_UNTIL)
    messages = attribute_scalars(VALUES)
    signature, B = core_blind_sign(
        MUMEI, SECRET_KEY, PUBLIC_KEY, commitment, signer, blind, header, messages, entropy
    )
    return Credential(
        key_id=key_id(PUBLIC_KEY),
        valid_until=VALID_UNTIL,
        attributes=VALUES,
        messages=(*messages, randoms[0], handle, (nym + entropy) % R),
        signature=signature,
        B=B,
        domain=calculate_domain(MUMEI, PUBLIC_KEY, (*signer, *blind), header),
    )


# Presentations


def requests() -> Iterator[tuple[str, Request]]:
    over_20 = AgePredicate(kind=Kind.ON_OR_BEFORE, years=20)
    under_65 = AgePredicate(kind=Kind.ON_OR_AFTER, years=65)
    asked: list[tuple[str, tuple[Predicate, ...], dict[str, Any]]] = [
        ("nothing but a valid credential", (), {}),
        ("age 20 or over", (over_20,), {}),
        ("younger than 65", (under_65,), {}),
        ("age 20 or over, with a pseudonym", (over_20,), {"pseudonym": True}),
        ("prefecture", (), {"disclosed": (1,)}),
        ("all attributes, with a pseudonym", (), {"disclosed": (0, 1, 2, 3, 4), "pseudonym": True}),
        ("born on the very day", (DatePredicate(kind=Kind.ON_OR_BEFORE, cutoff=BIRTH_DATE),), {}),
        ("born on or after the very day", (DatePredicate(kind=Kind.ON_OR_AFTER, cutoff=BIRTH_DATE),), {}),
        ("a transaction is signed", (over_20,), {"transaction": bytes(range(32, 64))}),
        (
            "four predicates, attributes, pseudonym and transaction",
            (over_20, under_65, AgePredicate(kind=Kind.ON_OR_BEFORE, years=22), under_65),
            {"disclosed": (2, 4), "pseudonym": True, "transaction": bytes(32), "rp_context": b"x" * 255},
        ),
    ]
    for number, (title, predicates, fields) in enumerate(asked):
        values: dict[str, Any] = {"rp_context": b"shop.example", **fields}
        yield (
            title,
            Request(
                nonce=scalar_to_octets(scalar(f"nonce {number}")),
                date=TODAY,
                channel_binding=bytes(range(32)),
                predicates=predicates,
                table_hash=parameters().hash if predicates else None,
                **values,
            ),
        )


def draw_names(request: Request) -> list[str]:
    """The scalars that the protocol has a prover draw."""
    several = range(len(request.predicates))
    names = ["d~[0][0]", "d~[0][1]"] if request.predicates else []
    names += [f"d~[{p}][1]" for p in several if p]
    for p in several:
        names += [f"v[{p}][0]", f"v[{p}][1]", f"v~[{p}][0]", f"v~[{p}][1]"]
    names += ["r1", "r2", "e~", "r1~", "r3~"]
    return names + [f"m~[{i}]" for i in undisclosed_indexes(request) if i or not request.predicates]


class Table:
    """The digit signatures as a card holds them."""

    def __init__(self, made: DigitParameters) -> None:
        self._made = made

    def fetch(self, digit: int) -> tuple[Point, Point]:
        return self._made.A[digit], self._made.W[digit]


def presentations() -> dict[str, Any]:
    card, made = credential(), parameters()
    return {
        "PK": PUBLIC_KEY.hex(),
        "X": made.X.hex(),
        "digit_table_hash": made.hash.hex(),
        "presentations": [
            transcript(card, made, number, title, request)
            for number, (title, request) in enumerate(requests())
        ],
    }


def transcript(
    card: Credential, made: DigitParameters, number: int, title: str, request: Request
) -> dict[str, Any]:
    octets = request.to_octets()
    drawn = {name: scalar(f"presentation {number} {name}") for name in draw_names(request)}
    OP = context_point(request.rp_context) if request.pseudonym else None
    supply = prover_order(request, drawn)
    coupon = prepare(GROUP, card, supply.__next__)
    presentation = present(GROUP, card, coupon, request, octets, Table(made), OP, supply.__next__)
    m_tilde, moves = first_moves(card, made, request, drawn)
    randoms = ProofRandoms(
        r1=drawn["r1"],
        r2=drawn["r2"],
        e_tilde=drawn["e~"],
        r1_tilde=drawn["r1~"],
        r3_tilde=drawn["r3~"],
        m_tilde=m_tilde,
    )
    signer = (*create_generators(MUMEI.suite, 6, MUMEI.api_id), *blind_generators(MUMEI, 3))
    init = proof_init(GROUP, card.signature, card.B, card.domain, signer, randoms)
    extra = extra_octets([state.commitments for state in moves])
    result: dict[str, Any] = {
        "title": title,
        "request": octets.hex(),
        "randoms": {name: text(value) for name, value in drawn.items()},
        "digits": [list(state.digits) for state in moves],
        "Abar": text(init.Abar),
        "Bbar": text(init.Bbar),
        "D": text(init.D),
        "T1": text(init.T1),
        "T2": text(init.T2),
        "domain": text(init.domain),
        "t": [[text(move.t) for move in state.commitments] for state in moves],
        "extra": extra.hex(),
        "presentation_header": presentation_header(octets, extra).hex(),
        "challenge": text(presentation.c),
        "wire": presentation.to_octets().hex(),
        "shown": {
            "disclosed": {str(i): value.hex() for i, value in presentation.disclosed.items()},
            "pseudonym": text(presentation.pseudonym) if presentation.pseudonym else None,
        },
    }
    if OP is not None:
        result["context_id"] = context_id(request.rp_context).hex()
        result["OP"], result["Ut"] = text(OP), text(OP * m_tilde[7])
    return result


def first_moves(
    card: Credential, made: DigitParameters, request: Request, drawn: dict[str, int]
) -> tuple[dict[int, int], list[Any]]:
    """(m~ by index, the state of each predicate) by the equations of 2.4."""
    m_tilde = {i: drawn[f"m~[{i}]"] for i in undisclosed_indexes(request) if i or not request.predicates}
    states = []
    for p, predicate in enumerate(request.date_predicates()):
        s, d_tilde_1 = predicate.kind.sign, drawn[f"d~[{p}][1]"]
        if p == 0:
            d_tilde_0 = drawn["d~[0][0]"]
            m_tilde[0] = -s * (d_tilde_0 + 256 * d_tilde_1) % R
        else:
            d_tilde_0 = (-s * m_tilde[0] - 256 * d_tilde_1) % R
        supply = iter([drawn[f"{name}[{p}][{j}]"] for name in ("v~", "v") for j in (0, 1)])
        base = draw_base_moves(GROUP, supply.__next__)
        delta, d_tilde = s * (predicate.cutoff - card.messages[0]), (d_tilde_0, d_tilde_1)
        states.append(predicate_init(GROUP, Table(made), delta, d_tilde, base, supply.__next__))
    return m_tilde, states


def documents() -> dict[str, dict[str, Any]]:
    """Contents by file name."""
    about = {"protocol_version": VERSION, "made_by": "tests/vectors/make_frozen.py"}
    return {
        "generators.json": {**about, **generators()},
        "digit_table.json": {**about, **digit_table()},
        "issuance.json": {**about, **issuance()},
        f"presentations-{VERSION}.json": {**about, **presentations()},
    }


def main(check: bool) -> int:
    changed = []
    for name, content in documents().items():
        path, octets = FOLDER / name, json.dumps(content, indent=1) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != octets:
            changed.append(name)
            if not check:
                FOLDER.mkdir(exist_ok=True)
                path.write_text(octets, encoding="utf-8")
    print("changed: " + (", ".join(changed) or "nothing"))
    return 1 if changed and check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
