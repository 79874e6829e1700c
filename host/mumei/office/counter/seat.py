"""The card on this workstation's reader: opened when a step first needs it, checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from mumei.session.channel import Channel
from mumei.transport.base import CardConnection


class Seat:
    """A place for one card. ``check`` makes sure that it is the right one, of whatever is known of it, and returns
    the channel to write through; it is asked again after every reset.
    """

    def __init__(self, connect: Callable[[], CardConnection], check: Callable[[Channel], Channel]) -> None:
        self._connect, self._check = connect, check
        self._connection: CardConnection | None = None
        self._channel: Channel | None = None

    @property
    def name(self) -> str:
        """What a clerk calls the place; empty where no card was needed."""
        return self._connection.name if self._connection is not None else ""

    def channel(self) -> Channel:
        """The checked card. Raises what connecting and ``check`` raise: then nothing was written."""
        if self._channel is None:
            if self._connection is None:
                self._connection = self._connect()
            self._channel = self._check(Channel(self._connection))
        return self._channel

    def again(self) -> Channel:
        """The same card after a reset, checked anew: what it answers now comes from its memory."""
        channel, self._channel = self.channel(), None
        channel.reset()
        return self.channel()

    def close(self) -> None:
        """Let the card go; may be repeated."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
