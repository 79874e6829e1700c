"""A connection to one card: octets out, octets in (ISO/IEC 7816-4:2005, 5.1; PC/SC Part 5 for readers).

Nothing above this module knows whether the card is a file, a socket or a piece of plastic.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Final, Protocol, Self

from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

#: Seconds that a card may take for one answer. The slowest chips that we know of take some seconds for a proof.
ANSWER_LIMIT: Final = 30.0
GARBLED_HINT: Final = "Take the card out, wipe its contacts and put it back; if it comes again, use another."


class ModelledTime(Protocol):
    """What a simulated card's work since it was opened would have taken on a chip: a MODEL, no measurement.

    ``profile``: name of the chip's profile. Milliseconds: ``card_ms`` with commands in hand, ``link_ms`` octets on
    their way, ``idle_ms`` work that no command waited for. ``unknown``: operations without a figure, in none of
    them.
    """

    @property
    def profile(self) -> str: ...
    @property
    def card_ms(self) -> float: ...
    @property
    def link_ms(self) -> float: ...
    @property
    def idle_ms(self) -> float: ...
    @property
    def unknown(self) -> tuple[str, ...]: ...


class CardConnection(ABC):
    """One card, held by us alone until :meth:`close`.

    Attributes:
        name: what a clerk would call the place of the card: the reader's name, or the card file's.
        atr: the answer to reset, 2 to 33 octets; the same for every card of a type.
        supports_extended: whether the way to the card passes APDUs with extended length. The card itself may
            still not: its EF.ATR/INFO says so.
    """

    name: str
    atr: bytes
    supports_extended: bool

    @property
    def modelled(self) -> ModelledTime | None:
        """What a simulated card says of a chip's time; None for real cards, and where nobody asked for it."""
        return None

    @abstractmethod
    def transmit(self, apdu: bytes) -> bytes:
        """Send one command APDU, 4 octets or more, and return the whole response, SW1-SW2 included.

        Raises:
            CardRemovedError: the card went away; trying again from the start is safe.
            CardResetError: others reset it, and it has forgotten the session; :meth:`reset` makes it ours again.
            MuteCardError: no answer came in time. Nothing can be sent any more.
            NoServiceError: the PC/SC service stopped.
            CardBusyError: another program took the card.
            GarbledAnswerError: what came back is no response APDU.
            ProtocolError: ``apdu`` is no command APDU.
        """

    @abstractmethod
    def reset(self) -> None:
        """Power the card down and up again: the card forgets selection, PIN and channel.

        Raises:
            CardRemovedError: the card is no longer there.
        """

    @abstractmethod
    def close(self) -> None:
        """Let the card go, reset, so that the next program inherits no verified PIN; may be repeated."""

    def carried(self, command: CommandAPDU, response: ResponseAPDU) -> None:
        """Told by the session what the exchanges since the last call carried, whole and unprotected.

        A connection that records keeps it, secrets masked; every other one forgets it, as here.
        """
        del command, response

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
