"""Folders of authorities and terminals: a key file, the own certificate, and the certificates that lead to it.

``holder.key`` (encrypted at rest), ``certificate.cvcert``, and in ``chain/`` every certificate above: the root's
self-signed one, links between roots, the sector's. Certificates are whole 7F21 objects, as other TR-03110 tools
write and read them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mumei.authority.issuing import Issuer
from mumei.files import make_folder, read_file, write_new_file
from mumei.key_file import DEFAULT_LOG2_N
from mumei.signing_key import load_key, save_key
from mumei_core.eac.cvc import MAX_CERTIFICATE, Certificate
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError

KEY_FILE: Final = "holder.key"
CERTIFICATE_FILE: Final = "certificate.cvcert"
CHAIN_FOLDER: Final = "chain"
SUFFIX: Final = ".cvcert"
AUTHORITY_KEY: Final = "authority-key"
TERMINAL_KEY: Final = "terminal-key"


def read_certificate(path: Path) -> Certificate:
    """One certificate from a file. Raises TrustError."""
    octets = read_file(path, what="certificate", limit=MAX_CERTIFICATE)
    try:
        return Certificate.from_octets(octets)
    except DecodingError as error:
        raise TrustError(
            f"{path} holds no certificate: {error}", hint="Get the file anew from its authority."
        ) from error


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Write a new file. Raises UsageError if there is one."""
    write_new_file(path, certificate.to_octets(), mode=0o644)


def read_chain(folder: Path) -> tuple[Certificate, ...]:
    """Everything in ``chain/``, in the order of file names; nothing where there is no such folder."""
    files = sorted((folder / CHAIN_FOLDER).glob(f"*{SUFFIX}"))
    return tuple(map(read_certificate, files))


def save_holder(
    folder: Path,
    certificate: Certificate,
    above: Iterable[Certificate],
    key: SigningKey,
    passphrase: bytes,
    *,
    kind: str,
    log2_n: int = DEFAULT_LOG2_N,
) -> None:
    """Write a new folder. Raises UsageError if it holds a key or certificate already."""
    refuse_existing(folder)
    make_folder(folder)
    make_folder(folder / CHAIN_FOLDER)
    save_key(key, folder / KEY_FILE, kind, passphrase, log2_n=log2_n)
    for found in above:
        add_to_chain(folder, found)
    write_certificate(folder / CERTIFICATE_FILE, certificate)


def refuse_existing(folder: Path) -> None:
    """Raises UsageError if ``folder`` holds a key or certificate already."""
    for name in (KEY_FILE, CERTIFICATE_FILE):
        if (folder / name).exists():
            raise UsageError(f"{folder / name} is there already", hint="Choose another folder.")


def add_to_chain(folder: Path, certificate: Certificate) -> Path:
    """Write a certificate into ``chain/`` under a name of its holder and signer."""
    body = certificate.body
    name = _file_name(body.chr)
    if not certificate.is_self_signed:
        name += f"-by-{_file_name(body.car)}"
    path = folder / CHAIN_FOLDER / f"{name}{SUFFIX}"
    write_certificate(path, certificate)
    return path


def open_authority(folder: Path, passphrase: bytes) -> Issuer:
    """An authority that can sign, from its folder. Raises TrustError, and as :func:`load_key`."""
    certificate = read_certificate(folder / CERTIFICATE_FILE)
    return Issuer(
        chain=path_from_root(certificate, read_chain(folder)),
        key=load_key(folder / KEY_FILE, AUTHORITY_KEY, passphrase),
    )


def path_from_root(certificate: Certificate, known: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """The chain from a self-signed root to ``certificate``, every signature checked. Raises TrustError."""
    roots = {found.body.chr: found for found in known if found.is_self_signed}
    others = {found.body.chr: found for found in known if not found.is_self_signed}
    chain = [certificate]
    while not chain[0].is_self_signed:
        name = chain[0].body.car
        above = roots.get(name) or others.get(name)
        if above is None or len(chain) > len(roots) + len(others) + 1:
            raise TrustError(
                f"the certificate of {name.decode('latin-1')} is missing in {CHAIN_FOLDER}/",
                hint="Copy it there from its authority's folder.",
            )
        chain.insert(0, above)
    for issuer, issued in zip((chain[0], *chain), chain, strict=False):
        check_signature(issued, issuer)
    return tuple(chain)


def check_signature(certificate: Certificate, issuer: Certificate) -> None:
    """Raises TrustError unless ``issuer``'s key has signed ``certificate``."""
    try:
        verify(issuer.body.public_key.point, certificate.signed, certificate.signature)
    except (DecodingError, InvalidProof) as error:
        raise TrustError(
            f"the certificate of {certificate.body.chr.decode('latin-1')} is not signed by "
            f"{issuer.body.chr.decode('latin-1')}",
            hint="Do not use it. Get the certificates anew from their authorities.",
        ) from error


def _file_name(reference: bytes) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in reference.decode("latin-1"))
