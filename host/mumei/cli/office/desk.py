"""What a desk that writes to cards is given: the issuer, the card maker's keys, and what cards are to pin."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import click

from mumei.auditor.files import load_statement
from mumei.authority.folder import read_certificate
from mumei.cli.auditor import read_public_key
from mumei.cli.office.options import read
from mumei.cli.output import progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.issuer.check_issuance import IssuerPublicKey, by_key_id
from mumei.issuer.client import RemoteIssuer
from mumei.issuer.folder import LEDGER_FILE, PARAMETERS_FILE
from mumei.issuer.issuance import Issuing
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.periods import PeriodIssuer, load_periods
from mumei.issuer.tls import Identity
from mumei.maker.master_key import MasterKey
from mumei.office.enrolment import Office, month_of
from mumei.office.genuine_chip import read_maker_root
from mumei.office.issuer_reports import IssuerReports, TakesReports
from mumei.office.registry import Registry
from mumei.session.scp03 import KeyProvider
from mumei_core.commands.trust import CardTrust
from mumei_core.dates import today
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.errors import UsageError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord

Command = Callable[..., Any]


class OfficesIssuer(Issuing, TakesReports, Protocol):
    """The issuer, embedded or its service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMaterial:
    """Files opened, passphrases typed: what every card of this run needs. ``open_issuer`` is called in the process
    that will use it: databases and connections are not shared.
    """

    parameters: PublicParameters
    open_issuer: Callable[[], AbstractContextManager[OfficesIssuer]]
    keys_of: KeyProvider | None
    trust: CardTrust | None
    statement: bytes | None
    maker_root: bytes | None
    trustees: bytes | None
    issuer_keys: tuple[bytes, ...]
    name: str

    @contextmanager
    def office(self, registry: Registry, clerk: str, *, quiet: bool = False) -> Iterator[Office]:
        """The desk's own steps with a card. Raises what opening the issuer raises, and TrustError."""
        with self.open_issuer() as issuing:
            IssuerReports(registry).send(issuing, clerk=clerk)
            office = Office(
                registry,
                self.parameters,
                issuing,
                clerk=clerk,
                keys_of=self.keys_of,
                trust=self.trust,
                statement=self.statement,
                maker_root=self.maker_root,
                trustees=self.trustees,
                issuer_keys=self.issuer_keys,
                name=self.name,
            )
            if not quiet:
                office.says(progress)
            yield office


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The options, as they were given."""

    issuer: str
    parameters: Path | None
    office_name: str
    office_certificate: Path | None
    office_key: Path | None
    office_ca: Path | None
    card_master: Path | None
    root: Path | None
    auditor: Path | None
    issuer_root: Path | None
    authority: Path | None
    digits: Path | None
    trustees: Path | None
    issuer_keys: tuple[Path, ...]
    maker_root: Path | None
    passphrase: SecretSource
    card_master_passphrase: SecretSource

    def load(self) -> DeskMaterial:
        """Open the files and ask for the passphrases. Raises UsageError for options that do not go together."""
        is_remote = "://" in self.issuer
        parameters = PublicParameters.load(self._parameters_file(is_remote))
        maker_root = None if self.maker_root is None else read(self.maker_root)
        open_issuer = self._remote(parameters) if is_remote else self._embedded(parameters, maker_root)
        keys_of = None
        if self.card_master is not None:
            typed = self.card_master_passphrase.text(prompt="passphrase of the card maker's master key")
            keys_of = MasterKey.load(self.card_master, typed.encode()).keys_of
        trust = self._trust()
        statement = None if self.digits is None else load_statement(self.digits).to_octets()
        if (trust is None) != (statement is None):
            raise UsageError(
                "the digits' statement goes with what a card pins", hint="Give --digits with --root."
            )
        return DeskMaterial(
            parameters=parameters,
            open_issuer=open_issuer,
            keys_of=keys_of,
            trust=trust,
            statement=statement,
            maker_root=maker_root,
            trustees=None if self.trustees is None else load_statement(self.trustees).to_octets(),
            issuer_keys=tuple(load_statement(file).to_octets() for file in self.issuer_keys),
            name=self.office_name,
        )

    def _parameters_file(self, is_remote: bool) -> Path:
        if self.parameters is not None:
            return self.parameters
        if is_remote:
            raise UsageError(
                "an issuer's service does not hand out its parameters",
                hint="Name the file that its people gave you: --parameters parameters.cbor.",
            )
        return Path(self.issuer) / PARAMETERS_FILE

    def _embedded(
        self, parameters: PublicParameters, maker_root: bytes | None
    ) -> Callable[[], AbstractContextManager[OfficesIssuer]]:
        folder = Path(self.issuer)
        own = folder / PARAMETERS_FILE
        # The folder says what its key is for, whatever parameters the desk was given.
        is_development = (PublicParameters.load(own) if own.exists() else parameters).is_development
        if not is_development and None in (self.issuer_root, self.auditor, self.trustees, maker_root):
            # Else the development profile's signers and trustees would count, whose keys everybody has.
            raise UsageError(
                "an issuer of real cards must know who signs for trustees, and that chips are genuine",
                hint="Give --issuer-root, --auditor, --trustees and --maker-root.",
            )
        secret = self.passphrase.text(prompt="passphrase of the issuer's key").encode()
        roots, auditors = self._signers()
        periods = load_periods(folder, secret, root_keys=roots, auditor_keys=auditors)
        ledger_key = LedgerKey.open(folder, secret)
        trustees = self._trustee_lists()

        @contextmanager
        def opened() -> Iterator[OfficesIssuer]:
            with DurableLedger.open(folder / LEDGER_FILE, ledger_key) as ledger:
                root = None if maker_root is None else read_maker_root(maker_root)
                yield PeriodIssuer(periods, ledger, trustee_lists=trustees, maker_root=root)

        return opened

    def _remote(self, parameters: PublicParameters) -> Callable[[], AbstractContextManager[OfficesIssuer]]:
        if self.office_certificate is None or self.office_key is None or self.office_ca is None:
            raise UsageError(
                "an issuer's service wants to know which office is asking",
                hint="Give --office-certificate, --office-key and --office-ca.",
            )
        secret = self.passphrase.text(prompt="passphrase of the office's key").encode()
        identity = Identity(
            certificate=self.office_certificate, key=self.office_key, ca=self.office_ca, passphrase=secret
        )
        keys = [IssuerPublicKey(public_key=parameters.public_key, W1=parameters.W1)]
        for file in self.issuer_keys:
            record = IssuerKeyRecord.from_octets(load_statement(file).record)
            keys.append(IssuerPublicKey(public_key=record.PK, W1=record.W1))
        return partial(RemoteIssuer, self.issuer, identity, by_key_id(*keys))

    def _signers(self) -> tuple[list[bytes], list[bytes]]:
        """Who signs the issuer's periods; for development cards, where nobody is named, keys that everybody has."""
        return (
            [development_key(DevelopmentRole.ISSUER_ROOT).point]
            if self.issuer_root is None
            else [read_public_key(self.issuer_root)],
            [development_key(DevelopmentRole.AUDITOR).point]
            if self.auditor is None
            else [read_public_key(self.auditor)],
        )

    def _trustee_lists(self) -> tuple[TrusteeListRecord, ...]:
        if self.trustees is None:
            return ()
        return (TrusteeListRecord.from_octets(load_statement(self.trustees).record),)

    def _trust(self) -> CardTrust | None:
        named = (self.root, self.auditor, self.issuer_root, self.authority)
        if named == (None,) * len(named):
            return None
        if self.root is None or self.auditor is None or self.issuer_root is None or self.authority is None:
            raise UsageError(
                "a card pins the root authority, the auditor, the issuer's root and the revocation authority",
                hint="Give --root, --auditor, --issuer-root and --authority.",
            )
        return CardTrust.of(
            [read_certificate(self.root)],
            month_of(today()),
            auditor_keys=[read_public_key(self.auditor)],
            root_keys=[read_public_key(self.issuer_root)],
            authority_keys=[read_public_key(self.authority)],
        )


