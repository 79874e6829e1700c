"""Every fault at every exchange of an enrolment: what broke off, the same command and the same card finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from tests.fixtures import standard, world
from tests.fixtures.faults import Faulty, faulty
from tests.fixtures.postgres import copy_registry
from tests.fixtures.world import TODAY, Records, over

from mumei.cli.output import exit_code
from mumei.office.database.models import EnrolmentState
from mumei.office.enrolment import Enrolled, Office
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.session.scp03 import IssuedCardError
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.applet.records import StoredCredential
from mumei_core.commands import codes
from mumei_core.errors import CardRefused, MumeiError, SessionLostError

_WHOLE = Question(predicates=(over(20),))


@dataclass(frozen=True)
class Desk:
    """An office with one kind of card: one that has its parameters, and one that is new."""

    card: Callable[[], Records]
    new_card: Callable[[], Records]
    office: Callable[[Registry], Office]
    ask: Callable[[Records], Outcome]


def _development(registry: Registry) -> Office:
    return Office(registry, world.issuer().parameters, world.issuer().issuing, clerk="sato")


def _standard(registry: Registry) -> Office:
    return standard.office(registry)


DESKS: Final = {
    # SELECT, EF.ATR/INFO, ENROL, STORE CREDENTIAL.
    "development": Desk(
        world.card_with_parameters,
        world.new_card,
        _development,
        lambda records: world.ask(records, _WHOLE).verdict.outcome,
    ),
    # SELECT, EF.ATR/INFO, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, ENROL, STORE CREDENTIAL, GET STATUS, twice
    # SET STATUS.
    "standard": Desk(
        standard.card_with_parameters,
        standard.new_card,
        _standard,
        lambda records: standard.ask(records, _WHOLE).verdict.outcome,
    ),
}


@cache
def exchanges(kind: str) -> int:
    """Of an enrolment, with a card that has its parameters."""
    with TemporaryDirectory() as folder, faulty(DESKS[kind].card(), "") as card:
        with Registry.create(Path(folder) / "ward.db", clock=world.noon) as registry:
            registry.import_residents(world.residents(), clerk="sato")
            assert isinstance(attempt(DESKS[kind], registry, card), Enrolled)
        return card.commands


#: Fault to the exit codes that it may have.
FAULTS: Final = {
    "remove@{}:inside": {4},
    "remove@{}:after": {4},
    "reset@{}:after": {0, 4},
    "warm-reset@{}": {0, 4},
    "mute@{}": {4},
    "replay@{}": {0, 4},
    "6C@{}": {0},
    "61@{}:100": {0},
    "memory-full@{}": {1},
    "garble@{}": {0, 4},
    "truncate@{}": {0, 4},
}
#: Where it is not the wire that is thought of first.
ELSEWHERE: Final = {
    # The card has counted a failed authentication; nobody goes on before having thought.
    ("standard", "replay@4"): 1,
    # The card's proof that it knows its keys, altered; it says that no try was used up.
    ("standard", "garble@3"): 5,
    # In plain, an altered commitment is one that does not hold.
    ("development", "garble@3"): 1,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "ward.db"
    with Registry.create(path, clock=world.noon) as registry:
        registry.import_residents(world.residents(), clerk="sato")
    return path


def attempt(desk: Desk, registry: Registry, card: Faulty) -> Enrolled | MumeiError:
    try:
        return desk.office(registry).enrol(Channel(card.connection), 1, today=TODAY)
    except MumeiError as error:
        return error


def enrol(desk: Desk, file: Path, records: Records, script: str) -> int:
    """An enrolment with a fault, and another attempt where it failed: one card, one record, and they agree."""
    with Registry.open(file, clock=world.noon) as registry:
        with faulty(records, script) as card:
            first = attempt(desk, registry, card)
        held = card.records
        if isinstance(first, MumeiError):
            assert first.hint, repr(first)
            assert isinstance(first, SessionLostError) == (exit_code(first) == 4)
            with faulty(held, "") as again:
                second = attempt(desk, registry, again)
            held = again.records
            if isinstance(second, MumeiError):
                # The last answer of all was lost: the card is closed, and the hint says that all is well.
                assert isinstance(second, IssuedCardError) and "finished" in second.hint, repr(second)
        (record,) = registry.enrolments_of(1)
        assert record.state is EnrolmentState.STORED
        assert (
            StoredCredential.from_bytes(held["credential"]).issued.signature.to_octets() == record.signature
        )
    assert codes.SW_NO_DIAGNOSIS not in card.status_words
    assert desk.ask(held) is Outcome.ACCEPT
    return exit_code(first) if isinstance(first, MumeiError) else 0


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", DESKS)
def test_every_fault_at_every_exchange(kind: str, fault: str, template: Path, tmp_path: Path) -> None:
    desk = DESKS[kind]
    for exchange in range(1, exchanges(kind) + 1):
        file = copy_registry(template, tmp_path / f"{exchange}.db")
        script = fault.format(exchange)
        expected = ELSEWHERE.get((kind, script))
        code = enrol(desk, file, desk.card(), script)
        assert code in FAULTS[fault] if expected is None else code == expected, script


@pytest.mark.parametrize("kind", DESKS)
@pytest.mark.parametrize("fault", ["remove@{}:inside", "warm-reset@{}", "replay@{}", "truncate@{}"])
def test_while_a_new_card_pins_the_parameters(kind: str, fault: str, template: Path, tmp_path: Path) -> None:
    file = copy_registry(template, tmp_path / "ward.db")
    assert enrol(DESKS[kind], file, DESKS[kind].new_card(), fault.format("STORE DATA#3")) == 4


@pytest.mark.parametrize("kind", DESKS)
@pytest.mark.parametrize("script", ["short-only", "short-silent"])
def test_a_reader_without_extended_lengths(kind: str, script: str, template: Path, tmp_path: Path) -> None:
    """Whether it says so or not, the card is issued at once."""
    file = copy_registry(template, tmp_path / "ward.db")
    assert enrol(DESKS[kind], file, DESKS[kind].new_card(), script) == 0


@pytest.mark.parametrize("kind", DESKS)
@pytest.mark.parametrize("seed", range(5))
def test_random_faults(kind: str, seed: int, template: Path, tmp_path: Path) -> None:
    file = copy_registry(template, tmp_path / "ward.db")
    code = enrol(DESKS[kind], file, DESKS[kind].card(), f"random:{seed}:0.2")
    assert code in {0, 1, 3, 4, 5}


@pytest.mark.parametrize("script", ["memory-full@1", "memory-worn@1"])
def test_a_card_without_memory_is_left_as_it_was(script: str, template: Path, tmp_path: Path) -> None:
    file = copy_registry(template, tmp_path / "ward.db")
    records = world.card_with_parameters()
    with Registry.open(file, clock=world.noon) as registry, faulty(records, script) as card:
        refused = attempt(DESKS["development"], registry, card)
        assert isinstance(refused, CardRefused) and "memory" in refused.message
        assert card.records == dict(records)
