"""What a card may answer and may write, whatever it is sent: the oracles of the kernel's targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from tools.fuzz.oracles import Violation

from mumei_card.applet.calendar import RECORD_EPOCH
from mumei_card.applet.issuing_trust import RECORD_ISSUER_KEYS, RECORD_TRUSTEES
from mumei_card.applet.log import RECORD_LAST_SEQUENCE
from mumei_card.applet.records import (
    RECORD_ATTESTATION_CERTIFICATE,
    RECORD_ATTESTATION_KEY,
    RECORD_CREDENTIAL,
    RECORD_LAST_DATE,
    RECORD_PARAMETERS,
    RECORD_PENDING,
    RECORD_TABLE_A,
    RECORD_TABLE_W,
)
from mumei_card.applet.security_domain import RECORD_SECURITY_DOMAIN, RECORD_STATIC_KEYS, SecurityDomain
from mumei_card.applet.settings import RECORD_SETTINGS
from mumei_card.applet.trust_points import (
    RECORD_AUDITOR_KEYS,
    RECORD_AUTHORITY_KEYS,
    RECORD_ROOT_KEYS,
    RECORD_TRUST,
)
from mumei_card.os.context import RECORD_RNG_COUNTER
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_core.commands import codes
from mumei_core.eac.trust import Trust
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import ApduError, CommandAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT

Records = Mapping[str, bytes]
Kind = tuple[int, int]
"""Class without the bits that say how a command travels, and instruction."""

_TRANSPORT_BITS: Final = 0x1F
_SCP03_CLASS_BIT: Final = 0x04
_LOG: Final = "log_"
_SLOT: Final = "slot_"
_COUPON: Final = "coupon"
_COUNTED: Final = frozenset({RECORD_RNG_COUNTER, _COUPON})
_PASSWORDS: Final = frozenset({RECORD_PIN, RECORD_PUK})
_EVERYTHING: Final = frozenset({""})

#: What a command may write though it is refused: counters, so that a refusal is no free try.
_WHEN_REFUSED: Final[Mapping[Kind, frozenset[str]]] = {
    (codes.CLA_ISO, codes.INS_VERIFY): frozenset({RECORD_PIN}),
    (codes.CLA_ISO, codes.INS_CHANGE_REFERENCE_DATA): frozenset({RECORD_PIN}),
    (codes.CLA_ISO, codes.INS_RESET_RETRY_COUNTER): _PASSWORDS,
    (codes.CLA_ISO, codes.INS_GENERAL_AUTHENTICATE): _PASSWORDS,
    (codes.CLA_PROPRIETARY, codes.INS_SCP03_EXTERNAL_AUTHENTICATE): frozenset({RECORD_SECURITY_DOMAIN}),
    (codes.CLA_PROPRIETARY, codes.INS_PRESENT): _COUNTED | {_LOG, RECORD_EPOCH},
    # Their last act is to make what the next request will need.
    (codes.CLA_PROPRIETARY, codes.INS_DESCRIBE_TERMINAL): _COUNTED,
    (codes.CLA_ISO, codes.INS_EXTERNAL_AUTHENTICATE): _COUNTED,
}
#: What it may write besides when it is done.
_WHEN_DONE: Final[Mapping[Kind, frozenset[str]]] = {
    (codes.CLA_ISO, codes.INS_PERFORM_SECURITY_OPERATION): frozenset({RECORD_TRUST}),
    (codes.CLA_PROPRIETARY, codes.INS_SETTINGS): frozenset({RECORD_SETTINGS}),
    (codes.CLA_PROPRIETARY, codes.INS_PREPARE): frozenset({RECORD_RNG_COUNTER, _LOG, RECORD_EPOCH, _SLOT}),
    (codes.CLA_PROPRIETARY, codes.INS_ENROL): _COUNTED | {RECORD_PENDING},
    (codes.CLA_PROPRIETARY, codes.INS_STORE_CREDENTIAL): frozenset(
        {
            RECORD_CREDENTIAL,
            RECORD_PENDING,
            RECORD_ATTESTATION_KEY,
            RECORD_ATTESTATION_CERTIFICATE,
            RECORD_LAST_DATE,
        }
    ),
    (codes.CLA_PROPRIETARY, codes.INS_STORE_DATA): frozenset(
        {
            RECORD_PARAMETERS,
            RECORD_TABLE_A,
            RECORD_TABLE_W,
            RECORD_LAST_DATE,
            RECORD_TRUST,
            RECORD_AUDITOR_KEYS,
            RECORD_ROOT_KEYS,
            RECORD_AUTHORITY_KEYS,
            RECORD_TRUSTEES,
            RECORD_ISSUER_KEYS,
        }
    ),
    (codes.CLA_PROPRIETARY, codes.INS_INITIALIZE_UPDATE): frozenset({RECORD_SECURITY_DOMAIN}),
    (codes.CLA_PROPRIETARY, codes.INS_PUT_KEY): frozenset({RECORD_STATIC_KEYS}),
    # A terminated card erases all it has.
    (codes.CLA_PROPRIETARY, codes.INS_SET_STATUS): _EVERYTHING,
}


def kind_of(octets: bytes) -> Kind | None:
    """What command these octets are; None for what is none."""
    try:
        command = CommandAPDU.from_bytes(octets)
    except ApduError:
        return None
    return command.cla & ~_TRANSPORT_BITS, command.ins


def check_answer(
    octets: bytes,
    data: bytes,
    sw: int,
    *,
    words: Callable[[int, int], Callable[[int], bool]],
    le: bool = True,
) -> None:
    """The status word is documented, an error brings no data, data are no longer than asked for.

    ``octets``: the command in plain; ``words``: what is documented; ``le``: whether it came in one piece. Raises
    :class:`Violation`.
    """
    if sw == codes.SW_NO_DIAGNOSIS:
        raise Violation("exception", f"{_named(octets)}: an exception inside the card")
    try:
        command = CommandAPDU.from_bytes(octets)
    except ApduError:
        if sw != codes.SW_WRONG_LENGTH or data:
            raise Violation("status word", f"{sw:04X} for what is no command") from None
        return
    part = bool(command.cla & CHAINING_BIT) and sw == codes.SW_OK and not data
    if not part and not words(command.cla, command.ins)(sw):
        raise Violation("status word", f"{_named(octets)}: {sw:04X} is not documented")
    if data and status_word.is_error(sw):
        raise Violation("data", f"{_named(octets)}: data beside {sw:04X}")
    if le and len(data) > (command.le or 0):
        raise Violation("data", f"{_named(octets)}: more data than Le asks for")


def check_memory(octets: bytes, sw: int, before: Records, after: Records) -> None:
    """Only what this command may write has changed, and nothing went the wrong way. Raises :class:`Violation`."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if not changed:
        return
    kind = kind_of(octets)
    allowed = _allowed(kind, done=status_word.is_success(sw) or status_word.is_warning(sw))
    wrong = [name for name in sorted(changed) if not any(name.startswith(prefix) for prefix in allowed)]
    if wrong:
        raise Violation("memory", f"{_named(octets)}: {sw:04X}, and wrote {', '.join(wrong)}")
    for name, read in _NEVER_BACK.items():
        if name in changed and name in before and name in after and read(after[name]) < read(before[name]):
            raise Violation("memory", f"{_named(octets)}: {name} went back")
    if not status_word.is_success(sw):
        for name, tries in _TRIES.items():
            if name in changed and name in before and tries(after[name]) > tries(before[name]):
                raise Violation("memory", f"{_named(octets)}: {sw:04X}, and {name} has more tries")


