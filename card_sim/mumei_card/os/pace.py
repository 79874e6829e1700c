"""PACE in the chain of layers: MSE:Set AT and GENERAL AUTHENTICATE, and which passwords they take (TR-03110-2
v2.21, 2.2, 2.4 and 3.2; TR-03110-3 v2.21, B.1 and B.14; mumei protocol 2.6).

Outside a channel of the CAN the card says nothing of its passwords' states: Set AT answers 90 00 for each, and a
wrong, a suspended and a blocked one are answered 63 00 after the same computation and the same commits. A state
would be a mark that anybody could write and read. Inside such a channel the standard's status words hold.

Random values come from the chip's generator directly, so that a stranger at the door makes the card write nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mumei_card.chip.ec import CountedP256
from mumei_card.errors import CardError
from mumei_card.os.admission import admit
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Layer, Next
from mumei_card.os.passwords import RECORD_PIN, Attempt, digits_of, load, tries_missing
from mumei_card.os.security_status import PaceChannel
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.eac.chat import Chat
from mumei_core.eac.pace import CardPace, PaceError, Step, WrongToken
from mumei_core.eac.pace_crypto import password_key
from mumei_core.eac.pace_messages import Password, SetAt, UnknownPassword
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT
from mumei_core.iso7816.secure_messaging import CardChannel

TrustPointNames = Callable[[CardContext], tuple[bytes, ...]]
"""The card's certification authority references, most recent first, at most two."""

_SET_AT: Final = COMMANDS[codes.CLA_ISO, codes.INS_MANAGE_SECURITY_ENVIRONMENT]
_GENERAL_AUTHENTICATE: Final = COMMANDS[codes.CLA_ISO, codes.INS_GENERAL_AUTHENTICATE]
_COUNTED: Final = (Password.PIN, Password.PUK)
# Modelled, never slept: what a wrong password without a counter costs its guesser.
_SHOP_CODE_DELAY_MS: Final = 1_000
_CAN_DELAY_MS: Final = 1_000
_MAX_CAN_DOUBLINGS: Final = 6


