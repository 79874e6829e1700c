"""Terminal Authentication 2, profile TA2-P, on the card (TR-03110-2 v2.21, 3.3; TR-03110-3 v2.21, B.3; mumei
protocol 2.6): MSE:Set DST, PSO: Verify Certificate, MSE:Set AT, GET CHALLENGE, EXTERNAL AUTHENTICATE.

All of it inside PACE only, else 69 82. Where it stands is volatile; trust points and date go to memory in one
commit. Rights die with the channel whose key was authenticated.
"""

from __future__ import annotations

from mumei_card.applet import coupons
from mumei_card.applet.trust_points import RECORD_TRUST, auditor_keys, load_trust
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.registry import Registry
from mumei_card.os.security_status import PaceChannel
from mumei_core.commands import codes
from mumei_core.eac.authorisation import AuthorisedTerminal, authorise
from mumei_core.eac.chat import Chat
from mumei_core.eac.terminal_auth import CardTerminalAuth, TerminalAuthError
from mumei_core.iso7816.apdu import MAX_SHORT_LE, CommandAPDU

_SESSION: str = "terminal_authentication"


def register(registry: Registry) -> None:
    """The four commands beside PACE's, and GET CHALLENGE, which anybody may give."""
    registry.guard("CHANNEL_WITH_CHAT", _channel)
    registry.guard("TERMINAL", require_terminal)
    registry.bind("GET CHALLENGE", get_challenge)
    registry.bind("MANAGE SECURITY ENVIRONMENT", manage_security_environment)
    registry.bind("PERFORM SECURITY OPERATION", verify_certificate)
    registry.bind("EXTERNAL AUTHENTICATE", external_authenticate)


def require_terminal(context: CardContext) -> None:
    """Raises CardError 69 82 before a terminal was let in; development cards ask for none."""
    if context.profile != codes.PROFILE_DEVELOPMENT and context.security_status.terminal is None:
        raise CardError(codes.SW_SECURITY_STATUS, "no terminal was let in")


def get_challenge(command: CommandAPDU, context: CardContext) -> bytes:
    """GET CHALLENGE, ISO/IEC 7816-4:2005 7.5.3: Le random octets. Eight, in a channel, are the card's r_PICC."""
    wanted = command.le or MAX_SHORT_LE
    challenge = context.trng(wanted)
    status = context.security_status
    if wanted == codes.CHALLENGE_LENGTH and _may_begin(status.channel) and status.terminal is None:
        _keep(context, _progress(context).with_challenge(challenge))
    return challenge


def manage_security_environment(command: CommandAPDU, context: CardContext) -> bytes:
    """MSE:Set DST and MSE:Set AT for Terminal Authentication; PACE's Set AT its own layer takes."""
    progress = _progress(context)
    try:
        if command.p2 == codes.SET_DST_P2:
            progress = progress.set_dst(command.data, load_trust(context))
        else:
            progress = progress.set_at(command.data)
    except TerminalAuthError as error:
        raise CardError(error.sw, error.message) from error
    _keep(context, progress)
    return b""


def verify_certificate(command: CommandAPDU, context: CardContext) -> bytes:
    """PSO: Verify Certificate. Date and trust points change together, and only if they do."""
    trust = load_trust(context)
    try:
        progress, after = _progress(context).verify_certificate(command.data, trust)
    except TerminalAuthError as error:
        raise CardError(error.sw, error.message) from error
    if after != trust:
        context.nvm.commit({RECORD_TRUST: after.to_octets()})
    _keep(context, progress)
    return b""


def external_authenticate(command: CommandAPDU, context: CardContext) -> bytes:
    """EXTERNAL AUTHENTICATE. The challenge is gone whatever comes of it; the channel stays."""
    progress, channel = _progress(context), _channel(context)
    _keep(context, progress.without_challenge())
    try:
        key = progress.authenticate(command.data)
        terminal = authorise(
            key,
            _chat(channel),
            channel.password,
            auditor_keys(context),
            auxiliary=progress.at.auxiliary if progress.at else b"",
        )
    except TerminalAuthError as error:
        raise CardError(error.sw, error.message, keep_status=True) from error
    context.security_status.terminal = terminal
    if terminal.rights is not None:
        # The last step before a request can come.
        coupons.make(context)
    return b""


def authorised_terminal(context: CardContext) -> AuthorisedTerminal | None:
    """Who was let in, with what rights; None before, and for cards that ask nobody."""
    terminal = context.security_status.terminal
    return terminal if isinstance(terminal, AuthorisedTerminal) else None


def _may_begin(channel: PaceChannel | None) -> bool:
    """TA2 follows only a PACE that carried a CHAT (TR-03110-2 v2.21, 2.3.2.1), and no transport PIN."""
    return channel is not None and channel.chat is not None and not channel.is_transport_pin


def _channel(context: CardContext) -> PaceChannel:
    status = context.security_status
    if status.channel is None or not _may_begin(status.channel):
        raise CardError(codes.SW_SECURITY_STATUS, "Terminal Authentication needs PACE with a CHAT")
    if status.terminal is not None:
        raise CardError(codes.SW_SECURITY_STATUS, "the session has its terminal")
    return status.channel


def _chat(channel: PaceChannel) -> Chat:
    if channel.chat is None:
        raise CardError(codes.SW_SECURITY_STATUS, "PACE carried no CHAT")
    return Chat.from_octets(channel.chat)


def _progress(context: CardContext) -> CardTerminalAuth:
    """Where this channel's Terminal Authentication stands: at its beginning, if it was not begun."""
    channel = _channel(context)
    kept = context.security_status.session.get(_SESSION)
    if isinstance(kept, CardTerminalAuth) and kept.card_key == channel.card_key:
        return kept
    return CardTerminalAuth(
        card_key=channel.card_key, terminal_key=channel.terminal_key, terminal_type=_chat(channel).oid
    )


def _keep(context: CardContext, progress: CardTerminalAuth) -> None:
    context.security_status.session[_SESSION] = progress
