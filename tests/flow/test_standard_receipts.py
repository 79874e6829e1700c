"""Receipts of visits inside the channel: whoever trusts the root verifies them; nothing in them can be changed."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import certificates as made
from tests.fixtures import standard, world
from tests.fixtures.certificates import CVCA
from tests.fixtures.standard import ask, parameters, pretending, sample_card, terminal
from tests.fixtures.world import GIFU, KODOMO_11, TODAY, over

from mumei.terminal.question import Question
from mumei.terminal.receipt import Receipt, VerifiedReceipt, verify_receipt
from mumei_core.commands.request import Request
from mumei_core.dates import day_number
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate
from mumei_core.errors import DataError, InvalidProof, MumeiError, TrustError, UsageError

CONTRACT = bytes(range(32))
QUESTION = Question(predicates=(over(20),), prefecture=GIFU, transaction=CONTRACT)
FIELDS = tuple(field.name for field in fields(Receipt))


@cache
def receipt() -> Receipt:
    return Receipt.of(ask(sample_card(), QUESTION))


@cache
def of_another_visit() -> Receipt:
    """Of another terminal with the same context and rights."""
    return Receipt.of(ask(sample_card(), QUESTION))


def verify(
    given: Receipt, *, root: Certificate | None = CVCA.certificate, transaction: bytes | None = CONTRACT
) -> VerifiedReceipt:
    return verify_receipt(given, parameters(), root=root, transaction=transaction)


def why_invalid(given: Receipt) -> str:
    """The reason, which is for the log."""
    with pytest.raises(InvalidProof) as caught:
        verify(given, transaction=None)
    return caught.value.reason


def test_anyone_who_trusts_the_root_verifies_it(tmp_path: Path) -> None:
    receipt().save(tmp_path / "visit.receipt")
    found = verify(Receipt.load(tmp_path / "visit.receipt"))
    assert (found.date, found.proven, found.disclosed) == (TODAY, ("20 or over",), {"prefecture": "21"})
    assert (found.rp_context, found.display_name) == ("sake.example", "sake.example TEST")
    assert found.transaction == CONTRACT and found.transaction_checked and not found.development
    assert "DEVELOPMENT" not in found.text()


def test_it_holds_nothing_of_the_holder_or_the_card(tmp_path: Path) -> None:
    receipt().save(tmp_path / "visit.receipt")
    octets = (tmp_path / "visit.receipt").read_bytes()
    resident = world.residents()[0]
    assert resident.resident_code.digits.encode() not in octets and resident.name.encode() not in octets
    assert standard.CAN.encode() not in octets


def test_without_a_root_or_under_another_it_says_nothing() -> None:
    other = made.root(b"JPOTHER00001")
    same_name = made.root(CVCA.name)
    for root in (None, other.certificate, same_name.certificate, made.SHOPS.certificate):
        with pytest.raises(TrustError) as caught:
            verify(receipt(), root=root)
        assert caught.value.hint


def test_another_file_was_not_signed() -> None:
    with pytest.raises(InvalidProof):
        verify(receipt(), transaction=bytes(32))


def test_a_chain_that_is_cut_turned_or_of_others() -> None:
    root, sector, own = receipt().chain
    offices = made.OFFICES.certificate.to_octets()
    for chain in (
        (sector, own),
        (root, own),
        (root, sector),
        (own, sector, root),
        (root, offices, own),
        (root, sector, of_another_visit().chain[-1]),
        (made.root(CVCA.name).certificate.to_octets(), sector, own),
    ):
        with pytest.raises((TrustError, InvalidProof)):
            verify(replace(receipt(), chain=chain))


def test_anothers_certificate_is_not_the_one_that_asked() -> None:
    """Of another till with the same rights: the channel was bound to one certificate."""
    other = of_another_visit()
    with pytest.raises(TrustError):
        verify(replace(receipt(), certificate=other.certificate))
    assert "channel" in why_invalid(replace(receipt(), certificate=other.certificate, chain=other.chain))


def test_keys_of_another_channel() -> None:
    other = of_another_visit()
    for changed in (
        replace(receipt(), card_key=other.card_key),
        replace(receipt(), terminal_key=other.terminal_key),
        replace(receipt(), card_key=receipt().terminal_key, terminal_key=receipt().card_key),
        replace(receipt(), card_key=bytes(65), terminal_key=bytes(65)),
    ):
        assert "channel" in why_invalid(changed)
    for length in (0, 64, 66):
        with pytest.raises(DataError):
            verify(replace(receipt(), card_key=bytes(length)))


@pytest.mark.parametrize(
    "change",
    [
        {"channel_binding": bytes(32)},
        {"nonce": bytes(32)},
        {"date": day_number(TODAY) + 1},
        {"predicates": (), "table_hash": None},
        {"transaction": bytes(32)},
        {"disclosed": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_request_that_was_not_the_one(change: dict[str, object]) -> None:
    request = replace(Request.from_octets(receipt().request), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidProof):
        verify(replace(receipt(), request=request.to_octets()), transaction=None)


def test_a_binding_made_to_fit_other_keys_does_not_fit_the_proof() -> None:
    other = of_another_visit()
    binding = Request.from_octets(other.request).channel_binding
    request = replace(Request.from_octets(receipt().request), channel_binding=binding)
    forged = replace(other, request=request.to_octets(), wire=receipt().wire)
    with pytest.raises(InvalidProof):
        verify(forged)


@pytest.mark.parametrize("name", FIELDS)
def test_no_octet_of_it_can_be_changed(name: str) -> None:
    good = getattr(receipt(), name)
    parts = list(good) if name == "chain" else [good]
    for number, part in enumerate(parts):
        for place in {*range(0, len(part), max(1, len(part) // 30)), len(part) - 1}:
            changed = part[:place] + bytes((part[place] ^ 0x10,)) + part[place + 1 :]
            value: Any = (*parts[:number], changed, *parts[number + 1 :]) if name == "chain" else changed
            with pytest.raises(MumeiError):
                verify(replace(receipt(), **{name: value}))


def test_one_profiles_receipt_is_none_of_the_others() -> None:
    development = Receipt.of(world.ask(world.sample_card(), QUESTION))
    for given, trusted in (
        (development, parameters()),
        (receipt(), world.issuer().parameters),
        (replace(receipt(), chain=()), parameters()),
    ):
        with pytest.raises(InvalidProof) as caught:
            verify_receipt(given, trusted, root=CVCA.certificate)
        assert "way in" in caught.value.reason


def test_a_terminal_without_the_right_makes_none_that_holds() -> None:
    """Its chain is sound, and grants less than what it says it asked."""
    sector = CVCA.issue(b"JPPOOR00001", Role.DV_NON_OFFICIAL, replace(made.ALL, predicates=()))
    poor = Receipt.of(ask(sample_card(), Question(prefecture=GIFU), at=terminal(show=(1,), sector=sector)))
    assert verify(poor, transaction=None).proven == ()
    request = replace(
        Request.from_octets(poor.request), predicates=(over(20),), table_hash=parameters().table_hash
    )
    assert "no right" in why_invalid(replace(poor, request=request.to_octets()))


def test_visits_that_make_no_receipt() -> None:
    with pytest.raises(UsageError, match="accepted"):
        Receipt.of(ask(sample_card(KODOMO_11), QUESTION))
    with pytest.raises(UsageError, match="pseudonym"):
        Receipt.of(ask(sample_card(), Question(pseudonym=True)))
    for index in (0, 3, 4):
        with pytest.raises(UsageError, match="name the holder"):
            Receipt.of(ask(sample_card(), Question(disclose=(index,))))


def test_a_refused_visit_makes_none() -> None:
    greedy = pretending(terminal(over(20)), predicates=(over(18),))
    with pytest.raises(UsageError, match="accepted"):
        Receipt.of(ask(sample_card(), Question(predicates=(over(18),)), at=greedy))
