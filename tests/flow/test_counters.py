"""The card's counters tell the truth, and its work stays within the budget of protocol 2.8."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.fixtures import statements, world
from tests.fixtures.coupon_sessions import DEVELOPMENT, enter
from tests.fixtures.world import TODAY, over, request_of, terminal, under

from mumei.session import credential as credential_session
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused
from mumei.session.holder import Pin, verify_pin
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei_core.commands import codes
from mumei_core.crypto.curve import Point
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU

#: Multiplications of what is computed before the request.
COUPON = 17


class Multiplications:
    """What the curve library is really asked to do."""

    count = 0


@pytest.fixture
def multiplications(monkeypatch: pytest.MonkeyPatch) -> Multiplications:
    counted = Multiplications()
    multiply = Point.__mul__

    def counting(point: Point, scalar: int) -> Point:
        counted.count += 1
        return multiply(point, scalar)

    monkeypatch.setattr(Point, "__mul__", counting)
    return counted


@contextmanager
def channel_to(records: world.Records) -> Iterator[Channel]:
    with world.in_memory(records) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        yield channel


def counters(channel: Channel) -> dict[int, int]:
    """GET DATA of the operation counters: tag to count, since power-up."""
    command = CommandAPDU(cla=0, ins=codes.INS_GET_DATA, p1=0, p2=codes.TAG_OPERATION_COUNTERS, le=256)
    answer = channel.execute(command, doing="tell its counters")
    children = ber_tlv.parse_one(answer, codes.TAG_OPERATION_COUNTERS).children()
    return {item.tag: int.from_bytes(item.value) for item in children}


def present(channel: Channel, at: Terminal, question: Question) -> bytes:
    credential_session.describe_terminal(channel, at.description_octets)
    return statements.present(channel, at, request_of(at, question))


@pytest.mark.parametrize(
    ("question", "answering", "octets"),
    [
        pytest.param(Question(predicates=(over(20),)), 6, 828, id="age only"),
        pytest.param(Question(predicates=(over(20),), pseudonym=True), 8, 876, id="age and pseudonym"),
        pytest.param(
            Question(predicates=(under(65),), transaction=bytes(32)), 6, 828, id="age and signature"
        ),
        pytest.param(Question(predicates=(over(20), under(65))), 14, None, id="two ages"),
        pytest.param(Question(pseudonym=True), 2, None, id="pseudonym only"),
        pytest.param(Question(prefecture=world.GIFU), 1, None, id="one attribute shown"),
        pytest.param(Question(disclose=(0, 1, 2, 3, 4)), 5, None, id="all attributes shown"),
        pytest.param(
            Question(prefecture=world.GIFU, predicates=(over(20),)), 7, None, id="age and attribute"
        ),
    ],
)
def test_multiplications_are_those_of_the_budget_and_counted_right(
    multiplications: Multiplications, question: Question, answering: int, octets: int | None
) -> None:
    """A coupon's before the request; what is left once the terminal has spoken; 23 and 25 in all for an age."""
    at = world.terminal_for(question)
    with channel_to(world.sample_card()) as channel:
        multiplications.count = 0
        credential_session.describe_terminal(channel, at.description_octets)
        assert multiplications.count == COUPON
        # The coupon's own counter, and the coupon.
        assert counters(channel)[codes.TAG_COUNT_NVM_WRITES] == 2
        wire = statements.present(channel, at, request_of(at, question))
        really = multiplications.count
        told = counters(channel)
    assert really == COUPON + answering
    assert told[codes.TAG_COUNT_G1_MULTIPLICATIONS] == really
    assert told[codes.TAG_COUNT_HASH_TO_CURVE] == 0
    # The counter with the log entry begun, before anything is computed; the entry's outcome, before the answer.
    assert told[codes.TAG_COUNT_NVM_WRITES] == 2 + 2
    if octets is not None:
        assert len(wire) == octets


