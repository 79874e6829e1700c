"""What a trace must not hold, masked before it is written: a trace is safe to mail.

The specs mark what is secret: PIN, PUK, keys, credential, what the card's log says, what tells one chip from
another. A presentation they mark whole; here it is looked into:

- shown attributes and pseudonyms are masked, **and the proof beside them**: a proof names its challenge, so whoever
  holds it can try every prefecture, birth date or name until one fits. The proof of predicates alone stays: it says
  no more than that they hold (zero knowledge), and can be verified again;
- the hash of what was signed is masked, which finds the document among a few, and its proof as above.

What is not known is masked whole: other commands, other parameters, what cannot be decoded. PACE stays as it
travelled: two strangers' ephemeral keys, and a nonce under a password that no list of guesses can be tried on
without taking part (TR-03110-2 v2.21, 3.2). Secure messaging stays too: its keys are those of that session and
forgotten. SCP03 does not where the specs mark a secret: its keys come from the card's static ones, and whoever gets
those later could read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mumei.trace.model import data_start
from mumei.trace.places import places
from mumei.trace.requests import ASKING, begins_plainly, request_in
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS, find
from mumei_core.commands.specification import Field, Variant
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT
from mumei_core.iso7816.secure_messaging import is_protected

Ranges = list[tuple[int, int]]

_HEADER: Final = 4
_SCP03_BIT: Final = 0x04
_SW1_MORE_DATA: Final = codes.SW_MORE_DATA >> 8
_MAX_CHAIN: Final = 0x2_0000
# A presentation: day and issuer's key hint, then what is shown, each with two octets of length (protocol 2.3).
_PRESENTATION_HEAD: Final = 12
_LENGTH: Final = 2

_SM_OBJECTS: Final = frozenset(
    {
        codes.TAG_SM_CRYPTOGRAM,
        codes.TAG_SM_CRYPTOGRAM_ODD,
        codes.TAG_SM_LE,
        codes.TAG_SM_STATUS,
        codes.TAG_SM_MAC,
    }
)
_SM_FIRST: Final = (
    b"",
    *(bytes((tag,)) for tag in (codes.TAG_SM_CRYPTOGRAM, codes.TAG_SM_CRYPTOGRAM_ODD, codes.TAG_SM_STATUS)),
)
#: Objects that the specs do not mark, by the tags around them and their own.
_MORE: Final = frozenset({(codes.TAG_REQUEST, codes.TAG_REQUEST_TRANSACTION)})


def mask_message(command: CommandAPDU, response: ResponseAPDU) -> tuple[MaskedOctets, MaskedOctets]:
    """The command's data field and the answer's data, of a whole and unprotected message."""
    data, answer = _secrets(command, response.data)
    return MaskedOctets.masking(command.data, data), MaskedOctets.masking(response.data, answer)


class WireMasking:
    """Masks one connection's APDUs as they travel; it remembers what the parts of a message belong to."""

    def __init__(self, *, keep_scp03: bool = False) -> None:
        """``keep_scp03``: keep everything of SCP03, which only test keys allow."""
        self._keep_scp03 = keep_scp03
        self.reset()

    def reset(self) -> None:
        """The card was reset: nothing waits any more."""
        self._chain = b""
        self._hide_rest = True

    def mask(self, apdu: bytes, response: bytes | None) -> tuple[MaskedOctets, MaskedOctets | None]:
        """Command and answer with their secrets masked; headers and status words always stay."""
        answer = b"" if response is None else response[:-2]
        try:
            command = CommandAPDU.from_bytes(apdu)
        except ApduError:
            self.reset()
            data, hidden, start = [(0, len(apdu))], [(0, len(answer))], _HEADER
        else:
            start = data_start(apdu)
            more = response is not None and response[-2:-1] == bytes((_SW1_MORE_DATA,))
            data, hidden = self._look(command, answer, more=more)
        masked = MaskedOctets.masking(apdu, [(start + a, start + min(b, len(apdu) - start)) for a, b in data])
        if response is None:
            return masked, None
        return masked, MaskedOctets.masking(answer, hidden) + MaskedOctets(response[-2:])

    def _look(self, command: CommandAPDU, answer: bytes, *, more: bool) -> tuple[Ranges, Ranges]:
        everything, of_answer = [(0, len(command.data))], [(0, len(answer))]
        if command.ins == codes.INS_GET_RESPONSE:
            return everything, of_answer if self._hide_rest else []
        chain, self._chain = self._chain, b""
        if is_protected(command.cla):
            self._hide_rest = not _is_secure_messaging(command.data)
            if self._hide_rest:
                return everything, of_answer
            return [], [] if answer[:1] in _SM_FIRST else of_answer
        if _is_scp03(command):
            return self._scp03(command, everything, of_answer)
        whole = replace(command, cla=command.cla & ~CHAINING_BIT, data=chain + command.data)
        self._hide_rest = _has_secret_answer(whole)
        if command.cla & CHAINING_BIT:
            self._chain = whole.data if len(whole.data) < _MAX_CHAIN else b""
        elif not chain:
            data, hidden = _secrets(command, answer, chip_number=self._keep_scp03)
            return data, of_answer if more and self._hide_rest else hidden
        variant = _variant(whole)
        signs = command.ins in ASKING and not begins_plainly(whole.data)
        secret = variant is None or variant.data.any_secret or signs
        return everything if secret else [], of_answer if self._hide_rest else []

    def _scp03(self, command: CommandAPDU, data: Ranges, answer: Ranges) -> tuple[Ranges, Ranges]:
        plain = replace(command, cla=command.cla & ~_SCP03_BIT)
        variant = _variant(plain)
        self._hide_rest = not self._keep_scp03 and _has_secret_answer(plain)
        secret = not self._keep_scp03 and (variant is None or variant.data.any_secret)
        return data if secret else [], answer if self._hide_rest else []


