"""Terminals that ask: one inside a channel, one of the development profile; each with a request that is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from .bench import Card, nonce
from .sessions import SHOP_CONTEXT, Channel, Terminal, enter, make_terminal
from .wire.request import POINT, SCALAR, Request, channel_binding, describe, development_binding, over
from .wire.statements import bucket_of, epoch_of, slot_point, slot_token
from .wire.tlv import command, octets

#: valid_until and key id; Abar, Bbar, D; e^, r1^, r3^, four hidden attributes and three secrets less m^_birth, c;
#: four points and four scalars of the two digits.
AGE_OCTETS: Final = 4 + 8 + 3 * POINT + (4 + 7) * SCALAR + 4 * POINT + 4 * SCALAR


def present(octets_: bytes) -> bytes:
    return command("80 34 00 00", octets_, 65_536, extended=True)


def prepare(octets_: bytes) -> bytes:
    return command("80 36 00 00", octets_, 256, extended=True)


def present_prepared(octets_: bytes) -> bytes:
    return command("80 34 00 01", octets_, 65_536, extended=True)


def slots(card: Card, day: date, *, context: bytes = SHOP_CONTEXT) -> bytes:
    """The statement about this day's week and the context's bucket, by those whom the card trusts."""
    return card.signers.slots(epoch_of(day), bucket_of(context))


class Shop:
    """A terminal that was let in, and what it asks."""

    def __init__(self, card: Card, terminal: Terminal | None = None, number: int = 1) -> None:
        card.need_extended()
        self.card = card
        terminal = terminal or make_terminal(card)
        self.channel: Channel = enter(card, terminal, number)
        keys = self.channel.keys
        binding = channel_binding(keys.card_key, keys.terminal_key, terminal.certificate.pso)
        self.good = Request(
            context=SHOP_CONTEXT,
            nonce=nonce(),
            day=card.bench.day,
            binding=binding,
            predicates=(over(20),),
            table_hash=octets(card.bench.table_hash),
        )

    def ask(self, request: Request | bytes, pattern: str, *, statement: bytes | None = None) -> bytes:
        """PRESENT, with the statement of the request's week; octets as they are."""
        if isinstance(request, Request):
            request = request.encode() + (slots(self.card, request.day) if statement is None else statement)
        return self.channel.expect(present(request), pattern).data

    def for_token(self, day: date | None = None) -> Request:
        """The good request of this day, for a token under a slot."""
        day = day or self.good.day
        token = slot_token(epoch_of(day), bucket_of(self.good.context))
        return replace(self.good, day=day, token=token)

    def prepare(self, request: Request, pattern: str = ".. 9000", *, statement: bytes | None = None) -> bytes:
        """PREPARE, with the statement of the request's week; the slot, one octet."""
        if statement is None:
            statement = slots(self.card, request.day, context=request.context)
        return self.channel.expect(prepare(request.encode() + statement), pattern).data

    def bring(self, k: int, pattern: str = "* 9000") -> bytes:
        """PRESENT with the point of slot ``k``."""
        return self.channel.expect(present_prepared(slot_point(k)), pattern).data


class DevelopmentShop:
    """A terminal that has described itself, in plain."""

    def __init__(self, card: Card, *, days: int = 30, pin: int = 0) -> None:
        card.need_extended()
        self.card = card
        day = card.bench.day
        self.description = describe(
            SHOP_CONTEXT,
            "Sake TEST",
            day,
            day + timedelta(days=days),
            predicates=(over(20), over(70)),
            pin=pin,
        )
        self.good = Request(
            context=SHOP_CONTEXT,
            nonce=nonce(),
            day=day,
            binding=development_binding(self.description),
            predicates=(over(20),),
            table_hash=octets(card.bench.development_table_hash),
        )

    @property
    def data(self) -> bytes:
        """What PRESENT takes: the good request and this week's statement."""
        return self.asking(self.good)

    def asking(self, request: Request) -> bytes:
        """The same with another request."""
        return request.encode() + slots(self.card, request.day)

    def describe(self) -> None:
        self.card.expect(command("80 3E 00 00", self.description), "9000")
