"""What presentations leave in the log, and PRESENT in plain, as development cards have it (mumei protocol 2.6)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tools.conformance.bench_file import DEVELOPMENT, ISSUED

from .bench import Card
from .sessions import PIN, SHOP_CONTEXT, make_terminal, open_channel
from .shops import AGE_OCTETS, DevelopmentShop, Shop, present
from .suite import MUMEI, cases, clause, on
from .wire.certificates import age_rights
from .wire.request import (
    day_number,
    over,
)
from .wire.tlv import command, octets, tlv, tree


@clause(MUMEI, "2.6", "every presentation is in the log, refused requests are not")
@on(ISSUED)
def test_the_log(card: Card) -> None:
    before = newest(card)
    shop = Shop(card)
    shop.ask(replace(shop.good, predicates=(over(18),)), "6982")
    card.reset()
    assert newest(card) == before
    shop = Shop(card)
    shop.ask(shop.good, "* 9000")
    card.reset()
    entry = newest(card)
    assert entry is not None
    assert int.from_bytes(entry["81"], "big") == (int.from_bytes(before["81"], "big") if before else 0) + 1
    assert entry["82"] == day_number(card.bench.day)
    assert entry["83"] == b"\x01", "proven"
    assert entry["86"][:5] == octets("80 01 000014")
    assert entry["87"] == hashlib.sha256(SHOP_CONTEXT).digest()
    assert entry["88"][:10] == b"\x09Sake TEST"


@clause(MUMEI, "2.6", "cannot prove is in the log")
@on(ISSUED)
def test_cannot_prove_is_logged(card: Card) -> None:
    rights = age_rights(SHOP_CONTEXT, "Sake TEST", ages=(20, 70))
    shop = Shop(card, make_terminal(card, extension=rights))
    shop.ask(replace(shop.good, predicates=(over(70),)), "6985")
    card.reset()
    entry = newest(card)
    assert entry is not None and entry["83"] == b"\x02"


def newest(card: Card) -> dict[str, bytes] | None:
    """The newest entry, read by the holder; the card is reset afterwards."""
    channel = open_channel(card, PIN)
    answer = channel.send("80 38 00 00 00")
    card.reset()
    if answer.sw == "6A83":
        return None
    return tree(tree(answer.check("E6 * 9000").data)["E6"])


@clause(MUMEI, "2.6", "DESCRIBE TERMINAL: once in a session")
@on(DEVELOPMENT)
def test_describe_once(card: Card) -> None:
    shop = DevelopmentShop(card)
    shop.describe()
    card.expect(command("80 3E 00 00", shop.description), "6985")
    card.select()
    shop.describe()


@clause(MUMEI, "2.6", "DESCRIBE TERMINAL: what is no description")
@on(DEVELOPMENT)
@cases(empty="E200", none="", version="E203 800102", other="E100")
def test_no_description_is_6a80(card: Card, data: str) -> None:
    body = octets(data)
    card.expect(command("80 3E 00 00", body), "6A80" if body else "6700")
    DevelopmentShop(card).describe()


@clause(MUMEI, "2.3", "development: PRESENT in plain, once")
@on(DEVELOPMENT)
def test_present_in_plain(card: Card) -> None:
    shop = DevelopmentShop(card)
    card.expect(present(shop.data), "6982")
    shop.describe()
    assert len(card.expect(present(shop.data), "* 9000").data) == AGE_OCTETS
    card.expect(present(shop.data), "6986")
    card.select()
    card.expect(present(shop.data), "6982")


@clause(MUMEI, "2.3", "development: cannot prove, and rights")
@on(DEVELOPMENT)
def test_development_order(card: Card) -> None:
    shop = DevelopmentShop(card)
    shop.describe()
    card.expect(present(shop.good.encode()[:-1]), "6A80")
    card.expect(present(shop.asking(replace(shop.good, binding=bytes(32)))), "6A80")
    card.expect(present(shop.asking(replace(shop.good, predicates=(over(18),)))), "6982")
    card.expect(present(shop.asking(replace(shop.good, predicates=(over(70),)))), "6985")
    card.expect(present(shop.data), "6986")


@clause(MUMEI, "2.3", "PRESENT in short form: the answer comes in pieces")
@on(DEVELOPMENT)
def test_present_with_short_lengths(card: Card) -> None:
    shop = DevelopmentShop(card)
    shop.describe()
    # The statement does not fit into one command of 255 octets.
    asked = shop.data
    card.expect(command("90 34 00 00", asked[:255]), "9000")
    answer = card.expect(command("80 34 00 00", asked[255:], 256, extended=False), "* 61..")
    data = answer.data
    while answer.sw[:2] == "61":
        answer = card.expect(f"80 C0 00 00 {answer.sw[2:]}", "* 9000|*61..")
        data += answer.data
    assert len(data) == AGE_OCTETS


@clause(MUMEI, "2.6", "commands of later versions do not exist yet")
@cases(link="80 3C 00 00 00")
def test_reserved_commands_are_6d00(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00")


@clause(MUMEI, "2.2", "ENROL on an issued card")
@on(DEVELOPMENT)
def test_a_card_is_enrolled_once(card: Card) -> None:
    body = tlv("E3", tlv("80", b"\x01") + tlv("81", bytes(32)))
    card.expect(command("80 30 00 00", body, 256), "6A89")
    card.expect("80 30 00 00 08 E306800101 810100 00", "6A80")
    card.expect("80 E2 80 00 02 E500", "6985")
