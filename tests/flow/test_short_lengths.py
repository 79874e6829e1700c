"""The main job over a way that passes short APDUs only: chaining and 61XX (ISO/IEC 7816-4:2005, 5.1.1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.world import TODAY, Wire, issuer, over

from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.receipt import Receipt, verify_receipt
from mumei.terminal.verdict import Outcome
from mumei.transport.simulator import open_simulator
from mumei_core.errors import CardRemovedError

LONGEST_SHORT_COMMAND = 5 + 255 + 1
LONGEST_SHORT_ANSWER = 256 + 2


def test_enrolment_visit_and_receipt_without_extended_lengths(tmp_path: Path) -> None:
    card = world.write_card(tmp_path / "hanako.card", world.new_card())
    at = world.terminal(over(20), show=(1,))
    question = Question(predicates=(over(20),), prefecture=world.GIFU)
    with (
        Registry.create(tmp_path / "ward.db", clock=world.noon) as registry,
        Wire(open_simulator(card), extended=False) as wire,
    ):
        registry.import_residents(world.residents(), clerk="sato")
        office = Office(registry, issuer().parameters, issuer().issuing, clerk="sato")
        office.enrol(Channel(wire), 1, today=TODAY)
        answer = visit(Channel(wire), at, question, today=TODAY)
    assert answer.verdict.outcome is Outcome.ACCEPT
    assert wire.longest_command <= LONGEST_SHORT_COMMAND
    assert wire.longest_answer <= LONGEST_SHORT_ANSWER
    receipt = Receipt.of(answer)
    assert verify_receipt(receipt, issuer().parameters).proven == ("20 or over",)


def test_all_attributes_with_a_pseudonym_come_whole() -> None:
    at = world.terminal(show=tuple(range(5)), pseudonym=True)
    question = Question(disclose=tuple(range(5)), pseudonym=True)
    with world.in_memory(world.sample_card()) as card:
        short = visit(Channel(Wire(card.connection, extended=False)), at, question, today=TODAY)
        whole = visit(Channel(Wire(card.connection)), at, question, today=TODAY)
    assert short.verdict.outcome is Outcome.ACCEPT
    assert short.verdict.disclosed == whole.verdict.disclosed
    assert short.verdict.pseudonym == whole.verdict.pseudonym


def test_a_visit_takes_three_exchanges_after_select_with_extended_lengths() -> None:
    with world.in_memory(world.sample_card()) as card:
        wire = Wire(card.connection)
        visit(Channel(wire), world.terminal(over(20)), Question(predicates=(over(20),)), today=TODAY)
    # SELECT, EF.ATR/INFO, the terminal's description, the request.
    assert wire.exchanges == 4


def test_a_card_taken_away_in_the_middle_of_a_chain_answers_the_next_visit() -> None:
    at, question = world.terminal(over(20)), Question(predicates=(over(20),))
    with world.in_memory(world.sample_card()) as card:
        exchanges = Wire(card.connection, extended=False)
        visit(Channel(exchanges), at, question, today=TODAY)
        for k in range(1, exchanges.exchanges + 1):
            for before in (True, False):
                wire = Wire(card.connection, extended=False, cut_at=k, before=before)
                with pytest.raises(CardRemovedError):
                    visit(Channel(wire), at, question, today=TODAY)
                # Without power-off: SELECT must bring the card back from anywhere.
                answer = visit(Channel(Wire(card.connection, extended=False)), at, question, today=TODAY)
                assert answer.verdict.outcome is Outcome.ACCEPT
