"""Defects in statements, calendar, slots and tokens."""

from __future__ import annotations

from typing import Any

import pytest

from mumei_card.applet import calendar, presentation, questions, slots
from mumei_card.applet.questions import Question
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.statements import SignedStatement, check_signature

from .mutant import mutant


@mutant("a date is answered without a statement", "test_a_date_without_statement_is_6984")
def statement_optional(patch: pytest.MonkeyPatch) -> None:
    check = questions._check_date

    def lenient(context: CardContext, question: Question, *further: Any) -> None:
        if question.statement is not None:
            check(context, question, *further)

    patch.setattr(questions, "_check_date", lenient)


@mutant("the authority's signature is not looked at", "test_signatures_of_a_statement[authority]")
def authority_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        SignedStatement,
        "check",
        lambda self, authority, auditor: check_signature(self.record, self.auditor, auditor),
    )


@mutant("the auditor's signature is not looked at", "test_signatures_of_a_statement[auditor]")
def auditor_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        SignedStatement,
        "check",
        lambda self, authority, auditor: check_signature(self.record, self.authority, authority),
    )


@mutant("either signer stands for the other", "test_signatures_of_a_statement[one_for_both]")
def signers_confused(patch: pytest.MonkeyPatch) -> None:
    check = SignedStatement.check

    def confused(self: SignedStatement, authority: tuple[bytes, ...], auditor: tuple[bytes, ...]) -> None:
        check(self, authority + auditor, authority + auditor)

    patch.setattr(SignedStatement, "check", confused)


class _Any:
    """Equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@mutant("any bucket's statement will do", "test_another_bucket_is_6984")
def bucket_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calendar, "bucket_of", lambda rp_context: _Any())


@mutant(
    "a token may be asked under another statement",
    "test_a_token_under_another_statement_is_6a80[another_epoch]",
)
def token_unmatched(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(questions, "_check_token", lambda question: None)


@mutant("statements of epochs that have passed are taken", "test_the_calendar_goes_forward_only")
def calendar_backwards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calendar, "is_accepted", lambda epoch, newest: True)


@mutant("statements do not move the calendar", "test_the_calendar_goes_forward_only")
def calendar_stands_still(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "epoch_records", lambda newest: {})


@mutant(
    "the calendar can be pushed beyond the credential", "test_no_statement_from_after_the_credentials_end"
)
def calendar_without_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calendar, "first_day", lambda epoch: 0)


@mutant(
    "a slot is not burned before it is named", "test_twelve_slots_then_the_pin", "test_no_slot_of_anothers"
)
def slot_freed(patch: pytest.MonkeyPatch) -> None:
    drawn = slots.SlotChoice.drawn
    patch.setattr(slots.SlotChoice, "drawn", lambda self, rng: (drawn(self, rng)[0], {}))


@mutant("one relying party gets all sixteen slots", "test_twelve_slots_then_the_pin")
def thirteenth_slot(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(slots, "SLOTS_OF_ONE_CONTEXT", 16)


@mutant("a slot that another relying party has seen is shown again", "test_no_slot_of_anothers")
def anothers_slot(patch: pytest.MonkeyPatch) -> None:
    class Careless:
        compare_digest = staticmethod(lambda a, b: True)

    patch.setattr(slots, "hmac", Careless)


@mutant("a second look at a slot costs no PIN", "test_twelve_slots_then_the_pin", "test_no_slot_of_anothers")
def slot_again_without_pin(patch: pytest.MonkeyPatch) -> None:
    choose = slots.choose

    def lenient(context: CardContext, *further: Any) -> slots.SlotChoice:
        before = context.security_status.pin_verified
        context.security_status.pin_verified = True
        try:
            return choose(context, *further)
        finally:
            context.security_status.pin_verified = before

    patch.setattr(slots, "choose", lenient)


@mutant(
    "a slot's point is not looked for in the signed tree",
    "test_a_wrong_point_is_6a80_and_the_end[another_slot]",
)
def path_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(presentation, "check_path", lambda *arguments: None)


@mutant("points may be tried until one fits", "test_a_wrong_point_is_6a80_and_the_end[another_slot]")
def points_tried(patch: pytest.MonkeyPatch) -> None:
    original = presentation._present_prepared

    def patient(data: bytes, context: CardContext) -> bytes:
        before = context.security_status.prepared
        try:
            return original(data, context)
        except CardError:
            context.security_status.prepared = before
            raise

    patch.setattr(presentation, "_present_prepared", patient)


@mutant("a prepared request is answered as often as one likes", "test_prepare_is_the_sessions_presentation")
def prepared_twice(patch: pytest.MonkeyPatch) -> None:
    original = presentation._present_prepared

    def again(data: bytes, context: CardContext) -> bytes:
        before = context.security_status.prepared
        answer = original(data, context)
        context.security_status.prepared = before
        return answer

    patch.setattr(presentation, "_present_prepared", again)


@mutant("after PREPARE another request may be asked", "test_prepare_is_the_sessions_presentation")
def prepared_is_not_presented(patch: pytest.MonkeyPatch) -> None:
    original = presentation.prepare_presentation

    def free(command: Any, context: CardContext) -> bytes:
        answer = original(command, context)
        context.security_status.presented = False
        return answer

    patch.setattr(presentation, "prepare_presentation", free)
