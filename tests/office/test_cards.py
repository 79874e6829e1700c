"""Cards from the delivery note to their end; two offices at once never give one person two, nor one card twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.office.conftest import noon
from tests.office.forms import TODAY, resident_with

from mumei.office.cards import CardConflictError
from mumei.office.database.engine import DuplicateError
from mumei.office.database.models import AuditAction
from mumei.office.database.models_cards import CardState
from mumei.office.delivery_note import DeliveryNote
from mumei.office.records import EnrolmentConflictError, NotFoundError
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError

CLERK = "窓口 一"
NUMBERS = tuple(bytes((place,)) * 10 for place in range(1, 5))
NOTE = "number,attestation\n" + "".join(f"{number.hex()},{(number * 4)[:32].hex()}\n" for number in NUMBERS)


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """On SQLite and again on PostgreSQL, with four cards in stock and twelve residents."""
    with Registry.open(registry_url, clock=noon) as opened:
        opened.take_delivery(DeliveryNote.from_bytes(NOTE.encode()), clerk=CLERK)
        opened.import_residents(sample_residents(TODAY), clerk=CLERK)
        yield opened


def test_a_delivery_is_taken_in_once(registry: Registry) -> None:
    again = registry.take_delivery(DeliveryNote.from_bytes(NOTE.encode()), clerk=CLERK)
    assert (again.cards, again.again) == (4, True)
    assert registry.stock().free == 4
    assert [entry.action for entry in registry.history()].count(AuditAction.CARDS_DELIVERED) == 1
    overlapping = "number\n" + "77" * 10 + f"\n{NUMBERS[2].hex()}\n"
    with pytest.raises(DuplicateError):
        registry.take_delivery(DeliveryNote.from_bytes(overlapping.encode()), clerk=CLERK)
    assert registry.stock().free == 4


def test_from_stock_to_holder(registry: Registry, sign: Callable[[Registry, int], int]) -> None:
    number = sign(registry, 1)
    reserved = registry.reserve_card(NUMBERS[0], number, clerk=CLERK)
    assert registry.reserve_card(NUMBERS[0], number, clerk=CLERK) == reserved
    assert (registry.stock().free, registry.stock().reserved) == (3, 1)
    registry.mark_stored(number, clerk=CLERK)
    issued = registry.card(reserved.card)
    assert (issued.state, issued.resident_number, issued.enrolment_number) == (CardState.ISSUED, 1, number)
    # Which chip somebody carries, the registry does not know.
    assert issued.number is None and registry.card_in_stock(NUMBERS[0]) is None
    assert registry.history()[-1].card == reserved.card
    assert registry.cards_of(1) == (issued,)


def test_a_card_that_was_not_delivered_here_is_refused(
    registry: Registry, sign: Callable[[Registry, int], int]
) -> None:
    with pytest.raises(CardConflictError, match="not in the stock") as refused:
        registry.reserve_card(b"X" * 10, sign(registry, 1), clerk=CLERK)
    assert "stock import" in refused.value.hint


def test_one_card_for_one_enrolment(registry: Registry, sign: Callable[[Registry, int], int]) -> None:
    one, other = sign(registry, 1), sign(registry, 2)
    registry.reserve_card(NUMBERS[0], one, clerk=CLERK)
    with pytest.raises(CardConflictError, match=f"belongs to enrolment {one}"):
        registry.reserve_card(NUMBERS[0], other, clerk=CLERK)
    with pytest.raises(CardConflictError, match="began with card"):
        registry.reserve_card(NUMBERS[1], one, clerk=CLERK)
    registry.mark_stored(one, clerk=CLERK)
    with pytest.raises(EnrolmentConflictError):
        registry.reserve_card(NUMBERS[1], one, clerk=CLERK)


def test_a_cancelled_enrolment_gives_its_card_back_only_if_nothing_was_signed(
    registry: Registry, sign: Callable[[Registry, int], int]
) -> None:
    early = registry.begin_enrolment(1, clerk=CLERK).number
    registry.reserve_card(NUMBERS[0], early, clerk=CLERK)
    registry.cancel_enrolment(early, clerk=CLERK)
    assert registry.card_in_stock(NUMBERS[0]) is not None and registry.stock().free == 4
    late = sign(registry, 2)
    card = registry.reserve_card(NUMBERS[1], late, clerk=CLERK).card
    registry.cancel_enrolment(late, clerk=CLERK)
    assert registry.card(card).state is CardState.DESTROYED


def test_lost_found_and_replaced(registry: Registry, issue: Callable[[Registry, int], int]) -> None:
    issue(registry, 1)
    (first,) = registry.cards_of(1)
    registry.report_card_lost(first.card, clerk=CLERK)
    assert registry.report_card_found(first.card, clerk=CLERK).state is CardState.ISSUED
    registry.report_card_lost(first.card, clerk=CLERK)
    issue(registry, 1)
    with pytest.raises(CardConflictError, match="has card") as refused:
        registry.report_card_found(first.card, clerk=CLERK)
    assert "destroy" in refused.value.hint
    assert registry.destroy_card(first.card, clerk=CLERK).state is CardState.DESTROYED
    assert [card.state for card in registry.cards_of(1)] == [CardState.DESTROYED, CardState.ISSUED]


def test_whose_card_is_replaced_without_coming_back_has_lost_it(
    registry: Registry, issue: Callable[[Registry, int], int]
) -> None:
    issue(registry, 1)
    issue(registry, 1)
    assert [card.state for card in registry.cards_of(1)] == [CardState.LOST, CardState.ISSUED]
    assert AuditAction.CARD_LOST in [entry.action for entry in registry.history()]


def test_steps_that_do_not_follow(registry: Registry, issue: Callable[[Registry, int], int]) -> None:
    issue(registry, 1)
    (card,) = registry.cards_of(1)
    returned = registry.return_card(card.card, clerk=CLERK)
    assert registry.return_card(card.card, clerk=CLERK) == returned
    for step in (registry.report_card_lost, registry.report_card_found):
        with pytest.raises(CardConflictError, match="RETURNED"):
            step(card.card, clerk=CLERK)
    for unknown in (0, 77, 2**40):
        with pytest.raises(NotFoundError):
            registry.card(unknown)


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (b"", "does not begin"),
        (b"card\n" + b"11" * 10, "does not begin"),
        (b"number\n\n", "no card"),
        (b"number\n123\n", "line 2"),
        (b"number,attestation\n" + b"11" * 10 + b",xyz\n", "line 2"),
        (b"number\n" + b"11" * 10 + b"\n" + b"11" * 10 + b"\n", "line 3: a card stands there twice"),
        (b"number\n\xff\xfe", "not CSV"),
        (b'number\n"11', "not CSV"),
    ],
)
def test_a_delivery_note_that_is_none(note: bytes, says: str) -> None:
    with pytest.raises(DataError, match=says) as refused:
        DeliveryNote.from_bytes(note)
    assert refused.value.hint


# What each of two offices does, as a program of its own: all of it at the same moment.
OFFICE = """
import json, sys
from mumei.office.cards import CardConflictError
from mumei.office.database.code_vault import RegistryKeyError
from mumei.office.delivery_note import DeliveryNote
from mumei.office.registry import Registry
from mumei_core.errors import DataError, HostEnvironmentError
from tests.office.conftest import noon

