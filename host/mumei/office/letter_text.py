"""What a letter can print: the font, which characters it has, and texts fitted into a box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFError, TTFont  # type: ignore[import-untyped]

from mumei_core.errors import HostEnvironmentError

FONT_FILE: Final = Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")
FONT: Final = "IPAGothic"
GETA: Final = "〓"
"""What printers have always set for a character that they do not have."""


class NoFontError(HostEnvironmentError):
    """The Japanese font for letters is not on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """The embedded font and the code points that it has."""

    code_points: frozenset[int]

    @classmethod
    def load(cls, file: Path = FONT_FILE) -> Font:
        """Register the font with the PDF library. Raises NoFontError."""
        try:
            font = TTFont(FONT, str(file))
        except (TTFError, OSError):
            raise NoFontError(
                f"the Japanese font for letters is missing: {file}",
                hint="Install the package fonts-ipafont-gothic (Debian: apt-get install fonts-ipafont-gothic).",
            ) from None
        pdfmetrics.registerFont(font)
        return cls(code_points=frozenset(font.face.charToGlyph))

    def lacks(self, text: str) -> str:
        """The characters of ``text`` that the font does not have, each once, in order."""
        return "".join(dict.fromkeys(c for c in text if ord(c) not in self.code_points))

    def with_geta(self, text: str) -> str:
        """The text with a geta mark for each character that is missing; variation selectors fall away."""
        shown = (c for c in text if not 0xE0100 <= ord(c) <= 0xE01EF)
        return "".join(c if ord(c) in self.code_points else GETA for c in shown)


def width_of(text: str, size: float) -> float:
    """In points."""
    return float(pdfmetrics.stringWidth(text, FONT, size))


def fitted(text: str, *, width: float, height: float, sizes: tuple[float, ...]) -> tuple[float, list[str]]:
    """The largest size at which the text fits into the box (points), and its lines there.

    At the last size it is cut where the box ends: there is no text on record so long.
    """
    for size in sizes:
        lines = _wrapped(text, width, size)
        if len(lines) * leading(size) <= height:
            return size, lines
    return sizes[-1], lines[: int(height // leading(sizes[-1]))]


def leading(size: float) -> float:
    """From one line to the next."""
    return size * 1.35


#: What does not begin a line (JIS X 4051): closing brackets, small kana, marks.
_NOT_FIRST: Final = "、。，．・：；！？）」』】ー々ァィゥェォッャュョぁぃぅぇぉっゃゅょ)-"


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines, line = [], ""
    for character in text:
        if line and width_of(line + character, size) > width and character not in _NOT_FIRST:
            kept, moved = _split(line)
            lines.append(kept)
            line = moved + character.lstrip()
        else:
            line += character
    return [*lines, line] if line else lines


def _split(line: str) -> tuple[str, str]:
    """What stays on a full line: up to its last space, where that leaves at least half of it."""
    place = line.rfind(" ")
    return (line[:place], line[place + 1 :]) if 2 * place >= len(line) else (line.rstrip(), "")
