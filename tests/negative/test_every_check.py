"""No check can be deleted unnoticed: each has a forgery that passes without it, or a reason why nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

import pytest
from tests.negative.checks import Check, refusals, show_to_verifier
from tests.negative.checks_core import CORE_CHECKS
from tests.negative.checks_decoding import DECODING_CHECKS, NOT_CHECKS_OF_DECODING
from tests.negative.checks_enrolment import ENROLMENT_CHECKS, NOT_CHECKS_OF_ENROLMENT
from tests.negative.checks_predicate import PREDICATE_CHECKS
from tests.negative.checks_presentation import NOT_CHECKS_OF_PRESENTATIONS, PRESENTATION_CHECKS
from tests.negative.checks_request import NOT_CHECKS_OF_REQUESTS, REQUEST_CHECKS
from tests.negative.checks_token import NOT_CHECKS_OF_TOKENS, TOKEN_CHECKS
from tests.negative.mutants import Mutation

from mumei.issuer import request_checks
from mumei_core import credential, epoch_statements
from mumei_core.commands import request, template
from mumei_core.common_key import check as common_key_check
from mumei_core.common_key import messages as common_key_messages
from mumei_core.crypto import curve, pairing
from mumei_core.crypto.bbs import messages as bbs_messages
from mumei_core.crypto.bbs import verifier as bbs_verifier
from mumei_core.crypto.blind import messages as blind_messages
from mumei_core.crypto.blind import verifier as blind_verifier
from mumei_core.crypto.enrolment import messages as link_messages
from mumei_core.crypto.enrolment import verifier as link_verifier
from mumei_core.crypto.predicate import messages as predicate_messages
from mumei_core.crypto.predicate import verifier as predicate_verifier
from mumei_core.crypto.pseudonym import verifier as pseudonym_verifier
from mumei_core.crypto.revocation import messages as revocation_messages
from mumei_core.crypto.revocation import tree as slot_tree
from mumei_core.crypto.sharing import check as share_check
from mumei_core.errors import InvalidProof
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import verifier as presentation_verifier

CHECKS: Sequence[Check] = [
    *REQUEST_CHECKS,
    *PRESENTATION_CHECKS,
    *PREDICATE_CHECKS,
    *DECODING_CHECKS,
    *CORE_CHECKS,
    *ENROLMENT_CHECKS,
    *TOKEN_CHECKS,
]
NOT_CHECKS = [
    *NOT_CHECKS_OF_REQUESTS,
    *NOT_CHECKS_OF_PRESENTATIONS,
    *NOT_CHECKS_OF_DECODING,
    *NOT_CHECKS_OF_ENROLMENT,
    *NOT_CHECKS_OF_TOKENS,
]

#: Modules whose every refusal has a row, and the functions that count where it is not all of them.
COVERED: dict[ModuleType, tuple[str, ...]] = {
    request: (),
    template: (),
    presentation_verifier: (),
    presentation_messages: (),
    predicate_messages: (),
    predicate_verifier: (),
    pseudonym_verifier: (),
    bbs_messages: (),
    bbs_verifier: (),
    blind_messages: (),
    blind_verifier: (),
    common_key_check: (),
    link_verifier: (),
    link_messages: (),
    share_check: (),
    revocation_messages: (),
    slot_tree: ("check_path",),
    epoch_statements: (),
    request_checks: (),
    common_key_messages: (),
    curve: (),
    pairing: (),
    credential: ("attribute_scalar", "decode_text", "credential_header"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_forgery_needs_the_check_to_be_missing(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    check.prove(monkeypatch)


@pytest.mark.parametrize("module", COVERED, ids=lambda module: module.__name__)
def test_every_refusal_has_its_row(module: ModuleType) -> None:
    named = [check.raises for check in CHECKS if check.module is module]
    named += [row.raises for row in NOT_CHECKS if row.module is module]
    statements = list(refusals(module, COVERED[module]))

    assert statements
    assert [s for s in statements if not any(name in s for name in named)] == []
    assert [name for name in named if not any(name in s for s in statements)] == []


def test_the_names_of_the_checks_differ() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_a_check_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table must not go on passing when the text that it removes is no longer there."""
    with pytest.raises(AssertionError, match="stands 0 times"):
        Mutation(owner=curve, name="scalar_from_octets", old="if nothing:", new="").apply(monkeypatch)


def test_a_forgery_that_needs_no_missing_check_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an honest proof nor a forgery that fails anyway can stand in the table."""
    row = next(check for check in CHECKS if not check.redundant)
    with pytest.raises(pytest.fail.Exception):
        replace(row, forgery=lambda: lambda: None).prove(monkeypatch)
    with pytest.raises(InvalidProof):
        replace(row, forgery=lambda: show_to_verifier(b"", b"")).prove(monkeypatch)