@pytest.mark.parametrize(
    ("question", "answering", "octets"),
    [
        pytest.param(Question(predicates=(over(20),)), 8, 893, id="age and token"),
        pytest.param(
            Question(predicates=(over(20),), pseudonym=True), 10, 941, id="age, pseudonym and token"
        ),
    ],
)
def test_a_token_adds_two_multiplications_and_65_octets(
    multiplications: Multiplications, question: Question, answering: int, octets: int
) -> None:
    """25 and 27 in all; PREPARE checks both signatures of the statement, and multiplies nothing in G1."""
    at = world.terminal_for(question)
    request = statements.with_token(at, request_of(at, question))
    with channel_to(world.sample_card()) as channel:
        multiplications.count = 0
        credential_session.describe_terminal(channel, at.description_octets)
        k = credential_session.prepare(channel, request.to_octets(), statements.slots())
        assert multiplications.count == COUPON
        prepared = counters(channel)
        # The coupon's counter and the coupon; then counter, slot, week and log entry in one.
        assert prepared[codes.TAG_COUNT_NVM_WRITES] == 2 + 1
        tree = statements.tree()
        wire = credential_session.present_slot(channel, tree.points[k].to_uncompressed(), tree.path(k))
        told = counters(channel)
        assert told[codes.TAG_COUNT_G1_MULTIPLICATIONS] == multiplications.count == COUPON + answering
        assert told[codes.TAG_COUNT_NVM_WRITES] == 2 + 1 + 2
    assert len(wire) == octets


def test_a_statement_costs_two_verifications() -> None:
    """In PREPARE where a token is asked, else in PRESENT; nothing where no date is."""
    question = Question(predicates=(over(20),))
    for asked, verifications in ((question, 2), (Question(pseudonym=True), 0)):
        card, at = DEVELOPMENT.card(), world.terminal_for(asked)
        enter(card, at, asked).present()
        assert card.work_of(codes.INS_PRESENT).p256_verifications == verifications
    card, at = DEVELOPMENT.card(), world.terminal_for(question)
    session = enter(card, at, question)
    statements.present_token(session.channel, at, statements.with_token(at, session.request))
    assert card.work_of(codes.INS_PREPARE).p256_verifications == 2
    assert card.work_of(codes.INS_PREPARE).g1_multiplications == 0
    assert card.work_of(codes.INS_PRESENT).p256_verifications == 0


def test_enrolment_is_counted_right(multiplications: Multiplications) -> None:
    with channel_to(world.card_with_parameters()) as channel:
        multiplications.count = 0
        personalisation.enrol(channel, world.NONCE)
        assert counters(channel)[codes.TAG_COUNT_G1_MULTIPLICATIONS] == multiplications.count == 14
        credential = world.credential_for(channel, world.residents()[0])
        multiplications.count = 0
        before = counters(channel)[codes.TAG_COUNT_G1_MULTIPLICATIONS]
        personalisation.store_credential(channel, credential)
        told = counters(channel)
    assert told[codes.TAG_COUNT_G1_MULTIPLICATIONS] - before == multiplications.count
    assert told[codes.TAG_COUNT_NVM_WRITES] == 3


def test_work_is_the_same_whatever_the_attributes() -> None:
    """Also in the randoms drawn: nothing to be seen in time or power that hangs on who the holder is."""
    question, at = Question(predicates=(over(12),), pseudonym=True), terminal(over(12), pseudonym=True)
    seen = []
    for place in (world.HANAKO_20_TODAY, world.ICHIRO_67, world.SAYURI_TOKYO):
        with channel_to(world.sample_card(place)) as channel:
            present(channel, at, question)
            seen.append(counters(channel))
    assert seen[0] == seen[1] == seen[2]


def test_cannot_prove_is_the_same_work_whatever_the_reason() -> None:
    seen = []
    at = terminal(over(20), over(65), under(20))
    for place, predicate in (
        (world.HANAKO_20_TODAY, over(65)),
        (world.ICHIRO_67, under(20)),
        (world.KODOMO_11, over(20)),
    ):
        with channel_to(world.sample_card(place)) as channel:
            with pytest.raises(PresentationRefused):
                present(channel, at, Question(predicates=(predicate,)))
            seen.append(counters(channel))
    assert seen[0] == seen[1] == seen[2]


def test_what_is_refused_before_the_commit_costs_no_work() -> None:
    at = terminal(over(20), pin=True)
    with channel_to(world.sample_card()) as channel:
        credential_session.describe_terminal(channel, at.description_octets)
        before = counters(channel)
        request = request_of(at, Question(predicates=(over(20),)))
        with pytest.raises(PresentationRefused):
            statements.present(channel, at, request)
        assert counters(channel) == before
        verify_pin(channel, Pin(world.PIN))
        request = request_of(at, Question(predicates=(over(20),)), today=TODAY)
        assert len(statements.present(channel, at, request)) == 828
