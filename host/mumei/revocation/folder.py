"""The revocation authority's folder: its key, lists of trustees, cases, combined entries, published lists (2.5).

``authority.key`` and ``.pub``; ``trustees/``: statements of type 5; ``cases/``: one file a case; ``contexts.txt``:
relying parties that recognise cards within an epoch, one a line; ``combined/`` and ``published/``: by epoch. It
holds no handle, and nothing that could become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder, read_file, replace_file, write_new_file
from mumei.key_file import DEFAULT_LOG2_N
from mumei.signing_key import load_key, save_key
from mumei.trustee.documents import CaseFile
from mumei_core.commands.request import MAX_RP_CONTEXT
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

KEY_FILE: Final = "authority.key"
PUBLIC_FILE: Final = "authority.pub"
REVOCATION_KEY: Final = "revocation-authority-key"
"""Kind of the key file."""
CONTEXTS_FILE: Final = "contexts.txt"
_STATEMENT_LIMIT: Final = 4096
_CONTEXTS_LIMIT: Final = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityFolder:
    """The folder, without its key."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> tuple[Self, bytes]:
        """A new folder with a fresh key; its public part, 65 octets, for cards and terminals."""
        if (folder / KEY_FILE).exists():
            raise UsageError(f"{folder} holds an authority already", hint="Choose another folder.")
        key = SigningKey.generate()
        make_folder(folder)
        save_key(key, folder / KEY_FILE, REVOCATION_KEY, passphrase, log2_n=log2_n)
        write_new_file(folder / PUBLIC_FILE, key.point, mode=0o644)
        return cls(folder=folder), key.point

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises TrustError where there is none."""
        if not (folder / KEY_FILE).exists():
            raise TrustError(
                f"there is no revocation authority in {folder}", hint="Make one first: mumei revocation init."
            )
        return cls(folder=folder)

    def key(self, passphrase: bytes) -> SigningKey:
        """Raises as load_key."""
        return load_key(self.folder / KEY_FILE, REVOCATION_KEY, passphrase)

    def trust(
        self, statement: SignedStatement, *, root_keys: Sequence[bytes], auditor_keys: Sequence[bytes]
    ) -> TrusteeListRecord:
        """Keep a list of trustees that root and auditor have signed. Raises TrustError."""
        try:
            statement.check(root_keys, auditor_keys)
            record = TrusteeListRecord.from_octets(statement.record)
        except (DecodingError, InvalidProof) as error:
            why = error.reason if isinstance(error, InvalidProof) else error
            raise TrustError(
                f"this is no list of trustees that root and auditor have signed: {why}",
                hint="Get the list anew, and check whose keys were named.",
            ) from error
        make_folder(self._trustees)
        replace_file(self._trustees / f"{record.digest.hex()}.statement", statement.to_octets(), mode=0o644)
        return record

    def trustees(self) -> dict[bytes, TrusteeListRecord]:
        """All lists, by their hash; signatures were checked when they came. Raises TrustError."""
        found = {}
        for path in sorted(self._trustees.glob("*.statement")):
            try:
                octets = read_file(path, what="list of trustees", limit=_STATEMENT_LIMIT)
                record = TrusteeListRecord.from_octets(SignedStatement.from_octets(octets).record)
            except DecodingError as error:
                raise TrustError(f"{path} is damaged: {error}", hint="Take the list in anew.") from error
            found[record.digest] = record
        return found

    def take_case(self, case: CaseFile) -> bool:
        """Keep a case, or that it was withdrawn; whether that is new. Raises DataError where two differ."""
        path = self._cases / f"{case.number.hex()}.case"
        known = self.trustees()
        for each in case.handles:
            if each.handle.trustees not in known:
                raise TrustError(
                    f"case {case.words} is sealed to a list of trustees that is not known here",
                    hint="Take the list in: mumei revocation trustees.",
                )
        if path.exists():
            there = CaseFile.load(path)
            if there == case or there.withdrawn:
                return False
            if there.handles != case.handles or not case.withdrawn:
                raise DataError(
                    f"there are two different cases under the number {case.words}",
                    hint="Ask the office; one of the files was altered.",
                )
        make_folder(self._cases)
        case.save(path)
        return True

    def cases(self) -> Iterator[CaseFile]:
        """All of them, withdrawn ones included, by number."""
        for path in sorted(self._cases.glob("*.case")):
            yield CaseFile.load(path)

    def contexts(self) -> tuple[bytes, ...]:
        """The relying parties that recognise, ascending. Raises DataError."""
        path = self.folder / CONTEXTS_FILE
        return read_contexts(path) if path.exists() else ()

    def set_contexts(self, contexts: Sequence[bytes]) -> int:
        """Replace them; their number."""
        octets = b"".join(each + b"\n" for each in contexts)
        replace_file(self.folder / CONTEXTS_FILE, octets, mode=0o644)
        return len(contexts)

    def combined(self, epoch: int) -> Path:
        """Where combined entries of an epoch are."""
        return self.folder / "combined" / str(epoch)

    def published(self, epoch: int) -> Path:
        """Where the lists of an epoch are, a folder a number."""
        return self.folder / "published" / str(epoch)

    @property
    def _trustees(self) -> Path:
        return self.folder / "trustees"

    @property
    def _cases(self) -> Path:
        return self.folder / "cases"


def read_contexts(path: Path) -> tuple[bytes, ...]:
    """A file of contexts, one a line, UTF-8. Raises DataError."""
    octets = read_file(path, what="file of contexts", limit=_CONTEXTS_LIMIT)
    try:
        lines = octets.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not UTF-8", hint="One context a line.") from None
    found = tuple(sorted({line.strip().encode() for line in lines if line.strip()}))
    if any(len(each) > MAX_RP_CONTEXT for each in found):
        raise DataError(
            f"{path.name}: a context has 1 to {MAX_RP_CONTEXT} octets", hint="One context a line."
        )
    return found
