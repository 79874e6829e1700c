"""Our core against the independent slow reference on fresh random cases, in both directions.

Fed the same randoms, both give the same octets. The seed of every run is new; a failing test prints it, and
MUMEI_TEST_SEED (hex) repeats it.
"""

from __future__ import annotations

import datetime
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import pytest

from mumei_core import dates
from mumei_core.commands.request import AgePredicate, Predicate, Request
from mumei_core.common_key import prove as prove_module
from mumei_core.common_key.check import check_common_key
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import ATTRIBUTES, attribute_scalar, attribute_scalars, credential_header, key_id
from mumei_core.crypto.bbs.issuer import public_key
from mumei_core.crypto.bbs.messages import Signature, calculate_domain
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import BP1, GROUP, Point, R
from mumei_core.crypto.generators import ALL, BLIND, G_D, SIGNER
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.audit import audit_digit_parameters
from mumei_core.crypto.predicate.issuer import DigitParameters, make_digit_parameters
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError
from mumei_core.presentation.messages import undisclosed_indexes
from mumei_core.presentation.prover import Credential, present
from mumei_core.presentation.verifier import Verifier

from .reference import mumei as reference

CASES: Final = 20
SEED: Final = os.environ.get("MUMEI_TEST_SEED") or os.urandom(8).hex()
FIRST_DAY: Final = dates.day_number(datetime.date(2026, 1, 1))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A generator of its own for each test; the run's seed is printed where the test fails."""
    print(f"MUMEI_TEST_SEED={SEED}  # {request.node.name}")
    return seeded(request.node.name)


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


def build(
    rng: random.Random, predicates: list[tuple[int, int | None, int | None]], end: int, date: int
) -> Asked:
    """A request with random other parts by both; predicates are (kind, age, day)."""
    disclosed = tuple(sorted(rng.sample(range(1 if predicates else 0, 5), rng.randrange(5))))
    nonce, binding, transaction = rng.randbytes(32), rng.randbytes(32), rng.choice((None, rng.randbytes(32)))
    context = rng.randbytes(rng.choice((1, 12, 127, 128, 255)))
    pseudonym, table_hash = rng.random() < 0.5, digits().ours.hash if predicates else None
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
        transaction_hash=transaction,
        table_hash=table_hash,
    )
    octets = request.to_octets()
    assert octets == reference.build_request(theirs)
    assert Request.from_octets(octets) == request
    assert reference.parse_request(octets) == theirs
    assert date <= end
    return Asked(ours=request, theirs=theirs, octets=octets)


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


def our_order(request: Request) -> Iterator[str]:
    """The reference's names of the scalars in the order in which our prover draws them."""
    several = range(len(request.predicates))
    if request.predicates:
        yield from ("d~[0][0]", "d~[0][1]")
    yield from (f"d~[{p}][1]" for p in several if p)
    for p in several:
        yield from (f"v[{p}][0]", f"v[{p}][1]", f"v~[{p}][0]", f"v~[{p}][1]")
    yield from ("r1", "r2", "e~", "r1~", "r3~")
    yield from (f"m~[{i}]" for i in undisclosed_indexes(request) if i or not request.predicates)


def present_ours(issued: Issued, asked: Asked, named: Mapping[str, int]) -> bytes:
    supply = iter([named[name] for name in our_order(asked.ours)])
    OP = context_point(asked.ours.rp_context)
    wire = present(GROUP, issued.ours, asked.ours, asked.octets, Table(digits().ours), OP, supply.__next__)
    assert next(supply, None) is None
    return wire.to_octets()


def fresh(rng: random.Random, asked: Asked) -> dict[str, int]:
    return {name: scalar(rng) for name in reference.draw_names(asked.theirs)}


def compare(rng: random.Random, issued: Issued, asked: Asked) -> None:
    """Our proof before their verifier, their proof before ours, and both the same octets from the same randoms."""
    named = fresh(rng, asked)
    wire = present_ours(issued, asked, named)
    assert wire == reference.present(issued.theirs, asked.octets, named.__getitem__, table=digits().theirs)
    shown = reference.verify(
        issued.pk, digits().theirs.x_point, asked.octets, wire, table_hash=digits().theirs.table_hash
    )

    theirs = reference.present(
        issued.theirs, asked.octets, fresh(rng, asked).__getitem__, table=digits().theirs
    )
    claim = verifier(issued).verify(asked.octets, theirs)
    assert theirs != wire
    assert (claim.disclosed, claim.valid_until, claim.pseudonym) == (
        shown.attributes,
        shown.valid_until,
        shown.pseudonym,
    )


def verifier(issued: Issued) -> Verifier:
    return Verifier([issued.pk], digits().ours.X, digits().ours.hash)


