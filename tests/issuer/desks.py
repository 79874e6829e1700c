"""A service on loopback with everything real: office CA, certificates, TLS, ledger, keys."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fixtures import world
from tests.issuer.cards import OFFICE
from tests.issuer.signers import MortalLedger
from tests.issuer.signers import signer as usual_signer

from mumei.issuer.check_issuance import IssuerPublicKey, by_key_id
from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import IssuerUnreachableError, Issuing, Purpose
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.limits import Limits
from mumei.issuer.office_ca import OfficeCa, utc_now
from mumei.issuer.office_rights import OID, OfficeRights
from mumei.issuer.peer import Offices
from mumei.issuer.server import HttpsServer, listen
from mumei.issuer.service import IssuerService
from mumei.issuer.tls import Identity, save_private_key

PASSPHRASE = b"correct horse battery staple"
HOST = "127.0.0.1"
LEDGER_KEY = LedgerKey.generate()


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """An office CA, and what it has certified, in a folder."""

    folder: Path
    ca: OfficeCa

    @classmethod
    def make(cls, folder: Path, name: str = "Office CA TEST") -> Certificates:
        folder.mkdir(parents=True, exist_ok=True)
        ca = OfficeCa.make(name, now=utc_now())
        (folder / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
        return cls(folder=folder, ca=ca)

    def service(self, *hosts: str) -> Identity:
        return self._identity(
            "service", lambda key: self.ca.certify_service(hosts or (HOST,), key, now=utc_now(), days=30)
        )

    def office(
        self,
        name: str = OFFICE,
        *,
        file: str = "",
        days: int = 90,
        now: datetime | None = None,
        **rights: Any,
    ) -> Identity:
        """An office that may everything in Gifu, but for what ``rights`` say."""
        wanted: dict[str, Any] = {"may": tuple(Purpose), "prefectures": (world.GIFU,), "per_hour": 1000}
        said = OfficeRights.of(name, **(wanted | rights))
        return self._identity(
            file or name, lambda key: self.ca.certify_office(said, key, now=now or utc_now(), days=days)
        )

    def plain(self, name: str) -> Identity:
        """A client's certificate that says nothing about rights."""

        def certify(key: ec.EllipticCurvePublicKey) -> x509.Certificate:
            rights = OfficeRights.of("x", may=tuple(Purpose), prefectures=(1,), per_hour=1)
            made = self.ca.certify_office(rights, key, now=utc_now(), days=1)
            builder = (
                x509.CertificateBuilder()
                .subject_name(made.subject)
                .issuer_name(made.issuer)
                .public_key(key)
                .serial_number(made.serial_number)
                .not_valid_before(made.not_valid_before_utc)
                .not_valid_after(made.not_valid_after_utc)
            )
            for extension in made.extensions:
                if extension.oid != OID:
                    builder = builder.add_extension(extension.value, extension.critical)
            private = ec.derive_private_key(int.from_bytes(self.ca.key.secret_octets), ec.SECP256R1())
            return builder.sign(private, hashes.SHA256())

        return self._identity(name, certify)

    def _identity(self, name: str, certify: Any) -> Identity:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not certificate.exists():
            private = ec.generate_private_key(ec.SECP256R1())
            save_private_key(key, private, PASSPHRASE)
            certificate.write_bytes(certify(private.public_key()).public_bytes(Encoding.PEM))
        return Identity(certificate=certificate, key=key, ca=self.folder / "ca.pem", passphrase=PASSPHRASE)


@dataclass(kw_only=True)
class Desk:
    """A running service and its ledger."""

    port: int
    ledger: DurableLedger
    certificates: Certificates
    signer: Issuing
    service: IssuerService
    revoked: Path = field(default=Path())

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def client(self, identity: Identity | None = None, **options: Any) -> RemoteIssuer:
        """An office's way to it; patient for a moment only."""
        options = {"patience": 5.0, "attempt": 4.0} | options
        return RemoteIssuer(self.url, identity or self.certificates.office(), trusted(), **options)


def trusted(*names: str) -> Any:
    """The keys of the issuers of these names."""
    return by_key_id(
        *(
            IssuerPublicKey(public_key=world.issuer(name).key.public_key, W1=world.issuer(name).key.W1)
            for name in names or ("Gifu TEST",)
        )
    )


@contextmanager
def running(
    folder: Path,
    certificates: Certificates,
    *,
    ledger_key: LedgerKey | None = None,
    signer: Any = usual_signer,
    limits: Limits | None = None,
    port: int = 0,
) -> Iterator[Desk]:
    """Serve on a free port until the block ends."""
    revoked = folder / "office-ca.crl"
    with DurableLedger.open(folder / "ledger.db", ledger_key or LedgerKey.generate()) as ledger:
        issuing = signer(ledger)
        service = IssuerService(issuing, ledger, Offices(certificates.ca.certificate, revoked), limits=limits)
        with HttpsServer(service, certificates.service(), listen(f"{HOST}:{port}"), limits=limits) as server:
            yield Desk(
                port=server.port,
                ledger=ledger,
                certificates=certificates,
                signer=issuing,
                service=service,
                revoked=revoked,
            )


def serve_until_killed(folder: Path, certificates: Certificates, before: str, port: Any) -> None:
    """A service that dies; runs in a process of its own."""
    with running(
        folder,
        certificates,
        ledger_key=LEDGER_KEY,
        signer=lambda ledger: usual_signer(MortalLedger(ledger, before=before)),
    ) as desk:
        port.send(desk.port)
        threading.Event().wait()


def ask_until_killed(process: BaseProcess, ask: Callable[[], object]) -> None:
    """Ask a service that will die; on a busy machine the first time may end before it was heard."""
    while process.is_alive():
        with pytest.raises(IssuerUnreachableError):
            ask()
        process.join(timeout=0.5)
    assert process.exitcode == -signal.SIGKILL


def long_ago() -> datetime:
    """Certificates made then have expired."""
    return utc_now() - timedelta(days=200)
