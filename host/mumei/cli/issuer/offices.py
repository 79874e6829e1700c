"""``mumei issuer office-ca | office-certificate | service-certificate``: who may call the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import click
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mumei.cli.issuer.options import FOLDER, PATH, secret
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import make_folder, write_new_file
from mumei.issuer.folder import (
    OFFICE_CERTIFICATE_FILE,
    OFFICE_KEY_FILE,
    SERVICE_CERTIFICATE_FILE,
    SERVICE_KEY_FILE,
)
from mumei.issuer.issuance import Purpose
from mumei.issuer.office_ca import (
    CERTIFICATE_FILE,
    DEFAULT_DAYS,
    REVOKED_FILE,
    OfficeCa,
    read_certificate,
    read_request,
    read_revoked,
    utc_now,
    write_revoked,
)
from mumei.issuer.office_rights import OfficeRights
from mumei.issuer.periods import check_folder_passphrase
from mumei.issuer.tls import save_private_key
from mumei.key_file import check_passphrase
from mumei_core.errors import UsageError

_CA: Final = click.option("--ca", "ca_folder", required=True, type=PATH, help="The office CA's folder.")
_DAYS: Final = click.option(
    "--days", type=int, default=DEFAULT_DAYS, show_default=True, help="How long it is good for."
)
_PURPOSES: Final = {purpose.name.lower(): purpose for purpose in Purpose}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateInfo:
    """A certificate was made."""

    subject: str
    serial: str
    good_until: date
    files: tuple[str, ...]
    may: tuple[str, ...] = ()
    prefectures: tuple[int, ...] = ()
    per_hour: int | None = None

    @classmethod
    def of(cls, certificate: x509.Certificate, *files: Path) -> CertificateInfo:
        rights = OfficeRights.of_certificate(certificate)
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return cls(
            subject=str(names[0].value),
            serial=f"{certificate.serial_number:x}",
            good_until=certificate.not_valid_after_utc.date(),
            files=tuple(map(str, files)),
            may=tuple(purpose.name.lower() for purpose in rights.may) if rights else (),
            prefectures=rights.prefectures if rights else (),
            per_hour=rights.per_hour if rights else None,
        )

    def text(self) -> str:
        """One line a fact."""
        lines = [f"certificate of: {self.subject}", f"serial: {self.serial}"]
        lines.append(f"good until: {self.good_until.isoformat()}")
        if self.per_hour is not None:
            lines.append(f"may: {', '.join(self.may)}, at most {self.per_hour} an hour")
            lines.append(f"for residents of prefectures: {', '.join(map(str, self.prefectures))}")
        return "\n".join([*lines, f"made: {', '.join(self.files)}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedInfo:
    """What the list of revoked certificates says now."""

    serials: tuple[str, ...]
    file: str

    def text(self) -> str:
        """Two lines."""
        return (
            f"revoked: {', '.join(self.serials)}\n"
            f"Copy {self.file} into the issuer's folder; the service takes it in while it runs."
        )


@click.group("office-ca")
def office_ca() -> None:
    """The office CA: it certifies offices and the service, and revokes. Best kept away from the service."""


@office_ca.command("init")
@FOLDER
@click.option("--name", required=True, help="The CA's name, for people.")
@secret_options("passphrase", "the passphrase for the CA's key")
@json_option
def init_ca(folder: Path, name: str, passphrase: SecretSource, as_json: bool) -> None:
    """Make an office CA in FOLDER.

    \b
    Examples:
      mumei issuer office-ca init offices --name "Offices of Gifu TEST"
    """
    words = secret(passphrase, "passphrase for the office CA's key", confirm=True)
    check_passphrase(words)
    made = OfficeCa.make(name, now=utc_now())
    made.save(folder, words)
    emit(CertificateInfo.of(made.certificate, folder / CERTIFICATE_FILE), as_json=as_json)


@office_ca.command("revoke")
@click.argument("certificate", type=PATH)
@_CA
@secret_options("passphrase", "the passphrase of the CA's key")
@json_option
def revoke(certificate: Path, ca_folder: Path, passphrase: SecretSource, as_json: bool) -> None:
    """Revoke the CERTIFICATE of an office: its key was lost, or it may no longer.

    \b
    Examples:
      mumei issuer office-ca revoke gifu-ward/office.pem --ca offices
    """
    ca = OfficeCa.load(ca_folder, secret(passphrase, "passphrase of the office CA's key"))
    lost = read_certificate(certificate)
    try:
        lost.verify_directly_issued_by(ca.certificate)
    except (ValueError, InvalidSignature):
        raise UsageError("the certificate is of another CA", hint="Name the CA that made it: --ca.") from None
    path = ca_folder / REVOKED_FILE
    before = read_revoked(path, ca.certificate) if path.exists() else None
    revoked = ca.revoke(lost.serial_number, before, now=utc_now())
    write_revoked(path, revoked)
    emit(
        RevokedInfo(serials=tuple(f"{entry.serial_number:x}" for entry in revoked), file=str(path)),
        as_json=as_json,
    )


@click.command("office-certificate")
@click.argument("name")
@_CA
@click.option("--may", required=True, metavar="LIST", help="What it may have signed: enrol, renew, or both.")
@click.option("--prefectures", required=True, metavar="LIST", help="Whose residents: codes of JIS X 0401.")
@click.option("--per-hour", type=int, required=True, help="New signatures in an hour, at most.")
@_DAYS
@click.option("--out", required=True, type=PATH, metavar="FOLDER", help="Where the office's files go.")
@click.option(
    "--request",
    type=PATH,
    metavar="FILE",
    help="A certificate request (PEM): the office keeps its key. [default: make a key too]",
)
@secret_options("passphrase", "the passphrase of the CA's key")
@secret_options("office-passphrase", "the passphrase for the office's key")
@json_option
def office_certificate(
    name: str,
    ca_folder: Path,
    may: str,
    prefectures: str,
    per_hour: int,
    days: int,
    out: Path,
    request: Path | None,
    passphrase: SecretSource,
    office_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Certify the office NAME: what it may have signed stands in the certificate.

    \b
    Examples:
      mumei issuer office-certificate "Gifu ward" --ca offices --may enrol,renew --prefectures 21 \\
        --per-hour 200 --out gifu-ward
      mumei issuer office-certificate Seki --ca offices --may renew --prefectures 21 --per-hour 50 \\
        --request seki.csr --out seki
    """
    rights = OfficeRights.of(name, may=_purposes(may), prefectures=_numbers(prefectures), per_hour=per_hour)
    ca = OfficeCa.load(ca_folder, secret(passphrase, "passphrase of the office CA's key"))
    files = [out / OFFICE_CERTIFICATE_FILE, out / CERTIFICATE_FILE]
    if request is not None:
        _refuse_existing(*files)
        made = ca.certify_office(rights, read_request(request), now=utc_now(), days=days)
        make_folder(out)
    else:
        files.append(out / OFFICE_KEY_FILE)
        _refuse_existing(*files)
        private = ec.generate_private_key(ec.SECP256R1())
        made = ca.certify_office(rights, private.public_key(), now=utc_now(), days=days)
        words = secret(office_passphrase, "passphrase for the office's key", confirm=True)
        check_passphrase(words)
        make_folder(out)
        save_private_key(out / OFFICE_KEY_FILE, private, words)
    _write(out / OFFICE_CERTIFICATE_FILE, made)
    _write(out / CERTIFICATE_FILE, ca.certificate)
    emit(CertificateInfo.of(made, *files), as_json=as_json)


