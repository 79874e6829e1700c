"""Who may enrol a card, give it its credential or its parameters (mumei protocol 2.2, 2.6): the personaliser inside
SCP03; on an issued card an official terminal with the renewal right, after the holder's PIN.
"""

from __future__ import annotations

from mumei_card.applet.holder import SESSION_TERMINAL
from mumei_card.applet.records import RECORD_CREDENTIAL
from mumei_card.applet.security_domain import require_personalisation
from mumei_card.applet.terminal_authentication import authorised_terminal
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.eac.authorisation import RENEWAL_CONTEXT
from mumei_core.eac.rights import Flag


def require_issuing(context: CardContext) -> None:
    """Raises :class:`CardError` 69 82. Development cards take anything before they have a credential."""
    if not is_renewal(context):
        require_personalisation(context)
    elif not context.security_status.pin_verified:
        raise CardError(codes.SW_SECURITY_STATUS, "a card is renewed after its holder's PIN")


def is_renewal(context: CardContext) -> bool:
    """Whether the card is issued, and the terminal that was let in may renew it."""
    if context.nvm.get(RECORD_CREDENTIAL) is None:
        return False
    terminal = authorised_terminal(context)
    if terminal is not None:
        return terminal.is_official and terminal.has(Flag.RENEWAL)
    # In the development profile a terminal's description says so.
    octets = context.security_status.session.get(SESSION_TERMINAL)
    if context.profile != codes.PROFILE_DEVELOPMENT or not isinstance(octets, bytes):
        return False
    return TerminalDescription.from_octets(octets).rp_context == RENEWAL_CONTEXT
