"""Keys, cards and requests made by both sides, ours and the reference's, compared octet for octet on the way.

Everything random comes from SEED, which MUMEI_TEST_SEED (hex) repeats.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from mumei_core import dates
from mumei_core.commands.request import (
    AgePredicate,
    Predicate,
    RecogniseToken,
    Request,
    SlotToken,
    TokenRequest,
)
from mumei_core.credential import attribute_scalars, credential_header, key_id
from mumei_core.crypto.bbs.issuer import public_key
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import GROUP, Point, R
from mumei_core.crypto.generators import ALL, BLIND, SIGNER
from mumei_core.crypto.hash_to_curve import context_point, recognise_point, slot_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.issuer import DigitParameters, make_digit_parameters
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.crypto.revocation.prover import Slot
from mumei_core.epochs import epoch_of
from mumei_core.presentation.prover import Credential, prepare, present
from mumei_core.presentation.verifier import Verifier

from .prover_order import prover_order
from .reference import mumei as reference

CASES: Final = 20
SEED: Final = os.environ.get("MUMEI_TEST_SEED") or os.urandom(8).hex()
FIRST_DAY: Final = dates.day_number(datetime.date(2026, 1, 1))


def seeded(name: str) -> random.Random:
    return random.Random(f"{SEED} {name}")


def scalar(rng: random.Random) -> int:
    return rng.randrange(1, R)


class Table:
    """The digit signatures as a card holds them."""

    def __init__(self, parameters: DigitParameters) -> None:
        self.parameters = parameters

    def fetch(self, digit: int) -> tuple[Point, Point]:
        return self.parameters.A[digit], self.parameters.W[digit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """One digit key, both ways."""

    ours: DigitParameters
    theirs: reference.DigitTable


@cache
def digits() -> Digits:
    """The table costs the reference a second: one for all presentations of a run."""
    x = scalar(seeded("digits"))
    return Digits(ours=make_digit_parameters(x), theirs=reference.digit_table(x))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One credential, both ways."""

    sk: int
    pk: bytes
    ours: Credential
    theirs: reference.Credential


def values(rng: random.Random) -> tuple[int | str | bytes, ...]:
    """Typed attributes of somebody between 1 and 120 years old."""
    birth_date = FIRST_DAY - rng.randrange(1, 44_000)
    code = "".join(rng.choice("0123456789") for _ in range(11))
    text = rng.choice((code, "が" + code, "\u304b\u3099", ""))  # the last but one is not in NFC
    return birth_date, rng.randrange(1, 48), rng.randrange(1 << 32), rng.randbytes(rng.randrange(300)), text


def valid_until(rng: random.Random) -> int:
    year = rng.randrange(2028, 2200)
    month, day = rng.choice(((6, 30), (12, 31)))
    return dates.day_number(datetime.date(year, month, day))


