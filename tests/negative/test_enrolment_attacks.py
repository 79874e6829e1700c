"""Attacks on enrolment and renewal (mumei protocol 2.2): cards that could not be revoked, fresh identities, offices
that bring their own trustees.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.fixtures.crypto_world import VALID_UNTIL, random_scalar
from tests.negative.enrolling import (
    MAKER,
    TRUSTEES,
    Chip,
    a_request,
    an_issuer,
    asks,
    holder,
    renews,
)

from mumei.issuer.issuance import IssuanceRefused, LedgerConflict, Reason
from mumei.issuer.memory_ledger import MemoryLedger
from mumei_core.crypto.curve import BP1, GROUP, Point, R
from mumei_core.crypto.enrolment import verifier as link_verifier
from mumei_core.crypto.enrolment.messages import LinkProof, LinkStatement, link_challenge, link_context
from mumei_core.crypto.enrolment.verifier import verify_link
from mumei_core.crypto.generators import BLIND, OP_RENEWAL
from mumei_core.crypto.sealing.open import open_sealed
from mumei_core.crypto.sharing.check import check_share
from mumei_core.crypto.sharing.messages import sealed_share, share_aad, share_info
from mumei_core.crypto.sharing.split import seal_shares
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.errors import InvalidProof

NONCE = bytes(range(32))


def refused(request: object, reason: Reason, *, genuine: bool = False) -> None:
    with pytest.raises(IssuanceRefused) as caught:
        an_issuer(genuine=genuine).issue(request)  # type: ignore[arg-type]
    assert caught.value.reason is reason and caught.value.hint


# The link proof: every point and the context are in its challenge

Challenge = Callable[[LinkStatement, Point, Point, Point], int]


def leaving_out(name: str) -> Challenge:
    """A verifier's mutant whose challenge does not know ``name``."""

    def challenge(statement: LinkStatement, T_C: Point, T_F: Point, T_N: Point) -> int:
        moves = {"T_C": T_C, "T_F": T_F, "T_N": T_N}
        if name in moves:
            moves[name] = BP1
        gone = {
            "C": {"C": BP1},
            "F_0": {"F": (BP1, *statement.F[1:])},
            "F_1": {"F": (statement.F[0], BP1)},
            "N": {"N": BP1},
            "context": {"context": b""},
        }
        return link_challenge(replace(statement, **gone.get(name, {})), **moves)  # type: ignore[arg-type]

    return challenge


def forged(name: str, challenge: Challenge) -> tuple[LinkStatement, LinkProof]:
    """Something else in the place of ``name``, by one who knows what the verifier does not hash."""
    blind, handle, nym, b_tilde, h_tilde, n_tilde = (random_scalar() for _ in range(6))
    C = GROUP.sum_of_products(zip(BLIND, (blind, handle, nym), strict=True))
    F, N = (BP1 * handle, BP1 * random_scalar()), OP_RENEWAL * nym
    statement = LinkStatement(C=C, F=F, N=N, context=link_context(NONCE, TRUSTEES.digest, b"sealed"))
    T_C = GROUP.sum_of_products(zip(BLIND, (b_tilde, h_tilde, n_tilde), strict=True))
    T_F, T_N = BP1 * h_tilde, OP_RENEWAL * n_tilde
    if name == "T_C":
        statement = replace(statement, C=C + BLIND[1])
    elif name == "T_F":
        statement = replace(statement, F=(BP1 * random_scalar(), F[1]))
    elif name == "T_N":
        statement = replace(statement, N=OP_RENEWAL * random_scalar())
    elif name in ("C", "F_0", "N"):
        # A first move of nobody's: what stands for the secret follows from the challenge.
        T_C, T_F, T_N = (
            T + BP1 * 5 if name == left_out else T for T, left_out in ((T_C, "C"), (T_F, "F_0"), (T_N, "N"))
        )
    c = challenge(statement, T_C, T_F, T_N)
    proof = LinkProof(
        c=c, b_hat=(b_tilde + c * blind) % R, h_hat=(h_tilde + c * handle) % R, n_hat=(n_tilde + c * nym) % R
    )
    inverse = pow(c, -1, R)
    if name == "C":
        openings = zip(BLIND, (proof.b_hat, proof.h_hat, proof.n_hat), strict=True)
        statement = replace(statement, C=(GROUP.sum_of_products(openings) - T_C) * inverse)
    elif name == "F_0":
        statement = replace(statement, F=((BP1 * proof.h_hat - T_F) * inverse, F[1]))
    elif name == "N":
        statement = replace(statement, N=(OP_RENEWAL * proof.n_hat - T_N) * inverse)
    elif name == "F_1":
        statement = replace(statement, F=(F[0], BP1 * random_scalar()))
    elif name == "context":
        statement = replace(statement, context=link_context(bytes(32), TRUSTEES.digest, b"other"))
    return statement, proof


