"""The card on the bench: how a check speaks to it, and where it comes from.

A *target* hands out connections of the product's transport layer; everything above octets is the suite's own.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tools.conformance.bench_file import DEVELOPMENT, BenchCard, BenchFile, BenchKey

from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.link.in_process import SoftwareCard

from .wire.certificates import Certificate, Key
from .wire.statements import Signers
from .wire.tlv import octets

AID: Final = "F06D756D65690101"


class NotApplicable(Exception):  # noqa: N818 - a finding, not a fault
    """This check cannot be made on this bench; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response APDU."""

    data: bytes
    sw: str

    @classmethod
    def of(cls, response: bytes) -> Answer:
        assert len(response) >= 2, "an answer ends with a status word"
        return cls(response[:-2], response[-2:].hex().upper())

    @property
    def text(self) -> str:
        return self.data.hex().upper() + self.sw

    def check(self, pattern: str, sent: str = "") -> Answer:
        """Hex, blanks allowed; a dot is any digit, a star any number of them. Gives the answer back."""
        expression = pattern.replace(" ", "").replace("*", "[0-9A-F]*")
        assert re.fullmatch(expression, self.text), f"{sent or 'the command'}: {self.text}, not {pattern}"
        return self


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate with its key."""

    certificate: Certificate
    key: Key

    @classmethod
    def of(cls, held: BenchKey) -> Authority:
        certificate = Certificate.from_whole(octets(held.certificate))
        return cls(certificate, Key(int(held.secret, 16)))

    @property
    def name(self) -> bytes:
        return self.certificate.chr


class Card:
    """One card, reset, and what the bench knows of it."""

    def __init__(
        self,
        connection: CardConnection,
        kind: str,
        bench: BenchFile,
        reopen: Callable[[CardConnection], CardConnection],
    ) -> None:
        self.connection, self.kind, self.bench = connection, kind, bench
        self._reopen = reopen
        self.facts: BenchCard = bench.cards[kind]
        self.reset()

    def reset(self) -> None:
        """Power off and on."""
        self.connection.reset()

    @property
    def atr(self) -> bytes:
        """The answer to reset of when the card was put in."""
        return self.connection.atr

    def reinsert(self) -> None:
        """Out of the reader and in again."""
        self.connection = self._reopen(self.connection)
        self.reset()

    def send(self, apdu: str | bytes) -> Answer:
        """One exchange, octets as they are."""
        return Answer.of(self.connection.transmit(octets(apdu) if isinstance(apdu, str) else apdu))

    def expect(self, apdu: str | bytes, pattern: str) -> Answer:
        """One exchange whose answer is as :meth:`Answer.check` says."""
        return self.send(apdu).check(pattern, apdu if isinstance(apdu, str) else apdu[:8].hex().upper())

    def need_extended(self) -> None:
        """Raises NotApplicable where the way to the card is too short."""
        if not self.connection.supports_extended:
            raise NotApplicable("the reader passes no extended lengths")

    def select(self) -> Answer:
        return self.expect(f"00 A4 04 00 08 {AID} 00", "6F * 9000")

    @cached_property
    def authorities(self) -> Mapping[str, Authority]:
        """``root``, ``shops`` and ``offices``."""
        return {name: Authority.of(key) for name, key in self.bench.authorities.items()}

    @cached_property
    def signers(self) -> Signers:
        """Revocation authority and auditor, whom this card trusts."""
        if self.kind == DEVELOPMENT:
            return DEVELOPMENT_SIGNERS
        return Signers(Key(int(self.bench.revocation, 16)), Key(int(self.bench.auditor, 16)))


def published_key(role: str) -> Key:
    """A key that development cards trust: anybody has it."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    digest = hashlib.sha256(b"MUMEI-DEVELOPMENT-KEY-V1:" + role.encode() + b":\0").digest()
    return Key(int.from_bytes(digest, "big") % (order - 1) + 1)


DEVELOPMENT_SIGNERS: Final = Signers(published_key("revocation authority"), published_key("auditor"))


class Target(ABC):
    """Where cards come from. ``destructive``: whether checks may wear a card out."""

    name: str
    destructive: bool = True

    def __init__(self, bench: BenchFile) -> None:
        self.bench = bench

    @abstractmethod
    def connect(self, kind: str, *, fresh: bool) -> CardConnection:
        """A card of this kind. ``fresh``: as prepared, and for this check alone."""

    @abstractmethod
    def reopen(self, connection: CardConnection) -> CardConnection:
        """The same card on a new connection."""

    @property
    def kinds(self) -> frozenset[str]:
        """The cards that are here."""
        return frozenset(self.bench.cards)

    def take(self, cards: tuple[str, ...], wears: str) -> Card:
        """The best card that there is for a check. Raises NotApplicable."""
        kind = next((kind for kind in cards if kind in self.kinds), None)
        if kind is None:
            raise NotApplicable(f"needs a card of kind {' or '.join(cards)}")
        if wears and not self.destructive:
            raise NotApplicable(f"{wears}: only with --destructive")
        return Card(self.connect(kind, fresh=bool(wears)), kind, self.bench, self.reopen)

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Gives everything free."""


class SoftwareCards:
    """The bench's software cards, copied from their files: a check may do with its copy what it wants."""

    def __init__(self, bench: BenchFile) -> None:
        self._records = {}
        for kind, card in bench.cards.items():
            nvm = Nvm.read(str(bench.folder / card.file))
            self._records[kind] = {name: nvm.get(name) or b"" for name in nvm.sizes()}
        self._shared: dict[str, SoftwareCard] = {}

    def get(self, kind: str, *, fresh: bool) -> SoftwareCard:
        """A card of its own, or the one that all checks share which wear nothing."""
        if fresh:
            return self._new(kind)
        if kind not in self._shared:
            self._shared[kind] = self._new(kind)
        return self._shared[kind]

    def _new(self, kind: str) -> SoftwareCard:
        return SoftwareCard(Nvm.in_memory(self._records[kind]))


class InProcess(Target):
    """Software cards in this process."""

    name = "software card in process"

    def __init__(self, bench: BenchFile) -> None:
        super().__init__(bench)
        self._cards = SoftwareCards(bench)

    def connect(self, kind: str, *, fresh: bool) -> CardConnection:
        self._connected = self._cards.get(kind, fresh=fresh)
        return SimulatedConnection(self._connected, name=f"{kind}.card")

    def reopen(self, connection: CardConnection) -> CardConnection:
        return SimulatedConnection(self._connected, name=connection.name)


def nonce(size: int = 32) -> bytes:
    """Random octets."""
    return secrets.token_bytes(size)
