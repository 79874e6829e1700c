"""A connection that keeps note of every exchange: what kind, how many octets, when (ISO/IEC 7816-4:2005, 5.1)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mumei.transport.base import CardConnection, ModelledTime
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

#: Nanoseconds of a clock that only goes forward.
Now = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One command and its response. Never their octets, which may be secret.

    ``ins``, ``p1``: of the command; ``sent``, ``received``: octets; ``begin``, ``end``: nanoseconds;
    ``model_card_ms``, ``model_link_ms``: what a simulated card says a chip and its link would have taken, None
    where nobody models it.
    """

    ins: int
    p1: int
    sent: int
    received: int
    begin: int
    end: int
    model_card_ms: float | None = None
    model_link_ms: float | None = None


class WatchedConnection(CardConnection):
    """Another connection, watched. ``exchanges``: all so far, those of broken ones left out."""

    def __init__(self, inner: CardConnection, *, now: Now = time.monotonic_ns) -> None:
        self.name, self.atr, self.supports_extended = inner.name, inner.atr, inner.supports_extended
        self.exchanges: list[Exchange] = []
        self._inner = inner
        self._now = now

    @property
    def modelled(self) -> ModelledTime | None:
        """See :attr:`CardConnection.modelled`."""
        return self._inner.modelled

    def transmit(self, apdu: bytes) -> bytes:
        """See :meth:`CardConnection.transmit`."""
        before, begin = self.modelled, self._now()
        response = self._inner.transmit(apdu)
        end, after = self._now(), self.modelled
        card_ms = link_ms = None
        if before is not None and after is not None:
            card_ms, link_ms = after.card_ms - before.card_ms, after.link_ms - before.link_ms
        self.exchanges.append(
            Exchange(
                ins=apdu[1],
                p1=apdu[2],
                sent=len(apdu),
                received=len(response),
                begin=begin,
                end=end,
                model_card_ms=card_ms,
                model_link_ms=link_ms,
            )
        )
        return response

    def carried(self, command: CommandAPDU, response: ResponseAPDU) -> None:
        """See :meth:`CardConnection.carried`."""
        self._inner.carried(command, response)

    def reset(self) -> None:
        """See :meth:`CardConnection.reset`."""
        self._inner.reset()

    def close(self) -> None:
        """See :meth:`CardConnection.close`."""
        self._inner.close()
