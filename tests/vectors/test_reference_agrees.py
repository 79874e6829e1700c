"""Our core against the independent slow reference on fresh random cases, in both directions.

Fed the same randoms, both give the same octets. The seed of every run is new; a failing test prints it, and
MUMEI_TEST_SEED (hex) repeats it.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from functools import cache

import pytest

from mumei_core import dates
from mumei_core.commands.request import Request
from mumei_core.common_key import prove as prove_module
from mumei_core.common_key.check import check_common_key
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import ATTRIBUTES, attribute_scalar
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.curve import BP1, GROUP, Point
from mumei_core.crypto.generators import ALL, G_D
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.audit import audit_digit_parameters
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError
from mumei_core.presentation.prover import Credential, prepare, present

from .reference import mumei as reference
from .two_sides import (
    CASES,
    FIRST_DAY,
    SEED,
    Asked,
    Issued,
    Table,
    any_predicate,
    build,
    compare,
    digits,
    fresh,
    holds,
    issue,
    predicates_for,
    present_ours,
    scalar,
    seeded,
    verifier,
)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A generator of its own for each test; the run's seed is printed where the test fails."""
    print(f"MUMEI_TEST_SEED={SEED}  # {request.node.name}")
    return seeded(request.node.name)


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
            answer_ours(rng, ours, asked)
        with pytest.raises(reference.CannotProve):
            reference.present(theirs, asked.octets, table=digits().theirs)


def answer_ours(rng: random.Random, ours: Credential, asked: Asked) -> bytes:
    """An answer of our prover with fresh randoms."""

    def draw() -> int:
        return scalar(rng)

    coupon, table = prepare(GROUP, ours, draw), Table(digits().ours)
    return present(GROUP, ours, coupon, asked.ours, asked.octets, table, BP1, draw, asked.slot).to_octets()


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
            answer_ours(rng, issued.ours, asked)
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
