"""Renewing an issued card, the card's side step by step (mumei protocol 2.2): the holder's PIN and the office's
renewal certificate, a new commitment, the old credential shown for it, and the swap.

Every step may be repeated: the same nonce gets the same commitment, the same credential the same receipt, and the
old credential works until the new one has passed the card's checks.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from mumei.session import credential, holder, pace, personalisation
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.session.terminal_authentication import Credentials, authenticate
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential
from mumei_core.commands.request import Request
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import development_binding
from mumei_core.crypto.generators import OP_RENEWAL
from mumei_core.crypto.hashing import sha256
from mumei_core.eac.authorisation import RENEWAL_CONTEXT

_NONCE_LENGTH: Final = 32


class RenewalCredentials(Credentials, Protocol):
    """An office's renewal certificate: :class:`mumei.authority.credentials.TerminalCredentials`."""

    @property
    def chat(self) -> bytes:
        """The object 7F4C for PACE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCredential:
    """The old credential, shown for a new commitment: request object and presentation, as on the wire."""

    request: bytes
    presentation: bytes


def enter(channel: Channel, pin: Pin, credentials: RenewalCredentials | None, *, day: int) -> bytes:
    """The holder types the PIN, the office shows who it is. Returns the channel binding, 32 octets.

    ``credentials``: None for development cards, which take an unsigned description. Raises what PACE, Terminal
    Authentication and :meth:`Channel.send` raise: nothing on the card has changed but the PIN's tries.
    """
    if credentials is not None:
        opened = pace.establish(channel, pin, chat=credentials.chat)
        return authenticate(channel, opened, credentials)
    holder.verify_pin(channel, pin)
    description = TerminalDescription(
        rp_context=RENEWAL_CONTEXT,
        display_name="Ward office: renewal",
        OP=OP_RENEWAL,
        pseudonym=True,
        pin=True,
        not_before=day,
        not_after=day,
    ).to_octets()
    credential.describe_terminal(channel, description)
    return development_binding(description)


def commit(channel: Channel, nonce: bytes) -> EnrolmentAnswer:
    """The card commits to a new handle and its old nym secret. Raises as :func:`personalisation.enrol`."""
    return personalisation.enrol(channel, nonce)


def show(
    channel: Channel, answer: EnrolmentAnswer, nonce: bytes, *, binding: bytes, day: int
) -> ShownCredential:
    """The old credential under "mumei:renewal", for this commitment and no other; a session's one presentation.

    Raises as :func:`credential.present`.
    """
    request = Request(
        rp_context=RENEWAL_CONTEXT,
        nonce=secrets.token_bytes(_NONCE_LENGTH),
        date=day,
        channel_binding=binding,
        pseudonym=True,
        transaction=sha256(answer.attested_message(nonce)),
    ).to_octets()
    return ShownCredential(request=request, presentation=credential.present(channel, request))


def swap(channel: Channel, issued: IssuedCredential) -> None:
    """The new credential in the old one's place, if it passes.

    Raises as :func:`personalisation.store_credential`.
    """
    personalisation.store_credential(channel, issued)
