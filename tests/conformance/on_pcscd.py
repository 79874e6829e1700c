"""Software cards behind a real PC/SC service: a virtual reader in which one card is exchanged for another."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.fixtures.pcscd import FIRST_READER, Card, Pcscd, exclusive, in_reader, missing
from tools.conformance.bench_file import BenchFile

from mumei.transport.base import CardConnection
from mumei.transport.pcsc import open_reader
from mumei_core.errors import HostEnvironmentError

from .bench import SoftwareCards, Target


class _Slot:
    """What lies in the reader now."""

    card: Card

    @property
    def atr(self) -> bytes:
        return self.card.atr

    def transmit(self, apdu: bytes) -> bytes:
        return self.card.transmit(apdu)

    def reset(self) -> None:
        self.card.reset()


class ThroughPcscd(Target):
    """Starts a service of its own and stops it again. Raises HostEnvironmentError where there can be none."""

    name = "software card through pcscd"

    def __init__(self, bench: BenchFile) -> None:
        super().__init__(bench)
        self._cards = SoftwareCards(bench)
        self._slot = _Slot()
        self._slot.card = self._cards.get(next(iter(bench.cards)), fresh=False)
        self._stack = ExitStack()
        try:
            self._connection = self._start()
        except BaseException:
            self._stack.close()
            raise

    def _start(self) -> CardConnection:
        self._stack.enter_context(exclusive())
        if reason := missing():
            raise HostEnvironmentError(
                f"no PC/SC service: {reason}", hint="Run the suite with --on software."
            )
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        service = Pcscd(Path(folder))
        service.start()
        self._stack.callback(service.stop)
        self._stack.enter_context(in_reader(self._slot, port=service.port, reader=FIRST_READER))
        return open_reader(FIRST_READER)

    def connect(self, kind: str, *, fresh: bool) -> CardConnection:
        self._slot.card = self._cards.get(kind, fresh=fresh)
        # Power off and on: the reader reads the answer to reset of the card that now lies there.
        self.reopen(self._connection).reset()
        return self.reopen(self._connection)

    def reopen(self, connection: CardConnection) -> CardConnection:
        connection.close()
        self._connection = open_reader(FIRST_READER)
        return self._connection

    def close(self) -> None:
        self._connection.close()
        self._stack.close()
