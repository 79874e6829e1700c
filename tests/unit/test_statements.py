"""The auditor's records and statements, and a card that wants them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fixtures import certificates as made
from tests.fixtures import world
from tests.fixtures.certificates import AUDITOR, CVCA, TODAY
from tests.fixtures.world import in_memory

from mumei.auditor.audit import context_record, recompute, sign_context, sign_digits, verify_digits
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.eac import der
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import CardRefused, DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.statements import ContextRecord, DigitRecord, SignedStatement

ROOT = SigningKey.generate()
DIGITS = DigitRecord(X=bytes(range(96)), table_hash=bytes(32), ages=(12, 20))
CONTEXT = context_record(b"forum.example", "Forum", b"JPSHOPS00001")


def test_records_are_read_as_they_were_written() -> None:
    assert DigitRecord.from_octets(DIGITS.to_octets()) == DIGITS
    assert ContextRecord.from_octets(CONTEXT.to_octets()) == CONTEXT
    with_key = replace(CONTEXT, verifier_key=CONTEXT.OP)
    assert ContextRecord.from_octets(with_key.to_octets()) == with_key


def test_the_encoding_of_a_digits_record() -> None:
    assert DIGITS.to_octets().hex() == (
        "30819f" "0c0e" + b"MUMEI-AUDIT-V1".hex() + "020100" "0460" + bytes(range(96)).hex()
        + "0420" + bytes(32).hex() + "3006" "02010c" "020114"
    )  # fmt: skip


@pytest.mark.parametrize("ages", [(20, 12), (12, 12), (0,), (151,)])
def test_strange_ages_are_refused(ages: tuple[int, ...]) -> None:
    with pytest.raises(DecodingError):
        replace(DIGITS, ages=ages)


def test_one_type_is_not_read_as_another() -> None:
    with pytest.raises(DecodingError):
        ContextRecord.from_octets(DIGITS.to_octets())
    with pytest.raises(DecodingError):
        DigitRecord.from_octets(CONTEXT.to_octets())
    with pytest.raises(DecodingError):
        DigitRecord.from_octets(der.sequence(der.utf8_string("MUMEI-AUDIT-V2"), der.integer(0)))


def statement(record: bytes = DIGITS.to_octets()) -> SignedStatement:
    return SignedStatement(record=record, authority=ROOT.sign(record), auditor=AUDITOR.sign(record))


def test_a_statement_needs_both_signatures_each_by_its_own() -> None:
    good = SignedStatement.from_octets(statement().to_octets())
    good.check([ROOT.point], [AUDITOR.point])
    good.check([AUDITOR.point, ROOT.point], [ROOT.point, AUDITOR.point])
    for roots, auditors in (
        ([AUDITOR.point], [ROOT.point]),
        ([], [AUDITOR.point]),
        ([ROOT.point], []),
        ([SigningKey.generate().point], [AUDITOR.point]),
    ):
        with pytest.raises(InvalidProof):
            good.check(roots, auditors)


def test_every_octet_of_a_statement_counts() -> None:
    octets = statement().to_octets()
    for position in range(len(octets)):
        changed = octets[:position] + bytes([octets[position] ^ 1]) + octets[position + 1 :]
        with pytest.raises((DecodingError, InvalidProof)):
            SignedStatement.from_octets(changed).check([ROOT.point], [AUDITOR.point])


def test_the_auditor_signs_no_chosen_point() -> None:
    chosen = replace(CONTEXT, OP=context_point(b"another").to_uncompressed())
    with pytest.raises(TrustError, match="not that of its context"):
        sign_context(chosen, AUDITOR)
    assert recompute(CONTEXT.to_octets()) == CONTEXT


def test_the_auditor_signs_no_verifier_key_unproven() -> None:
    with pytest.raises(UsageError):
        sign_context(replace(CONTEXT, verifier_key=CONTEXT.OP), AUDITOR)


def test_the_auditor_signs_no_table_that_does_not_stand_the_audit() -> None:
    parameters = world.issuer("Gifu TEST").parameters
    swapped = replace(parameters, A=parameters.A[48:96] + parameters.A[:48] + parameters.A[96:])
    with pytest.raises(TrustError, match="audit"):
        sign_digits(swapped, ROOT, AUDITOR)


def test_a_card_with_the_roots_key_takes_only_what_root_and_auditor_signed() -> None:
    parameters = world.issuer("Gifu TEST").parameters
    signed = sign_digits(parameters, ROOT, AUDITOR)
    verify_digits(signed, parameters, root_keys=[ROOT.point], auditor_keys=[AUDITOR.point])
    trust = CardTrust.of([CVCA.certificate], TODAY, auditor_keys=[AUDITOR.point], root_keys=[ROOT.point])
    assert CardTrust.from_octets(trust.to_octets()) == trust
    fewer_ages = replace(parameters, ages=(20,))
    with in_memory(world.new_card()) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        personalisation.store_trust(channel, trust)
        for octets in (None, b"\x30\x00", statement().to_octets()):
            with pytest.raises(CardRefused):
                personalisation.store_parameters(channel, parameters.for_card(TODAY, statement=octets))
        with pytest.raises(CardRefused):
            personalisation.store_parameters(
                channel, fewer_ages.for_card(TODAY, statement=signed.to_octets())
            )
        personalisation.store_parameters(channel, parameters.for_card(TODAY, statement=signed.to_octets()))
        pinned = world.records_of(card.nvm)
        personalisation.store_trust(channel, replace(trust, auditor_keys=(ROOT.point,)))
        assert world.records_of(card.nvm) == pinned


@pytest.mark.parametrize(
    "keys",
    [
        {"auditor_keys": []},
        {"auditor_keys": [AUDITOR.point] * 3},
        {"auditor_keys": [bytes(65)]},
        {"auditor_keys": [AUDITOR.point], "root_keys": [ROOT.point] * 3},
    ],
)
def test_what_a_card_cannot_pin(keys: dict[str, list[bytes]]) -> None:
    with pytest.raises(DecodingError):
        CardTrust.of([made.CVCA.certificate], TODAY, **keys)
