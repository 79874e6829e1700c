"""Enrolment, version 2: card and issuer against the slow reference, octet for octet and in both directions."""

from __future__ import annotations

import hashlib
import random

import pytest
from tests.fixtures import world

from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei_core.commands.enrolment import EnrolmentAnswer, LinkedShares
from mumei_core.crypto.curve import BP1, GROUP, Point, R
from mumei_core.crypto.enrolment.messages import LinkProof, LinkStatement, link_context
from mumei_core.crypto.enrolment.prover import prove_link
from mumei_core.crypto.enrolment.verifier import verify_link
from mumei_core.crypto.generators import BLIND, OP_RENEWAL
from mumei_core.crypto.sealing.open import open_sealed
from mumei_core.crypto.sharing.check import check_share
from mumei_core.crypto.sharing.messages import sealed_share, share_aad, share_info
from mumei_core.crypto.sharing.split import evaluate, feldman_points, seal_shares
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.p256 import P256_GROUP

from .reference import enrolment as reference
from .reference.curve import G1
from .reference.encoding import Invalid, octets_to_g1, serialize

LIST = development_trustees()
THEIR_LIST = reference.TrusteeList(version=LIST.version, t=LIST.t, keys=LIST.keys)
RNG = random.Random("enrolment")
SECRETS = tuple(RNG.randrange(1, R) for _ in range(3))
HIGHER = tuple(RNG.randrange(1, R) for _ in range(LIST.t - 1))
TILDES = tuple(RNG.randrange(1, R) for _ in range(3))
EPHEMERALS = tuple(RNG.randrange(1, 1 << 255) for _ in LIST.keys)
NONCE = world.NONCE


def ours() -> tuple[Point, LinkedShares]:
    """With the same randoms as the reference."""
    _, handle, nym = SECRETS
    C = GROUP.sum_of_products(zip(BLIND, SECRETS, strict=True))
    polynomial = (handle, *HIGHER)
    F, N = feldman_points(GROUP, polynomial), OP_RENEWAL * nym
    given = iter(EPHEMERALS)
    sealed = seal_shares(
        P256_GROUP,
        lambda n: next(given).to_bytes(n),
        polynomial,
        LIST.keys,
        trustee_list=LIST.digest,
        C=C,
        F=F,
    )
    context = link_context(NONCE, LIST.digest, sealed)
    proof = prove_link(GROUP, LinkStatement(C=C, F=F, N=N, context=context), SECRETS, TILDES)
    return C, LinkedShares(F=F, N=N, proof=proof, trustee_list=LIST.digest, sealed=sealed)


def theirs(C: Point) -> bytes:
    return reference.make_answer(
        NONCE,
        octets_to_g1(C.to_octets()),
        SECRETS,
        THEIR_LIST,
        higher=HIGHER,
        ephemerals=EPHEMERALS,
        tildes=TILDES,
    )


def from_attested(octets: bytes) -> LinkedShares:
    points = [Point.from_octets(octets[i : i + 48]) for i in range(0, 48 * (LIST.t + 1), 48)]
    rest = octets[48 * (LIST.t + 1) :]
    return LinkedShares(
        F=tuple(points[:-1]),
        N=points[-1],
        proof=LinkProof.from_octets(rest[:128]),
        trustee_list=rest[128:160],
        sealed=rest[160:],
    )


def test_the_list_of_trustees_has_one_digest() -> None:
    assert THEIR_LIST.digest() == LIST.digest == hashlib.sha256(LIST.octets).digest()


def test_the_base_for_renewal_is_the_contexts() -> None:
    assert OP_RENEWAL.to_octets() == serialize(reference.renewal_base())


def test_the_same_randoms_give_the_same_octets() -> None:
    C, linked = ours()
    assert linked.attested == theirs(C)


def test_each_sides_answer_passes_the_other_side() -> None:
    C, linked = ours()
    F, N = reference.verify_answer(NONCE, octets_to_g1(C.to_octets()), linked.attested, THEIR_LIST)
    assert (serialize(*F), serialize(N)) == (serialize(*map(_g1, linked.F)), linked.N.to_octets())
    read = from_attested(theirs(C))
    verify_link(read.statement(NONCE, C), read.proof)


@pytest.mark.parametrize("i", range(1, LIST.n + 1))
def test_trustees_of_both_sides_open_the_same_share(i: int) -> None:
    C, linked = ours()
    key = development_key(DevelopmentRole.TRUSTEE, i).secret_octets
    info, aad = share_info(LIST.digest, i), share_aad(C, linked.F)
    share = int.from_bytes(open_sealed(key, sealed_share(linked.sealed, i), info=info, aad=aad))
    check_share(linked.F, i, share)
    assert share == evaluate((SECRETS[1], *HIGHER), i)
    assert share == reference.open_share(int.from_bytes(key), i, _g1(C), linked.attested, THEIR_LIST)


def test_a_real_cards_answer_holds_for_the_reference_and_its_shares_are_of_the_handle() -> None:
    with world.in_memory(world.card_with_parameters()) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        answer = personalisation.enrol(channel, NONCE)
    message, C = answer.attested_message(NONCE), _g1(answer.commitment.C)
    assert message[:32] == NONCE and message[32:208] == answer.commitment.to_octets()
    F, _ = reference.verify_answer(NONCE, C, message[208:], THEIR_LIST)
    shares = {}
    for i in (1, 3):
        key = int.from_bytes(development_key(DevelopmentRole.TRUSTEE, i).secret_octets)
        shares[i] = reference.open_share(key, i, C, message[208:], THEIR_LIST)
    assert (BP1 * reference.combine(shares)).to_octets() == serialize(F[0])


@pytest.mark.parametrize("at", [0, 48, 96, 144, 176, 208, 240, 272, 304, 330, 336 + 113])
def test_no_octet_can_change_for_either(at: int) -> None:
    C, linked = ours()
    octets = bytearray(linked.attested)
    octets[at] ^= 1
    with pytest.raises(Invalid):
        reference.verify_answer(NONCE, _g1(C), bytes(octets), THEIR_LIST)


def test_the_answer_of_the_first_version_is_still_read() -> None:
    """Old traces are shown and replayed; no issuer signs it."""
    _, linked = ours()
    assert linked.attested
    with world.in_memory(world.card_with_parameters()) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        answer = personalisation.enrol(channel, NONCE)
    first = EnrolmentAnswer(commitment=answer.commitment, key_id=answer.key_id, table_hash=answer.table_hash)
    assert EnrolmentAnswer.from_octets(first.to_octets()) == first
    assert first.attested_message(NONCE) == NONCE + answer.commitment.to_octets()


def _g1(point: Point) -> G1:
    return octets_to_g1(point.to_octets())
