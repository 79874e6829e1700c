"""Cards with a planted defect each, and the checks that must find it. What finds none of them proves nothing.

A mutant changes the card in this process while it is used, and nothing else: the suite's reference shares no code
with the card. ``found_by`` names checks that have to fail; others may fail as well.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mumei_card.applet import files, log, pin, presentation, security_domain, terminal_authentication
from mumei_card.errors import CardError
from mumei_card.os import layers, pace, passwords, scp03_layer, secure_messaging
from mumei_card.os.context import CardContext
from mumei_card.os.kernel import Kernel
from mumei_card.os.layer import Next, answer
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands import codes
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.eac import terminal_auth, trust
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT, ChainCollector
from mumei_core.iso7816.secure_messaging import CardChannel, SecureMessagingError, _Channel

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``about``: what is wrong with the card. ``plant``: makes it so."""

    name: str
    about: str
    found_by: tuple[str, ...]
    plant: Plant

    @contextmanager
    def planted(self) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            yield


MUTANTS: list[Mutant] = []


def mutant(about: str, *found_by: str) -> Callable[[Plant], Plant]:
    """The function is the defect of this kind."""

    def add(plant: Plant) -> Plant:
        MUTANTS.append(Mutant(plant.__name__, about, found_by, plant))
        return plant

    return add


# ISO/IEC 7816-4


@mutant("SELECT leaves the PIN verified", "test_select_resets_the_security_status")
def select_keeps_the_pin(patch: pytest.MonkeyPatch) -> None:
    def select(self: SecurityStatus) -> None:
        self.current_file = None

    patch.setattr(SecurityStatus, "select", select)


@mutant(
    "an unknown class is called an unknown instruction",
    "test_unknown_class_is_6e00[proprietary_a0]",
    "test_unknown_class_and_instruction_is_6e00",
)
def class_is_6d00(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(layers, "SW_CLA_NOT_SUPPORTED", codes.SW_INS_NOT_SUPPORTED)


@mutant("an unknown instruction is called an unknown class", "test_invalid_instruction_is_6d00[ins_60]")
def instruction_is_6e00(patch: pytest.MonkeyPatch) -> None:
    from mumei_card.os import admission

    patch.setattr(admission, "SW_INS_NOT_SUPPORTED", codes.SW_CLA_NOT_SUPPORTED)


@mutant(
    "a chain goes on after another command",
    "test_an_interrupted_chain_is_6883[another_instruction]",
    "test_nothing_of_a_broken_chain_is_used[by_another_command]",
)
def chain_goes_on(patch: pytest.MonkeyPatch) -> None:
    add = ChainCollector.add

    def tolerant(self: ChainCollector, command: CommandAPDU) -> CommandAPDU | None:
        whole = replace(command, cla=command.cla & ~CHAINING_BIT)
        if self._header not in (None, whole.header) and not command.cla & CHAINING_BIT:
            return whole
        return add(self, command)

    patch.setattr(ChainCollector, "add", tolerant)


@mutant(
    "a refused class or a malformed command leaves a chain open",
    "test_nothing_of_a_broken_chain_is_used[by_a_class]",
    "test_nothing_of_a_broken_chain_is_used[by_no_command]",
)
def chain_survives_what_is_refused_below(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(layers.CommandChaining, "interrupt", lambda self: None)


@mutant(
    "GET RESPONSE gives what is left of an older answer",
    "test_get_response_after_another_command_is_6985[command]",
    "test_get_response_after_another_command_is_6985[refused]",
)
def get_response_leaks(patch: pytest.MonkeyPatch) -> None:
    process = layers.ResponseChaining.process

    def leaking(self: layers.ResponseChaining, command: CommandAPDU, above: Next) -> ResponseAPDU:
        before = self._waiting
        try:
            return process(self, command, above)
        finally:
            if command.ins != codes.INS_GET_RESPONSE and not self._waiting:
                self._waiting = before

    patch.setattr(layers.ResponseChaining, "process", leaking)


@mutant(
    "the bits of the logical channel are ignored",
    "test_another_logical_channel_is_6881[one]",
    "test_another_logical_channel_is_6881[proprietary_one]",
)
def channel_bits_ignored(patch: pytest.MonkeyPatch) -> None:
    process = layers.ClassCheck.process

    def deaf(self: layers.ClassCheck, command: CommandAPDU, above: Next) -> ResponseAPDU:
        return process(self, replace(command, cla=command.cla & ~0x03), above)

    patch.setattr(layers.ClassCheck, "process", deaf)


@mutant(
    "Le is ignored",
    "test_an_answer_longer_than_le_comes_in_pieces",
    "test_select_without_le",
)
def le_ignored(patch: pytest.MonkeyPatch) -> None:
    process = layers.ResponseChaining.process

    def generous(self: layers.ResponseChaining, command: CommandAPDU, above: Next) -> ResponseAPDU:
        return process(self, replace(command, le=65_536), above)

    patch.setattr(layers.ResponseChaining, "process", generous)


@mutant(
    "EF.ATR/INFO announces twice as much as the card takes", "test_the_longest_announced_command_is_taken"
)
def ef_atr_lies(patch: pytest.MonkeyPatch) -> None:
    lengths = files._length_information()
    patch.setattr(files, "_length_information", lambda: lengths.replace(b"\x10\x00", b"\x20\x00"))


@mutant(
    "historical bytes and EF.ATR/INFO tell two life cycles",
    "test_ef_atr_info_agrees_with_the_historical_bytes",
)
def two_life_cycles(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "life_cycle_status", lambda state: b"\x00")


@mutant(
    "any name that begins as the application's selects it",
    "test_select_of_another_application_is_6a82[one_octet_more]",
)
def longer_names_select(patch: pytest.MonkeyPatch) -> None:
    select = files._select_application

    def generous(command: CommandAPDU, context: CardContext) -> bytes:
        return select(replace(command, data=command.data[: len(codes.AID)]), context)

    patch.setattr(files, "_select_application", generous)


@mutant(
    "next occurrence finds the same application again", "test_next_and_previous_occurrence_are_6a82[next]"
)
def next_is_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "_FIRST_OR_LAST", range(4))


@mutant("an offset outside the file reads nothing with 9000", "test_an_offset_outside_is_6b00")
def offset_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "CardError", _forgiving(codes.SW_WRONG_OFFSET, codes.SW_OK))


