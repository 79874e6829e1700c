"""The PIN letter, read back from its PDF: all that it has to say, where it may stand, and nothing beside it."""

from __future__ import annotations

import io
import stat
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from reportlab.lib.units import mm  # type: ignore[import-untyped]

from mumei.office.letter_text import GETA, NoFontError
from mumei.office.letters import (
    PANEL,
    WINDOW,
    LetterContent,
    OfficeAddress,
    Unprintable,
    letter_file,
    print_letter,
)
from mumei.office.report_codes import in_groups
from mumei_core.errors import DataError

CODE = "84G7ZWYRD6Z1RV0WHE6MG"
CONTENT = LetterContent(
    name="岐阜 花子",
    reading="ギフ ハナコ",
    address="岐阜県岐阜市架空町1番地の2 架空ハイツ305号室",
    transport_pin="12345",
    puk="87654321",
    report_code=CODE,
    office=OfficeAddress(
        name="岐阜市役所 市民課",
        address="岐阜県岐阜市架空町40番地1",
        telephone="058-000-0000",
        hours="平日 8時45分〜17時30分",
    ),
    day=date(2026, 11, 23),
    number=12,
)
SECRETS = ("12345", "8765 4321", in_groups(CODE))


def printed(content: LetterContent) -> tuple[bytes, Unprintable]:
    out = io.BytesIO()
    lacking = print_letter(content, out)
    return out.getvalue(), lacking


def text_of(octets: bytes) -> str:
    document = pypdfium2.PdfDocument(octets)
    assert len(document) == 1
    return str(document[0].get_textpage().get_text_range())


