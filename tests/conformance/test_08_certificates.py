"""CV certificates, trust points and the card's date (TR-03110-3 v2.21, 2.5, 2.6 and C)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tools.conformance.bench_file import ISSUED

from .bench import Card
from .sessions import (
    CAN,
    PIN,
    channel_for,
    enter,
    external_authenticate,
    make_terminal,
    open_channel,
    pso,
    set_dst,
    show,
)
from .suite import TR2, TR3, cases, clause, on, wears
from .wire.certificates import (
    CVCA,
    ECDSA_SHA_256,
    NON_OFFICIAL,
    OFFICIAL,
    TERMINAL,
    Certificate,
    Key,
    issue,
)
from .wire.tlv import command, octets, tlv

NO_TERMINAL = ("80 34 00 00 02 E100 00", "6982|6A80")


@clause(TR2, "3.3.1", "Terminal Authentication with sector's and terminal's certificates")
@clause(TR3, "B.3", "MSE:Set DST, PSO, MSE:Set AT, GET CHALLENGE, EXTERNAL AUTHENTICATE")
@on(ISSUED)
@cases(shop=("shops", 1), office=("offices", 1), office_by_can=("offices", CAN), shop_by_pin=("shops", PIN))
def test_terminal_authentication(card: Card, sector: str, number: int) -> None:
    channel = enter(card, make_terminal(card, sector=sector), number)
    channel.expect("80 34 00 00 02 E100 00", "6A80")


@clause(TR2, "3.3.1", "Terminal Authentication outside PACE: 6982")
@on(ISSUED)
@cases(
    set_dst=lambda card: set_dst(card.authorities["root"].name),
    pso=lambda card: pso(card.authorities["shops"].certificate),
    set_at=lambda card: command(
        "00 22 81 A4", tlv("80", ECDSA_SHA_256) + tlv("83", b"X") + tlv("91", bytes(32))
    ),
    external_authenticate=lambda card: external_authenticate(bytes(64)),
)
def test_outside_pace_it_is_6982(card: Card, make: Callable[[Card], bytes]) -> None:
    card.expect(make(card), "6982")


@clause(TR2, "2.3.2.1", "Terminal Authentication after a PACE without CHAT: 6982")
@on(ISSUED)
def test_without_a_chat_it_is_6982(card: Card) -> None:
    channel = open_channel(card)
    channel.expect(set_dst(card.authorities["root"].name), "6982")
    channel.expect(pso(card.authorities["shops"].certificate), "6982")


@clause(TR3, "B.3", "MSE:Set DST names a key that the card has not")
@on(ISSUED)
@cases(unknown=b"JPNOBODY00001", terminal=b"JPTILL00001", sector=b"JPSHOPS00001")
def test_an_unknown_authority_is_6a88(card: Card, name: bytes) -> None:
    channel_for(card, make_terminal(card)).expect(set_dst(name), "6A88")


@clause(TR3, "B.3", "PSO without MSE:Set DST: 6985")
@on(ISSUED)
def test_a_certificate_without_a_key_set_is_6985(card: Card) -> None:
    channel = channel_for(card, make_terminal(card))
    channel.expect(pso(card.authorities["shops"].certificate), "6985")


@clause(TR3, "B.3", "PSO under another key than the certificate names")
@on(ISSUED)
def test_a_certificate_under_another_key_is_6a80(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    channel.expect(set_dst(card.authorities["root"].name), "9000")
    channel.expect(pso(terminal.certificate), "6A80")


def sector_certificate(card: Card, **changes: Any) -> Certificate:
    """Another sector authority's certificate by the root."""
    root = card.authorities["root"]
    values: dict[str, Any] = {
        "car": root.name,
        "signer": root.key,
        "chr": b"JPTEST00001",
        "point": Key.fresh().point,
        "role": NON_OFFICIAL,
        "effective": card.bench.day,
        "expiration": card.bench.day + timedelta(days=100),
        **changes,
    }
    return issue(**values)


@clause(TR3, "2.5.1", "certificate validation: signature")
@clause(TR3, "C.1", "form of a certificate")
@on(ISSUED)
@cases(
    another_signer=(lambda card: sector_certificate(card, signer=Key.fresh()), "6A80"),
    changed_signature=(lambda card: flipped(sector_certificate(card), -1), "6A80"),
    changed_body=(lambda card: flipped(sector_certificate(card), 60), "6A80"),
    zero_signature=(lambda card: with_signature(sector_certificate(card), bytes(64)), "6A80"),
    der_signature=(
        lambda card: with_signature(sector_certificate(card), octets("30060201010201 01")),
        "6A80",
    ),
    short_signature=(lambda card: with_signature(sector_certificate(card), bytes(63)), "6A80"),
    with_parameters=(lambda card: sector_certificate(card, with_parameters=True), "6A80"),
    key_off_the_curve=(lambda card: sector_certificate(card, point=b"\x04" + bytes(64)), "6A80"),
    another_hash=(
        lambda card: sector_certificate(card, algorithm=octets("04007F00070202020205")),
        "6A80",
    ),
    dates_reversed=(
        lambda card: sector_certificate(card, expiration=card.bench.day - timedelta(days=1)),
        "6A80|6984",
    ),
)
def test_a_certificate_that_is_not_accepted(card: Card, make: Callable[[Card], Certificate], sw: str) -> None:
    channel = channel_for(card, make_terminal(card))
    channel.expect(set_dst(card.authorities["root"].name), "9000")
    channel.expect(pso(make(card)), sw)
    # A refused certificate has left everything as it was.
    show(channel, (card.authorities["shops"].certificate,))


