"""``mumei-card serve`` with a clock: FILE --port PORT; writes FILE.times when it is taken out.

The file holds one pair [begin, end] per command, nanoseconds of the monotonic clock, which all processes of a
machine share: what the card itself took, memory written to disk included.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from pathlib import Path

from mumei_card.link.in_process import AnyCard, open_card
from mumei_card.link.vpcd import VpcdLink


class TimedCard:
    """A card, and when it worked. It is not let work between commands: all that it does is in their times."""

    def __init__(self, card: AnyCard) -> None:
        self._card = card
        self.times: list[tuple[int, int]] = []

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def transmit(self, apdu: bytes) -> bytes:
        begin = time.monotonic_ns()
        response = self._card.transmit(apdu)
        self.times.append((begin, time.monotonic_ns()))
        return response

    def reset(self) -> None:
        self._card.reset()


def times_file(card_file: Path) -> Path:
    """Where the times of a card file go."""
    return card_file.with_suffix(".times")


def main() -> None:
    """Serve until terminated, then write the times."""
    parser = argparse.ArgumentParser(prog="timed_card")
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    card = open_card(str(options.file))
    timed = TimedCard(card)
    link = VpcdLink(timed, port=options.port)
    signal.signal(signal.SIGTERM, lambda *_: link.stop())
    try:
        link.run()
    finally:
        card.close()
    times_file(options.file).write_text(json.dumps(timed.times))


if __name__ == "__main__":
    main()
