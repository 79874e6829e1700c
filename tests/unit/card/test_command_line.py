"""mumei-card new and show: secrets where they were asked for and nowhere else, nothing overwritten."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mumei_card.__main__ import main
from mumei_card.link.in_process import open_card

LETTER = re.compile(r"transport PIN: (\d{5})\nPUK: (\d{8})\nCAN: (\d{6})\nshop code: (\d\d)\n")
DEVELOPMENT_LETTER = re.compile(r"transport PIN: (\d{5})\nPUK: (\d{8})\n")
DEVELOPMENT = ("--profile", "development")


def test_a_new_card_takes_the_printed_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "card"), *DEVELOPMENT]) == 0
    letter = DEVELOPMENT_LETTER.fullmatch(capsys.readouterr().out)
    assert letter
    card = open_card(str(tmp_path / "card"))
    change = bytes.fromhex("002400030B") + letter[1].encode() + b"123456"
    assert card.transmit(change) == b"\x90\x00"
    assert card.transmit(bytes.fromhex("002C00030E") + letter[2].encode() + b"654321") == b"\x90\x00"
    card.close()


def test_a_new_card_is_of_the_standard_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "card")]) == 0
    letter = LETTER.fullmatch(capsys.readouterr().out)
    assert letter and letter[4] == "00"
    card = open_card(str(tmp_path / "card"))
    change = bytes.fromhex("002400030B") + letter[1].encode() + b"123456"
    assert card.transmit(change) == b"\x6d\x00"
    card.close()


def test_contactless_cards_share_sixteen_shop_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = set()
    for number in range(8):
        main(["new", str(tmp_path / f"card{number}"), "--contactless"])
        letter = LETTER.fullmatch(capsys.readouterr().out)
        assert letter
        codes.add(int(letter[4]))
    assert codes <= set(range(1, 17))


def test_a_letter_holds_what_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = tmp_path / "letter"
    assert main(["new", str(tmp_path / "card"), "--letter", str(letter)]) == 0
    assert LETTER.fullmatch(letter.read_text(encoding="ascii"))
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_neither_card_nor_letter_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card, letter = tmp_path / "card", tmp_path / "letter"
    main(["new", str(card)])
    capsys.readouterr()
    before = card.read_bytes()
    assert main(["new", str(card), "--letter", str(letter)]) == 2
    assert card.read_bytes() == before
    assert not letter.exists()
    assert "hint:" in capsys.readouterr().err

    letter.write_text("mine", encoding="ascii")
    assert main(["new", str(tmp_path / "other"), "--letter", str(letter)]) == 2
    assert letter.read_text(encoding="ascii") == "mine"
    assert not (tmp_path / "other").exists()


def test_show_tells_state_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "card")
    main(["new", path])
    letter = LETTER.fullmatch(capsys.readouterr().out)
    assert letter
    assert main(["show", path]) == 0
    text = capsys.readouterr().out
    assert main(["show", path, "--json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["pin_state"], state["pin_tries_left"], state["puk_tries_left"]) == ("transport", 3, 10)
    assert "pin state: transport" in text
    for secret in letter.groups()[:3]:
        assert secret not in text
        assert secret not in json.dumps(state)


def test_show_works_while_the_card_is_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "card")
    main(["new", path, *DEVELOPMENT])
    letter = DEVELOPMENT_LETTER.fullmatch(capsys.readouterr().out)
    assert letter
    wrong = "11111" if letter[1] == "00000" else "00000"
    card = open_card(path)
    for _ in range(3):
        card.transmit(bytes.fromhex("002400030B") + wrong.encode() + b"123456")
    assert main(["show", path, "--json"]) == 0
    state = json.loads(capsys.readouterr().out)
    card.close()
    assert (state["pin_state"], state["pin_tries_left"], state["memory_writes"]) == ("blocked", 0, 3)


@pytest.mark.parametrize("command", ["show", "serve"])
def test_a_missing_file_is_said_without_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, str(tmp_path / "none")]) == 3
    said = capsys.readouterr().err
    assert "no card file" in said
    assert "Traceback" not in said


def test_a_foreign_file_is_the_users_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "note"
    file.write_text("hello", encoding="ascii")
    assert main(["show", str(file)]) == 2
    assert "not a card file" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_an_impossible_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "card", "--port", port])
    assert caught.value.code == 2
    assert "port" in capsys.readouterr().err


def test_a_reader_that_stops_reading_is_no_defect(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mumei_card"]
    card = str(tmp_path / "card")
    subprocess.run([*command, "new", card], check=True, capture_output=True)
    with subprocess.Popen([*command, "show", card], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shown:
        assert shown.stdout is not None and shown.stderr is not None
        shown.stdout.close()
        assert shown.stderr.read() == b""
    assert shown.returncode == 0
