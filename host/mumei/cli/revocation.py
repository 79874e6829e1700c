"""``mumei revocation``: the authority that signs epoch statements and publishes lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.engine_options import PaceLine, engine_options
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.public_keys import read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import read_file
from mumei.revocation import combining, publishing
from mumei.revocation.folder import PUBLIC_FILE, AuthorityFolder, read_contexts
from mumei.revocation.statements import write_statements
from mumei.trustee.documents import CaseFile
from mumei.trustee.engine import Engine
from mumei_core.dates import date_of, day_number, today
from mumei_core.epochs import epoch_of, first_day
from mumei_core.errors import DecodingError, TrustError
from mumei_core.statements import SignedStatement

_PATH = click.Path(path_type=Path)
_STATEMENT_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityMade:
    """The authority's key was made."""

    folder: str
    public_key: bytes

    def text(self) -> str:
        """Two lines."""
        return (
            f"made: in {self.folder}\n"
            f"public key, for cards to pin and terminals to trust: {self.public_key.hex()}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Something was done to so many things."""

    done: str
    count: int

    def text(self) -> str:
        """One line."""
        return self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the authority stands. ``lists``: (epoch, number) of what is published."""

    running_epoch: int
    begun: str
    next_begins: str
    trustees: tuple[str, ...]
    cases: int
    withdrawn: int
    recognising: int
    lists: tuple[tuple[int, int], ...]

    def text(self) -> str:
        """One line a fact."""
        lines = [
            f"running epoch: {self.running_epoch}, since {self.begun}; the next begins on {self.next_begins}",
            f"cases: {self.cases}, of which {self.withdrawn} were withdrawn",
            f"relying parties that recognise: {self.recognising}",
        ]
        lines += [f"trustees: {each}" for each in self.trustees]
        lines += [f"lists of epoch {epoch}: number {number}" for epoch, number in self.lists]
        return "\n".join(lines)


@click.group()
def revocation() -> None:
    """The revocation authority: statements for cards, lists for terminals."""


@revocation.command()
@click.argument("folder", type=_PATH)
@secret_options("passphrase", "the passphrase")
@json_option
def init(folder: Path, passphrase: SecretSource, as_json: bool) -> None:
    """Make the authority's key in FOLDER.

    \b
    Examples:
      mumei revocation init authority
      mumei revocation init authority --passphrase-file pass.txt --json
    """
    secret = passphrase.text(prompt="passphrase for the authority's key", confirm=True).encode()
    _, point = AuthorityFolder.create(folder, secret)
    emit(AuthorityMade(folder=str(folder / PUBLIC_FILE), public_key=point), as_json=as_json)


@revocation.command()
@click.argument("folder", type=_PATH)
@click.argument("file", type=_PATH)
@click.option("--root", "root_file", required=True, type=_PATH, help="The issuer's root's public key.")
@click.option("--auditor", "auditor_file", required=True, type=_PATH, help="The auditor's public key.")
@json_option
def trustees(folder: Path, file: Path, root_file: Path, auditor_file: Path, as_json: bool) -> None:
    """Take in the list of trustees that root and auditor have signed.

    \b
    Examples:
      mumei revocation trustees authority trustees.statement --root gifu-root/root.pub \\
        --auditor auditor/auditor.pub
    """
    opened = AuthorityFolder.open(folder)
    try:
        octets = read_file(file, what="list of trustees", limit=_STATEMENT_LIMIT)
        statement = SignedStatement.from_octets(octets)
    except DecodingError as error:
        raise TrustError(f"{file.name} holds no statement: {error}", hint="Get it anew.") from error
    record = opened.trust(
        statement,
        root_keys=(read_public_key(root_file),),
        auditor_keys=(read_public_key(auditor_file),),
    )
    emit(
        Done(done=f"trustees, version {record.version}: {record.t} of {record.n}", count=record.n),
        as_json=as_json,
    )


@revocation.command()
@click.argument("folder", type=_PATH)
@click.argument("out", type=_PATH)
@click.option("--epoch", type=int, help="The epoch. [default: the running one]")
@secret_options("passphrase", "the passphrase")
@json_option
def statements(folder: Path, out: Path, epoch: int | None, passphrase: SecretSource, as_json: bool) -> None:
    """Sign an epoch's statements into OUT, for the auditor; never before the epoch's first day.

    \b
    Examples:
      mumei revocation statements authority week
      mumei revocation statements authority week --epoch 7666

    The auditor signs them next: mumei auditor sign statements.
    """
    opened = AuthorityFolder.open(folder)
    key = opened.key(passphrase.text(prompt="passphrase").encode())
    day = day_number(today())
    chosen = epoch_of(day) if epoch is None else epoch
    count = write_statements(chosen, key, out, day=day, contexts=opened.contexts())
    emit(
        Done(done=f"{count} statements of epoch {chosen} are in {out}, for the auditor", count=count),
        as_json=as_json,
    )


@revocation.command()
@click.argument("folder", type=_PATH)
@click.argument("files", nargs=-1, required=True, type=_PATH)
@json_option
def cases(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Take in case files from offices: reported cards, and found ones.

    \b
    Examples:
      mumei revocation cases authority 0f3a-91c2-77d0-4be1.case
    """
    opened = AuthorityFolder.open(folder)
    new = sum(opened.take_case(CaseFile.load(file)) for file in files)
    emit(Done(done=f"{new} of {len(files)} cases are new", count=new), as_json=as_json)


@revocation.command()
@click.argument("folder", type=_PATH)
@click.argument("evaluations", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--epoch", type=int, help="The epoch. [default: the next one]")
@engine_options
@json_option
def combine(
    folder: Path, evaluations: tuple[Path, ...], epoch: int | None, engine: Engine, as_json: bool
) -> None:
    """Check trustees' EVALUATIONS, folders of files, and combine t of each card's in the exponent.

    \b
    Examples:
      mumei revocation combine authority from-ombudsman from-court
    """
    opened = AuthorityFolder.open(folder)
    day = day_number(today())
    chosen = epoch_of(day) + 1 if epoch is None else epoch
    result = combining.combine_epoch(
        opened, chosen, evaluations, day=day, engine=engine, pace=PaceLine("cards' handles")
    )
    if result.wrong or result.lacking:
        progress(f"{result.handles} handles were combined, {result.already} were before")
    combining.require_whole(result)
    emit(result, as_json=as_json)


@revocation.command()
@click.argument("folder", type=_PATH)
@click.option("--epoch", type=int, help="The epoch. [default: the next one]")
@click.option("--out", type=_PATH, help="Copy the lists to this folder too, by epoch and bucket.")
@secret_options("passphrase", "the passphrase")
@json_option
def publish(
    folder: Path, epoch: int | None, out: Path | None, passphrase: SecretSource, as_json: bool
) -> None:
    """Sign and number an epoch's lists, full and delta.

    Cards reported within an epoch enter the next one's lists, unless 16 enter at once or their holders consent.

    \b
    Examples:
      mumei revocation publish authority --out www/lists
    """
    opened = AuthorityFolder.open(folder)
    key = opened.key(passphrase.text(prompt="passphrase").encode())
    day = day_number(today())
    chosen = epoch_of(day) + 1 if epoch is None else epoch
    result = publishing.publish(opened, chosen, key, day=day, pace=PaceLine("lists"))
    if out is not None:
        count = publishing.copy_out(opened, chosen, out)
        progress(f"{count} files are in {out}")
    emit(result, as_json=as_json)


@revocation.command()
@click.argument("folder", type=_PATH)
@click.argument("file", type=_PATH)
@json_option
def contexts(folder: Path, file: Path, as_json: bool) -> None:
    """Set the relying parties that recognise cards within an epoch: FILE has one context a line.

    \b
    Examples:
      mumei revocation contexts authority recognising.txt
    """
    count = AuthorityFolder.open(folder).set_contexts(read_contexts(file))
    emit(Done(done=f"{count} relying parties recognise cards within an epoch", count=count), as_json=as_json)


@revocation.command()
@click.argument("folder", type=_PATH)
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show epochs, cases and lists; the key stays closed.

    \b
    Examples:
      mumei revocation status authority
    """
    opened = AuthorityFolder.open(folder)
    now = epoch_of(day_number(today()))
    known = list(opened.cases())
    epochs = range(now - 1, now + 2)
    emit(
        Status(
            running_epoch=now,
            begun=date_of(first_day(now)).isoformat(),
            next_begins=date_of(first_day(now + 1)).isoformat(),
            trustees=tuple(
                f"version {record.version}: {record.t} of {record.n}" for record in opened.trustees().values()
            ),
            cases=len(known),
            withdrawn=sum(case.withdrawn for case in known),
            recognising=len(opened.contexts()),
            lists=tuple(
                (epoch, number)
                for epoch in epochs
                if (number := publishing.last_number(opened.published(epoch)))
            ),
        ),
        as_json=as_json,
    )
