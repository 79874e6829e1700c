"""A terminal's own folder: its description (who it is, what it may ask) and the issuer's parameters it trusts.

``description.e2``: the octets of E2, unsigned, development profile. ``parameters.cbor``: the issuer's public
parameters, audited when the folder was made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mumei.files import make_folder, read_file, write_new_file
from mumei.issuer.parameters import PublicParameters
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import development_binding
from mumei_core.errors import DecodingError, TrustError, UsageError
from mumei_core.presentation.verifier import Verifier

DESCRIPTION_FILE: Final = "description.e2"
PARAMETERS_FILE: Final = "parameters.cbor"
_MAX_DESCRIPTION = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A relying party's terminal, ready to ask. ``verifier`` trusts the parameters' issuer only."""

    description: TerminalDescription
    description_octets: bytes
    parameters: PublicParameters
    verifier: Verifier = field(repr=False)

    @property
    def channel_binding(self) -> bytes:
        """Of the development profile: no PACE keys, the description for a certificate."""
        return development_binding(self.description_octets)

    @property
    def rp_context(self) -> str:
        """For people."""
        return self.description.rp_context.decode("utf-8", "replace")

    @classmethod
    def of(cls, description: TerminalDescription, parameters: PublicParameters) -> Terminal:
        """A terminal from its two parts."""
        return cls(
            description=description,
            description_octets=description.to_octets(),
            parameters=parameters,
            verifier=verifier_for(parameters),
        )

    @classmethod
    def load(cls, folder: Path) -> Terminal:
        """From its folder. Raises TrustError where something is missing or damaged."""
        octets = read_file(folder / DESCRIPTION_FILE, what="terminal's description", limit=_MAX_DESCRIPTION)
        try:
            description = TerminalDescription.from_octets(octets)
        except DecodingError as error:
            raise TrustError(
                f"{folder / DESCRIPTION_FILE} is damaged: {error}",
                hint="Make the terminal anew with 'mumei terminal init'.",
            ) from error
        parameters = PublicParameters.load(folder / PARAMETERS_FILE)
        return cls(
            description=description,
            description_octets=octets,
            parameters=parameters,
            verifier=verifier_for(parameters),
        )

    def save(self, folder: Path) -> None:
        """Write a new folder. Raises UsageError, and writes nothing, if it holds one of the two files already."""
        for name in (DESCRIPTION_FILE, PARAMETERS_FILE):
            if (folder / name).exists():
                raise UsageError(f"{folder / name} is there already", hint="Choose another folder.")
        make_folder(folder)
        write_new_file(folder / DESCRIPTION_FILE, self.description_octets, mode=0o644)
        self.parameters.save(folder / PARAMETERS_FILE)


def verifier_for(parameters: PublicParameters) -> Verifier:
    """A verifier that trusts exactly these parameters. Raises TrustError where they are damaged."""
    try:
        return Verifier([parameters.public_key], parameters.digit_key, parameters.table_hash)
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
