"""The states in which a card can meet a reader, each made by the card's own commands from an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tools.linkage_audit.observation import RecordingConnection
from tools.linkage_audit.parties import Asked
from tools.linkage_audit.population import AuditedCard
from tools.linkage_audit.ways import Way

from mumei.session.holder import Pin, Puk
from mumei.session.settings import store_settings
from mumei.terminal.question import Question, over, under
from mumei_core.commands import codes
from mumei_core.commands.settings import HolderSettings

_TOO_OLD_OR_YOUNG: Final = (
    Asked(name="over 70", question=Question(predicates=(over(70),))),
    Asked(name="under 12", question=Question(predicates=(under(12),))),
)

#: Cards of so many on which states are tried that take long to bring about.
LONG_STATES: Final = 10
ALWAYS_PIN: Final = "holder always wants the PIN"

Prepare = Callable[["Preparation"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What it takes to bring a card into a state.

    ``ask``: one question in a session of its own; gives the card's last status word. ``let_in``: such a session, up
    to the request.
    """

    way: Way
    card: AuditedCard
    connection: RecordingConnection
    ask: Callable[[Asked], int]
    let_in: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``records``: where the card starts from; ``prepare``: what happens to it then.

    ``refuses``: it answers no question without the PIN, which then belongs to the probes. ``issued``: a holder has
    it. ``every``: tried on one card in so many, where it takes long to bring about.
    """

    name: str
    records: Callable[[AuditedCard], Mapping[str, bytes]]
    prepare: Prepare
    refuses: bool = False
    issued: bool = True
    every: int = 1


def states() -> Iterator[State]:
    """From the maker's box to the blocked card. Revocation, when it exists, is one more."""
    yield State(
        name="as delivered", records=lambda card: card.delivered, prepare=_nothing, refuses=True, issued=False
    )
    yield State(
        name="with parameters, no credential",
        records=lambda card: card.stocked,
        prepare=_nothing,
        refuses=True,
        issued=False,
    )
    yield State(name="transport PIN not changed", records=lambda card: card.handed_over, prepare=_nothing)
    yield State(name="in use", records=_in_use, prepare=_nothing)
    yield State(name="one wrong PIN", records=_in_use, prepare=_one_wrong_pin)
    yield State(name="PIN blocked", records=_in_use, prepare=_block_pin)
    yield State(name="PUK blocked", records=_in_use, prepare=_block_puk, every=LONG_STATES)
    yield State(name="log full", records=_in_use, prepare=_fill_log, every=LONG_STATES)
    yield State(name=ALWAYS_PIN, records=_in_use, prepare=_always_pin, refuses=True)
    yield State(name="taken away in the middle", records=_in_use, prepare=_interrupt)
    yield State(name="taken away before the question", records=_in_use, prepare=_prepare_in_vain)


#: States that a reader looks for, and why they are not there.
SEATS: Final = ("reported lost: nobody tells the card, so it is in no other state than before",)


def _in_use(card: AuditedCard) -> Mapping[str, bytes]:
    return card.records


def _nothing(_: Preparation) -> None:
    """The records say it all."""


def _one_wrong_pin(preparation: Preparation) -> None:
    tries = preparation.way.wrong_tries(preparation.card)
    next(wrong for wrong in tries if wrong.name == Pin.label).attempt(preparation.connection)


def _block_pin(preparation: Preparation) -> None:
    preparation.way.block(preparation.connection, preparation.card, Pin.label, codes.PIN_TRIES)


def _block_puk(preparation: Preparation) -> None:
    preparation.way.block(preparation.connection, preparation.card, Puk.label, codes.PUK_TRIES)


def _fill_log(preparation: Preparation) -> None:
    """One entry more than there is room for, by a question that this card cannot answer with yes."""
    unprovable = next(asked for asked in _TOO_OLD_OR_YOUNG if preparation.ask(asked) == codes.SW_CONDITIONS)
    for _ in range(codes.LOG_ENTRIES):
        preparation.ask(unprovable)


def _always_pin(preparation: Preparation) -> None:
    channel = preparation.way.as_holder(preparation.connection, preparation.card)
    store_settings(channel, HolderSettings(always_pin=True, age_without_pin=False))


def _interrupt(preparation: Preparation) -> None:
    """The reader loses power after a question, with no goodbye."""
    preparation.ask(_TOO_OLD_OR_YOUNG[0])


def _prepare_in_vain(preparation: Preparation) -> None:
    """The card has computed ahead for a request that never came, more often than once."""
    preparation.let_in()
    preparation.let_in()
