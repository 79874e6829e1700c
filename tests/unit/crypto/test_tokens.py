"""Tokens: what a verifier learns, what a receipt keeps, and what none of them can be made to say."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.fixtures.crypto_world import (
    EPOCH,
    SHOP,
    SLOT_TOKEN,
    answer,
    ask,
    card,
    over,
    present_now,
    random_scalar,
    slot_for,
    table,
    verifier,
)

from mumei_core.commands.request import RecogniseToken, Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import GROUP, Group, Point
from mumei_core.crypto.hash_to_curve import context_point, recognise_point, slot_point
from mumei_core.crypto.revocation.messages import TOKEN_LENGTH
from mumei_core.crypto.revocation.prover import Slot
from mumei_core.errors import InvalidProof, UsageError
from mumei_core.presentation.messages import without_token
from mumei_core.presentation.prover import prepare, present

HANDLE = card().messages[Index.REVOCATION_HANDLE]
ASKED = ask(over(20), pseudonym=True, token=SLOT_TOKEN)


@contextmanager
def refused(reason: str) -> Iterator[None]:
    with pytest.raises(InvalidProof) as caught:
        yield
    assert caught.value.reason.startswith(reason)


def shown(request: Request, k: int = 5) -> tuple[bytes, bytes]:
    octets = request.to_octets()
    OP = context_point(request.rp_context) if request.pseudonym else None
    return octets, present_now(card(), request, OP, slot=slot_for(request, k)).to_octets()


@pytest.mark.parametrize("k", [0, 7, 15])
def test_a_verifier_gets_the_slot_and_its_point_times_the_handle(k: int) -> None:
    token = verifier().verify(*shown(ASKED, k)).token

    assert token is not None
    assert token.k == k
    assert slot_point(EPOCH, SLOT_TOKEN.bucket, k) * HANDLE == token.K
    assert len(token.salt) == 16


def test_recognising_has_a_point_of_its_own() -> None:
    token = verifier().verify(*shown(ask(token=RecogniseToken(epoch=EPOCH)))).token

    assert token is not None
    assert token.k == 255
    assert recognise_point(EPOCH, SHOP) * HANDLE == token.K


def test_a_token_is_65_octets_at_the_end_and_two_multiplications() -> None:
    plain = ask(over(20))
    assert len(answer(replace(plain, token=SLOT_TOKEN).to_octets())) == len(answer(plain.to_octets())) + 65
    for asked, expected in (
        (plain, 23),
        (replace(plain, token=SLOT_TOKEN), 25),
        (replace(plain, pseudonym=True), 25),
        (ASKED, 27),
    ):
        assert multiplications(asked) == expected


def multiplications(request: Request) -> int:
    class Counted(Group):
        count = 0

        def multiply(self, point: Point, scalar: int) -> Point:
            self.count += 1
            return GROUP.multiply(point, scalar)

    group = Counted()
    OP = context_point(SHOP)
    coupon = prepare(group, card(), random_scalar)
    slot = slot_for(request)
    present(group, card(), coupon, request, request.to_octets(), table(), OP, random_scalar, slot)
    return group.count


def test_salts_are_fresh_so_one_slot_shown_twice_leaves_two_digests() -> None:
    first, second = (verifier().verify(*shown(ASKED)) for _ in range(2))

    assert first.token is not None and second.token is not None
    assert first.token.K == second.token.K
    assert first.token.salt != second.token.salt
    assert first.token_digest != second.token_digest


def test_a_receipt_keeps_a_digest_and_still_verifies() -> None:
    request, wire = shown(ASKED)
    claim = verifier().verify(request, wire)
    assert claim.token is not None and claim.token_digest is not None

    kept = without_token(wire, claim.token_digest)
    again = verifier().verify(request, kept, receipt=True)

    assert len(kept) == len(wire) - TOKEN_LENGTH + 32
    assert claim.token.K.to_octets() not in kept
    assert again == replace(claim, token=None)


def test_a_receipt_with_another_digest_is_none() -> None:
    request, wire = shown(ASKED)
    with refused("challenge"):
        verifier().verify(request, without_token(wire, bytes(32)), receipt=True)
    with refused("structure"):
        verifier().verify(request, wire, receipt=True)
    with refused("structure"):
        verifier().verify(request, without_token(wire, bytes(32)))


@pytest.mark.parametrize("at", range(TOKEN_LENGTH))
def test_no_octet_of_a_token_can_be_changed(at: int) -> None:
    request, wire = shown(ASKED)
    place = len(wire) - TOKEN_LENGTH + at
    forged = wire[:place] + bytes([wire[place] ^ 1]) + wire[place + 1 :]
    with pytest.raises(InvalidProof):
        verifier().verify(request, forged)


@pytest.mark.parametrize("k", [16, 254, 255])
def test_a_slot_that_was_not_asked_is_refused(k: int) -> None:
    request, wire = shown(ASKED)
    at = len(wire) - TOKEN_LENGTH + 16
    with refused("structure"):
        verifier().verify(request, wire[:at] + bytes([k]) + wire[at + 1 :])


def test_a_token_under_another_point_is_refused() -> None:
    """A card that takes another epoch's point escapes this epoch's list."""
    elsewhere = Slot(k=5, point=slot_point(EPOCH - 1, SLOT_TOKEN.bucket, 5), salt=secrets.token_bytes(16))
    wire = present_now(card(), ASKED, context_point(SHOP), slot=elsewhere).to_octets()
    with refused("challenge"):
        verifier().verify(ASKED.to_octets(), wire)


def test_a_verifier_may_bring_its_own_points() -> None:
    request, wire = shown(ASKED)
    asked: list[int] = []

    def points(k: int) -> Point:
        asked.append(k)
        return slot_point(EPOCH, SLOT_TOKEN.bucket, k)

    assert verifier().verify(request, wire, points=points) == verifier().verify(request, wire)
    assert asked == [5]
    with refused("challenge"):
        verifier().verify(request, wire, points=lambda _: slot_point(EPOCH + 1, SLOT_TOKEN.bucket, 5))


@pytest.mark.parametrize("slot", [None, slot_for(ask(token=RecogniseToken(epoch=EPOCH)))])
def test_a_prover_wants_a_slot_of_the_kind_that_is_asked(slot: Slot | None) -> None:
    coupon = prepare(GROUP, card(), random_scalar)
    with pytest.raises(UsageError):
        present(
            GROUP,
            card(),
            coupon,
            ASKED,
            ASKED.to_octets(),
            table(),
            context_point(SHOP),
            random_scalar,
            slot,
        )
