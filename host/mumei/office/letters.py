"""The PIN letter: A4, Japanese, folded in three so that the window shows the address and nothing secret.

The upper third is for the window (long-form envelope No. 3, JIS S 5502: 120 mm x 235 mm), the middle one holds
what is secret, the lower one says what to do. The lower third is folded up over the middle one, the upper one
back: then the secrets lie inside between two layers. The file holds no date of its own, no author and no secret
but on its page, and the same content makes the same octets.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from mumei.office.letter_text import FONT, FONT_FILE, Font, fitted, leading, width_of
from mumei.office.report_codes import in_groups
from mumei_core.errors import DataError

PANEL: Final = A4[1] / 3
"""A third of the page, in points."""

WINDOW: Final = (26 * mm, 17 * mm, 80 * mm, 34 * mm)
"""Left, top, width, height of the address: in the window wherever the letter slips in its envelope."""

_TRANSPORT_PIN: Final = re.compile("[0-9]{5}")
_PUK: Final = re.compile("[0-9]{8}")
_LEFT: Final = 20 * mm
_WIDTH: Final = A4[0] - 2 * _LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeAddress:
    """Who sends the letter, and where a loss is reported."""

    name: str
    address: str
    telephone: str
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterContent:
    """What one letter says. ``number`` is the office's own for it, not the resident's.

    ``transport_pin`` is five digits, ``puk`` eight, ``report_code`` as :mod:`mumei.office.report_codes` makes it.
    ``development`` marks letters to cards that are worth nothing. Raises DataError.
    """

    name: str = field(repr=False)
    reading: str = field(repr=False)
    address: str = field(repr=False)
    transport_pin: str = field(repr=False)
    puk: str = field(repr=False)
    report_code: str = field(repr=False)
    office: OfficeAddress
    day: date
    number: int
    development: bool = False

    def __post_init__(self) -> None:
        if not (_TRANSPORT_PIN.fullmatch(self.transport_pin) and _PUK.fullmatch(self.puk)):
            raise DataError(
                "a letter tells a transport PIN of 5 digits and a PUK of 8", hint="Prepare it anew."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unprintable:
    """Characters that the font does not have; where the name had some, the reading was printed in its place."""

    name: str = field(repr=False)
    address: str = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.name or self.address)


def print_letter(content: LetterContent, out: BinaryIO, *, font_file: Path = FONT_FILE) -> Unprintable:
    """Write the letter as PDF, and say what could not be printed as it is on record. Raises NoFontError."""
    font = Font.load(font_file)
    # No date, no random identifier: the same letter twice is the same file.
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang="ja")
    canvas.setTitle("お知らせ")
    canvas.setAuthor("")
    canvas.setSubject("")
    canvas.setCreator("mumei")
    canvas.setProducer("mumei")
    page = _Page(canvas=canvas)
    lacking = Unprintable(name=font.lacks(content.name), address=font.lacks(content.address))
    name = content.reading if lacking.name else content.name
    _upper(page, content, font.with_geta(name), font.with_geta(content.address), font)
    _middle(page, content)
    _lower(page, content, font)
    canvas.showPage()
    canvas.save()
    return lacking


@contextmanager
def letter_file(content: LetterContent, *, font_file: Path = FONT_FILE) -> Iterator[tuple[Path, Unprintable]]:
    """The letter as a file for the printer, in a folder of its own that nobody else may enter.

    Whatever happens, the file is overwritten and removed at the end. On disks that write elsewhere what is
    overwritten (flash, journals, snapshots) that is no proof: keep TMPDIR in memory or on an encrypted disk.
    """
    with tempfile.TemporaryDirectory(prefix="mumei-letter-") as folder:
        path = Path(folder) / "letter.pdf"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            try:
                lacking = print_letter(content, file, font_file=font_file)
                file.flush()
                yield path, lacking
            finally:
                _overwrite(file)


def _overwrite(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    file.write(bytes(size))
    file.flush()
    os.fsync(file.fileno())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A canvas measured from the page's upper left corner, in points."""

    canvas: Canvas

    def text(self, x: float, y: float, text: str, size: float) -> None:
        """One line; ``y`` is its baseline."""
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, A4[1] - y, text)

    def centred(self, x: float, y: float, text: str, size: float) -> None:
        self.text(x - width_of(text, size) / 2, y, text, size)

    def block(self, x: float, y: float, lines: list[str], size: float) -> float:
        """Several lines; the first one's top is at ``y``. Returns where the next begins."""
        for line in lines:
            self.text(x, y + size, line, size)
            y += leading(size)
        return y

    def box(self, x: float, y: float, width: float, height: float, *, fill: float = 1.0) -> None:
        self.canvas.setFillGray(fill)
        self.canvas.setLineWidth(0.8)
        self.canvas.rect(x, A4[1] - y - height, width, height, stroke=1, fill=1)
        self.canvas.setFillGray(0)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.canvas.setLineWidth(0.4)
        self.canvas.line(x1, A4[1] - y1, x2, A4[1] - y2)


