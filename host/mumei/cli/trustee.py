"""``mumei trustee``: hold shares of handles, approve reported cards, evaluate for an epoch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mumei.cli.engine_options import PaceLine, engine_options
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress, warn
from mumei.cli.public_keys import read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import make_folder, read_file
from mumei.revocation.folder import read_contexts
from mumei.trustee import work
from mumei.trustee.documents import CaseFile, Envelopes, case_words
from mumei.trustee.engine import Engine
from mumei.trustee.folder import PUBLIC_FILE, TrusteeFolder, TrusteeKeys
from mumei_core.dates import date_of, day_number, today
from mumei_core.development_trustees import development_trustees
from mumei_core.epochs import epoch_of, first_day
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

_PATH = click.Path(path_type=Path)
_LIST_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeMade:
    """A trustee's keys were made."""

    name: str
    folder: str
    public: str
    sealing_key: bytes

    def text(self) -> str:
        """Two lines."""
        return (
            f"made: trustee {self.name} in {self.folder}\n"
            f"Give {self.public} to the auditor, who signs the list of trustees, and to offices."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopesChecked:
    """Shares were opened and checked; ``bad``: handles, by the first octets of their hash."""

    confirmed: int
    again: int
    bad: tuple[str, ...]
    files: tuple[str, ...]

    def text(self) -> str:
        """One line a fact."""
        lines = [f"{self.confirmed} shares opened and checked, {self.again} were checked before"]
        lines += [f"confirmations, for the office: {file}" for file in self.files]
        lines += [f"BAD: the share of handle {each} is not of that handle" for each in self.bad]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecided:
    """A case was approved, or withdrawn."""

    case: str
    opened: str
    handles: int
    withdrawn: bool
    new: bool

    def text(self) -> str:
        """One or two lines."""
        what = "withdrawn: the card was found" if self.withdrawn else "approved"
        again = "" if self.new else " (it was before)"
        return f"case {self.case} of {self.opened}, {self.handles} handle(s): {what}{again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeShown:
    """What is in a trustee's folder. ``cases``: number, day of approval, whether withdrawn."""

    name: str
    sealing_key: bytes
    lists: int
    confirmed: int
    cases: tuple[tuple[str, str, bool], ...]

    def text(self) -> str:
        """One line a fact."""
        lines = [
            f"trustee: {self.name}, in {self.lists} list(s) of trustees",
            f"shares confirmed: {self.confirmed}",
            f"cases approved: {len(self.cases)}",
        ]
        lines += [
            f"  {case}  approved {day}{', withdrawn' if gone else ''}" for case, day, gone in self.cases
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedList:
    """A list of trustees, and whose signatures must be on it: an office could write one of its own."""

    file: Path
    root: Path
    auditor: Path

    def join(self, folder: TrusteeFolder) -> None:
        """Keep the list. Raises TrustError where root and auditor have not both signed it."""
        try:
            statement = SignedStatement.from_octets(
                read_file(self.file, what="list of trustees", limit=_LIST_LIMIT)
            )
            statement.check((read_public_key(self.root),), (read_public_key(self.auditor),))
            record = TrusteeListRecord.from_octets(statement.record)
        except (DecodingError, InvalidProof) as error:
            raise TrustError(
                f"{self.file.name} is no list of trustees that root and auditor have signed",
                hint="Get it anew from the auditor; check --root and --auditor.",
            ) from error
        index = folder.join(record)
        progress(f"this is trustee {index} of {record.n}; {record.t} are needed")


def _listed(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a signed list of trustees; the command gets ``signed_list``, None without one."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        file, root, auditor = (kwargs.pop(name) for name in ("list_file", "root", "auditor"))
        named = None
        if file is not None:
            if root is None or auditor is None:
                raise UsageError(
                    "a list of trustees counts with both signatures",
                    hint="Give --root and --auditor with --trustees: whose keys these are, you know yourself.",
                )
            named = SignedList(file=file, root=root, auditor=auditor)
        function(*args, signed_list=named, **kwargs)

    for option in (
        click.option("--auditor", type=_PATH, help="With --trustees: the auditor's public key."),
        click.option("--root", type=_PATH, help="With --trustees: the issuer's root's public key."),
        click.option("--trustees", "list_file", type=_PATH, help="The signed list; once is enough."),
    ):
        wrapper = option(wrapper)
    return wrapper


@click.group()
def trustee() -> None:
    """A revocation trustee: holds a share of every handle, and no handle."""


@trustee.command()
@click.argument("folder", type=_PATH)
@click.option("--name", required=True, help="The trustee's name, for people.")
@click.option(
    "--development",
    type=click.IntRange(1, 3),
    metavar="NUMBER",
    help="Be trustee 1, 2 or 3 of development cards, whose keys everybody has.",
)
@secret_options("passphrase", "the passphrase")
@json_option
def init(folder: Path, name: str, development: int | None, passphrase: SecretSource, as_json: bool) -> None:
    """Make a trustee's keys in FOLDER.

    \b
    Examples:
      mumei trustee init ombudsman --name Ombudsman
      mumei trustee init first --name First --development 1
      mumei trustee init court --name Court --passphrase-file pass.txt --json
    """
    secret = passphrase.text(prompt="passphrase for the trustee's key", confirm=True).encode()
    keys = TrusteeKeys.of_development(development) if development else None
    made, info = TrusteeFolder.create(folder, name, secret, keys=keys)
    if development:
        made.join(development_trustees())
    emit(
        TrusteeMade(
            name=name, folder=str(folder), public=str(folder / PUBLIC_FILE), sealing_key=info.sealing
        ),
        as_json=as_json,
    )


@trustee.command()
@click.argument("folder", type=_PATH)
@click.argument("files", nargs=-1, required=True, type=_PATH)
@_listed
@click.option("--out", required=True, type=_PATH, help="Folder for the confirmations.")
@secret_options("passphrase", "the passphrase")
@json_option
def check(
    folder: Path,
    files: tuple[Path, ...],
    signed_list: SignedList | None,
    out: Path,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Open the day's envelopes, check each share against the card's points, and confirm.

    \b
    Examples:
      mumei trustee check ombudsman 2026-11-24.envelopes --out confirmations
      mumei trustee check ombudsman 2026-11-24.envelopes --out confirmations --trustees trustees.statement \\
        --root root.pub --auditor auditor.pub
    """
    opened = TrusteeFolder.open(folder)
    keys = opened.keys(passphrase.text(prompt="passphrase").encode())
    if signed_list is not None:
        signed_list.join(opened)
    make_folder(out)
    confirmed = again = 0
    bad: list[str] = []
    written: list[str] = []
    for file in files:
        result = work.check_envelopes(opened, keys, Envelopes.load(file), day=day_number(today()))
        confirmed, again = confirmed + result.new, again + result.again
        bad += [case_words(digest) for digest in result.bad]
        for each in result.confirmations:
            path = out / f"{file.stem}-trustee{each.index}-{each.trustees[:4].hex()}.confirmations"
            each.save(path)
            written.append(str(path))
    emit(
        EnvelopesChecked(confirmed=confirmed, again=again, bad=tuple(bad), files=tuple(written)),
        as_json=as_json,
    )
    if bad:
        warn("cards with a bad share cannot be revoked", hint="Tell the office: it calls them back.")


@trustee.command()
@click.argument("folder", type=_PATH)
@click.argument("file", type=_PATH)
@_listed
@secret_options("passphrase", "the passphrase")
@json_option
def approve(
    folder: Path, file: Path, signed_list: SignedList | None, passphrase: SecretSource, as_json: bool
) -> None:
    """Approve the reported card of a case FILE, or that a found card is listed no more.

    Ask the office by telephone first, by the case's number: a file may come from anybody.

    \b
    Examples:
      mumei trustee approve ombudsman 0f3a-91c2-77d0-4be1.case
    """
    opened = TrusteeFolder.open(folder)
    case = CaseFile.load(file)
    keys = opened.keys(passphrase.text(prompt="passphrase").encode())
    if signed_list is not None:
        signed_list.join(opened)
    new = work.approve(opened, keys, case, day=day_number(today()))
    emit(
        CaseDecided(
            case=case.words,
            opened=date_of(case.opened).isoformat(),
            handles=len(case.handles),
            withdrawn=case.withdrawn,
            new=new,
        ),
        as_json=as_json,
    )


@trustee.command()
@click.argument("folder", type=_PATH)
@click.option("--out", required=True, type=_PATH, help="Folder for the evaluations, this trustee's own.")
@click.option("--epoch", type=int, help="The epoch. [default: the next one]")
@click.option("--contexts", type=_PATH, help="File of relying parties that recognise cards, one a line.")
@engine_options
@secret_options("passphrase", "the passphrase")
@json_option
def evaluate(
    folder: Path,
    out: Path,
    epoch: int | None,
    contexts: Path | None,
    engine: Engine,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Evaluate all approved cases for an epoch, with proofs. What is there already is not done again.

    Points are computed here, from their labels. An epoch that is over is refused.

    \b
    Examples:
      mumei trustee evaluate ombudsman --out evaluations
      mumei trustee evaluate ombudsman --out evaluations --cluster tls://head:8786 --tls-ca ca.pem \\
        --tls-cert trustee.pem --tls-key trustee-key.pem
    """
    opened = TrusteeFolder.open(folder)
    keys = opened.keys(passphrase.text(prompt="passphrase").encode())
    day = day_number(today())
    chosen = epoch_of(day) + 1 if epoch is None else epoch
    progress(f"evaluating for epoch {chosen}, which begins on {_begins(chosen)}")
    line = PaceLine("multiplications")
    result = work.evaluate_epoch(
        opened,
        keys,
        chosen,
        out,
        day=day,
        engine=engine,
        contexts=read_contexts(contexts) if contexts else (),
        pace=lambda pace: line(pace.done, pace.total),
    )
    emit(result, as_json=as_json)


@trustee.command()
@click.argument("folder", type=_PATH)
@json_option
def show(folder: Path, as_json: bool) -> None:
    """Show what is in a trustee's FOLDER; its key stays closed.

    \b
    Examples:
      mumei trustee show ombudsman
    """
    opened = TrusteeFolder.open(folder)
    info = opened.info()
    lists, confirmed = opened.counts()
    cases = tuple(
        (each.case.words, date_of(each.approved).isoformat(), each.withdrawn is not None)
        for each in opened.cases()
    )
    emit(
        TrusteeShown(name=info.name, sealing_key=info.sealing, lists=lists, confirmed=confirmed, cases=cases),
        as_json=as_json,
    )


def _begins(epoch: int) -> str:
    return date_of(max(first_day(epoch), 0)).isoformat()
