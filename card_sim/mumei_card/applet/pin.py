"""The holder's PIN and PUK in plain, development profile only (ISO/IEC 7816-4:2005 clause 7.5).

A try is counted and committed before the comparison, and given back after it: a power cut between the two
costs a try and wins nothing. A new card has a transport PIN of five digits, good for one thing: to be
changed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.registry import ANY_OCTET, Command, Presence, Registry
from mumei_core.commands import codes
from mumei_core.iso7816.apdu import CommandAPDU

RECORD_PIN = "pin"
RECORD_PUK = "puk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """One password's record in memory: tries left (1 octet), then its digits in ASCII."""

    tries: int
    digits: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, octets: bytes) -> Password:
        return cls(tries=octets[0], digits=octets[1:])

    def to_bytes(self) -> bytes:
        return bytes((self.tries,)) + self.digits

    @property
    def is_transport(self) -> bool:
        """Whether this is a transport PIN; its length tells, so state and value cannot disagree."""
        return len(self.digits) == codes.TRANSPORT_PIN_DIGITS


def new_pin(digits: bytes) -> Password:
    """A PIN or transport PIN with all its tries."""
    return Password(tries=codes.PIN_TRIES, digits=digits)


def new_puk(digits: bytes) -> Password:
    """A PUK with all its tries."""
    return Password(tries=codes.PUK_TRIES, digits=digits)


def register(registry: Registry) -> None:
    """VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. The handlers check P2 themselves: 6A88."""
    for name, ins, handler, data in (
        ("VERIFY", codes.INS_VERIFY, verify, Presence.OPTIONAL),
        ("CHANGE REFERENCE DATA", codes.INS_CHANGE_REFERENCE_DATA, change_reference_data, Presence.REQUIRED),
        ("RESET RETRY COUNTER", codes.INS_RESET_RETRY_COUNTER, reset_retry_counter, Presence.REQUIRED),
    ):
        registry.add(
            Command(
                name=name,
                cla=codes.CLA_ISO,
                ins=ins,
                handler=handler,
                p2=ANY_OCTET,
                data=data,
                answers=False,
            )
        )


def verify(command: CommandAPDU, context: CardContext) -> bytes:
    """VERIFY: compares the PIN, or without data says how things stand."""
    if command.p2 == codes.REFERENCE_PUK:
        return _verify_puk(command, context)
    _require_pin_reference(command)
    if command.data:
        _require_digits(command.data, codes.PIN_DIGITS)
    pin = _load(context, RECORD_PIN)
    if pin.tries and pin.is_transport:
        raise CardError(codes.SW_REFERENCE_DATA_UNUSABLE, "the transport PIN was not changed yet")
    if not command.data:
        return _ask(pin, verified=context.security_status.pin_verified)
    _compare(context, RECORD_PIN, command.data, tries=codes.PIN_TRIES)
    context.security_status.pin_verified = True
    return b""


def change_reference_data(command: CommandAPDU, context: CardContext) -> bytes:
    """CHANGE REFERENCE DATA: old PIN (or transport PIN) and new PIN."""
    _require_pin_reference(command)
    old_length = len(_load(context, RECORD_PIN).digits)
    _require_digits(command.data, old_length + codes.PIN_DIGITS)
    old, new = command.data[:old_length], command.data[old_length:]
    _compare(context, RECORD_PIN, old, tries=codes.PIN_TRIES, also={RECORD_PIN: new_pin(new)})
    return b""


def reset_retry_counter(command: CommandAPDU, context: CardContext) -> bytes:
    """RESET RETRY COUNTER: PUK and new PIN."""
    _require_pin_reference(command)
    _require_digits(command.data, codes.PUK_DIGITS + codes.PIN_DIGITS)
    puk, new = command.data[: codes.PUK_DIGITS], command.data[codes.PUK_DIGITS :]
    _compare(context, RECORD_PUK, puk, tries=codes.PUK_TRIES, also={RECORD_PIN: new_pin(new)})
    return b""


def _verify_puk(command: CommandAPDU, context: CardContext) -> bytes:
    if command.data:
        raise CardError(codes.SW_LC_AGAINST_P1_P2, "the PUK is used by RESET RETRY COUNTER only")
    return _ask(_load(context, RECORD_PUK), verified=False)


def _ask(password: Password, *, verified: bool) -> bytes:
    """The answer to VERIFY without data, clause 7.5.6."""
    if not password.tries:
        raise CardError(codes.SW_BLOCKED, "no tries left")
    if not verified:
        raise CardError(codes.SW_TRIES_LEFT | password.tries, "not verified")
    return b""


def _compare(
    context: CardContext,
    record: str,
    digits: bytes,
    *,
    tries: int,
    also: dict[str, Password] | None = None,
) -> None:
    """Compares ``digits`` with the record and counts; if right, stores full ``tries`` and ``also``."""
    password = _load(context, record)
    if not password.tries:
        raise CardError(codes.SW_BLOCKED, "no tries left")
    counted = replace(password, tries=password.tries - 1)
    context.nvm.commit({record: counted.to_bytes()})
    if not hmac.compare_digest(counted.digits, digits):
        if record == RECORD_PIN:
            context.security_status.pin_verified = False
        raise CardError(codes.SW_TRIES_LEFT | counted.tries, "wrong", keep_status=True)
    changes = {record: replace(password, tries=tries), **(also or {})}
    context.nvm.commit({name: value.to_bytes() for name, value in changes.items()})


def _load(context: CardContext, record: str) -> Password:
    return Password.from_bytes(context.record(record))


def _require_pin_reference(command: CommandAPDU) -> None:
    if command.p2 != codes.REFERENCE_PIN:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no such reference data")


def _require_digits(data: bytes, length: int) -> None:
    if len(data) != length:
        raise CardError(codes.SW_WRONG_LENGTH, "not as long as the passwords are")
    if not data.isdigit():
        raise CardError(codes.SW_WRONG_DATA, "not digits")
