"""Attacks on presentations as a whole (mumei protocol 2.3, 2.4, 2.7): credential, header, pseudonym, replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.fixtures.crypto_world import (
    ADULT,
    MINOR,
    PUBLIC_KEY,
    ROGUE_KEY,
    SHOP,
    TODAY,
    VALID_UNTIL,
    ask,
    card,
    over,
    parameters,
    present_now,
    random_scalar,
    show,
    verifier,
    without_signature,
)
from tests.negative.forger import forge, honest_digits
from tests.negative.mutants import Mutation
from tests.negative.outcome import accepted, reason

from mumei_core import credential as credential_module
from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.bbs.issuer import public_key
from mumei_core.crypto.curve import BP1, GROUP, IDENTITY, FixedBase, Point, R
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.pairing import BP2, products_are_equal
from mumei_core.crypto.pseudonym import verifier as pseudonym_verifier
from mumei_core.crypto.pseudonym.prover import pseudonym_proof_init
from mumei_core.crypto.pseudonym.verifier import pseudonym_proof_verify_init
from mumei_core.dates import date_of, day_number
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.presentation.messages import Presentation
from mumei_core.presentation.verifier import Equation, Reason, Verifier

# No credential at all


def test_claims_without_a_signature_fail_at_the_pairing_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    octets, wire = show(ask(over(20), disclosed=(1,)), without_signature(card()))

    assert reason(octets, wire) == Reason.CREDENTIAL
    monkeypatch.setattr(presentation_verifier, "_hold", lambda equations: True)
    assert accepted(octets, wire)


def two_that_cancel() -> list[tuple[bytes, bytes]]:
    """Two answers of nobody: r1' r2' = -r1 r2 makes Abar' = -Abar and Bbar' = -Bbar, so the errors cancel."""
    nobody, r1, r2, other = without_signature(card(ADULT)), *(random_scalar() for _ in range(3))
    items = []
    for blinds in ((r1, r2), (-r1 * r2 * pow(other, -1, R) % R, other)):
        request = ask(over(20))
        octets, m_tilde = request.to_octets(), random_scalar()
        digits = honest_digits(request.date_predicates()[0], ADULT, m_tilde)
        wire = forge(
            nobody,
            octets,
            predicates=[digits],
            m_tilde={Index.BIRTH_DATE: m_tilde},
            r1=blinds[0],
            r2=blinds[1],
        )
        items.append((octets, wire))
    return items


def weight_one_on_each_credential(equations: Sequence[Equation]) -> bool:
    """A mutant of _hold: only the digits' equations get a random weight."""
    weights = [1 if e.reason is Reason.CREDENTIAL else random_scalar() for e in equations]
    left = [(e.left * w, e.key) for e, w in zip(equations, weights, strict=True)]
    right = [(e.right * w, BP2) for e, w in zip(equations, weights, strict=True)]
    return products_are_equal(left, right)


def test_two_proofs_without_credential_cancel_in_a_batch_of_weights_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = two_that_cancel()

    outcomes = verifier().verify_batch(items)
    assert [isinstance(x, InvalidProof) and x.reason for x in outcomes] == [Reason.CREDENTIAL] * 2
    monkeypatch.setattr(presentation_verifier, "_hold", weight_one_on_each_credential)
    assert not any(isinstance(x, Exception) for x in verifier().verify_batch(items))


def test_a_batch_names_its_culprits_and_accepts_the_others() -> None:
    good = [show(ask(over(20))) for _ in range(3)]
    items = [good[0], *two_that_cancel(), good[1], (good[2][0], good[2][1][:-1]), good[2]]
    outcomes = verifier().verify_batch(items)

    refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Exception)]
    assert refused == [1, 2, 4]


# Randoms reused


def test_randoms_used_for_two_challenges_reveal_the_nym_secret() -> None:
    """What a terminal extracts from a card that repeats itself, and does not from ours."""
    secret = card().messages[Index.NYM_SECRET]

    def extract(repeats: bool) -> int:
        answers = []
        stored = [random_scalar() for _ in range(20)]
        for _ in range(2):
            supply = iter(stored if repeats else [random_scalar() for _ in range(20)])
            request = ask(over(20))
            answers.append(present_now(card(), request, draw=supply.__next__))
        first, second = answers
        difference = first.m_hat[Index.NYM_SECRET] - second.m_hat[Index.NYM_SECRET]
        return difference * pow(first.c - second.c, -1, R) % R

    assert extract(repeats=True) == secret
    assert context_point(b"the shop next door") * extract(repeats=True) == verified_pseudonym(
        b"the shop next door"
    )
    assert extract(repeats=False) != secret


