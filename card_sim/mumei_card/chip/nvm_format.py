"""The octets of a card's memory, card file format 2: a journal in pages. Pure functions; :mod:`nvm_journal` writes.

All integers big-endian; H = SHA-256, cut to the length named. Pages of 64 octets, 0xFF where nothing was written:

* page 0, never written again: ``MUMEICRD`` (8) · format (1) · page (2) · salt (16) · H (16)
* pages 1 and 2, *roots*, in turn: ``R`` · generation (8) · two segments (first page, pages, generation; 4+4+8) ·
  H (16). The valid one with the higher generation holds.
* two segments of *entries*, each from a new page on: tag (1) · writes ever made (8) · length of the body (4) ·
  H (8) over what makes this place in this memory unlike any other and the octets so far · body · H (16) over the
  entry before and this one. Body, per record: name length (1), name in ASCII, value length (4; 2^32 - 1: erased),
  value.

The segment of *large* values has one entry ``A`` with all of them, written when one of them changes. The *journal*
begins with one entry ``A``, all other records, and goes on with one entry ``C`` per commit, its changes. After the
last one lies a *seal*, ``S``, an entry without body on one page, which the next entry overwrites. What a root names
needs none: it lasted before.

What cannot be read is either what a power cut left, or damage. A commit is acknowledged only when its entry is
whole and lasts, and it is sealed then: so an entry that does not check, with nothing valid behind it, was never
acknowledged, and the memory is as before it. With a seal or an entry behind it, it was: that is damage, an error,
and nothing is dropped.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mumei_card.chip.flash import ERASED, PAGE, erased

MAGIC: Final = b"MUMEICRD"
FORMAT: Final = 2
SALT_LENGTH: Final = 16
LARGE: Final = 4096
"""Values of so many octets and more lie apart: tables, which never change once they are there."""
JOURNAL_PAGES: Final = 256
"""Room for commits behind the journal's first entry: 16,384 octets."""
FIRST_ROOT: Final = 1
FIRST_SEGMENT: Final = 3

ALL, CHANGES, SEAL = b"A", b"C", b"S"
_ROOT = b"R"
_DIGEST = 16
_HEADER_CHECK = 8
HEADER = 1 + 8 + 4 + _HEADER_CHECK
_GONE = 2**32 - 1
_ERASED = bytes((ERASED,))

Changes = Mapping[str, bytes | None]
"""Record name to its new value, or None: erased."""


class MemoryDamaged(Exception):  # noqa: N818 - a state, not a fault of ours
    """The memory does not hold what was acknowledged, and no power cut explains it."""