def _forgiving(*swapped: int) -> Callable[..., CardError]:
    def make(sw: int, reason: str) -> CardError:
        return CardError(swapped[1] if sw == swapped[0] else sw, reason)

    return make


# Passwords


@mutant("a wrong PIN is counted in volatile memory only", "test_the_counter_outlives_power_off")
def counter_is_volatile(patch: pytest.MonkeyPatch) -> None:
    kept: dict[int, int] = {}
    load, reset = pin.load, Kernel.reset

    def counted(context: CardContext, record: str) -> passwords.Password:
        return replace(load(context, record), tries=kept.get(id(context), codes.PIN_TRIES))

    def compare(context: CardContext, record: str, digits: bytes, *, tries: int, also: object = None) -> None:
        if load(context, record).digits != digits:
            kept[id(context)] = kept.get(id(context), codes.PIN_TRIES) - 1
            raise CardError(codes.SW_TRIES_LEFT | kept[id(context)], "wrong", keep_status=True)
        kept.pop(id(context), None)

    def forget(self: Kernel) -> None:
        kept.pop(id(self.context), None)
        reset(self)

    patch.setattr(pin, "load", counted)
    patch.setattr(pin, "_compare", compare)
    patch.setattr(Kernel, "reset", forget)


@mutant("the PIN is compared before its try is counted", "test_a_try_is_counted_before_it_is_compared")
def compared_before_counted(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def early(context: CardContext, record: str, digits: bytes, **options: Any) -> None:
        if pin.load(context, record).digits != digits:
            compare(context, record, digits, **options)
        context.nvm.commit({record: replace(pin.load(context, record), tries=options["tries"]).to_bytes()})

    patch.setattr(pin, "_compare", early)


@mutant("a right PIN gives no tries back", "test_a_wrong_pin_counts")
def tries_never_come_back(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def strict(context: CardContext, record: str, digits: bytes, *, tries: int, also: Any = None) -> None:
        compare(context, record, digits, tries=max(pin.load(context, record).tries - 1, 1), also=also)

    patch.setattr(pin, "_compare", strict)


@mutant("a blocked PIN that is right is accepted", "test_a_pin_blocks")
def blocked_pin_is_accepted(patch: pytest.MonkeyPatch) -> None:
    compare = pin._compare

    def lenient(context: CardContext, record: str, digits: bytes, **options: Any) -> None:
        if pin.load(context, record).digits != digits:
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
        if self._channel is not None and not secure_messaging.is_protected(command.cla):
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
    patch.setattr(trust, "_BELOW", {role: tuple(trust.Role) for role in trust.Role})


@mutant("the card's date goes back", "test_the_date_moves_forward_only")
def date_goes_back(patch: pytest.MonkeyPatch) -> None:
    moved = trust._moved

    def loose(before: trust.Trust, certificate: Any, issuer: Any) -> trust.Trust:
        after = moved(before, certificate, issuer)
        official = issuer.role is trust.Role.DV_OFFICIAL
        return replace(after, today=certificate.body.effective) if official else after

    patch.setattr(trust, "_moved", loose)


@mutant("a shop's certificate moves the card's date", "test_a_shop_does_not_move_the_date")
def shops_move_the_date(patch: pytest.MonkeyPatch) -> None:
    def moved(before: trust.Trust, certificate: Any, issuer: Any) -> trust.Trust:
        return replace(before, today=max(before.today, certificate.body.effective))

    patch.setattr(trust, "_moved", moved)


@mutant("the CHAT of PACE confines nothing", "test_the_chat_of_pace_confines")
def chat_ignored(patch: pytest.MonkeyPatch) -> None:
    authorise = terminal_authentication.authorise

    def generous(key: Any, chat: Any, *more: Any, **options: Any) -> Any:
        return authorise(key, key.certificate.body.chat, *more, **options)

    patch.setattr(terminal_authentication, "authorise", generous)


# SCP03


@mutant(
    "the security level is not enforced",
    "test_writing_needs_mac_and_encryption[c_mac]",
    "test_writing_needs_mac_and_encryption[plain]",
)
def level_unenforced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_domain, "_require", lambda context, level: None)


@mutant(
    "everybody reaches the security domain of an issued card",
    "test_the_security_domain_is_hidden[initialize_update]",
    "test_the_security_domain_is_hidden[select]",
)
def security_domain_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_domain, "may_reach_security_domain", lambda context: True)


