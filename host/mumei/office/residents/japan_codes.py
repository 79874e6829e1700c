"""Japan's area codes: prefectures (JIS X 0401) and municipalities (JIS X 0402, with a check digit).

The six-digit form is the Ministry of Internal Affairs' 全国地方公共団体コード: two digits of prefecture,
three of municipality, and a check digit from weights 6, 5, 4, 3, 2: the last digit of 11 - (sum mod 11). A
remainder of 0 gives 1 here, where the resident code's rule gives 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mumei.office.residents.text import describe_character
from mumei_core.errors import DataError

_WEIGHTS: Final = (6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefecture:
    """One of the 47. ``code`` is the number of JIS X 0401, 1..47; romaji are Hepburn without macrons."""

    code: int
    kanji: str
    romaji: str


_NAMES: Final = (
    "北海道 Hokkaido", "青森県 Aomori", "岩手県 Iwate", "宮城県 Miyagi", "秋田県 Akita", "山形県 Yamagata",
    "福島県 Fukushima", "茨城県 Ibaraki", "栃木県 Tochigi", "群馬県 Gunma", "埼玉県 Saitama", "千葉県 Chiba",
    "東京都 Tokyo", "神奈川県 Kanagawa", "新潟県 Niigata", "富山県 Toyama", "石川県 Ishikawa", "福井県 Fukui",
    "山梨県 Yamanashi", "長野県 Nagano", "岐阜県 Gifu", "静岡県 Shizuoka", "愛知県 Aichi", "三重県 Mie",
    "滋賀県 Shiga", "京都府 Kyoto", "大阪府 Osaka", "兵庫県 Hyogo", "奈良県 Nara", "和歌山県 Wakayama",
    "鳥取県 Tottori", "島根県 Shimane", "岡山県 Okayama", "広島県 Hiroshima", "山口県 Yamaguchi",
    "徳島県 Tokushima", "香川県 Kagawa", "愛媛県 Ehime", "高知県 Kochi", "福岡県 Fukuoka", "佐賀県 Saga",
    "長崎県 Nagasaki", "熊本県 Kumamoto", "大分県 Oita", "宮崎県 Miyazaki",
    "鹿児島県 Kagoshima", "沖縄県 Okinawa",
)  # fmt: skip

PREFECTURES: Final = MappingProxyType(
    {
        code: Prefecture(code=code, kanji=name.split()[0], romaji=name.split()[1])
        for code, name in enumerate(_NAMES, start=1)
    }
)
"""All prefectures by their number."""


def prefecture(code: int) -> Prefecture:
    """The prefecture with this number. Raises DataError outside 1..47."""
    try:
        return PREFECTURES[code]
    except KeyError:
        raise DataError(
            f"there is no prefecture {code}", hint="JIS X 0401 has 01 (北海道) to 47 (沖縄県)."
        ) from None


def find_prefecture(text: str) -> Prefecture:
    """The prefecture that someone wrote in one of three ways.

    As number (``21``), in kanji (``岐阜県`` or ``岐阜``) or in romaji (``gifu``, any case). Raises
    DataError where it is none of them.
    """
    if re.fullmatch(r"[0-9]{1,2}", text):
        return prefecture(int(text))
    for candidate in PREFECTURES.values():
        short = candidate.kanji if candidate.code == 1 else candidate.kanji[:-1]
        if text in (candidate.kanji, short) or text.lower() == candidate.romaji.lower():
            return candidate
    raise DataError("no prefecture has that name", hint="Write it as 21, 岐阜県 or gifu.")


def municipality_check_digit(first_five: str) -> int:
    """The sixth digit for five ASCII digits. Raises DataError for anything else."""
    if not re.fullmatch(r"[0-9]{5}", first_five):
        raise DataError("a municipality's check digit is computed from five digits")
    total = sum(int(digit) * weight for digit, weight in zip(first_five, _WEIGHTS, strict=True))
    return (11 - total % 11) % 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalityCode:
    """A municipality's six-digit code with a good check digit, in one of the 47 prefectures.

    ``digits`` is six ASCII digits. The code of a prefecture itself (municipality part 000) is none. Whether a
    municipality of that number exists is not checked: they merge every year. Raises DataError.
    """

    digits: str

    def __post_init__(self) -> None:
        for place, character in enumerate(self.digits, start=1):
            if character not in "0123456789":
                raise DataError(
                    f"municipality code: character {place} is no digit 0-9: {describe_character(character)}",
                    hint="Type six half-width (半角) digits without spaces or hyphens.",
                )
        if len(self.digits) != 6:
            raise DataError(
                f"a municipality code has 6 digits, not {len(self.digits)}",
                hint="Use the six-digit form with check digit; leading zeros count (札幌市 is 011002).",
            )
        if int(self.digits[5]) != municipality_check_digit(self.digits[:5]):
            raise DataError(
                "the municipality code's check digit is wrong",
                hint="One of the six digits is mistyped: look the code up again.",
            )
        prefecture(self.prefecture)
        if self.digits[2:5] == "000":
            raise DataError(
                "this is the code of a prefecture, not of a municipality",
                hint="Use the code of the city, ward, town or village.",
            )

    @property
    def prefecture(self) -> int:
        """The prefecture's number, 1..47."""
        return int(self.digits[:2])

    @property
    def number(self) -> int:
        """The code as the credential carries it: 212016 for 岐阜市, 11002 for 札幌市."""
        return int(self.digits)


def check_consistent(prefecture_code: int, municipality: MunicipalityCode) -> None:
    """Raise DataError unless the municipality lies in the prefecture."""
    named = prefecture(prefecture_code)
    if municipality.prefecture != named.code:
        raise DataError(
            f"municipality {municipality.digits} lies in {prefecture(municipality.prefecture).kanji},"
            f" not in {named.kanji}",
            hint="Correct the prefecture or the municipality code.",
        )


MUNICIPALITIES: Final = MappingProxyType(
    {
        "012025": "函館市", "122254": "君津市", "131016": "千代田区", "131041": "新宿区", "131130": "渋谷区",
        "202011": "長野市", "212016": "岐阜市", "212024": "大垣市", "212032": "高山市", "212041": "多治見市",
        "472018": "那覇市",
    }
)  # fmt: skip
"""The municipalities that the sample residents live in, by their six digits; not a complete list."""
