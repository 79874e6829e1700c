"""``mumei audit``: an office's audit trail: sealed every hour, taken away in one file, verified anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import click

from mumei.cli.auditor import read_public_key
from mumei.cli.office.history import History, HistoryLine
from mumei.cli.office.options import audit_key_of, let_in, read_option, registry_option, session_option
from mumei.cli.options import json_option
from mumei.cli.output import EXIT_DENY, emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import writing_new_file
from mumei.office.audit.actions import AuditAction
from mumei.office.audit.audit_key import is_open, load_audit_key, save_audit_key
from mumei.office.audit.seals import Seal, Sealer
from mumei.office.audit.trail_file import Item, TrailReader, read_items, write_items
from mumei.office.audit.verify import Report, verify_trail
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.registry import Registry
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import UsageError

_PATH: Final = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeyInfo:
    """The key that seals was made."""

    key: str
    public_key: str
    point: bytes

    def text(self) -> str:
        """What to do with which file."""
        return f"audit key: {self.key}\npublic key, for the auditor to keep: {self.public_key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealInfo:
    """The newest seal, and whether it was made just now."""

    made: bool
    seal: int | None
    entries: int
    at: datetime | None

    @classmethod
    def of(cls, seal: Seal | None, *, made: bool) -> SealInfo:
        if seal is None:
            return cls(made=made, seal=None, entries=0, at=None)
        return cls(made=made, seal=seal.number, entries=seal.entries, at=seal.at)

    def text(self) -> str:
        """One sentence."""
        if self.seal is None:
            return "nothing is on record that could be sealed"
        known = "seal" if self.made else "nothing new: seal"
        return f"{known} {self.seal} of {self.at:%Y-%m-%d %H:%M}Z stands over {self.entries} entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The file that was written."""

    file: str
    entries: int

    def text(self) -> str:
        """One sentence."""
        return f"{self.file} holds the trail: {self.entries} entries, their seals, the clerks' public keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """What does not hold."""

    trouble: str
    first: int
    last: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What an auditor learns."""

    sound: bool
    entries: int
    signed_by_clerks: int
    seals: int
    unsealed: int
    sealed_until: datetime | None
    findings: tuple[FindingLine, ...]

    @classmethod
    def of(cls, report: Report) -> Verification:
        return cls(
            sound=not report.findings,
            entries=report.entries,
            signed_by_clerks=report.signed,
            seals=report.seals,
            unsealed=report.unsealed,
            sealed_until=report.sealed_until,
            findings=tuple(
                FindingLine(
                    trouble=found.trouble.name.lower(),
                    first=found.first,
                    last=found.last,
                    sentence=found.sentence,
                )
                for found in report.findings
            ),
        )

    def text(self) -> str:
        """The verdict, then one line a finding."""
        sealed = f" until {self.sealed_until:%Y-%m-%d %H:%M}Z" if self.sealed_until else ""
        counts = (
            f"{self.entries} entries, {self.signed_by_clerks} signed by clerks;"
            f" {self.seals} seals{sealed}, {self.unsealed} entries not sealed yet"
        )
        if self.sound:
            return f"the audit trail is whole: {counts}"
        return "\n".join(
            (f"THE AUDIT TRAIL WAS ALTERED: {counts}", *(f"- {line.sentence}" for line in self.findings))
        )


@click.group()
def audit() -> None:
    """An office's audit trail: who did what, sealed every hour, verified offline."""


