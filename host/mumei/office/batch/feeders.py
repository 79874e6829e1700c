"""Where a reader's cards come from and go to: a folder of simulated cards, or a person at a PC/SC reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from mumei.transport.base import ANSWER_LIMIT, CardConnection
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import CardBusyError, DataError, HostEnvironmentError, NoCardError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS

ISSUED: Final = "issued"
REJECTED: Final = "rejected"


class Feeder(Protocol):
    """One reader of a batch."""

    @property
    def name(self) -> str:
        """As people call the reader."""

    @property
    def mark(self) -> bytes | None:
        """10 octets by which the card in the reader is known again, where it does not say its own number."""

    def next(self) -> CardConnection | None:
        """The next card, or None where there are no more. Raises HostEnvironmentError."""

    def put_out(self, *, issued: bool | None) -> None:
        """The card of the last :meth:`next`, closed already, goes out: finished, rejected, or stays (None)."""


@dataclass
class FolderFeeder:
    """A hopper of simulated cards, ``*.card``, which several readers share.

    A card is first moved into the reader's own folder, so that no two take the same and a broken run finds it
    there; then to ``issued`` or ``rejected``.
    """

    folder: Path
    name: str
    patience: float = ANSWER_LIMIT
    _card: Path | None = field(default=None, init=False)

    @property
    def mark(self) -> bytes | None:
        """Of the file's name."""
        return None if self._card is None else sha256(self._card.name.encode())[:DIVERSIFICATION_DATA_OCTETS]

    def next(self) -> CardConnection | None:
        """See :class:`Feeder`."""
        from mumei.transport.simulator import open_simulator

        path = self._take()
        if path is None:
            return None
        self._card = path
        return open_simulator(path, answer_limit=self.patience)

    def put_out(self, *, issued: bool | None) -> None:
        """See :class:`Feeder`."""
        card, self._card = self._card, None
        if card is None or issued is None:
            return
        tray = self.folder / (ISSUED if issued else REJECTED)
        try:
            tray.mkdir(mode=0o700, exist_ok=True)
            card.rename(tray / card.name)
        except OSError as error:
            raise HostEnvironmentError(
                f"{card.name} cannot be put into {tray}: {error.strerror}",
                hint="Check the folder's permissions.",
            ) from error

    @property
    def _own(self) -> Path:
        return self.folder / f"in {self.name.replace('/', '_')}"

    def _take(self) -> Path | None:
        try:
            self._own.mkdir(mode=0o700, exist_ok=True)
            for left in sorted(self._own.glob("*.card")):
                return left
            for path in sorted(self.folder.glob("*.card")):
                mine = self._own / path.name
                try:
                    path.rename(mine)
                except FileNotFoundError:
                    # Another reader was quicker.
                    continue
                return mine
        except OSError as error:
            raise HostEnvironmentError(
                f"the cards in {self.folder} cannot be fed: {error.strerror}",
                hint="Name a folder of card files with --cards.",
            ) from error
        return None


@dataclass
class PersonFeeder:
    """A person who puts one card after the other into a PC/SC reader. ``wait``: seconds until the batch ends for
    want of a card; ``name``: a pattern for the reader's name.
    """

    name: str
    wait: float
    patience: float = ANSWER_LIMIT
    _reader: str = field(default="", init=False)

    @property
    def mark(self) -> bytes | None:
        """Nothing is known of a development card."""
        return None

    def next(self) -> CardConnection | None:
        """See :class:`Feeder`."""
        from mumei.transport.pcsc import open_reader

        try:
            connection = open_reader(self.name, card_limit=self.wait, answer_limit=self.patience)
        except NoCardError:
            return None
        self._reader = connection.name
        return connection

    def put_out(self, *, issued: bool | None) -> None:
        """Wait until the card is taken out: what is still in there must not be taken for the next one."""
        from mumei.transport.pcsc import wait_for_removal

        if issued is not None and not wait_for_removal(self._reader, seconds=self.wait):
            raise CardBusyError(
                f"the card in '{self._reader}' was not taken out within {self.wait:g} seconds",
                hint="Take it out and run the batch again: what is done is done.",
            )


def check_folder(folder: Path) -> None:
    """Raises DataError for what is no folder."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder of cards", hint="Name one with --cards.")
