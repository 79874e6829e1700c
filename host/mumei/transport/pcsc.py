"""Real readers, through PC/SC (pcsc-lite 1.9 or later); the only module that knows pyscard.

pyscard is imported when a reader is first asked for, so that everything else works where it is absent. Its
low-level calls are used, with a new context for each connection: a context dies with the service that gave
it, and a till must outlive a restart of pcscd.

A card is held by one transaction from :func:`open_reader` to ``close``, so that no other program speaks to it
while a PIN is verified. Others are waited for up to a limit; none is ever ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from mumei.transport.base import ANSWER_LIMIT, GARBLED_HINT, CardConnection
from mumei.transport.pcsc_errors import (
    BUSY_HINT,
    INSTALL_HINT,
    MUTE_HINT,
    NO_READERS_AVAILABLE,
    REMOVED_HINT,
    RESET_CARD,
    SHARING_VIOLATION,
    SUCCESS,
    TIMEOUT,
    error_for,
    error_without_context,
)
from mumei.transport.reader_choice import Reader, choose
from mumei.transport.reader_features import max_apdu
from mumei.transport.time_limit import within
from mumei_core.errors import (
    CardBusyError,
    CardRemovedError,
    GarbledAnswerError,
    HostEnvironmentError,
    MumeiError,
    MuteCardError,
    NoCardError,
    NoReaderError,
    ProtocolError,
)

# Seconds to wait for another program to let the card go: about as long as a person waits without wondering.
BUSY_LIMIT = 5.0
# Seconds between looks where PC/SC has no call that waits with a limit; also how soon Ctrl-C is heard.
_LOOK = 0.1
_SLICE = 0.5

_T = TypeVar("_T")

# The shortest APDU whose octet 5 can be an Lc: header, Lc, one octet of data.
_HEADER = 4
_STATUS_WORD = 2
# Reader name that stands for "a reader was plugged in or out" (pcsc-lite, SCardGetStatusChange).
_PLUG_AND_PLAY = "\\\\?PnP?\\Notification"


def load_pyscard() -> ModuleType:
    """Return pyscard's low-level module.

    Raises:
        HostEnvironmentError: it is not installed, or the PC/SC library it needs is not.
    """
    try:
        from smartcard import scard  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise HostEnvironmentError(f"PC/SC cannot be used: {error}", hint=INSTALL_HINT) from error
    return scard  # type: ignore[no-any-return,unused-ignore]


class _Context:
    """One conversation with the PC/SC service, released at the end of ``with``."""

    def __init__(self) -> None:
        self.scard: Any = load_pyscard()
        code, self.handle = self.scard.SCardEstablishContext(self.scard.SCARD_SCOPE_SYSTEM)
        if code != SUCCESS:
            raise error_without_context(code)

    def __enter__(self) -> _Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self.scard.SCardReleaseContext(self.handle)

    def readers(self) -> tuple[Reader, ...]:
        code, names = self.scard.SCardListReaders(self.handle, [])
        if code & 0xFFFFFFFF == NO_READERS_AVAILABLE:
            return ()
        if code != SUCCESS:
            raise error_for(code, doing="SCardListReaders")
        if not names:
            return ()
        unaware = [(name, self.scard.SCARD_STATE_UNAWARE) for name in names]
        code, states = self.scard.SCardGetStatusChange(self.handle, 0, unaware)
        if code & 0xFFFFFFFF not in (SUCCESS, TIMEOUT):
            raise error_for(code, doing="SCardGetStatusChange")
        return tuple(self._reader(*state) for state in states)

    def _reader(self, name: str, state: int, atr: Sequence[int]) -> Reader:
        mute = bool(state & self.scard.SCARD_STATE_MUTE)
        present = bool(state & self.scard.SCARD_STATE_PRESENT) and not mute
        in_use = bool(state & (self.scard.SCARD_STATE_INUSE | self.scard.SCARD_STATE_EXCLUSIVE))
        return Reader(name=name, atr=bytes(atr), present=present, mute=mute, in_use=in_use)

    def wait_for_change(self, readers: Sequence[Reader], seconds: float) -> None:
        """Return when a card or a reader comes or goes, at the latest after ``seconds``."""
        known = [
            (reader.name, self.scard.SCARD_STATE_PRESENT if reader.present else self.scard.SCARD_STATE_EMPTY)
            for reader in readers
        ]
        # Upper half of the state: how many readers we know of.
        known.append((_PLUG_AND_PLAY, len(readers) << 16))
        code, _ = self.scard.SCardGetStatusChange(self.handle, int(seconds * 1000), known)
        if code & 0xFFFFFFFF not in (SUCCESS, TIMEOUT):
            raise error_for(code, doing="SCardGetStatusChange")


def list_readers() -> tuple[Reader, ...]:
    """Return the readers that the service knows, with the state of each; none is an empty tuple.

    Raises:
        HostEnvironmentError: pyscard is missing.
        NoServiceError, NoPermissionError: the service is off, or refuses this user.
    """
    with _Context() as context:
        return context.readers()


def wait_for_card(pattern: str | None, *, seconds: float) -> Reader:
    """Return the reader that is meant once it holds a card; with ``seconds=0``, if it holds one now.

    Raises:
        NoReaderError, NoCardError: still so when the time is over.
        UsageError: several cards are present and the pattern fits more than one.
        NoServiceError, NoPermissionError: the service is off, or refuses this user.
    """
    deadline = time.monotonic() + seconds
    with _Context() as context:
        while True:
            readers = context.readers()
            try:
                return choose(readers, pattern)
            except (NoReaderError, NoCardError):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
                context.wait_for_change(readers, min(left, _SLICE))


def wait_for_removal(name: str, *, seconds: float) -> bool:
    """Whether the reader ``name`` is empty, or gone, within so many seconds. Raises as :func:`wait_for_card`."""
    deadline = time.monotonic() + seconds
    with _Context() as context:
        readers = context.readers()
        while any(reader.name == name and reader.present for reader in readers):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            context.wait_for_change(readers, min(left, _SLICE))
            readers = context.readers()
    return True


@dataclass(slots=True, kw_only=True)
class _Held:
    """A card that is ours: context, handle, protocol and answer to reset; ``is_lost`` once an exchange failed."""

    context: _Context
    handle: Any
    protocol: int
    atr: bytes
    is_lost: bool = False

    def let_go(self) -> None:
        scard = self.context.scard
        # Each may fail when the card or the service is gone; there is nothing left to let go of then. A lost card
        # has forgotten its PIN by itself, and when its reset fails, pcscd 1.9 may not see it laid back.
        disposition = scard.SCARD_LEAVE_CARD if self.is_lost else scard.SCARD_RESET_CARD
        # Reset while it is still ours: whoever waits for it would else begin in the middle of the reset.
        scard.SCardEndTransaction(self.handle, disposition)
        scard.SCardDisconnect(self.handle, scard.SCARD_LEAVE_CARD)
        self.context.release()


class _Attempt:
    """Getting hold of a card within a limit.

    SCardConnect and SCardBeginTransaction wait inside the service for another's transaction, without a limit
    and without a way to cancel. If the card comes too late, it is let go at once.
    """

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._given_up = threading.Event()

    def result(self, limit: float) -> _Held:
        try:
            return within(limit, self._start, too_late=_Held.let_go)
        except TimeoutError:
            raise CardBusyError(
                f"the card in '{self._reader}' did not become free within {limit:g} seconds", hint=BUSY_HINT
            ) from None

    def _start(self, given_up: threading.Event) -> _Held:
        self._given_up = given_up
        return self._hold()

    def _hold(self) -> _Held:
        context = _Context()
        try:
            handle, protocol = self._connect(context)
            try:
                self._begin(context, handle)
                code, _, _, _, atr = context.scard.SCardStatus(handle)
                if code != SUCCESS:
                    raise error_for(code, doing="SCardStatus", in_session=True)
            except MumeiError:
                context.scard.SCardDisconnect(handle, context.scard.SCARD_LEAVE_CARD)
                raise
        except MumeiError:
            context.release()
            raise
        return _Held(context=context, handle=handle, protocol=protocol, atr=bytes(atr))

    def _connect(self, context: _Context) -> tuple[Any, int]:
        scard = context.scard
        while True:
            code, handle, protocol = scard.SCardConnect(
                context.handle,
                self._reader,
                scard.SCARD_SHARE_SHARED,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            )
            if code == SUCCESS:
                return handle, protocol
            # Opened exclusively by another program: the service refuses at once, so the waiting is ours.
            if code & 0xFFFFFFFF != SHARING_VIOLATION or self._given_up.wait(_LOOK):
                raise error_for(code, doing="SCardConnect")

    def _begin(self, context: _Context, handle: Any) -> None:
        scard = context.scard
        code = scard.SCardBeginTransaction(handle)
        while code & 0xFFFFFFFF == RESET_CARD and not self._given_up.is_set():
            # Another program reset the card after we connected; we had no state in it to lose.
            scard.SCardReconnect(
                handle,
                scard.SCARD_SHARE_SHARED,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
                scard.SCARD_LEAVE_CARD,
            )
            code = scard.SCardBeginTransaction(handle)
        if code != SUCCESS:
            raise error_for(code, doing="SCardBeginTransaction", in_session=True)


def for_t0(apdu: bytes) -> bytes:
    """Return a short command APDU as T=0 takes it: case 4 goes without Le, and the card says 61XX.

    Source: ISO/IEC 7816-3:2006, 12.2. Extended commands pass unchanged: readers that take them at all map
    them themselves.
    """
    if len(apdu) > _HEADER + 1 and apdu[_HEADER] != 0 and len(apdu) == _HEADER + 1 + apdu[_HEADER] + 1:
        return apdu[:-1]
    return apdu


class PcscConnection(CardConnection):
    """A card in a reader, held in one transaction. ``answer_limit``: seconds that it may take for an answer."""

    def __init__(self, reader: str, held: _Held, *, answer_limit: float = ANSWER_LIMIT) -> None:
        self.name = reader
        self._answer_limit = answer_limit
        self.atr = held.atr
        self._held: _Held | None = held
        self._scard = held.context.scard
        self._is_t0 = held.protocol == self._scard.SCARD_PROTOCOL_T0
        self._pci = self._scard.SCARD_PCI_T0 if self._is_t0 else self._scard.SCARD_PCI_T1
        limit = max_apdu(self._control)
        self.supports_extended = limit is None or limit > 0

    @property
    def protocol(self) -> str:
        """``T=0`` or ``T=1``."""
        return "T=0" if self._is_t0 else "T=1"

    def transmit(self, apdu: bytes) -> bytes:
        """See :meth:`CardConnection.transmit`."""
        if len(apdu) < _HEADER:
            # One octet is no APDU but a control message for virtual readers: 00 would power the card off.
            raise ProtocolError(f"a command APDU has at least {_HEADER} octets, this one has {len(apdu)}")
        held = self._card()
        octets = list(for_t0(apdu) if self._is_t0 else apdu)
        code, response = self._within(
            held, lambda: self._scard.SCardTransmit(held.handle, self._pci, octets), doing="answered"
        )
        if code != SUCCESS:
            held.is_lost = True
            raise error_for(code, doing="SCardTransmit", in_session=True)
        if not response:
            # No card answers nothing: virtual readers say so when it went away while it was thinking.
            held.is_lost = True
            raise CardRemovedError("contact with the card was lost", hint=REMOVED_HINT)
        if len(response) < _STATUS_WORD:
            raise GarbledAnswerError("the card answered without a status word", hint=GARBLED_HINT)
        return bytes(response)

    def reset(self) -> None:
        """See :meth:`CardConnection.reset`."""
        held = self._card()
        code, protocol = self._within(held, lambda: self._reconnect(held), doing="come back from a reset")
        if code != SUCCESS:
            held.is_lost = True
            raise error_for(code, doing="SCardReconnect", in_session=True)
        held.is_lost = False
        self._is_t0 = protocol == self._scard.SCARD_PROTOCOL_T0
        self._pci = self._scard.SCARD_PCI_T0 if self._is_t0 else self._scard.SCARD_PCI_T1

    def _reconnect(self, held: _Held) -> tuple[int, int]:
        code, protocol = self._scard.SCardReconnect(
            held.handle,
            self._scard.SCARD_SHARE_SHARED,
            self._scard.SCARD_PROTOCOL_T0 | self._scard.SCARD_PROTOCOL_T1,
            self._scard.SCARD_RESET_CARD,
        )
        if code == SUCCESS and held.is_lost:
            # Who could reset our card under us had taken our transaction away.
            code = self._scard.SCardBeginTransaction(held.handle)
        return code, protocol

    def _within(self, held: _Held, call: Callable[[], tuple[int, _T]], *, doing: str) -> tuple[int, _T]:
        """Run a call that a mute card keeps waiting. After one that never came back the card is not ours."""

        def give_up(result: tuple[int, _T]) -> None:
            # What came too late may have been a verified PIN: unless the card is gone, it is let go reset.
            held.is_lost = result[0] != SUCCESS
            held.let_go()

        try:
            return within(self._answer_limit, lambda _: call(), too_late=give_up)
        except TimeoutError:
            self._held = None
            raise MuteCardError(
                f"the card, or its reader, has not {doing} within {self._answer_limit:g} seconds",
                hint=MUTE_HINT,
            ) from None

    def close(self) -> None:
        """See :meth:`CardConnection.close`."""
        held, self._held = self._held, None
        if held is not None:
            held.let_go()

    def _control(self, request: int, data: bytes) -> bytes | None:
        """Ask the reader itself (SCardControl); ``None`` if it does not know the request."""
        code, answer = self._scard.SCardControl(self._card().handle, request, list(data))
        return bytes(answer) if code == SUCCESS else None

    def _card(self) -> _Held:
        if self._held is None:
            raise CardRemovedError("this connection is closed", hint=REMOVED_HINT)
        return self._held


def open_reader(
    pattern: str | None = None,
    *,
    card_limit: float = 0.0,
    busy_limit: float = BUSY_LIMIT,
    answer_limit: float = ANSWER_LIMIT,
) -> PcscConnection:
    """Hold the card of the reader that ``pattern`` names, or of the only reader with a card.

    Args:
        pattern: part of the reader's name, or a glob for all of it; case is ignored.
        card_limit: seconds to wait for a card, 0 for not at all.
        busy_limit: seconds to wait for other programs to let the card go.
        answer_limit: seconds that the card may take for one answer.

    Raises:
        HostEnvironmentError: pyscard is missing.
        NoServiceError, NoPermissionError, NoReaderError, NoCardError, CardBusyError: the layer that failed.
        UsageError: several cards are present and the pattern fits more than one.
        WrongCardError: the card does not answer as ISO/IEC 7816-3 has it.
    """
    reader = wait_for_card(pattern, seconds=card_limit)
    held = _Attempt(reader.name).result(busy_limit)
    return PcscConnection(reader.name, held, answer_limit=answer_limit)
