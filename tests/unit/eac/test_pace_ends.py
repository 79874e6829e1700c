"""PACE's last messages as TR-03110-3 (v2.21, B.1 and B.11.1) allows them, and nothing else."""

from __future__ import annotations

import pytest

from mumei_core.commands import codes
from mumei_core.eac.card_access import PaceInfo, build_card_access, parse_card_access
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import CardPace, PaceError, Step, TerminalPace
from mumei_core.eac.pace_crypto import PaceAlgorithm, password_key
from mumei_core.eac.pace_messages import Password
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU

PIN = b"271828"
ALGORITHM = PaceAlgorithm.AES_128
CARS = (b"JPMUMEICVCA00002", b"JPMUMEICVCA00001")


class Counter:
    """Randomness that counts: two of them never give the same."""

    def __init__(self, first: int) -> None:
        self.count = first

    def __call__(self, n: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(n)


def up_to_the_token(cars: tuple[bytes, ...] = ()) -> tuple[CardPace, TerminalPace, CommandAPDU]:
    """Both sides, and the terminal's token on its way."""
    key = password_key(ALGORITHM, PIN)
    card = CardPace(P256_GROUP, ALGORITHM, Password.PIN, key, random=Counter(0), cars=cars)
    terminal = TerminalPace(P256_GROUP, ALGORITHM, Password.PIN, PIN, random=Counter(1_000))
    command = terminal.nonce_command()
    while card.step is not Step.TOKEN:
        following = terminal.next(card.general_authenticate(command.data, last=False))
        assert following is not None
        command = following
    return card, terminal, command


def test_a_card_names_its_present_authority_and_the_one_before() -> None:
    for cars in ((), CARS[:1], CARS):
        card, terminal, token = up_to_the_token(cars)
        card.take_token(token.data, last=True)
        assert terminal.next(card.check_token()) is None
        assert terminal.result.cars == card.result.cars == cars


def test_a_previous_authority_without_a_present_one_is_refused() -> None:
    card, terminal, token = up_to_the_token(CARS)
    card.take_token(token.data, last=True)
    answer = ber_tlv.parse_one(card.check_token(), codes.TAG_DYNAMIC_AUTHENTICATION).children()
    without = b"".join(item.to_bytes() for item in answer if item.tag != codes.TAG_PACE_CAR)
    with pytest.raises(PaceError, match="previous authority"):
        terminal.next(ber_tlv.encode(codes.TAG_DYNAMIC_AUTHENTICATION, without))
    assert terminal.step is Step.FAILED


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_a_token_of_another_length_is_not_even_compared(length: int) -> None:
    card, _, _ = up_to_the_token()
    inner = ber_tlv.encode(codes.TAG_PACE_TERMINAL_TOKEN, bytes(length))
    with pytest.raises(PaceError) as refused:
        card.take_token(ber_tlv.encode(codes.TAG_DYNAMIC_AUTHENTICATION, inner), last=True)
    assert refused.value.sw == codes.SW_WRONG_DATA
    assert card.step is Step.FAILED


def test_card_access_names_its_protocols_with_and_without_parameters() -> None:
    infos = (
        PaceInfo(algorithm=PaceAlgorithm.AES_128, parameter_id=None),
        PaceInfo(algorithm=PaceAlgorithm.AES_256, parameter_id=12),
    )
    assert set(parse_card_access(build_card_access(infos))) == set(infos)


def test_a_security_info_is_a_sequence() -> None:
    with pytest.raises(DecodingError, match="sequence"):
        parse_card_access(ber_tlv.encode(0x31, ber_tlv.encode(0x04, b"")))
