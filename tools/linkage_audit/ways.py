"""The ways in to a card: what a terminal does before it may ask, and in which classes cards may then differ.

A way brings the stages at which a card is probed, the product's own visit, and the classes that its profile
admits. Another way (PACE and Terminal Authentication) is another subclass; nothing else in the audit changes.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Protocol

from tools.linkage_audit.findings import AdmittedClass
from tools.linkage_audit.observation import RecordingConnection
from tools.linkage_audit.parties import Asked, RelyingParty
from tools.linkage_audit.probes import Probe, short_battery, visit_battery
from tools.linkage_audit.tokens import EveryToken

from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.session import credential, personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, change_pin, verify_pin
from mumei.terminal.calendar import development_calendar
from mumei.terminal.check import Visit, visit
from mumei.terminal.revocation_check import RevocationCheck
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.personalisation import PinLetter, draw_letter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.request import HASH_LENGTH
from mumei_core.commands.terminal_rights import development_binding
from mumei_core.dates import day_number
from mumei_core.iso7816.apdu import CommandAPDU

#: Terminals' rights last so long, around the day of the audit.
_VALIDITY_DAYS: Final = 35

SHARED_CLASSES: Final = (
    AdmittedClass(
        name="credential expiry",
        meaning="the half-year in which the credential ends; shown in every presentation",
        most_values=4,
    ),
    AdmittedClass(
        name="issuer key period",
        meaning="under which of the issuer's keys the credential was signed",
        most_values=3,
    ),
    AdmittedClass(
        name="card profile",
        meaning="development or standard, in the answer to SELECT",
        most_values=2,
    ),
    AdmittedClass(
        name="shown on request: prefecture",
        meaning="asked for by name, allowed by the terminal's rights; 47 there are",
        most_values=47,
    ),
    AdmittedClass(
        name="last known date",
        meaning="the day of issue, or a later one that an official terminal told: the card refuses days before it, "
        "and a terminal may claim any day for which it has rights",
        most_values=366,
        steps=r"^search for the last known date",
    ),
    AdmittedClass(
        name="answers only after the PIN, or not yet",
        meaning="a holder who always wants the PIN, or a card without credential, refuses a good question, each "
        "with its own status word",
        most_values=3,
        probes=r"^asked /",
    ),
)


NOT_YET_ISSUED: Final = AdmittedClass(
    name="not yet issued",
    meaning="a card that no holder has yet computes nothing ahead; one of the standard profile lets the office in, "
    "and tells it its number to find the card's keys",
    most_values=3,
)


class Holder(Protocol):
    """Who holds the card: what is printed on it or known to them."""

    @property
    def pin(self) -> str:
        """Six digits."""

    @property
    def letter(self) -> PinLetter:
        """PUK, CAN, shop code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A session at some stage. ``binding``: what requests in it have to name, 32 octets."""

    channel: Channel
    binding: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A point of a session at which the card is probed. ``enter`` brings a fresh card there."""

    name: str
    enter: Callable[[CardConnection], Entered]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongTry:
    """A password tried that is wrong. ``attempt`` leaves the exchanges in the connection."""

    name: str
    attempt: Callable[[CardConnection], None]