class UnknownFormat(Exception):  # noqa: N818
    """No memory of ours, or one of another ``format``: its number, None for what is no memory at all."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__("no memory" if number is None else f"format {number}")
        self.format = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Pages ``first`` to before ``end``, written under ``generation``; none where ``pages`` is 0."""

    first: int
    pages: int
    generation: int

    @property
    def end(self) -> int:
        return self.first + self.pages

    def to_octets(self) -> bytes:
        return self.first.to_bytes(4) + self.pages.to_bytes(4) + self.generation.to_bytes(8)

    @classmethod
    def from_octets(cls, octets: bytes) -> Segment:
        return cls(
            first=int.from_bytes(octets[:4]),
            pages=int.from_bytes(octets[4:8]),
            generation=int.from_bytes(octets[8:16]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where everything is."""

    generation: int
    journal: Segment
    large: Segment

    @property
    def page(self) -> int:
        """Its place: never the one of the root before it."""
        return FIRST_ROOT + self.generation % 2

    def to_page(self, salt: bytes) -> bytes:
        octets = _ROOT + self.generation.to_bytes(8) + self.journal.to_octets() + self.large.to_octets()
        return _padded(octets + _hash(salt, octets))

    @classmethod
    def from_page(cls, page: bytes, salt: bytes) -> Root | None:
        """None for what is no root, or is torn."""
        octets, digest = page[:41], page[41 : 41 + _DIGEST]
        if not octets.startswith(_ROOT) or not hmac.compare_digest(_hash(salt, octets), digest):
            return None
        return cls(
            generation=int.from_bytes(octets[1:9]),
            journal=Segment.from_octets(octets[9:25]),
            large=Segment.from_octets(octets[25:41]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a memory holds. ``digest``: of the journal's last entry. ``end``: the page behind it, where the next one
    goes. ``commits``: entries behind the first. ``is_sealed``: whether the last one's seal is there.
    ``has_erased``: whether the journal still holds values that were erased. ``live``: pages in use from
    FIRST_SEGMENT on; whatever is not erased elsewhere, a power cut left.
    """

    salt: bytes
    root: Root
    records: dict[str, bytes] = field(repr=False)
    writes: int
    digest: bytes
    end: int
    commits: int
    is_sealed: bool
    has_erased: bool
    live: tuple[range, ...]


class Codec:
    """Entries of one segment of one memory. ``digest`` is the chain's value so far."""

    def __init__(self, salt: bytes, generation: int, *, large: bool) -> None:
        self._place = salt + generation.to_bytes(8) + bytes((large,))
        self.digest = _hash(self._place)

    def entry(self, tag: bytes, writes: int, changes: Changes) -> tuple[bytes, bytes]:
        """Whole pages, and the chain's next value."""
        body = b"".join(_record(name, value) for name, value in sorted(changes.items()))
        octets = self._header(tag, writes, len(body)) + body
        digest = _hash(self.digest, octets)
        return _padded(octets + digest), digest

    def seal(self, writes: int) -> bytes:
        """One page: the entry before it, of this number, was acknowledged."""
        return _padded(self._header(SEAL, writes, 0))

    def header(self, page: bytes) -> tuple[bytes, int, int] | None:
        """Tag, number, length of the body; None if the page does not begin an entry of this segment."""
        octets = page[:HEADER]
        tag, writes, length = octets[:1], int.from_bytes(octets[1:9]), int.from_bytes(octets[9:13])
        if octets[0] == ERASED or not hmac.compare_digest(self._header(tag, writes, length), octets):
            return None
        return tag, writes, length

    def read(self, pages: bytes, length: int) -> dict[str, bytes | None] | None:
        """The changes in the entry that begins here, and on to its digest; None where it is not whole."""
        octets = pages[: HEADER + length]
        digest = _hash(self.digest, octets)
        if not hmac.compare_digest(pages[HEADER + length : HEADER + length + _DIGEST], digest):
            return None
        self.digest = digest
        return dict(records_in(octets[HEADER:]))

    def _header(self, tag: bytes, writes: int, length: int) -> bytes:
        octets = tag + writes.to_bytes(8) + length.to_bytes(4)
        return octets + _hash(self._place, octets)[:_HEADER_CHECK]


def is_large(value: bytes) -> bool:
    """Whether a record of this value lies in the segment of large ones."""
    return len(value) >= LARGE


def large_of(records: Mapping[str, bytes]) -> dict[str, bytes]:
    """The records whose values lie apart."""
    return {name: value for name, value in records.items() if is_large(value)}


def pages_of(octets: bytes | int) -> int:
    """Pages that so many octets take."""
    length = octets if isinstance(octets, int) else len(octets)
    return -(-length // PAGE)


def entry_pages(length: int) -> int:
    """Pages of an entry whose body has ``length`` octets."""
    return pages_of(HEADER + length + _DIGEST)


def commit_octets(changes: Changes) -> int:
    """Octets that a commit of ``changes`` writes: whole pages, and the seal's."""
    length = sum(len(_record(name, value)) for name, value in changes.items())
    return (entry_pages(length) + 1) * PAGE


def fresh_image(records: Mapping[str, bytes], *, writes: int, salt: bytes) -> bytes:
    """A new memory with these records, all its room included."""
    header = MAGIC + bytes((FORMAT,)) + PAGE.to_bytes(2) + salt
    large_records = large_of(records)
    large_octets = b""
    if large_records:
        large_octets, _ = Codec(salt, 1, large=True).entry(ALL, 0, large_records)
    small = {name: value for name, value in records.items() if name not in large_records}
    journal_octets, _ = Codec(salt, 1, large=False).entry(ALL, writes, small)
    large = Segment(first=FIRST_SEGMENT, pages=pages_of(large_octets), generation=1)
    journal = Segment(first=large.end, pages=pages_of(journal_octets) + JOURNAL_PAGES, generation=1)
    root = Root(generation=1, journal=journal, large=large)
    roots = {FIRST_ROOT: erased(PAGE), FIRST_ROOT + 1: erased(PAGE)} | {root.page: root.to_page(salt)}
    return b"".join(
        (
            _padded(header + _hash(header)),
            *roots.values(),
            large_octets,
            journal_octets,
            erased(JOURNAL_PAGES * PAGE),
        )
    )


def read_memory(octets: bytes) -> Contents:
    """What the memory holds, as at power-up: what a torn write left is passed over.

    Raises :class:`UnknownFormat`, and :class:`MemoryDamaged` for what no power cut explains.
    """
    salt = _salt(octets)
    root = _newest_root(octets, salt)
    if len(octets) < max(root.journal.end, root.large.end) * PAGE:
        raise MemoryDamaged("it ends too early")
    large: dict[str, bytes] = {}
    if root.large.pages:
        codec = Codec(salt, root.large.generation, large=True)
        large = _present(_first_entry(octets, root.large, codec)[1])
    codec = Codec(salt, root.journal.generation, large=False)
    first, changes, end = _first_entry(octets, root.journal, codec)
    writes = first
    records, has_erased = large | _present(changes), False
    for number, entry, next_end in _commits(octets, root.journal, end, codec, writes):
        for name, value in entry.items():
            if value is not None:
                records[name] = value
            elif records.pop(name, None) is not None:
                has_erased = True
        writes, end = number, next_end
    is_sealed = end < root.journal.end and codec.header(_page(octets, end)) == (SEAL, writes, 0)
    return Contents(
        salt=salt,
        root=root,
        records=records,
        writes=writes,
        digest=codec.digest,
        end=end,
        commits=writes - first,
        is_sealed=is_sealed,
        has_erased=has_erased,
        live=(
            range(root.large.first, root.large.end),
            range(root.journal.first, end + is_sealed),
        ),
    )


def debris(octets: bytes, contents: Contents) -> list[range]:
    """Ranges of pages that are not in use and not all erased, in ascending order.

    The other root's page is in use only where it holds the root before: then it comes first, and must be gone
    before anything that it names.
    """
    other = FIRST_ROOT + (contents.root.generation + 1) % 2
    before = Root.from_page(_page(octets, other), contents.salt)
    unused = (
        [range(other, other + 1)] if before is None or before.generation > contents.root.generation else []
    )
    first = FIRST_SEGMENT
    for pages in sorted(contents.live, key=lambda pages: pages.start):
        unused.append(range(first, pages.start))
        first = max(first, pages.stop)
    unused.append(range(first, pages_of(octets)))
    return [pages for gap in unused if (pages := _written(octets, gap))]


def _salt(octets: bytes) -> bytes:
    length = len(MAGIC) + 1 + 2 + SALT_LENGTH
    header, digest = octets[:length], octets[length : length + _DIGEST]
    if not header.startswith(MAGIC):
        raise UnknownFormat
    if len(header) > len(MAGIC) and header[len(MAGIC)] != FORMAT:
        raise UnknownFormat(header[len(MAGIC)])
    if len(header) < length or not hmac.compare_digest(_hash(header), digest):
        raise MemoryDamaged("its first page does not check")
    if int.from_bytes(header[9:11]) != PAGE:
        raise MemoryDamaged("its pages have another size")
    return header[-SALT_LENGTH:]


def _newest_root(octets: bytes, salt: bytes) -> Root:
    found = [Root.from_page(_page(octets, page), salt) for page in (FIRST_ROOT, FIRST_ROOT + 1)]
    roots = [root for root in found if root is not None]
    if not roots:
        raise MemoryDamaged("neither of its roots checks")
    return max(roots, key=lambda root: root.generation)


def _first_entry(octets: bytes, segment: Segment, codec: Codec) -> tuple[int, dict[str, bytes | None], int]:
    """Number, records and the page behind. The root names it, so it lasted before: it checks, or is damaged."""
    header = codec.header(_page(octets, segment.first))
    if header is None or header[0] != ALL:
        raise MemoryDamaged("a segment has no beginning")
    _, writes, length = header
    changes = codec.read(octets[segment.first * PAGE : segment.end * PAGE], length)
    if changes is None:
        raise MemoryDamaged("the first entry of a segment does not check")
    return writes, changes, segment.first + entry_pages(length)


def _commits(
    octets: bytes, segment: Segment, first: int, codec: Codec, writes: int
) -> Iterator[tuple[int, dict[str, bytes | None], int]]:
    """Number, changes and the page behind, of every commit that was made whole."""
    page = first
    while page < segment.end:
        header = codec.header(_page(octets, page))
        if header == (SEAL, writes, 0):
            page += 1
            break
        changes = None
        if header is not None and header[:2] == (CHANGES, writes + 1):
            changes = codec.read(octets[page * PAGE : segment.end * PAGE], header[2])
        if header is None or changes is None:
            break
        writes += 1
        page += entry_pages(header[2])
        yield writes, changes, page
    # A torn entry may have got as far as its header; a header behind that says that it had been acknowledged.
    for later in _written(octets, range(page, segment.end)):
        header = codec.header(_page(octets, later))
        if header is not None and (later, *header[:2]) != (page, CHANGES, writes + 1):
            raise MemoryDamaged("an entry that was acknowledged does not check")


def _written(octets: bytes, pages: range) -> range:
    """From the first to the last of these pages that is not erased; empty if all are."""
    part = octets[pages.start * PAGE : pages.stop * PAGE]
    behind = len(part.rstrip(_ERASED))
    before = len(part) - len(part.lstrip(_ERASED))
    return range(pages.start + before // PAGE, pages.start + pages_of(behind)) if behind else range(0)


def _page(octets: bytes, page: int) -> bytes:
    return octets[page * PAGE : (page + 1) * PAGE].ljust(PAGE, _ERASED)


def _padded(octets: bytes) -> bytes:
    return octets + erased(-len(octets) % PAGE)


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()[:_DIGEST]


def _record(name: str, value: bytes | None) -> bytes:
    label = name.encode("ascii")
    length = _GONE if value is None else len(value)
    return len(label).to_bytes(1) + label + length.to_bytes(4) + (value or b"")


def records_in(body: bytes) -> Iterator[tuple[str, bytes | None]]:
    # The digest held, so the lengths are those that _record wrote.
    offset = 0
    while offset < len(body):
        name_end = offset + 1 + body[offset]
        value_at = name_end + 4
        length = int.from_bytes(body[name_end:value_at])
        value = None if length == _GONE else body[value_at : value_at + length]
        yield body[offset + 1 : name_end].decode("ascii"), value
        offset = value_at + len(value or b"")


def _present(changes: Changes) -> dict[str, bytes]:
    return {name: value for name, value in changes.items() if value is not None}
