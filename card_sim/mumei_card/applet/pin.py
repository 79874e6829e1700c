"""The commands for the holder's PIN (ISO/IEC 7816-4:2005 clause 7.5; TR-03110-3 v2.21, B.14.9; mumei protocol 2.6).

In the development profile they travel in plain, with old PIN or PUK in the command. In every other profile the
password was shown by PACE before: RESET RETRY COUNTER then changes the PIN in a channel of the PIN and unblocks it
in one of the PUK, and VERIFY serves a terminal that was let in and tells it no counter.

A new card has a transport PIN of five digits, good for one thing: to be changed.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Attempt, Password, load, new_pin
from mumei_card.os.registry import Registry
from mumei_card.os.security_status import PaceChannel
from mumei_core.commands import codes
from mumei_core.eac.pace_messages import Password as PasswordName
from mumei_core.iso7816.apdu import CommandAPDU


def register(registry: Registry) -> None:
    """VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER."""
    registry.guard("PIN_CHANNEL", lambda context: _holders_channel(context, PasswordName.PIN))
    registry.guard("PUK_CHANNEL", lambda context: _holders_channel(context, PasswordName.PUK))
    registry.bind("VERIFY", verify)
    registry.bind("CHANGE REFERENCE DATA", change_reference_data)
    registry.bind("RESET RETRY COUNTER", reset_retry_counter)


def verify(command: CommandAPDU, context: CardContext) -> bytes:
    """VERIFY: compares the PIN, or without data says how things stand."""
    if context.profile != codes.PROFILE_DEVELOPMENT:
        return _verify_for_terminal(command, context)
    if command.p2 == codes.REFERENCE_PUK:
        return _ask(load(context, RECORD_PUK), verified=False)
    if command.data:
        _require_digits(command.data)
    pin = load(context, RECORD_PIN)
    if pin.tries and pin.is_transport:
        raise CardError(codes.SW_REFERENCE_DATA_UNUSABLE, "the transport PIN was not changed yet")
    if not command.data:
        return _ask(pin, verified=context.security_status.pin_verified)
    _compare(context, RECORD_PIN, command.data, tries=codes.PIN_TRIES)
    context.security_status.pin_verified = True
    return b""


def _verify_for_terminal(command: CommandAPDU, context: CardContext) -> bytes:
    """90 00 or 63 00 and nothing else; a wrong, suspended, blocked or transport PIN look the same."""
    status = context.security_status
    if not command.data:
        if not status.pin_verified:
            raise CardError(codes.SW_AUTHENTICATION_FAILED, "not verified")
        return b""
    _require_digits(command.data)
    resumed = status.channel is not None and status.channel.password is PasswordName.CAN
    attempt = Attempt(context, PasswordName.PIN, resumed=resumed)
    right = hmac.compare_digest(attempt.password.digits, command.data)
    if not (right and attempt.is_usable):
        status.pin_verified = False
        raise CardError(codes.SW_AUTHENTICATION_FAILED, "wrong, suspended or blocked", keep_status=True)
    attempt.succeed()
    status.pin_verified = True
    return b""


def change_reference_data(command: CommandAPDU, context: CardContext) -> bytes:
    """CHANGE REFERENCE DATA: old PIN (or transport PIN) and new PIN."""
    old_length = len(load(context, RECORD_PIN).digits)
    if len(command.data) != old_length + codes.PIN_DIGITS:
        raise CardError(codes.SW_WRONG_LENGTH, "not as long as the passwords are")
    _require_digits(command.data)
    old, new = command.data[:old_length], command.data[old_length:]
    _compare(context, RECORD_PIN, old, tries=codes.PIN_TRIES, also={RECORD_PIN: new_pin(new)})
    return b""


def reset_retry_counter(command: CommandAPDU, context: CardContext) -> bytes:
    """RESET RETRY COUNTER: PUK and new PIN in plain; in a channel a new PIN, or all tries for the old one."""
    if command.p1 == codes.CHANGE_PIN_P1:
        return _change(command, context)
    if command.p1 == codes.UNBLOCK_PIN_P1:
        return _unblock(context)
    _require_digits(command.data)
    puk, new = command.data[: codes.PUK_DIGITS], command.data[codes.PUK_DIGITS :]
    _compare(context, RECORD_PUK, puk, tries=codes.PUK_TRIES, also={RECORD_PIN: new_pin(new)})
    return b""


def _change(command: CommandAPDU, context: CardContext) -> bytes:
    """A new PIN, with all its tries. After a transport PIN, PACE with the new one is still to come."""
    channel = _holders_channel(context, PasswordName.PIN)
    _require_digits(command.data)
    context.nvm.commit({RECORD_PIN: new_pin(command.data).to_bytes()})
    context.security_status.channel = replace(channel, is_transport_pin=False)
    return b""


def _unblock(context: CardContext) -> bytes:
    """All tries again for the PIN as it is."""
    pin = load(context, RECORD_PIN)
    context.nvm.commit({RECORD_PIN: replace(pin, tries=codes.PIN_TRIES).to_bytes()})
    return b""


def _holders_channel(context: CardContext, password: PasswordName) -> PaceChannel:
    """The channel, if it was made with this password and no terminal was let into it: else 69 82.

    A shop to whose question the holder typed the PIN must not change it behind the holder's back.
    """
    status = context.security_status
    if status.channel is None or status.channel.password is not password or status.terminal is not None:
        raise CardError(codes.SW_SECURITY_STATUS, f"only after PACE with the {password.name}, by the holder")
    return status.channel


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
    password = load(context, record)
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


def _require_digits(data: bytes) -> None:
    if not data.isdigit():
        raise CardError(codes.SW_WRONG_DATA, "not digits")