class Way(ABC):
    """One profile of cards and the way in to them; made once for an audit, and given to every worker."""

    name: ClassVar[str]
    profile_name: ClassVar[str]
    profile: ClassVar[int]
    admitted: ClassVar[tuple[AdmittedClass, ...]]
    #: What of the audit's aims this way cannot show, and why: printed in the report.
    not_watched: ClassVar[tuple[str, ...]]
    #: Names of :meth:`stages`.
    stage_names: ClassVar[tuple[str, ...]]

    #: Cards of so many whose states, dates and issuer's record are tried; the others make their visits only.
    sample: ClassVar[int] = 1

    def __init__(self) -> None:
        self._terminals: dict[tuple[int, str, date], Terminal] = {}

    #: A regular expression of the steps at which a card that was not yet issued tells its number.
    number_before_issue: ClassVar[str] = r"$^"

    def may_tell_its_number(self, step: str) -> bool:
        """Whether this is how the office finds the card's keys, before anyone holds the card."""
        return re.search(self.number_before_issue, step) is not None

    # Cards

    def new_letter(self) -> PinLetter:
        """What goes with a new card."""
        return draw_letter()

    @abstractmethod
    def deliver(self, letter: PinLetter) -> tuple[dict[str, bytes], bytes | None]:
        """A new card's records, and its number where the office asks for it."""

    @abstractmethod
    def stock(self, parameters: PublicParameters, day: date) -> dict[str, bytes]:
        """The records that all cards of a stock have in common once they hold the issuer's parameters."""

    @abstractmethod
    def office(
        self,
        registry: Registry,
        parameters: PublicParameters,
        key: IssuerKey,
        clerk: str,
        today: Callable[[], int],
    ) -> Office:
        """An office that can write to cards of this profile."""

    @abstractmethod
    def set_pin(self, connection: CardConnection, letter: PinLetter, pin: str) -> None:
        """The holder's first act."""

    # Terminals and holders

    def terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        """A terminal of ``party`` with the right to ask just this; the same one for every card."""
        key = (party.number, asked.name, today)
        if key not in self._terminals:
            self._terminals[key] = self.make_terminal(party, asked, parameters, today)
        return self._terminals[key]

    @abstractmethod
    def make_terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        """A new one."""

    @abstractmethod
    def visit(
        self, connection: CardConnection, terminal: Terminal, asked: Asked, holder: Holder, *, today: date
    ) -> Visit:
        """A visit from reset to verdict."""

    @abstractmethod
    def stages(self, terminal: Terminal, holder: Holder) -> tuple[Stage, ...]:
        """Where the card is probed, in the order of a session; at the last, PRESENT would be answered."""

    @abstractmethod
    def as_holder(self, connection: CardConnection, holder: Holder) -> Channel:
        """A session of the holder's own, in which the PIN was given."""

    @abstractmethod
    def wrong_tries(self, holder: Holder) -> tuple[WrongTry, ...]:
        """Wrong passwords, among them ``PIN`` and ``PUK``: also how a card comes to be blocked."""

    def block(self, connection: CardConnection, holder: Holder, name: str, tries: int) -> None:
        """Use up ``tries``, all that the password ``name`` has."""
        wrong = next(wrong for wrong in self.wrong_tries(holder) if wrong.name == name)
        for _ in range(tries):
            wrong.attempt(connection)

    def battery(self, stage: str) -> tuple[Probe, ...]:
        """What every state of a card is asked at a stage: everything at the first, where anyone can be."""
        return short_battery() if stage == self.stage_names[0] else visit_battery()

    def probe(self, channel: Channel, connection: RecordingConnection, probe: Probe) -> None:
        """Send a probe as it is; inside a secure channel this is where it is wrapped."""
        connection.probe(probe.name, probe.octets)


