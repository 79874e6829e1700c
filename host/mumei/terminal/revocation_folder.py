"""What a terminal's folder holds about revocation: whose signatures count, epoch statements, lists, and its rule.

``revocation-authority.pub`` and ``auditor.pub``: the two keys, one or two points of 65 octets each; without them
nothing is taken in, but that a development terminal knows the published keys. ``statements/``: a file each.
``lists/``: as :mod:`mumei.revocation.store` keeps them. ``revocation``: the rule's name; without it a terminal that
has ever taken lists in requires them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder, read_file, replace_file, write_new_file
from mumei.revocation.lists import ListHeader, ListName, RevocationList
from mumei.revocation.store import SIZE_LIMIT, ListStore, TakenIn
from mumei.revocation.store import SUFFIX as LIST_SUFFIX
from mumei.terminal.calendar import (
    STATEMENTS_FOLDER,
    SUFFIX,
    EpochStatement,
    StoredCalendar,
    Undecided,
    development_calendar,
    load_statement,
)
from mumei.terminal.revocation_check import RevocationCheck, Rule
from mumei_core.commands.trust import split_keys
from mumei_core.dates import day_number
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.eac.signature import POINT_LENGTH, check_point
from mumei_core.epochs import bucket_of, days_of
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.statements import SignedStatement

AUTHORITY_FILE: Final = "revocation-authority.pub"
AUDITOR_FILE: Final = "auditor.pub"
LISTS_FOLDER: Final = "lists"
RULE_FILE: Final = "revocation"
_PLACES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Whose signatures count: keys of the revocation authority and of the auditor, 65 octets each, one or two."""

    authority: tuple[bytes, ...]
    auditor: tuple[bytes, ...]

    @classmethod
    def development(cls) -> Self:
        """Those that development cards trust, and anybody has."""
        return cls(
            authority=(development_key(DevelopmentRole.AUTHORITY).point,),
            auditor=(development_key(DevelopmentRole.AUDITOR).point,),
        )

    @classmethod
    def of_files(cls, authority: Path, auditor: Path) -> Self:
        """Raises TrustError where one is missing or holds no key."""
        return cls(authority=_read_keys(authority), auditor=_read_keys(auditor))

    def save(self, folder: Path) -> None:
        """Pin them in a terminal's folder. Raises UsageError where some are pinned."""
        write_new_file(folder / AUTHORITY_FILE, b"".join(self.authority), mode=0o644)
        write_new_file(folder / AUDITOR_FILE, b"".join(self.auditor), mode=0o644)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStatements:
    """What became of statement files; as :class:`mumei.revocation.store.TakenIn` for lists."""

    new: int = 0
    already_there: int = 0
    not_ours: int = 0
    over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFolder:
    """The folder of one terminal. ``signers``: None where nobody was pinned."""

    folder: Path
    rp_context: bytes
    signers: Signers | None
    development: bool

    @classmethod
    def open(cls, folder: Path, rp_context: bytes, *, development: bool) -> Self:
        """Raises TrustError for keys that are damaged."""
        signers = Signers.development() if development else None
        if (folder / AUTHORITY_FILE).exists() or (folder / AUDITOR_FILE).exists():
            signers = Signers.of_files(folder / AUTHORITY_FILE, folder / AUDITOR_FILE)
        return cls(folder=folder, rp_context=rp_context, signers=signers, development=development)

    @property
    def statements(self) -> Path:
        return self.folder / STATEMENTS_FOLDER

    @property
    def lists(self) -> ListStore | None:
        """The terminal's lists. None where nobody is known to sign them."""
        if self.signers is None:
            return None
        return ListStore.open(
            self.folder / LISTS_FOLDER,
            self.signers.authority,
            bucket=bucket_of(self.rp_context),
            rp_context=self.rp_context,
        )

    def header_of(self, name: ListName) -> ListHeader | None:
        """Of the list that is here; None where there is none. Raises TrustError where it was altered."""
        path = self.folder / LISTS_FOLDER / str(name.epoch) / name.file_name
        if self.signers is None or not path.exists():
            return None
        try:
            held = RevocationList.from_octets(read_file(path, what="revocation list", limit=SIZE_LIMIT))
        except DecodingError as error:
            raise TrustError(
                f"{path} holds no revocation list: {error}", hint="Delete it, and take in the lists anew."
            ) from error
        held.check(self.signers.authority)
        return held.header

    @property
    def rule(self) -> Rule:
        """As set; else lists, once there were any, are required: a folder that ran out of them must not forget."""
        path = self.folder / RULE_FILE
        if path.exists():
            name = read_file(path, what="terminal's rule on revocation", limit=32).decode("ascii", "replace")
            try:
                return Rule(name.strip())
            except ValueError:
                raise TrustError(
                    f"{path} names no rule on revocation",
                    hint=f"Write one of these into it: {', '.join(Rule)}.",
                ) from None
        return Rule.REQUIRED if (self.folder / LISTS_FOLDER).is_dir() else Rule.OFF

    def check(self, rule: Rule | None = None) -> RevocationCheck:
        """What visits go by. ``rule``: instead of the folder's own. Raises TrustError for damaged files."""
        signing = development_calendar() if self.development else None
        return RevocationCheck(
            calendar=StoredCalendar.load(self.statements, behind=signing),
            lists=self.lists,
            rule=rule or self.rule,
        )

    def set_rule(self, rule: Rule) -> None:
        """Keep it as the folder's own."""
        replace_file(self.folder / RULE_FILE, f"{rule}\n".encode("ascii"), mode=0o644)

    def take_in(self, source: Path, today: date) -> tuple[TakenStatements, TakenIn | None]:
        """Take in all statements and lists that are in a folder, or one file; None where there was no list.

        Statements come first. Raises TrustError for what is tampered or another authority's, and where nothing is
        of use here, as when old lists are replayed; what was there before is there still.
        """
        if self.signers is None:
            raise TrustError(
                "this terminal does not know whose statements and lists count",
                hint="Pin the keys first: mumei terminal trust FOLDER --revocation-authority FILE --auditor FILE.",
            )
        if not source.exists():
            raise UsageError(f"there is no {source}", hint="Check the path; is the stick mounted?")
        day = day_number(today)
        single = not source.is_dir()
        files = [source] if single else sorted(source.rglob(f"*{SUFFIX}"))
        found = [load_statement(path) for path in files if path.suffix == SUFFIX]
        has_lists = source.suffix == LIST_SUFFIX if single else any(source.rglob(f"*{LIST_SUFFIX}"))
        if not found and not has_lists:
            raise UsageError(
                f"there is no epoch statement and no revocation list in {source}",
                hint=f"Their files end in {SUFFIX} and {LIST_SUFFIX}.",
            )
        statements = self._take_statements(found, self.signers, day, single=single)
        store = self.lists
        lists = store.take_in(source, day=day) if has_lists and store is not None else None
        _refuse_what_is_of_no_use(source, statements, lists)
        return statements, lists

    def _take_statements(
        self, found: Iterable[EpochStatement], signers: Signers, day: int, *, single: bool
    ) -> TakenStatements:
        outcome = {"new": 0, "already_there": 0, "not_ours": 0, "over": 0}
        accepted = []
        for statement in found:
            what = self._judge(statement, signers, day)
            if single and what in ("not_ours", "over"):
                raise _of_no_use(statement, what)
            outcome[what] += 1
            if what == "new":
                accepted.append(statement)
        for statement in accepted:
            make_folder(self.statements)
            replace_file(self._path(statement), statement.octets, mode=0o644)
        self._forget(day)
        return TakenStatements(**outcome)

    def _judge(self, statement: EpochStatement, signers: Signers, day: int) -> str:
        if not any(statement.serves(self.rp_context, recognise=each) for each in (False, True)):
            return "not_ours"
        try:
            SignedStatement.from_octets(statement.octets).check(signers.authority, signers.auditor)
            statement.check_points()
        except InvalidProof as error:
            raise TrustError(
                f"the statement of epoch {statement.epoch} is not signed by authority and auditor",
                hint="It was altered, or is another authority's: get it anew, from the source you trust.",
            ) from error
        except Undecided as error:
            raise TrustError(
                f"the statement of epoch {statement.epoch} is about other points than its own",
                hint="Authority and auditor have both signed what they must not: tell them, and do not use it.",
            ) from error
        if day > days_of(statement.epoch)[1]:
            return "over"
        return "already_there" if self._path(statement).exists() else "new"

    def _path(self, statement: EpochStatement) -> Path:
        kind = "recognise" if statement.recognises else "slots"
        return self.statements / f"{statement.epoch}-{kind}{SUFFIX}"

    def _forget(self, day: int) -> None:
        """Statements from which no card takes a date any more go."""
        for path in self.statements.glob(f"*{SUFFIX}"):
            if day > days_of(load_statement(path).epoch)[1]:
                path.unlink()


