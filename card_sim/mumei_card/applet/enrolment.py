"""ENROL and STORE CREDENTIAL: the card draws its secrets, commits to them, and takes a credential only after it
has checked it (mumei protocol 2.2).

The same on an issued card, at its renewal: a new handle, the nym secret it has, and the old credential stays until
the new one has passed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from mumei_card.applet import coupons
from mumei_card.applet.attestation import attest, attestation_of
from mumei_card.applet.issuing import is_renewal
from mumei_card.applet.issuing_trust import issuer_key, trustees
from mumei_card.applet.parameters import pinned_parameters
from mumei_card.applet.records import (
    RECORD_ATTESTATION_CERTIFICATE,
    RECORD_ATTESTATION_KEY,
    RECORD_CREDENTIAL,
    RECORD_LAST_DATE,
    RECORD_PENDING,
    PendingEnrolment,
    PinnedParameters,
    StoredCredential,
    day_to_bytes,
)
from mumei_card.chip.arithmetic import CountedGroup
from mumei_card.chip.ec import CountedP256
from mumei_card.chip.rng import HedgedRng, scalar_source
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.enrolment import (
    EnrolmentAnswer,
    IssuedCredential,
    LinkedShares,
    decode_enrol,
    encode_receipt,
)
from mumei_core.common_key.check import check_common_key
from mumei_core.credential import attribute_scalars, credential_header, key_id
from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import Point, R
from mumei_core.crypto.enrolment.messages import LinkStatement, link_context
from mumei_core.crypto.enrolment.prover import prove_link
from mumei_core.crypto.generators import ALL, BLIND, OP_RENEWAL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.sharing.split import draw_polynomial, feldman_points, seal_shares
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816.apdu import CommandAPDU

T = TypeVar("T")


def enrol(command: CommandAPDU, context: CardContext) -> bytes:
    """Commit to a fresh revocation handle and the nym secret, and share the handle out.

    The same nonce gets the same answer again.
    """
    nonce = _decoded(decode_enrol, command.data)
    parameters = pinned_parameters(context)
    held = _held(context)
    if held is not None and not is_renewal(context):
        raise CardError(codes.SW_FILE_EXISTS, "the card has a credential")
    stored = context.nvm.get(RECORD_PENDING)
    if stored is not None:
        pending = PendingEnrolment.from_bytes(stored)
        if hmac.compare_digest(pending.nonce, nonce):
            return pending.answer
    rng = context.rng()
    rng.mix(command.data)
    pending = _committed(context, parameters, rng, nonce, held)
    context.nvm.commit({RECORD_PENDING: pending.to_bytes()})
    return pending.answer


def _committed(
    context: CardContext,
    parameters: PinnedParameters,
    rng: HedgedRng,
    nonce: bytes,
    held: StoredCredential | None,
) -> PendingEnrolment:
    draw = scalar_source(rng)
    handle = draw()
    nym = draw() if held is None else held.prover_nym
    randoms = [draw() for _ in range(2 + len((handle, nym)))]
    commitment = core_commit(CountedGroup(context.counters), MUMEI, BLIND, (handle, nym), randoms)
    secrets = (randoms[0], handle, nym)
    answer = EnrolmentAnswer(
        commitment=commitment,
        key_id=key_id(parameters.public_key),
        table_hash=parameters.table_hash,
        linked=_linked(context, rng, nonce, commitment.C, secrets),
    )
    # One for the commitment's challenge, one for the link proof's.
    context.counters.hash_to_scalar += 2
    signature = attest(context, answer.attested_message(nonce)) if held is None else b""
    answer = replace(answer, attestation=attestation_of(context, signature))
    blind, handle, nym = secrets
    return PendingEnrolment(
        nonce=nonce,
        secret_prover_blind=blind,
        revocation_handle=handle,
        prover_nym=nym,
        answer=answer.to_octets(),
    )


def _linked(
    context: CardContext, rng: HedgedRng, nonce: bytes, C: Point, secrets: tuple[int, int, int]
) -> LinkedShares:
    """The handle in shares, each for its trustee, and the proof that they are of what ``C`` commits to."""
    group, draw = CountedGroup(context.counters), scalar_source(rng)
    _, handle, nym = secrets
    named = trustees(context)
    polynomial = draw_polynomial(handle, named.t, draw)
    F = feldman_points(group, polynomial)
    N = group.multiply_fixed(OP_RENEWAL, nym)
    sealed = seal_shares(
        CountedP256(context.counters),
        rng.octets,
        polynomial,
        named.keys,
        trustee_list=named.digest,
        C=C,
        F=F,
    )
    statement = LinkStatement(C=C, F=F, N=N, context=link_context(nonce, named.digest, sealed))
    proof = prove_link(group, statement, secrets, [draw() for _ in secrets])
    return LinkedShares(F=F, N=N, proof=proof, trustee_list=named.digest, sealed=sealed)


def store_credential(command: CommandAPDU, context: CardContext) -> bytes:
    """Check everything that marks a card or breaks a proof, then swap pending, and at a renewal the old credential,
    for the new one in one commit. Slots and log stay.

    The same data again gets the same receipt: an office that lost the answer can ask once more.
    """
    issued = _decoded(IssuedCredential.from_octets, command.data)
    parameters = pinned_parameters(context)
    receipt = hashing.sha256(command.data)
    held = _held(context)
    if held is not None:
        if hmac.compare_digest(held.receipt, receipt):
            return encode_receipt(receipt)
        if not is_renewal(context):
            raise CardError(codes.SW_FILE_EXISTS, "the card has a credential")
    pending = context.nvm.get(RECORD_PENDING)
    if pending is None:
        raise CardError(codes.SW_CONDITIONS, "not enrolled")
    if held is not None and issued.signer_nym_entropy != held.issued.signer_nym_entropy:
        raise CardError(codes.SW_WRONG_DATA, "another entropy: a renewal keeps the pseudonyms")
    credential = _checked(context, parameters, PendingEnrolment.from_bytes(pending), issued, receipt)
    last_date = max(int.from_bytes(context.record(RECORD_LAST_DATE)), issued.issuance_date)
    context.nvm.commit(
        {
            RECORD_CREDENTIAL: credential.to_bytes(),
            RECORD_PENDING: None,
            # Shown once, and never again: what tells this card from all others is gone.
            RECORD_ATTESTATION_KEY: None,
            RECORD_ATTESTATION_CERTIFICATE: None,
            RECORD_LAST_DATE: day_to_bytes(last_date),
            **coupons.DESTROYED,
        }
    )
    return encode_receipt(receipt)


def _held(context: CardContext) -> StoredCredential | None:
    octets = context.nvm.get(RECORD_CREDENTIAL)
    return None if octets is None else StoredCredential.from_bytes(octets)


def _checked(
    context: CardContext,
    parameters: PinnedParameters,
    pending: PendingEnrolment,
    issued: IssuedCredential,
    receipt: bytes,
) -> StoredCredential:
    """The credential with B computed by the card itself. Raises :class:`CardError` 6A 80."""
    PK, W1 = issuer_key(context, parameters, issued.issuer_key_hash, issued.issuance_date)
    try:
        header = credential_header(PK, issued.valid_until)
        scalars = attribute_scalars(issued.attributes)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    if issued.valid_until < issued.issuance_date:
        raise CardError(codes.SW_WRONG_DATA, "expired when issued")
    nym_secret = (pending.prover_nym + issued.signer_nym_entropy) % R
    if nym_secret == 0:
        raise CardError(codes.SW_WRONG_DATA, "the nym secret would be zero")
    secrets = (pending.secret_prover_blind, pending.revocation_handle, nym_secret)
    group = CountedGroup(context.counters)
    domain = calculate_domain(MUMEI, PK, ALL, header)
    B = calculate_b(group, MUMEI.suite.p1, ALL, domain, (*scalars, *secrets))
    # One hash for the domain, two for hashed attributes, one for the challenge below.
    context.counters.hash_to_scalar += 4
    try:
        check_common_key(group, W1, issued.signature, B, issued.common_key_proof)
    except InvalidProof as error:
        raise CardError(codes.SW_WRONG_DATA, "the signature is not under the common key") from error
    return StoredCredential(receipt=receipt, messages=(*scalars, *secrets), domain=domain, B=B, issued=issued)


def _decoded(decode: Callable[[bytes], T], octets: bytes) -> T:
    try:
        return decode(octets)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
