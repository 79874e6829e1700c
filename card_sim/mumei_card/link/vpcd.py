"""The card as a PC/SC reader: the card's end of vpcd's socket (vsmartcard, virtualsmartcard/src/vpcd/vpcd.h).

Protocol: each message is a length (2 octets, big-endian) and as many octets. One octet alone is a control: 00
power off, 01 power on, 02 reset, 04 asks for the ATR. Everything else is a command APDU. The ATR and every
command are answered; an empty answer would make vpcd wait for ever with the reader in its hand, which is just
what a mute card does.

A card may have faults (:mod:`mumei_card.link.faults`). One that is taken off leaves vpcd, and comes back a moment
later. What vpcd has no word for, :func:`check_expressible` refuses: only a service can say that it reset a card.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from mumei_card.link.fault_script import Fault, Kind
from mumei_core.errors import CardRemovedError, MuteCardError, NoServiceError, UsageError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
FIRST_SLOT_PORT = 35963
SECOND_SLOT_PORT = 35964

POWER_OFF, POWER_ON, RESET, GET_ATR = 0x00, 0x01, 0x02, 0x04
_ASKED_OF_AN_OLD_CARD = (bytes((POWER_OFF,)), bytes((GET_ATR,)))

_RETRY_SECONDS = 0.2
# pcscd looks for cards every 0.4 seconds. A card that takes another's place between two looks is not noticed:
# it is asked for its ATR again and again and never powered up. It has to leave for longer than that.
_UNNOTICED_SECONDS = 1.0
_ABSENT_SECONDS = 1.0
_CONNECT_SECONDS = 2.0
_LENGTH_OCTETS = 2


class Card(Protocol):
    """What the link needs of a card. ``transmit`` may raise CardRemovedError or MuteCardError."""

    @property
    def atr(self) -> bytes: ...
    def transmit(self, apdu: bytes) -> bytes: ...
    def reset(self) -> None: ...


@runtime_checkable
class Removable(Protocol):
    """A card that can have been taken off."""

    def lay_back(self) -> None:
        """It lies in the reader again."""


@runtime_checkable
class Idling(Protocol):
    """A card that has work of its own."""

    def idle(self) -> bool:
        """One piece of it; whether there was any."""


#: Faults that vpcd cannot tell pcscd of, and what comes nearest.
_INEXPRESSIBLE: Final = {
    Kind.RESET: "use warm-reset, or let another program reset the card",
    Kind.TWO_CARDS: f"serve a second card with --port {SECOND_SLOT_PORT}",
    Kind.SHORT_ONLY: "name the card with --card to try a reader without extended lengths",
}


def check_expressible(faults: Sequence[Fault]) -> None:
    """Raises UsageError for a fault that a virtual reader cannot have."""
    for fault in faults:
        if fault.kind in _INEXPRESSIBLE:
            raise UsageError(
                f"a virtual reader cannot show {fault.kind}", hint=f"Instead, {_INEXPRESSIBLE[fault.kind]}."
            )


class _Stopped(Exception):  # noqa: N818 - no error
    """stop() was called."""


class VpcdLink:
    """Serves one card to one vpcd slot.

    ``patience``: seconds without any word from vpcd after which :meth:`run` gives up. ``on_connect`` is
    called each time that vpcd has taken the card.
    """

    def __init__(
        self,
        card: Card,
        *,
        port: int = FIRST_SLOT_PORT,
        patience: float = 30.0,
        on_connect: Callable[[], None] = lambda: None,
    ) -> None:
        self._card = card
        self._port = port
        self._patience = patience
        self._on_connect = on_connect
        self._wake_reader, self._wake_writer = os.pipe()

    def run(self) -> None:
        """Serves until :meth:`stop`. Survives restarts of pcscd; raises NoServiceError when it stays away."""
        try:
            self._serve_connections()
        except _Stopped:
            log.debug("stopped")
        finally:
            self._card.reset()

    def stop(self) -> None:
        """Ends :meth:`run` after the command in hand; for signal handlers and other threads."""
        os.write(self._wake_writer, b"\x00")

    def close(self) -> None:
        """Frees the link's descriptors, after :meth:`run` has ended."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _serve_connections(self) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            connection = self._connect()
            if connection is not None:
                with connection:
                    self._on_connect()
                    if self._serve(connection):
                        deadline = time.monotonic() + self._patience
                # Power is gone with the reader, and a card that was taken off is laid back.
                if isinstance(self._card, Removable):
                    self._card.lay_back()
                self._card.reset()
                self._wait_readable(None, _ABSENT_SECONDS)
            if time.monotonic() > deadline:
                raise NoServiceError(
                    f"no virtual reader answers on {HOST} port {self._port}",
                    hint="Start pcscd with vsmartcard-vpcd installed (mumei doctor says what is missing).",
                )
            self._wait_readable(None, _RETRY_SECONDS)

    def _connect(self) -> socket.socket | None:
        try:
            connection = socket.create_connection((HOST, self._port), timeout=_CONNECT_SECONDS)
            # Linux takes local ports from where vpcd's lie: with nobody listening, a socket may meet itself.
            if connection.getsockname() == connection.getpeername():
                connection.close()
                return None
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            log.debug("cannot connect: %s", error)
            return None
        return connection

    def _serve(self, connection: socket.socket) -> bool:
        """Answers until vpcd closes the connection; whether it said anything at all."""
        spoke = noticed = False
        deadline = time.monotonic() + _UNNOTICED_SECONDS
        with contextlib.suppress(ConnectionError, CardRemovedError):
            while (message := self._receive_message(connection)) is not None:
                spoke = True
                noticed = noticed or message not in _ASKED_OF_AN_OLD_CARD
                if not noticed and time.monotonic() > deadline:
                    log.debug("not noticed as a new card: leaving, to come back")
                    break
                answer = self._handle(message)
                if answer:
                    connection.sendall(len(answer).to_bytes(_LENGTH_OCTETS) + answer)
        return spoke

    def _handle(self, message: bytes) -> bytes | None:
        """The answer to one message; None where vpcd expects none."""
        if len(message) == 1:
            control = message[0]
            if control in (POWER_OFF, POWER_ON, RESET):
                self._card.reset()
                return None
            if control == GET_ATR:
                return self._card.atr
        try:
            # Too short for a command: the card answers 67 00, so that whoever asked is not left waiting.
            return self._card.transmit(message)
        except MuteCardError:
            log.debug("no answer; whoever waits has to give up")
            return None

    def _receive_message(self, connection: socket.socket) -> bytes | None:
        if isinstance(self._card, Idling):
            while not self._wait_readable(connection, 0) and self._card.idle():
                log.debug("worked while nothing was to be read")
        length = self._receive(connection, _LENGTH_OCTETS)
        return None if length is None else self._receive(connection, int.from_bytes(length))

    def _receive(self, connection: socket.socket, count: int) -> bytes | None:
        """Exactly ``count`` octets, or None when the other side has closed."""
        received = b""
        while len(received) < count:
            _acknowledge_at_once(connection)
            self._wait_readable(connection, None)
            piece = connection.recv(count - len(received))
            if not piece:
                return None
            received += piece
        return received

    def _wait_readable(self, connection: socket.socket | None, seconds: float | None) -> bool:
        """Waits for octets or for the time to pass; whether there are octets. Raises _Stopped when told to stop."""
        sources: list[int | socket.socket] = [self._wake_reader]
        if connection is not None:
            sources.append(connection)
        readable, _, _ = select.select(sources, [], [], seconds)
        if self._wake_reader in readable:
            raise _Stopped
        return bool(readable)


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux forgets this option after a few segments, so it is set again before every receive: vpcd writes a
    message in two pieces, and the second waits some 40 ms for a delayed acknowledgement of the first."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
