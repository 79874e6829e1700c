"""What a careless card or verifier would give away, and which index a token would hang on (mumei protocol 2.4)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.fixtures.crypto_world import (
    ADULT,
    ask,
    card,
    over,
    random_scalar,
    show,
    under,
)
from tests.negative.forger import forge
from tests.negative.mutants import Mutation
from tests.negative.outcome import accepted, reason

from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate.messages import BASE
from mumei_core.errors import DecodingError
from mumei_core.presentation import prover as presentation_prover
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.presentation.messages import Presentation

# One v for two digits


def digits_behind(wire: bytes, request: Request) -> tuple[int, int] | None:
    """Both digits, found by anyone who sees the proof if one v served both: V_j * d_j + V'_j = G_d * v."""
    first, second = Presentation.from_octets(wire, request).digits[0]
    seen = {(first.V * d + first.V_prime).to_octets(): d for d in range(BASE)}
    for d in range(BASE):
        if (octets := (second.V * d + second.V_prime).to_octets()) in seen:
            return seen[octets], d
    return None


def test_one_v_for_two_digits_would_reveal_both(monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(over(20))
    _, honest = show(request)
    delta = request.date_predicates()[0].cutoff - ADULT

    assert digits_behind(honest, request) is None
    Mutation(
        owner=presentation_prover,
        name="predicate_init",
        old="v = tuple(draw() for _ in range(DIGITS))",
        new="v = (draw(),) * DIGITS",
    ).apply(monkeypatch)
    _, careless = show(request)
    assert digits_behind(careless, request) == (delta % BASE, delta // BASE)


def test_every_v_of_a_presentation_is_drawn_anew() -> None:
    """Four predicates, eight digits, no two with the same V * d + V' for the true digits."""
    request = ask(over(20), under(65), over(18), under(40))
    _, wire = show(request)
    points = []
    for predicate, proofs in zip(
        request.date_predicates(), Presentation.from_octets(wire, request).digits, strict=True
    ):
        delta = predicate.kind.sign * (predicate.cutoff - ADULT)
        points += [proof.V * (delta // BASE**j % BASE) + proof.V_prime for j, proof in enumerate(proofs)]

    assert len(set(points)) == 8


def test_equal_first_moves_do_not_repeat_between_digits() -> None:
    """Every V, V' and t differs from every other, in one presentation and between two."""
    request = ask(over(20), under(65))
    states = [Presentation.from_octets(show(request)[1], request) for _ in range(2)]
    points = [p for state in states for digits in state.digits for d in digits for p in (d.V, d.V_prime)]

    assert len(set(points)) == len(points) == 16
    assert len(
        set(itertools.chain.from_iterable((d.v_hat, d.d_hat) for s in states for x in s.digits for d in x))
    )


# Index 6 disclosed


def test_no_request_can_ask_for_the_cards_own_secrets() -> None:
    octets = ask(disclosed=(1,)).to_octets()
    at = octets.index(b"\x85\x01\x02") + 2
    for mask in range(256):
        changed = octets[:at] + bytes([mask]) + octets[at + 1 :]
        if 0 < mask < 1 << 5:
            assert max(Request.from_octets(changed).disclosed) < Index.SECRET_PROVER_BLIND
        else:
            with pytest.raises(DecodingError):
                Request.from_octets(changed)
    for index in (Index.SECRET_PROVER_BLIND, Index.REVOCATION_HANDLE, Index.NYM_SECRET, 8, -1):
        with pytest.raises(DecodingError):
            ask(disclosed=(index,))


def test_a_disclosed_handle_would_hang_its_token_on_another_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """A revocation token K = Q * handle is checked by the handle's response, found by its place.

    With index 6 disclosed, another response stands in that place: K = Q * blind passes, and is on no list.
    """
    octets = ask(disclosed=(1,)).to_octets().replace(b"\x85\x01\x02", b"\x85\x01\x40")
    _open_up_all_indexes(monkeypatch)
    request = Request.from_octets(octets)
    honest, Q = card(), context_point(b"stands for the base of a slot")
    blinding = random_scalar()
    shows_handle = presentation_prover.Credential(
        key_id=honest.key_id,
        valid_until=honest.valid_until,
        attributes=(*honest.attributes, *(m.to_bytes(32, "big") for m in honest.messages[5:])),
        messages=honest.messages,
        signature=honest.signature,
        B=honest.B,
        domain=honest.domain,
    )
    wire = forge(shows_handle, octets, m_tilde={Index.SECRET_PROVER_BLIND: blinding})
    assert accepted(octets, wire)

    proof = Presentation.from_octets(wire, request).standard_proof(None)
    K, t_K = Q * honest.messages[Index.SECRET_PROVER_BLIND], Q * blinding
    second_to_last = proof.m_hat[-2]  # where the handle's response stands if 6 and 7 are hidden
    assert Q * second_to_last - K * proof.c == t_K
    assert Q * honest.messages[Index.REVOCATION_HANDLE] != K

    monkeypatch.undo()
    assert "attribute mask" in reason(octets, wire)


def _open_up_all_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier that lets a request disclose all eight messages."""
    from mumei_core.commands import request as request_module

    def scalar(index: int, octets: bytes) -> int:
        return int.from_bytes(octets, "big") if index >= 5 else original(index, octets)

    original: Any = presentation_verifier.attribute_scalar  # type: ignore[attr-defined]
    monkeypatch.setattr(request_module, "_DISCLOSED_MASK", 0xFF)
    monkeypatch.setattr(request_module, "ATTRIBUTES", tuple(Index))
    monkeypatch.setattr(presentation_verifier, "attribute_scalar", scalar)