def verified_pseudonym(rp_context: bytes) -> Point:
    claim = verifier().verify(*show(ask(rp_context=rp_context, pseudonym=True)))
    assert claim.pseudonym is not None
    return Point.from_octets(claim.pseudonym)


# Header and issuer


def test_another_half_year_is_another_header() -> None:
    """valid_until is signed: a card cannot move its own end."""
    for year, month, day in ((2026, 12, 31), (2027, 12, 31), (2036, 6, 30)):
        octets, wire = show(ask())
        moved = day_number(date_of(VALID_UNTIL).replace(year=year, month=month, day=day))
        assert reason(octets, moved.to_bytes(4, "big") + wire[4:]) == Reason.CHALLENGE


def test_an_issuer_cannot_mark_a_card_by_an_unusual_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer signs 1 July for one person: the signature is good and the presentation is refused."""
    marked_day = VALID_UNTIL + 1
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(credential_module, "is_valid_until", lambda day: True)
        marked = card(ADULT, name="marked", valid_until=marked_day)
        octets, wire = show(ask(), marked)
        assert accepted(octets, wire)

    assert reason(octets, wire).startswith(Reason.HEADER)


def test_an_expired_credential_is_refused_from_the_day_after() -> None:
    assert accepted(*show(ask(date=VALID_UNTIL)))
    assert reason(*show(ask(date=VALID_UNTIL + 1))) == Reason.EXPIRED


def test_an_issuer_nobody_trusts_is_named_as_such() -> None:
    octets, wire = show(ask(over(20)), card(ADULT, secret_key=ROGUE_KEY))

    with pytest.raises(TrustError):
        verifier().verify(octets, wire)
    both = Verifier([PUBLIC_KEY, public_key(ROGUE_KEY)], parameters().X, parameters().hash)
    assert both.verify(octets, wire).key_id == card(ADULT, secret_key=ROGUE_KEY).key_id


def test_a_key_hint_of_another_trusted_issuer_does_not_help() -> None:
    both = Verifier([PUBLIC_KEY, public_key(ROGUE_KEY)], parameters().X, parameters().hash)
    octets, wire = show(ask(over(20)))
    hint = card(ADULT, secret_key=ROGUE_KEY).key_id[:8]

    with pytest.raises(InvalidProof) as caught:
        both.verify(octets, wire[:4] + hint + wire[12:])
    assert caught.value.reason == Reason.CHALLENGE


def test_a_rogue_issuer_cannot_sign_in_anothers_name() -> None:
    """The rogue copies everything public of the real issuer, domain included, and signs with its own key."""
    rogue = card(ADULT, secret_key=ROGUE_KEY)
    e = rogue.signature.e
    forged = replace(card().signature, A=card().B * pow(ROGUE_KEY + e, -1, R), e=e)

    assert reason(*show(ask(over(20)), replace(card(), signature=forged))) == Reason.CREDENTIAL


def test_a_verifier_without_digit_parameters_says_so() -> None:
    with pytest.raises(InvalidProof, match="does not hold"):
        Verifier([PUBLIC_KEY]).verify(*show(ask(over(20))))
    half = Verifier([PUBLIC_KEY], None, parameters().hash)
    with pytest.raises(TrustError, match="digit parameters"):
        half.verify(*show(ask(over(20))))


def test_a_verifier_refuses_an_issuer_key_for_its_digit_key() -> None:
    with pytest.raises(TrustError, match="digit key"):
        Verifier([PUBLIC_KEY], PUBLIC_KEY, parameters().hash)


def test_a_verifier_refuses_keys_that_the_wire_cannot_tell_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mumei_core.presentation.verifier.key_id", lambda pk: bytes(32))
    with pytest.raises(TrustError, match="told apart"):
        Verifier([PUBLIC_KEY, public_key(ROGUE_KEY)])


# Pseudonym


def test_a_point_of_another_shop_gives_a_pseudonym_that_no_verifier_takes() -> None:
    """A terminal slips the card another shop's point: it must not be able to use what comes out."""
    request = ask(pseudonym=True)
    octets = request.to_octets()
    wire = present_now(card(), request, context_point(b"the shop next door")).to_octets()

    assert reason(octets, wire) == Reason.CHALLENGE


def test_a_pseudonym_of_another_card_cannot_be_lent() -> None:
    octets, wire = show(ask(pseudonym=True))
    other = verifier().verify(*show(ask(pseudonym=True), card(ADULT, name="other"))).pseudonym
    assert other is not None

    assert reason(octets, wire[:-48] + other) == Reason.CHALLENGE


