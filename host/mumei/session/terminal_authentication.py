"""Showing the card who asks: Terminal Authentication 2, profile TA2-P, inside PACE (TR-03110-2 v2.21, 3.3; mumei
protocol 2.6). Seven exchanges with two certificates.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, Protocol

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import Channel
from mumei_core.commands import codes
from mumei_core.commands.terminal_rights import channel_binding
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.pace import PaceResult
from mumei_core.eac.terminal_auth import TerminalAuth
from mumei_core.errors import CardRefused, TrustError, UsageError
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import CommandAPDU


class Credentials(Protocol):
    """What a terminal shows: :class:`mumei.authority.credentials.TerminalCredentials`, or a stand-in."""

    def chain_for(self, cars: Sequence[bytes]) -> tuple[Certificate, ...]:
        """Certificates from below one of the card's trust points down to the terminal's."""

    def sign(self, message: bytes) -> bytes:
        """r || s over SHA-256 of ``message``."""


_CERTIFICATE_REASONS: Final = MappingProxyType(
    {
        codes.SW_REFERENCE_DATA_UNUSABLE: (
            "is expired, by the card's own date",
            "Get a new certificate from the sector authority.",
        ),
        codes.SW_REFERENCE_NOT_FOUND: (
            "is signed by a key that the card does not know",
            "The card may be of another system, or a link certificate is missing.",
        ),
        codes.SW_WRONG_DATA: (
            "is not accepted: malformed, wrongly signed, or of a role that its issuer may not give",
            "Check it with 'mumei authority inspect'.",
        ),
    }
)
_REFUSALS: Final = MappingProxyType(
    {
        codes.SW_AUTHENTICATION_FAILED: (
            "the card does not accept the terminal's signature",
            "Key and certificate may not belong together. Get both anew.",
        ),
        codes.SW_SECURITY_STATUS: (
            "the card does not let this terminal in with this password",
            "Shops use the shop code, or the holder's PIN; the CAN is for offices and the holder's own machine.",
        ),
        codes.SW_CONDITIONS: (
            "the terminal's certificate is of another type than PACE announced",
            "Give PACE the certificate's own CHAT.",
        ),
    }
)


def authenticate(
    channel: Channel, pace: PaceResult, credentials: Credentials, *, auxiliary: bytes = b""
) -> bytes:
    """Authenticate the terminal; the card then answers PRESENT. Returns the channel binding, 32 octets.

    Args:
        channel: protected by the PACE that gave ``pace``, with the certificate's CHAT.
        pace: its keys, and the trust points that the card named.
        credentials: the terminal's.
        auxiliary: the whole DO 67, or nothing.

    Raises:
        TrustError: the card accepts a certificate or the signature not, or no chain leads to its trust points.
        CardRefused: any other refusal.
        UsageError: PACE ran without a CHAT, so that the card named no trust point.
    """
    if not pace.cars:
        raise UsageError(
            "the card named no trust point", hint="Open the channel with the certificate's CHAT."
        )
    chain = credentials.chain_for(pace.cars)
    terminal = TerminalAuth(
        chain,
        credentials.sign,
        card_key=pace.card_key,
        terminal_key=pace.terminal_key,
        auxiliary=auxiliary,
    )
    command: CommandAPDU | None = terminal.first()
    sent = 0
    while command is not None:
        response = channel.send(command)
        if response.sw != codes.SW_OK:
            raise _refusal(command, response.sw, chain[min(sent // 2, len(chain) - 1)])
        sent += 1
        command = terminal.next(response.data)
    return channel_binding(pace.card_key, pace.terminal_key, chain[-1].to_pso())


def _refusal(command: CommandAPDU, sw: int, certificate: Certificate) -> TrustError | CardRefused:
    refuse_exhausted_memory(sw)
    name = certificate.body.chr.decode("latin-1")
    of_certificate = command.ins == codes.INS_PERFORM_SECURITY_OPERATION or command.p2 == codes.SET_DST_P2
    if of_certificate and sw in _CERTIFICATE_REASONS:
        reason, hint = _CERTIFICATE_REASONS[sw]
        return TrustError(f"the certificate of {name} {reason}", hint=hint)
    if command.ins == codes.INS_EXTERNAL_AUTHENTICATE and sw in _REFUSALS:
        reason, hint = _REFUSALS[sw]
        return TrustError(reason, hint=hint)
    return CardRefused(f"the card refused to authenticate {name}: {status_word.describe(sw)}", sw=sw)
