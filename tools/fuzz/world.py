"""What a run starts from: cards as records, good objects of every kind, recorded sessions.

Made once per run by :mod:`tools.fuzz.samples` and kept as one file beside what the run finds: keys are drawn anew
each time, so an input that refers to them can only be repeated with the world that it was found in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import cbor2

FILE_NAME: Final = "world.cbor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """A recorded session. ``card``: name of the records that it began with; ``commands``: as they were sent.

    ``k_enc``, ``k_mac``: of the channel that is open at its end, empty where there is none. ``host_challenge``: of
    an SCP03 channel that is to be opened behind it.
    """

    card: str
    commands: list[bytes]
    k_enc: bytes = b""
    k_mac: bytes = b""
    host_challenge: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``cards``: name to records. ``samples``: kind to good objects. ``tapes``: name to session.

    ``static_keys``: K_ENC || K_MAC || K_DEK of the standard cards.
    """

    cards: dict[str, dict[str, bytes]] = field(default_factory=dict)
    samples: dict[str, list[bytes]] = field(default_factory=dict)
    tapes: dict[str, Tape] = field(default_factory=dict)
    static_keys: bytes = b""

    def save(self, folder: Path) -> None:
        """Writes ``world.cbor``."""
        (folder / FILE_NAME).write_bytes(cbor2.dumps(asdict(self), canonical=True))

    @classmethod
    def load(cls, folder: Path) -> World:
        """The reverse, of a file of ours."""
        fields = cbor2.loads((folder / FILE_NAME).read_bytes())
        tapes = {name: Tape(**tape) for name, tape in fields.pop("tapes").items()}
        return cls(tapes=tapes, **fields)

    def good(self, *kinds: str) -> list[bytes]:
        """All samples of these kinds."""
        return [octets for kind in kinds for octets in self.samples[kind]]


class Stream:
    """Randomness that is the same each time: a recorded session then repeats itself to its end.

    ``first``: streams that begin elsewhere give other octets.
    """

    def __init__(self, *, first: int = 0) -> None:
        self._count = first

    def __call__(self, n: int) -> bytes:
        # Never twice the same octets, and no hash: this is drawn from for every input.
        self._count += 1
        unit = self._count.to_bytes(16) + b"\x5a" * 16
        return (unit * (n // len(unit) + 1))[:n]
