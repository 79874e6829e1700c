"""Decoding and binding of presentations: cut, extended, rearranged, replayed, always refused and always alike."""

from __future__ import annotations

import itertools

import pytest
from tests.fixtures.crypto_world import ADULT, ask, card, over, show, under, verifier
from tests.negative.wide_points import plus_order_3

from mumei_core.crypto.curve import Point, R
from mumei_core.errors import InvalidProof
from mumei_core.presentation.verifier import Reason

REQUEST = ask(over(20), under(65), disclosed=(1, 4), pseudonym=True)
OCTETS, WIRE = show(REQUEST)

#: (name, offset, length) of every field of WIRE.
FIELDS: list[tuple[str, int, int]] = []


def _lay_out() -> None:
    names = [
        ("valid_until", 4),
        ("key hint", 8),
        ("length 1", 2),
        ("value 1", 4),
        ("length 4", 2),
        ("value 4", 11),
    ]
    names += [(name, 48) for name in ("Abar", "Bbar", "D")]
    names += [(name, 32) for name in ("e^", "r1^", "r3^", "m^2", "m^3", "m^5", "m^6", "m^7", "c")]
    names += [("pseudonym", 48)]
    for p, j in itertools.product((0, 1), (0, 1)):
        names += [(f"V{p}{j}", 48), (f"V'{p}{j}", 48), (f"v^{p}{j}", 32), (f"d^{p}{j}", 32)]
    at = 0
    for name, length in names:
        FIELDS.append((name, at, length))
        at += length


_lay_out()


def refusal(octets: bytes, wire: bytes) -> str:
    with pytest.raises(InvalidProof) as caught:
        verifier().verify(octets, wire)
    assert str(caught.value) == "the proof does not hold"  # what the card's side may learn
    return str(caught.value.reason)


def test_the_layout_is_the_one_of_the_protocol() -> None:
    name, at, length = FIELDS[-1]

    assert (name, at + length) == ("d^11", len(WIRE))
    assert verifier().verify(OCTETS, WIRE).disclosed == {1: b"\0\0\0\x15", 4: b"24727059608"}


def test_the_octets_are_as_few_as_the_protocol_says() -> None:
    assert len(show(ask(over(20)))[1]) == len(show(ask(under(65)))[1]) == 828
    assert len(show(ask(over(20), pseudonym=True))[1]) == 876


def test_a_presentation_cut_at_any_octet_is_refused() -> None:
    for cut in range(len(WIRE)):
        assert refusal(OCTETS, WIRE[:cut]).startswith(Reason.STRUCTURE)


@pytest.mark.parametrize("more", [b"\0", b"\1", bytes(32), bytes(48), WIRE], ids=len)
def test_an_extended_presentation_is_refused(more: bytes) -> None:
    assert refusal(OCTETS, WIRE + more).startswith(Reason.STRUCTURE)


@pytest.mark.parametrize(
    ("first", "second"),
    [(a, b) for a, b in itertools.combinations(FIELDS, 2) if a[2] == b[2] and a[2] >= 32],
    ids=lambda field: field[0],
)
def test_two_fields_of_one_kind_cannot_change_places(
    first: tuple[str, int, int], second: tuple[str, int, int]
) -> None:
    (_, i, length), (_, j, _) = first, second
    swapped = (
        WIRE[:i] + WIRE[j : j + length] + WIRE[i + length : j] + WIRE[i : i + length] + WIRE[j + length :]
    )

    assert refusal(OCTETS, swapped)


@pytest.mark.parametrize("field", [field for field in FIELDS if field[2] == 32], ids=lambda field: field[0])
@pytest.mark.parametrize("kind", ["zero", "r", "plus r", "minus", "all ones"])
def test_every_scalar_is_in_range_and_its_own(field: tuple[str, int, int], kind: str) -> None:
    _, at, length = field
    value = int.from_bytes(WIRE[at : at + length], "big")
    changed = {"zero": 0, "r": R, "plus r": value + R, "minus": R - value, "all ones": (1 << 256) - 1}[kind]
    reason = refusal(OCTETS, WIRE[:at] + changed.to_bytes(32, "big") + WIRE[at + length :])

    if kind != "minus":
        assert reason.startswith(Reason.STRUCTURE)


