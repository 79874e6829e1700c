"""The main job through a real PC/SC service: issue, ask, keep a receipt; with the card pulled at any APDU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import Place, calendar_at, make_place, mumei, mumei_json
from tests.fixtures.pcscd import FIRST_READER, Pcscd, pulled, served, wait_until_present
from tests.fixtures.world import TODAY, Wire, over, terminal

from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.pcsc import open_reader
from mumei_core.errors import CardRemovedError, NoServiceError

#: SELECT, EF.ATR/INFO, ENROL (no parameters yet), 17 blocks of parameters, ENROL, STORE CREDENTIAL.
ENROLMENT_EXCHANGES = 22
LAST_BLOCK = 20
#: SELECT, EF.ATR/INFO, description, request.
VISIT_EXCHANGES = 4


@pytest.fixture(scope="module")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "ward.db"
    with Registry.create(path, clock=world.noon) as registry:
        registry.import_residents(world.residents(), clerk="sato")
    return path


@pytest.fixture
def place(tmp_path: Path, registry_template: Path) -> Iterator[Place]:
    """An issuer's folder, a registry, and a shop; today is the sample residents' day."""
    with calendar_at(TODAY):
        place = make_place(tmp_path, registry_template)
        place.terminal("sake", terminal(over(20), over(21), show=(1,), pseudonym=True))
        yield place


def enrol(place: Place, *, expect: int = 0) -> str:
    result = mumei(
        *("office", "enrol", "1", "--registry", place.registry, "--issuer", place.issuer),
        *("--passphrase-file", place.passphrase, "--clerk", "sato", "--reader", FIRST_READER),
    )
    assert result.exit_code == expect, result.output
    return result.output


def verify(place: Place, *options: str | Path) -> tuple[str | Path, ...]:
    return ("terminal", "verify", "--terminal", place.folder / "sake", "--reader", FIRST_READER, *options)


def test_issued_asked_and_proven_later(pcscd: Pcscd, place: Place) -> None:
    with served(place.card("hanako"), pcscd):
        assert "the card is issued" in enrol(place)
        changed = mumei(
            *("card", "pin", "change", "--reader", FIRST_READER, "--new-pin-file", place.pin),
            *("--pin-file", place.secret("transport", world.TRANSPORT_PIN)),
        )
        assert changed.exit_code == 0
        receipt = place.folder / "visit.receipt"
        accepted = mumei(*verify(place, "--over", "20", "--prefecture", "gifu", "--receipt", receipt))
        assert accepted.exit_code == 0 and accepted.stdout.startswith("ACCEPT")
        assert mumei(*verify(place, "--over", "21", "--pin-file", place.pin)).exit_code == 1
        first, second = (mumei_json(*verify(place, "--pseudonym"))["pseudonym"] for _ in range(2))
        assert first == second
    proven = mumei("receipt", "verify", receipt, "--parameters", place.parameters, "--development")
    assert proven.exit_code == 0 and "20 or over" in proven.stdout


def test_long_commands_pass_in_extended_length(pcscd: Pcscd, place: Place) -> None:
    at, question = terminal(over(20)), Question(predicates=(over(20),))
    with (
        served(place.card("hanako"), pcscd),
        Registry.open(place.registry, clock=world.noon) as registry,
    ):
        office = Office(registry, world.issuer().parameters, world.issuer().issuing, clerk="sato")
        with Wire(open_reader()) as wire:
            office.enrol(Channel(wire), 1, today=TODAY)
        assert wire.exchanges == ENROLMENT_EXCHANGES
        assert wire.longest_command > 3000
        with Wire(open_reader()) as wire:
            answer = visit(Channel(wire), at, question, today=TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT
        assert (wire.exchanges, wire.longest_answer) == (VISIT_EXCHANGES, 828 + 2)
        # And in short pieces, for readers that do not pass them.
        with Wire(open_reader(), extended=False) as wire:
            assert visit(Channel(wire), at, question, today=TODAY).verdict.outcome is Outcome.ACCEPT
        assert wire.longest_command <= 261 and wire.longest_answer <= 258


@pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
def test_a_visit_with_the_card_pulled_at_any_apdu(pcscd: Pcscd, place: Place, before: bool) -> None:
    file = place.card("hanako", world.sample_card())
    for at in range(1, VISIT_EXCHANGES + 1):
        with pulled(file, at=at, before=before, port=pcscd.port):
            result = mumei(*verify(place, "--over", "20"))
        assert result.exit_code == 4, result.output
        assert "again" in result.stderr
    with served(file, pcscd):
        assert mumei(*verify(place, "--over", "20")).exit_code == 0


def test_an_enrolment_with_the_card_pulled_at_any_apdu(pcscd: Pcscd, place: Place) -> None:
    file = place.card("hanako")
    for at in range(1, LAST_BLOCK + 1):
        # The last block does its work, and its answer is lost.
        with pulled(file, at=at, before=bool(at % 2), port=pcscd.port):
            enrol(place, expect=4)
    # Now the parameters are on the card: SELECT, EF.ATR/INFO, ENROL, STORE CREDENTIAL.
    for at, before in ((3, True), (3, False), (4, True), (3, False)):
        with pulled(file, at=at, before=before, port=pcscd.port):
            enrol(place, expect=4)
    with served(file, pcscd):
        assert "had broken off is finished" in enrol(place)
        assert mumei(*verify(place, "--over", "20")).exit_code == 0
    listed = mumei_json("office", "residents", "--registry", place.registry)
    assert listed["residents"][0]["cards"] == ["enrolment 1 stored until 2027-12-31"]


def test_the_service_restarts_between_two_visits_of_one_process(pcscd: Pcscd, place: Place) -> None:
    at, question = terminal(over(20), pseudonym=True), Question(predicates=(over(20),), pseudonym=True)

    def pseudonym() -> bytes | None:
        with open_reader() as connection:
            return visit(Channel(connection), at, question, today=TODAY).verdict.pseudonym

    with served(place.card("hanako", world.sample_card()), pcscd):
        first = pseudonym()
        pcscd.stop()
        with pytest.raises(NoServiceError):
            pseudonym()
        assert mumei(*verify(place, "--over", "20")).exit_code == 3
        pcscd.start()
        wait_until_present(FIRST_READER)
        assert first is not None and pseudonym() == first


def test_the_service_stops_in_the_middle_of_a_visit(pcscd: Pcscd, place: Place) -> None:
    at, question = terminal(over(20)), Question(predicates=(over(20),))

    class Stopping(Wire):
        def transmit(self, apdu: bytes) -> bytes:
            if self.exchanges == VISIT_EXCHANGES - 1:
                pcscd.stop()
            return super().transmit(apdu)

    with served(place.card("hanako", world.sample_card()), pcscd):
        with pytest.raises((NoServiceError, CardRemovedError)), Stopping(open_reader()) as wire:
            visit(Channel(wire), at, question, today=TODAY)
        pcscd.start()
        wait_until_present(FIRST_READER)
        with open_reader() as connection:
            answer = visit(Channel(connection), at, question, today=TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT
