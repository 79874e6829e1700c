"""The checks on presentations: presentation/verifier.py, presentation/messages.py and octets of attributes."""

from __future__ import annotations

from dataclasses import replace

from tests.fixtures import crypto_world
from tests.fixtures.crypto_world import (
    ADULT,
    SECRET_KEY,
    VALID_UNTIL,
    ask,
    card,
    over,
    random_scalar,
    show,
    verifier,
    without_signature,
)
from tests.negative.checks import Attempt, Check, NoCheck, show_to_verifier
from tests.negative.forger import Digit, Digits, forge, signed_digit, tied_blindings
from tests.negative.mutants import Mutation

from mumei_core import credential as credential_module
from mumei_core.credential import Index, attribute_scalar
from mumei_core.crypto.curve import R
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.presentation.prover import Credential
from mumei_core.presentation.verifier import Reason, Verifier


def in_verifier(name: str, old: str, new: str = "if False:") -> tuple[Mutation, ...]:
    return (Mutation(owner=Verifier, name=name, old=old, new=new),)


def nobody() -> Attempt:
    return show_to_verifier(*show(ask(over(20)), without_signature(card())))


def nobody_in_a_batch() -> Attempt:
    items = [show(ask(over(20))), show(ask(over(20)), without_signature(card()))]

    def attempt() -> None:
        for outcome in verifier().verify_batch(items):
            if isinstance(outcome, Exception):
                raise outcome

    return attempt


def another_table() -> Attempt:
    return show_to_verifier(*show(ask(over(20), table_hash=bytes(32))))


def marked_by_its_day() -> Attempt:
    return show_to_verifier(*show(ask(), card(ADULT, name="marked by its day", valid_until=VALID_UNTIL + 1)))


def expired() -> Attempt:
    return show_to_verifier(*show(ask(date=VALID_UNTIL + 1)))


def changed_response() -> Attempt:
    octets, wire = show(ask(over(20)))
    return show_to_verifier(octets, wire[:156] + random_scalar().to_bytes(32, "big") + wire[188:])


def unknown_hint() -> Attempt:
    octets, wire = show(ask(over(20)))
    return show_to_verifier(octets, wire[:4] + bytes(8) + wire[12:])


def unsigned_digit() -> Attempt:
    """delta = -1 as d_0 = -1: V' is whatever closes the Schnorr equation."""
    request = ask(over(20))
    octets, m_tilde = request.to_octets(), random_scalar()
    predicate = request.date_predicates()[0]
    d_tilde = tied_blindings(1, m_tilde)
    units, v = signed_digit(0, d_tilde[1]), random_scalar()
    d = (predicate.cutoff - crypto_world.MINOR) % R
    V = units.V * random_scalar()
    V_prime = crypto_world.parameters().W[0] * v - V * d  # W_0 is G_d
    high = Digit(V=V, V_prime=V_prime, v=v, d=d, v_tilde=random_scalar(), d_tilde=d_tilde[0])
    wire = forge(
        card(crypto_world.MINOR),
        octets,
        predicates=[Digits(digits=(high, units))],
        m_tilde={Index.BIRTH_DATE: m_tilde},
    )
    return show_to_verifier(octets, wire)


def borrowed_pseudonym() -> Attempt:
    octets = ask(pseudonym=True).to_octets()
    wire = forge(card(), octets, claimed=context_point(b"") * random_scalar())
    return show_to_verifier(octets, wire)


def trailing() -> Attempt:
    octets, wire = show(ask(over(20)))
    return show_to_verifier(octets, wire + b"covert")


def cut_off() -> Attempt:
    octets, wire = show(ask(over(20), disclosed=(4,)))
    return show_to_verifier(octets, wire[:-1])


def fat_number() -> Attempt:
    """The prefecture 21 in five octets: the same scalar, so the same proof, in other octets."""
    octets, wire = show(ask(disclosed=(1,)))
    assert wire[12:18] == b"\0\4\0\0\0\x15"
    return show_to_verifier(octets, wire[:12] + b"\0\5\0\0\0\0\x15" + wire[18:])


def not_utf8() -> Attempt:
    """An issuer signs octets that are no text: terminals would show different things for them."""
    octets = b"\xff\xfe 24727"
    scalar = MUMEI.hash_to_scalar(octets, b"MAP_MSG_TO_SCALAR_AS_HASH_")
    good = card()
    messages = (*good.messages[:4], scalar, *good.messages[5:])
    return show_to_verifier(*show(ask(disclosed=(4,)), _signed(good, messages, octets)))


def _signed(good: Credential, messages: tuple[int, ...], resident_code: bytes) -> Credential:
    B = good.B + ALL[5] * (messages[4] - good.messages[4])
    A = B * pow(SECRET_KEY + good.signature.e, -1, R)
    return replace(
        good,
        messages=messages,
        attributes=(*good.attributes[:4], resident_code),
        B=B,
        signature=replace(good.signature, A=A),
    )