@pytest.mark.parametrize("name", ["C", "F_0", "F_1", "N", "T_C", "T_F", "T_N", "context"])
def test_all_of_it_is_in_the_challenge(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(InvalidProof):
        verify_link(*forged(name, link_challenge))
    mutant = leaving_out(name)
    monkeypatch.setattr(link_verifier, "link_challenge", mutant)
    verify_link(*forged(name, mutant))


def test_the_points_of_another_handle_and_anothers_renewal_point_are_refused() -> None:
    refused(asks(polynomial=(random_scalar(), random_scalar())), Reason.LINK)
    refused(asks(N=OP_RENEWAL * random_scalar()), Reason.LINK)


def test_sealed_shares_and_list_cannot_be_swapped() -> None:
    """Neither on the way, nor for those of another card: they hang on the proof's context."""
    nonce, other = secrets.token_bytes(32), secrets.token_bytes(32)
    answer, foreign = Chip().answer(nonce), Chip().answer(other)
    assert answer.linked is not None and foreign.linked is not None
    swapped = replace(answer, linked=replace(answer.linked, sealed=foreign.linked.sealed))
    refused(a_request(swapped, nonce), Reason.LINK)
    renamed = replace(answer, linked=replace(answer.linked, trustee_list=bytes(32)))
    refused(a_request(renamed, nonce), Reason.TRUSTEES)
    refused(a_request(answer, other), Reason.LINK)


# Shares: whoever gets one finds out that it is wrong


def opened(i: int, sealed: bytes, C: Point, F: tuple[Point, ...]) -> None:
    key = development_key(DevelopmentRole.TRUSTEE, i).secret_octets
    share = open_sealed(
        key, sealed_share(sealed, i), info=share_info(TRUSTEES.digest, i), aad=share_aad(C, F)
    )
    check_share(F, i, int.from_bytes(share))


def sealing(**wrong: object) -> tuple[bytes, Point, tuple[Point, ...]]:
    """A card's sealed shares, with something else sealed than it says."""
    polynomial = (random_scalar(), random_scalar())
    F, C = tuple(BP1 * a for a in polynomial), BP1 * random_scalar()
    given: dict[str, object] = {
        "polynomial": polynomial,
        "keys": TRUSTEES.keys,
        "trustee_list": TRUSTEES.digest,
        "C": C,
        "F": F,
        **wrong,
    }
    return seal_shares(P256_GROUP, secrets.token_bytes, **given), C, F  # type: ignore[arg-type]


def test_each_trustee_opens_its_own_share_and_no_other() -> None:
    sealed, C, F = sealing()
    for i in (1, 2, 3):
        opened(i, sealed, C, F)
    turned = sealed[113:] + sealed[:113]
    with pytest.raises(InvalidProof, match="proof"):
        opened(1, turned, C, F)


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": (TRUSTEES.keys[1], TRUSTEES.keys[0], TRUSTEES.keys[2])},
        {"polynomial": (1, 2)},
        {"trustee_list": bytes(32)},
        {"C": BP1},
        {"F": (BP1, BP1)},
    ],
    ids=["to another trustee", "of another handle", "another list", "another commitment", "other points"],
)
def test_a_share_that_is_not_what_the_card_said_is_found_out(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidProof):
        opened(1, *sealing(**wrong))


# What is new stays new


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_the_same_request_gets_the_same_answer_and_is_signed_once(ledger: MemoryLedger) -> None:
    request, issuer = asks(), an_issuer(ledger)
    first = issuer.issue(request)
    assert an_issuer(ledger).issue(request) == first == issuer.issue(request)
    assert len(ledger.by_record(request.record)) == 1


def test_the_same_commitment_under_other_terms_is_a_conflict(ledger: MemoryLedger) -> None:
    request, issuer = asks(), an_issuer(ledger)
    issuer.issue(request)
    for other in (
        replace(request, record=bytes(16)),
        replace(request, valid_until=VALID_UNTIL + 184),
        replace(request, attributes=(b"\0\0\0\1", *request.attributes[1:])),
    ):
        with pytest.raises(LedgerConflict) as caught:
            issuer.issue(other)
        assert caught.value.reason is Reason.CONFLICT and caught.value.hint


def test_a_nonce_serves_one_commitment(ledger: MemoryLedger) -> None:
    issuer = an_issuer(ledger)
    issuer.issue(a_request(Chip().answer(NONCE), NONCE))
    with pytest.raises(LedgerConflict, match="nonce"):
        issuer.issue(a_request(Chip().answer(NONCE), NONCE))


def test_a_handle_serves_one_record(ledger: MemoryLedger) -> None:
    """Two records with one handle: revoking one would revoke the other, or, withheld, neither."""
    issuer, handle = an_issuer(ledger), random_scalar()
    issuer.issue(asks(Chip(handle=handle)))
    with pytest.raises(LedgerConflict, match="handle"):
        issuer.issue(asks(Chip(handle=handle)))


