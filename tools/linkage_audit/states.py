"""The states in which a card can meet a reader, each made by the card's own commands from an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tools.linkage_audit.observation import RecordingConnection
from tools.linkage_audit.parties import Asked, RelyingParty
from tools.linkage_audit.population import AuditedCard

from mumei.session import credential
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, verify_pin
from mumei.session.settings import store_settings
from mumei.terminal.question import Question, over, under
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei_core.commands import codes
from mumei_core.commands.settings import HolderSettings
from mumei_core.errors import CardRefused
from mumei_core.iso7816.apdu import CommandAPDU

_TOO_OLD_OR_YOUNG: Final = (
    Asked(name="over 70", question=Question(predicates=(over(70),))),
    Asked(name="under 12", question=Question(predicates=(under(12),))),
)

ALWAYS_PIN: Final = "holder always wants the PIN"

TerminalFor = Callable[[RelyingParty, Asked], Terminal]
Prepare = Callable[["Preparation"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What it takes to bring a card into a state. ``request``: of a terminal, as octets."""

    card: AuditedCard
    connection: RecordingConnection
    party: RelyingParty
    terminal_for: TerminalFor
    request: Callable[[Terminal, Asked], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``records``: where the card starts from; ``prepare``: what happens to it then. ``refuses``: it answers no
    question without the PIN, which then belongs to the probes.
    """

    name: str
    records: Callable[[AuditedCard], Mapping[str, bytes]]
    prepare: Prepare
    refuses: bool = False


def states() -> Iterator[State]:
    """From the maker's box to the blocked card. Revocation, when it exists, is one more."""
    yield State(name="as delivered", records=lambda card: card.delivered, prepare=_nothing, refuses=True)
    yield State(
        name="with parameters, no credential",
        records=lambda card: card.stocked,
        prepare=_nothing,
        refuses=True,
    )
    yield State(name="transport PIN not changed", records=lambda card: card.handed_over, prepare=_nothing)
    yield State(name="in use", records=_in_use, prepare=_nothing)
    yield State(name="one wrong PIN", records=_in_use, prepare=lambda p: _wrong_pins(p, 1))
    yield State(name="PIN blocked", records=_in_use, prepare=lambda p: _wrong_pins(p, codes.PIN_TRIES))
    yield State(name="PUK blocked", records=_in_use, prepare=_block_puk)
    yield State(name="log full", records=_in_use, prepare=_fill_log)
    yield State(name=ALWAYS_PIN, records=_in_use, prepare=_always_pin, refuses=True)
    yield State(name="taken away in the middle", records=_in_use, prepare=_interrupt)


#: States that the issue names and that no code can bring about yet.
SEATS: Final = ("revoked: there is no revocation yet",)


def _in_use(card: AuditedCard) -> Mapping[str, bytes]:
    return card.records


def _nothing(_: Preparation) -> None:
    """The records say it all."""


def _wrong_pins(preparation: Preparation, times: int) -> None:
    wrong = other_digits(preparation.card.pin)
    for _ in range(times):
        _pin_command(preparation.connection, codes.INS_VERIFY, wrong)


def _block_puk(preparation: Preparation) -> None:
    wrong = other_digits(preparation.card.letter.puk)
    for _ in range(codes.PUK_TRIES):
        _pin_command(preparation.connection, codes.INS_RESET_RETRY_COUNTER, wrong + b"000000")


def _pin_command(connection: CardConnection, ins: int, data: bytes) -> None:
    command = CommandAPDU(cla=codes.CLA_ISO, ins=ins, p1=0, p2=codes.REFERENCE_PIN, data=data)
    connection.transmit(command.to_bytes())


def _fill_log(preparation: Preparation) -> None:
    """One entry more than there is room for, by a question that this card cannot answer with yes."""
    unprovable = next(asked for asked in _TOO_OLD_OR_YOUNG if _ask(preparation, asked) == codes.SW_CONDITIONS)
    for _ in range(codes.LOG_ENTRIES):
        _ask(preparation, unprovable)


def _ask(preparation: Preparation, asked: Asked) -> int:
    terminal = preparation.terminal_for(preparation.party, asked)
    channel = _described(preparation, terminal)
    with suppress(CardRefused):
        credential.present(channel, preparation.request(terminal, asked))
    return int.from_bytes(preparation.connection.exchanges[-1].answer[-2:], "big")


def _described(preparation: Preparation, terminal: Terminal) -> Channel:
    preparation.connection.reset()
    channel = Channel(preparation.connection)
    Application.select(channel)
    credential.describe_terminal(channel, terminal.description_octets)
    return channel


def _always_pin(preparation: Preparation) -> None:
    preparation.connection.reset()
    channel = Channel(preparation.connection)
    Application.select(channel)
    with Pin(preparation.card.pin) as pin:
        verify_pin(channel, pin)
    store_settings(channel, HolderSettings(always_pin=True, age_without_pin=False))


def _interrupt(preparation: Preparation) -> None:
    _ask(preparation, _TOO_OLD_OR_YOUNG[0])
    _described(preparation, preparation.terminal_for(preparation.party, _TOO_OLD_OR_YOUNG[0]))


def other_digits(digits: str) -> bytes:
    """As many digits, every one of them another."""
    return bytes(0x30 + (int(digit) + 1) % 10 for digit in digits)
