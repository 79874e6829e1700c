"""``mumei authority``: who may ask what: make certificates of roots, sectors and terminals, and look at them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from mumei.auditor.files import AuditedContext
from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import (
    AUTHORITY_KEY,
    CERTIFICATE_FILE,
    add_to_chain,
    open_authority,
    read_certificate,
    refuse_existing,
    save_holder,
)
from mumei.authority.issuing import (
    ALL_RIGHTS,
    Validity,
    issue_link,
    issue_root,
    issue_sector,
    issue_terminal,
    reference,
)
from mumei.cli.certificate_info import CertificateInfo
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.cli.questions import Asked, question_options
from mumei.cli.secrets import SecretSource, secret_options
from mumei_core.credential import encode_text
from mumei_core.eac.rights import NO_FLAGS, CertificateRights, Flag, RelyingParty
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import UsageError

Command = Callable[..., Any]
_FOLDER: Final = click.Path(path_type=Path)
_FLAGS: Final = {flag.name.lower(): flag for flag in Flag if flag.name and flag is not Flag.PSEUDONYM}
_YEAR: Final = 365


def _holder_options(function: Command) -> Command:
    """Add --name and --sequence."""
    function = click.option(
        "--sequence", type=click.IntRange(0, 99_999), default=1, show_default=True, help="Its key's number."
    )(function)
    return click.option(
        "--name", required=True, help="Country and up to nine capital letters or digits: JPSAKE."
    )(function)


def _days_option(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--days", type=click.IntRange(1, 20 * _YEAR), default=default, show_default=True, help="Validity."
    )


@click.group()
def authority() -> None:
    """Make certificates: who may ask cards what. Inspect them."""


@authority.command()
@click.argument("folder", type=_FOLDER)
@_holder_options
@_days_option(3 * _YEAR)
@secret_options("passphrase", "the passphrase")
@json_option
def init(folder: Path, name: str, sequence: int, days: int, passphrase: SecretSource, as_json: bool) -> None:
    """Make a root (CVCA) in FOLDER: its key, and the certificate that cards are made with.

    It may pass on every right that there is, with the ages of the public list. It begins on the first of this
    month, and so can its sector authorities: a day of their own would mark the cards that have met them.

    \b
    Examples:
      mumei authority init cvca --name JPMUMEI
      mumei authority init cvca2 --name JPMUMEI --sequence 2 --passphrase-file pass.txt
    """
    holder = reference(name, sequence)
    refuse_existing(folder)
    secret = _new_passphrase(passphrase)
    key = SigningKey.generate()
    certificate = issue_root(holder, _validity(_today().replace(day=1), days), key)
    save_holder(folder, certificate, (certificate,), key, secret, kind=AUTHORITY_KEY)
    emit(CertificateInfo.of(certificate, folder=folder), as_json=as_json)


@authority.command()
@click.argument("folder", type=_FOLDER)
@click.option("--by", "root", required=True, type=_FOLDER, help="The root's folder.")
@_holder_options
@click.option("--official", is_flag=True, help="An official authority: offices, never shops.")
@click.option("--pin-management", is_flag=True, help="Its terminals may unblock PINs.")
@click.option(
    "--flag",
    "flags",
    type=click.Choice(list(_FLAGS)),
    multiple=True,
    help="A right to pass on. Renewal and personalisation: official authorities only.",
)
@question_options
@click.option(
    "--all-questions", is_flag=True, help="Every age of the public list, every attribute, pseudonyms."
)
@click.option("--pin", is_flag=True, help="Its terminals always ask for the PIN.")
@_days_option(_YEAR)
@secret_options("passphrase", "the new authority's passphrase")
@secret_options("by-passphrase", "the root's passphrase")
@json_option
def sector(
    folder: Path,
    root: Path,
    name: str,
    sequence: int,
    official: bool,
    pin_management: bool,
    flags: tuple[str, ...],
    asked: Asked,
    all_questions: bool,
    pin: bool,
    days: int,
    passphrase: SecretSource,
    by_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Make a sector authority in FOLDER, signed by a root.

    It begins on the first of this month: a day of its own would mark the cards that have met it. Terminals under
    an authority that is not official can never move a card's date.

    \b
    Examples:
      mumei authority sector shops --by cvca --name JPSHOPS --all-questions
      mumei authority sector offices --by cvca --name JPOFFICES --official --all-questions --flag renewal
    """
    holder = reference(name, sequence)
    refuse_existing(folder)
    issuer = open_authority(root, _passphrase(by_passphrase, "passphrase of the root"))
    secret = _new_passphrase(passphrase)
    key = SigningKey.generate()
    first = max(_today().replace(day=1), issuer.certificate.body.effective)
    certificate = issue_sector(
        issuer,
        holder,
        _validity(first, days),
        key,
        _rights(asked, flags, pin=pin, everything=all_questions),
        official=official,
        pin_management=pin_management,
    )
    save_holder(folder, certificate, issuer.chain, key, secret, kind=AUTHORITY_KEY)
    emit(CertificateInfo.of(certificate, folder=folder), as_json=as_json)