# The comparisons


def test_generators_and_points_agree() -> None:
    assert [point.to_octets() for point in ALL] == reference.create_generators()
    assert G_D.to_octets() == reference.digit_base()
    assert MUMEI.api_id == reference.API_ID


def test_context_points_agree(rng: random.Random) -> None:
    for length in (1, 2, 31, 255):
        context = rng.randbytes(length)
        assert context_point(context).to_octets() == reference.context_point(context)


def test_digit_tables_agree(rng: random.Random) -> None:
    ours, theirs = digits().ours, digits().theirs
    assert theirs.x_point == ours.X
    assert [point.to_octets() for point in ours.A] == theirs.a
    assert [point.to_octets() for point in ours.W] == theirs.w
    assert ours.hash == theirs.table_hash
    audit_digit_parameters(ours)
    reference.audit_digit_table(theirs)


def test_cutoffs_and_calendars_agree(rng: random.Random) -> None:
    """Every age on thousands of days, all 29 February among them; a date before 1880 is refused by ours."""
    days = [rng.randrange(dates.day_number(datetime.date(2400, 1, 1))) for _ in range(1500)]
    days += [
        dates.day_number(datetime.date(year, month, day))
        for year in range(1880, 2401, 4)
        for month, day in ((2, 28), (2, 29), (3, 1))
        if year % 100 or year % 400 == 0
    ]
    for day in days:
        on = dates.date_of(day)
        assert reference.date_of(day) == (on.year, on.month, on.day)
        assert reference.day_number(on.year, on.month, on.day) == dates.day_number(on) == day
        for years in (1, 4, 20, 100, rng.randrange(1, 151)):
            expected = reference.cutoff(years, day)
            if expected >= 0:
                assert dates.cutoff(years, day) == expected
            else:
                with pytest.raises(DataError):
                    dates.cutoff(years, day)


@pytest.mark.parametrize("case", range(3))
def test_the_common_key_proof_agrees_both_ways(
    rng: random.Random, monkeypatch: pytest.MonkeyPatch, case: int
) -> None:
    issued, k = issue(rng), scalar(rng)
    signature, B = issued.theirs.signature, reference.signed_point(issued.theirs)
    W1 = Point.from_octets(reference.w1(issued.sk))
    assert BP1 * issued.sk == W1

    theirs = reference.prove_common_key(issued.sk, signature, B, k)
    check_common_key(
        GROUP, W1, Signature.from_octets(signature), Point.from_octets(B), CommonKeyProof.from_octets(theirs)
    )
    ours = prove_common_key(issued.sk, issued.ours.signature, issued.ours.B).to_octets()
    reference.check_common_key(W1.to_octets(), signature, B, ours)
    monkeypatch.setattr(prove_module, "_hedged_scalar", lambda key, statement: k)
    assert prove_common_key(issued.sk, issued.ours.signature, issued.ours.B).to_octets() == theirs

    reference.verify_credential(issued.theirs)
    with pytest.raises(reference.Invalid):
        reference.check_common_key(reference.w1(issued.sk + 1), signature, B, ours)
    with pytest.raises(InvalidProof):
        check_common_key(
            GROUP, W1 + BP1, issued.ours.signature, issued.ours.B, CommonKeyProof.from_octets(theirs)
        )


@pytest.mark.parametrize("case", range(CASES))
def test_presentations_agree_both_ways(rng: random.Random, case: int) -> None:
    """One case per number of predicates (0..4), whatever else is asked."""
    issued = issue(rng)
    birth_date, date = issued.ours.messages[0], FIRST_DAY + rng.randrange(700)
    wanted = predicates_for(rng, birth_date, date, case % 5)

    compare(rng, issued, build(rng, wanted, issued.ours.valid_until, date))


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(
    ("n", "on"), [(20, (2028, 2, 29)), (18, (2027, 2, 28)), (18, (2027, 3, 1)), (67, (2032, 2, 29))]
)
def test_boundaries_agree(rng: random.Random, kind: int, n: int, on: tuple[int, int, int]) -> None:
    """The last day that can be proven and the first that cannot, around 29 February, in both directions."""
    date = reference.day_number(*on)
    bound = reference.DatePredicate(kind=kind, age=n).bound(date)
    asked = build(rng, [(kind, n, None)], date, date)
    for birth_date, true in ((bound, True), (bound + (1 if kind == 1 else -1), False)):
        ours, theirs = born_on(rng, birth_date)
        if true:
            named = fresh(rng, asked)
            issued = Issued(sk=1, pk=theirs.pk, ours=ours, theirs=theirs)
            assert present_ours(issued, asked, named)
            continue
        with pytest.raises(CannotProve):
            present(GROUP, ours, asked.ours, asked.octets, Table(digits().ours), BP1, lambda: scalar(rng))
        with pytest.raises(reference.CannotProve):
            reference.present(theirs, asked.octets, table=digits().theirs)