def _refuse_what_is_of_no_use(source: Path, statements: TakenStatements, lists: TakenIn | None) -> None:
    if lists is not None and lists.older and not lists.new + lists.already_there:
        raise TrustError(
            f"all lists in {source} are older than those that are here",
            hint="Nothing was changed. If they were handed over as the newest, somebody is replaying old ones.",
        )
    found: tuple[TakenStatements | TakenIn, ...] = (statements,) if lists is None else (statements, lists)
    if any(each.new + each.already_there for each in found):
        return
    if any(each.over for each in found):
        raise TrustError(f"everything in {source} has run out", hint="Get this week's statements and lists.")
    raise TrustError(
        f"nothing in {source} is for this terminal", hint="Get what is for its bucket: mumei terminal status."
    )


def _of_no_use(statement: EpochStatement, what: str) -> TrustError:
    if what == "over":
        return TrustError(
            f"the statement of epoch {statement.epoch} has run out", hint="Get this week's statement."
        )
    return TrustError(
        f"the statement of epoch {statement.epoch} is for other relying parties than this one",
        hint="Get the statement of this terminal's bucket.",
    )


def _read_keys(path: Path) -> tuple[bytes, ...]:
    octets = read_file(path, what="public key", limit=_PLACES * POINT_LENGTH)
    try:
        keys = split_keys(octets)
        if not keys:
            raise DecodingError("empty")
        return tuple(map(check_point, keys))
    except DecodingError as error:
        raise TrustError(
            f"{path} holds no public key", hint="Name the file that ends in .pub, of authority or auditor."
        ) from error
