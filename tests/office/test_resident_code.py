"""Resident codes: published samples pass, what a clerk mistypes is refused and named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei.office.residents.resident_code import ResidentCode, check_digit
from mumei_core.errors import DataError

_VECTORS = Path(os.environ.get("MUMEI_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))
_PUBLISHED: dict[str, Any] = json.loads((_VECTORS / "standards" / "japan_codes.json").read_text("utf-8"))[
    "resident_code"
]


@pytest.mark.parametrize("example", _PUBLISHED["examples"], ids=lambda example: example["code"])
def test_published_examples(example: dict[str, Any]) -> None:
    code = example["code"]
    assert check_digit(code[:10]) == example["check_digit"]
    if example["valid"]:
        assert ResidentCode(digits=code).digits == code
    else:
        with pytest.raises(DataError, match="check digit is wrong"):
            ResidentCode(digits=code)


@pytest.mark.parametrize("example", _PUBLISHED["not_valid_format"], ids=lambda example: example["why"])
def test_published_bad_forms_are_refused(example: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        ResidentCode(digits=example["code"])


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        ("247２7059608", r"character 4 .*U\+FF12 FULLWIDTH DIGIT TWO", "half-width"),
        ("2472705960٨", r"character 11 .*ARABIC-INDIC DIGIT EIGHT", "half-width"),
        ("2472705960²", r"character 11 .*SUPERSCRIPT TWO", "half-width"),
        ("24727 059608", r"character 6 .*SPACE", "without spaces"),
        ("24727059608\n", r"character 12 .*U\+000A", "without spaces"),
        ("24727\u3000059608", r"IDEOGRAPHIC SPACE", "without spaces"),
        ("2472-7059-608", r"character 5 .*HYPHEN", "without hyphens"),
        ("2472ー7059608", r"character 5 .*PROLONGED SOUND MARK", "without hyphens"),
        ("2472705960A", r"character 11 .*LATIN CAPITAL LETTER A", "eleven digits"),
        ("2472705960\ud800", r"character 11 .*U\+D800", "eleven digits"),
        ("", "11 digits, not 0", "certificate of residence"),
        ("4727059608", "11 digits, not 10", "leading zeros"),
        ("24727059600", "check digit is wrong", "mistyped"),
    ],
)
def test_mistyped_codes_are_refused_with_what_to_do(typed: str, message: str, hint: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        ResidentCode(digits=typed)
    assert hint in refused.value.hint
    refused.value.message.encode("utf-8")  # a message with a surrogate in it could not be shown


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_every_ten_digits_have_exactly_one_check_digit(first_ten: str) -> None:
    good = []
    for last in range(10):
        try:
            good.append(ResidentCode(digits=f"{first_ten}{last}"))
        except DataError:
            continue
    assert len(good) == 1


def test_codes_are_generated_from_the_given_source() -> None:
    assert ResidentCode.generate(lambda below: 12356).digits == "00000123560"
    assert ResidentCode.generate(lambda below: below - 1).digits[:10] == "9" * 10


def test_generated_codes_differ() -> None:
    assert len({ResidentCode.generate().digits for _ in range(50)}) == 50


def test_neither_repr_nor_refusal_shows_the_code() -> None:
    assert "2472" not in repr(ResidentCode(digits="24727059608"))
    with pytest.raises(DataError) as refused:
        ResidentCode(digits="24727059600")
    assert "2472" not in str(refused.value) + refused.value.hint