def flipped(certificate: Certificate, at: int) -> Certificate:
    """One bit changed, counted from the start of the body, or from the end of the signature."""
    whole = bytearray(certificate.pso)
    whole[at] ^= 1
    size = len(certificate.body)
    return Certificate(body=bytes(whole[:size]), signature=bytes(whole[size:]))


def with_signature(certificate: Certificate, signature_: bytes) -> Certificate:
    return replace(certificate, signature=tlv("5F37", signature_))


@clause(TR3, "2.5.1", "a certificate that has expired: 6984")
@on(ISSUED)
@cases(
    sector=lambda card: sector_certificate(
        card,
        effective=card.bench.day - timedelta(days=730),
        expiration=card.bench.day - timedelta(days=60),
    ),
)
def test_an_expired_certificate_is_6984(card: Card, make: Callable[[Card], Certificate]) -> None:
    channel = channel_for(card, make_terminal(card))
    channel.expect(set_dst(card.authorities["root"].name), "9000")
    channel.expect(pso(make(card)), "6984")


@clause(TR3, "2.5.1", "who may certify whom")
@on(ISSUED)
@cases(
    terminal_by_root=("root", TERMINAL),
    sector_by_sector=("shops", NON_OFFICIAL),
    official_by_sector=("shops", OFFICIAL),
    root_by_sector=("shops", CVCA),
)
def test_a_role_that_the_issuer_may_not_certify_is_6a80(card: Card, signer: str, role: int) -> None:
    held = card.authorities[signer]
    channel = channel_for(card, make_terminal(card))
    if signer != "root":
        show(channel, (held.certificate,))
    channel.expect(set_dst(held.name), "9000")
    made = sector_certificate(card, car=held.name, signer=held.key, role=role)
    channel.expect(pso(made), "6A80")


@clause(TR3, "2.5.1", "a terminal certifies nobody")
@on(ISSUED)
def test_a_terminal_certifies_nobody(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    show(channel, terminal.chain)
    channel.expect(set_dst(terminal.certificate.chr), "9000|6A88")
    below = sector_certificate(card, car=terminal.certificate.chr, signer=terminal.key, role=TERMINAL)
    assert channel.send(pso(below)).sw in ("6A80", "6985")


@clause(TR3, "2.6", "an official authority's certificate moves the card's date, and it never goes back")
@on(ISSUED)
@wears("moves the card's date")
def test_the_date_moves_forward_only(card: Card) -> None:
    office = make_terminal(card, sector="offices", effective=30)
    enter(card, office)
    card.reset()
    # What ended before the new date is expired now.
    late = make_terminal(card, days=20)
    channel = channel_for(card, late)
    show(channel, late.chain[:1])
    channel.expect(set_dst(late.certificate.car), "9000")
    channel.expect(pso(late.certificate), "6984")
    card.reset()
    # A certificate from before does not turn the date back.
    early = make_terminal(card, sector="offices", effective=0, days=60)
    enter(card, early)
    card.reset()
    channel = channel_for(card, late)
    show(channel, late.chain[:1])
    channel.expect(set_dst(late.certificate.car), "9000")
    channel.expect(pso(late.certificate), "6984")


@clause(TR3, "2.6", "terminals of authorities that are not official never move the card's date")
@on(ISSUED)
@wears("might move the card's date")
def test_a_shop_does_not_move_the_date(card: Card) -> None:
    enter(card, make_terminal(card, effective=200, days=10))
    card.reset()
    enter(card, make_terminal(card, days=20))


@clause(TR3, "2.5.2", "a link certificate makes a new trust point; the old one stays until a third comes")
@on(ISSUED)
@wears("adds a trust point")
def test_a_link_certificate(card: Card) -> None:
    root = card.authorities["root"]
    key = Key.fresh()
    day = card.bench.day
    link = issue(
        car=root.name,
        signer=root.key,
        chr=b"JPROOT00002",
        point=key.point,
        role=CVCA,
        effective=day,
        expiration=day + timedelta(days=900),
        with_parameters=True,
        extension=b"",
    )
    channel = channel_for(card, make_terminal(card))
    show(channel, (link,))
    card.reset()
    channel = channel_for(card, make_terminal(card))
    assert channel.cars == (b"JPROOT00002", root.name)
    # Certificates under the old one are still accepted.
    show(channel, (card.authorities["shops"].certificate,))
    # The same name a second time is refused.
    channel.expect(set_dst(root.name), "9000")
    channel.expect(pso(link), "6A89")
