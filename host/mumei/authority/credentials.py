"""What a terminal shows cards: its certificate, those above it, and its key (mumei protocol 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

from mumei.authority.folder import (
    CERTIFICATE_FILE,
    KEY_FILE,
    TERMINAL_KEY,
    path_from_root,
    read_certificate,
    read_chain,
    save_holder,
)
from mumei.key_file import DEFAULT_LOG2_N
from mumei.signing_key import load_key
from mumei_core.commands.terminal_rights import TerminalRights, channel_binding
from mumei_core.eac.authorisation import expected_rights
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.signature import SigningKey
from mumei_core.eac.trust import ImportedKey
from mumei_core.errors import TrustError


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalCredentials:
    """A terminal's certificate and key. ``known``: every certificate above it, roots and links among them."""

    certificate: Certificate
    known: tuple[Certificate, ...]
    key: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.certificate.role is not Role.TERMINAL:
            raise TrustError("an authority's certificate is no terminal's", hint="Name a terminal's folder.")
        if self.certificate.body.public_key.point != self.key.point:
            raise TrustError("the terminal's key and certificate do not belong together")

    @property
    def chat(self) -> bytes:
        """The object 7F4C for PACE: all that the certificate has."""
        return self.certificate.body.chat.to_octets()

    @property
    def rights(self) -> TerminalRights:
        """What cards will let it ask. Raises TrustError where the chain grants nothing, or is incomplete."""
        rights = expected_rights(ImportedKey(path_from_root(self.certificate, self.known)))
        if rights is None:
            raise TrustError(
                "the terminal's certificate grants no right to ask anything",
                hint="Ask the sector authority for a certificate with a relying party's context.",
            )
        return rights

    def chain_for(self, cars: Sequence[bytes]) -> tuple[Certificate, ...]:
        """What to send to a card whose trust points are ``cars``, most recent first: links, sector, terminal.

        Raises TrustError where no path leads there.
        """
        for car in cars:
            if (chain := self._path(car)) is not None:
                return chain
        names = ", ".join(car.decode("latin-1") for car in cars) or "none"
        raise TrustError(
            f"no certificate of ours leads to what this card trusts ({names})",
            hint="The card may be of another system, or a link certificate is missing in chain/.",
        )

    def sign(self, message: bytes) -> bytes:
        """r || s over SHA-256 of ``message``, 64 octets."""
        return self.key.sign(message)

    def channel_binding(self, card_key: bytes, terminal_key: bytes) -> bytes:
        """Of a channel with these PACE ephemeral keys, 32 octets."""
        return channel_binding(card_key, terminal_key, self.certificate.to_pso())

    def check_day(self, today: date) -> None:
        """Raises TrustError where a certificate is not valid today: a card might still take it, we do not."""
        for found in (self.certificate, *(c for c in self.known if c.role.is_dv)):
            body = found.body
            if not body.effective <= today <= body.expiration:
                raise TrustError(
                    f"the certificate of {body.chr.decode('latin-1')} is valid from {body.effective} "
                    f"to {body.expiration}",
                    hint="Get a new one from its authority.",
                )

    def save(self, folder: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> None:
        """Write a new folder. Raises UsageError if it holds a terminal already."""
        save_holder(
            folder, self.certificate, self.known, self.key, passphrase, kind=TERMINAL_KEY, log2_n=log2_n
        )

    @classmethod
    def load(cls, folder: Path, passphrase: bytes) -> Self:
        """From its folder; signatures of the chain are checked. Raises TrustError, and as a key file does."""
        certificate, known = read_certificate(folder / CERTIFICATE_FILE), read_chain(folder)
        path_from_root(certificate, known)
        key = load_key(folder / KEY_FILE, TERMINAL_KEY, passphrase)
        return cls(certificate=certificate, known=known, key=key)

    def _path(self, car: bytes) -> tuple[Certificate, ...] | None:
        """The certificates from below the trust point ``car`` down to ours; shortest first."""
        paths: list[tuple[Certificate, ...]] = [(self.certificate,)]
        for _ in range(len(self.known) + 1):
            for path in paths:
                if path[0].body.car == car:
                    return path
            paths = [
                (above, *path)
                for path in paths
                for above in self.known
                if above.body.chr == path[0].body.car and not above.is_self_signed and above not in path
            ]
        return None
