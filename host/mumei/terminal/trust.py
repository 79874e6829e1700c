"""A terminal's own folder: who it is and what it may ask, and the issuer's parameters that it trusts.

``parameters.cbor``: the issuer's public parameters, audited when the folder was made. Beside it what
'mumei authority terminal' made (certificate, chain, key) or, in the development profile, ``description.e2``: the
octets of E2, unsigned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import CERTIFICATE_FILE, path_from_root, read_certificate, read_chain
from mumei.files import make_folder, read_file, write_new_file
from mumei.issuer.parameters import PublicParameters
from mumei.session.pace import ShopCode
from mumei.terminal.access import CONTACT_SHOP_CODE, Access, CertificateAccess, DescriptionAccess
from mumei.terminal.calendar import StoredCalendar, development_calendar
from mumei.terminal.revocation_check import RevocationCheck, Rule
from mumei.terminal.revocation_folder import RevocationFolder
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.eac.authorisation import expected_rights
from mumei_core.eac.trust import ImportedKey
from mumei_core.errors import DecodingError, TrustError, UsageError
from mumei_core.presentation.verifier import Verifier

DESCRIPTION_FILE: Final = "description.e2"
PARAMETERS_FILE: Final = "parameters.cbor"
PERIODS_FOLDER: Final = "periods"
_MAX_DESCRIPTION = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A relying party's terminal, ready to ask. ``verifier`` trusts the parameters' issuer only.

    ``revocation``: its epoch statements, without which cards say nothing about dates, and its lists.
    """

    access: Access
    parameters: PublicParameters
    verifier: Verifier = field(repr=False)
    revocation: RevocationCheck

    def __post_init__(self) -> None:
        if self.access.profile != self.parameters.profile:
            raise TrustError(
                "the terminal and the issuer's parameters are for cards of different profiles",
                hint="Certificates go with parameters for standard cards, descriptions with development ones.",
            )

    @property
    def rights(self) -> TerminalRights:
        """What cards will let it ask."""
        return self.access.rights

    @property
    def description_octets(self) -> bytes:
        """E2 of a development terminal. Raises UsageError for another."""
        if not isinstance(self.access, DescriptionAccess):
            raise UsageError(
                "this terminal has certificates, and no description", hint="It reads standard cards."
            )
        return self.access.octets

    @property
    def rp_context(self) -> str:
        """For people."""
        return self.rights.rp_context.decode("utf-8", "replace")

    @classmethod
    def of(
        cls,
        description: TerminalDescription,
        parameters: PublicParameters,
        revocation: RevocationCheck | None = None,
    ) -> Terminal:
        """A development terminal from its parts; unless told otherwise, it signs its own statements."""
        return cls(
            access=DescriptionAccess(rights=description, octets=description.to_octets()),
            parameters=parameters,
            verifier=verifier_for(parameters),
            revocation=revocation or RevocationCheck(calendar=development_calendar()),
        )

    @classmethod
    def with_credentials(
        cls,
        credentials: TerminalCredentials,
        parameters: PublicParameters,
        *,
        shop_code: str = CONTACT_SHOP_CODE,
        revocation: RevocationCheck | None = None,
    ) -> Terminal:
        """A terminal with a certificate; unless told otherwise it has no epoch statement.

        Raises TrustError where the chain grants nothing.
        """
        return cls(
            access=CertificateAccess(
                rights=credentials.rights, credentials=credentials, shop_code=ShopCode(shop_code)
            ),
            parameters=parameters,
            verifier=verifier_for(parameters),
            revocation=revocation or RevocationCheck(calendar=StoredCalendar()),
        )

    @classmethod
    def load(
        cls,
        folder: Path,
        passphrase: Callable[[], bytes] = lambda: b"",
        *,
        shop_code: str = CONTACT_SHOP_CODE,
        rule: Rule | None = None,
    ) -> Terminal:
        """From its folder; ``passphrase`` is asked for where there is a key, ``rule`` stands in for the folder's.

        Raises TrustError or KeyFileError.
        """
        parameters = PublicParameters.load(folder / PARAMETERS_FILE)
        if has_credentials(folder):
            credentials = TerminalCredentials.load(folder, passphrase())
            revocation = RevocationFolder.open(folder, credentials.rights.rp_context, development=False)
            found = cls.with_credentials(
                credentials, parameters, shop_code=shop_code, revocation=revocation.check(rule)
            )
            return replace(found, verifier=verifier_for(parameters, *further_periods(folder)))
        description, octets = _read_description(folder)
        revocation = RevocationFolder.open(folder, description.rp_context, development=True)
        return cls(
            access=DescriptionAccess(rights=description, octets=octets),
            parameters=parameters,
            verifier=verifier_for(parameters),
            revocation=revocation.check(rule),
        )

    def save(self, folder: Path) -> None:
        """Write a new folder of a development terminal.

        Raises UsageError, and writes nothing, if one of the files to write is there already.
        """
        octets = self.description_octets
        for name in (DESCRIPTION_FILE, PARAMETERS_FILE, CERTIFICATE_FILE):
            if (folder / name).exists():
                raise UsageError(f"{folder / name} is there already", hint="Choose another folder.")
        make_folder(folder)
        write_new_file(folder / DESCRIPTION_FILE, octets, mode=0o644)
        self.parameters.save(folder / PARAMETERS_FILE)


