"""Defects in passwords, PACE, secure messaging and Terminal Authentication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mumei_card.applet import pin
from mumei_card.errors import CardError
from mumei_card.os import pace, passwords, secure_messaging
from mumei_card.os.context import CardContext
from mumei_card.os.kernel import Kernel
from mumei_card.os.layer import Next, answer
from mumei_core.commands import codes
from mumei_core.eac import authorisation, terminal_auth, trust
from mumei_core.eac.chat import Role
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import CardChannel, SecureMessagingError, _Channel, is_protected

from .mutant import mutant

# Passwords


@mutant("a wrong PIN is counted in volatile memory only", "test_the_counter_outlives_power_off")
def counter_is_volatile(patch: pytest.MonkeyPatch) -> None:
    kept: dict[int, int] = {}
    load, reset = passwords.load, Kernel.reset

    def counted(context: CardContext, record: str) -> passwords.Password:
        return replace(load(context, record), tries=kept.get(id(context), codes.PIN_TRIES))

    def compare(context: CardContext, record: str, digits: bytes, *, tries: int, also: Any = None) -> None:
        if load(context, record).digits != digits:
            kept[id(context)] = kept.get(id(context), codes.PIN_TRIES) - 1
            raise CardError(codes.SW_TRIES_LEFT | kept[id(context)], "wrong", keep_status=True)
        kept.pop(id(context), None)

    def forget(self: Kernel) -> None:
        kept.pop(id(self.context), None)
        reset(self)

    patch.setattr("mumei_card.applet.pin.load", counted)
    patch.setattr(pin, "_compare", compare)
    patch.setattr(Kernel, "reset", forget)


@mutant("the PIN is compared before its try is counted", "test_a_try_is_counted_before_it_is_compared")
def compared_before_counted(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def early(context: CardContext, record: str, digits: bytes, **options: Any) -> None:
        if passwords.load(context, record).digits != digits:
            compare(context, record, digits, **options)
        context.nvm.commit(
            {record: replace(passwords.load(context, record), tries=options["tries"]).to_bytes()}
        )

    patch.setattr(pin, "_compare", early)


@mutant("a right PIN gives no tries back", "test_a_wrong_pin_counts")
def tries_never_come_back(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def strict(context: CardContext, record: str, digits: bytes, *, tries: int, also: Any = None) -> None:
        compare(context, record, digits, tries=max(passwords.load(context, record).tries - 1, 1), also=also)

    patch.setattr(pin, "_compare", strict)


@mutant("a blocked PIN that is right is accepted", "test_a_pin_blocks")
def blocked_pin_is_accepted(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def lenient(context: CardContext, record: str, digits: bytes, **options: Any) -> None:
        if passwords.load(context, record).digits != digits:
            compare(context, record, digits, **options)

    patch.setattr(pin, "_compare", lenient)


@mutant("a suspended PIN is tried outside a channel of the CAN", "test_a_suspended_pin_is_resumed_by_the_can")
def suspended_pin_is_tried(patch: pytest.MonkeyPatch) -> None:
    begin = passwords.Attempt.__init__

    def make(self: passwords.Attempt, context: CardContext, name: Any, *, resumed: bool) -> None:
        begin(self, context, name, resumed=True)

    patch.setattr(passwords.Attempt, "__init__", make)


@mutant("PACE ends with one try gone though the PIN was right", "test_a_wrong_pin_is_counted_and_forgiven")
def pace_forgives_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(passwords.Attempt, "succeed", lambda self: None)


@mutant("a terminal that was let in may change the PIN", "test_a_terminal_changes_no_pin")
def terminal_changes_the_pin(patch: pytest.MonkeyPatch) -> None:
    holders = pin._holders_channel

    def blind(context: CardContext, password: Any) -> Any:
        status = context.security_status
        terminal, status.terminal = status.terminal, None
        try:
            return holders(context, password)
        finally:
            status.terminal = terminal

    patch.setattr(pin, "_holders_channel", blind)


# PACE and secure messaging


@mutant("PACE's nonce is always the same", "test_nonces_differ")
def nonce_is_constant(patch: pytest.MonkeyPatch) -> None:
    from mumei_core.eac.pace import CardPace

    give = CardPace._give_nonce

    def dull(self: CardPace, data: bytes) -> bytes:
        random, self._random = self._random, bytes
        try:
            return give(self, data)
        finally:
            self._random = random

    patch.setattr(CardPace, "_give_nonce", dull)


@mutant("a token is not compared", "test_a_wrong_token_is_6300", "test_a_wrong_password_is_6300[shop_code]")
def token_unchecked(patch: pytest.MonkeyPatch) -> None:
    from mumei_core.eac.pace import CardPace

    check = CardPace.check_token

    def trusting(self: CardPace) -> bytes:
        self._token = self._agreement.expected_token
        return check(self)

    patch.setattr(CardPace, "check_token", trusting)


@mutant(
    "outside a channel the card tells how many tries a PIN has", "test_a_suspended_pin_is_resumed_by_the_can"
)
def state_of_the_pin_is_told(patch: pytest.MonkeyPatch) -> None:
    begin = pace.PaceLayer._begin

    def talkative(self: pace.PaceLayer, command: CommandAPDU) -> ResponseAPDU:
        response = begin(self, command)
        assert self._set_at is not None
        tries = passwords.tries_missing(self._context, self._set_at.password)
        return response if tries is None else ResponseAPDU(sw=codes.SW_TRIES_LEFT | tries)

    patch.setattr(pace.PaceLayer, "_begin", talkative)


@mutant(
    "the MAC of a command is not checked",
    "test_a_changed_octet_is_6988[p1]",
    "test_a_changed_octet_is_6988[mac]",
)
def mac_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Channel, "_check_mac", lambda self, octets, header, mac: None)


@mutant(
    "a command may be sent twice", "test_a_replayed_command_is_6988", "test_a_wrong_counter_is_6988[behind]"
)
def counter_looks_back(patch: pytest.MonkeyPatch) -> None:
    unwrap = CardChannel.unwrap

    def forgiving(self: CardChannel, command: CommandAPDU) -> CommandAPDU:
        keys, counter = (bytes(self._k_enc), bytes(self._k_mac)), self._ssc
        try:
            return unwrap(self, command)
        except SecureMessagingError:
            self._k_enc, self._k_mac = bytearray(keys[0]), bytearray(keys[1])
            self._ssc = max(counter - 2, 0)
            return unwrap(self, command)

    patch.setattr(CardChannel, "unwrap", forgiving)


@mutant(
    "a plain command leaves the channel open",
    "test_a_plain_command_ends_the_session[challenge]",
    "test_a_plain_command_ends_the_session[select]",
)
def plain_ends_nothing(patch: pytest.MonkeyPatch) -> None:
    layer = secure_messaging.SecureMessagingLayer
    process = layer.process

    def lenient(self: Any, command: CommandAPDU, above: Next) -> ResponseAPDU:
        if self._channel is not None and not is_protected(command.cla):
            return answer(self._status, above, command)
        return process(self, command, above)

    patch.setattr(layer, "process", lenient)


@mutant("an error inside ends the channel", "test_an_error_inside_ends_nothing[instruction]")
def errors_end_the_channel(patch: pytest.MonkeyPatch) -> None:
    wrap = CardChannel.wrap

    def nervous(self: CardChannel, response: ResponseAPDU) -> ResponseAPDU:
        protected = wrap(self, response)
        if response.sw >> 8 >= 0x64 and response.sw != codes.SW_OK:
            self.wipe()
        return protected

    patch.setattr(CardChannel, "wrap", nervous)


# Terminal Authentication


@mutant("a terminal's signature is not checked", "test_a_wrong_signature_is_6300[zeros]")
def signature_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(terminal_auth, "verify", lambda point, message, signature: None)


@mutant("a challenge serves as often as one likes", "test_a_challenge_serves_once")
def challenge_reusable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(terminal_auth.CardTerminalAuth, "without_challenge", lambda self: self)


@mutant("a certificate's signature is not checked", "test_a_certificate_that_is_not_accepted[another_signer]")
def certificates_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trust, "_check_signature", lambda certificate, issuer: None)


@mutant(
    "a sector authority certifies another",
    "test_a_role_that_the_issuer_may_not_certify_is_6a80[sector_by_sector]",
)
def roles_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trust, "_BELOW", {role: tuple(Role) for role in Role})


@mutant("the card's date goes back", "test_the_date_moves_forward_only")
def date_goes_back(patch: pytest.MonkeyPatch) -> None:
    moved = trust._moved

    def loose(before: trust.Trust, certificate: Any, issuer: Any) -> trust.Trust:
        after = moved(before, certificate, issuer)
        official = issuer.role is Role.DV_OFFICIAL
        return replace(after, today=certificate.body.effective) if official else after

    patch.setattr(trust, "_moved", loose)


@mutant("a shop's certificate moves the card's date", "test_a_shop_does_not_move_the_date")
def shops_move_the_date(patch: pytest.MonkeyPatch) -> None:
    def moved(before: trust.Trust, certificate: Any, issuer: Any) -> trust.Trust:
        return replace(before, today=max(before.today, certificate.body.effective))

    patch.setattr(trust, "_moved", moved)


@mutant("the CHAT of PACE confines nothing", "test_the_chat_of_pace_confines")
def chat_ignored(patch: pytest.MonkeyPatch) -> None:
    authorise = authorisation.authorise

    def generous(key: Any, chat: Any, *more: Any, **options: Any) -> Any:
        return authorise(key, key.certificate.body.chat, *more, **options)

    patch.setattr("mumei_card.applet.terminal_authentication.authorise", generous)
