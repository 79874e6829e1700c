"""Choosing a reader by its name, never by its number: numbers change when a cable does."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from mumei.transport.pcsc_errors import CARD_HINT, READER_HINT
from mumei_core.errors import NoCardError, NoReaderError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader as the service sees it now.

    Attributes:
        name: as PC/SC gives it, e.g. ``Virtual PCD 00 00``.
        atr: answer to reset of the card in it, empty if there is none.
        present: a card is in the reader and answers to reset. A mute card counts as none.
        mute: something is in the reader and does not answer.
        in_use: some program has opened the card.
    """

    name: str
    atr: bytes = b""
    present: bool = False
    mute: bool = False
    in_use: bool = False


def matches(name: str, pattern: str) -> bool:
    """Whether a reader is meant: the pattern is part of its name, or a glob for all of it; case is ignored.

    Both are tried, because readers' names contain brackets themselves.
    """
    name, pattern = name.casefold(), pattern.casefold()
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


def meant(readers: Sequence[Reader], pattern: str | None) -> tuple[Reader, ...]:
    """Return the readers that ``pattern`` names, all of them for ``None``.

    Raises:
        NoReaderError: none is attached, or none has such a name.
    """
    if not readers:
        raise NoReaderError("no card reader is attached", hint=READER_HINT)
    chosen = tuple(reader for reader in readers if pattern is None or matches(reader.name, pattern))
    if not chosen:
        raise NoReaderError(
            f"no reader's name matches {pattern!r}",
            hint=f"Give a part of one of these names with --reader: {_names(readers)}.",
        )
    return chosen


def choose(readers: Sequence[Reader], pattern: str | None) -> Reader:
    """Return the one reader that is meant and holds a card; readers without one do not count.

    Raises:
        NoReaderError: as :func:`meant`.
        NoCardError: no reader that is meant holds a card.
        UsageError: more than one does; which card is meant is not ours to guess.
    """
    candidates = meant(readers, pattern)
    with_card = [reader for reader in candidates if reader.present]
    if len(with_card) > 1:
        raise UsageError(
            f"{len(with_card)} readers hold a card: {_names(with_card)}",
            hint="Leave only the card that is meant, or name its reader with --reader.",
        )
    if not with_card:
        mute = [reader for reader in candidates if reader.mute]
        if mute:
            raise NoCardError(
                f"what lies in {_names(mute)} does not answer",
                hint="Turn the card round, or wipe its contacts; a coin or a bank note is no card.",
            )
        raise NoCardError(f"there is no card in {_names(candidates)}", hint=CARD_HINT)
    return with_card[0]


def _names(readers: Sequence[Reader]) -> str:
    return ", ".join(f"'{reader.name}'" for reader in readers)