def test_a_chip_shows_itself_for_one_commitment(ledger: MemoryLedger) -> None:
    issuer, key = an_issuer(ledger, genuine=True), MAKER.new_attestation_key()
    issuer.issue(asks(attested=key))
    with pytest.raises(LedgerConflict, match="chip"):
        issuer.issue(asks(attested=key))
    issuer.issue(asks(attested=MAKER.new_attestation_key()))


# Renewal


def test_a_renewal_keeps_the_pseudonyms(ledger: MemoryLedger) -> None:
    issuer = an_issuer(ledger)
    old = holder(issuer)
    renewed = issuer.issue(renews(old))
    assert renewed.signer_nym_entropy == old.issuance.signer_nym_entropy
    assert renewed.renewal_pseudonym == old.issuance.renewal_pseudonym
    assert renewed.signature != old.issuance.signature


def test_one_card_is_renewed_again_and_again(ledger: MemoryLedger) -> None:
    issuer = an_issuer(ledger)
    old = holder(issuer)
    for _ in range(3):
        new = Chip(nym=old.chip.nym)
        request = renews(old, new)
        old = replace(old, chip=new, request=request, issuance=issuer.issue(request))


def renewal_refused(ledger: MemoryLedger, request: object, reason: Reason = Reason.RENEWAL) -> None:
    with pytest.raises(IssuanceRefused) as caught:
        an_issuer(ledger).issue(request)  # type: ignore[arg-type]
    assert caught.value.reason is reason and caught.value.hint


def test_nobody_takes_anothers_identity_or_a_fresh_one(ledger: MemoryLedger) -> None:
    issuer = an_issuer(ledger)
    mine, yours = holder(issuer), holder(issuer)
    renewal_refused(ledger, renews(mine, Chip()))
    renewal_refused(ledger, renews(mine, Chip(nym=yours.chip.nym)))
    renewal_refused(ledger, renews(mine, record=yours.request.record))
    renewal_refused(ledger, renews(mine, record=bytes(16)))


def test_the_old_credential_is_shown_for_this_commitment_and_no_other(ledger: MemoryLedger) -> None:
    old = holder(an_issuer(ledger))
    renewal_refused(ledger, renews(old, transaction=bytes(32)))
    renewal_refused(ledger, renews(old, transaction=None))
    renewal_refused(ledger, renews(old, rp_context=b"shop.example"))
    renewal_refused(ledger, renews(old, pseudonym=False))
    renewal_refused(ledger, renews(old, disclosed=(1,)))
    honest = renews(old)
    assert honest.renewal is not None
    wire = bytearray(honest.renewal.presentation)
    wire[-1] ^= 1
    renewal_refused(ledger, replace(honest, renewal=replace(honest.renewal, presentation=bytes(wire))))


def test_a_chips_attestation_is_not_for_renewals(ledger: MemoryLedger) -> None:
    old = holder(an_issuer(ledger))
    honest = renews(old)
    answer = Chip(nym=old.chip.nym).answer(honest.nonce, attested=MAKER.new_attestation_key())
    renewal_refused(ledger, replace(honest, answer=answer.to_octets()), Reason.ATTESTATION)


def test_a_reported_card_is_not_renewed_and_its_successor_is(ledger: MemoryLedger) -> None:
    issuer, record = an_issuer(ledger), secrets.token_bytes(16)
    lost = holder(issuer, record=record)
    ledger.report(record, reported=True)
    renewal_refused(ledger, renews(lost), Reason.REPORTED)
    found_later = renews(lost)
    replacement = holder(issuer, record=record)
    issuer.issue(renews(replacement))
    ledger.report(record, reported=False)
    issuer.issue(found_later)


def test_a_card_reported_between_check_and_signature_is_not_renewed(ledger: MemoryLedger) -> None:
    issuer = an_issuer(ledger)
    old = holder(issuer)

    class LateReport(MemoryLedger):
        def by_record(self, record: bytes):  # type: ignore[no-untyped-def]
            found = ledger.by_record(record)
            ledger.report(record, reported=True)
            return found

        begin = staticmethod(ledger.begin)

    with pytest.raises(IssuanceRefused) as caught:
        an_issuer(LateReport()).issue(renews(old))
    assert caught.value.reason is Reason.REPORTED


def test_an_expired_credential_is_not_renewed(ledger: MemoryLedger) -> None:
    old = holder(an_issuer(ledger))
    late = replace(renews(old), valid_until=VALID_UNTIL + 184)
    with pytest.raises(IssuanceRefused) as caught:
        an_issuer(ledger, today=VALID_UNTIL + 1).issue(late)
    assert caught.value.reason is Reason.EXPIRED and "new pseudonyms" in caught.value.hint
    an_issuer(ledger, today=VALID_UNTIL).issue(late)