def issue(rng: random.Random) -> Issued:
    """Issue one credential by both, compare every octet on the way."""
    sk, handle, nym, blind, s, h, n, entropy = (scalar(rng) for _ in range(8))
    typed, end, pk = values(rng), valid_until(rng), public_key(sk)
    assert pk == reference.public_key(sk)

    commitment = core_commit(GROUP, MUMEI, BLIND, (handle, nym), (blind, s, h, n))
    their_commitment = reference.commit(handle, nym, blind, s, h, n)
    assert commitment.to_octets() == their_commitment
    core_commit_verify(MUMEI, CommitmentWithProof.from_octets(their_commitment), BLIND)
    assert reference.verify_commit(commitment.to_octets()) == commitment.C.to_octets()

    octets = tuple(reference.attribute_octets(i, value) for i, value in enumerate(typed))
    messages = attribute_scalars(octets)
    assert list(messages) == [reference.map_attribute(i, value) for i, value in enumerate(octets)]
    header = credential_header(pk, end)
    assert header == reference.header(pk, end) + bytes(7) + b"\1"

    signature, B = core_blind_sign(MUMEI, sk, pk, commitment, SIGNER, BLIND, header, messages, entropy)
    their_signature = reference.issue(sk, typed, end, their_commitment, entropy)
    assert signature.to_octets() == their_signature
    theirs = reference.make_credential(pk, their_signature, typed, end, blind, handle, nym, entropy)
    assert B.to_octets() == reference.signed_point(theirs)
    ours = Credential(
        key_id=key_id(pk),
        valid_until=end,
        attributes=octets,
        messages=(*messages, blind, handle, (nym + entropy) % R),
        signature=signature,
        B=B,
        domain=calculate_domain(MUMEI, pk, ALL, header),
    )
    assert list(ours.messages) == theirs.messages()
    return Issued(sk=sk, pk=pk, ours=ours, theirs=theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, both ways."""

    ours: Request
    theirs: reference.Request
    octets: bytes
    k: int
    salt: bytes

    @property
    def slot(self) -> Slot | None:
        """Of the token asked, if one is."""
        token = self.ours.token
        if token is None:
            return None
        point = (
            slot_point(token.epoch, token.bucket, self.k)
            if isinstance(token, SlotToken)
            else recognise_point(token.epoch, self.ours.rp_context)
        )
        return Slot(k=self.k, point=point, salt=self.salt)

    @property
    def their_slot(self) -> tuple[int, bytes] | None:
        return None if self.ours.token is None else (self.k, self.salt)


def build(
    rng: random.Random, predicates: list[tuple[int, int | None, int | None]], end: int, date: int
) -> Asked:
    """A request with random other parts by both; predicates are (kind, age, day)."""
    disclosed = tuple(sorted(rng.sample(range(1 if predicates else 0, 5), rng.randrange(5))))
    nonce, binding, transaction = rng.randbytes(32), rng.randbytes(32), rng.choice((None, rng.randbytes(32)))
    context = rng.randbytes(rng.choice((1, 12, 127, 128, 255)))
    pseudonym, table_hash = rng.random() < 0.5, digits().ours.hash if predicates else None
    epoch = rng.choice((epoch_of(date), rng.randrange(1 << 32)))
    token: TokenRequest | None = rng.choice(
        (None, SlotToken(epoch=epoch, bucket=rng.randrange(64)), RecogniseToken(epoch=epoch))
    )
    k = 255 if isinstance(token, RecogniseToken) else rng.randrange(16)
    ours: list[Predicate] = [
        AgePredicate(kind=Kind(kind), years=age)
        if age is not None
        else DatePredicate(kind=Kind(kind), cutoff=day or 0)
        for kind, age, day in predicates
    ]
    request = Request(
        rp_context=context,
        nonce=nonce,
        date=date,
        channel_binding=binding,
        predicates=tuple(ours),
        disclosed=disclosed,
        pseudonym=pseudonym,
        token=token,
        transaction=transaction,
        table_hash=table_hash,
    )
    theirs = reference.Request(
        rp_context=context,
        nonce=nonce,
        date=date,
        channel_binding=binding,
        predicates=tuple(reference.DatePredicate(kind=k, age=age, day=day) for k, age, day in predicates),
        disclosed=sum(1 << i for i in disclosed),
        pseudonym=pseudonym,
        token=token.to_octets() if token else None,
        transaction_hash=transaction,
        table_hash=table_hash,
    )
    octets = request.to_octets()
    assert octets == reference.build_request(theirs)
    assert Request.from_octets(octets) == request
    assert reference.parse_request(octets) == theirs
    assert date <= end
    return Asked(ours=request, theirs=theirs, octets=octets, k=k, salt=rng.randbytes(16))


def any_predicate(rng: random.Random, date: int) -> tuple[int, int | None, int | None]:
    kind = rng.choice((1, 2))
    if rng.random() < 0.7:
        return kind, rng.randrange(1, 120), None
    return kind, None, date - rng.randrange(44_000)


def holds(predicate: tuple[int, int | None, int | None], birth_date: int, date: int) -> bool:
    kind, age, day = predicate
    wanted = reference.DatePredicate(kind=kind, age=age, day=day)
    return 0 <= wanted.sign() * (wanted.bound(date) - birth_date) < 1 << 16


def predicates_for(
    rng: random.Random, birth_date: int, date: int, count: int
) -> list[tuple[int, int | None, int | None]]:
    """``count`` predicates that hold, at the boundary more often than chance would have it."""
    found: list[tuple[int, int | None, int | None]] = []
    while len(found) < count:
        candidate = any_predicate(rng, date)
        if rng.random() < 0.2:
            candidate = (candidate[0], None, birth_date)
        if holds(candidate, birth_date, date):
            found.append(candidate)
    return found


def present_ours(issued: Issued, asked: Asked, named: Mapping[str, int]) -> bytes:
    supply = prover_order(asked.ours, named)
    OP = context_point(asked.ours.rp_context)
    coupon = prepare(GROUP, issued.ours, supply.__next__)
    table = Table(digits().ours)
    wire = present(
        GROUP, issued.ours, coupon, asked.ours, asked.octets, table, OP, supply.__next__, asked.slot
    )
    assert next(supply, None) is None
    return wire.to_octets()


def fresh(rng: random.Random, asked: Asked) -> dict[str, int]:
    return {name: scalar(rng) for name in reference.draw_names(asked.theirs)}


def compare(rng: random.Random, issued: Issued, asked: Asked) -> None:
    """Our proof before their verifier, their proof before ours, and both the same octets from the same randoms."""
    named = fresh(rng, asked)
    wire = present_ours(issued, asked, named)
    assert wire == reference.present(
        issued.theirs, asked.octets, named.__getitem__, table=digits().theirs, slot=asked.their_slot
    )
    shown = reference.verify(
        issued.pk, digits().theirs.x_point, asked.octets, wire, table_hash=digits().theirs.table_hash
    )

    theirs = reference.present(
        issued.theirs,
        asked.octets,
        fresh(rng, asked).__getitem__,
        table=digits().theirs,
        slot=asked.their_slot,
    )
    claim = verifier(issued).verify(asked.octets, theirs)
    assert theirs != wire
    assert (claim.disclosed, claim.valid_until, claim.pseudonym) == (
        shown.attributes,
        shown.valid_until,
        shown.pseudonym,
    )
    assert (claim.token is None) == (shown.token is None)
    if claim.token is not None:
        assert (claim.token.k, claim.token.K.to_octets()) == (shown.slot, shown.token)


def verifier(issued: Issued) -> Verifier:
    return Verifier([issued.pk], digits().ours.X, digits().ours.hash)
