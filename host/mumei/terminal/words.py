"""A question and its answer in words, for people and for what a relying party keeps."""

from __future__ import annotations

import cbor2

from mumei.terminal.question import Question, attribute_names, describe
from mumei_core.credential import ATTRIBUTES, AttributeType, Index
from mumei_core.dates import date_of


def asked_words(question: Question) -> tuple[str, ...]:
    """The question in words."""
    words = [describe(predicate) for predicate in question.predicates]
    if question.prefecture is not None:
        words.append(f"lives in prefecture {question.prefecture:02}")
    words += attribute_names(question.disclose)
    if question.pseudonym:
        words.append("the same person as last time")
    if question.transaction is not None:
        words.append("a signature")
    return tuple(words)


def disclosed_words(disclosed: dict[int, bytes]) -> dict[str, str]:
    """Shown attributes for people: name to value."""
    return {ATTRIBUTES[index].name: _word(index, octets) for index, octets in disclosed.items()}


def _word(index: int, octets: bytes) -> str:
    if index == Index.BIRTH_DATE:
        return date_of(int.from_bytes(octets, "big")).isoformat()
    if ATTRIBUTES[index].type is AttributeType.UINT:
        width = 2 if index == Index.PREFECTURE else 6
        return f"{int.from_bytes(octets, 'big'):0{width}}"
    if ATTRIBUTES[index].type is AttributeType.TEXT:
        return octets.decode("utf-8")
    return _civil_identity_words(octets)


def _civil_identity_words(octets: bytes) -> str:
    try:
        identity = cbor2.loads(octets)
        return f"{' '.join(identity['name'])} ({' '.join(identity['reading'])}), {identity['address']}"
    except (cbor2.CBORDecodeError, KeyError, TypeError, ValueError):
        return octets.hex()
