"""``mumei issuer serve | log``: sign for offices over HTTPS, and read what was signed."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from mumei.cli.issuer.options import FOLDER, PATH, ledger_option, open_ledger, open_log, secret
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress, warn
from mumei.cli.public_keys import read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import read_file
from mumei.issuer.folder import PARAMETERS_FILE, SERVICE_CERTIFICATE_FILE, SERVICE_KEY_FILE
from mumei.issuer.limits import Limits
from mumei.issuer.office_ca import CERTIFICATE_FILE, REVOKED_FILE, read_certificate, utc_now
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.peer import Offices
from mumei.issuer.periods import (
    Period,
    PeriodIssuer,
    check_folder_passphrase,
    load_periods,
    signs_on,
    waiting,
)
from mumei.issuer.server import HttpsServer, listen
from mumei.issuer.service import EXPIRY_WARNING, IssuerService
from mumei.issuer.signing_log import Head, LogLine
from mumei.issuer.tls import Identity
from mumei_core.attestation import MAX_CERTIFICATE_OCTETS, MakerCertificate
from mumei_core.dates import date_of, day_number, today
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

_STATEMENT_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LogInfo:
    """The signing log, or the part that was asked for. ``head``: to note down, elsewhere."""

    lines: tuple[LogLine, ...]
    count: int
    head: str
    verified: bool

    def text(self) -> str:
        """One line a signature, then the head."""
        words = [line.text() for line in self.lines]
        if self.verified:
            words.append(f"verified: {self.count} lines, each as it was written, none missing")
        return "\n".join([*words, f"head: {self.head}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Said once the service takes requests. ``key_id``: SHA-256 of the public key that signs today, in hex."""

    url: str
    key_id: str

    def text(self) -> str:
        """One sentence."""
        return f"signing for offices at {self.url}; Ctrl-C ends"


