"""Properties of presentations for any input: any change is refused, and a proof exists exactly where it should."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.fixtures.crypto_world import (
    ADULT,
    TODAY,
    VALID_UNTIL,
    ask,
    born,
    card,
    over,
    show,
    under,
    verifier,
)

from mumei_core.commands.request import AgePredicate, Predicate, Request
from mumei_core.crypto.predicate.messages import SPAN, DatePredicate, Kind
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.dates import MAX_AGE, age_on, cutoff
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.presentation.verifier import Verified

#: About 3 ms for an example that verifies; the whole file stays under half a minute on one core.
FEW: Final = settings(max_examples=150, deadline=None)
MANY: Final = settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])

KINDS = st.sampled_from(Kind)


@cache
def samples() -> list[tuple[bytes, bytes]]:
    """One honest answer to each of several kinds of request."""
    requests = [
        ask(),
        ask(over(20)),
        ask(under(65), pseudonym=True),
        ask(over(20), under(65), disclosed=(1, 4), pseudonym=True, transaction=bytes(32)),
        ask(disclosed=(0, 1, 2, 3, 4)),
    ]
    return [show(request) for request in requests]


SAMPLES = st.integers(0, 4).map(lambda i: samples()[i])


def refused(octets: bytes, wire: bytes) -> None:
    with pytest.raises((InvalidProof, TrustError)):
        verifier().verify(octets, wire)


# Any change is refused


@MANY
@given(sample=SAMPLES, data=st.data())
def test_any_flipped_bit_of_a_presentation_is_refused(
    sample: tuple[bytes, bytes], data: st.DataObject
) -> None:
    octets, wire = sample
    at = data.draw(st.integers(0, 8 * len(wire) - 1))
    changed = bytearray(wire)
    changed[at // 8] ^= 1 << at % 8

    refused(octets, bytes(changed))


@MANY
@given(sample=SAMPLES, data=st.data())
def test_any_flipped_bit_of_the_request_is_refused(sample: tuple[bytes, bytes], data: st.DataObject) -> None:
    octets, wire = sample
    at = data.draw(st.integers(0, 8 * len(octets) - 1))
    changed = bytearray(octets)
    changed[at // 8] ^= 1 << at % 8

    refused(bytes(changed), wire)


@settings(MANY, max_examples=300)
@given(sample=SAMPLES, data=st.data())
def test_any_replaced_stretch_is_refused(sample: tuple[bytes, bytes], data: st.DataObject) -> None:
    octets, wire = sample
    start = data.draw(st.integers(0, len(wire)))
    end = data.draw(st.integers(start, min(len(wire), start + 100)))
    changed = wire[:start] + data.draw(st.binary(max_size=100)) + wire[end:]
    assume(changed != wire)

    refused(octets, changed)


@settings(MANY, max_examples=300)
@given(sample=SAMPLES, data=st.data())
def test_two_stretches_cannot_change_places(sample: tuple[bytes, bytes], data: st.DataObject) -> None:
    octets, wire = sample
    length = data.draw(st.sampled_from((32, 48, 160, 8)))
    first = data.draw(st.integers(0, len(wire) - 2 * length))
    second = data.draw(st.integers(first + length, len(wire) - length))
    parts = wire[first : first + length], wire[second : second + length]
    assume(parts[0] != parts[1])

    refused(
        octets,
        wire[:first] + parts[1] + wire[first + length : second] + parts[0] + wire[second + length :],
    )


CHANGES = st.one_of(
    st.fixed_dictionaries({"nonce": st.binary(min_size=32, max_size=32)}),
    st.fixed_dictionaries({"rp_context": st.binary(min_size=1, max_size=255)}),
    st.fixed_dictionaries({"date": st.integers(46_000, VALID_UNTIL)}),
    st.fixed_dictionaries({"channel_binding": st.binary(min_size=32, max_size=32)}),
    st.fixed_dictionaries({"transaction": st.none() | st.binary(min_size=32, max_size=32)}),
    st.fixed_dictionaries({"pseudonym": st.booleans()}),
    st.fixed_dictionaries({"disclosed": st.sets(st.integers(1, 4)).map(lambda s: tuple(sorted(s)))}),
    st.fixed_dictionaries(
        {
            "predicates": st.lists(
                st.builds(AgePredicate, kind=KINDS, years=st.integers(1, 100)), min_size=1, max_size=4
            ).map(tuple)
        }
    ),
)


@settings(MANY, max_examples=500)
@given(sample=st.integers(1, 3).map(lambda i: samples()[i]), changes=CHANGES)
def test_any_other_field_of_the_request_is_refused(
    sample: tuple[bytes, bytes], changes: dict[str, Any]
) -> None:
    """The very answer, before a terminal that asked something else in one field."""
    octets, wire = sample
    request = Request.from_octets(octets)
    other = replace(request, **changes)
    assume(other != request)

    refused(other.to_octets(), wire)


# Nothing but a verdict comes out


@MANY
@given(wire=st.binary(max_size=1200), sample=SAMPLES)
def test_any_octets_as_a_presentation_give_a_verdict(wire: bytes, sample: tuple[bytes, bytes]) -> None:
    refused(sample[0], wire)


@MANY
@given(octets=st.binary(max_size=300))
def test_any_octets_as_a_request_give_a_verdict(octets: bytes) -> None:
    refused(octets, samples()[0][1])
    refused(b"\xe1" + octets, samples()[0][1])
    with pytest.raises(DecodingError):
        Request.from_octets(octets)


@settings(MANY, max_examples=100)
@given(
    items=st.lists(
        st.tuples(SAMPLES.map(lambda s: s[0]) | st.binary(max_size=100), st.binary(max_size=900)), max_size=5
    )
)
def test_a_batch_of_any_octets_raises_nothing(items: list[tuple[bytes, bytes]]) -> None:
    outcomes = verifier().verify_batch(items)

    assert len(outcomes) == len(items)
    assert all(isinstance(outcome, InvalidProof | TrustError) for outcome in outcomes)


@FEW
@given(
    data=st.lists(st.tuples(SAMPLES, st.sampled_from(["good", "bit", "nonce", "cut", "other"])), max_size=6),
    at=st.integers(12, 400),
)
def test_a_batch_says_of_each_what_it_would_be_alone(
    data: list[tuple[tuple[bytes, bytes], str]], at: int
) -> None:
    items = []
    for (octets, wire), damage in data:
        match damage:
            case "bit":
                wire = wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :]
            case "nonce":
                octets = replace(Request.from_octets(octets), nonce=secrets.token_bytes(32)).to_octets()
            case "cut":
                wire = wire[:-1]
            case "other":
                wire = b"\0\0\0\0" + secrets.token_bytes(8) + wire[12:]
        items.append((octets, wire))
    for item, outcome in zip(items, verifier().verify_batch(items), strict=True):
        try:
            alone: Verified | Exception = verifier().verify(*item)
        except (InvalidProof, TrustError) as error:
            alone = error
        if isinstance(alone, Verified):
            assert outcome == alone
        else:
            assert type(outcome) is type(alone)
            assert getattr(outcome, "reason", "") == getattr(alone, "reason", "")


# A proof exists exactly where the predicate holds

DAYS = st.integers(0, 70_000)


def provable(predicate: Predicate, birth_date: int, date: int) -> bool:
    """Whether the predicate holds within the span of two digits, by comparison of days."""
    day = predicate.on(date) if isinstance(predicate, AgePredicate) else predicate
    if day.kind is Kind.ON_OR_BEFORE:
        return birth_date <= day.cutoff < birth_date + SPAN
    return day.cutoff <= birth_date < day.cutoff + SPAN


def agree(request: Request, birth_date: int) -> None:
    """The card answers and the verifier accepts where all predicates hold; else the card cannot prove."""
    if all(provable(predicate, birth_date, request.date) for predicate in request.predicates):
        claim = verifier().verify(*show(request, _born(birth_date)))
        assert claim.request == request
    else:
        with pytest.raises(CannotProve):
            show(request, _born(birth_date))


def _born(birth_date: int) -> Any:
    return card.__wrapped__(birth_date)


@FEW
@given(birth_date=DAYS, kind=KINDS, day=DAYS)
def test_a_day_can_be_proven_exactly_if_it_is_so(birth_date: int, kind: Kind, day: int) -> None:
    agree(ask(born(kind, day)), birth_date)


@FEW
@given(birth_date=DAYS, kind=KINDS, edge=st.sampled_from((0, SPAN - 1, SPAN)), step=st.integers(-2, 2))
def test_the_boundaries_are_where_the_protocol_puts_them(
    birth_date: int, kind: Kind, edge: int, step: int
) -> None:
    day = birth_date + kind.sign * (edge + step)
    assume(0 <= day < 1 << 24)

    agree(ask(born(kind, day)), birth_date)


@FEW
@given(
    date=st.integers(TODAY - 3000, VALID_UNTIL),
    years=st.integers(1, 138),
    kind=KINDS,
    offset=st.integers(-2, 2),
)
def test_an_age_can_be_proven_exactly_from_the_birthday_on(
    date: int, years: int, kind: Kind, offset: int
) -> None:
    """Both directions around the birthday, against the age that people would compute."""
    birth_date = cutoff(years, date) + offset
    assume(0 <= birth_date <= date)
    old_enough = age_on(birth_date, date) >= years
    request = ask(AgePredicate(kind=kind, years=years), date=date)

    assert provable(request.predicates[0], birth_date, date) == (old_enough == (kind is Kind.ON_OR_BEFORE))
    agree(request, birth_date)


@FEW
@given(
    birth_date=st.integers(TODAY - 40_000, TODAY),
    predicates=st.lists(
        st.builds(AgePredicate, kind=KINDS, years=st.integers(1, 100))
        | st.builds(DatePredicate, kind=KINDS, cutoff=st.integers(TODAY - 40_000, TODAY)),
        min_size=2,
        max_size=4,
    ),
)
def test_several_predicates_hold_together_or_not_at_all(birth_date: int, predicates: list[Predicate]) -> None:
    agree(ask(*predicates), birth_date)


@FEW
@given(
    predicates=st.lists(st.builds(AgePredicate, kind=KINDS, years=st.integers(1, MAX_AGE)), max_size=4),
    disclosed=st.sets(st.integers(0, 4)),
    context=st.binary(min_size=1, max_size=255),
    pseudonym=st.booleans(),
    transaction=st.none() | st.binary(min_size=32, max_size=32),
)
def test_what_is_asked_is_what_is_shown(
    predicates: list[Predicate],
    disclosed: set[int],
    context: bytes,
    pseudonym: bool,
    transaction: bytes | None,
) -> None:
    """Everything that may be asked together comes back as asked: no more, no less."""
    true = [p for p in predicates if _exists(p) and provable(p, ADULT, TODAY)]
    shown = tuple(sorted(disclosed - {0} if true else disclosed))
    request = ask(*true, disclosed=shown, rp_context=context, pseudonym=pseudonym, transaction=transaction)
    claim = verifier().verify(*show(request))

    assert tuple(claim.disclosed) == shown
    assert all(claim.disclosed[i] == card().attributes[i] for i in shown)
    assert (claim.pseudonym is not None) == pseudonym
    assert claim.request == request


def _exists(predicate: Predicate) -> bool:
    """Whether the age leads to a day at all: the calendar begins with 1880."""
    return not isinstance(predicate, AgePredicate) or predicate.years < TODAY // 365