@pytest.mark.parametrize("field", [field for field in FIELDS if field[2] == 48], ids=lambda field: field[0])
@pytest.mark.parametrize("kind", ["negated", "identity", "order 3", "plus order 3", "uncompressed", "zeros"])
def test_every_point_is_canonical_and_its_own(field: tuple[str, int, int], kind: str) -> None:
    _, at, length = field
    point = WIRE[at : at + length]
    changed = {
        "negated": bytes([point[0] ^ 0x20]) + point[1:],
        "identity": b"\xc0" + bytes(47),
        "order 3": b"\x80" + bytes(47),
        "plus order 3": plus_order_3(Point.from_octets(point)),
        "uncompressed": bytes([point[0] & 0x7F]) + point[1:],
        "zeros": bytes(48),
    }[kind]
    reason = refusal(OCTETS, WIRE[:at] + changed + WIRE[at + length :])

    if kind != "negated":
        assert reason.startswith(Reason.STRUCTURE)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": bytes(32)},
        {"date": REQUEST.date + 1},
        {"date": REQUEST.date - 1},
        {"rp_context": b"shop.other"},
        {"channel_binding": bytes(32)},
        {"transaction": bytes(32)},
    ],
    ids=str,
)
def test_a_replay_to_another_terminal_time_or_channel_is_refused(changes: dict[str, object]) -> None:
    """The octets decode there as well; the challenge does not fit."""
    other = ask(
        over(20),
        under(65),
        **{"disclosed": (1, 4), "pseudonym": True, "nonce": REQUEST.nonce, **changes},
    )

    assert refusal(other.to_octets(), WIRE) in (Reason.CHALLENGE, *_fields_of_dates(changes))


def _fields_of_dates(changes: dict[str, object]) -> tuple[str, ...]:
    """Another date moves the days of both predicates alike, so their agreement may break first or not at all."""
    return ("predicate: two predicates speak of different birth dates",) if "date" in changes else ()


@pytest.mark.parametrize(
    "request_",
    [
        ask(over(20), under(65), disclosed=(1, 4), nonce=REQUEST.nonce),
        ask(under(65), over(20), disclosed=(1, 4), pseudonym=True, nonce=REQUEST.nonce),
        ask(over(20), under(66), disclosed=(1, 4), pseudonym=True, nonce=REQUEST.nonce),
        ask(over(20), disclosed=(1, 4), pseudonym=True, nonce=REQUEST.nonce),
        ask(over(20), under(65), over(18), disclosed=(1, 4), pseudonym=True, nonce=REQUEST.nonce),
        ask(over(20), under(65), disclosed=(1, 2), pseudonym=True, nonce=REQUEST.nonce),
        ask(over(20), under(65), disclosed=(4,), pseudonym=True, nonce=REQUEST.nonce),
        ask(disclosed=(1, 4), pseudonym=True, nonce=REQUEST.nonce),
    ],
    ids=[
        "no pseudonym",
        "order",
        "threshold",
        "fewer",
        "more",
        "other attribute",
        "fewer attributes",
        "no predicate",
    ],
)
def test_an_answer_to_another_question_is_refused(request_: object) -> None:
    assert refusal(request_.to_octets(), WIRE)  # type: ignore[attr-defined]


def test_parts_of_two_answers_do_not_make_a_third() -> None:
    """Every field is taken from a second good answer of the same card to the same request."""
    _, other = show(REQUEST)
    assert verifier().verify(OCTETS, other)
    for name, at, length in FIELDS:
        mixed = WIRE[:at] + other[at : at + length] + WIRE[at + length :]
        if mixed not in (WIRE, other):
            assert refusal(OCTETS, mixed), name


def test_parts_of_two_cards_do_not_make_a_third() -> None:
    """A friend lends the whole middle of a proof: credential of one, digits and pseudonym of the other."""
    _, other = show(REQUEST, card(ADULT - 500, name="friend"))
    boundary = next(at for name, at, _ in FIELDS if name == "pseudonym")

    assert refusal(OCTETS, WIRE[:boundary] + other[boundary:])
    assert refusal(OCTETS, other[:boundary] + WIRE[boundary:])