def add_parameters(folder: Path, parameters: PublicParameters) -> None:
    """Put the parameters beside the certificate that is in ``folder``; where some are there, as a further period.

    An issuer changes keys by period, and cards of both are in people's hands. Raises UsageError where this period
    is there already, or the parameters are another issuer's: its digit table would be another.
    """
    if not (folder / PARAMETERS_FILE).exists():
        return parameters.save(folder / PARAMETERS_FILE)
    known = PublicParameters.load(folder / PARAMETERS_FILE)
    if (parameters.table_hash, parameters.profile) != (known.table_hash, known.profile):
        raise UsageError(
            f"{folder} trusts {known.issuer!r}, and these parameters are not a further period of it",
            hint="Make another terminal, or name the file in the issuer's folder periods/.",
        )
    if parameters.public_key in {period.public_key for period in (known, *further_periods(folder))}:
        raise UsageError(f"{folder} knows these parameters already", hint="Nothing is to do.")
    (folder / PERIODS_FOLDER).mkdir(exist_ok=True)
    return parameters.save(folder / PERIODS_FOLDER / f"{parameters.key_id.hex()[:16]}.cbor")


def further_periods(folder: Path) -> tuple[PublicParameters, ...]:
    """The issuer's periods that were added. Raises TrustError where a file is damaged or another issuer's."""
    known = PublicParameters.load(folder / PARAMETERS_FILE)
    found = tuple(map(PublicParameters.load, sorted((folder / PERIODS_FOLDER).glob("*.cbor"))))
    if any(period.table_hash != known.table_hash for period in found):
        raise TrustError(
            f"{folder / PERIODS_FOLDER} holds another issuer's parameters",
            hint="Remove them, and add the period anew: mumei terminal init.",
        )
    return found


def has_credentials(folder: Path) -> bool:
    """Whether 'mumei authority terminal' made this folder."""
    return (folder / CERTIFICATE_FILE).exists()


def rights_in(folder: Path) -> TerminalRights:
    """What the terminal in ``folder`` may ask; its key stays closed. Raises as :meth:`Terminal.load`."""
    if not has_credentials(folder):
        return _read_description(folder)[0]
    certificate = read_certificate(folder / CERTIFICATE_FILE)
    rights = expected_rights(ImportedKey(path_from_root(certificate, read_chain(folder))))
    if rights is None:
        raise TrustError(
            "the terminal's certificate grants no right to ask anything",
            hint="Ask the sector authority for a certificate with a relying party's context.",
        )
    return rights


def _read_description(folder: Path) -> tuple[TerminalDescription, bytes]:
    octets = read_file(folder / DESCRIPTION_FILE, what="terminal's description", limit=_MAX_DESCRIPTION)
    try:
        return TerminalDescription.from_octets(octets), octets
    except DecodingError as error:
        raise TrustError(
            f"{folder / DESCRIPTION_FILE} is damaged: {error}",
            hint="Make the terminal anew with 'mumei terminal describe'.",
        ) from error


def verifier_for(parameters: PublicParameters, *further: PublicParameters) -> Verifier:
    """A verifier that trusts exactly these parameters; ``further``: the issuer's other periods, whose digit table
    is the same. Raises TrustError where they are damaged.
    """
    keys = [period.public_key for period in (parameters, *further)]
    try:
        return Verifier(keys, parameters.digit_key, parameters.table_hash)
    except DecodingError as error:
        raise TrustError(
            f"the parameters of {parameters.issuer!r} are damaged: {error}",
            hint="Get the issuer's parameters anew from a source that you trust.",
        ) from error


def require_consent_to_development(parameters: PublicParameters, *, allowed: bool) -> None:
    """Development parameters bind no channel: they are trusted only where somebody said so.

    Raises TrustError.
    """
    if parameters.is_development and not allowed:
        raise TrustError(
            f"the parameters of {parameters.issuer!r} are for development cards, which anyone can write",
            hint="To use them all the same, say --development.",
        )