def places_of(octets: bytes, words: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each occurrence, in points from the page's upper left corner."""
    document = pypdfium2.PdfDocument(octets)
    page = document[0]
    height, text = page.get_height(), page.get_textpage()
    found = []
    search = text.search(words)
    while (at := search.get_next()) is not None:
        boxes = [text.get_charbox(index) for index in range(at[0], at[0] + at[1])]
        found.append(
            (
                min(box[0] for box in boxes),
                height - max(box[3] for box in boxes),
                max(box[2] for box in boxes),
                height - min(box[1] for box in boxes),
            )
        )
    return found


def test_it_says_all_that_the_holder_needs() -> None:
    octets, lacking = printed(CONTENT)
    text = text_of(octets)
    assert not lacking
    for words in (
        "岐阜 花子 様",
        "岐阜県岐阜市架空町1番地の2",
        "架空ハイツ305号室",
        "2026年11月23日",
        "整理番号 12",
        "岐阜市役所 市民課",
        "電話 058-000-0000",
        "仮の暗証番号",
        "ロック解除番号",
        "紛失届コード",
        "暗証番号の設定のしかた",
        "平日 8時45分〜17時30分",
        *SECRETS,
    ):
        assert words in text, words
    assert "見本" not in text
    assert "見本" in text_of(printed(replace(CONTENT, development=True))[0])


def test_the_window_shows_the_address_and_nothing_secret() -> None:
    octets, _ = printed(CONTENT)
    left, top, width, height = WINDOW
    for words in ("岐阜 花子 様", "架空ハイツ305号室"):
        (place,) = places_of(octets, words)
        assert left <= place[0] and place[2] <= left + width
        assert top <= place[1] and place[3] <= top + height
    for secret in SECRETS:
        for place in places_of(octets, secret):
            # Inside when folded: wholly in the middle third.
            assert PANEL + 5 * mm < place[1] and place[3] < 2 * PANEL - 5 * mm


def test_an_office_that_said_nothing_of_itself_leaves_no_empty_label() -> None:
    silent = replace(CONTENT, office=OfficeAddress(name="", address="", telephone=""))
    text = text_of(printed(silent)[0])
    assert "電話 " not in text and "カードの交付を受けた窓口" in text


def test_every_secret_stands_there_once() -> None:
    octets, _ = printed(CONTENT)
    assert [len(places_of(octets, secret)) for secret in SECRETS] == [1, 1, 1]


def test_the_longest_entries_stay_in_their_boxes() -> None:
    long = replace(
        CONTENT,
        name="架" * 50 + " " + "空" * 50,
        address="岐阜県" + "架空" * 98 + "地",
        office=replace(CONTENT.office, name="架空" * 12, address="架空町" * 12),
    )
    octets, _ = printed(long)
    left, top, width, height = WINDOW
    page = pypdfium2.PdfDocument(octets)[0]
    text = page.get_textpage()
    boxes = [text.get_charbox(index) for index in range(text.count_chars())]
    inside = [
        box
        for box in boxes
        if box[0] >= left - 1 and box[2] <= left + width + 8 and page.get_height() - box[3] >= top - 1
        and page.get_height() - box[1] <= top + height + 2
    ]  # fmt: skip
    assert len(inside) >= 300
    assert text_of(octets).count("架") >= 150
    assert all(box[0] > 0 and box[2] < page.get_width() for box in boxes)


@pytest.mark.parametrize(
    ("name", "lacking"), [("\U00020bb7田 花子", "\U00020bb7"), ("葛\U000e0100城 花子", "\U000e0100")]
)
def test_a_name_outside_the_font_is_printed_as_its_reading_and_said(name: str, lacking: str) -> None:
    octets, said = printed(replace(CONTENT, name=name))
    assert said.name == lacking and not said.address
    text = text_of(octets)
    assert "ギフ ハナコ 様" in text and "田 花子" not in text
    assert repr(said) == "Unprintable()"


def test_an_address_outside_the_font_has_the_printers_mark() -> None:
    octets, said = printed(replace(CONTENT, address="岐阜市\U00020bb7町1"))
    assert said.address == "\U00020bb7" and f"岐阜市{GETA}町1" in text_of(octets)


def test_nothing_secret_beside_the_page() -> None:
    octets, _ = printed(CONTENT)
    metadata = pypdfium2.PdfDocument(octets).get_metadata_dict()
    told = " ".join(metadata.values())
    assert metadata["Title"] == "お知らせ"
    for secret in (*SECRETS, "87654321", CODE, CONTENT.name, CONTENT.address):
        assert secret not in told
        assert secret.encode() not in octets and secret.encode("utf-16-be") not in octets
    assert "12345" not in repr(CONTENT) and "花子" not in repr(CONTENT) and CODE not in repr(CONTENT)


def test_the_same_letter_is_the_same_file() -> None:
    assert printed(CONTENT) == printed(CONTENT)
    assert printed(CONTENT)[0] != printed(replace(CONTENT, puk="12345678"))[0]


def test_the_font_is_embedded() -> None:
    octets, _ = printed(CONTENT)
    assert b"/FontFile2" in octets and b"IPAGothic" in octets


def test_without_the_font_the_error_names_the_package(tmp_path: Path) -> None:
    for missing in (tmp_path / "none.ttf", tmp_path):
        with pytest.raises(NoFontError, match="font for letters is missing") as refused:
            print_letter(CONTENT, io.BytesIO(), font_file=missing)
        assert "fonts-ipafont-gothic" in refused.value.hint


@pytest.mark.parametrize(
    "change", [{"transport_pin": "123456"}, {"puk": "1234567"}, {"transport_pin": "１２３４５"}]
)
def test_wrong_secrets_are_not_printed(change: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        replace(CONTENT, **change)


class TestFile:
    def test_private_while_there_and_gone_afterwards(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with letter_file(CONTENT) as (path, lacking):
            assert not lacking
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert "12345" in text_of(path.read_bytes())
        assert list(tmp_path.iterdir()) == []

    def test_overwritten_before_it_is_removed_even_when_the_printer_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        kept = tmp_path / "kept"
        size = 0
        with pytest.raises(OSError, match="paper"), letter_file(CONTENT) as (path, _):
            size = path.stat().st_size
            kept.hardlink_to(path)
            raise OSError("out of paper")
        assert list(tmp_path.iterdir()) == [kept]
        assert size > 1000 and kept.read_bytes() == bytes(size)