def _upper(page: _Page, content: LetterContent, name: str, address: str, font: Font) -> None:
    """Whom it is for, in the window; beside it who sends it; below it what it is."""
    left, top, width, height = WINDOW
    size, lines = fitted(address, width=width, height=height * 0.6, sizes=(10.5, 9, 8, 7, 6))
    below = page.block(left, top, lines, size)
    size, lines = fitted(
        f"{name} 様", width=width, height=top + height - below, sizes=(14, 12, 10.5, 9, 7.5, 6)
    )
    page.block(left, below + 6, lines, size)

    right = 122 * mm
    y = page.block(right, 17 * mm, [f"{content.day.year}年{content.day.month}月{content.day.day}日"], 9)
    y = page.block(right, y, [f"整理番号 {content.number}"], 9) + 6
    office = content.office
    for text, sizes in ((office.name, (11.0, 9.0)), (office.address, (9.0, 8.0, 7.0))):
        size, lines = fitted(font.with_geta(text), width=72 * mm, height=26, sizes=sizes)
        y = page.block(right, y, lines, size)
    telephone = [font.with_geta(f"電話 {office.telephone}")] if office.telephone else []
    y = page.block(right, y, telephone, 9) + 8
    page.box(right, y, 22 * mm, 8 * mm)
    page.centred(right + 11 * mm, y + 5.8 * mm, "親　展", 12)

    page.centred(A4[0] / 2, 72 * mm, "カードの暗証番号についてのお知らせ", 16)
    page.block(
        _LEFT,
        77 * mm,
        [
            "このたびは、カードのお申し込みをいただきありがとうございます。カードをお使いになる前に、暗証番号の設定が",
            "必要です。この用紙には大切な番号が書かれています。カードとは別の場所に保管してください。",
        ],
        9.2,
    )
    if content.development:
        page.centred(A4[0] / 2, 94 * mm, "【見本】開発用のカードです。効力はありません。", 10)
    # Mountain first: the secrets come to lie between the middle and the lower third.
    for fold, words in ((PANEL, "山折り"), (2 * PANEL, "谷折り")):
        page.line(4 * mm, fold, 9 * mm, fold)
        page.line(A4[0] - 9 * mm, fold, A4[0] - 4 * mm, fold)
        page.text(4 * mm, fold - 3, words, 6)


def _middle(page: _Page, content: LetterContent) -> None:
    """What is secret: inside when folded."""
    half = (_WIDTH - 6 * mm) / 2
    top = PANEL + 10 * mm
    secrets = (
        (
            _LEFT,
            top,
            half,
            "仮の暗証番号（5桁）",
            content.transport_pin,
            24.0,
            "暗証番号を決めるときに、一度だけ使います。",
        ),
        (
            _LEFT + half + 6 * mm,
            top,
            half,
            "ロック解除番号（PUK・8桁）",
            f"{content.puk[:4]} {content.puk[4:]}",
            24.0,
            "暗証番号がロックされたときに使います。",
        ),
        (
            _LEFT,
            top + 38 * mm,
            _WIDTH,
            "紛失届コード（21文字）",
            in_groups(content.report_code),
            20.0,
            "カードをなくしたときに、下の窓口へお電話でお伝えください。数字と英大文字で、I・L・O・Uは使っていません。",
        ),
    )
    for x, y, width, title, value, size, note in secrets:
        page.box(x, y, width, 33 * mm)
        page.box(x, y, width, 8 * mm, fill=0.92)
        page.centred(x + width / 2, y + 5.6 * mm, title, 10.5)
        page.centred(x + width / 2, y + 20.5 * mm, value, size)
        page.centred(x + width / 2, y + 29 * mm, note, 8)
    page.centred(
        A4[0] / 2,
        top + 78 * mm,
        "職員がこれらの番号をお尋ねするのは、紛失届コードだけです。ほかの番号は誰にも教えないでください。",
        9,
    )


def _lower(page: _Page, content: LetterContent, font: Font) -> None:
    """What to do."""
    y = 2 * PANEL + 9 * mm
    y = page.block(_LEFT, y, ["■ 暗証番号の設定のしかた"], 11.5) + 2
    y = page.block(_LEFT + 4 * mm, y, list(_STEPS), 9.5) + 7
    y = page.block(_LEFT, y, ["■ ご注意"], 11.5) + 2
    y = page.block(_LEFT + 4 * mm, y, list(_CAUTIONS), 8.8) + 7
    y = page.block(_LEFT, y, ["■ カードをなくしたとき・お問い合わせ"], 11.5) + 2
    contact = _contact(content.office)
    size, lines = fitted(
        font.with_geta(contact), width=_WIDTH - 4 * mm, height=26, sizes=(10.5, 9.0, 8.0, 7.0)
    )
    page.block(_LEFT + 4 * mm, y, lines, size)


def _contact(office: OfficeAddress) -> str:
    hours = f"（{office.hours}）" if office.hours else ""
    telephone = f"　電話 {office.telephone}{hours}" if office.telephone else ""
    return (office.name or "カードの交付を受けた窓口") + telephone


_STEPS: Final = (
    "1. 窓口の暗証番号入力機、またはご自宅のカードリーダーに、カードを置きます。",
    "2. 「仮の暗証番号」（5桁）を入力します。",
    "3. ご自分で決めた新しい暗証番号（6桁の数字）を、2回入力します。",
    "4. これで設定は終わりです。「仮の暗証番号」は、もう使えません。",
)
_CAUTIONS: Final = (
    "・生年月日、電話番号、同じ数字の並びなど、人に知られやすい番号は避けてください。",
    "・暗証番号を3回続けて間違えるとロックされます。ロック解除番号を入力すると、同じ暗証番号がまた使えます。",
    "・封が開いていたときや、番号を人に見られたと思われるときは、設定をせずに下の窓口へご連絡ください。",
)
