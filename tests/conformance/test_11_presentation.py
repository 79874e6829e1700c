"""DESCRIBE TERMINAL and PRESENT: order of checks, one per session, consent, what changes (mumei protocol 2.3, 2.4)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import Card, nonce
from .sessions import PIN, SHOP_CONTEXT, Channel, Terminal, enter, make_terminal, open_channel
from .suite import MUMEI, cases, clause, on
from .wire.certificates import age_rights
from .wire.request import (
    POINT,
    SCALAR,
    Request,
    channel_binding,
    day_number,
    describe,
    development_binding,
    over,
    under,
)
from .wire.tlv import command, octets, parse, tlv, tree

#: valid_until and key id; Abar, Bbar, D; e^, r1^, r3^, four hidden attributes and three secrets less m^_birth, c;
#: four points and four scalars of the two digits.
AGE_OCTETS = 4 + 8 + 3 * POINT + (4 + 7) * SCALAR + 4 * POINT + 4 * SCALAR


def present(octets_: bytes) -> bytes:
    return command("80 34 00 00", octets_, 65_536, extended=True)


class Shop:
    """A terminal that was let in, and what it asks."""

    def __init__(self, card: Card, terminal: Terminal | None = None, number: int = 1) -> None:
        card.need_extended()
        self.card = card
        terminal = terminal or make_terminal(card)
        self.channel: Channel = enter(card, terminal, number)
        keys = self.channel.keys
        binding = channel_binding(keys.card_key, keys.terminal_key, terminal.certificate.pso)
        self.good = Request(
            context=SHOP_CONTEXT,
            nonce=nonce(),
            day=card.bench.day,
            binding=binding,
            predicates=(over(20),),
            table_hash=octets(card.bench.table_hash),
        )

    def ask(self, request: Request | bytes, pattern: str) -> bytes:
        encoded = request if isinstance(request, bytes) else request.encode()
        return self.channel.expect(present(encoded), pattern).data


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
@on(ISSUED, NEW)
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
def test_another_channel_context_or_table_is_6a80(card: Card, changes: dict[str, bytes]) -> None:
    shop = Shop(card)
    shop.ask(replace(shop.good, **changes), "6A80")  # type: ignore[arg-type]
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
def test_beyond_the_rights_is_6982(card: Card, changes: dict[str, object]) -> None:
    shop = Shop(card)
    shop.ask(replace(shop.good, **changes), "6982")  # type: ignore[arg-type]
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


class DevelopmentShop:
    """A terminal that has described itself, in plain."""

    def __init__(self, card: Card, *, days: int = 30, pin: int = 0) -> None:
        card.need_extended()
        self.card = card
        day = card.bench.day
        self.description = describe(
            SHOP_CONTEXT,
            "Sake TEST",
            day,
            day + timedelta(days=days),
            predicates=(over(20), over(70)),
            pin=pin,
        )
        self.good = Request(
            context=SHOP_CONTEXT,
            nonce=nonce(),
            day=day,
            binding=development_binding(self.description),
            predicates=(over(20),),
            table_hash=octets(card.bench.development_table_hash),
        )

    def describe(self) -> None:
        self.card.expect(command("80 3E 00 00", self.description), "9000")


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
    card.expect(present(shop.good.encode()), "6982")
    shop.describe()
    assert len(card.expect(present(shop.good.encode()), "* 9000").data) == AGE_OCTETS
    card.expect(present(shop.good.encode()), "6986")
    card.select()
    card.expect(present(shop.good.encode()), "6982")


@clause(MUMEI, "2.3", "development: cannot prove, and rights")
@on(DEVELOPMENT)
def test_development_order(card: Card) -> None:
    shop = DevelopmentShop(card)
    shop.describe()
    card.expect(present(shop.good.encode()[:-1]), "6A80")
    card.expect(present(replace(shop.good, binding=bytes(32)).encode()), "6A80")
    card.expect(present(replace(shop.good, predicates=(over(18),)).encode()), "6982")
    card.expect(present(replace(shop.good, predicates=(over(70),)).encode()), "6985")
    card.expect(present(shop.good.encode()), "6986")


@clause(MUMEI, "2.3", "PRESENT in short form: the answer comes in pieces")
@on(DEVELOPMENT)
def test_present_with_short_lengths(card: Card) -> None:
    shop = DevelopmentShop(card)
    shop.describe()
    answer = card.expect(command("80 34 00 00", shop.good.encode(), 256, extended=False), "* 61..")
    data = answer.data
    while answer.sw[:2] == "61":
        answer = card.expect(f"80 C0 00 00 {answer.sw[2:]}", "* 9000|*61..")
        data += answer.data
    assert len(data) == AGE_OCTETS


@clause(MUMEI, "2.6", "commands of later versions do not exist yet")
@cases(prepare="80 36 00 00 00", link="80 3C 00 00 00")
def test_reserved_commands_are_6d00(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00")


@clause(MUMEI, "2.2", "ENROL on an issued card")
@on(DEVELOPMENT)
def test_a_card_is_enrolled_once(card: Card) -> None:
    body = tlv("E3", tlv("80", b"\x01") + tlv("81", bytes(32)))
    card.expect(command("80 30 00 00", body, 256), "6A89")
    card.expect("80 30 00 00 08 E306800101 810100 00", "6A80")
    card.expect("80 E2 80 00 02 E500", "6985")