def unchanged(before: Records, after: Records) -> bool:
    """Whether the holder has the same card as before: password, settings, state of life."""
    return all(
        before.get(name) == after.get(name) for name in (RECORD_PIN, RECORD_SETTINGS, RECORD_LIFE_CYCLE)
    )


@cache
def _allowed(kind: Kind | None, *, done: bool) -> frozenset[str]:
    """Beginnings of the names of records."""
    if kind is None:
        return frozenset()
    allowed = _WHEN_REFUSED.get(kind, frozenset())
    return allowed | _WHEN_DONE.get(kind, frozenset()) if done else allowed


def _named(octets: bytes) -> str:
    return f"command {octets[:5].hex(' ').upper()} of {len(octets)} octets"


def _number(octets: bytes) -> int:
    return int.from_bytes(octets)


_NEVER_BACK: Final[Mapping[str, Callable[[bytes], int]]] = {
    RECORD_RNG_COUNTER: _number,
    RECORD_LAST_SEQUENCE: _number,
    RECORD_EPOCH: _number,
    RECORD_LAST_DATE: _number,
    RECORD_TRUST: lambda octets: Trust.from_octets(octets).today.toordinal(),
    RECORD_SECURITY_DOMAIN: lambda octets: SecurityDomain.from_bytes(octets).sequence,
}
_TRIES: Final[Mapping[str, Callable[[bytes], int]]] = {
    RECORD_PIN: lambda octets: Password.from_bytes(octets).tries,
    RECORD_PUK: lambda octets: Password.from_bytes(octets).tries,
    RECORD_SECURITY_DOMAIN: lambda octets: SecurityDomain.from_bytes(octets).tries,
}