@click.command("service-certificate")
@FOLDER
@_CA
@click.option("--host", "hosts", required=True, multiple=True, help="A name or address that offices call.")
@_DAYS
@secret_options("passphrase", "the passphrase of the issuer's key")
@secret_options("ca-passphrase", "the passphrase of the CA's key")
@json_option
def service_certificate(
    folder: Path,
    ca_folder: Path,
    hosts: tuple[str, ...],
    days: int,
    passphrase: SecretSource,
    ca_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Certify the service of the issuer in FOLDER. Its TLS key is kept under the issuer key's passphrase.

    \b
    Examples:
      mumei issuer service-certificate gifu --ca offices --host issuer.gifu.example --host 10.1.2.3
    """
    files = [folder / SERVICE_CERTIFICATE_FILE, folder / SERVICE_KEY_FILE, folder / CERTIFICATE_FILE]
    _refuse_existing(*files)
    words = secret(passphrase, "passphrase of the issuer's key")
    check_folder_passphrase(folder, words)
    ca = OfficeCa.load(ca_folder, secret(ca_passphrase, "passphrase of the office CA's key"))
    private = ec.generate_private_key(ec.SECP256R1())
    made = ca.certify_service(hosts, private.public_key(), now=utc_now(), days=days)
    save_private_key(folder / SERVICE_KEY_FILE, private, words)
    _write(folder / SERVICE_CERTIFICATE_FILE, made)
    _write(folder / CERTIFICATE_FILE, ca.certificate)
    emit(CertificateInfo.of(made, *files), as_json=as_json)


def _write(path: Path, certificate: x509.Certificate) -> None:
    write_new_file(path, certificate.public_bytes(Encoding.PEM), mode=0o644)


def _refuse_existing(*files: Path) -> None:
    for file in files:
        if file.exists():
            raise UsageError(
                f"{file} is there already", hint="Move the old files away, or choose another folder."
            )


def _purposes(text: str) -> list[Purpose]:
    words = [word.strip() for word in text.split(",")]
    if not set(words) <= set(_PURPOSES):
        raise UsageError(
            "an office may enrol, renew, or both", hint="Write --may enrol, --may renew or --may enrol,renew."
        )
    return [_PURPOSES[word] for word in words]


def _numbers(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UsageError("prefectures are numbers", hint="Write --prefectures 21 or --prefectures 21,23.")
    return [int(word) for word in words]
