"""Which workstation, and which process on it, works on a plan: so that a dead one's work can be gone on with."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """``name``: for people. ``machine``: equal where process numbers mean the same, empty where nobody knows."""

    name: str
    machine: str
    process: int

    @classmethod
    def this(cls) -> Self:
        """This process."""
        return cls(name=_printable(socket.gethostname())[:40], machine=_machine(), process=os.getpid())

    def __str__(self) -> str:
        return f"{self.name} {self.machine or '-'} {self.process}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """What :meth:`__str__` wrote; anything else is somebody unknown."""
        try:
            name, machine, process = text.split(" ")
            return cls(name=name, machine="" if machine == "-" else machine, process=int(process))
        except ValueError:
            return cls(name=text, machine="", process=0)

    def is_gone(self) -> bool:
        """Whether the process is known to have ended: only its own machine, since its last start, can tell."""
        if not self.machine or self.machine != _machine() or self.process <= 0:
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def _machine() -> str:
    """Changes with every start of the machine, and between containers that count processes apart."""
    try:
        return f"{_BOOT.read_text('ascii').strip()[:8]}.{_PROCESSES.stat().st_ino}"
    except (OSError, ValueError):
        return ""


def _printable(text: str) -> str:
    return "".join(
        character if character.isprintable() and not character.isspace() else "_" for character in text
    )
