"""The card's memory at work: commits appended to a journal, which is written anew when it is full.

Format: :mod:`nvm_format`. A commit writes one entry and waits until it lasts; then it is acknowledged, and sealed.
A journal without room, or one that holds erased values at power-up, is written anew elsewhere; one write of a root
page makes the new one hold, and the old one is overwritten. Power may be cut at any step and in the middle of it,
here and in what repairs it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Self

from mumei_card.chip import nvm_format as form
from mumei_card.chip.flash import PAGE, Flash, erased
from mumei_card.chip.nvm_format import Changes, Codec, Contents, Root, Segment


class Journal:
    """Records on a flash. Raises OSError where the flash fails; the records are then as before."""

    def __init__(self, flash: Flash, contents: Contents) -> None:
        self._flash = flash
        self._salt = contents.salt
        self._root = contents.root
        self._digest = contents.digest
        self._end = contents.end
        self._commits = contents.commits
        self._in_doubt = False
        self.records = contents.records
        self.writes = contents.writes

    @classmethod
    def create(cls, flash: Flash, records: Mapping[str, bytes]) -> Self:
        """A new memory on a flash without anything."""
        image = form.fresh_image(records, writes=0, salt=os.urandom(form.SALT_LENGTH))
        flash.write(0, image)
        flash.sync()
        return cls(flash, form.read_memory(image))

    @classmethod
    def power_up(cls, flash: Flash) -> Self:
        """The memory on ``flash``: what a power cut left is cleared away, erased values are overwritten.

        Raises :class:`UnknownFormat`, :class:`MemoryDamaged`, and OSError.
        """
        octets = flash.read()
        contents = form.read_memory(octets)
        journal = cls(flash, contents)
        journal._clear(octets, contents)
        if contents.has_erased or contents.end > contents.root.journal.end - form.JOURNAL_PAGES // 2:
            # Where there is no room for it now, a commit will say so; the card as it stands is good.
            with contextlib.suppress(OSError):
                journal._write(journal.records, journal.writes)
        if not contents.is_sealed:
            journal._seal()
        return journal

    def commit(self, changes: Changes) -> None:
        """Makes all ``changes`` last, or none."""
        if self._in_doubt:
            self._undo()
        records = {name: value for name, value in {**self.records, **changes}.items() if value is not None}
        octets, digest = self._codec.entry(form.CHANGES, self.writes + 1, changes)
        pages = form.pages_of(octets)
        moves_large = any(form.is_large(value or b"") for value in self._both(changes))
        if moves_large or self._end + pages + 1 > self._root.journal.end:
            self._write(records, self.writes + 1)
        else:
            with self._undone_on_error():
                self._flash.write(self._end * PAGE, octets)
                self._flash.sync()
            self._end += pages
            self._commits += 1
            self._digest = digest
        self.records = records
        self.writes += 1
        self._seal()

    @property
    def _codec(self) -> Codec:
        codec = Codec(self._salt, self._root.journal.generation, large=False)
        codec.digest = self._digest
        return codec

    def _both(self, changes: Changes) -> list[bytes | None]:
        return [*changes.values(), *(self.records.get(name) for name in changes)]

    def _seal(self) -> None:
        """Says of the last commit that it lasts. It need not last itself: the next sync carries it."""
        if not self._commits:
            return
        with contextlib.suppress(OSError):
            self._flash.write(self._end * PAGE, self._codec.seal(self.writes))

    def _write(self, records: Mapping[str, bytes], writes: int) -> None:
        """Everything anew, where there is room; then the root, from when on it holds; then the old is erased."""
        generation = self._root.generation + 1
        large, old_large = self._root.large, form.large_of(self.records)
        large_records = form.large_of(records)
        used = [self._root.journal, self._root.large]
        pieces: list[tuple[int, bytes]] = []
        if large_records != old_large:
            octets = b""
            if large_records:
                octets, _ = Codec(self._salt, generation, large=True).entry(form.ALL, 0, large_records)
            large = _place(form.pages_of(octets), generation, used)
            used.append(large)
            pieces.append((large.first, octets))
        codec = Codec(self._salt, generation, large=False)
        small = {name: value for name, value in records.items() if name not in large_records}
        octets, digest = codec.entry(form.ALL, writes, small)
        journal = _place(form.pages_of(octets) + form.JOURNAL_PAGES, generation, used)
        pieces.append((journal.first, octets))
        root = Root(generation=generation, journal=journal, large=large)
        with self._undone_on_error():
            needed, size = max(journal.end, large.end) * PAGE, self._flash.size
            if needed > size:
                self._flash.write(size, erased(needed - size))
            for first, piece in pieces:
                self._flash.write(first * PAGE, piece)
            self._flash.sync()
            self._flash.write(root.page * PAGE, root.to_page(self._salt))
            self._flash.sync()
        old, behind_seal = self._root, min(self._end + 1, self._root.journal.end)
        self._root, self._digest, self._end = root, digest, journal.first + form.pages_of(octets)
        self._commits = 0
        # The new state stands. Should the erasing fail, the next commit tries again.
        with contextlib.suppress(OSError), self._undone_on_error():
            self._erase(range(old.journal.first, behind_seal))
            if old.large != large:
                self._erase(range(old.large.first, old.large.end))
            self._flash.sync()

    @contextlib.contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """What the flash did when it failed is unknown: it is made as before, now or before the next commit."""
        try:
            yield
        except OSError:
            self._in_doubt = True
            with contextlib.suppress(OSError):
                self._undo()
            raise

    def _undo(self) -> None:
        """Overwrites all that does not belong to the state that stands."""
        self._clear(self._flash.read(), self._standing())
        self._in_doubt = False
        self._seal()

    def _standing(self) -> Contents:
        journal, large = self._root.journal, self._root.large
        return Contents(
            salt=self._salt,
            root=self._root,
            records=self.records,
            writes=self.writes,
            digest=self._digest,
            end=self._end,
            commits=self._commits,
            is_sealed=False,
            has_erased=False,
            live=(range(large.first, large.end), range(journal.first, self._end)),
        )

    def _clear(self, octets: bytes, contents: Contents) -> None:
        """Erases what is neither in use nor erased. A root comes first, and is gone before what it names."""
        for pages in form.debris(octets, contents):
            self._erase(pages)
            self._flash.sync()

    def _erase(self, pages: range) -> None:
        if pages:
            self._flash.write(pages.start * PAGE, erased(len(pages) * PAGE))


def _place(pages: int, generation: int, used: list[Segment]) -> Segment:
    """The first gap between the segments in use that has so many pages; behind them all there always is one."""
    first = form.FIRST_SEGMENT
    for segment in sorted(used, key=lambda segment: segment.first):
        if segment.pages and segment.first - first >= pages:
            break
        first = max(first, segment.end) if segment.pages else first
    return Segment(first=first, pages=pages, generation=generation)
