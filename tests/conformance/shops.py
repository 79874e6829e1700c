"""Terminals that ask: one inside a channel, one of the development profile; each with a request that is good."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from .bench import Card, nonce
from .sessions import SHOP_CONTEXT, Channel, Terminal, enter, make_terminal
from .wire.request import POINT, SCALAR, Request, channel_binding, describe, development_binding, over
from .wire.tlv import command, octets

#: valid_until and key id; Abar, Bbar, D; e^, r1^, r3^, four hidden attributes and three secrets less m^_birth, c;
#: four points and four scalars of the two digits.
AGE_OCTETS: Final = 4 + 8 + 3 * POINT + (4 + 7) * SCALAR + 4 * POINT + 4 * SCALAR


def present(octets_: bytes) -> bytes:
    return command("80 34 00 00", octets_, 65_536, extended=True)


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

    def ask(self, request: Request | bytes, pattern: str) -> bytes:
        encoded = request if isinstance(request, bytes) else request.encode()
        return self.channel.expect(present(encoded), pattern).data


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

    def describe(self) -> None:
        self.card.expect(command("80 3E 00 00", self.description), "9000")
