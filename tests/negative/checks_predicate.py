"""The checks on predicates and pseudonyms: crypto/predicate and crypto/pseudonym."""

from __future__ import annotations

from tests.fixtures.crypto_world import (
    ADULT,
    ask,
    card,
    over,
    random_scalar,
    show,
    under,
)
from tests.negative.checks import Attempt, Check, show_to_verifier
from tests.negative.forger import forge, honest_digits
from tests.negative.mutants import Mutation

from mumei_core.credential import Index
from mumei_core.crypto.curve import BP1, GROUP, FixedBase, R
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate import messages as predicate_messages
from mumei_core.crypto.predicate import verifier as predicate_verifier
from mumei_core.crypto.predicate.messages import DigitProof
from mumei_core.crypto.pseudonym import verifier as pseudonym_verifier
from mumei_core.crypto.pseudonym.prover import pseudonym_proof_init
from mumei_core.presentation import verifier as presentation_verifier


def three_digits() -> Attempt:
    octets, wire = show(ask(over(20)))
    return show_to_verifier(octets, wire + wire[-160:])


def two_birth_dates() -> Attempt:
    request = ask(under(20), over(18))
    octets, m_tilde = request.to_octets(), random_scalar()
    untrue, true = request.date_predicates()
    digits = [honest_digits(untrue, untrue.cutoff, random_scalar()), honest_digits(true, ADULT, m_tilde)]
    return show_to_verifier(
        octets, forge(card(), octets, predicates=digits, m_tilde={Index.BIRTH_DATE: m_tilde})
    )


def response_zero() -> Attempt:
    """Born on day 0 and blinded with 0: m^_birth = 0, which tells the birth date to everyone who looks."""
    request = ask(over(20))
    octets = request.to_octets()
    digits = honest_digits(request.date_predicates()[0], 0, 0)
    return show_to_verifier(
        octets, forge(card(0), octets, predicates=[digits], m_tilde={Index.BIRTH_DATE: 0})
    )


def fixed_point() -> Attempt:
    """A pseudonym BP1, made by who knows the point's logarithm."""
    k, c, blinding = random_scalar(), random_scalar(), random_scalar()
    nym = pow(k, -1, R)
    pseudonym, _ = pseudonym_proof_init(GROUP, MUMEI, BP1 * k, b"", (nym,), (blinding,))
    response = (blinding + c * nym) % R
    return lambda: pseudonym_verifier.pseudonym_proof_verify_init(
        MUMEI, pseudonym, FixedBase(BP1 * k), b"", (response,), c
    )


def unblinded_nym() -> Attempt:
    octets = ask(pseudonym=True).to_octets()
    return show_to_verifier(octets, forge(card(), octets, m_tilde={Index.NYM_SECRET: 0}))


def longer_digit() -> Attempt:
    request = ask(over(20))
    _, wire = show(request)
    return lambda: DigitProof.from_octets(wire[-160:] + b"\0")


PREDICATE_CHECKS = [
    Check(
        name="a predicate has two digits",
        module=predicate_verifier,
        raises="predicate: number of digits",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="birth_date_response",
                old="if len(digits) != DIGITS:",
                new="if False:",
            ),
        ),
        forgery=three_digits,
        reason="octets after the end of the presentation",
        redundant="the decoder reads two digits per predicate of the request, and nothing may follow",
    ),
    Check(
        name="all predicates speak of one birth date",
        module=predicate_verifier,
        raises="two predicates speak of different birth dates",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="birth_date_response",
                old="responses.add(",
                new="responses.clear(); responses.add(",
            ),
        ),
        forgery=two_birth_dates,
        reason="two predicates speak of different birth dates",
    ),
    Check(
        name="the birth date's response is not zero",
        module=predicate_verifier,
        raises="predicate: response is zero",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="birth_date_response",
                old="if response == 0:",
                new="if False:",
            ),
        ),
        forgery=response_zero,
        reason="predicate: response is zero",
    ),
    Check(
        name="a digit's proof has 160 octets",
        module=predicate_messages,
        raises="a digit's proof has",
        mutations=(
            Mutation(
                owner=DigitProof,
                name="from_octets",
                old="if len(octets) != DIGIT_PROOF_LENGTH:",
                new="if False:",
            ),
        ),
        forgery=longer_digit,
        reason="a digit's proof has 160 octets",
        redundant="its last scalar would have another length",
    ),
    Check(
        name="a pseudonym is no fixed point",
        module=pseudonym_verifier,
        raises="pseudonym is a fixed point",
        mutations=(
            Mutation(
                owner=pseudonym_verifier,
                name="pseudonym_proof_verify_init",
                old="if pseudonym.is_identity or pseudonym == BP1:",
                new="if False:",
            ),
        ),
        forgery=fixed_point,
        reason="pseudonym is a fixed point",
    ),
    Check(
        name="a pseudonym is blinded",
        module=pseudonym_verifier,
        raises="pseudonym's first move is the identity",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="pseudonym_proof_verify_init",
                old="if Uv.is_identity:",
                new="if False:",
            ),
        ),
        forgery=unblinded_nym,
        reason="pseudonym's first move is the identity",
    ),
]
