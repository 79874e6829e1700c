"""The office CA: certificates of offices and of the issuer's service, and which of them are revoked.

X.509 (RFC 5280) on P-256, one CA above all: an office's certificate is for TLS clients, the service's for TLS
servers, so that neither can stand in for the other. A folder holds ``office-ca.key`` (a key file),
``office-ca.pem`` and, once a certificate is revoked, ``office-ca.crl``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mumei.files import make_folder, read_file, replace_file, write_new_file
from mumei.issuer.office_rights import OID, OfficeRights
from mumei.key_file import DEFAULT_LOG2_N
from mumei.signing_key import load_key, save_key
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import TrustError, UsageError

KIND: Final = "office-ca-key"
KEY_FILE: Final = "office-ca.key"
CERTIFICATE_FILE: Final = "office-ca.pem"
REVOKED_FILE: Final = "office-ca.crl"
CA_LIFETIME: Final = timedelta(days=3650)
DEFAULT_DAYS: Final = 365
MAX_DAYS: Final = 825
#: How long a list of revoked certificates is good for: then the service warns.
LIST_LIFETIME: Final = timedelta(days=90)
_FILE_LIMIT: Final = 1024 * 1024
#: Clocks differ.
_EARLIER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeCa:
    """The CA's certificate and private key."""

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)

    @classmethod
    def make(cls, name: str, *, now: datetime) -> Self:
        """A fresh key and its own certificate. ``name``: for people, 1 to 64 characters."""
        if not name.isprintable() or not 1 <= len(name) <= 64:
            raise UsageError("a CA's name has 1 to 64 characters", hint="Choose a shorter name.")
        key = SigningKey.generate()
        private = _private(key)
        subject = _name(name)
        builder = _begin(subject, subject, private.public_key(), now, CA_LIFETIME)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .sign(private, hashes.SHA256())
        )
        return cls(certificate=certificate, key=key)

    def certify_office(
        self, rights: OfficeRights, public_key: ec.EllipticCurvePublicKey, *, now: datetime, days: int
    ) -> x509.Certificate:
        """A certificate by which an office asks for signatures. Raises UsageError for days outside 1..825."""
        builder = self._leaf(rights.office, public_key, now, days)
        return (
            builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.UnrecognizedExtension(OID, rights.to_octets()), critical=False)
            .sign(_private(self.key), hashes.SHA256())
        )

    def certify_service(
        self, hosts: Sequence[str], public_key: ec.EllipticCurvePublicKey, *, now: datetime, days: int
    ) -> x509.Certificate:
        """A certificate of the service. ``hosts``: the names and addresses by which offices call it."""
        if not hosts:
            raise UsageError(
                "a service's certificate names its hosts", hint="Give the name that offices call."
            )
        builder = self._leaf(hosts[0], public_key, now, days)
        return (
            builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
            )
            .sign(_private(self.key), hashes.SHA256())
        )

    def revoke(
        self, serial: int, revoked: x509.CertificateRevocationList | None, *, now: datetime
    ) -> x509.CertificateRevocationList:
        """The next list of revoked certificates: the last one and ``serial``."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + LIST_LIFETIME)
        )
        entries = {entry.serial_number: entry for entry in revoked or ()}
        if serial not in entries:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            )
        for entry in entries.values():
            builder = builder.add_revoked_certificate(entry)
        number = 1 if revoked is None else _number(revoked) + 1
        return builder.add_extension(x509.CRLNumber(number), critical=False).sign(
            _private(self.key), hashes.SHA256()
        )

    def save(self, folder: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> None:
        """Write key and certificate. Raises UsageError where they are there already, HostEnvironmentError."""
        make_folder(folder)
        save_key(self.key, folder / KEY_FILE, KIND, passphrase, log2_n=log2_n)
        write_new_file(folder / CERTIFICATE_FILE, self.certificate.public_bytes(Encoding.PEM), mode=0o644)

    @classmethod
    def load(cls, folder: Path, passphrase: bytes) -> Self:
        """Raises as :func:`load_key`, and TrustError where the certificate is missing or another key's."""
        key = load_key(folder / KEY_FILE, KIND, passphrase)
        certificate = read_certificate(folder / CERTIFICATE_FILE)
        if certificate.public_key() != _private(key).public_key():
            raise TrustError(
                "the office CA's certificate and key do not belong together",
                hint="Restore both from one backup.",
            )
        return cls(certificate=certificate, key=key)

    def _leaf(
        self, subject: str, public_key: ec.EllipticCurvePublicKey, now: datetime, days: int
    ) -> x509.CertificateBuilder:
        if not 1 <= days <= MAX_DAYS:
            raise UsageError(
                f"a certificate is good for 1 to {MAX_DAYS} days", hint="Renew it in time instead."
            )
        if now + timedelta(days=days) > self.certificate.not_valid_after_utc:
            raise UsageError(
                "the certificate would outlive the office CA", hint="Fewer days, or make a new office CA."
            )
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(_private(self.key).public_key())
        return (
            _begin(_name(subject), self.certificate.subject, public_key, now, timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(own, critical=False)
        )


def read_certificate(path: Path) -> x509.Certificate:
    """A certificate from its PEM file. Raises TrustError, HostEnvironmentError."""
    octets = read_file(path, what="certificate", limit=_FILE_LIMIT)
    try:
        return x509.load_pem_x509_certificate(octets)
    except ValueError:
        raise TrustError(
            f"{path.name} holds no certificate", hint="Name the PEM file that the office CA has written."
        ) from None


def read_revoked(path: Path, ca: x509.Certificate) -> x509.CertificateRevocationList:
    """A list of revoked certificates. Raises TrustError where it is not this CA's."""
    octets = read_file(path, what="list of revoked certificates", limit=_FILE_LIMIT)
    try:
        revoked = x509.load_pem_x509_crl(octets)
    except ValueError:
        raise TrustError(f"{path.name} holds no list of revoked certificates", hint="Get it anew.") from None
    key = ca.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not revoked.is_signature_valid(key):
        raise TrustError(
            f"{path.name} is not signed by the office CA", hint="Get the list anew from the office CA."
        )
    return revoked


def write_revoked(path: Path, revoked: x509.CertificateRevocationList) -> None:
    """Put a newer list in the place of the last one, whole."""
    replace_file(path, revoked.public_bytes(Encoding.PEM), mode=0o644)


def read_request(path: Path) -> ec.EllipticCurvePublicKey:
    """The public key of a certificate request (PKCS #10, RFC 2986), which proves that somebody has its other half.

    Raises TrustError, UsageError for a key that is not on P-256.
    """
    octets = read_file(path, what="certificate request", limit=_FILE_LIMIT)
    try:
        request = x509.load_pem_x509_csr(octets)
    except ValueError:
        raise TrustError(f"{path.name} holds no certificate request", hint="Name a PEM file.") from None
    key = request.public_key()
    if not request.is_signature_valid:
        raise TrustError("the certificate request is not signed by its own key", hint="Make it anew.")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UsageError(
            "the request's key is not on P-256",
            hint="openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 ...",
        )
    return key


def utc_now() -> datetime:
    """The moment, to the second, as certificates have it."""
    return datetime.now(UTC).replace(microsecond=0)


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError:
        raise UsageError(
            f"{host!r} is no host name", hint="Letters, digits and hyphens, in ASCII (punycode)."
        ) from None


def _number(revoked: x509.CertificateRevocationList) -> int:
    return revoked.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _private(key: SigningKey) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key.secret_octets), ec.SECP256R1())
