"""The code on the letter with which a holder reports a card lost, by telephone too.

20 random characters of an alphabet of 32 that nobody takes for one another (Crockford's base 32), 100 bits, and
one to check. With the characters as elements d_0..d_20 of GF(2^5) = GF(2)[x]/(x^5 + x^2 + 1), the last one makes
the sum of x^(20-i) * d_i zero: the weights differ and none is zero, so every wrong character and every two
exchanged ones show.
The registry keeps HMAC-SHA-256 of the code under a key that is not in the database.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import Final

from mumei_core.errors import DataError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_LENGTH: Final = 20
LENGTH: Final = RANDOM_LENGTH + 1
_GROUP: Final = 3
_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
_LABEL: Final = "MUMEI-REPORT-CODE-V1"


def make_code(choice: Callable[[str], str] = secrets.choice) -> str:
    """A new code, 21 characters without spaces. ``choice`` draws one character of the alphabet."""
    drawn = "".join(choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return drawn + ALPHABET[_check_value(drawn)]


def read_code(typed: str) -> str:
    """A code as somebody typed or said it: capitals or not, in groups, I and L for 1, O for 0. Raises DataError."""
    code = unicodedata.normalize("NFKC", typed).upper().translate(_READ_AS)
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        raise DataError(
            f"a report code has {LENGTH} characters, digits and letters without I, L, O and U",
            hint="Read it from the letter again, group by group.",
        )
    if ALPHABET[_check_value(code[:RANDOM_LENGTH])] != code[RANDOM_LENGTH]:
        raise DataError(
            "the report code's last character does not fit: something was misread",
            hint="Read it from the letter again, group by group.",
        )
    return code


def in_groups(code: str) -> str:
    """As it is printed: groups of three."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def hash_code(code: str, keyed_hash: Callable[[str, bytes], bytes]) -> bytes:
    """What the registry keeps, 32 octets. ``code`` as :func:`make_code` and :func:`read_code` give it.

    ``keyed_hash`` is the registry's: a label and octets to HMAC-SHA-256 under a key of its key file.
    """
    return keyed_hash(_LABEL, code.encode("ascii"))


def _check_value(drawn: str) -> int:
    total = 0
    # Horner's rule.
    for character in drawn:
        total = _double(total) ^ ALPHABET.index(character)
    return _double(total)


def _double(value: int) -> int:
    """Times x in GF(2^5)."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value
