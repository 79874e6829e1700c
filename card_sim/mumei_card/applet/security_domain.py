"""The issuer security domain: who may write to the card (GlobalPlatform Card Specification 2.3, chapter 11;
Amendment D v1.1.2, chapter 7; mumei protocol 2.6).

Its diversification data are a serial number. So on an issued card it exists only for terminals with the
personalisation right; for all others its instructions and its name are unknown, as on a card that has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mumei_card.applet.attestation import attestation_records
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PARAMETERS
from mumei_card.applet.terminal_authentication import authorised_terminal
from mumei_card.applet.trust_points import RECORD_TRUST
from mumei_card.errors import CardError
from mumei_card.os.context import RECORD_PROFILE, RECORD_RNG_COUNTER, CardContext
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE, life_cycle_of
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_card.os.registry import Registry
from mumei_core.commands import codes
from mumei_core.eac.rights import Flag
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS
from mumei_core.gp.keys import KeyDataError, PutKeyData, StaticKeys
from mumei_core.gp.life_cycle import STEPS, LifeCycle
from mumei_core.gp.scp03 import CardScp03
from mumei_core.gp.scp03_session import SEQUENCE_OCTETS, Level, Scp03Error
from mumei_core.iso7816.apdu import MAX_SHORT_DATA, CommandAPDU
from mumei_core.iso7816.ber_tlv import encode

RECORD_SECURITY_DOMAIN: Final = "security_domain"
RECORD_STATIC_KEYS: Final = "static_keys"

_STATUS_QUERY: Final = encode(codes.TAG_AID, b"")
_MAX_SEQUENCE: Final = 256**SEQUENCE_OCTETS - 1
_FCI_WANTED = (0x00, 0x0C)
_NO_DATA = 0x0C
# Whoever asks an issued card is judged by its trust points: without them nobody ever could, nor mend it.
_NEEDS: Final = {
    LifeCycle.INITIALIZED: (RECORD_PARAMETERS,),
    LifeCycle.SECURED: (RECORD_CREDENTIAL, RECORD_TRUST),
}
# What is left of a terminated card: that it is one.
_KEPT: Final = frozenset({RECORD_PROFILE, RECORD_RNG_COUNTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityDomain:
    """Its record: diversification data (10 octets), sequence counter (3), tries left (1)."""

    diversification_data: bytes
    sequence: int
    tries: int

    @classmethod
    def from_bytes(cls, octets: bytes) -> SecurityDomain:
        at = DIVERSIFICATION_DATA_OCTETS
        return cls(
            diversification_data=octets[:at],
            sequence=int.from_bytes(octets[at : at + SEQUENCE_OCTETS]),
            tries=octets[at + SEQUENCE_OCTETS],
        )

    def to_bytes(self) -> bytes:
        return self.diversification_data + self.sequence.to_bytes(SEQUENCE_OCTETS) + bytes((self.tries,))


def new_records(card_keys: CardKeys) -> dict[str, bytes]:
    """The records that give a new card its security domain, in state OP_READY."""
    domain = SecurityDomain(
        diversification_data=card_keys.diversification_data, sequence=0, tries=codes.SECURITY_DOMAIN_TRIES
    )
    attestation = card_keys.attestation
    return {
        **(attestation_records(attestation) if attestation is not None else {}),
        RECORD_SECURITY_DOMAIN: domain.to_bytes(),
        RECORD_STATIC_KEYS: _keys_to_bytes(card_keys.key_version, card_keys.keys),
        RECORD_LIFE_CYCLE: bytes((LifeCycle.OP_READY,)),
    }


def may_reach_security_domain(context: CardContext) -> bool:
    """Whether the terminal has the personalisation right, on an issued card."""
    terminal = authorised_terminal(context)
    return terminal is not None and terminal.has(Flag.PERSONALISATION)


def is_reachable(context: CardContext) -> bool:
    """Whether there is a security domain as far as this terminal can tell."""
    if context.nvm.get(RECORD_STATIC_KEYS) is None:
        return False
    issued = life_cycle_of(context.nvm) not in (LifeCycle.OP_READY, LifeCycle.INITIALIZED)
    return not issued or may_reach_security_domain(context)


def require_personalisation(context: CardContext) -> None:
    """Raises CardError 69 82 outside an SCP03 channel with C-MAC and C-ENC; development cards take anything."""
    if context.profile != codes.PROFILE_DEVELOPMENT:
        _require(context, Level.C_MAC_C_ENC)


def register(registry: Registry) -> None:
    """INITIALIZE UPDATE, PUT KEY, GET STATUS, SET STATUS. EXTERNAL AUTHENTICATE is the SCP03 layer's."""
    registry.guard("SCP03_MAC", lambda context: _require(context, Level.C_MAC))
    registry.guard("SCP03_MAC_ENC", lambda context: _require(context, Level.C_MAC_C_ENC))
    registry.bind("INITIALIZE UPDATE", initialize_update)
    registry.bind("PUT KEY", put_key)
    registry.bind("GET STATUS", get_status)
    registry.bind("SET STATUS", set_status)


