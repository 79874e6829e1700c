"""A real card in a real reader, and only the very test card that the bench names.

The product's cards have no serial number that anybody could read. What stands for one are the diversification data
of the card's personalisation keys, which a card gives to its issuer alone, with a cryptogram under these keys: the
card on the bench is the one named exactly if it proves to have the keys of the bench file. A card that somebody
uses has keys that no bench file holds. Cards of the development profile have no keys; they are for tests by their
making, and are named ``development``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW, BenchFile

from mumei.transport.base import CardConnection
from mumei.transport.pcsc import open_reader
from mumei_core.errors import UsageError, WrongCardError

from .bench import AID, Answer, Card, Target
from .sessions import enter, initialize_update, personaliser
from .wire.tlv import octets, tree

_HINT = "Only a card that was prepared for this bench is touched: python -m tools.conformance prepare FOLDER"


class RealReader(Target):
    """``open_``: gives a connection to the reader; another one in tests.

    Raises UsageError for a serial that the bench file does not have, WrongCardError for any other card.
    """

    name = "card in a reader"

    def __init__(
        self,
        bench: BenchFile,
        *,
        reader: str,
        serial: str,
        destructive: bool,
        open_: Callable[[str], CardConnection] = open_reader,
    ) -> None:
        super().__init__(bench)
        self.destructive = destructive
        self._kind = _kind_of(bench, serial)
        self._open: Callable[[], CardConnection] = partial(open_, reader)
        self._connection = self._open()
        try:
            self._require_named_card()
        except BaseException:
            self._connection.close()
            raise

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self._kind})

    def connect(self, kind: str, *, fresh: bool) -> CardConnection:
        return self._connection

    def reopen(self, connection: CardConnection) -> CardConnection:
        connection.close()
        self._connection = self._open()
        return self._connection

    def close(self) -> None:
        self._connection.close()

    def _require_named_card(self) -> None:
        """Reads, and authenticates itself; spends no try of anything."""
        card = Card(self._connection, self._kind, self.bench, self.reopen)
        try:
            profile = _profile(card.send(f"00 A4 04 00 08 {AID} 00"))
            card.reset()
            if self._kind == DEVELOPMENT:
                if profile != b"\x01":
                    raise WrongCardError("this is no card of the development profile", hint=_HINT)
                return
            _require_keys(card)
        except AssertionError as error:
            raise WrongCardError("this is not the card that --card names", hint=_HINT) from error
        card.reset()


def _kind_of(bench: BenchFile, serial: str) -> str:
    for kind, card in bench.cards.items():
        if serial and card.serial == serial:
            return kind
    known = ", ".join(card.serial for card in bench.cards.values())
    raise UsageError(
        f"the bench has no card {serial!r}" if serial else "--reader needs --card SERIAL",
        hint=f"The bench file names these: {known}.",
    )


def _profile(answer: Answer) -> bytes:
    fci = tree(tree(answer.check("6F * 9000").data)["6F"])
    return tree(fci["A5"])["81"]


def _require_keys(card: Card) -> None:
    """AssertionError unless the card has the number and the keys of the bench file."""
    wire = enter(card, personaliser(card)) if card.kind == ISSUED else card
    assert card.kind in (ISSUED, NEW)
    scp03 = initialize_update(wire, card)
    assert scp03.diversification_data == octets(card.facts.serial), "another number"
    assert scp03.card_cryptogram == scp03.expected_cryptogram, "other keys"
