"""A real PC/SC service with virtual readers on ports of its own, for tests and the benchmark.

Everything started here is stopped here, and nothing else is: each process by its own handle.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mumei.transport import pcsc
from mumei_core.errors import HostEnvironmentError, NoServiceError

RUN_FOLDER = Path("/run/pcscd")
SOCKET = RUN_FOLDER / "pcscd.comm"
PID_FILE = RUN_FOLDER / "pcscd.pid"
LOCK_FILE = Path("/run/lock/mumei-tests-pcscd.lock")
VPCD_LIBRARY = "libifdvpcd.so"
LIBRARY_FOLDERS = ("/usr/lib/pcsc/drivers/serial", "/usr/lib/x86_64-linux-gnu/pcsc/drivers/serial")

FIRST_READER = "Virtual PCD 00 00"
SECOND_READER = "Virtual PCD 00 01"

DEADLINE = 20.0
_LOOK = 0.02


class RunnerError(Exception):
    """The service, or a card in it, did not come up."""


def eventually(holds: Callable[[], bool], what: str, *, seconds: float = DEADLINE) -> None:
    """Look until ``holds()``, at the latest until the deadline."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            raise RunnerError(f"{what}: not within {seconds:g} seconds")
        never.wait(_LOOK)


def missing() -> str:
    """Return why no service can be started here, or an empty string."""
    if sys.platform != "linux":
        return "virtual readers need Linux"
    if os.geteuid() != 0:
        return "pcscd is started by root, and this is not root"
    if shutil.which("pcscd") is None:
        return "pcscd is not installed (apt install pcscd)"
    if _vpcd_library() is None:
        return "the virtual reader is not installed (apt install vsmartcard-vpcd)"
    try:
        pcsc.load_pyscard()
    except HostEnvironmentError as error:
        return f"{error.message}. {error.hint}"
    if _somebody_answers():
        return "a pcscd started by others is running; stop it (systemctl stop pcscd.socket pcscd)"
    return ""


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Wait for other runs on this machine: there is one place for a service's socket."""
    LOCK_FILE.parent.mkdir(parents=True, exist_ok=True)
    with LOCK_FILE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Pcscd:
    """The service: start, stop, start again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _two_free_ports()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, with_readers: bool = True) -> None:
        """Start it and wait until it answers; with two virtual slots, or with no reader at all."""
        if self.is_running:
            raise RunnerError("pcscd runs already")
        RUN_FOLDER.mkdir(parents=True, exist_ok=True)
        _clear_leftovers()
        config = self._folder / ("readers.conf" if with_readers else "none.conf")
        config.write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{self.port:X}\n'
            f"LIBPATH {_vpcd_library()}\nCHANNELID 0x{self.port:X}\n"
            if with_readers
            else ""
        )
        with (self._folder / "pcscd.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [shutil.which("pcscd") or "pcscd", "--foreground", "--config", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(lambda: self._answers(2 if with_readers else 0), "pcscd answers")

    def stop(self) -> None:
        """Stop it, and leave nothing behind that would keep the next one from starting."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        _clear_leftovers()

    def _answers(self, readers: int) -> bool:
        if not self.is_running:
            raise RunnerError(f"pcscd ended at once: {(self._folder / 'pcscd.log').read_text()}")
        try:
            return len(pcsc.list_readers()) == readers
        except HostEnvironmentError:
            return False


class ServedCard:
    """A software card in a process of its own: ``mumei-card serve``, or another program with the same arguments.

    ``program``: what follows the interpreter's name, before FILE and --port PORT.
    """

    def __init__(
        self, file: Path, *, port: int, reader: str, program: Sequence[str] = ("-m", "mumei_card", "serve")
    ) -> None:
        self.reader = reader
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, *program, str(file), "--port", str(port)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until_present(reader)
        except BaseException:
            self.take_out()
            raise

    def take_out(self) -> None:
        """End the process, as a card leaves a reader; the service notices a moment later."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(DEADLINE)


def wait_until_present(reader: str) -> None:
    """Wait until the service sees a card in ``reader``."""
    eventually(lambda: _is_present(reader), f"a card in {reader}")


def wait_until_empty(reader: str) -> None:
    """Wait until the service sees no card in ``reader``."""
    eventually(lambda: not _is_present(reader), f"no card in {reader}")


def _is_present(reader: str) -> bool:
    try:
        return any(found.name == reader and found.present for found in pcsc.list_readers())
    except NoServiceError:
        return False


def _vpcd_library() -> Path | None:
    return next((path for folder in LIBRARY_FOLDERS if (path := Path(folder, VPCD_LIBRARY)).exists()), None)


def _somebody_answers() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(SOCKET)) == 0


def _clear_leftovers() -> None:
    """Remove what a killed service left; never the files of one that lives."""
    if not _somebody_answers():
        SOCKET.unlink(missing_ok=True)
        PID_FILE.unlink(missing_ok=True)


def _two_free_ports() -> int:
    """Return a port that is free together with the next one: vpcd takes one a slot."""
    # Below the range from which outgoing connections take theirs.
    start = 20_000 + 2 * (os.getpid() % 5_000)
    for port in range(start, start + 200, 2):
        with socket.socket() as first, socket.socket() as second:
            if first.connect_ex(("127.0.0.1", port)) and second.connect_ex(("127.0.0.1", port + 1)):
                return port
    raise RunnerError("no two free ports")