def select(command: CommandAPDU, context: CardContext) -> bytes:
    """SELECT of the security domain (11.9), where :func:`is_reachable`; the FCI is the same on every card."""
    if command.p2 not in _FCI_WANTED:
        raise CardError(codes.SW_WRONG_P1_P2, "the security domain has an FCI only")
    context.security_status.select()
    if command.p2 == _NO_DATA:
        return b""
    own = encode(codes.TAG_GP_MAX_COMMAND_DATA, bytes((MAX_SHORT_DATA,)))
    name = encode(codes.TAG_DF_NAME, codes.ISD_AID)
    return encode(codes.TAG_FCI, name + encode(codes.TAG_PROPRIETARY_INFORMATION, own))


def initialize_update(command: CommandAPDU, context: CardContext) -> bytes:
    """INITIALIZE UPDATE: the counter is committed before the challenge made from it leaves."""
    domain = _domain(context)
    version, keys = _static_keys(context)
    if command.p1 not in (0, version):
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no keys of this version")
    if not domain.tries:
        raise CardError(codes.SW_BLOCKED, "too many failed authentications")
    if domain.sequence == _MAX_SEQUENCE:
        raise CardError(codes.SW_CONDITIONS, "the sequence counter is used up")
    counted = replace(domain, sequence=domain.sequence + 1)
    try:
        channel = CardScp03(
            keys,
            command.data,
            aid=codes.ISD_AID,
            diversification_data=domain.diversification_data,
            key_version=version,
            sequence_counter=counted.sequence,
        )
    except Scp03Error as error:
        raise CardError(error.sw, error.message) from error
    context.nvm.commit({RECORD_SECURITY_DOMAIN: counted.to_bytes()})
    context.security_status.secure_channel = channel
    return channel.answer.to_bytes()


def external_authenticate(command: CommandAPDU, context: CardContext, channel: CardScp03) -> None:
    """EXTERNAL AUTHENTICATE: a try is counted before anything is compared, and given back after a success."""
    domain = _domain(context)
    if not domain.tries:
        raise CardError(codes.SW_BLOCKED, "too many failed authentications", keep_status=True)
    context.nvm.commit({RECORD_SECURITY_DOMAIN: replace(domain, tries=domain.tries - 1).to_bytes()})
    try:
        channel.external_authenticate(command)
    except Scp03Error as error:
        raise CardError(error.sw, error.message, keep_status=True) from error
    full = replace(domain, tries=codes.SECURITY_DOMAIN_TRIES)
    context.nvm.commit({RECORD_SECURITY_DOMAIN: full.to_bytes()})


def put_key(command: CommandAPDU, context: CardContext) -> bytes:
    """PUT KEY (11.8): a whole new set for the present one, or nothing."""
    version, keys = _static_keys(context)
    if command.p1 != version:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no keys of this version to replace")
    try:
        new = PutKeyData.from_bytes(command.data, keys.dek)
    except KeyDataError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    context.nvm.commit({RECORD_STATIC_KEYS: _keys_to_bytes(new.version, new.keys)})
    return new.confirmation()


def get_status(command: CommandAPDU, context: CardContext) -> bytes:
    """GET STATUS (11.4) of the security domain, whose state is the card's."""
    if command.data != _STATUS_QUERY:
        raise CardError(codes.SW_WRONG_DATA, "the query is 4F 00")
    state = bytes((_state(context),))
    entry = encode(codes.TAG_AID, codes.ISD_AID) + encode(codes.TAG_GP_LIFE_CYCLE, state)
    return encode(codes.TAG_GP_REGISTRY_ENTRY, entry)


def set_status(command: CommandAPDU, context: CardContext) -> bytes:
    """SET STATUS (11.10): one step of the life cycle."""
    present, wanted = _state(context), LifeCycle(command.p2)
    if wanted not in STEPS[present]:
        raise CardError(codes.SW_CONDITIONS, f"no step from {present.name} to {wanted.name}")
    if any(context.nvm.get(record) is None for record in _NEEDS.get(wanted, ())):
        raise CardError(codes.SW_CONDITIONS, f"something is missing for {wanted.name}")
    changes: dict[str, bytes | None] = {RECORD_LIFE_CYCLE: bytes((wanted,))}
    if wanted is LifeCycle.TERMINATED:
        changes = _erased(context) | changes
        context.security_status.secure_channel = None
    context.nvm.commit(changes)
    return b""


def _erased(context: CardContext) -> dict[str, bytes | None]:
    blocked = Password(tries=0, digits=b"").to_bytes()
    gone: dict[str, bytes | None] = {name: None for name in context.nvm.sizes() if name not in _KEPT}
    return gone | {RECORD_PIN: blocked, RECORD_PUK: blocked}


def _require(context: CardContext, level: Level) -> None:
    channel = context.security_status.secure_channel
    if channel is None or not channel.is_open or channel.level & level != level:
        raise CardError(codes.SW_SECURITY_STATUS, "not inside SCP03 as it must be")


def _state(context: CardContext) -> LifeCycle:
    state = life_cycle_of(context.nvm)
    if state is None:
        raise CardError(codes.SW_MEMORY_FAILURE, "a card with keys has a life cycle")
    return state


def _domain(context: CardContext) -> SecurityDomain:
    return SecurityDomain.from_bytes(context.record(RECORD_SECURITY_DOMAIN))


def _static_keys(context: CardContext) -> tuple[int, StaticKeys]:
    octets = context.record(RECORD_STATIC_KEYS)
    return octets[0], StaticKeys.from_bytes(octets[1:])


def _keys_to_bytes(version: int, keys: StaticKeys) -> bytes:
    return bytes((version,)) + keys.to_bytes()
