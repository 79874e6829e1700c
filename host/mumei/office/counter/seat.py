"""The card on this workstation's reader: opened when a step first needs it, checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from mumei.session.channel import Channel
from mumei.transport.base import CardConnection

Opened = TypeVar("Opened")


class Seat(Generic[Opened]):
    """A place for one card. ``check`` makes sure that it is the right one, of whatever is known of it, and returns
    what it is written to through; it is asked again after every reset.
    """

    def __init__(self, connect: Callable[[], CardConnection], check: Callable[[Channel], Opened]) -> None:
        self._connect, self._check = connect, check
        self._connection: CardConnection | None = None
        self._plain: Channel | None = None
        self._opened: Opened | None = None

    @property
    def name(self) -> str:
        """What a clerk calls the place; empty where no card was needed."""
        return self._connection.name if self._connection is not None else ""

    def card(self) -> Opened:
        """The checked card. Raises what connecting and ``check`` raise: then nothing was written."""
        if self._opened is None:
            if self._connection is None:
                self._connection = self._connect()
            plain = Channel(self._connection)
            if self._plain is not None:
                plain.reset()
            self._plain = plain
            self._opened = self._check(plain)
        return self._opened

    def again(self) -> Opened:
        """The same card after a reset, checked anew: what it answers now comes from its memory."""
        self.card()
        self._opened = None
        return self.card()

    def close(self) -> None:
        """Let the card go; may be repeated."""
        connection, self._connection, self._plain, self._opened = self._connection, None, None, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
