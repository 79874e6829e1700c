"""SELECT and EF.ATR/INFO, against answers as a card gives them."""

from collections.abc import Mapping

import pytest

from mumei.session.application import Application, Profile, parse_atr_info
from mumei.session.channel import Capabilities, Channel
from mumei.transport.base import CardConnection
from mumei_core.errors import CardRefused, ProtocolError, WrongCardError

SELECT = "00a4040008f06d756d6569010100"
READ_ATR_INFO = "00b0810000"
FCI = "6f128408f06d756d65690101a506800101810101"
ATR_INFO = "4301b947038001e07f66080202100002021000"


class ScriptedCard(CardConnection):
    """Answers each command from a table; unknown ones with 6D 00."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.name = "scripted"
        self.atr = b"\x3b\x00"
        self.supports_extended = True
        self._answers = answers

    def transmit(self, apdu: bytes) -> bytes:
        return bytes.fromhex(self._answers.get(apdu.hex(), "6d00"))

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


def select(answers: Mapping[str, str]) -> tuple[Application, Channel]:
    channel = Channel(ScriptedCard(answers))
    return Application.select(channel), channel


def test_a_development_card_is_open_with_what_it_can_do() -> None:
    application, channel = select({SELECT: FCI + "9000", READ_ATR_INFO: ATR_INFO + "9000"})

    assert application == Application(
        version=1,
        profile=Profile.DEVELOPMENT,
        capabilities=Capabilities(chaining=True, extended=True, max_command=4096),
    )
    assert channel.capabilities == application.capabilities


def test_a_card_without_ef_atr_info_is_spoken_to_in_short_commands() -> None:
    application, _ = select({SELECT: FCI + "9000", READ_ATR_INFO: "6a82"})

    assert application.capabilities == Capabilities()


@pytest.mark.parametrize("sw", ["6a82", "6d00", "6e00", "6a86", "6999"])
def test_a_card_that_does_not_know_us_is_the_wrong_card(sw: str) -> None:
    with pytest.raises(WrongCardError, match="no mumei application") as caught:
        select({SELECT: sw})
    assert caught.value.hint


def test_a_deactivated_application_is_not_called_a_wrong_card() -> None:
    with pytest.raises(CardRefused, match="deactivated"):
        select({SELECT: FCI + "6283"})


@pytest.mark.parametrize(
    ("fci", "words"),
    [
        pytest.param("", "something else", id="nothing"),
        pytest.param("6f128408f06d756d65690101a5068001018101", "something else", id="cut off"),
        pytest.param("6f0a8408f06d756d65690101", "something else", id="no version"),
        pytest.param(FCI + "8000", "something else", id="trailing object"),
        pytest.param("6f128408f06d756d65690102a506800101810101", "another application", id="other name"),
        pytest.param("6f128408f06d756d65690101a506800102810101", "version 2", id="newer version"),
        pytest.param("6f128408f06d756d65690101a506800101810103", "profile 3", id="unknown profile"),
    ],
)
def test_an_answer_that_is_not_ours_is_the_wrong_card(fci: str, words: str) -> None:
    with pytest.raises(WrongCardError, match=words):
        select({SELECT: fci + "9000", READ_ATR_INFO: ATR_INFO + "9000"})


@pytest.mark.parametrize(
    ("octets", "capabilities"),
    [
        pytest.param(
            "43019944 0500b02f010047038421e07f660802020240 02020240",
            Capabilities(chaining=True, extended=True, max_command=576),
            id="a real card's",
        ),
        pytest.param("", Capabilities(), id="empty"),
        pytest.param("4703800180", Capabilities(chaining=True), id="chaining only"),
        pytest.param(
            "4703800140", Capabilities(extended=True, max_command=65_535), id="extended, no length said"
        ),
        pytest.param("47038001e07f660702020100020101", Capabilities(chaining=True), id="shorter than short"),
        pytest.param(
            "47038001607f660a0203 01000002030100 00",
            Capabilities(extended=True, max_command=65_535),
            id="longer than lengths go",
        ),
        pytest.param("4702e0e0", Capabilities(), id="capabilities of another length"),
    ],
)
def test_ef_atr_info(octets: str, capabilities: Capabilities) -> None:
    assert parse_atr_info(bytes.fromhex(octets)) == capabilities


@pytest.mark.parametrize("octets", ["47", "470580", "7f6602ff", "7f66"])
def test_a_malformed_ef_atr_info_is_the_cards_fault(octets: str) -> None:
    with pytest.raises(ProtocolError, match=r"EF\.ATR/INFO"):
        parse_atr_info(bytes.fromhex(octets))