def _variant(command: CommandAPDU) -> Variant | None:
    spec = find(command.cla, command.ins)
    return None if spec is None else spec.variant(command.p1, command.p2)


def _is_scp03(command: CommandAPDU) -> bool:
    return bool(command.cla & _SCP03_BIT) and (command.cla & ~CHAINING_BIT, command.ins) not in COMMANDS


def _has_secret_answer(command: CommandAPDU) -> bool:
    """Whether the answer to this whole command may hold a secret, before it is there."""
    variant = _variant(command)
    if command.ins == codes.INS_PRESENT:
        return not _proves_predicates_only(command.data)
    return variant is None or variant.response.any_secret


def _secrets(command: CommandAPDU, answer: bytes, *, chip_number: bool = False) -> tuple[Ranges, Ranges]:
    """Ranges of the data field, and of the answer's data. ``chip_number``: keep it."""
    everything = [(0, len(command.data))], [(0, len(answer))]
    variant = _variant(command)
    if variant is None or _is_scp03(command):
        return everything
    data = list(_in_field(variant.data, command.data))
    if command.ins == codes.INS_PRESENT:
        return data, _in_presentation(command.data, answer)
    if chip_number and command.ins == codes.INS_INITIALIZE_UPDATE:
        return data, []
    return data, list(_in_field(variant.response, answer))


def _in_field(field: Field, octets: bytes) -> Iterator[tuple[int, int]]:
    for place in places(field, octets):
        # Of an object with others inside, these say what is secret.
        if (place.item.secret and not place.item.constructed) or place.path in _MORE:
            yield place.start, place.end


def _proves_predicates_only(request: bytes) -> bool:
    try:
        asked = request_in(request)
    except DecodingError:
        return False
    return not (asked.disclosed or asked.pseudonym or asked.token or asked.transaction)


def _in_presentation(request: bytes, answer: bytes) -> Ranges:
    """Shown values and, beside anything shown or signed, the proof; lengths stay."""
    if _proves_predicates_only(request):
        return []
    try:
        shown = len(request_in(request).disclosed)
    except DecodingError:
        return [(0, len(answer))]
    hidden: Ranges = []
    at = _PRESENTATION_HEAD
    for _ in range(shown):
        start = at + _LENGTH
        at = start + int.from_bytes(answer[at:start])
        hidden.append((start, at))
    return [*hidden, (at, len(answer))]


def _is_secure_messaging(data: bytes) -> bool:
    """Whether a protected command's data field is what it says."""
    try:
        return {item.tag for item in ber_tlv.parse(data)} <= _SM_OBJECTS
    except DecodingError:
        return False
