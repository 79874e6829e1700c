"""The card maker's root of attestation: it certifies the key by which a card shows itself at enrolment (mumei
protocol 2.2).

A folder holds ``attestation.key`` (a key file, kind "attestation-root") and ``maker.root``, its self-signed
certificate, which offices get.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder, read_file, write_new_file
from mumei.key_file import DEFAULT_LOG2_N
from mumei.signing_key import load_key, save_key
from mumei_core.attestation import MAX_CERTIFICATE_OCTETS, AttestationKey, MakerCertificate, Purpose
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError

KIND: Final = "attestation-root"
KEY_FILE: Final = "attestation.key"
ROOT_FILE: Final = "maker.root"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerRoot:
    """The root's certificate and private key."""

    certificate: MakerCertificate
    key: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.certificate.key != self.key.point:
            raise TrustError("the card maker's root and its key do not belong together")

    @classmethod
    def make(cls, maker: str, key: SigningKey) -> Self:
        """A self-signed root. ``maker``: its name. Raises UsageError for a name that does not fit."""
        try:
            certificate = MakerCertificate.issue(Purpose.ROOT, maker, key.point, key)
        except DecodingError as error:
            raise UsageError(str(error), hint="Choose a shorter name.") from error
        return cls(certificate=certificate, key=key)

    @classmethod
    def generate(cls, maker: str) -> Self:
        """With a fresh key."""
        return cls.make(maker, SigningKey.generate())

    def new_attestation_key(self) -> AttestationKey:
        """A fresh key for one card, certified."""
        key = SigningKey.generate()
        certificate = MakerCertificate.issue(Purpose.CARD, self.certificate.maker, key.point, self.key)
        return AttestationKey(secret=key.secret_octets, certificate=certificate)

    def save(self, folder: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> None:
        """Write both files. Raises UsageError where they are there already, HostEnvironmentError."""
        make_folder(folder)
        save_key(self.key, folder / KEY_FILE, KIND, passphrase, log2_n=log2_n)
        write_new_file(folder / ROOT_FILE, self.certificate.to_octets(), mode=0o644)

    @classmethod
    def load(cls, folder: Path, passphrase: bytes) -> Self:
        """Raises as :func:`load_key`, and TrustError where there is no root or it is another key's."""
        octets = read_file(folder / ROOT_FILE, what="card maker's root", limit=MAX_CERTIFICATE_OCTETS)
        try:
            certificate = MakerCertificate.from_octets(octets)
            certificate.check_root()
        except (DecodingError, InvalidProof) as error:
            raise TrustError(
                f"{folder / ROOT_FILE} holds no card maker's root: {error}",
                hint="Restore it from its backup.",
            ) from error
        return cls(certificate=certificate, key=load_key(folder / KEY_FILE, KIND, passphrase))