class PaceLayer(Layer):
    """``start``: hands new keys to secure messaging. ``trust_points``: what DO 87 and 88 name."""

    def __init__(
        self, context: CardContext, start: Callable[[CardChannel], None], trust_points: TrustPointNames
    ) -> None:
        self._context = context
        self._start = start
        self._trust_points = trust_points
        self._pace: CardPace | None = None
        self._set_at: SetAt | None = None
        self._wrong_cans = 0

    def reset(self) -> None:
        self.end_session()
        self._wrong_cans = 0

    def end_session(self) -> None:
        self._pace = self._set_at = None

    def interrupt(self) -> None:
        if self._is_under_way:
            self.end_session()

    @property
    def _is_under_way(self) -> bool:
        return self._pace is not None and self._pace.step is not Step.NONCE

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        if self._context.profile == codes.PROFILE_DEVELOPMENT:
            return above(command)
        bare = command.cla & ~CHAINING_BIT
        if (bare, command.ins) == (codes.CLA_ISO, codes.INS_GENERAL_AUTHENTICATE):
            return self._general_authenticate(command)
        if _is_set_at(command):
            return self._begin(command)
        if self._is_under_way:
            self.end_session()
            # As in every chain of commands, only SELECT may break in.
            if (command.cla, command.ins) != (codes.CLA_ISO, codes.INS_SELECT):
                raise CardError(codes.SW_LAST_COMMAND_EXPECTED, "another command in the middle of PACE")
        return above(command)

    def _begin(self, command: CommandAPDU) -> ResponseAPDU:
        """MSE:Set AT (B.14.2)."""
        self.end_session()
        admit(_SET_AT, command, self._context.profile)
        channel = self._context.security_status.channel
        if channel is not None and not _may_resume(self._context):
            raise CardError(codes.SW_CONDITIONS, "one PACE in a session, but for what the CAN resumes")
        set_at = _parse(command.data)
        if channel is not None and set_at.password not in _COUNTED:
            raise CardError(codes.SW_CONDITIONS, "inside a channel of the CAN only PIN and PUK follow")
        digits = digits_of(self._context, set_at.password)
        if digits is None:
            raise CardError(codes.SW_REFERENCE_NOT_FOUND, "the card has no such password")
        self._set_at = set_at
        self._pace = CardPace(
            CountedP256(self._context.counters),
            set_at.algorithm,
            set_at.password,
            password_key(set_at.algorithm, digits),
            random=self._context.trng,
            cars=self._trust_points(self._context) if set_at.chat is not None else (),
        )
        tries = tries_missing(self._context, set_at.password)
        if channel is None or tries is None:
            return ResponseAPDU()
        return ResponseAPDU(sw=codes.SW_TRIES_LEFT | tries)

    def _general_authenticate(self, command: CommandAPDU) -> ResponseAPDU:
        """GENERAL AUTHENTICATE (B.14.1). After any refusal PACE is to be begun anew."""
        admit(_GENERAL_AUTHENTICATE, command, self._context.profile)
        pace, set_at = self._pace, self._set_at
        if pace is None or set_at is None:
            raise CardError(codes.SW_CONDITIONS, "PACE was not begun")
        last = not command.cla & CHAINING_BIT
        try:
            if pace.step is not Step.TOKEN:
                return ResponseAPDU(pace.general_authenticate(command.data, last=last))
            pace.take_token(command.data, last=last)
        except PaceError as error:
            self.end_session()
            raise CardError(error.sw, error.message) from error
        self.end_session()
        return ResponseAPDU(self._finish(pace, set_at))

    def _finish(self, pace: CardPace, set_at: SetAt) -> bytes:
        """Count, compare, and hand over the keys."""
        is_transport = False
        if set_at.password in _COUNTED:
            data = self._check_counted(pace, set_at.password)
            is_transport = set_at.password is Password.PIN and load(self._context, RECORD_PIN).is_transport
        else:
            data = self._check_uncounted(pace, set_at.password)
        result = pace.result
        status = self._context.security_status
        status.clear()
        status.channel = PaceChannel(
            password=set_at.password,
            card_key=result.card_key,
            terminal_key=result.terminal_key,
            chat=set_at.chat,
            cars=result.cars,
            is_transport_pin=is_transport,
        )
        status.pin_verified = set_at.password is Password.PIN and not is_transport
        self._start(CardChannel(result.k_enc, result.k_mac))
        return data

    def _check_counted(self, pace: CardPace, name: Password) -> bytes:
        """PIN or PUK. Suspended and blocked ones are compared too, to take as long, but never pass."""
        channel = self._context.security_status.channel
        attempt = Attempt(self._context, name, resumed=channel is not None)
        data: bytes | None
        try:
            data = pace.check_token()
        except WrongToken:
            data = None
        if data is not None and attempt.is_usable:
            attempt.succeed()
            return data
        if channel is None:
            raise CardError(codes.SW_AUTHENTICATION_FAILED, "wrong, suspended or blocked")
        if not attempt.is_usable:
            raise CardError(codes.SW_BLOCKED, "no tries left")
        raise CardError(codes.SW_TRIES_LEFT | attempt.password.tries, "wrong")

    def _check_uncounted(self, pace: CardPace, name: Password) -> bytes:
        try:
            data = pace.check_token()
        except WrongToken as error:
            self._context.counters.delay_ms += self._delay(name)
            raise CardError(codes.SW_AUTHENTICATION_FAILED, "wrong") from error
        if name is Password.CAN:
            self._wrong_cans = 0
        return data

    def _delay(self, name: Password) -> int:
        if name is Password.SHOP_CODE:
            return _SHOP_CODE_DELAY_MS
        delay = _CAN_DELAY_MS << min(self._wrong_cans, _MAX_CAN_DOUBLINGS)
        self._wrong_cans += 1
        return delay


def _may_resume(context: CardContext) -> bool:
    """Whether this is a channel of the CAN, and still the holder's: no terminal was let in."""
    status = context.security_status
    return status.channel is not None and status.channel.password is Password.CAN and status.terminal is None


def _is_set_at(command: CommandAPDU) -> bool:
    return command.header == bytes(
        (codes.CLA_ISO, codes.INS_MANAGE_SECURITY_ENVIRONMENT, codes.SET_AT_PACE_P1, codes.SET_AT_P2)
    )


def _parse(data: bytes) -> SetAt:
    """The data field, with what this card does not support refused: 6A 80, 6A 88."""
    try:
        set_at = SetAt.from_octets(data)
        if set_at.parameter_id not in (None, codes.PARAMETERS_P256):
            raise DecodingError("domain parameters that the card does not offer")
        if set_at.chat is not None and not Chat.from_octets(set_at.chat).is_authentication_terminal:
            raise DecodingError("a type of terminal that the card does not know")
    except UnknownPassword as error:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, str(error)) from error
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    return set_at
