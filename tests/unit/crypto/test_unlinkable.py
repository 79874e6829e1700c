"""What two presentations of one card have in common: the header, what was asked for, and nothing else."""

from __future__ import annotations

import itertools

import pytest
from tests.fixtures.crypto_world import ADULT, ask, card, over, show, under, verifier

from mumei_core.commands.request import Request

WINDOW = 8


def shared(first: bytes, second: bytes) -> set[bytes]:
    """All strings of eight octets that occur in both, anywhere."""
    windows = [{wire[i : i + WINDOW] for i in range(len(wire) - WINDOW + 1)} for wire in (first, second)]
    return windows[0] & windows[1]


def windows(octets: bytes) -> set[bytes]:
    return {octets[i : i + WINDOW] for i in range(len(octets) - WINDOW + 1)}


@pytest.mark.parametrize(
    "request_",
    [ask(), ask(over(20)), ask(over(20), under(65)), ask(over(20), rp_context=b"other shop")],
    ids=["bare", "age", "two ages", "other shop"],
)
def test_two_presentations_share_the_header_only(request_: Request) -> None:
    (_, first), (_, second) = show(request_), show(request_)

    assert first[:12] == second[:12]
    assert shared(first[12:], second[12:]) == set()


def test_presentations_of_different_contexts_share_the_header_only() -> None:
    wires = [show(ask(over(20), rp_context=context, pseudonym=True))[1] for context in (b"a", b"b", b"c")]

    for first, second in itertools.combinations(wires, 2):
        assert first[:12] == second[:12]
        assert shared(first[12:], second[12:]) == set()


def test_disclosed_values_and_a_pseudonym_are_all_that_is_added() -> None:
    request = ask(over(20), disclosed=(1, 4), pseudonym=True)
    (octets, first), (_, second) = show(request), show(request)
    claim = verifier().verify(octets, first)
    assert claim.pseudonym is not None
    head = 12 + 2 + 4 + 2 + 11

    assert first[:head] == second[:head]
    assert shared(first[head:], second[head:]) == windows(claim.pseudonym)


def test_two_cards_share_as_much_as_one_card_does() -> None:
    """The header is every card's: an issuer's key and one of two days a year."""
    request = ask(over(20))
    (_, first), (_, second) = show(request, card()), show(request, card(ADULT - 3, name="neighbour"))

    assert first[:12] == second[:12]
    assert shared(first[12:], second[12:]) == set()


def test_no_response_or_point_comes_twice() -> None:
    request = ask(over(20))
    wires = [show(request)[1] for _ in range(20)]
    fields = [wire[i : i + 16] for wire in wires for i in range(12, len(wire) - 15, 16)]

    assert len(set(fields)) == len(fields)


def pseudonym(rp_context: bytes, **fields: object) -> bytes:
    claim = verifier().verify(*show(ask(rp_context=rp_context, pseudonym=True, **fields)))
    assert claim.pseudonym is not None
    return claim.pseudonym


def test_a_pseudonym_is_constant_within_a_context_and_only_there() -> None:
    contexts = (b"forum.example", b"forum.example ", b"Forum.example", b"f", b"forum.exampl")
    first = [pseudonym(context) for context in contexts]
    again = [pseudonym(context, date=ask().date - 30, disclosed=(2,)) for context in contexts]

    assert first == again
    assert len(set(first)) == len(contexts)


def test_cards_of_one_person_and_of_two_have_pseudonyms_of_their_own() -> None:
    request = ask(pseudonym=True)
    seen = {
        verifier().verify(*show(request, card(ADULT, name=name))).pseudonym
        for name in ("card", "second", "third")
    }

    assert len(seen) == 3


def test_the_length_tells_nothing_about_the_holder() -> None:
    request = ask(over(20), under(100))
    lengths = {len(show(request, card(birth_date))[1]) for birth_date in (ADULT, ADULT - 1, 30_000, 46_000)}

    assert len(lengths) == 1
