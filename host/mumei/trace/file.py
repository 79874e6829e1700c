"""Trace files: written line by line as the session goes, read back strictly and within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from mumei.trace.lines import MAX_LINE, decode_line, encode_line
from mumei.trace.model import Exchange, Message, Reset, Session, Trace, Wire
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.errors import DataError, DecodingError, HostEnvironmentError, UsageError

#: Octets of a whole file, room for several enrolments; a recorder leaves out what comes after.
MAX_FILE: Final = 64 * 1024 * 1024
# Octets kept free for the line that says how much is missing.
_LAST_LINE: Final = 100
_HINT: Final = (
    "'mumei trace record' makes traces; this file was changed, cut in a line, or is something else."
)


class TraceWriter:
    """A new trace file, for its owner only; each line is with the operating system before the next APDU is sent."""

    def __init__(self, path: Path, *, limit: int = MAX_FILE) -> None:
        """Raises UsageError if the file is there already, HostEnvironmentError where it cannot be made."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise UsageError(
                f"{path} is there already and is not overwritten", hint="Name another file for the trace."
            ) from None
        except OSError as error:
            raise HostEnvironmentError(
                f"{path} cannot be written: {error.strerror}", hint="Check the folder and its permissions."
            ) from None
        self.path = path
        self._stream: IO[str] = os.fdopen(descriptor, "w", encoding="ascii", newline="\n")
        self._room = limit

    def write(self, kind: str, **members: object) -> bool:
        """Add a line; False where there is no room for it. Raises OSError, as on a full disk."""
        line = encode_line(kind, **members)
        if len(line) > self._room - (0 if kind == "end" else _LAST_LINE):
            return False
        self._room -= len(line)
        self._stream.write(line)
        self._stream.flush()
        return True

    def close(self) -> None:
        """Flush to the disk. Raises OSError."""
        if not self._stream.closed:
            with self._stream:
                self._stream.flush()
                os.fsync(self._stream.fileno())


def read_trace(path: Path) -> Trace:
    """A whole trace. One that ends without its last line, as after a crash, is read as far as it goes.

    Raises:
        DataError: no such file, or none that is a trace; the message names the line.
        HostEnvironmentError: the file cannot be read.
    """
    try:
        if path.stat().st_size > MAX_FILE + MAX_LINE:
            raise DataError(f"{path} is too long to be a trace", hint=_HINT)
        with path.open(encoding="ascii", newline="\n") as stream:
            return _Reader(path).read(_lines(stream))
    except FileNotFoundError:
        raise DataError(f"there is no trace {path}", hint="Check the path.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is no trace: not text", hint=_HINT) from None
    except OSError as error:
        raise HostEnvironmentError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path and its permissions."
        ) from None


def _lines(stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(MAX_LINE + 1):
        yield line


class _Reader:
    """Puts lines together to sessions and exchanges."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: list[Session] = []
        self._steps: list[Exchange | Reset] = []
        self._wires: list[Wire] = []
        self._open: Session | None = None
        self._number = 0

    def read(self, lines: Iterator[str]) -> Trace:
        trace: Trace | None = None
        ended = False
        for number, line in enumerate(lines, start=1):
            try:
                kind, members = decode_line(line)
                if (kind == "header") != (number == 1):
                    raise DecodingError("a trace begins with its header, and has one")
                if ended:
                    raise DecodingError("something after the end")
                if kind == "header":
                    started = datetime.fromisoformat(members["started"])
                    trace = Trace(mumei=members["mumei"], started=started, ended=False)
                elif trace is not None and kind == "end":
                    self._close()
                    ended, trace = True, replace(trace, ended=True, left_out=members["left_out"])
                else:
                    self._take(kind, members)
            except DecodingError as error:
                raise DataError(f"{self._path} is no trace: line {number}: {error}", hint=_HINT) from None
        if trace is None:
            raise DataError(f"{self._path} is no trace: it is empty", hint=_HINT)
        self._close()
        return replace(trace, sessions=tuple(self._sessions))

    def _take(self, kind: str, members: Any) -> None:
        if kind == "card":
            self._close()
            self._open = Session(
                reader=members["reader"],
                atr=MaskedOctets.from_text(members["atr"]).zeroed,
                extended=members["extended"],
                at=members["at"],
            )
            return
        if self._open is None:
            raise DecodingError(f"{kind} without a card")
        if kind == "wire":
            self._wires.append(_wire(members))
        elif kind == "message":
            self._message(members)
        elif kind == "reset":
            self._plain_wires()
            self._steps.append(Reset(at=members["at"]))
        else:
            self._close()

    def _message(self, members: Any) -> None:
        message = Message(
            command=_command(members["command"]),
            response=_response(members["response"]),
            inside=tuple(members["inside"]),
        )
        count = members["wires"]
        if count > len(self._wires):
            raise DecodingError("a message of more wires than there are")
        if not count:
            self._plain_wires()
            if not self._steps or not isinstance(last := self._steps[-1], Exchange):
                raise DecodingError("a message inside none")
            self._steps[-1] = replace(last, message=message)
            return
        self._plain_wires(keep=count)
        self._exchange(tuple(self._wires), message)
        self._wires.clear()

    def _plain_wires(self, *, keep: int = 0) -> None:
        """Wires that no message explains: each is an exchange by itself."""
        until = len(self._wires) - keep
        for wire in self._wires[:until]:
            self._exchange((wire,), Message(command=wire.command, response=wire.response or MaskedOctets()))
        del self._wires[:until]

    def _exchange(self, wires: tuple[Wire, ...], message: Message) -> None:
        self._number += 1
        self._steps.append(Exchange(number=self._number, wires=wires, message=message))

    def _close(self) -> None:
        self._plain_wires()
        if self._open is not None:
            self._sessions.append(replace(self._open, steps=tuple(self._steps)))
        self._open, self._steps = None, []


def _wire(members: Any) -> Wire:
    response = members["response"]
    if (response is None) != bool(members["error"]):
        raise DecodingError("a wire with an answer and an error, or with neither")
    return Wire(
        command=_command(members["command"]),
        response=None if response is None else _response(response),
        at=members["at"],
        took=members["took"],
        error=members["error"],
    )


def _command(text: str) -> MaskedOctets:
    octets = MaskedOctets.from_text(text)
    if len(octets) < 4 or not octets.cut(0, 4).is_whole:
        raise DecodingError("a command without its header")
    return octets


def _response(text: str) -> MaskedOctets:
    octets = MaskedOctets.from_text(text)
    if len(octets) < 2 or not octets.cut(len(octets) - 2, len(octets)).is_whole:
        raise DecodingError("an answer without its status word")
    return octets
