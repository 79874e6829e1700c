"""Defects in classes, lengths, chains and files: ISO/IEC 7816-4:2005."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mumei_card.applet import files
from mumei_card.errors import CardError
from mumei_card.os import layers
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Next
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands import codes
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT, ChainCollector

from .mutant import mutant

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
