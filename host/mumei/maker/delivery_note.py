"""The delivery note that goes with a box of cards: their numbers and whose chips they are, for the office's stock.

CSV: the line ``number,attestation``, then one a card: its diversification data (20 hex digits) and SHA-256 of its
attestation key (64 hex digits, or nothing). It opens no card; an office takes no card that no note names.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from mumei_core.errors import DataError, HostEnvironmentError
from mumei_core.gp.card_keys import CardKeys

HEADING: Final = b"number,attestation\n"


def check_note(path: Path) -> None:
    """Raise DataError for a file that is there and no note: before any keys are drawn for it."""
    try:
        with path.open("rb") as note:
            begun = note.read(len(HEADING))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(path, error) from None
    if begun != HEADING:
        raise DataError(f"{path.name} is no delivery note", hint="Name another file, or a new one.")


def add_to_note(path: Path, card: CardKeys) -> None:
    """Add a card to a note, which is made if there is none. Raises as :func:`check_note`, HostEnvironmentError."""
    check_note(path)
    attestation = ""
    if card.attestation is not None:
        attestation = hashlib.sha256(card.attestation.certificate.key).hexdigest()
    line = f"{card.diversification_data.hex()},{attestation}\n".encode("ascii")
    try:
        with path.open("ab") as note:
            note.write(line if note.tell() else HEADING + line)
            note.flush()
            os.fsync(note.fileno())
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> HostEnvironmentError:
    return HostEnvironmentError(
        f"{path.name} cannot be used: {error.strerror}", hint="Check the folder and its permissions."
    )