where, me = sys.argv[1], sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
done = {"enrolments": [], "cards": [], "moves": 0}
with Registry.open(where, clock=noon, busy_timeout=30.0) as registry:
    for resident in range(1, 13):
        done["enrolments"].append(registry.begin_enrolment(resident, clerk=me).number)
    for enrolment in done["enrolments"]:
        for number in range(1, 5):
            try:
                registry.reserve_card(bytes((number,)) * 10, enrolment, clerk=me)
                done["cards"].append([number, enrolment])
                break
            except (CardConflictError, DataError):
                continue
    for turn in range(10):
        if me == "east" and turn == 5:
            registry.change_key(clerk=me)
        while True:
            try:
                seen = registry.resident(1)
                count, _, rest = seen.resident.address.partition("番地")
                address, day = f"{int(count) + 1}番地", noon().date()
                registry.move_within(1, address=address, on=day, clerk=me, version=seen.version)
                done["moves"] += 1
                break
            except (DataError, HostEnvironmentError, RegistryKeyError):
                continue
print(json.dumps(done))
"""


def test_two_offices_at_the_same_moment(registry_url: str) -> None:
    """No double issue: one enrolment a resident, one enrolment a card. No lost update: every move counts.

    In the middle one of the two changes the key of the resident codes, and the other goes on.
    """
    with Registry.open(registry_url, clock=noon) as registry:
        registry.take_delivery(DeliveryNote.from_bytes(NOTE.encode()), clerk=CLERK)
        registry.add_resident(resident_with(address="0番地"), clerk=CLERK)
        registry.import_residents(sample_residents(TODAY)[1:], clerk=CLERK)
    offices = [
        subprocess.Popen(
            [sys.executable, "-c", OFFICE, registry_url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("east", "west")
    ]
    for office in offices:
        assert office.stdout is not None and office.stdout.readline() == "ready\n"
    for office in offices:
        assert office.stdin is not None
        office.stdin.write("go\n")
        office.stdin.flush()
    said = [json.loads(office.communicate(timeout=60)[0]) for office in offices]
    assert [office.returncode for office in offices] == [0, 0]
    assert said[0]["enrolments"] == said[1]["enrolments"]
    taken = {tuple(pair) for one in said for pair in one["cards"]}
    assert (
        len({number for number, _ in taken}) == len({enrolment for _, enrolment in taken}) == len(taken) == 4
    )
    with Registry.open(registry_url) as registry:
        assert registry.resident(1).resident.address == "20番地"
        assert len(registry.events_of(1)) == 21
        assert [len(registry.enrolments_of(number)) for number in range(1, 13)] == [1] * 12
