"""PRESENT: order of checks, one per session, consent, what a session changes (mumei protocol 2.3 and 2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tools.conformance.bench_file import ISSUED

from .bench import Card, nonce
from .sessions import PIN, SHOP_CONTEXT, make_terminal, open_channel
from .shops import AGE_OCTETS, Shop
from .suite import MUMEI, cases, clause, on
from .wire.certificates import age_rights
from .wire.request import (
    POINT,
    SCALAR,
    Request,
    over,
    under,
)
from .wire.tlv import octets, parse, tlv, tree


@clause(MUMEI, "2.3", "a presentation: octets of an age check")
@on(ISSUED)
def test_an_age_check(card: Card) -> None:
    answer = Shop(card)
    data = answer.ask(answer.good, "* 9000")
    assert len(data) == AGE_OCTETS == 828
    valid_until = date(1880, 1, 1) + timedelta(days=int.from_bytes(data[:4], "big"))
    assert (valid_until.month, valid_until.day) in ((6, 30), (12, 31)) and valid_until > card.bench.day


@clause(MUMEI, "2.3", "points are compressed and not the identity, scalars are in range and not 0")
@on(ISSUED)
def test_points_and_scalars(card: Card) -> None:
    shop = Shop(card)
    data = shop.ask(shop.good, "* 9000")
    order = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    points = [data[12 + at : 12 + at + POINT] for at in range(0, 3 * POINT, POINT)]
    assert all(point[0] & 0x80 and not point[0] & 0x40 for point in points)
    scalars = data[12 + 3 * POINT : 12 + 3 * POINT + 11 * SCALAR]
    numbers = [int.from_bytes(scalars[at : at + SCALAR], "big") for at in range(0, len(scalars), SCALAR)]
    assert all(0 < number < order for number in numbers)


@clause(MUMEI, "2.7", "the proof holds for the issuer's key and this request")
@on(ISSUED)
def test_the_proof_holds(card: Card) -> None:
    # The one place where the product judges: a pairing is not written down twice.
    from mumei.issuer.parameters import PublicParameters
    from mumei.terminal.trust import verifier_for

    parameters = PublicParameters.load(card.bench.folder / card.bench.parameters)
    shop = Shop(card)
    data = shop.ask(shop.good, "* 9000")
    verifier_for(parameters).verify(shop.good.encode(), data)


@clause(MUMEI, "2.3", "two presentations have nothing in common but the header")
@on(ISSUED)
def test_presentations_have_nothing_in_common(card: Card) -> None:
    seen: list[bytes] = []
    for _ in range(2):
        shop = Shop(card)
        seen.append(shop.ask(replace(shop.good, nonce=bytes(32)), "* 9000"))
        card.reset()
    first, second = seen
    assert first[:12] == second[:12]
    pieces = [{data[at : at + 8] for at in range(12, len(data) - 8)} for data in seen]
    assert not pieces[0] & pieces[1]


@clause(MUMEI, "2.3", "one presentation in a session: 6986 for a second")
@on(ISSUED)
def test_a_second_presentation_is_6986(card: Card) -> None:
    shop = Shop(card)
    shop.ask(shop.good, "* 9000")
    shop.ask(shop.good, "6986")
    shop.ask(replace(shop.good, nonce=nonce()), "6986")
    # Structure is looked at first, everything else after.
    shop.ask(shop.good.encode()[:-1], "6A80")
    shop.ask(replace(shop.good, binding=bytes(32)), "6986")


@clause(MUMEI, "2.4", "cannot prove is 6985, and is the session's presentation")
@on(ISSUED)
def test_cannot_prove_uses_the_session(card: Card) -> None:
    rights = age_rights(SHOP_CONTEXT, "Sake TEST", ages=(20, 70))
    shop = Shop(card, make_terminal(card, extension=rights))
    shop.ask(replace(shop.good, predicates=(over(70),)), "6985")
    shop.ask(shop.good, "6986")


@clause(MUMEI, "2.3", "PRESENT before a terminal was let in: 6982")
@on(ISSUED)
def test_present_without_a_terminal_is_6982(card: Card) -> None:
    card.expect("80 34 00 00 02 E100 00", "6982")
    open_channel(card).expect("80 34 00 00 02 E100 00", "6982")


def altered(request: Request, change: str) -> bytes:
    """The request with its objects turned about."""
    items = [tlv(tag, value) for tag, value in parse(tree(request.encode())["E1"])]
    by = {
        "cut off": request.encode()[:-1],
        "octet behind": request.encode() + b"\x00",
        "another template": b"\xe2" + request.encode()[1:],
        "another version": tlv("E1", tlv("80", b"\x02") + b"".join(items[1:])),
        "reversed": tlv("E1", b"".join(reversed(items))),
        "object twice": tlv("E1", b"".join((*items, items[-1]))),
        "no nonce": tlv("E1", b"".join((*items[:2], *items[3:]))),
        "unknown object": tlv("E1", b"".join((*items, tlv("8B", b"\x00")))),
        "token": tlv("E1", b"".join((*items[:-2], tlv("87", bytes(7)), *items[-2:]))),
        "no attributes asked": tlv("E1", b"".join((*items[:-2], tlv("85", b"\x00"), *items[-2:]))),
        "attribute that there is not": tlv("E1", b"".join((*items[:-2], tlv("85", b"\x20"), *items[-2:]))),
        "pseudonym 00": tlv("E1", b"".join((*items[:-2], tlv("86", b"\x00"), *items[-2:]))),
        "birth date beside a predicate": tlv("E1", b"".join((*items[:-2], tlv("85", b"\x01"), *items[-2:]))),
        "no digit table": tlv("E1", b"".join(items[:-1])),
        "long form of a length": b"\xe1\x82\x00" + request.encode()[2:3] + request.encode()[3:],
    }
    return by[change]


@clause(MUMEI, "2.3", "structure comes first: 6A80, and nothing changes")
@on(ISSUED)
@cases(
    cut_off="cut off",
    octet_behind="octet behind",
    another_template="another template",
    another_version="another version",
    reversed="reversed",
    object_twice="object twice",
    no_nonce="no nonce",
    unknown_object="unknown object",
    token="token",
    no_attributes="no attributes asked",
    attribute_that_there_is_not="attribute that there is not",
    pseudonym_00="pseudonym 00",
    birth_date_beside_a_predicate="birth date beside a predicate",
    no_digit_table="no digit table",
    long_length="long form of a length",
)
def test_structure_is_6a80(card: Card, change: str) -> None:
    shop = Shop(card)
    shop.ask(altered(shop.good, change), "6A80")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.3", "predicates that are none: 6A80")
@on(ISSUED)
@cases(
    none_at_all=b"",
    five=over(20) * 5,
    age_0=over(0),
    age_151=over(151),
    kind_0=octets("80 02 0014"),
    kind_3=octets("80 02 0314"),
    short=octets("80 01 01"),
    another_tag=octets("82 02 0114"),
)
def test_predicates_that_are_none_are_6a80(card: Card, predicates: bytes) -> None:
    shop = Shop(card)
    items = parse(tree(shop.good.encode())["E1"])
    changed = b"".join(tlv(tag, predicates if tag == "A4" else value) for tag, value in items)
    shop.ask(tlv("E1", changed), "6A80")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.3", "binding, context and digit table are the session's: 6A80")
@on(ISSUED)
@cases(
    binding={"binding": bytes(32)},
    context={"context": b"forum.test"},
    table={"table_hash": bytes(32)},
)
def test_another_channel_context_or_table_is_6a80(card: Card, changes: dict[str, Any]) -> None:
    shop = Shop(card)
    shop.ask(replace(shop.good, **changes), "6A80")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.3", "a request of another session is refused: the binding is the channel's")
@on(ISSUED)
def test_a_request_of_another_session_is_6a80(card: Card) -> None:
    terminal = make_terminal(card)
    old = Shop(card, terminal).good
    card.reset()
    Shop(card, terminal).ask(old, "6A80")


@clause(MUMEI, "2.3", "rights: the whole request or nothing, 6982")
@on(ISSUED)
@cases(
    another_age={"predicates": (over(18),)},
    other_direction={"predicates": (under(20),)},
    one_of_two={"predicates": (over(20), over(18))},
    attribute={"mask": 2},
    pseudonym={"pseudonym": True},
)
def test_beyond_the_rights_is_6982(card: Card, changes: dict[str, Any]) -> None:
    shop = Shop(card)
    shop.ask(replace(shop.good, **changes), "6982")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.3", "the date lies in the certificate's validity and not before the last known date: 6984")
@on(ISSUED)
@cases(long_ago=-400, before_the_certificate=-1, after_the_certificate=31)
def test_a_date_outside_is_6984(card: Card, days: int) -> None:
    shop = Shop(card)
    shop.ask(replace(shop.good, day=card.bench.day + timedelta(days=days)), "6984")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.4", "an age that is not on the card's list wants the PIN: 6982")
@on(ISSUED)
def test_an_unlisted_age_wants_the_pin(card: Card) -> None:
    terminal = make_terminal(card, extension=age_rights(SHOP_CONTEXT, "Sake TEST", ages=(20,), pin=True))
    shop = Shop(card, terminal)
    shop.ask(shop.good, "6982")
    shop.channel.expect(f"00 20 00 03 06 {card.facts.pin.encode().hex()}", "9000")
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.4", "consent of one session is none in the next")
@on(ISSUED)
def test_consent_is_for_one_session(card: Card) -> None:
    terminal = make_terminal(card, extension=age_rights(SHOP_CONTEXT, "Sake TEST", ages=(20,), pin=True))
    shop = Shop(card, terminal)
    shop.channel.expect(f"00 20 00 03 06 {card.facts.pin.encode().hex()}", "9000")
    card.reset()
    shop = Shop(card, terminal)
    shop.ask(shop.good, "6982")


@clause(MUMEI, "2.6", "a channel of the PIN is consent")
@on(ISSUED)
def test_a_channel_of_the_pin_is_consent(card: Card) -> None:
    terminal = make_terminal(card, extension=age_rights(SHOP_CONTEXT, "Sake TEST", ages=(20,), pin=True))
    shop = Shop(card, terminal, PIN)
    shop.ask(shop.good, "* 9000")


@clause(MUMEI, "2.6", "settings that want the PIN for everything: 6982 without it")
@on(ISSUED)
def test_settings_are_obeyed(card: Card) -> None:
    open_channel(card, PIN).expect("80 3A 00 00 0B E709800101 810101 820101 00", "E7 * 9000")
    card.reset()
    shop = Shop(card)
    shop.ask(shop.good, "6982")
    card.reset()
    open_channel(card, PIN).expect("80 3A 00 00 0B E709800101 810101 820100 00", "E7 * 9000")
    card.reset()
    shop = Shop(card)
    shop.ask(shop.good, "* 9000")
