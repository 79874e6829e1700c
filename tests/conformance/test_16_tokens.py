"""Statements, slots and tokens: what moves a card's calendar, and what it gives of itself (mumei protocol 2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from tools.conformance.bench_file import DEVELOPMENT, ISSUED

from .bench import Card
from .sessions import SHOP_CONTEXT, make_terminal
from .shops import AGE_OCTETS, DevelopmentShop, Shop, prepare, present_prepared, slots
from .suite import MUMEI, cases, clause, on, wears
from .test_14_log_and_development import newest
from .wire.certificates import RECOGNISE, Key, age_rights
from .wire.request import SOME_POINT, over
from .wire.statements import (
    OF_ONE_CONTEXT,
    Signers,
    bucket_of,
    epoch_of,
    in_bucket_of,
    recognise_token,
    slot_point,
    slot_token,
)
from .wire.tlv import tlv

TOKEN_OCTETS = 16 + 1 + 48
_SLOTS = "slots of the week are used up"
_CALENDAR = "the card's calendar moves"


def shop(
    card: Card,
    *,
    context: bytes = SHOP_CONTEXT,
    flags: int = 0,
    ages: tuple[int, ...] = (20,),
    days: int = 400,
) -> Shop:
    """A certificate of years, so that only statements confine the day."""
    rights = age_rights(context, "Sake TEST", ages=ages, flags=flags)
    found = Shop(card, make_terminal(card, extension=rights, effective=-400, days=400 + days))
    found.good = replace(found.good, context=context)
    return found


# Statements


@clause(MUMEI, "2.5", "no date is answered without a statement: 6984")
@on(ISSUED)
def test_a_date_without_statement_is_6984(card: Card) -> None:
    at = Shop(card)
    at.ask(at.good, "6984", statement=b"")
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "a statement counts with both signatures, each by its own signer: 6984")
@on(ISSUED)
@cases(
    authority=lambda good: Signers(Key.fresh(), good.auditor),
    auditor=lambda good: Signers(good.authority, Key.fresh()),
    exchanged=lambda good: Signers(good.auditor, good.authority),
    one_for_both=lambda good: Signers(good.authority, good.authority),
)
def test_signatures_of_a_statement(card: Card, signers: Callable[[Signers], Signers]) -> None:
    at = Shop(card)
    wrong = signers(card.signers).slots(epoch_of(at.good.day), bucket_of(SHOP_CONTEXT))
    at.ask(at.good, "6984", statement=wrong)
    at.prepare(at.for_token(), "6984", statement=wrong)
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "the statement's bucket is the certificate's: 6984")
@on(ISSUED)
def test_another_bucket_is_6984(card: Card) -> None:
    at = Shop(card)
    bucket = bucket_of(SHOP_CONTEXT) ^ 1
    statement = card.signers.slots(epoch_of(at.good.day), bucket)
    at.ask(at.good, "6984", statement=statement)
    token = slot_token(epoch_of(at.good.day), bucket)
    at.prepare(replace(at.good, token=token), "6984", statement=statement)
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "a statement is good for two weeks from its Monday on: 6984 outside")
@on(ISSUED)
@cases(day_before=-1, day_after=14)
def test_a_day_outside_the_statement_is_6984(card: Card, days: int) -> None:
    at = shop(card)
    monday = at.good.day - timedelta(days=at.good.day.weekday())
    statement = slots(card, at.good.day)
    at.ask(replace(at.good, day=monday + timedelta(days=days)), "6984", statement=statement)
    at.ask(replace(at.good, day=monday + timedelta(days=13)), "* 9000", statement=statement)


@clause(MUMEI, "2.3", "a token is asked under the statement that comes with it: 6A80")
@on(ISSUED)
@cases(another_epoch=(1, 0), another_bucket=(0, 1))
def test_a_token_under_another_statement_is_6a80(card: Card, epochs: int, buckets: int) -> None:
    at = Shop(card)
    token = slot_token(epoch_of(at.good.day) - epochs, bucket_of(SHOP_CONTEXT) ^ buckets)
    at.prepare(replace(at.good, token=token), "6A80")
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "what is no statement: 6A80")
@on(ISSUED)
@cases(empty=b"\x30\x00", other_object=tlv("31", b""), digits=tlv("30", tlv("30", tlv("02", b"\0"))))
def test_what_is_no_statement_is_6a80(card: Card, octets: bytes) -> None:
    at = Shop(card)
    at.ask(at.good, "6A80", statement=octets)
    at.prepare(at.for_token(), "6A80", statement=octets)
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "statements move the card's epoch forward, and nothing moves it back: 6984")
@on(ISSUED)
@wears(_CALENDAR)
def test_the_calendar_goes_forward_only(card: Card) -> None:
    at = shop(card)
    later = at.good.day + timedelta(days=21)
    at.ask(replace(at.good, day=later), "* 9000")
    card.reset()
    at = shop(card)
    at.ask(replace(at.good, day=later - timedelta(days=14)), "6984")
    at.ask(replace(at.good, day=later - timedelta(days=7)), "* 9000")


@clause(MUMEI, "2.5", "a refused statement does not move it")
@on(ISSUED)
@wears(_CALENDAR)
def test_a_refused_statement_moves_nothing(card: Card) -> None:
    at = shop(card)
    later = at.good.day + timedelta(days=21)
    at.ask(replace(at.good, predicates=(over(18),), day=later), "6982")
    at.ask(at.good, "6984", statement=slots(card, later))
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "no statement from after the credential's end: 6984")
@on(ISSUED)
@wears(_CALENDAR)
def test_no_statement_from_after_the_credentials_end(card: Card) -> None:
    at = shop(card)
    told = int.from_bytes(at.ask(at.good, "* 9000")[:4], "big")
    last = date(1880, 1, 1) + timedelta(days=told)
    monday = last + timedelta(days=7 - last.weekday())
    card.reset()
    at = shop(card, days=(monday - card.bench.day).days + 30)
    at.ask(replace(at.good, day=monday), "6984")
    at.ask(replace(at.good, day=last), "* 9000")


# Tokens under slots


@clause(MUMEI, "2.5", "PREPARE names a slot; PRESENT with its point answers, 65 octets longer")
@on(ISSUED)
@wears(_SLOTS)
def test_a_token(card: Card) -> None:
    at = Shop(card)
    k = at.prepare(at.for_token())[0]
    data = at.bring(k)
    assert k < 16
    assert len(data) == AGE_OCTETS + TOKEN_OCTETS
    assert data[-49] == k
    card.reset()
    entry = newest(card)
    assert entry is not None and entry["83"] == b"\x01", "proven, in one entry"


@clause(MUMEI, "2.5", "the token hangs on the proof")
@on(ISSUED)
@wears(_SLOTS)
def test_the_proof_with_its_token_holds(card: Card) -> None:
    # As in test_the_proof_holds the product judges; the point is the one that this suite brought.
    from mumei.issuer.parameters import PublicParameters
    from mumei.terminal.trust import verifier_for
    from mumei_core.crypto.curve import Point

    at = Shop(card)
    asked = at.for_token()
    data = at.bring(at.prepare(asked)[0])
    parameters = PublicParameters.load(card.bench.folder / card.bench.parameters)
    point = Point.from_uncompressed(SOME_POINT)
    verifier_for(parameters).verify(asked.encode(), data, points=lambda k: point)


@clause(MUMEI, "2.5", "PREPARE uses the session's presentation; PRESENT answers what is prepared, once: 6986")
@on(ISSUED)
@wears(_SLOTS)
def test_prepare_is_the_sessions_presentation(card: Card) -> None:
    at = Shop(card)
    k = at.prepare(at.for_token())[0]
    at.prepare(at.for_token(), "6986")
    at.ask(at.good, "6986")
    at.bring(k)
    at.bring(k, "6986")


@clause(MUMEI, "2.5", "a point without preparation: 6986")
@on(ISSUED)
def test_a_point_without_preparation_is_6986(card: Card) -> None:
    at = Shop(card)
    at.bring(0, "6986")
    at.ask(at.good, "* 9000")
    at.bring(0, "6986")


@clause(MUMEI, "2.5", "a point that is not in the signed tree: 6A80, and what was prepared is used")
@on(ISSUED)
@wears(_SLOTS)
@cases(
    another_slot=lambda k: slot_point(k ^ 1),
    another_point=lambda k: slot_point(k, point=SOME_POINT[:48] + bytes(48)),
    malformed=lambda k: slot_point(k)[:-1],
)
def test_a_wrong_point_is_6a80_and_the_end(card: Card, brought: Callable[[int], bytes]) -> None:
    at = Shop(card)
    k = at.prepare(at.for_token())[0]
    at.channel.expect(present_prepared(brought(k)), "6A80")
    at.bring(k, "6986")
    at.prepare(at.for_token(), "6986")


@clause(MUMEI, "2.5", "a token under a slot is prepared, and nothing else is: 6A80")
@on(ISSUED)
def test_each_command_has_its_kind_of_token(card: Card) -> None:
    at = Shop(card)
    at.ask(at.for_token(), "6A80")
    at.prepare(at.good, "6A80")
    at.prepare(replace(at.good, token=recognise_token(epoch_of(at.good.day))), "6A80")
    at.ask(at.good, "* 9000")


@clause(MUMEI, "2.5", "cannot prove after PREPARE: 6985, and the slot is burned")
@on(ISSUED)
@wears(_SLOTS)
def test_cannot_prove_after_prepare(card: Card) -> None:
    at = shop(card, ages=(20, 70))
    asked = replace(at.for_token(), predicates=(over(70),))
    at.bring(at.prepare(asked)[0], "6985")


def burn(card: Card, *, context: bytes = SHOP_CONTEXT, pattern: str = ".. 9000", pin: bool = False) -> int:
    """PREPARE in a session of its own, which is torn."""
    at = shop(card, context=context)
    if pin:
        at.channel.expect(f"00 20 00 03 06 {card.facts.pin.encode().hex()}", "9000")
    found = at.prepare(at.for_token(), pattern)
    card.reset()
    return found[0] if found else -1


@clause(MUMEI, "2.5", "a slot is burned before it is named: a torn session does not free it")
@clause(MUMEI, "2.5", "twelve of sixteen for one rp_context; then with the PIN one of its own again")
@on(ISSUED)
@wears(_SLOTS)
def test_twelve_slots_then_the_pin(card: Card) -> None:
    shown = {burn(card) for _ in range(OF_ONE_CONTEXT)}
    assert len(shown) == OF_ONE_CONTEXT
    burn(card, pattern="6982")
    assert {burn(card, pin=True) for _ in range(4)} <= shown


@clause(MUMEI, "2.5", "another relying party of the bucket gets what is left, and never another's: 6A84")
@on(ISSUED)
@wears(_SLOTS)
def test_no_slot_of_anothers(card: Card) -> None:
    other = in_bucket_of(SHOP_CONTEXT)
    third = in_bucket_of(SHOP_CONTEXT, b"bar")
    shown = {burn(card) for _ in range(OF_ONE_CONTEXT)}
    left = {burn(card, context=other) for _ in range(4)}
    assert left == set(range(16)) - shown
    burn(card, context=third, pattern="6A84")
    burn(card, context=third, pattern="6A84", pin=True)
    burn(card, context=other, pattern="6982")
    assert burn(card, context=other, pin=True) in left


# Recognising


def recogniser(card: Card) -> Shop:
    return shop(card, flags=RECOGNISE)


@clause(MUMEI, "2.5", "recognise: k 255, one point in an epoch, in PRESENT")
@on(ISSUED)
def test_recognising(card: Card) -> None:
    seen = []
    for _ in range(2):
        at = recogniser(card)
        epoch = epoch_of(at.good.day)
        asked = replace(at.good, token=recognise_token(epoch))
        statement = card.signers.recognise(epoch, SHOP_CONTEXT)
        seen.append(at.ask(asked, "* 9000", statement=statement)[-TOKEN_OCTETS:])
        card.reset()
    salts, ks, points = zip(*((part[:16], part[16], part[17:]) for part in seen), strict=True)
    assert salts[0] != salts[1]
    assert ks == (255, 255)
    assert points[0] == points[1]


@clause(MUMEI, "2.6", "recognise is a right: 6982 without")
@on(ISSUED)
def test_recognising_is_a_right(card: Card) -> None:
    at = Shop(card)
    epoch = epoch_of(at.good.day)
    asked = replace(at.good, token=recognise_token(epoch))
    at.ask(asked, "6982", statement=card.signers.recognise(epoch, SHOP_CONTEXT))
    at.ask(at.good, "* 9000")


@clause(
    MUMEI, "2.5", "the statement to recognise by names this context, is signed by both, and is there: 6984"
)
@on(ISSUED)
def test_statements_to_recognise_by(card: Card) -> None:
    at = recogniser(card)
    epoch = epoch_of(at.good.day)
    asked = replace(at.good, token=recognise_token(epoch))
    at.ask(asked, "6984", statement=card.signers.recognise(epoch, b"forum.test"))
    at.ask(
        asked, "6984", statement=Signers(card.signers.authority, Key.fresh()).recognise(epoch, SHOP_CONTEXT)
    )
    at.ask(asked, "6984", statement=b"")
    at.ask(asked, "6A80", statement=card.signers.recognise(epoch + 1, SHOP_CONTEXT))
    at.ask(asked, "6A80")
    at.ask(asked, "* 9000", statement=card.signers.recognise(epoch, SHOP_CONTEXT))


# Development


@clause(MUMEI, "2.5", "development: PREPARE in plain, under a statement that anybody can sign")
@on(DEVELOPMENT)
@wears(_SLOTS)
def test_prepare_in_plain(card: Card) -> None:
    at = DevelopmentShop(card)
    at.describe()
    token = slot_token(epoch_of(at.good.day), bucket_of(SHOP_CONTEXT))
    k = card.expect(prepare(at.asking(replace(at.good, token=token))), ".. 9000").data[0]
    data = card.expect(present_prepared(slot_point(k)), "* 9000").data
    assert len(data) == AGE_OCTETS + TOKEN_OCTETS
