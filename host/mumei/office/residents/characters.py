"""Characters of names beyond JIS X 0208:1997, which not every printer, terminal and other office's register has.

They are kept as they are, in Unicode's normalisation form C; this module says which they are. Three steps: JIS X
0213:2012 (levels 3 and 4), ideographic variation sequences (Unicode Technical Standard #37: a base and a selector
U+E0100..E01EF), and Unicode beyond both, old forms included.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mumei.office.residents.text import describe_character

_SELECTOR: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_COMPATIBILITY: Final = re.compile("[\uf900-\ufaff\U0002f800-\U0002fa1f]")

# Five signs of JIS X 0208 have two code points each: Windows (CP932) writes the second.
_TWINS: Final = str.maketrans("\uff5e\uff0d\u2225\uffe0\uffe1\uffe2", "\u301c\u2212\u2016\u00a2\u00a3\u00ac")


class Repertoire(StrEnum):
    """Where a character that JIS X 0208 lacks is found."""

    JIS_X_0213 = "JIS X 0213"
    VARIATION = "a variation sequence (IVS)"
    UNICODE = "Unicode only"


@dataclass(frozen=True, slots=True, kw_only=True)
class RareCharacter:
    """``place`` counts code points from 1; ``sequence`` is the character, with its selector if it has one."""

    place: int
    sequence: str
    repertoire: Repertoire

    def words(self) -> str:
        """For a message: printable whatever it is."""
        return f"character {self.place}, {describe_character(self.sequence[0])}: {self.repertoire.value}"


def rare_characters(text: str) -> tuple[RareCharacter, ...]:
    """What of a text in NFC lies outside JIS X 0208; nothing for most texts, and then it is quick."""
    if _encodes(text.translate(_TWINS), "iso2022_jp"):
        return ()
    found = []
    for place, character in enumerate(text, start=1):
        selector = text[place : place + 1]
        if _SELECTOR.match(character):
            continue
        if selector and _SELECTOR.match(selector):
            found.append(
                RareCharacter(place=place, sequence=character + selector, repertoire=Repertoire.VARIATION)
            )
        elif not _encodes(character.translate(_TWINS), "iso2022_jp"):
            inside = _encodes(character, "euc_jis_2004")
            found.append(
                RareCharacter(
                    place=place,
                    sequence=character,
                    repertoire=Repertoire.JIS_X_0213 if inside else Repertoire.UNICODE,
                )
            )
    return tuple(found)


def replaced_by_nfc(text: str) -> tuple[str, ...]:
    """The compatibility ideographs of a text as typed that NFC turns into other characters (U+FA19 into U+795E).

    Whoever needs the old form writes it as a variation sequence.
    """
    return tuple(
        character
        for character in _COMPATIBILITY.findall(text)
        if unicodedata.normalize("NFC", character) != character
    )


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
