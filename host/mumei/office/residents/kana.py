"""Readings of names: full-width katakana (JIS X 0208 row 5), whatever kana a clerk typed.

The rule: hiragana and half-width katakana write the same reading and are converted; decomposed sound marks
are composed; everything that is no kana is refused and named. Between parts of a name a single space or a
middle dot (・) may stand.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from mumei.office.residents.text import check_text, describe_character, tidy
from mumei_core.errors import DataError

_HIRAGANA_TO_KATAKANA: Final = {
    code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)
}  # U+3041..U+3096 and the two iteration marks lie 96 places below their katakana
_HALF_WIDTH: Final = re.compile("[\uff65-\uff9f]+")
_LETTER: Final = re.compile("[\u30a1-\u30fa\u31f0-\u31ff]")
_MARK: Final = re.compile("[\u30fb-\u30fe ]")


def to_katakana(text: str) -> str:
    """The same reading in full-width katakana, tidied; what is no kana stays as it is. Never raises."""
    # NFKC only where half-width katakana stand: elsewhere it would change characters that are to be refused.
    widened = _HALF_WIDTH.sub(lambda run: unicodedata.normalize("NFKC", run.group()), text)
    return tidy(tidy(widened).translate(_HIRAGANA_TO_KATAKANA))


def check_reading(field: str, reading: str, *, limit: int) -> None:
    """Raise DataError unless ``reading`` is 1..limit full-width katakana, as :func:`to_katakana` writes."""
    check_text(field, reading, limit=limit)
    for place, character in enumerate(reading, start=1):
        if not (_LETTER.match(character) or _MARK.match(character)):
            raise DataError(
                f"{field}: character {place} is no katakana ({describe_character(character)})",
                hint="Enter the reading in katakana; hiragana and half-width katakana are converted.",
            )
    if "  " in reading or not _LETTER.search(reading):
        raise DataError(f"{field} is not a reading", hint="Write katakana, parts divided by one space or ・.")
