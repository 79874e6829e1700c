"""Where an answer differs from the recorded one in a way that matters.

Status word and structure always matter: which data objects there are, and their lengths where the specs fix them.
Values matter only where all cards of a type give the same: files, capabilities, the FCI. What was masked, and what
is random, does not.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

from mumei.trace.places import field_of
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import find
from mumei_core.commands.specification import DataObject, Field
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv, status_word
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import Tlv

_SAME_ON_EVERY_CARD: Final = frozenset({codes.INS_SELECT, codes.INS_READ_BINARY, codes.INS_GET_DATA})


def difference(command: CommandAPDU, recorded: MaskedOctets, sw: int, answered: ResponseAPDU) -> str:
    """What differs, in words; empty where nothing does that matters. ``recorded``: the answer's data then."""
    if answered.sw != sw:
        return f"{_words(answered.sw)}; recorded {_words(sw)}"
    field = field_of(find(command.cla, command.ins), command, answer=True)
    if (found := _structure(field, recorded.zeroed, answered.data)) != "":
        return found
    if (
        _is_constant(command)
        and len(recorded) == len(answered.data)
        and not recorded.agrees_with(answered.data)
    ):
        return "another value, and it is the same on all cards of a type"
    return ""


def _structure(field: Field | None, recorded: bytes, answered: bytes) -> str:
    if field is not None and field.objects:
        try:
            then, now = ber_tlv.parse(recorded), ber_tlv.parse(answered)
        except DecodingError:
            return "" if len(recorded) == len(answered) else _lengths(recorded, answered)
        return _objects(field.objects, then, now)
    fixed = field is None or field.by_le or field.shortest == field.longest or not field.longest
    return _lengths(recorded, answered) if fixed and len(recorded) != len(answered) else ""


def _objects(known: tuple[DataObject, ...], then: tuple[Tlv, ...], now: tuple[Tlv, ...]) -> str:
    specs = {spec.tag: spec for spec in known}
    for old, new in zip_longest(then, now):
        if old is None or new is None or old.tag != new.tag:
            has = "nothing more" if new is None else f"data object {new.tag:02X}"
            had = "nothing more" if old is None else f"data object {old.tag:02X}"
            return f"{has}; recorded {had}"
        spec = specs.get(old.tag)
        if spec is not None and spec.children:
            try:
                inner = _objects(spec.children, old.children(), new.children())
            except DecodingError:
                inner = "" if len(old.value) == len(new.value) else _lengths(old.value, new.value)
            if inner:
                return f"in {old.tag:02X}: {inner}"
        elif len(old.value) != len(new.value) and (spec is None or spec.shortest == spec.longest):
            return f"data object {old.tag:02X} of {_lengths(old.value, new.value)}"
    return ""


def _is_constant(command: CommandAPDU) -> bool:
    counters = command.p1 << 8 | command.p2 == codes.TAG_OPERATION_COUNTERS
    return command.ins in _SAME_ON_EVERY_CARD and not (command.ins == codes.INS_GET_DATA and counters)


def _lengths(recorded: bytes, answered: bytes) -> str:
    return f"{len(answered)} octets; recorded {len(recorded)}"


def _words(sw: int) -> str:
    return status_word.describe(sw)
