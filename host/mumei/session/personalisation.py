"""Putting parameters and a credential on a card (mumei protocol 2.2; GlobalPlatform Card Specification 2.3, 11.11).

In the development profile these commands go in plain; other profiles take them inside SCP03 only.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import Channel
from mumei_core.commands import codes
from mumei_core.commands.enrolment import (
    EnrolmentAnswer,
    IssuedCredential,
    decode_receipt,
    encode_enrol,
)
from mumei_core.commands.messages import identity as messages
from mumei_core.commands.parameters import CardParameters
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto import hashing
from mumei_core.errors import CardRefused, CardResetError, DecodingError, GarbledAnswerError
from mumei_core.iso7816 import status_word

#: Octets of parameters in one STORE DATA.
BLOCK_LENGTH: Final = 3072

_REPEAT: Final = (
    "Put the same card in again and repeat: nothing is stored twice. If it comes again, use another card."
)


class CardNotReadyError(CardRefused):
    """The card is not that far: it has no parameters, or has made no commitment; nothing on it was changed."""


class CardHasCredentialError(CardRefused):
    """The card holds a credential already; nothing on it was changed."""


def store_parameters(
    channel: Channel, parameters: CardParameters, *, progress: Callable[[int, int], None] | None = None
) -> None:
    """Pin the issuer's public parameters (about 49,600 octets in blocks); once in a card's life.

    ``progress`` is told (octets sent, octets in all). Raises CardRefused where the card has parameters, is of
    another profile, or finds them malformed; and what :meth:`Channel.send` raises.
    """
    _store(channel, parameters.to_octets(), doing="take the parameters", progress=progress)


def store_trust(channel: Channel, trust: CardTrust) -> None:
    """Pin what a standard card trusts: the root authority, the auditor's keys, the issuer's root; once in its life.

    A card that has it already is left as it is: only who holds the card's keys can have put it there. Raises
    CardRefused, and what :meth:`Channel.send` raises.
    """
    try:
        _store(channel, trust.to_octets(), doing="take its trust points")
    except CardRefused as error:
        if error.sw != codes.SW_CONDITIONS:
            raise


def store_statement(channel: Channel, statement: bytes) -> None:
    """Give the card a statement of root and auditor, DER: an issuer key with its days, or the trustees.

    The same one again changes nothing. Raises CardRefused where a signature does not hold, or the card's list of
    trustees is newer; and what :meth:`Channel.send` raises.
    """
    _store(channel, statement, doing="take what issuer's root and auditor have signed")


def _store(
    channel: Channel, octets: bytes, *, doing: str, progress: Callable[[int, int], None] | None = None
) -> None:
    for number, start in enumerate(range(0, len(octets), BLOCK_LENGTH)):
        block = octets[start : start + BLOCK_LENGTH]
        end = start + len(block)
        last = end == len(octets)
        build = messages.store_data_last_block if last else messages.store_data_more_blocks
        try:
            channel.execute(build(block_number=number, block=block), doing=doing)
        except CardRefused as error:
            if error.sw == codes.SW_CONDITIONS and number:
                # It took the blocks before this one.
                raise CardResetError(f"the card lost its place; it was to {doing}", hint=_REPEAT) from error
            raise
        if progress is not None:
            progress(end, len(octets))


def enrol(channel: Channel, nonce: bytes) -> EnrolmentAnswer:
    """Let the card commit to its secrets for ``nonce`` (32 octets); the same nonce gets the same answer again.

    The answer is decoded, its proof not yet checked. Raises CardNotReadyError, CardHasCredentialError,
    CardRefused, GarbledAnswerError; and what :meth:`Channel.send` raises.
    """
    response = channel.send(messages.enrol(enrolment=encode_enrol(nonce)))
    refuse_exhausted_memory(response.sw)
    if response.sw == codes.SW_REFERENCE_NOT_FOUND:
        raise CardNotReadyError("the card has no parameters or no list of trustees yet", sw=response.sw)
    if response.sw == codes.SW_FILE_EXISTS:
        raise CardHasCredentialError(
            "this card holds a credential already",
            sw=response.sw,
            hint="Use a new card; a card is never issued twice.",
        )
    if response.sw != codes.SW_OK:
        words = f"the card refused to enrol: {status_word.describe(response.sw)}"
        raise CardRefused(words, sw=response.sw, hint=_REPEAT)
    try:
        return EnrolmentAnswer.from_octets(response.data)
    except DecodingError as error:
        raise GarbledAnswerError(f"the card's commitment is malformed: {error}", hint=_REPEAT) from error


def store_credential(channel: Channel, credential: IssuedCredential) -> None:
    """Give the card its credential; the card checks it and answers with a receipt, which is compared.

    May be repeated with the same data. Raises CardHasCredentialError for another credential on the card,
    CardNotReadyError for a card that has committed to nothing, CardRefused where a check on the card fails,
    GarbledAnswerError; and what :meth:`Channel.send` raises.
    """
    data = credential.to_octets()
    response = channel.send(messages.store_credential(credential=data))
    refuse_exhausted_memory(response.sw)
    if response.sw == codes.SW_FILE_EXISTS:
        raise CardHasCredentialError("this card holds another credential", sw=response.sw)
    if response.sw in (codes.SW_REFERENCE_NOT_FOUND, codes.SW_CONDITIONS):
        raise CardNotReadyError("this card has made no commitment", sw=response.sw)
    if response.sw != codes.SW_OK:
        raise CardRefused(
            f"the card refused the credential: {status_word.describe(response.sw)}",
            sw=response.sw,
            hint="Nothing on the card was changed. If it is the card that the enrolment began with, the issuer's "
            "key or parameters are not the ones that the card pinned.",
        )
    try:
        receipt = decode_receipt(response.data)
    except DecodingError as error:
        raise GarbledAnswerError(f"the card's receipt is malformed: {error}", hint=_REPEAT) from error
    if not hmac.compare_digest(receipt, hashing.sha256(data)):
        raise GarbledAnswerError("the card confirms another credential than it was given", hint=_REPEAT)