@authority.command()
@click.argument("folder", type=_FOLDER)
@click.option("--by", "sector_folder", required=True, type=_FOLDER, help="The sector authority's folder.")
@_holder_options
@click.option("--context", help="The relying party's context: one for all its terminals.")
@click.option("--display-name", help="The name that holders are shown.")
@click.option(
    "--audited",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The context, signed by the auditor; instead of --context and --display-name. For pseudonyms.",
)
@question_options
@click.option("--flag", "flags", type=click.Choice(list(_FLAGS)), multiple=True, help="A further right.")
@click.option("--pin", is_flag=True, help="Always ask for the holder's PIN.")
@click.option("--pin-management", is_flag=True, help="May unblock PINs.")
@click.option("--only-by-pin", is_flag=True, help="May not come in by shop code or CAN: services.")
@_days_option(35)
@secret_options("passphrase", "the terminal's passphrase")
@secret_options("by-passphrase", "the sector authority's passphrase")
@json_option
def terminal(
    folder: Path,
    sector_folder: Path,
    name: str,
    sequence: int,
    context: str | None,
    display_name: str | None,
    audited: Path | None,
    asked: Asked,
    flags: tuple[str, ...],
    pin: bool,
    pin_management: bool,
    only_by_pin: bool,
    days: int,
    passphrase: SecretSource,
    by_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Make a terminal's FOLDER: key, certificate, and the certificates above it.

    Every right not named is refused. A shop's certificate is valid for at most 35 days.

    \b
    Examples:
      mumei authority terminal sake --by shops --name JPSAKE --context sake.example \\
        --display-name "Sake Shop" --over 20
      mumei authority terminal forum --by shops --name JPFORUM --audited forum.context --pseudonym
    """
    holder = reference(name, sequence)
    refuse_existing(folder)
    issuer = open_authority(sector_folder, _passphrase(by_passphrase, "passphrase of the sector authority"))
    party = _party(context, display_name, audited, issuer.certificate.body.chr)
    secret = _new_passphrase(passphrase)
    key = SigningKey.generate()
    certificate = issue_terminal(
        issuer,
        holder,
        _validity(_today(), days),
        key,
        _rights(asked, flags, pin=pin, party=party),
        can_allowed=not only_by_pin,
        pin_management=pin_management,
    )
    made = TerminalCredentials(certificate=certificate, known=issuer.chain, key=key)
    made.save(folder, secret)
    emit(CertificateInfo.of(certificate, folder=folder), as_json=as_json)


@authority.command()
@click.argument("old", type=_FOLDER)
@click.argument("new", type=_FOLDER)
@secret_options("passphrase", "the old root's passphrase")
@json_option
def link(old: Path, new: Path, passphrase: SecretSource, as_json: bool) -> None:
    """Sign root NEW's key with root OLD's, so that cards made with OLD learn NEW.

    The link is written into NEW's chain folder; give it to sectors and terminals too.

    \b
    Examples:
      mumei authority link cvca cvca2
    """
    certificate = read_certificate(new / CERTIFICATE_FILE)
    made = issue_link(open_authority(old, _passphrase(passphrase, "passphrase of the old root")), certificate)
    path = add_to_chain(new, made)
    emit(CertificateInfo.of(made, folder=path), as_json=as_json)


@authority.command()
@click.argument("certificate", type=click.Path(path_type=Path))
@json_option
def inspect(certificate: Path, as_json: bool) -> None:
    """Show what a CERTIFICATE says: a file, or the folder of an authority or a terminal.

    Nothing is checked but its form: whether a card takes it, the card decides.

    \b
    Examples:
      mumei authority inspect sake
      mumei authority inspect shops/certificate.cvcert --json
    """
    path = certificate / CERTIFICATE_FILE if certificate.is_dir() else certificate
    emit(CertificateInfo.of(read_certificate(path)), as_json=as_json)


def _rights(
    asked: Asked,
    flags: tuple[str, ...],
    *,
    pin: bool,
    everything: bool = False,
    party: RelyingParty | None = None,
) -> CertificateRights:
    chosen = NO_FLAGS
    for name in flags:
        chosen |= _FLAGS[name]
    if asked.pseudonym or everything:
        chosen |= Flag.PSEUDONYM
    predicates = dict.fromkeys((*(ALL_RIGHTS.predicates if everything else ()), *asked.predicates))
    return CertificateRights(
        relying_party=party,
        predicates=tuple(predicates),
        attributes=ALL_RIGHTS.attributes if everything else asked.disclose,
        flags=chosen,
        pin=pin,
    )


def _party(
    context: str | None, display_name: str | None, audited: Path | None, sector: bytes
) -> RelyingParty | None:
    if audited is None:
        if (context is None) != (display_name is None):
            raise UsageError("a relying party has a context and a name", hint="Give both or neither.")
        if context is None or display_name is None:
            return None
        return RelyingParty(rp_context=encode_text(context), display_name=display_name)
    if context is not None or display_name is not None:
        raise UsageError(
            "--audited names the context already", hint="Leave --context and --display-name out."
        )
    found = AuditedContext.load(audited)
    if found.record.sector != sector:
        raise UsageError(
            f"the context was audited for sector {found.record.sector.decode('latin-1')}",
            hint=f"Have it audited for {sector.decode('latin-1')}.",
        )
    return RelyingParty(
        rp_context=found.record.rp_context,
        display_name=found.record.name,
        OP=found.record.OP,
        verifier_key=found.record.verifier_key,
        auditor_signature=found.signature,
    )


def _today() -> date:
    """Certificates count days in GMT (TR-03110-3 v2.21, D.2.1.3)."""
    return datetime.now(UTC).date()


def _validity(first: date, days: int) -> Validity:
    return Validity(effective=first, expiration=first + timedelta(days=days - 1))


def _new_passphrase(source: SecretSource) -> bytes:
    return source.text(prompt="passphrase for the new key", confirm=True).encode()


def _passphrase(source: SecretSource, prompt: str) -> bytes:
    return source.text(prompt=prompt).encode()
