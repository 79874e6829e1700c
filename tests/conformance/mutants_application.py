"""Defects in personalisation and presentations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mumei_card.applet import log, presentation, questions, security_domain
from mumei_card.errors import CardError
from mumei_card.os import scp03_layer
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Next
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

from .mutant import mutant

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
        status = next(given for given in arguments if isinstance(given, CardContext)).security_status
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
    patch.setattr(questions, "_check_binding", lambda *arguments: None)


@mutant("the PIN is never asked for", "test_an_unlisted_age_wants_the_pin", "test_consent_is_for_one_session")
def consent_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(questions, "needs_pin", lambda *arguments: False)


@mutant("presentations leave nothing in the log", "test_the_log", "test_cannot_prove_is_logged")
def log_forgets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "ended", lambda context, outcome: None)
    patch.setattr(log, "begun", lambda *arguments: {})