PRESENTATION_CHECKS = [
    Check(
        name="the digit table is ours",
        module=presentation_verifier,
        raises="names another digit table",
        mutations=in_verifier(
            "open", "if request.table_hash is not None and request.table_hash != self._table_hash:"
        ),
        forgery=another_table,
        reason="another digit table",
    ),
    Check(
        name="credentials end on two days of the year",
        module=presentation_verifier,
        raises="Reason.HEADER",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="credential_header",
                old="if not is_valid_until(valid_until):",
                new="if False:",
            ),
            Mutation(
                owner=crypto_world,
                name="credential_header",
                old="if not is_valid_until(valid_until):",
                new="if False:",
            ),
        ),
        forgery=marked_by_its_day,
        reason=Reason.HEADER,
    ),
    Check(
        name="the header refuses the same day",
        module=credential_module,
        raises="a credential ends on a 30 June",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="credential_header",
                old="if not is_valid_until(valid_until):",
                new="if False:",
            ),
            Mutation(
                owner=crypto_world,
                name="credential_header",
                old="if not is_valid_until(valid_until):",
                new="if False:",
            ),
        ),
        forgery=marked_by_its_day,
        reason="a credential ends on a 30 June or a 31 December",
    ),
    Check(
        name="an expired credential is refused",
        module=presentation_verifier,
        raises="Reason.EXPIRED",
        mutations=in_verifier("open", "if presentation.valid_until < request.date:"),
        forgery=expired,
        reason=Reason.EXPIRED,
    ),
    Check(
        name="the challenge is compared",
        module=presentation_verifier,
        raises="Reason.CHALLENGE",
        mutations=in_verifier(
            "_check_challenge", "if calculate_challenge(MUMEI, init, disclosed, ph, pseudonym=nym) != c:"
        ),
        forgery=changed_response,
        reason=Reason.CHALLENGE,
    ),
    Check(
        name="the issuer is one we trust",
        module=presentation_verifier,
        raises="the card's issuer is not one",
        mutations=in_verifier(
            "_issuer", "self._issuers[key_hint]", "self._issuers.get(key_hint, *self._issuers.values())"
        ),
        forgery=unknown_hint,
        reason="issuer is not one that this terminal trusts",
    ),
    Check(
        name="the pairing equations hold",
        module=presentation_verifier,
        raises="_culprit(opened)",
        mutations=in_verifier("verify", "if not _hold(opened.equations):"),
        forgery=nobody,
        reason=Reason.CREDENTIAL,
    ),
    Check(
        name="the pairing equations of a batch hold",
        module=presentation_verifier,
        raises="_culprit(opened)",
        mutations=in_verifier("verify_batch", "accepted = not opened or _hold(", "accepted = True or _hold("),
        forgery=nobody_in_a_batch,
        reason=Reason.CREDENTIAL,
    ),
    Check(
        name="digits have pairing equations",
        module=presentation_verifier,
        raises="_culprit(opened)",
        mutations=in_verifier("open", "if presentation.digits:"),
        forgery=unsigned_digit,
        reason=Reason.PREDICATE,
    ),
    Check(
        name="the pseudonym is under the challenge",
        module=presentation_verifier,
        raises="Reason.CHALLENGE",
        mutations=in_verifier(
            "_check_challenge", "nym = (presentation.pseudonym, Uv, context)", "nym = None"
        ),
        forgery=borrowed_pseudonym,
        reason=Reason.CHALLENGE,
    ),
    Check(
        name="nothing follows the end",
        module=presentation_messages,
        raises="octets after the end",
        mutations=(
            Mutation(
                owner=presentation_messages._Reader,
                name="finish",
                old="if self._at != len(self._octets):",
                new="if False:",
            ),
        ),
        forgery=trailing,
        reason="octets after the end of the presentation",
    ),
    Check(
        name="nothing is missing at the end",
        module=presentation_messages,
        raises="the presentation is cut off",
        mutations=(
            Mutation(
                owner=presentation_messages._Reader,
                name="take",
                old="if len(part) != length:",
                new="if False:",
            ),
        ),
        forgery=cut_off,
        reason="the presentation is cut off",
        redundant="a presentation ends with a point or a scalar, and both know their lengths",
    ),
    Check(
        name="a number has four octets",
        module=credential_module,
        raises="has 4 octets, not",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="attribute_scalar",
                old="if len(octets) != _UINT_LENGTH:",
                new="if False:",
            ),
        ),
        forgery=fat_number,
        reason="prefecture has 4 octets, not 5",
    ),
    Check(
        name="text is UTF-8",
        module=credential_module,
        raises="text is not UTF-8",
        mutations=(
            Mutation(
                owner=presentation_verifier, name="attribute_scalar", old="decode_text(octets)", new="pass"
            ),
        ),
        forgery=not_utf8,
        reason="text is not UTF-8",
    ),
    Check(
        name="an attribute is not longer than its length can say",
        module=credential_module,
        raises="is longer than 65,535 octets",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="attribute_scalar",
                old="if len(octets) > _MAX_OCTETS:",
                new="raise ValueError\n    if False:",
            ),
        ),
        forgery=lambda: lambda: attribute_scalar(Index.CIVIL_IDENTITY, bytes(65_536)),
        reason="is longer than 65,535 octets",
        redundant="on the wire a length has two octets; the check is for who issues",
    ),
]


NOT_CHECKS_OF_PRESENTATIONS = [
    NoCheck(
        module=presentation_verifier,
        raises="Reason.STRUCTURE}: {error}",
        why="turns every DecodingError into InvalidProof; a property test shows that nothing else comes out",
    ),
    NoCheck(
        module=presentation_verifier,
        raises="this terminal has no digit parameters",
        why="the terminal's own set-up is incomplete: it could not pair anything",
    ),
    NoCheck(
        module=presentation_verifier,
        raises="two issuer keys cannot be told apart",
        why="the terminal's own set-up: which of two keys is meant would be chance; it has a test of its own",
    ),
    NoCheck(
        module=presentation_verifier,
        raises="the digit key is an issuer's key",
        why="the terminal's own set-up: the protocol wants two keys; it has a test of its own",
    ),
]