@click.command()
@FOLDER
@click.option(
    "--listen",
    "address",
    default="127.0.0.1:8443",
    show_default=True,
    metavar="HOST:PORT",
    help="Where offices call. Port 0 takes a free one.",
)
@ledger_option
@click.option("--issuer-root", type=PATH, metavar="FILE", help="Public key of the issuer's root, root.pub.")
@click.option("--auditor", type=PATH, metavar="FILE", help="The auditor's public key, auditor.pub.")
@click.option("--trustees", type=PATH, metavar="FILE", help="The trustees' list, signed by root and auditor.")
@click.option("--maker-root", type=PATH, metavar="FILE", help="The card maker's root: genuine chips only.")
@click.option(
    "--concurrent", type=click.IntRange(1, 64), default=4, show_default=True, help="Signatures at once."
)
@secret_options("passphrase", "the passphrase of the issuer's key")
@json_option
def serve(
    folder: Path,
    address: str,
    ledger: str | None,
    issuer_root: Path | None,
    auditor: Path | None,
    trustees: Path | None,
    maker_root: Path | None,
    concurrent: int,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Sign for offices, with the keys in FOLDER, until SIGTERM or Ctrl-C.

    Offices show a certificate of the office CA, which names what they may have signed; 'office-certificate' makes
    it. The log on standard error has office, purpose and outcome, and nothing about residents. With --json, one
    object on standard output says where it listens.

    \b
    Examples:
      mumei issuer serve gifu --passphrase-file pass.txt
      mumei issuer serve gifu --listen 10.1.2.3:8443 --ledger postgresql://mumei@db/issuer \\
        --issuer-root root/root.pub --auditor auditor.pub --trustees trustees.statement --maker-root maker.root
    """
    words = secret(passphrase, "passphrase of the issuer's key")
    check_folder_passphrase(folder, words)
    identity = Identity(
        certificate=folder / SERVICE_CERTIFICATE_FILE,
        key=folder / SERVICE_KEY_FILE,
        ca=folder / CERTIFICATE_FILE,
        passphrase=words,
    )
    roots, auditors = _signers(issuer_root, auditor)
    periods = load_periods(folder, words, root_keys=roots, auditor_keys=auditors)
    if not PublicParameters.load(folder / PARAMETERS_FILE).is_development:
        _demand(issuer_root, auditor, trustees, maker_root)
    _warn_of_ends(periods, identity)
    for name in waiting(folder):
        warn(
            f"the key of period {name} signs nothing yet",
            hint="Root and auditor sign its days: mumei auditor sign issuer-key.",
        )
    limits = Limits(concurrent=concurrent)
    with open_ledger(folder, ledger, words) as opened:
        issuing = PeriodIssuer(
            periods,
            opened,
            trustee_lists=() if trustees is None else (_trustees(trustees, roots, auditors),),
            maker_root=None if maker_root is None else _maker_root(maker_root),
        )
        offices = Offices(read_certificate(folder / CERTIFICATE_FILE), folder / REVOKED_FILE)
        if offices.list_is_stale(utc_now()):
            warn("the list of revoked certificates is old", hint="Get a newer one from the office CA.")
        service = IssuerService(issuing, opened, offices, limits=limits)
        server = HttpsServer(service, identity, listen(address), limits=limits)
        _log_to_stderr()
        host = address.rpartition(":")[0]
        listening = Listening(url=f"https://{host}:{server.port}", key_id=issuing.key_id.hex())
        progress(listening.text())
        if as_json:
            emit(listening, as_json=True)
        server.run()
    progress("ended; everything that was begun is on file")


@click.command("log")
@FOLDER
@ledger_option
@click.option("--verify", is_flag=True, help="Check every line, and that none is missing.")
@click.option("--noted", metavar="HEAD", help="With --verify: a head that was noted down earlier.")
@click.option("--last", type=click.IntRange(0), default=20, show_default=True, help="Show so many lines.")
@json_option
def show_log(
    folder: Path,
    ledger: str | None,
    verify: bool,
    noted: str | None,
    last: int,
    as_json: bool,
) -> None:
    """Show the signing log: which office had what signed with which key, and nothing about residents.

    Its head, noted down elsewhere, proves later that no line before it was changed or taken away. It wants no
    passphrase: what the ledger keeps secret is not in it.

    \b
    Examples:
      mumei issuer log gifu --last 5
      mumei issuer log gifu --verify --noted 4711:9f3c...
    """
    head = None if noted is None else Head.from_text(noted)
    with open_log(folder, ledger) as opened:
        if verify or head is not None:
            opened.verify(noted=head)
        end = opened.head()
        lines = tuple(opened.log(start=max(1, end.number - last + 1))) if last else ()
    emit(
        LogInfo(lines=lines, count=end.number, head=end.text(), verified=verify or head is not None),
        as_json=as_json,
    )


def _demand(*named: Path | None) -> None:
    """Whose signatures count is known by default for development cards only: there it is everybody's."""
    if None in named:
        raise UsageError(
            "an issuer of real cards must know who signs for trustees, and that chips are genuine",
            hint="Give --issuer-root, --auditor, --trustees and --maker-root.",
        )


def _signers(root: Path | None, auditor: Path | None) -> tuple[list[bytes], list[bytes]]:
    """Whose signatures statements carry; the development profile's keys where none are named."""
    return (
        [development_key(DevelopmentRole.ISSUER_ROOT).point if root is None else read_public_key(root)],
        [development_key(DevelopmentRole.AUDITOR).point if auditor is None else read_public_key(auditor)],
    )


def _trustees(path: Path, roots: list[bytes], auditors: list[bytes]) -> TrusteeListRecord:
    try:
        statement = SignedStatement.from_octets(read_file(path, what="statement", limit=_STATEMENT_LIMIT))
        statement.check(roots, auditors)
        return TrusteeListRecord.from_octets(statement.record)
    except (DecodingError, InvalidProof):
        raise TrustError(
            "the list of trustees is not signed by the issuer's root and the auditor",
            hint="Get it anew; check --issuer-root and --auditor.",
        ) from None


def _maker_root(path: Path) -> MakerCertificate:
    octets = read_file(path, what="card maker's root", limit=MAX_CERTIFICATE_OCTETS)
    try:
        root = MakerCertificate.from_octets(octets)
        root.check_root()
    except (DecodingError, InvalidProof):
        raise TrustError(f"{path} holds no card maker's root", hint="Name maker.root.") from None
    return root


def _warn_of_ends(periods: tuple[Period, ...], identity: Identity) -> None:
    """Certificates and periods that end soon: said when there is time to do something."""
    ends = identity.read_certificate().not_valid_after_utc
    if ends - utc_now() <= EXPIRY_WARNING:
        warn(
            f"the service's certificate ends on {ends.date().isoformat()}",
            hint="Make a new one: mumei issuer service-certificate.",
        )
    now = day_number(today())
    signing = signs_on(periods, now)
    others = [period for period in periods if period.key is not None and period.ends > signing.ends]
    if signing.record is not None and not others and signing.ends - now <= 3 * EXPIRY_WARNING.days:
        warn(
            f"the last key signs until {date_of(signing.ends).isoformat()}",
            hint="Begin a new period: mumei issuer rotate.",
        )


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%Y-%m-%d %H:%M:%S")
        words = record.getMessage()
        # An office's name is from its certificate: it must not steer the terminal.
        return moment + " " + "".join(c if c.isprintable() else "?" for c in words)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    log = logging.getLogger("mumei.issuer")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