def born_on(rng: random.Random, birth_date: int) -> tuple[Credential, reference.Credential]:
    """Two sides of a card with this birth date; the signature is another's, and no prover looks at it."""
    issued = one_card()
    octets = (birth_date.to_bytes(4, "big"), *issued.ours.attributes[1:])
    ours = Credential(
        key_id=issued.ours.key_id,
        valid_until=issued.ours.valid_until,
        attributes=octets,
        messages=(birth_date, *issued.ours.messages[1:]),
        signature=issued.ours.signature,
        B=issued.ours.B,
        domain=issued.ours.domain,
    )
    theirs = reference.Credential(
        pk=issued.pk,
        signature=issued.theirs.signature,
        attributes=octets,
        valid_until=issued.theirs.valid_until,
        secret_prover_blind=issued.theirs.secret_prover_blind,
        revocation_handle=issued.theirs.revocation_handle,
        nym_secret=issued.theirs.nym_secret,
    )
    return ours, theirs


@cache
def one_card() -> Issued:
    return issue(seeded("one card"))


def test_both_refuse_what_is_not_so(rng: random.Random) -> None:
    issued = one_card()
    birth_date, date = issued.ours.messages[0], FIRST_DAY
    for _ in range(60):
        predicate = any_predicate(rng, date)
        if holds(predicate, birth_date, date):
            continue
        asked = build(rng, [predicate], issued.ours.valid_until, date)
        with pytest.raises(CannotProve):
            present(
                GROUP, issued.ours, asked.ours, asked.octets, Table(digits().ours), BP1, lambda: scalar(rng)
            )
        with pytest.raises(reference.CannotProve):
            reference.present(issued.theirs, asked.octets, table=digits().theirs)


def test_both_refuse_the_same_damage(rng: random.Random) -> None:
    issued = one_card()
    wanted = predicates_for(rng, issued.ours.messages[0], FIRST_DAY, 1)
    asked = build(rng, wanted, issued.ours.valid_until, FIRST_DAY)
    wire = present_ours(issued, asked, fresh(rng, asked))
    verifier(issued).verify(asked.octets, wire)
    for _ in range(8):
        damaged = bytearray(wire)
        damaged[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
        with pytest.raises((InvalidProof, TrustError)):
            verifier(issued).verify(asked.octets, bytes(damaged))
        with pytest.raises(reference.Invalid):
            reference.verify(issued.pk, digits().theirs.x_point, asked.octets, bytes(damaged))


def accepts(parse: Callable[[bytes], object], octets: bytes) -> bool:
    try:
        parse(octets)
    except (DecodingError, reference.Invalid):
        return False
    return True


def test_both_parse_the_same_requests(rng: random.Random) -> None:
    """Thousands of damaged requests: accepted by both or by none.

    Two differences are known: the reference reads a revocation token, which this version refuses as unknown, and
    it knows dates beyond the year 9999.
    """
    samples = [
        build(rng, [any_predicate(rng, FIRST_DAY) for _ in range(count)], FIRST_DAY, FIRST_DAY).octets
        for count in (0, 1, 2, 3, 4)
        for _ in range(20)
    ]
    for _ in range(4000):
        octets = bytearray(rng.choice(samples))
        for _ in range(rng.choice((0, 1, 1, 2))):
            at = rng.randrange(len(octets))
            match rng.randrange(4):
                case 0:
                    octets[at] ^= 1 << rng.randrange(8)
                case 1:
                    octets[at] = rng.randrange(256)
                case 2:
                    del octets[at]
                case _:
                    octets.insert(at, rng.randrange(256))
        damaged = bytes(octets)
        if accepts(reference.parse_request, damaged):
            theirs = reference.parse_request(damaged)
            if theirs.token is not None or theirs.date > 2_900_000:
                continue
            assert Request.from_octets(damaged).to_octets() == damaged, damaged.hex()
        else:
            assert not accepts(Request.from_octets, damaged), damaged.hex()


def test_attribute_mappings_agree(rng: random.Random) -> None:
    for index, attribute in enumerate(ATTRIBUTES):
        for length in (0, 1, 3, 4, 5, 40, 300):
            octets = rng.randbytes(length)
            try:
                expected = reference.map_attribute(index, octets)
            except reference.Invalid:
                with pytest.raises(DecodingError):
                    attribute_scalar(index, octets)
            else:
                assert attribute_scalar(index, octets) == expected, attribute.name
