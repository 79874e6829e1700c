"""What the card trusts, in its memory: trust points with the date, keys of auditor, issuer's root and revocation
authority (TR-03110-3 v2.21, 2.5 and 2.6; mumei protocol 2.5, 2.6).

A development card that has pinned nothing trusts the development keys, which anyone may compute.
"""

from __future__ import annotations

from typing import Final

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.trust import CardTrust, split_keys
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.eac.trust import Trust
from mumei_core.issuing_statements import PinnedKey, SuccessorRecord
from mumei_core.statements import SignedStatement

RECORD_TRUST: Final = "trust_points"
"""Trust points and date in one record: they change together."""
RECORD_AUDITOR_KEYS: Final = "auditor_keys"
RECORD_ROOT_KEYS: Final = "root_keys"
RECORD_AUTHORITY_KEYS: Final = "authority_keys"

_PLACES: Final = 2
_SUCCEEDED: Final = {
    PinnedKey.AUTHORITY: RECORD_AUTHORITY_KEYS,
    PinnedKey.AUDITOR: RECORD_AUDITOR_KEYS,
    PinnedKey.ISSUER_ROOT: RECORD_ROOT_KEYS,
}


def trust_point_names(context: CardContext) -> tuple[bytes, ...]:
    """The card's certification authority references, most recent first; none on a card without trust points."""
    octets = context.nvm.get(RECORD_TRUST)
    return () if octets is None else Trust.from_octets(octets).names


def load_trust(context: CardContext) -> Trust:
    """Raises :class:`CardError` 6A 88 on a card without trust points."""
    octets = context.nvm.get(RECORD_TRUST)
    if octets is None:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "the card has no trust points")
    return Trust.from_octets(octets)


def auditor_keys(context: CardContext) -> tuple[bytes, ...]:
    """The pinned keys, 65 octets each; none on a card that has not got any."""
    return _keys(context, RECORD_AUDITOR_KEYS, DevelopmentRole.AUDITOR)


def root_keys(context: CardContext) -> tuple[bytes, ...]:
    """The issuer's root, 65 octets each; none where it was not pinned."""
    return _keys(context, RECORD_ROOT_KEYS, DevelopmentRole.ISSUER_ROOT)


def authority_keys(context: CardContext) -> tuple[bytes, ...]:
    """The revocation authority, 65 octets each; none where it was not pinned."""
    return _keys(context, RECORD_AUTHORITY_KEYS, DevelopmentRole.AUTHORITY)


def has_pinned_root(context: CardContext) -> bool:
    """Whether the issuer's root is a real one, so that its statements about digits and issuer keys are demanded."""
    return context.nvm.get(RECORD_ROOT_KEYS) is not None


def _keys(context: CardContext, record: str, role: DevelopmentRole) -> tuple[bytes, ...]:
    if context.profile == codes.PROFILE_DEVELOPMENT and context.nvm.get(RECORD_TRUST) is None:
        return (development_key(role).point,)
    return split_keys(context.nvm.get(record) or b"")


def take_successor(context: CardContext, statement: SignedStatement) -> None:
    """A pinned key names its successor: two places, the elder goes. The auditor signs too; its own alone.

    Raises InvalidProof, DecodingError; CardError 69 85 on a card that has pinned no such key.
    """
    record = SuccessorRecord.from_octets(statement.record)
    name = _SUCCEEDED[record.of]
    keys = split_keys(context.nvm.get(name) or b"")
    if not keys:
        raise CardError(codes.SW_CONDITIONS, "the card has pinned no key that this one could follow")
    statement.check(keys, auditor_keys(context))
    if record.key not in keys:
        context.nvm.commit({name: b"".join((*keys, record.key)[-_PLACES:])})


def trust_records(found: CardTrust) -> dict[str, bytes]:
    """What personalisation writes, in one commit."""
    records = {
        RECORD_TRUST: found.trust.to_octets(),
        RECORD_AUDITOR_KEYS: b"".join(found.auditor_keys),
    }
    if found.root_keys:
        records[RECORD_ROOT_KEYS] = b"".join(found.root_keys)
    if found.authority_keys:
        records[RECORD_AUTHORITY_KEYS] = b"".join(found.authority_keys)
    return records
