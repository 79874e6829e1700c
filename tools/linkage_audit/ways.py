"""The ways in to a card: what a terminal does before it may ask, and in which classes cards may then differ.

A way brings the stages at which a card is probed, the product's own visit, and the classes that its profile
admits. Another way (PACE and Terminal Authentication) is another subclass; nothing else in the audit changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from tools.linkage_audit.findings import AdmittedClass
from tools.linkage_audit.observation import RecordingConnection
from tools.linkage_audit.parties import Asked, RelyingParty
from tools.linkage_audit.probes import Probe, short_battery, visit_battery

from mumei.issuer.parameters import PublicParameters
from mumei.session import credential
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.check import Visit, visit
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei_core.commands import codes
from mumei_core.commands.terminal_rights import development_binding
from mumei_core.dates import day_number

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
        name="answers only after the PIN, or not yet",
        meaning="a holder who always wants the PIN, or a card without credential, refuses a good question, each "
        "with its own status word",
        most_values=3,
        probes=r"^asked /",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A point of a session at which the card is probed. ``enter`` brings a fresh card there."""

    name: str
    enter: Callable[[CardConnection], Channel]


class Way(ABC):
    """One profile of cards and the way in to them."""

    name: ClassVar[str]
    profile_name: ClassVar[str]
    profile: ClassVar[int]
    admitted: ClassVar[tuple[AdmittedClass, ...]]
    #: What of the issue's list this way cannot show yet, and why: printed in the report.
    not_watched: ClassVar[tuple[str, ...]]

    #: Names of :meth:`stages`.
    stage_names: ClassVar[tuple[str, ...]]

    @abstractmethod
    def terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        """A terminal of ``party`` with the right to ask just this."""

    @abstractmethod
    def visit(
        self, connection: CardConnection, terminal: Terminal, asked: Asked, *, pin: str, today: date
    ) -> Visit:
        """The product's own visit, from reset to verdict."""

    @abstractmethod
    def stages(self, terminal: Terminal) -> tuple[Stage, ...]:
        """Where the card is probed, in the order of a session."""

    def battery(self, stage: str) -> tuple[Probe, ...]:
        """What every state of a card is asked at a stage: everything at the first, where anyone can be."""
        return short_battery() if stage == self.stage_names[0] else visit_battery()

    def probe(self, channel: Channel, connection: RecordingConnection, probe: Probe) -> None:
        """Send a probe as it is; inside a secure channel this is where it would be wrapped."""
        connection.probe(probe.name, probe.octets)

    @abstractmethod
    def channel_binding(self, terminal: Terminal) -> bytes:
        """Of a session at the last stage."""


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
            probes=r"/ (VERIFY|CHANGE REFERENCE DATA|RESET RETRY COUNTER)",
            development_only=True,
        ),
        AdmittedClass(
            name="last known date",
            meaning="the day of issue: terminals may claim any day, and the card refuses days before it",
            most_values=366,
            steps=r"^search for the last known date",
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
    )
    not_watched = (
        "PACE (shop code, CAN, PIN, PUK), secure messaging and Terminal Authentication: development cards have "
        "none",
    )

    def terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        first = day_number(today)
        description = party.description(asked, first=first, last=first + _VALIDITY_DAYS)
        return Terminal.of(description, parameters)

    def visit(
        self, connection: CardConnection, terminal: Terminal, asked: Asked, *, pin: str, today: date
    ) -> Visit:
        connection.reset()
        return visit(Channel(connection), terminal, asked.question, today=today, ask_pin=lambda: Pin(pin))

    stage_names = ("before authentication", "after the terminal's description")

    def stages(self, terminal: Terminal) -> tuple[Stage, ...]:
        def described(connection: CardConnection) -> Channel:
            channel = _fresh(connection)
            Application.select(channel)
            credential.describe_terminal(channel, terminal.description_octets)
            return channel

        return (
            Stage(name=self.stage_names[0], enter=_fresh),
            Stage(name=self.stage_names[1], enter=described),
        )

    def channel_binding(self, terminal: Terminal) -> bytes:
        return development_binding(terminal.description_octets)


def _fresh(connection: CardConnection) -> Channel:
    connection.reset()
    return Channel(connection)


WAYS: Final[dict[str, Way]] = {way.profile_name: way for way in (PlainDescription(),)}
