"""The checks of enrolment and renewal: the link proof, shares, what an issuer looks at before it signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fixtures.crypto_world import TODAY, VALID_UNTIL, attributes, random_scalar
from tests.negative.checks import Attempt, Check, NoCheck
from tests.negative.enrolling import (
    MAKER,
    OWN_TRUSTEES,
    TRUSTEES,
    Chip,
    a_request,
    an_issuer,
    asks,
    holder,
    issuer_key,
    renews,
)
from tests.negative.mutants import Mutation, without

from mumei.issuer import request_checks
from mumei.issuer.issuance import IssuanceRequest
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.maker.attestation_root import MakerRoot
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.credential import uint_octets
from mumei_core.crypto.curve import BP1
from mumei_core.crypto.enrolment import messages as link_messages
from mumei_core.crypto.enrolment import verifier as link_verifier
from mumei_core.crypto.enrolment.messages import LinkProof
from mumei_core.crypto.generators import OP_RENEWAL
from mumei_core.crypto.sharing import check as share_check
from mumei_core.eac.signature import SigningKey
from mumei_core.presentation.verifier import Verifier


def checking(request: Callable[[], IssuanceRequest], *, genuine: bool = False) -> Callable[[], Attempt]:
    """What the issuer checks of a request before its ledger is asked."""

    def forgery() -> Attempt:
        made = request()
        root = MAKER.certificate if genuine else None
        return lambda: request_checks.check_request(
            made, today=TODAY, trustee_lists=(TRUSTEES,), maker_root=root
        )

    return forgery


def office_says(**fields: Any) -> Callable[[], IssuanceRequest]:
    return lambda: asks(office=fields)


def of_an_older_kind() -> IssuanceRequest:
    answer = Chip().answer(bytes(32))
    first = EnrolmentAnswer(commitment=answer.commitment, key_id=answer.key_id, table_hash=answer.table_hash)
    return a_request(first, bytes(32))


def unopened_commitment() -> IssuanceRequest:
    """The link proof is good, the commitment's own is another commitment's."""
    answer, other = Chip().answer(bytes(32)), Chip().answer(bytes(32))
    octets = other.commitment.to_octets()
    changed = answer.to_octets().replace(answer.commitment.to_octets()[48:], octets[48:])
    return a_request(EnrolmentAnswer.from_octets(changed), bytes(32))


def attested_by_another_maker() -> IssuanceRequest:
    return asks(attested=MakerRoot.make("Maker TEST", SigningKey(12)).new_attestation_key())


def an_attested_message_of_another_nonce() -> IssuanceRequest:
    """A swapped commitment under a genuine chip's signature, by an office computer."""
    genuine = Chip().answer(bytes(32), attested=MAKER.new_attestation_key())
    own = Chip().answer(bytes(32))
    return a_request(
        EnrolmentAnswer(
            commitment=own.commitment,
            key_id=own.key_id,
            table_hash=own.table_hash,
            attestation=genuine.attestation,
            linked=own.linked,
        ),
        bytes(32),
    )


def renewing(
    request: Callable[[MemoryLedger], IssuanceRequest], *, today: int = TODAY
) -> Callable[[], Attempt]:
    """What the issuer checks of a renewal, with everybody's earlier issuances in its ledger."""

    def forgery() -> Attempt:
        ledger = MemoryLedger()
        made = request(ledger)
        checked = request_checks.check_request(made, today=TODAY, trustee_lists=(TRUSTEES,), maker_root=None)
        assert made.renewal is not None
        return lambda: request_checks.check_renewal(
            checked,
            made.renewal,  # type: ignore[arg-type]
            ledger.by_record(made.record),
            Verifier((issuer_key().public_key,)),
            today=today,
        )

    return forgery


def shown_for_something_else(ledger: MemoryLedger) -> IssuanceRequest:
    return renews(holder(an_issuer(ledger)), transaction=bytes(32))