class PlainDescription(Way):
    """The development profile: no channel, rights by an unsigned description, PIN in plain."""

    name = "plain, terminal described by itself"
    profile_name = "development"
    profile = codes.PROFILE_DEVELOPMENT
    admitted = (
        *SHARED_CLASSES,
        AdmittedClass(
            name="PIN and PUK state",
            meaning="tries left, blocked, or PIN not yet set: anyone may ask (VERIFY in plain), and may change it",
            most_values=3 + 1 + 1 + 11,
            probes=r"/ (VERIFY|CHANGE REFERENCE DATA|RESET RETRY COUNTER)|^a wrong P",
            development_only=True,
        ),
        AdmittedClass(
            name="the issuer's own record",
            meaning="who has the issuer's file of a card can ask a card whether it is that one (STORE CREDENTIAL "
            "repeats its receipt)",
            most_values=2,
            steps=r"^the issuer's record tried on a card",
            development_only=True,
        ),
        NOT_YET_ISSUED,
    )
    not_watched = (
        "PACE (shop code, CAN, PIN, PUK), secure messaging and Terminal Authentication: development cards have "
        "none",
    )

    def deliver(self, letter: PinLetter) -> tuple[dict[str, bytes], bytes | None]:
        return initial_records(self.profile_name, letter), None

    def stock(self, parameters: PublicParameters, day: date) -> dict[str, bytes]:
        blank, _ = self.deliver(self.new_letter())
        nvm = Nvm.in_memory(blank)
        channel = Channel(RecordingConnection(Kernel(nvm)))
        Application.select(channel)
        personalisation.store_parameters(channel, parameters.for_card(day))
        return {name: value for name, value in records_of(nvm).items() if blank.get(name) != value}

    def office(
        self,
        registry: Registry,
        parameters: PublicParameters,
        key: IssuerKey,
        clerk: str,
        today: Callable[[], int],
    ) -> Office:
        return Office(registry, parameters, EmbeddedIssuer([key], MemoryLedger(), today=today), clerk=clerk)

    def set_pin(self, connection: CardConnection, letter: PinLetter, pin: str) -> None:
        channel = _fresh(connection).channel
        Application.select(channel)
        change_pin(channel, TransportPin(letter.transport_pin), Pin(pin))

    def as_holder(self, connection: CardConnection, holder: Holder) -> Channel:
        channel = _fresh(connection).channel
        Application.select(channel)
        with Pin(holder.pin) as pin:
            verify_pin(channel, pin)
        return channel

    def wrong_tries(self, holder: Holder) -> tuple[WrongTry, ...]:
        def attempt(ins: int, data: bytes) -> Callable[[CardConnection], None]:
            command = CommandAPDU(cla=codes.CLA_ISO, ins=ins, p1=0, p2=codes.REFERENCE_PIN, data=data)

            def send(connection: CardConnection) -> None:
                connection.reset()
                connection.transmit(command.to_bytes())

            return send

        wrong_puk = other_digits(holder.letter.puk) + other_digits(holder.pin)
        return (
            WrongTry(name="PIN", attempt=attempt(codes.INS_VERIFY, other_digits(holder.pin).encode())),
            WrongTry(name="PUK", attempt=attempt(codes.INS_RESET_RETRY_COUNTER, wrong_puk.encode())),
        )

    def make_terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        first = day_number(today)
        description = party.description(asked, first=first, last=first + _VALIDITY_DAYS)
        kind = EveryToken if asked.token else RevocationCheck
        return Terminal.of(description, parameters, revocation=kind(calendar=development_calendar()))

    def visit(
        self, connection: CardConnection, terminal: Terminal, asked: Asked, holder: Holder, *, today: date
    ) -> Visit:
        connection.reset()
        return visit(
            Channel(connection), terminal, asked.question, today=today, ask_pin=lambda: Pin(holder.pin)
        )

    stage_names = ("before authentication", "after the terminal's description")

    def stages(self, terminal: Terminal, holder: Holder) -> tuple[Stage, ...]:
        def described(connection: CardConnection) -> Entered:
            channel = _fresh(connection).channel
            Application.select(channel)
            credential.describe_terminal(channel, terminal.description_octets)
            return Entered(channel=channel, binding=development_binding(terminal.description_octets))

        return (
            Stage(name=self.stage_names[0], enter=_fresh),
            Stage(name=self.stage_names[1], enter=described),
        )


def _fresh(connection: CardConnection) -> Entered:
    connection.reset()
    return Entered(channel=Channel(connection), binding=bytes(HASH_LENGTH))


def records_of(nvm: Nvm) -> dict[str, bytes]:
    """All that a card holds."""
    return {name: value for name in nvm.sizes() if (value := nvm.get(name)) is not None}


def other_digits(digits: str) -> str:
    """As many digits, every one of them another."""
    return "".join(str((int(digit) + 1) % 10) for digit in digits)