@mutant("SCP03's sequence counter stands still", "test_challenges_never_repeat")
def sequence_stands_still(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        security_domain.SecurityDomain,
        "to_bytes",
        lambda self: self.diversification_data + bytes(3) + bytes((self.tries,)),
    )


@mutant("a plain command leaves SCP03 open", "test_a_plain_command_ends_the_channel[challenge]")
def plain_leaves_scp03(patch: pytest.MonkeyPatch) -> None:
    inside = scp03_layer.Scp03Layer._inside

    def lenient(self: Any, command: CommandAPDU, channel: Any, above: Next) -> ResponseAPDU:
        return inside(self, command, channel, above) if command.cla & 0x04 else above(command)

    patch.setattr(scp03_layer.Scp03Layer, "_inside", lenient)


@mutant("a card is secured without what it needs", "test_a_new_card_takes_no_step_without_what_it_needs")
def steps_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security_domain, "_NEEDS", {})
    patch.setattr(security_domain, "STEPS", {state: frozenset(LifeCycle) for state in LifeCycle})


# Presentations


@mutant(
    "PRESENT answers as often as one likes", "test_a_second_presentation_is_6986", "test_present_in_plain"
)
def present_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "_present", _forgetting(presentation._present))


@mutant("cannot prove costs nothing", "test_cannot_prove_uses_the_session", "test_development_order")
def cannot_prove_costs_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "_present", _forgetting(presentation._present, only_refusals=True))


def _forgetting(original: Callable[..., bytes], *, only_refusals: bool = False) -> Callable[..., bytes]:
    def forget(*arguments: Any) -> bytes:
        status = arguments[-1].security_status
        try:
            result = original(*arguments)
        except CardError:
            status.presented = False
            raise
        status.presented = only_refusals
        return result

    return forget


@mutant("a terminal's rights are not looked at", "test_beyond_the_rights_is_6982[another_age]")
def rights_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TerminalRights, "permits", lambda self, request: True)


@mutant(
    "the channel binding is not looked at",
    "test_another_channel_context_or_table_is_6a80[binding]",
    "test_a_request_of_another_session_is_6a80",
)
def binding_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "_check_binding", lambda *arguments: None)


@mutant("the PIN is never asked for", "test_an_unlisted_age_wants_the_pin", "test_consent_is_for_one_session")
def consent_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "needs_pin", lambda *arguments: False)


@mutant("presentations leave nothing in the log", "test_the_log", "test_cannot_prove_is_logged")
def log_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "ended", lambda context, outcome: None)
    patch.setattr(log, "begun", lambda *arguments: {})
