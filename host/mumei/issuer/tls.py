"""TLS 1.3 (RFC 8446) between offices and the issuer's service: both sides show a certificate of the office CA."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from mumei.files import write_new_file
from mumei.issuer.office_ca import read_certificate
from mumei_core.errors import HostEnvironmentError, TrustError


class _SayingWhy(ssl.SSLObject):
    """The service's end of a connection, which tells an office why it is not let in.

    asyncio ends a connection whose handshake fails without sending the alert (RFC 8446, 6.2) that OpenSSL has made,
    so that an office with an expired certificate would see a broken connection and no reason. Here the failure is
    raised one step later: asyncio sends the alert, waits for the other side to go, and ends.
    """

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._failure = error
            raise ssl.SSLWantReadError("the alert is to be sent first") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Files of one side: its certificate, its private key (PKCS #8 in PEM, encrypted), and the office CA's
    certificate, the only one trusted.
    """

    certificate: Path
    key: Path
    ca: Path
    passphrase: bytes = field(repr=False)

    def read_certificate(self) -> x509.Certificate:
        """Our own. Raises TrustError, HostEnvironmentError."""
        return read_certificate(self.certificate)

    def for_service(self) -> ssl.SSLContext:
        """Nobody gets past the handshake without a certificate of the office CA. Raises TrustError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        # A resumed session would not show the certificate again.
        context.num_tickets = 0
        context.sslobject_class = _SayingWhy
        return self._load(context)

    def for_office(self) -> ssl.SSLContext:
        """The service must be the host that was called, certified by the office CA. Raises TrustError."""
        return self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        ca = read_certificate(self.ca)
        read_certificate(self.certificate)
        context.load_verify_locations(cadata=ca.public_bytes(Encoding.PEM).decode())
        _check_private(self.key)
        try:
            context.load_cert_chain(self.certificate, self.key, password=self.passphrase)
        except (ssl.SSLError, ValueError):
            raise TrustError(
                f"{self.key.name} is not opened by the passphrase, or is not the key of {self.certificate.name}",
                hint="Check the passphrase, and that key and certificate were made together.",
            ) from None
        return context


def save_private_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes) -> None:
    """A new PEM file, mode 0600, encrypted. Raises UsageError if there is one."""
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    write_new_file(path, octets, mode=0o600)


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        raise TrustError(f"there is no key {path}: {error.strerror}", hint="Check the path.") from None
    if mode & 0o077:
        raise HostEnvironmentError(
            f"other users may read or write {path.name} (mode {mode:04o})",
            hint=f"Run: chmod 600 {path.name}  - and replace the key if others had access.",
        )
