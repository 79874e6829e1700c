"""Text that a clerk typed or a file brought: what may enter the registry (Unicode; NFC of UAX #15).

Refused wherever they stand: unpaired surrogates, control and format characters (among them the ones that
turn the direction of writing), private-use characters (an office's own gaiji mean nothing elsewhere) and
unassigned code points (their normal form may still change).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from mumei_core.errors import DataError

_REFUSED: Final = {
    "Cs": (
        "an unpaired surrogate",
        "The file or form was cut or wrongly converted: take the text from its source.",
    ),
    "Cc": ("a control character", "Remove line breaks, tabs and other invisible characters."),
    "Cf": ("an invisible format character", "Type the text anew instead of pasting it."),
    "Co": (
        "a private-use character (gaiji)",
        "Choose the character's standard form, or a variation sequence (IVS).",
    ),
    "Cn": ("an unassigned character", "Choose a character of the Unicode standard."),
    "Zl": ("a line separator", "Write it on one line."),
    "Zp": ("a paragraph separator", "Write it on one line."),
}


def describe_character(character: str) -> str:
    """A character as error messages name it: always printable, as ``U+FF12 FULLWIDTH DIGIT TWO``."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} {name}".rstrip()


def check_text(field: str, text: str, *, limit: int) -> None:
    """Raise DataError unless ``text`` is 1..limit characters in NFC, none refused, no space at either end.

    ``field`` is the name of the entry, for the message; the text itself is never part of a message.
    """
    if not text:
        raise DataError(f"{field} is empty", hint=f"Enter the {field}.")
    if len(text) > limit:
        raise DataError(
            f"{field} has {len(text)} characters; {limit} are the most", hint="Use the short form."
        )
    for place, character in enumerate(text, start=1):
        refused = _REFUSED.get(unicodedata.category(character))
        if refused:
            what, hint = refused
            raise DataError(
                f"{field}: character {place} is {what} ({describe_character(character)})", hint=hint
            )
    if not unicodedata.is_normalized("NFC", text):
        raise DataError(f"{field} is not in Unicode normalisation form C", hint="Normalise it to NFC.")
    if text != text.strip():
        raise DataError(f"{field} begins or ends with a space", hint="Remove it.")


def tidy(text: str) -> str:
    """The text in NFC, ideographic spaces (U+3000) as plain ones, none at the ends.

    NFC replaces CJK compatibility ideographs by their unified forms (U+FA19 becomes U+795E): a variant that
    must be kept is written as an ideographic variation sequence, which NFC leaves alone. Never raises: text
    with unpaired surrogates passes through, for :func:`check_text` to refuse.
    """
    return unicodedata.normalize("NFC", text.replace("\u3000", " ")).strip(" ")
