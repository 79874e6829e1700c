"""Non-volatile memory: named records, changed in commits of which each is done whole or not at all.

A card's memory lies in a file, or on any other :class:`Flash`, as a journal in pages (:mod:`nvm_format`): a commit
writes its changes and nothing else, and whatever was acknowledged survives a power cut at any octet. The file is
locked while it is open.

How long old values stay: one that was changed or erased lies in the journal until that is written anew and the old
one overwritten: when its 16,384 octets are used up, and at power-up after an erasure or when it is half full.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from mumei_card.chip import nvm_format
from mumei_card.chip.card_file import CardFile, read_file
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.flash import Flash, PoweredFlash
from mumei_card.chip.nvm_format import MemoryDamaged, UnknownFormat
from mumei_card.chip.nvm_format1 import is_format_1, read_format_1
from mumei_card.chip.nvm_journal import Journal
from mumei_card.chip.power import Power
from mumei_card.errors import CardError, CardFileError
from mumei_core.commands.codes import SW_MEMORY_FAILURE

FORMAT = nvm_format.FORMAT
MAGIC = nvm_format.MAGIC


class Nvm:
    """The records of one card. Made by :meth:`create`, :meth:`open`, :meth:`power_up`, :meth:`read` or
    :meth:`in_memory`."""

    def __init__(self, records: Mapping[str, bytes], *, writes: int) -> None:
        self._records = dict(records)
        self._counters: OperationCounters | None = None
        self._power = Power()
        self._file: CardFile | None = None
        self._flash: PoweredFlash | None = None
        self._journal: Journal | None = None
        self.writes = writes
        """Commits in the life of this memory."""

    @classmethod
    def in_memory(cls, records: Mapping[str, bytes]) -> Self:
        """A memory that lives as long as the object, for tests and throw-away cards."""
        return cls(records, writes=0)

    @classmethod
    def create(cls, path: str | Path, records: Mapping[str, bytes], *, power: Power | None = None) -> Self:
        """A new card file, mode 0600. Raises :class:`CardFileError` when there is something at ``path``."""
        path = Path(path).resolve()
        image = _fresh_image(records, 0)
        nvm = cls({}, writes=0)
        nvm._use_file(CardFile.create(path, image), image, power)
        return nvm

    @classmethod
    def open(cls, path: str | Path, *, power: Power | None = None) -> Self:
        """The card in the file, locked for this object.

        Raises NoCardError, NoPermissionError, CardBusyError (another program has it open) or CardFileError.
        """
        path = Path(path).resolve()
        file = CardFile.open(path)
        try:
            with _damage_errors(path):
                octets = file.read()
                if is_format_1(octets):
                    records, writes = read_format_1(octets)
                    nvm = cls(records, writes=writes)
                    nvm._file, nvm._power = file, power or Power()
                    return nvm
                return cls.power_up(file, power=power)
        except BaseException:
            file.close()
            raise

    @classmethod
    def power_up(cls, flash: Flash, *, power: Power | None = None) -> Self:
        """The memory on a flash, repaired after a power cut. Raises MemoryDamaged, UnknownFormat and OSError."""
        powered = PoweredFlash(flash, power or Power())
        nvm = cls({}, writes=0)
        nvm._use(Journal.power_up(powered), powered)
        return nvm

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A copy to look at, without lock; commits to it do not reach the file."""
        path = Path(path).resolve()
        octets = read_file(path)
        with _damage_errors(path):
            while True:
                try:
                    return cls._of(octets)
                except MemoryDamaged:
                    # Read while a card in use was writing? Then it has gone on since.
                    before, octets = octets, read_file(path)
                    if before == octets:
                        raise

    def count_in(self, counters: OperationCounters) -> None:
        """From now on every commit adds one to ``counters.nvm_writes``, and what it wrote to ``nvm_octets``."""
        self._counters = counters

    def get(self, name: str) -> bytes | None:
        """The record's value, or None when there is none."""
        return self._records.get(name)

    def sizes(self) -> dict[str, int]:
        """Name to octets of each record's value, sorted by name."""
        return {name: len(value) for name, value in sorted(self._records.items())}

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """Writes (a value) and erases (None) all of ``changes``, or nothing.

        Raises :class:`CardError` 65 81 when the memory cannot be written; the records are then as before.
        """
        written_before = self._flash.octets_written if self._flash is not None else 0
        if self._journal is not None:
            with _write_errors():
                self._journal.commit(changes)
            self._records, self.writes = self._journal.records, self._journal.writes
        else:
            records = {
                name: value for name, value in {**self._records, **changes}.items() if value is not None
            }
            if self._file is not None:
                with _write_errors():
                    image = _fresh_image(records, self.writes + 1)
                    self._file.replace(image, self._power)
                    self._use_file(self._file, image, self._power)
            else:
                self._records = records
                self.writes += 1
        if self._counters is not None:
            self._counters.nvm_writes += 1
            self._counters.nvm_octets += (
                self._flash.octets_written - written_before
                if self._flash is not None
                else nvm_format.commit_octets(changes)
            )

    def close(self) -> None:
        """Gives the file free; closing twice does nothing."""
        for flash in (self._flash, self._file):
            if flash is not None:
                flash.close()

    @classmethod
    def _of(cls, octets: bytes) -> Self:
        if is_format_1(octets):
            records, writes = read_format_1(octets)
            return cls(records, writes=writes)
        contents = nvm_format.read_memory(octets)
        return cls(contents.records, writes=contents.writes)

    def _use_file(self, file: CardFile, image: bytes, power: Power | None) -> None:
        powered = PoweredFlash(file, power or Power())
        self._use(Journal(powered, nvm_format.read_memory(image)), powered)

    def _use(self, journal: Journal, flash: PoweredFlash) -> None:
        self._journal, self._flash, self._file = journal, flash, None
        self._records, self.writes = journal.records, journal.writes


def _fresh_image(records: Mapping[str, bytes], writes: int) -> bytes:
    return nvm_format.fresh_image(records, writes=writes, salt=os.urandom(nvm_format.SALT_LENGTH))


@contextlib.contextmanager
def _write_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CardError(SW_MEMORY_FAILURE, f"cannot write the card file: {error.strerror}") from error


@contextlib.contextmanager
def _damage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except UnknownFormat as error:
        if error.format is None:
            raise CardFileError(
                f"{path} is not a card file", hint="Make one with: mumei-card new FILE"
            ) from None
        raise CardFileError(
            f"{path} has card file format {error.format}, this program knows {FORMAT} and before",
            hint="Use the version of mumei that made the card, or a newer one.",
        ) from None
    except MemoryDamaged as error:
        raise CardFileError(
            f"{path} is damaged: {error}",
            hint="Restore the file from a copy, or make a new card and enrol it again.",
        ) from None
    except OSError as error:
        raise CardFileError(
            f"cannot make {path} ready: {error.strerror}", hint="Look for a full or read-only disk."
        ) from None
