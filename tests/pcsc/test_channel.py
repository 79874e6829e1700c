"""The secure channel through a real PC/SC service: what a reader does to APDUs must not break it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.pcscd import FIRST_READER, Pcscd, ServedCard, wait_until_empty

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, set_pin
from mumei.session.pace import Can, ShopCode, establish
from mumei.transport.pcsc import open_reader
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.errors import ProtocolError
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.iso7816.secure_messaging import max_plain_data

LETTER = PinLetter(transport_pin="12345", puk="12345678", can="271828", shop_code="00")


@pytest.fixture
def standard_card(pcscd: Pcscd, tmp_path: Path) -> Iterator[ServedCard]:
    """A new card of the standard profile in the first virtual reader."""
    file = tmp_path / "standard.card"
    Nvm.create(str(file), initial_records("standard", LETTER)).close()
    card = ServedCard(file, port=pcscd.port, reader=FIRST_READER)
    try:
        yield card
    finally:
        card.take_out()
        wait_until_empty(FIRST_READER)


def challenge(channel: Channel, length: int) -> bytes:
    command = CommandAPDU(cla=0, ins=codes.INS_GET_CHALLENGE, p1=0, p2=0, le=length)
    return channel.execute(command, doing="give a challenge")


def test_the_holder_sets_the_pin_through_a_reader(standard_card: ServedCard) -> None:
    with open_reader() as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, TransportPin("12345"))
        set_pin(channel, Pin("314159"))
        channel.reset()
        establish(channel, Pin("314159"))
        assert len(challenge(channel, 8)) == 8


def test_the_longest_commands_and_answers_pass_protected(standard_card: ServedCard) -> None:
    with open_reader() as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, Can("271828"))
        assert len(challenge(channel, 256)) == 256
        longest = max_plain_data(channel.capabilities.max_command - 9, le=True)
        command = CommandAPDU(
            cla=0x80, ins=codes.INS_PRESENT, p1=0, p2=0, data=os.urandom(longest), le=65_536
        )
        assert channel.send(command).sw == codes.SW_SECURITY_STATUS
        assert len(challenge(channel, 8)) == 8


def test_the_channel_dies_with_the_program_that_opened_it(standard_card: ServedCard) -> None:
    with open_reader() as connection:
        channel = Channel(connection)
        establish(channel, ShopCode("00"))
    with open_reader() as connection:
        assert (
            connection.transmit(bytes.fromhex("0C8400000D9701088E080000000000000000 00"))[-2:] == b"\x68\x82"
        )


def test_another_programs_plain_command_ends_it_and_is_noticed(standard_card: ServedCard) -> None:
    with open_reader() as connection:
        channel = Channel(connection)
        establish(channel, ShopCode("00"))
        connection.transmit(bytes.fromhex("0084000008"))
        with pytest.raises(ProtocolError):
            challenge(channel, 8)