def an_honest_renewal(ledger: MemoryLedger) -> IssuanceRequest:
    return renews(holder(an_issuer(ledger)))


def a_fresh_identity(ledger: MemoryLedger) -> IssuanceRequest:
    return renews(holder(an_issuer(ledger)), Chip())


def anothers_record(ledger: MemoryLedger) -> IssuanceRequest:
    mine, yours = holder(an_issuer(ledger)), holder(an_issuer(ledger))
    return renews(mine, record=yours.request.record)


def linked(**forged: Any) -> Attempt:
    answer = Chip().answer(bytes(32), **forged)
    assert answer.linked is not None
    statement, proof = answer.linked.statement(bytes(32), answer.commitment.C), answer.linked.proof
    return lambda: link_verifier.verify_link(statement, proof)


def issuer_row(
    name: str, function: str, raises: str, condition: str, forgery: Any, reason: str, **more: Any
) -> Check:
    return Check(
        name=f"issuer: {name}",
        module=request_checks,
        raises=raises,
        mutations=without(request_checks, function, condition, more.pop("new", "if False:")),
        forgery=forgery,
        reason=reason,
        **more,
    )


ENROLMENT_CHECKS = [
    Check(
        name="link proof: F_0 is the committed handle's",
        module=link_verifier,
        raises='InvalidProof("link")',
        mutations=without(
            link_verifier, "verify_link", "if link_challenge(statement, T_C, T_F, T_N) != proof.c:"
        ),
        forgery=lambda: linked(polynomial=(random_scalar(), random_scalar())),
        reason="link",
    ),
    Check(
        name="link proof: N' is the committed nym secret's",
        module=link_verifier,
        raises='InvalidProof("link")',
        mutations=without(
            link_verifier, "verify_link", "if link_challenge(statement, T_C, T_F, T_N) != proof.c:"
        ),
        forgery=lambda: linked(N=OP_RENEWAL * random_scalar()),
        reason="link",
    ),
    Check(
        name="link proof: 128 octets",
        module=link_messages,
        raises="a link proof has",
        mutations=without(LinkProof, "from_octets", "if len(octets) != LINK_PROOF_LENGTH:"),
        forgery=lambda: lambda: LinkProof.from_octets(bytes(31) + b"\1" + bytes(97)),
        reason="a link proof has 128 octets",
        redundant="there would be another number of scalars, or a scalar of another length",
    ),
    Check(
        name="share: of the polynomial behind F",
        module=share_check,
        raises="a share is not of the handle",
        mutations=without(share_check, "check_share", "if BP1 * share != share_point(F, i):"),
        forgery=lambda: lambda: share_check.check_share((BP1, BP1 * 2), 1, 4),
        reason="a share is not of the handle",
    ),
    issuer_row(
        "no birth date in the future",
        "_check_attributes",
        "the birth date lies in the future",
        "if scalars[Index.BIRTH_DATE] > today:",
        checking(office_says(attributes=(uint_octets(TODAY + 1), *attributes()[1:]))),
        "birth date",
    ),
    issuer_row(
        "a day that everyone has, and not past",
        "_check_attributes",
        "a credential ends on a 30 June or 31 December",
        "if not is_valid_until(request.valid_until) or request.valid_until < today:",
        checking(office_says(valid_until=VALID_UNTIL - 365)),
        "30 June",
    ),
    issuer_row(
        "the card makes shares",
        "check_request",
        "the card shares no handle out",
        "if linked is None:",
        checking(of_an_older_kind),
        "shares no handle",
        redundant="there is nothing to go on with",
    ),
    Check(
        name="issuer: an office brings no trustees of its own",
        module=request_checks,
        raises="the trustees are not those that root and auditor",
        mutations=(
            Mutation(
                owner=request_checks,
                name="_check_trustees",
                old="next((known for known in trustee_lists if known.octets == request.trustees), None)",
                new="__import__('tests.negative.enrolling', fromlist=['_']).OWN_TRUSTEES",
            ),
        ),
        forgery=checking(lambda: asks(trustees=OWN_TRUSTEES, office={"trustees": OWN_TRUSTEES.octets})),
        reason="not those that root and auditor",
    ),
    issuer_row(
        "sealed to the trustees it names",
        "_check_trustees",
        "the card seals its shares to other trustees",
        "if linked.trustee_list != named.digest:",
        checking(lambda: asks(trustees=OWN_TRUSTEES)),
        "other trustees",
    ),
    issuer_row(
        "t of n, and no fewer",
        "_check_trustees",
        "the shares are not as many",
        "if len(linked.F) != named.t or len(linked.sealed) != named.n * SEALED_SHARE_LENGTH:",
        checking(lambda: asks(Chip(handle=5), polynomial=(5,))),
        "not as many",
    ),
    issuer_row(
        "the commitment's proof",
        "check_request",
        "the card's commitment does not hold",
        "check_commitment(answer.commitment)",
        checking(unopened_commitment),
        "commitment does not hold",
        new="pass",
    ),
    issuer_row(
        "shares and commitment of the same secrets",
        "check_request",
        "shares and commitment are not of the same secrets",
        "verify_link(linked.statement(request.nonce, answer.commitment.C), linked.proof)",
        checking(lambda: asks(polynomial=(random_scalar(), random_scalar()))),
        "not of the same secrets",
        new="pass",
    ),
    issuer_row(
        "no attestation of development cards",
        "_checked_attestation",
        "an attestation where none is due",
        "if attestation is not None:",
        checking(lambda: asks(attested=MAKER.new_attestation_key())),
        "none is due",
    ),
    issuer_row(
        "a chip that shows nothing",
        "_checked_attestation",
        "the card does not show that it is genuine",
        "if attestation is None:",
        checking(asks, genuine=True),
        "does not show",
        redundant="there is no certificate to check",
    ),
    issuer_row(
        "a chip of another maker",
        "_checked_attestation",
        "the chip's attestation does not hold",
        "attestation.certificate.check_card(maker_root)",
        checking(attested_by_another_maker, genuine=True),
        "attestation does not hold",
        new="pass",
    ),
    issuer_row(
        "a chip's signature over something else",
        "_checked_attestation",
        "the chip's attestation does not hold",
        "attestation.check_signature(answer.attested_message(request.nonce))",
        checking(an_attested_message_of_another_nonce, genuine=True),
        "attestation does not hold",
        new="pass",
    ),
    issuer_row(
        "renewal: shown for this commitment",
        "check_renewal",
        "the old credential was shown for something else",
        "if asked != _expected(asked, digest):",
        renewing(shown_for_something_else),
        "something else",
    ),
    issuer_row(
        "renewal: not expired",
        "check_renewal",
        "the old credential has expired",
        "if shown.valid_until < today:",
        renewing(an_honest_renewal, today=VALID_UNTIL + 1),
        "expired",
    ),
    issuer_row(
        "renewal: the record's card",
        "check_renewal",
        "the card is not this record's",
        " and entry.terms.renewal_pseudonym == shown.pseudonym",
        renewing(anothers_record),
        "not this record's",
        new="",
        redundant="the new commitment then is to another pseudonym than the record's",
    ),
    issuer_row(
        "renewal: the same pseudonym",
        "check_renewal",
        "the new commitment is to another pseudonym",
        "if (checked.linked.N + OP_RENEWAL * entropy) != Point.from_octets(own[-1].terms.renewal_pseudonym):",
        renewing(a_fresh_identity),
        "another pseudonym",
    ),
]

_TRANSLATED = "says in the issuer's words what a decoder or verifier refused, each with rows of its own"
NOT_CHECKS_OF_ENROLMENT = [
    NoCheck(module=request_checks, raises=text, why=_TRANSLATED)
    for text in (
        "an attribute cannot be signed",
        "the card's answer is malformed",
        "the old credential's proof does not hold",
    )
]
