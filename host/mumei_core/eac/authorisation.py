"""What an authenticated terminal may do on this card in this channel: the AND of its chain and of PACE's CHAT, and
the project's rules of admission (TR-03110-3 v2.21, 2.7; TR-03110-2 v2.21, 2.3.2.1; mumei protocol 2.5, 2.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.terminal_rights import MAX_PERMITTED, TerminalRights
from mumei_core.crypto.curve import Point
from mumei_core.dates import day_number
from mumei_core.eac.chat import Chat, Right, effective_rights
from mumei_core.eac.pace_messages import Password
from mumei_core.eac.rights import NO_FLAGS, CertificateRights, Flag, RelyingParty
from mumei_core.eac.terminal_auth import TerminalAuthError
from mumei_core.eac.trust import ImportedKey
from mumei_core.errors import InvalidProof
from mumei_core.statements import check_signature

#: rp_contexts of the system itself: renewal.
RESERVED_CONTEXTS: Final = b"mumei:"
#: The one in which a card shows itself to the issuer before it is renewed (2.2).
RENEWAL_CONTEXT: Final = RESERVED_CONTEXTS + b"renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisedTerminal:
    """The outcome of Terminal Authentication. It dies with the channel.

    ``rights``: for PRESENT; None where the chain grants no right. ``chat_rights``: bits of :class:`Right`.
    ``certificate``: 7F4E and 5F37 as in PSO, for the channel binding. ``auxiliary``: the whole DO 67, or nothing.
    """

    rights: TerminalRights | None
    chat_rights: int
    flags: Flag
    is_official: bool
    certificate: bytes
    auxiliary: bytes = b""

    def may(self, right: Right) -> bool:
        """Whether a bit of the effective CHAT is set."""
        return bool(self.chat_rights & right)

    def has(self, flag: Flag) -> bool:
        """Whether a right of the extension is granted."""
        return bool(self.flags & flag)


def authorise(
    key: ImportedKey,
    pace_chat: Chat,
    password: Password,
    auditor_keys: Sequence[bytes],
    *,
    auxiliary: bytes = b"",
) -> AuthorisedTerminal:
    """The effective rights of the terminal that owns ``key``. ``auditor_keys``: pinned, 65 octets each.

    Raises :class:`TerminalAuthError` 69 82 for a terminal that this password or its context does not admit.
    """
    chat_rights = effective_rights(pace_chat, *(above.body.chat for above in key.chain))
    _check_admission(chat_rights, password, is_official=key.is_official)
    rights = key.rights
    flags = rights.flags if rights else NO_FLAGS
    if rights is not None and rights.relying_party is not None:
        _check_context(rights.relying_party, flags, is_official=key.is_official)
    return AuthorisedTerminal(
        rights=_terminal_rights(key, rights, chat_rights, auditor_keys),
        chat_rights=chat_rights,
        flags=flags,
        is_official=key.is_official,
        certificate=key.certificate.to_pso(),
        auxiliary=auxiliary,
    )


def expected_rights(key: ImportedKey) -> TerminalRights | None:
    """What a terminal itself can expect: as :func:`authorise`, taking the auditor's signature as right.

    ``key``: the chain as far as the terminal has it. None where the chain grants no right.
    """
    chat_rights = effective_rights(*(above.body.chat for above in key.chain))
    return _terminal_rights(key, key.rights, chat_rights, None)


def _check_admission(chat_rights: int, password: Password, *, is_official: bool) -> None:
    """The CAN is a per-card number, never for shops; *CAN allowed* is the right to do without PACE-PIN."""
    if password is Password.PUK:
        raise _refused("a channel of the PUK is for unblocking only")
    if password is Password.CAN and not is_official:
        raise _refused("only official terminals work in a channel of the CAN")
    if password is not Password.PIN and not chat_rights & Right.CAN_ALLOWED:
        raise _refused("this terminal may not do without PACE with the PIN")


def _check_context(party: RelyingParty, flags: Flag, *, is_official: bool) -> None:
    if party.rp_context.startswith(RESERVED_CONTEXTS) and not (is_official and flags & Flag.RENEWAL):
        raise _refused("this context is the system's own")


def _terminal_rights(
    key: ImportedKey,
    rights: CertificateRights | None,
    chat_rights: int,
    auditor_keys: Sequence[bytes] | None,
) -> TerminalRights | None:
    """CHAT's *age verification* confines predicates, *restricted identification* the pseudonym.

    ``auditor_keys`` None: the signature is not checked.
    """
    if rights is None or rights.relying_party is None:
        return None
    party, body = rights.relying_party, key.certificate.body
    wanted = rights.flags & Flag.PSEUDONYM and chat_rights & Right.RESTRICTED_IDENTIFICATION
    OP = _audited_point(party, body.car, auditor_keys) if wanted else None
    if len(rights.predicates) > MAX_PERMITTED:
        raise _refused("more thresholds than a terminal may have")
    return TerminalRights(
        rp_context=party.rp_context,
        display_name=party.display_name,
        OP=OP,
        predicates=rights.predicates if chat_rights & Right.AGE_VERIFICATION else (),
        attributes=rights.attributes,
        pseudonym=OP is not None,
        recognise=bool(rights.flags & Flag.RECOGNISE),
        pin=rights.pin,
        not_before=day_number(body.effective),
        not_after=day_number(body.expiration),
    )


def _audited_point(party: RelyingParty, sector: bytes, auditor_keys: Sequence[bytes] | None) -> Point | None:
    """OP, if the auditor has signed it for this name under this sector: a card cannot recompute it (2.5)."""
    if party.OP is None or party.auditor_signature is None:
        return None
    try:
        if auditor_keys is not None:
            check_signature(party.record(sector).to_octets(), party.auditor_signature, auditor_keys)
    except InvalidProof:
        return None
    return Point.from_uncompressed(party.OP)


def _refused(reason: str) -> TerminalAuthError:
    return TerminalAuthError(reason, sw=codes.SW_SECURITY_STATUS, attempt_used=True)
