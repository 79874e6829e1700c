"""Software cards: finds a provider by its entry point, so that the product imports no card.

A provider is a callable ``open_card(path, *, options)`` in the entry-point group ``mumei.cards``; what it returns
has ``atr``, ``transmit``, ``reset`` and ``close`` as :class:`SoftwareCard` says. Anyone's package may bring one.
Options are names and texts; which ones there are is the provider's to say. A card may further have ``modelled``, a
:class:`~mumei.transport.base.ModelledTime`: what a chip would have taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, cast

from mumei.transport.base import ANSWER_LIMIT, GARBLED_HINT, CardConnection, ModelledTime
from mumei_core.errors import (
    CardRemovedError,
    GarbledAnswerError,
    HostEnvironmentError,
    MuteCardError,
    NoCardError,
    ProtocolError,
)

GROUP = "mumei.cards"
DEFAULT_PROVIDER = "software"

# An APDU is at least its header; shorter messages are control octets of virtual readers (vsmartcard's vpcd).
MIN_COMMAND = 4
_STATUS_WORD = 2

NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})


class SoftwareCard(Protocol):
    """What a provider's ``open_card`` returns."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""

    def transmit(self, apdu: bytes, /) -> bytes:
        """One command APDU in, one response APDU out."""

    def reset(self) -> object:
        """Volatile state is lost, as at power-up."""

    def close(self) -> None:
        """Everything written is on disk, and the file's lock is released."""


class _Provider(Protocol):
    def __call__(self, path: str, /, *, options: Mapping[str, str]) -> SoftwareCard: ...


def _find_provider(name: str) -> _Provider:
    for entry in entry_points(group=GROUP, name=name):
        return cast("_Provider", entry.load())
    known = ", ".join(sorted({entry.name for entry in entry_points(group=GROUP)})) or "none"
    raise HostEnvironmentError(
        f"no provider of software cards is called {name!r} (installed: {known})",
        hint="Install mumei again ('pip install --force-reinstall mumei'): its own provider is 'software'.",
    )


class SimulatedConnection(CardConnection):
    """A software card in this process."""

    def __init__(
        self,
        card: SoftwareCard,
        *,
        name: str,
        answer_limit: float = ANSWER_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``answer_limit``: seconds, by ``clock``, after which an answer has come too late to be one."""
        self.name = name
        self.atr = bytes(card.atr)
        # An imagined reader may be one that passes short lengths only.
        self.supports_extended = bool(getattr(card, "supports_extended", True))
        self._card: SoftwareCard | None = card
        self._answer_limit, self._clock = answer_limit, clock
        self._is_late = False

    @property
    def modelled(self) -> ModelledTime | None:
        """See :attr:`CardConnection.modelled`."""
        return getattr(self._card, "modelled", None)

    def transmit(self, apdu: bytes) -> bytes:
        """See :meth:`CardConnection.transmit`."""
        if len(apdu) < MIN_COMMAND:
            raise ProtocolError(f"a command APDU has at least {MIN_COMMAND} octets, this one has {len(apdu)}")
        card = self._present()
        if self._is_late:
            raise self._too_late()
        start = self._clock()
        response = card.transmit(apdu)
        if self._clock() - start > self._answer_limit:
            self._is_late = True
            raise self._too_late()
        if len(response) < _STATUS_WORD:
            raise GarbledAnswerError("the card answered without a status word", hint=GARBLED_HINT)
        return response

    def reset(self) -> None:
        """See :meth:`CardConnection.reset`."""
        self._present().reset()
        self._is_late = False

    def close(self) -> None:
        """See :meth:`CardConnection.close`."""
        card, self._card = self._card, None
        if card is not None:
            card.close()

    def _too_late(self) -> MuteCardError:
        return MuteCardError(
            f"the card has not answered within {self._answer_limit:g} seconds",
            hint="Give it more time with --patience, or try another card; starting anew is safe.",
        )

    def _present(self) -> SoftwareCard:
        if self._card is None:
            raise CardRemovedError("the software card was taken out", hint="Open the card file again.")
        return self._card


def open_simulator(
    path: Path | str,
    *,
    options: Mapping[str, str] = NO_OPTIONS,
    provider: str = DEFAULT_PROVIDER,
    answer_limit: float = ANSWER_LIMIT,
) -> SimulatedConnection:
    """Put the card of file ``path`` into an imagined reader.

    Args:
        path: the card file.
        options: the provider's own, by name; our own knows ``fault``, ``chip``, ``realtime`` and ``seed``.
        provider: name of the entry point.
        answer_limit: seconds that the card may take for one answer.

    Raises:
        UsageError: the provider knows no such option, or no such value.
        NoCardError: there is no such file.
        DataError: the file is no card file, or half written (the provider's own words).
        CardBusyError: another process holds the file.
        HostEnvironmentError: no provider is installed.
    """
    file = Path(path)
    if not file.is_file():
        raise NoCardError(
            f"there is no card file {file}",
            hint=f"Make one with 'mumei-card new {file}', or name another with --card.",
        )
    card = _find_provider(provider)(str(file), options=options)
    return SimulatedConnection(card, name=str(file), answer_limit=answer_limit)
