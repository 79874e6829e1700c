"""The resident code (住民票コード): ten random digits and a check digit.

Source: 住民基本台帳法施行規則 (平成11年自治省令第35号) Art. 1; 平成14年総務省告示第436号.

Weights from the right of the ten are 2, 3, 4, 5, 6, 7, 2, 3, 4, 5; with r the weighted sum mod 11, the
check digit is 0 for r <= 1 and 11 - r otherwise. Since r = 0 and r = 1 share a check digit, a few single
wrong digits pass: a good check digit is no proof that a code is anybody's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from mumei.office.residents.text import describe_character
from mumei_core.errors import DataError

_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ASCII_DIGITS: Final = frozenset("0123456789")


def check_digit(first_ten: str) -> int:
    """The eleventh digit for ten ASCII digits. Raises DataError for anything else."""
    if not re.fullmatch(r"[0-9]{10}", first_ten):
        raise DataError("a check digit is computed from ten digits")
    remainder = sum(int(digit) * weight for digit, weight in zip(first_ten, _WEIGHTS, strict=True)) % 11
    return 0 if remainder <= 1 else 11 - remainder


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentCode:
    """A resident code with a good check digit.

    ``digits`` is eleven ASCII digits. It identifies a person everywhere in the country, so neither ``repr``
    nor any error shows it. Raises DataError for anything that is not exactly eleven ASCII digits: other
    digits, spaces and hyphens are refused and named, never quietly repaired, since a repaired typing error
    can be somebody else's code.
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        for place, character in enumerate(self.digits, start=1):
            if character not in _ASCII_DIGITS:
                raise DataError(
                    f"resident code: character {place} is no digit 0-9: {describe_character(character)}",
                    hint=_hint_for(character),
                )
        if len(self.digits) != 11:
            raise DataError(
                f"a resident code has 11 digits, not {len(self.digits)}",
                hint="Copy it again from the certificate of residence; leading zeros count.",
            )
        if int(self.digits[10]) != check_digit(self.digits[:10]):
            raise DataError(
                "the resident code's check digit is wrong",
                hint="One of the eleven digits is mistyped: compare them with the certificate of residence.",
            )

    @classmethod
    def generate(cls, random_below: Callable[[int], int] = secrets.randbelow) -> Self:
        """A new code with ten random digits. ``random_below(n)`` gives a uniform number in 0..n-1.

        Whether it is already taken, only the registry knows.
        """
        first_ten = f"{random_below(10**10):010d}"
        return cls(digits=f"{first_ten}{check_digit(first_ten)}")


def _hint_for(character: str) -> str:
    if character.isdigit():
        return "Switch the keyboard to half-width (半角) and type the digits again."
    if character.isspace():
        return "Type the eleven digits without spaces."
    if character in "-\u2010\u2011\u2012\u2013\u2014\u2212\u30fc\uff0d\uff70":
        return "Type the eleven digits without hyphens."
    return "A resident code is eleven digits and nothing else."
