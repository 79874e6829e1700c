"""The card's two kinds of trouble: an answer that is a status word, and a card file that cannot be used."""

from __future__ import annotations

from mumei_core.errors import DataError


class CardError(Exception):
    """A command is refused: ``sw`` goes on the wire, ``reason`` only into the card's own log.

    What the command did to the security status is undone, unless ``keep_status`` is set (a wrong PIN must
    undo an earlier success). What it committed to memory stays: a retry counter never moves back.
    ``reason`` holds no secret and no data from the command.
    """

    def __init__(self, sw: int, reason: str, *, keep_status: bool = False) -> None:
        super().__init__(f"{sw:04X}: {reason}")
        self.sw = sw
        self.reason = reason
        self.keep_status = keep_status


class CardFileError(DataError):
    """The file is no card of ours, is damaged, or was made by a newer program."""
