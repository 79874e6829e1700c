"""A ward office whose issuer is a service: a card is issued, and a service that dies in between loses nothing."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.counter import Counter, counter_in
from tests.issuer import cards
from tests.issuer.desks import (
    HOST,
    LEDGER_KEY,
    Certificates,
    ask_until_killed,
    running,
    serve_until_killed,
    trusted,
)

from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import Issuing
from mumei.office.enrolment import Enrolled, Office
from mumei.session.channel import Channel
from mumei.transport.simulator import open_simulator


def enrol(counter: Counter, issuing: Issuing, card: Path) -> Enrolled:
    """What the counter does with a development card."""
    office = Office(counter.registry, world.issuer().parameters, issuing, clerk="sato", name=cards.OFFICE)
    with open_simulator(card) as connection:
        return office.enrol(Channel(connection), 1, today=world.TODAY)


def test_a_card_is_issued_over_https(tmp_path: Path, certificates: Certificates) -> None:
    with (
        running(tmp_path, certificates) as desk,
        desk.client() as issuing,
        counter_in(tmp_path) as counter,
    ):
        card = counter.card()
        assert not enrol(counter, issuing, card).resumed

        counter.assert_issued(card)
        assert desk.ledger.verify().number == 1


@pytest.mark.parametrize("before", ["signature", "answer"])
def test_a_service_that_dies_in_between_loses_and_doubles_nothing(
    tmp_path: Path, certificates: Certificates, before: str
) -> None:
    # Made before the process is forked: the service signs with the key that this side knows.
    world.issuer()
    certificates.service()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=serve_until_killed, args=(tmp_path, certificates, before, theirs), daemon=True
    )
    process.start()
    theirs.close()
    url = f"https://{HOST}:{ours.recv()}"
    with counter_in(tmp_path) as counter:
        card = counter.card()
        with RemoteIssuer(url, certificates.office(), trusted(), patience=1.0) as issuing:
            ask_until_killed(process, lambda: enrol(counter, issuing, card))

        with running(tmp_path, certificates, ledger_key=LEDGER_KEY) as desk, desk.client() as issuing:
            assert enrol(counter, issuing, card).resumed
            assert desk.ledger.verify().number == 1
        counter.assert_issued(card)
