"""Recording: a connection that passes everything on, and writes down what may be written down.

What is secret or personal is masked before it reaches the file. A recorder that cannot write stops recording; it
never stops the session.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from mumei.trace.file import MAX_FILE, TraceWriter
from mumei.trace.masking import WireMasking, mask_message
from mumei.trace.model import SCP03, SECURE_MESSAGING, data_start
from mumei.transport.base import CardConnection, ModelledTime
from mumei.transport.masked_octets import MAX_LENGTH, MaskedOctets
from mumei.transport.simulator import SimulatedConnection
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import is_protected

# A reader's serial number says whose it is; a simulated card's path often names a person.
_SERIAL: Final = re.compile(r"\b(?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]{6,}\b")
_SIMULATED: Final = "a software card in this process"
_SHOWN: Final = 100
# A trace can be read whatever a broken card or reader does (ISO/IEC 7816-4:2005, 5.1; -3:2006, 8.2.1).
_SHORTEST_COMMAND: Final = 4
_STATUS_WORD: Final = 2
_LONGEST_ANSWER: Final = MAX_EXTENDED_LE + _STATUS_WORD
_LONGEST_ATR: Final = 33
_NO_STATUS_WORD: Final = "no status word"


class Recorder:
    """One trace file, of one or several sessions, until :meth:`finish`.

    ``clock``: seconds that never go back; ``now``: the time of day. ``keep_scp03``: keep what SCP03 protects as it
    travelled even where it is secret. SCP03 has no forward secrecy: whoever has the card's static keys reads such a
    file, so this is for test keys only.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limit: int = MAX_FILE,
        keep_scp03: bool = False,
    ) -> None:
        """Raises UsageError where the file is there already, HostEnvironmentError where it cannot be made."""
        self._writer = TraceWriter(path, limit=limit)
        self._clock, self._keep_scp03 = clock, keep_scp03
        self._start = clock()
        self._failed: OSError | None = None
        self._is_full = False
        self.left_out = self.sessions = 0
        self.write("header", format=1, mumei=version("mumei"), started=now().isoformat(timespec="seconds"))

    @property
    def path(self) -> Path:
        return self._writer.path

    @property
    def now(self) -> float:
        """Seconds since the beginning, to the microsecond."""
        return round(self._clock() - self._start, 6)

    def attach(self, connection: CardConnection) -> CardConnection:
        """``connection`` itself, on record from here on."""
        self.sessions += 1
        return _RecordedConnection(connection, self, WireMasking(keep_scp03=self._keep_scp03))

    def write(self, kind: str, **members: object) -> None:
        """Add a line; where that fails, nothing more is written, and :meth:`finish` says so."""
        try:
            if self._failed is None and not self._is_full:
                self._is_full = not self._writer.write(kind, **members)
        except OSError as error:
            self._failed = error
        if self._failed is not None or self._is_full:
            self.left_out += kind == "wire"

    def finish(self) -> str:
        """Write the last line and close. Returns what went wrong, or nothing."""
        try:
            if self._failed is None:
                self._writer.write("end", at=self.now, left_out=self.left_out)
            self._writer.close()
        except OSError as error:
            self._failed = self._failed or error
        if self._failed is not None:
            return f"the trace is incomplete: {self.path}: {self._failed.strerror}"
        if self._is_full:
            return f"the trace is incomplete: no room for {self.left_out} exchanges more"
        return ""


class _RecordedConnection(CardConnection):
    """Another connection, on record."""

    def __init__(self, inner: CardConnection, recorder: Recorder, masking: WireMasking) -> None:
        self.name, self.atr, self.supports_extended = inner.name, inner.atr, inner.supports_extended
        self._inner, self._recorder, self._masking = inner, recorder, masking
        self._wires: list[bytes] = []
        self._outer: tuple[str, ...] = ()
        self._closed = False
        recorder.write(
            "card",
            at=recorder.now,
            reader=_kind_of(inner),
            atr=self.atr[:_LONGEST_ATR].hex(),
            extended=self.supports_extended,
        )

    def transmit(self, apdu: bytes) -> bytes:
        """See :meth:`CardConnection.transmit`."""
        at = self._recorder.now
        try:
            response = self._inner.transmit(apdu)
        except BaseException as error:
            self._wire(apdu, None, at, type(error).__name__)
            self._wires.clear()
            raise
        self._wire(apdu, response, at, "")
        return response

    @property
    def modelled(self) -> ModelledTime | None:
        """See :attr:`CardConnection.modelled`."""
        return self._inner.modelled

    def carried(self, command: CommandAPDU, response: ResponseAPDU) -> None:
        """See :meth:`CardConnection.carried`: once for every channel around the message, the innermost last."""
        if self._wires:
            wires, self._wires = self._wires, []
            self._outer = (SECURE_MESSAGING,) if is_protected(wires[0][0]) else ()
            if len(wires) > 1 or self._outer:
                self._message(len(wires), self._outer, command, response)
        else:
            self._message(0, (*self._outer, SCP03), command, response)
        self._inner.carried(command, response)

    def reset(self) -> None:
        """See :meth:`CardConnection.reset`."""
        self._begin_anew("reset")
        self._inner.reset()

    def close(self) -> None:
        """See :meth:`CardConnection.close`."""
        if not self._closed:
            self._closed = True
            self._begin_anew("closed")
        self._inner.close()

    def _begin_anew(self, kind: str) -> None:
        self._wires.clear()
        self._masking.reset()
        self._recorder.write(kind, at=self._recorder.now)

    def _wire(self, apdu: bytes, response: bytes | None, at: float, error: str) -> None:
        if len(apdu) < _SHORTEST_COMMAND:
            return  # no APDU, and nothing that a reader would pass on
        if response is not None and len(response) < _STATUS_WORD:
            response, error = None, _NO_STATUS_WORD
        elif response is not None and len(response) > _LONGEST_ANSWER:
            response = response[: _LONGEST_ANSWER - _STATUS_WORD] + response[-_STATUS_WORD:]
        self._wires.append(apdu[:1])
        command, answer = self._masking.mask(apdu[:MAX_LENGTH], response)
        self._recorder.write(
            "wire",
            at=at,
            took=round(max(self._recorder.now - at, 0.0), 6),
            command=command.to_text(),
            response=None if answer is None else answer.to_text(),
            error=error,
        )

    def _message(
        self, wires: int, inside: tuple[str, ...], command: CommandAPDU, response: ResponseAPDU
    ) -> None:
        data, answer = mask_message(command, response)
        sent = command.to_bytes(extended=not command.fits_short)
        self._recorder.write(
            "message",
            wires=wires,
            inside=list(inside),
            command=_with_data(sent, data).to_text(),
            response=(answer + MaskedOctets(response.sw.to_bytes(2))).to_text(),
        )


def _with_data(octets: bytes, masked: MaskedOctets) -> MaskedOctets:
    """A command's octets with its data field masked."""
    start = data_start(octets) if len(masked) else len(octets)
    return MaskedOctets(octets[:start]) + masked + MaskedOctets(octets[start + len(masked) :])


def _kind_of(connection: CardConnection) -> str:
    # Whatever is around a simulated card has its name, which is its file's.
    if isinstance(connection, SimulatedConnection) or Path(connection.name).is_file():
        return _SIMULATED
    name = _SERIAL.sub("(serial number)", connection.name)
    return "".join(character if character.isprintable() else "?" for character in name)[:_SHOWN]