@audit.command()
@registry_option
@session_option(Right.MANAGE_REGISTRY)
@click.option("--key", type=_PATH, metavar="FILE", help="The new key. [default: beside the registry's]")
@click.option("--protected", is_flag=True, help="Under a passphrase: then nothing is sealed by itself.")
@secret_options("passphrase", "the passphrase of the audit key")
@json_option
def init(
    registry: str,
    clerk: ClerkSession,
    key: Path | None,
    protected: bool,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Make the key that seals the trail. Give the public key to the auditor, on another way than the trail.

    \b
    Examples:
      mumei audit init --registry ward.db
      mumei audit init --registry ward.db --key /mnt/usb/ward.audit.key --protected
    """
    file = _key_file(registry, key)
    secret = passphrase.text(prompt="passphrase", confirm=True).encode() if protected else None
    with Registry.open(registry) as open_registry:
        made = SigningKey.generate()
        public = save_audit_key(made, file, secret)
        try:
            Sealer(open_registry).adopt_key(made, clerk=clerk.name)
        except BaseException:
            # A key that the trail does not name would only be in the way of the next try.
            for leftover in (file, public):
                leftover.unlink(missing_ok=True)
            raise
    emit(AuditKeyInfo(key=str(file), public_key=str(public), point=made.point), as_json=as_json)


@audit.command()
@registry_option
@read_option(Right.SEAL_TRAIL)
@click.option("--key", type=_PATH, metavar="FILE", help="The audit key. [default: beside the registry's]")
@secret_options("passphrase", "the passphrase of the audit key")
@json_option
def seal(registry: str, key: Path | None, passphrase: SecretSource, as_json: bool) -> None:
    """Seal what was done since the last seal. Where the key needs no passphrase, this happens every hour by itself.

    \b
    Examples:
      mumei audit seal --registry ward.db
    """
    file = _key_file(registry, key)
    secret = None if is_open(file) else passphrase.text(prompt="passphrase of the audit key").encode()
    loaded = load_audit_key(file, secret)
    with Registry.open(registry) as open_registry:
        sealer = Sealer(open_registry)
        made = sealer.seal(loaded)
        emit(SealInfo.of(made or sealer.last(), made=made is not None), as_json=as_json)


@audit.command("export")
@click.argument("file", type=_PATH)
@registry_option
@read_option(Right.SEE_TRAIL)
@json_option
def export_trail(file: Path, registry: str, as_json: bool) -> None:
    """Write the whole trail to FILE, for an auditor to take away. It names no resident.

    \b
    Examples:
      mumei audit export trail.cbor --registry ward.db
    """
    with Registry.open(registry) as open_registry, writing_new_file(file, mode=0o600) as out:
        entries = write_items(TrailReader(open_registry).items(), out)
    emit(Exported(file=str(file), entries=entries), as_json=as_json)


@audit.command()
@click.argument("file", type=_PATH, required=False)
@click.option("--registry", metavar="FILE", help="Verify the registry's own trail instead of a file.")
@click.option(
    "--key", "keys", type=_PATH, multiple=True, required=True, help="The office's public audit key."
)
@click.option("--since", type=_PATH, metavar="FILE", help="An earlier export: its seals must still be there.")
@json_option
@click.pass_context
def verify(
    context: click.Context,
    file: Path | None,
    registry: str | None,
    keys: tuple[Path, ...],
    since: Path | None,
    as_json: bool,
) -> None:
    """Verify an exported trail in FILE; no registry and no network is needed. Exit code 1: it was altered.

    \b
    Examples:
      mumei audit verify trail.cbor --key ward.audit.pub
      mumei audit verify november.cbor --key ward.audit.pub --since october.cbor
      mumei audit verify --registry ward.db --key ward.audit.pub
    """
    if (file is None) == (registry is None):
        raise UsageError("name a FILE, or a registry with --registry", hint="One of the two, not both.")
    points = [read_public_key(key) for key in keys]
    earlier = () if since is None else _seals(read_items(since))
    progress("verifying; a long trail takes a while")
    if file is not None:
        report = verify_trail(read_items(file), keys=points, since=earlier)
    else:
        report = _verify_registry(str(registry), points, earlier)
    emit(Verification.of(report), as_json=as_json)
    if report.findings:
        context.exit(EXIT_DENY)


@audit.command()
@registry_option
@read_option(Right.SEE_TRAIL)
@click.option("--by", metavar="NAME", help="Only what this clerk did.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only this day, in Japan.")
@click.option(
    "--action",
    type=click.Choice([action.value for action in AuditAction], case_sensitive=False),
    metavar="ACTION",
    help="Only this action, such as CREDENTIAL_STORED.",
)
@click.option("--resident", type=int, metavar="NUMBER", help="Only this resident's.")
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this entry.")
@click.option("--limit", default=100, show_default=True, help="Longest page.")
@json_option
def show(
    registry: str,
    by: str | None,
    day: datetime | None,
    action: str | None,
    resident: int | None,
    after: int,
    limit: int,
    as_json: bool,
) -> None:
    """Show who did what, oldest first.

    \b
    Examples:
      mumei audit show --registry ward.db --by sato --day 2026-11-24
      mumei audit show --registry ward.db --action LOGIN_REFUSED
    """
    with Registry.open(registry) as open_registry:
        entries = TrailReader(open_registry).find(
            clerk=by,
            day=None if day is None else date(day.year, day.month, day.day),
            action=None if action is None else AuditAction(action),
            resident=resident,
            after=after,
            limit=limit,
        )
    emit(History(entries=tuple(map(HistoryLine.of, entries))), as_json=as_json)


def _key_file(registry: str, named: Path | None) -> Path:
    file = named or audit_key_of(registry)
    if file is None:
        raise UsageError("where is the audit key to be?", hint="Give --key FILE.")
    return file


def _verify_registry(registry: str, points: list[bytes], earlier: tuple[Seal, ...]) -> Report:
    let_in(registry, Right.SEE_TRAIL, None)
    with Registry.open(registry) as open_registry:
        return verify_trail(TrailReader(open_registry).items(), keys=points, since=earlier)


def _seals(items: Iterator[Item]) -> tuple[Seal, ...]:
    found = tuple(item for item in items if isinstance(item, Seal))
    if not found:
        raise UsageError("the earlier export holds no seal", hint="Only sealed trails can be compared.")
    return found