def _file(name: str, about: str) -> Callable[[Command], Command]:
    return click.option(name, type=click.Path(path_type=Path), metavar="FILE", help=about)


_OPTIONS = (
    click.option(
        "--issuer",
        required=True,
        metavar="PLACE",
        help="The issuer's folder, with issuer.key and parameters.cbor; or its service, https://HOST:PORT.",
    ),
    _file("--parameters", "The issuer's parameters, where --issuer names a service."),
    click.option(
        "--office-name",
        default="office",
        show_default=True,
        metavar="NAME",
        help="This office, at the issuer.",
    ),
    _file("--office-certificate", "The office's certificate, for the issuer's service."),
    _file("--office-key", "The key that belongs to it."),
    _file("--office-ca", "The certificate of the issuer's office CA."),
    _file("--card-master", "The card maker's master key; standard cards are written to with it only."),
    _file("--root", "The root authority's certificate, to pin."),
    _file("--auditor", "The auditor's public key, to pin."),
    _file("--issuer-root", "The issuer's root key, to pin."),
    _file("--authority", "The revocation authority's public key, to pin: it signs each week's statements."),
    _file("--digits", "Digits and ages, signed by root and auditor."),
    _file("--trustees", "The trustees' list, signed by root and auditor; cards seal their shares to them."),
    click.option(
        "--issuer-key",
        "issuer_keys",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="A further key of the issuer, signed by root and auditor. May be repeated.",
    ),
    _file(
        "--maker-root", "The card maker's root, maker.root; standard cards must show that they are genuine."
    ),
)


def desk_options(function: Command) -> Command:
    """Add the options of a desk that writes to cards; the command gets ``desk: Desk``."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        desk = Desk(**{field.name: kwargs.pop(field.name) for field in dataclasses.fields(Desk)})
        return function(*args, desk=desk, **kwargs)

    decorated = secret_options("passphrase", "the passphrase of the issuer's key")(
        secret_options("card-master-passphrase", "the passphrase of the master key")(wrapper)
    )
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
