"""Which reader is meant: by name, never by number."""

import pytest

from mumei.transport.reader_choice import Reader, choose, matches, meant
from mumei_core.errors import NoCardError, NoReaderError, UsageError

EMPTY = Reader(name="ACS ACR122U PICC Interface 00 00")
OURS = Reader(name="HID Global OMNIKEY 5022 [Smart Card Reader] 01 00", present=True, atr=b"\x3b\x80")
OTHER = Reader(name="Yubico YubiKey OTP+FIDO+CCID 02 00", present=True, atr=b"\x3b\xfd")
COIN = Reader(name="Broken Reader 03 00", mute=True)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("omnikey", True),
        ("OMNIKEY 5022 [Smart Card", True),
        ("*[[]smart card reader[]]*", True),
        ("hid * 01 00", True),
        ("*00", True),
        ("hid ?", False),
        ("acr", False),
    ],
)
def test_a_pattern_is_a_part_or_a_glob_in_any_case(pattern: str, fits: bool) -> None:
    assert matches(OURS.name, pattern) is fits


def test_the_only_reader_with_a_card_is_meant() -> None:
    assert choose([EMPTY, COIN, OURS], None) is OURS


def test_two_cards_are_not_guessed_between() -> None:
    with pytest.raises(UsageError, match="2 readers hold a card") as caught:
        choose([OURS, OTHER], None)
    assert OURS.name in caught.value.message and OTHER.name in caught.value.message


def test_a_pattern_settles_it() -> None:
    assert choose([OURS, OTHER], "yubikey") is OTHER


def test_no_reader() -> None:
    with pytest.raises(NoReaderError, match="no card reader"):
        meant([], None)


def test_no_reader_of_that_name_says_which_there_are() -> None:
    with pytest.raises(NoReaderError) as caught:
        choose([EMPTY, OURS], "gemalto")
    assert EMPTY.name in caught.value.hint and OURS.name in caught.value.hint


def test_empty_readers_and_mute_things_are_told_apart() -> None:
    with pytest.raises(NoCardError, match="no card in"):
        choose([EMPTY], None)
    with pytest.raises(NoCardError, match="does not answer"):
        choose([EMPTY, COIN], None)
