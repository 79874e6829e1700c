"""ENROL and STORE CREDENTIAL: the card draws its secrets, commits to them, and takes a credential only after it
has checked it (mumei protocol 2.2).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TypeVar

from mumei_card.applet import coupons
from mumei_card.applet.attestation import attest, attestation_of
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
from mumei_card.chip.rng import scalar_source
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.attestation import attested_message
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential, decode_enrol, encode_receipt
from mumei_core.common_key.check import check_common_key
from mumei_core.credential import attribute_scalars, credential_header, key_id
from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import R
from mumei_core.crypto.generators import ALL, BLIND
from mumei_core.crypto.hashing import MUMEI
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816.apdu import CommandAPDU

T = TypeVar("T")


def enrol(command: CommandAPDU, context: CardContext) -> bytes:
    """Commit to a fresh revocation handle and nym secret. The same nonce gets the same answer again."""
    nonce = _decoded(decode_enrol, command.data)
    parameters = pinned_parameters(context)
    if context.nvm.get(RECORD_CREDENTIAL) is not None:
        raise CardError(codes.SW_FILE_EXISTS, "the card has a credential")
    stored = context.nvm.get(RECORD_PENDING)
    if stored is not None:
        pending = PendingEnrolment.from_bytes(stored)
        if hmac.compare_digest(pending.nonce, nonce):
            return _answer(context, pending, parameters)
    rng = context.rng()
    rng.mix(command.data)
    draw = scalar_source(rng)
    handle, nym = draw(), draw()
    randoms = [draw() for _ in range(2 + len((handle, nym)))]
    commitment = core_commit(CountedGroup(context.counters), MUMEI, BLIND, (handle, nym), randoms)
    context.counters.hash_to_scalar += 1
    octets = commitment.to_octets()
    pending = PendingEnrolment(
        nonce=nonce,
        secret_prover_blind=randoms[0],
        revocation_handle=handle,
        prover_nym=nym,
        commitment=octets,
        attestation=attest(context, attested_message(nonce=nonce, commitment=octets)),
    )
    context.nvm.commit({RECORD_PENDING: pending.to_bytes()})
    return _answer(context, pending, parameters)


def _answer(context: CardContext, pending: PendingEnrolment, parameters: PinnedParameters) -> bytes:
    return EnrolmentAnswer(
        commitment=CommitmentWithProof.from_octets(pending.commitment),
        key_id=key_id(parameters.public_key),
        table_hash=parameters.table_hash,
        attestation=attestation_of(context, pending.attestation),
    ).to_octets()


def store_credential(command: CommandAPDU, context: CardContext) -> bytes:
    """Check everything that marks a card or breaks a proof, then swap pending for credential in one commit.

    The same data again gets the same receipt: an office that lost the answer can ask once more.
    """
    issued = _decoded(IssuedCredential.from_octets, command.data)
    parameters = pinned_parameters(context)
    receipt = hashing.sha256(command.data)
    present = context.nvm.get(RECORD_CREDENTIAL)
    if present is not None:
        if hmac.compare_digest(StoredCredential.from_bytes(present).receipt, receipt):
            return encode_receipt(receipt)
        raise CardError(codes.SW_FILE_EXISTS, "the card has a credential")
    pending = context.nvm.get(RECORD_PENDING)
    if pending is None:
        raise CardError(codes.SW_CONDITIONS, "not enrolled")
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


def _checked(
    context: CardContext,
    parameters: PinnedParameters,
    pending: PendingEnrolment,
    issued: IssuedCredential,
    receipt: bytes,
) -> StoredCredential:
    """The credential with B computed by the card itself. Raises :class:`CardError` 6A 80."""
    if issued.issuer_key_hash != key_id(parameters.public_key):
        raise CardError(codes.SW_WRONG_DATA, "issued under another key")
    try:
        header = credential_header(parameters.public_key, issued.valid_until)
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
    domain = calculate_domain(MUMEI, parameters.public_key, ALL, header)
    B = calculate_b(group, MUMEI.suite.p1, ALL, domain, (*scalars, *secrets))
    # One hash for the domain, two for hashed attributes, one for the challenge below.
    context.counters.hash_to_scalar += 4
    try:
        check_common_key(group, parameters.W1, issued.signature, B, issued.common_key_proof)
    except InvalidProof as error:
        raise CardError(codes.SW_WRONG_DATA, "the signature is not under the common key") from error
    return StoredCredential(receipt=receipt, messages=(*scalars, *secrets), domain=domain, B=B, issued=issued)


def _decoded(decode: Callable[[bytes], T], octets: bytes) -> T:
    try:
        return decode(octets)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
