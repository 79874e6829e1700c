"""Asking a card for a presentation (mumei protocol 2.3, 2.6).

In the development profile the terminal shows its rights by an unsigned description; in the others its
certificate has done so before.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import Channel
from mumei_core.commands import codes
from mumei_core.commands.messages import identity as messages
from mumei_core.commands.slot_point import SlotPoint
from mumei_core.epochs import SLOTS
from mumei_core.errors import CardRefused, DecodingError
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import ResponseAPDU


class Refusal(Enum):
    """Why a card did not present, as its status word says (2.3)."""

    MALFORMED = codes.SW_WRONG_DATA
    USED = codes.SW_NO_CURRENT_FILE
    NO_CONSENT = codes.SW_SECURITY_STATUS
    DATE = codes.SW_REFERENCE_DATA_UNUSABLE
    CANNOT_PROVE = codes.SW_CONDITIONS
    NO_CREDENTIAL = codes.SW_REFERENCE_NOT_FOUND
    NO_SLOT = codes.SW_NO_SPACE


_WORDS: Final = {
    Refusal.MALFORMED: "the card found the request malformed, or not of this terminal",
    Refusal.USED: "the card has answered once already in this session",
    Refusal.NO_CONSENT: "the holder has not consented, or the terminal lacks the right",
    Refusal.DATE: "the card does not accept the terminal's date or statement",
    Refusal.CANNOT_PROVE: "the card cannot prove what was asked",
    Refusal.NO_CREDENTIAL: "the card has no credential",
    Refusal.NO_SLOT: "the card has no slot left for this terminal in the statement's week",
}


class PresentationRefused(CardRefused):
    """The card refused to present; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_WORDS[refusal], sw=refusal.value)
        self.refusal = refusal


def describe_terminal(channel: Channel, description: bytes) -> None:
    """Show the terminal's description, E2 (development profile). Raises CardRefused."""
    channel.execute(
        messages.describe_terminal(terminal=description), doing="accept the terminal's description"
    )


def present(channel: Channel, request: bytes, *, statement: bytes | None = None) -> bytes:
    """The presentation's octets for the request object E1; one per session.

    ``statement``: of authority and auditor, DER, about the epoch's slots; with a token to recognise by, about its
    point. Raises PresentationRefused, CardRefused for any other status word, and what :meth:`Channel.send` raises.
    """
    return _answered(channel.send(messages.present_request(request=request, statement=statement)))


def prepare(channel: Channel, request: bytes, statement: bytes) -> int:
    """Have a slot burned for a request with a token; the slot whose point :func:`present_slot` is to bring.

    It uses the session's one presentation. Raises as :func:`present`, and DecodingError for what is no slot.
    """
    response = channel.send(messages.prepare(request=request, statement=statement))
    if response.sw == codes.SW_NO_SPACE:
        # Elsewhere it is about memory.
        raise PresentationRefused(Refusal.NO_SLOT)
    answer = _answered(response)
    if len(answer) != 1 or answer[0] >= SLOTS:
        raise DecodingError("the card named no slot")
    return answer[0]


def present_slot(channel: Channel, point: bytes, path: Sequence[bytes]) -> bytes:
    """The presentation's octets for the request that is prepared.

    ``point``: of its slot, 96 octets, uncompressed; ``path``: its way in the tree, four hashes. Raises as
    :func:`present`.
    """
    slot = SlotPoint(point=point, path=tuple(path))
    return _answered(channel.send(messages.present_prepared(slot=slot.to_octets())))


def _answered(response: ResponseAPDU) -> bytes:
    if response.sw == codes.SW_OK:
        return response.data
    if response.sw in {refusal.value for refusal in Refusal} - {codes.SW_NO_SPACE}:
        raise PresentationRefused(Refusal(response.sw))
    refuse_exhausted_memory(response.sw)
    raise CardRefused(f"the card refused to present: {status_word.describe(response.sw)}", sw=response.sw)
