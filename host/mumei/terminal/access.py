"""How a terminal comes to ask a card: by its certificate, through PACE and Terminal Authentication, or by an
unsigned description on development cards (mumei protocol 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol

from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import path_from_root
from mumei.session import credential, pace
from mumei.session.application import Profile
from mumei.session.channel import Channel
from mumei.session.pace import ShopCode
from mumei.session.terminal_authentication import authenticate
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights, channel_binding

_NO_KEY: Final = bytes(65)
#: Over contacts the shop code is published: it only shows that a reader, not a passer-by, is asking.
CONTACT_SHOP_CODE: Final = "00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the channel binding of a visit is made of; all of it ephemeral or the terminal's own.

    ``card_key``, ``terminal_key``: PACE ephemeral keys, 04 || X || Y, zeros in the development profile.
    ``certificate``: the terminal's 7F4E and 5F37, or the description's octets. ``chain``: whole certificates from
    the root to the terminal's, empty in the development profile.
    """

    card_key: bytes
    terminal_key: bytes
    certificate: bytes
    chain: tuple[bytes, ...] = ()

    @property
    def binding(self) -> bytes:
        """The channel binding, 32 octets."""
        return channel_binding(self.card_key, self.terminal_key, self.certificate)


class Access(Protocol):
    """A way in, with the rights that it gives."""

    @property
    def rights(self) -> TerminalRights:
        """What cards will let this terminal ask."""

    @property
    def profile(self) -> Profile:
        """The cards that it opens."""

    def check_day(self, today: date) -> None:
        """Raises TrustError where the terminal itself is not valid today: then no card is asked."""

    def enter(self, channel: Channel) -> Entry:
        """Show the card who asks. Raises what the session raises."""

    def sign(self, message: bytes) -> bytes:
        """By the certificate's key, 64 octets, for a receipt; empty where there is no certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionAccess:
    """Development cards: an unsigned description, in plain."""

    rights: TerminalDescription
    octets: bytes

    @property
    def profile(self) -> Profile:
        return Profile.DEVELOPMENT

    def check_day(self, today: date) -> None:
        """A description's days are the card's to judge."""

    def enter(self, channel: Channel) -> Entry:
        """DESCRIBE TERMINAL: one exchange."""
        credential.describe_terminal(channel, self.octets)
        return Entry(card_key=_NO_KEY, terminal_key=_NO_KEY, certificate=self.octets)

    def sign(self, message: bytes) -> bytes:
        return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAccess:
    """Standard cards: PACE with the shop code, then Terminal Authentication. Twelve exchanges."""

    rights: TerminalRights
    credentials: TerminalCredentials
    shop_code: ShopCode = field(default_factory=lambda: ShopCode(CONTACT_SHOP_CODE))

    @property
    def profile(self) -> Profile:
        return Profile.STANDARD

    def check_day(self, today: date) -> None:
        """The terminal's and its authorities' certificates."""
        self.credentials.check_day(today)

    def enter(self, channel: Channel) -> Entry:
        """Raises WrongPasswordError for another shop code, TrustError where the card accepts no certificate."""
        result = pace.establish(channel, self.shop_code, chat=self.credentials.chat)
        authenticate(channel, result, self.credentials)
        return Entry(
            card_key=result.card_key,
            terminal_key=result.terminal_key,
            certificate=self.credentials.certificate.to_pso(),
            chain=tuple(
                found.to_octets()
                for found in path_from_root(self.credentials.certificate, self.credentials.known)
            ),
        )

    def sign(self, message: bytes) -> bytes:
        return self.credentials.key.sign(message)