def test_a_pseudonym_hangs_on_the_signed_secret() -> None:
    """A holder who would like a second account: the proof is made with another secret than the signed one."""
    second = replace(card(), messages=(*card().messages[:7], random_scalar()))

    assert reason(*show(ask(pseudonym=True), second)) == Reason.CHALLENGE


class LenientPoint(Point):
    """Takes the identity."""

    @classmethod
    def from_octets(cls, octets: bytes) -> Point:
        return IDENTITY if octets == IDENTITY.to_octets() else Point.from_octets(octets)


def test_a_card_of_secret_zero_would_have_one_pseudonym_for_all_of_its_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nym secret 0 makes the identity in every context: many people, one account, banned with no effect."""
    octets = ask(pseudonym=True).to_octets()
    wire = forge(card(ADULT, nym_secret=0), octets)

    assert "identity" in reason(octets, wire)
    monkeypatch.setattr(presentation_messages, "Point", LenientPoint)
    assert reason(octets, wire) == "pseudonym is a fixed point"  # the second lock on the same door
    Mutation(
        owner=presentation_verifier,
        name="pseudonym_proof_verify_init",
        old="pseudonym.is_identity or pseudonym == BP1",
        new="pseudonym == BP1",
    ).apply(monkeypatch)
    assert accepted(octets, wire)


def test_bp1_is_no_pseudonym(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knew the logarithm of a context's point could claim BP1 there; here we choose the point."""
    k, context, c = random_scalar(), b"chosen", random_scalar()
    OP, nym, blinding = BP1 * k, pow(k, -1, R), random_scalar()
    pseudonym, Ut = pseudonym_proof_init(GROUP, MUMEI, OP, context, (nym,), (blinding,))
    responses = ((blinding + c * nym) % R,)
    assert pseudonym == BP1

    with pytest.raises(InvalidProof, match="does not hold"):
        pseudonym_proof_verify_init(MUMEI, pseudonym, FixedBase(OP), context, responses, c)
    Mutation(
        owner=pseudonym_verifier, name="pseudonym_proof_verify_init", old=" or pseudonym == BP1", new=""
    ).apply(monkeypatch)
    mutant = pseudonym_verifier.pseudonym_proof_verify_init
    assert mutant(MUMEI, pseudonym, FixedBase(OP), context, responses, c) == Ut


def test_a_first_move_that_is_the_identity_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that blinds its nym secret with 0 would tell the secret: m^ = c * nym."""
    octets = ask(pseudonym=True).to_octets()
    wire = forge(card(), octets, m_tilde={Index.NYM_SECRET: 0})

    assert reason(octets, wire) == "pseudonym's first move is the identity"
    Mutation(
        owner=presentation_verifier,
        name="pseudonym_proof_verify_init",
        old="if Uv.is_identity:",
        new="if False:",
    ).apply(monkeypatch)
    assert accepted(octets, wire)
    with pytest.raises(DecodingError):
        pseudonym_proof_init(GROUP, MUMEI, context_point(SHOP), b"", (1,), (0,))


# Another request, another place, another time


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": bytes(32)},
        {"date": TODAY - 1},
        {"rp_context": b"shop.exampld"},
        {"channel_binding": bytes(32)},
        {"transaction": bytes(32)},
        {"pseudonym": True},
        {"disclosed": (2,)},
    ],
    ids=lambda changed: str(*changed),
)
def test_an_answer_to_one_request_answers_no_other(changed: dict[str, object]) -> None:
    base: dict[str, object] = {"nonce": b"\xaa" * 32}
    _, wire = show(ask(over(20), **base))
    other = ask(over(20), **{**base, **changed})

    assert reason(other.to_octets(), wire) in (Reason.CHALLENGE, *_structure_reasons(wire, other))


def _structure_reasons(wire: bytes, request: Request) -> list[str]:
    """Where the request changes the wire's layout, decoding fails before the challenge is looked at."""
    try:
        Presentation.from_octets(wire, request)
    except DecodingError as error:
        return [f"{Reason.STRUCTURE}: {error}"]
    return []


def test_a_younger_birth_date_cannot_be_shown_under_the_same_signature() -> None:
    minor = card(MINOR)
    lying = replace(minor, messages=(ADULT, *minor.messages[1:]))

    assert reason(*show(ask(over(20)), lying)) == Reason.CHALLENGE


def test_a_disclosed_value_cannot_be_changed() -> None:
    octets, wire = show(ask(disclosed=(1,)))

    assert wire[12:18] == b"\0\4\0\0\0\x15"
    assert reason(octets, wire[:17] + b"\x0d" + wire[18:]) == Reason.CHALLENGE
